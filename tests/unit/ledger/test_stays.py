"""Stays that count: one school a day, comings and goings that add up, transit between."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import enrolment, stays
from ledger.enrolment import ENTRIES, EXITS, Change, SectionStay
from ledger.school_year import SchoolYear
from ledger.stays import COLUMNS, COMING, Release, Stay

FIRST = date(2023, 9, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(0, 760, 19)]
SCHOOLS = ("A", "B", "C")
CASE = UUID(int=77)


def change(kind: str, on: date, school: str = "A", *, seq: int = 0, grade: int = 7) -> Change:
    entry = kind in ENTRIES
    return Change(
        on=on,
        seq=seq,
        kind=kind,
        school=school,
        class_code=f"{school}1" if entry else None,
        school_year=SchoolYear.of(on).label,
        grade=grade,
        programme="GDPT2018",
    )


def numbered(*changes: Change) -> list[Change]:
    return [one.model_copy(update={"seq": n}) for n, one in enumerate(changes, 1)]


def shape(found: Iterable[Stay]) -> list[tuple[str, date, date | None, str, str | None]]:
    return [(stay.school, stay.start, stay.end, stay.entry, stay.exit) for stay in found]


KINDS = sorted(ENTRIES | EXITS | {"suspend", "resume"})


@st.composite
def histories(draw: st.DrawFn, kinds: Sequence[str] = tuple(KINDS)) -> list[Change]:
    drawn = draw(
        st.lists(
            st.tuples(st.sampled_from(kinds), st.sampled_from(DAYS), st.sampled_from(SCHOOLS)),
            max_size=9,
        )
    )
    return numbered(*(change(kind, on, school) for kind, on, school in drawn))


FIRM = tuple(kind for kind in KINDS if kind != "provisional")


def school_on(found: Iterable[Stay], day: date) -> list[str]:
    return [stay.school for stay in found if stay.covers(day)]


@given(histories(FIRM))
def test_without_provisional_stays_the_time_line_and_the_count_name_the_same_school(
    history: list[Change],
) -> None:
    segments, found = enrolment.timeline(history), stays.stays(history)
    for day in (*DAYS, *(day + timedelta(days=1) for day in DAYS)):
        held = enrolment.on_day(segments, day)
        assert school_on(found, day) == ([held.school] if held and held.school else [])


@given(histories())
def test_a_pupil_counts_at_most_once_on_every_day(history: list[Change]) -> None:
    found = stays.stays(history)
    for stay, following in pairwise(found):
        assert stay.end is not None
        assert stay.start < stay.end <= following.start
    for stay in found:
        pieces = stay.pieces
        assert (pieces[0].start, pieces[-1].end) == (stay.start, stay.end)
        assert all(a.end == b.start for a, b in pairwise(pieces))


def movement(found: Iterable[Stay], since: date, on: date) -> dict[str, Counter[str]]:
    rows: dict[str, Counter[str]] = {school: Counter() for school in SCHOOLS}
    for stay in found:
        row = rows[stay.school]
        row["start"] += stay.covers(since)
        row["end"] += stay.covers(on)
        if since < stay.start <= on:
            row[stay.entry_column] += 1
        if stay.end is not None and since < stay.end <= on:
            assert stay.exit_column is not None
            row[stay.exit_column] += 1
    return rows


def balance(row: Counter[str]) -> int:
    return row["start"] + sum(row[c] if c in COMING else -row[c] for c in COLUMNS)


@given(histories(), st.sampled_from(DAYS), st.sampled_from(DAYS))
def test_comings_and_goings_add_up_at_every_school_between_any_two_days(
    history: list[Change], one: date, other: date
) -> None:
    since, on = sorted((one, other))
    for row in movement(stays.stays(history), since, on).values():
        assert balance(row) == row["end"]


@given(st.lists(histories(), min_size=2, max_size=3), st.sampled_from(DAYS), st.sampled_from(DAYS))
def test_linked_records_count_once_by_the_smallest_id_and_add_up(
    records: list[list[Change]], one: date, other: date
) -> None:
    since, on = sorted((one, other))
    own = [(UUID(int=n), stays.stays(history)) for n, history in enumerate(records)]
    joined = stays.as_one(own)
    for day in DAYS:
        at = [record for record, found in own if school_on(found, day)]
        assert [record for record, stay in joined if stay.covers(day)] == at[:1]
    for row in movement((stay for _, stay in joined), since, on).values():
        assert balance(row) == row["end"]


@given(histories())
def test_nobody_is_in_transit_and_at_a_school(history: list[Change]) -> None:
    found = stays.stays(history)
    away = list(stays.transits(history, []))
    for transit in away:
        assert not school_on(found, transit.start)
        assert transit.end is None or transit.start < transit.end
    for day in DAYS:
        covering = [t for t in away if t.start <= day and (t.end is None or day < t.end)]
        assert len(covering) + len(school_on(found, day)) <= 1


@given(histories())
def test_a_provisional_day_never_counts_at_its_school(history: list[Change]) -> None:
    found = stays.stays(history)
    for school, piece in stays.provisional(history):
        assert school not in school_on(found, piece.start)


def test_a_provisional_stay_ends_nothing_and_counts_from_its_own_first_day_once_accepted() -> None:
    waiting = numbered(
        change("start", date(2024, 9, 5)),
        change("provisional", date(2024, 11, 4), "B"),
        change("class_change", date(2024, 11, 20), "B"),
    )
    assert shape(stays.stays(waiting)) == [("A", date(2024, 9, 5), None, "start", None)]
    assert [(school, p.start) for school, p in stays.provisional(waiting)] == [
        ("B", date(2024, 11, 4)),
        ("B", date(2024, 11, 20)),
        ("B", date(2025, 8, 1)),
    ]
    accepted = [
        one.model_copy(update={"kind": "transfer_in"}) if one.kind == "provisional" else one
        for one in waiting
    ]
    assert shape(stays.stays(accepted)) == [
        ("A", date(2024, 9, 5), date(2024, 11, 4), "start", "moved"),
        ("B", date(2024, 11, 4), None, "transfer_in", None),
    ]


def test_leaving_a_provisional_stay_leaves_the_school_before_untouched() -> None:
    history = numbered(
        change("start", date(2024, 9, 5)),
        change("provisional", date(2024, 11, 4), "B"),
        change("leave", date(2024, 11, 18), "B"),
    )
    assert shape(stays.stays(history)) == [("A", date(2024, 9, 5), None, "start", None)]
    assert [p.end for _, p in stays.provisional(history)] == [date(2024, 11, 18)]


def test_a_second_school_without_a_leaving_counts_alone_and_the_move_is_implied() -> None:
    history = numbered(
        change("start", date(2024, 9, 5)), change("start", date(2024, 10, 1), "B", grade=8)
    )
    first, second = stays.stays(history)
    assert (first.exit, first.went_to, first.exit_column) == ("moved", "B", "out")
    assert (second.came_from, second.entry, second.entry_column) == ("A", "start", "in")


def test_a_leaving_on_the_day_of_the_next_entry_is_no_implied_move() -> None:
    history = numbered(
        change("start", date(2024, 9, 5)),
        change("complete", date(2025, 6, 1)),
        change("intake", date(2025, 6, 1), "B", grade=10),
    )
    first, second = stays.stays(history)
    assert (first.exit_column, first.went_to) == ("completed", None)
    assert (second.entry_column, second.came_from) == ("new", None)


def test_suspension_summer_and_a_new_year_at_the_same_school_are_one_stay() -> None:
    history = numbered(
        change("start", date(2024, 9, 5)),
        change("suspend", date(2024, 10, 1)),
        change("resume", date(2024, 11, 1)),
        change("start", date(2025, 9, 5), grade=8),
    )
    (stay,) = stays.stays(history)
    assert (stay.start, stay.end, stay.entry) == (date(2024, 9, 5), None, "start")
    assert [(p.grade, p.class_code) for p in stay.pieces if p.start >= date(2025, 8, 1)] == [
        (7, None),
        (8, "A1"),
        (8, None),
    ]


def test_a_release_leaves_after_the_last_day_and_is_in_transit_under_its_transfer() -> None:
    history = numbered(change("start", date(2024, 9, 5)), change("release", date(2024, 12, 1), "A"))
    (stay,) = stays.stays(history)
    assert (stay.end, stay.exit_column) == (date(2024, 12, 1), "out")
    (transit,) = stays.transits(history, [Release(2, CASE)])
    assert transit == ("A", date(2024, 12, 1), None, "release", CASE)


def test_papers_released_after_the_leaving_answer_for_the_transit() -> None:
    history = numbered(change("start", date(2024, 9, 5)), change("transfer_out", date(2024, 12, 1)))
    (transit,) = stays.transits(history, [Release(9, CASE)])
    assert (transit.kind, transit.case) == ("transfer_out", CASE)


@pytest.mark.parametrize("kind", ["leave", "withdraw", "abroad", "complete", "deceased"])
def test_other_leavers_are_not_in_transit(kind: str) -> None:
    history = numbered(change("start", date(2024, 9, 5)), change(kind, date(2024, 12, 1)))
    assert list(stays.transits(history, [])) == []


def test_days_in_a_section_of_a_school_the_pupil_is_not_at_are_named() -> None:
    history = numbered(change("start", date(2024, 9, 5)), change("leave", date(2024, 10, 1)))
    section = SectionStay(
        start=date(2024, 9, 1), end=None, school="A", class_code="S", school_year="2024-2025"
    )
    found = [(start, end) for _, start, end in stays.loose_sections([section], history)]
    assert found == [
        (date(2024, 9, 1), date(2024, 9, 5)),
        (date(2024, 10, 1), date(2025, 8, 1)),
    ]
