"""Rules of `ledger.identifiers`: the days of a number, what a list adds, what contradicts."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Refused
from ledger.events.pupil import (
    Identifier,
    IdentifierAssigned,
    IdentifierEnded,
    IdentifierRestated,
    PupilProfile,
)
from ledger.identifiers import Bearing, IdentifierTold, Number, contradictions, decide_number, fold
from tests import school

SINCE = date(1900, 1, 1)
PASSPORT = Identifier(kind="passport", value="B1", issuer=None)


def number(valid_from: date | None = None, valid_to: date | None = None) -> Number:
    return Number(kind="passport", value="B1", valid_from=valid_from, valid_to=valid_to)


def year(first: int) -> date:
    return date(first, 1, 1)


def after(known: tuple[Bearing, ...], wanted: Number) -> tuple[Bearing, ...]:
    for event in decide_number(known, wanted, since=SINCE):
        assert isinstance(event, IdentifierTold)
        known = fold(known, event, PASSPORT)
    return known


def days(known: tuple[Bearing, ...]) -> list[tuple[date, date | None]]:
    return sorted(((b.start, b.end) for b in known), key=lambda span: span[0])


def borne(*spans: tuple[date, date | None]) -> tuple[Bearing, ...]:
    return tuple(Bearing("passport", "B1", None, *span) for span in spans)


def test_a_new_number_is_assigned_from_its_day_or_since_ever() -> None:
    (event,) = decide_number((), number(), since=SINCE)
    assert isinstance(event, IdentifierAssigned)
    assert (event.effective_on, event.valid_to) == (SINCE, None)
    assert days(after((), number(year(2020), year(2025)))) == [(year(2020), year(2025))]


def test_an_end_for_a_number_borne_ends_it_and_says_nothing_else() -> None:
    known = borne((year(2015), None))
    (event,) = decide_number(known, number(valid_to=year(2024)), since=SINCE)
    assert isinstance(event, IdentifierEnded)
    assert days(after(known, number(valid_to=year(2024)))) == [(year(2015), year(2024))]


def test_a_number_without_days_does_not_come_back_once_it_has_ended() -> None:
    assert decide_number(borne((SINCE, year(2020))), number(), since=SINCE) == []


def test_a_second_time_and_a_longer_time_are_restated() -> None:
    known = borne((year(2010), year(2015)))
    (again,) = decide_number(known, number(year(2020)), since=SINCE)
    assert isinstance(again, IdentifierRestated)
    assert days(after(known, number(year(2020)))) == [
        (year(2010), year(2015)),
        (year(2020), None),
    ]
    assert days(after(known, number(year(2012), year(2018)))) == [(year(2010), year(2018))]
    assert days(after(known, number(year(2008), year(2012)))) == [(year(2008), year(2012))]
    assert days(after(known, number(valid_to=year(2018)))) == [(year(2010), year(2018))]


@pytest.mark.parametrize("first", [None, year(2024), year(2025)])
def test_an_end_before_the_beginning_is_refused(first: date | None) -> None:
    known = borne((year(2024), None)) if first is None else ()
    with pytest.raises(Refused) as refused:
        decide_number(known, number(first, year(2024)), since=SINCE)
    assert (refused.value.code, refused.value.field) == ("empty_period", "valid_to")


_DAY = st.integers(2000, 2012).map(year)
_LINE = st.tuples(st.none() | _DAY, st.none() | _DAY)


@given(st.lists(_LINE, min_size=1, max_size=8))
def test_whatever_lists_say_the_days_never_overlap_and_the_last_list_repeated_adds_nothing(
    lines: list[tuple[date | None, date | None]],
) -> None:
    known: tuple[Bearing, ...] = ()
    for line in lines:
        try:
            known = after(known, number(*line))
        except Refused:
            continue
        assert decide_number(known, number(*line), since=SINCE) == []
        spans = days(known)
        for (_, end), (start, _) in pairwise(spans):
            assert end is not None
            assert end < start


def _profile(sex: str, born: str) -> PupilProfile:
    return school.profile("Nguyễn Văn A", sex=sex, birth_date=born)


def test_contradictions_name_sex_birth_year_and_province() -> None:
    assert contradictions("031315000001", _profile("nu", "2015")) == []
    assert contradictions("031315000001", _profile("nam", "2014")) == [
        "number_contradicts_sex",
        "number_contradicts_birth_year",
    ]
    assert contradictions("000315000001", _profile("nu", "2015-02")) == ["unknown_province_code"]
    assert contradictions("nonsense", _profile("nu", "2015")) == []
