"""Rules of `ledger.year_record`: one school year from the entries of every ledger that wrote it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger import pupil_year
from ledger.contribution import Contribution, in_custody_order
from ledger.event import Event
from ledger.events.pupil_year import (
    AbsencesCounted,
    ConductAssessed,
    MarkCorrected,
    MarkEntered,
    PupilYearOpened,
    YearDecision,
)
from ledger.pupil_year import PupilYear
from ledger.year_record import SubjectResult, YearRecord, assess
from tests.unit.ledger.events import LEDGER, OTHER_LEDGER, event

ON = date(2025, 6, 10)
SUMMER_OVER = date(2025, 10, 1)
REQUIRED = ("TX1", "TX2", "GK", "CK")
SIX = ("TOAN", "NGUVAN", "NGOAINGU1", "LSDL", "KHTN", "TINHOC")


def mark(
    slot: str,
    value: str,
    *,
    on: date | None = None,
    subject: str = "TOAN",
    semester: int = 1,
    form: str = "score",
) -> Event:
    day = on or date(2024 + semester // 2, 10 if semester == 1 else 3, 1)
    return event(
        MarkEntered,
        day,
        subject=subject,
        semester=semester,
        slot=slot,
        value=value,
        form=form,
        required=REQUIRED,
        components=(),
    )


def term(
    values: Sequence[str], *, semester: int = 1, subject: str = "TOAN", form: str = "score"
) -> list[Event]:
    """A whole term: TX1, TX2, GK, CK."""
    return [
        mark(slot, value, semester=semester, subject=subject, form=form)
        for slot, value in zip(REQUIRED, values, strict=True)
    ]


def full(subject: str, value: str, form: str = "score") -> list[Event]:
    return [
        *term([value] * 4, semester=1, subject=subject, form=form),
        *term([value] * 4, semester=2, subject=subject, form=form),
    ]


def decided(kind: str, **facts: Any) -> Event:
    values: dict[str, Any] = {"kind": kind, "subject": None, "value": None}
    return event(YearDecision, facts.pop("on", date(2025, 6, 1)), **values | facts)


def part(
    events: Sequence[Event],
    *,
    ledger: UUID = LEDGER,
    covered: tuple[tuple[int, int], ...] = (),
    current: int = 0,
) -> Contribution:
    year: PupilYear = pupil_year.evolve(None, event(PupilYearOpened, date(2024, 8, 1)), 1)
    for version, one in enumerate(events, 2):
        year = pupil_year.evolve(year, one, version)
    return Contribution(ledger=ledger, year=year, covered=covered, current=current)


def transferred(before: Sequence[Event], after: Sequence[Event]) -> list[Contribution]:
    """The origin wrote `before` and released it; the receiver wrote `after`."""
    return [
        part(before, ledger=OTHER_LEDGER, covered=((99, 0),), current=1),
        part(after, ledger=LEDGER, current=1),
    ]


def record(*events: Event, on: date = ON) -> YearRecord:
    return assess([part(events)], on=on)


def subject(year: YearRecord, name: str = "TOAN") -> SubjectResult:
    return next(found for found in year.subjects if found.subject == name)


def values(marks: Sequence[Any]) -> list[str]:
    return [one.value for one in marks]


def test_a_year_nobody_wrote_is_no_year() -> None:
    with pytest.raises(ValueError, match="nobody contributed"):
        assess([], on=ON)


@pytest.mark.parametrize(
    ("first", "second", "averages", "year"),
    [
        # (8+9 + 2*7 + 3*8) / 7 = 55/7 = 7.857 -> 7.9 ; (7.9 + 2*7.9)/3
        (["8.0", "9.0", "7.0", "8.0"], ["8.0", "9.0", "7.0", "8.0"], ("7.9", "7.9"), "7.9"),
        # (5.0 + 2*8.0) / 3 = 7.0
        (["5.0"] * 4, ["8.0"] * 4, ("5.0", "8.0"), "7.0"),
        # half up: (6.5+6.5+2*6.5+3*6.6)/7 = 45.8/7 = 6.5428 -> 6.5 ; (6.5+2*6.6)/3 = 6.5666 -> 6.6
        (["6.5", "6.5", "6.5", "6.6"], ["6.6"] * 4, ("6.5", "6.6"), "6.6"),
    ],
)
def test_averages_weigh_regular_midterm_and_final_one_two_three(
    first: list[str], second: list[str], averages: tuple[str, str], year: str
) -> None:
    found = subject(record(*term(first), *term(second, semester=2)))
    assert (found.semesters[1].result, found.semesters[2].result) == averages
    assert found.year == year


@pytest.mark.parametrize("slot", REQUIRED)
def test_without_one_of_its_marks_a_term_has_no_average_and_names_it(slot: str) -> None:
    marks = [mark(s, "8.0") for s in REQUIRED if s != slot]
    found = subject(record(*marks)).semesters[1]
    assert found.result is None
    assert len(found.missing) == 1
    assert found.missing[0].startswith(slot[:2])


def test_a_correction_counts_instead_of_the_mark() -> None:
    fixed = event(MarkCorrected, date(2024, 12, 1), slot="CK", value="10.0", corrects=5)
    found = subject(record(*term(["8.0"] * 4), fixed)).semesters[1]
    assert found.final is not None
    assert (found.final.value, found.result) == ("10.0", "8.9")  # (16+16+30)/7 = 8.857


def test_marks_of_two_ledgers_make_one_term() -> None:
    year = assess(
        transferred(
            [mark("TX1", "8.0"), mark("TX2", "9.0"), mark("GK", "7.0")], [mark("CK", "8.0")]
        ),
        on=ON,
    )
    found = subject(year).semesters[1]
    assert found.result == "7.9"
    assert found.surplus == ()
    assert [one.ledger for one in found.marks] == [OTHER_LEDGER] * 3 + [LEDGER]
    assert [one.hop for one in found.marks] == [0, 0, 0, 1]


def test_equal_marks_in_one_ledger_or_two_give_equal_results() -> None:
    whole = [event for name in SIX for event in full(name, "8.0")]
    half = len(whole) // 2
    together = record(*whole)
    apart = assess(transferred(whole[:half], whole[half:]), on=ON)
    assert [(s.subject, s.year) for s in apart.subjects] == [
        (s.subject, s.year) for s in together.subjects
    ]
    assert (apart.study, apart.missing) == (together.study, together.missing)


def test_regular_marks_of_two_ledgers_count_by_day_up_to_the_number_required() -> None:
    year = assess(
        transferred(
            [
                mark("TX1", "5.0", on=date(2024, 10, 1)),
                mark("TX2", "6.0", on=date(2024, 12, 20)),
            ],
            [
                mark("TX1", "7.0", on=date(2024, 11, 1)),
                mark("TX2", "8.0", on=date(2024, 12, 27)),
            ],
        ),
        on=ON,
    )
    found = subject(year).semesters[1]
    assert values(found.regular) == ["5.0", "7.0"]
    assert values(found.surplus) == ["6.0", "8.0"]


@pytest.mark.parametrize("slot", ["GK", "CK"])
def test_of_two_midterms_or_finals_the_first_in_custody_counts(slot: str) -> None:
    year = assess(
        transferred(
            [mark(slot, "5.0", on=date(2024, 11, 20))], [mark(slot, "9.0", on=date(2024, 11, 1))]
        ),
        on=ON,
    )
    found = subject(year).semesters[1]
    ends = {"GK": found.midterm, "CK": found.final}
    counted = ends[slot]
    assert counted is not None
    assert (counted.value, counted.ledger) == ("5.0", OTHER_LEDGER)
    assert values(found.surplus) == ["9.0"]


def test_one_ledger_s_regular_marks_stand_in_the_order_of_their_slots() -> None:
    found = subject(
        record(mark("TX2", "6.0", on=date(2024, 9, 9)), mark("TX1", "5.0", on=date(2024, 12, 9)))
    ).semesters[1]
    assert values(found.regular) == ["5.0", "6.0"]


def test_ledgers_stand_in_the_order_in_which_they_released() -> None:
    third = UUID(int=3)
    parts = [
        part([], ledger=LEDGER, current=2),
        part([], ledger=third, covered=((9, 1),), current=2),
        part([], ledger=OTHER_LEDGER, covered=((9, 0),), current=2),
    ]
    assert [p.ledger for p in in_custody_order(parts)] == [OTHER_LEDGER, third, LEDGER]


@pytest.mark.parametrize(("version", "hop"), [(1, 0), (4, 0), (5, 1), (9, 1), (10, 2)])
def test_an_entry_has_the_hop_of_the_first_release_that_covers_it(version: int, hop: int) -> None:
    assert part([], covered=((4, 0), (9, 1)), current=2).hop(version) == hop


def test_an_exempt_term_leaves_the_other_to_be_the_year() -> None:
    found = subject(record(*term(["M"] * 4), *term(["8.0"] * 4, semester=2)))
    assert (found.semesters[1].result, found.year, found.missing) == ("M", "8.0", ())


def test_an_exempt_subject_counts_in_no_level() -> None:
    scored = [event for name in SIX for event in full(name, "8.0")]
    exempt = full("GDTC", "M", "comment")
    year = record(*scored, *exempt)
    assert subject(year, "GDTC").year == "M"
    assert (year.study["CN"], year.missing) == ("T", ())


@pytest.mark.parametrize(
    ("marks", "result"),
    [(["Đ"] * 4, "Đ"), (["Đ", "CĐ", "Đ", "Đ"], "CĐ"), (["Đ", "Đ", "Đ", "CĐ"], "CĐ")],
)
def test_a_comment_subject_passes_where_every_mark_does(marks: list[str], result: str) -> None:
    events = [*term(marks, subject="GDTC", form="comment")]
    assert subject(record(*events), "GDTC").semesters[1].result == result


def test_the_year_of_a_comment_subject_is_its_second_term() -> None:
    events = [
        *term(["CĐ"] * 4, subject="GDTC", form="comment"),
        *term(["Đ"] * 4, subject="GDTC", form="comment", semester=2),
    ]
    assert subject(record(*events), "GDTC").year == "Đ"


LEVELS: list[tuple[Mapping[str, str], str | None]] = [
    (dict.fromkeys(SIX, "8.0"), "T"),
    (dict.fromkeys(SIX, "6.5"), "K"),
    (dict.fromkeys(SIX, "5.0"), "Đ"),
    (dict.fromkeys(SIX, "3.0"), "CĐ"),
    (dict.fromkeys(SIX[:5], "8.0"), "CĐ"),  # five scored subjects never reach a level
    ({}, None),
]


@pytest.mark.parametrize(("scores", "level"), LEVELS)
def test_the_level_of_study_follows_the_thresholds(
    scores: Mapping[str, str], level: str | None
) -> None:
    events = [event for name, value in scores.items() for event in full(name, value)]
    assert record(*events).study["CN"] == level


def test_a_subject_without_a_result_leaves_the_level_open_and_is_named() -> None:
    events = [event for name in SIX for event in full(name, "8.0")]
    year = record(*events[:-1])  # the last CK of term 2 is missing
    assert year.study == {"HK1": "T", "HK2": None, "CN": None}
    assert set(year.missing) == {"HK2/TINHOC", "CN/TINHOC"}


def conduct(period: str, level: str, on: date) -> Event:
    return event(ConductAssessed, on, period=period, level=level)


def test_the_later_assessment_of_conduct_counts_whoever_wrote_it() -> None:
    year = assess(
        transferred(
            [conduct("HK1", "K", date(2025, 1, 10))],
            [conduct("HK1", "T", date(2025, 1, 12)), conduct("HK2", "T", date(2025, 5, 20))],
        ),
        on=ON,
    )
    assert year.conduct == {"HK1": "T", "HK2": "T", "CN": "T"}


def test_conduct_of_one_term_gives_no_year() -> None:
    year = record(conduct("HK1", "T", date(2025, 1, 10)))
    assert year.conduct == {"HK1": "T", "HK2": None, "CN": None}


def test_summer_training_replaces_the_year_s_conduct() -> None:
    events = [
        conduct("HK1", "CĐ", date(2025, 1, 10)),
        conduct("HK2", "CĐ", date(2025, 5, 20)),
    ]
    assert record(*events).conduct["CN"] == "CĐ"
    trained = decided("summer_training", value="Đ", on=date(2025, 8, 20))
    assert record(*events, trained).conduct["CN"] == "Đ"


def absent(period: str, excused: int, unexcused: int, school: str) -> Event:
    return event(
        AbsencesCounted,
        date(2025, 5, 20),
        period=period,
        excused=excused,
        unexcused=unexcused,
        school_code=school,
    )


@pytest.mark.parametrize(
    ("before", "after", "total"),
    [
        ([], [], (None, None)),
        ([absent("HK1", 3, 1, "S1")], [], (3, 1)),
        ([absent("HK1", 3, 1, "S1")], [absent("HK2", 2, 2, "S9")], (5, 3)),
        ([absent("HK1", 3, 1, "S1"), absent("CN", 4, 1, "S1")], [], (4, 1)),
        ([absent("CN", 4, 1, "S1")], [absent("CN", 5, 0, "S9")], (9, 1)),
        ([absent("HK1", 1, 0, "S1"), absent("HK1", 2, 0, "S2")], [], (3, 0)),
    ],
)
def test_absences_of_every_stay_are_summed_and_a_year_s_count_is_not_counted_twice(
    before: list[Event], after: list[Event], total: tuple[int | None, int | None]
) -> None:
    year = assess(transferred(before, after), on=ON)
    assert (year.excused, year.unexcused) == total


GOOD_YEAR = [
    *(event for name in SIX for event in full(name, "8.0")),
    conduct("HK1", "T", date(2025, 1, 10)),
    conduct("HK2", "T", date(2025, 5, 20)),
]


@pytest.mark.parametrize(
    ("more", "promotion"),
    [
        ([absent("CN", 45, 0, "S1")], "promoted"),
        ([absent("CN", 45, 1, "S1")], "retained"),
        ([], None),
        ([decided("promote")], "promoted"),
        ([absent("CN", 0, 0, "S1"), decided("retain")], "retained"),
        ([decided("retain"), decided("promote", on=date(2025, 6, 2))], "promoted"),
    ],
)
def test_promotion_follows_the_rule_unless_the_head_decided(
    more: list[Event], promotion: str | None
) -> None:
    found = record(*GOOD_YEAR, *more).promotion
    if promotion is None:
        assert found not in ("promoted", "retained")
    else:
        assert found == promotion


def test_the_later_day_of_two_decisions_counts_in_whatever_order_they_came() -> None:
    later, earlier = decided("retain", on=date(2025, 6, 5)), decided("promote")
    assert record(*GOOD_YEAR, later, earlier).promotion == "retained"


def test_a_reassessed_subject_counts_with_its_new_result() -> None:
    weak = [event for name in SIX for event in full(name, "3.0" if name == "TOAN" else "8.0")]
    again = decided("reassess", subject="TOAN", value="5.0", on=date(2025, 8, 10))
    found = record(*weak, again, on=SUMMER_OVER)
    assert (subject(found).year, subject(found).reassessed) == ("3.0", "5.0")
    assert found.study["CN"] != record(*weak, on=SUMMER_OVER).study["CN"]


def test_a_term_studied_nowhere_can_be_decided() -> None:
    second = term(["8.0"] * 4, semester=2)
    assert subject(record(*second)).year is None
    alone = decided("missing_term")
    assert subject(record(*second, alone)).year == "8.0"
    valued = decided("missing_term", subject="TOAN", value="5.0")
    assert subject(record(*second, valued)).year == "7.0"
    other = decided("missing_term", subject="NGUVAN", value="5.0")
    assert subject(record(*second, other)).year is None


def test_a_decision_does_not_replace_a_term_that_has_marks() -> None:
    marks = [mark("TX1", "9.0"), *term(["8.0"] * 4, semester=2)]
    valued = decided("missing_term", subject="TOAN", value="5.0")
    assert subject(record(*marks, valued)).year is None


def test_a_title_goes_with_the_best_year() -> None:
    excellent = [
        *(event for name in SIX for event in full(name, "9.0")),
        conduct("HK1", "T", date(2025, 1, 10)),
        conduct("HK2", "T", date(2025, 5, 20)),
    ]
    titles = {record(*excellent).title, record(*GOOD_YEAR).title}
    assert None not in titles
    assert len(titles) == 2
    assert record(*(event for name in SIX for event in full(name, "8.0"))).title is None


def test_a_regulation_without_rules_here_gives_no_result_and_no_error() -> None:
    opened = event(PupilYearOpened, date(2024, 8, 1), regulation="TT27_2020")
    year = pupil_year.evolve(pupil_year.evolve(None, opened, 1), mark("TX1", "8.0"), 2)
    found = assess([Contribution(LEDGER, year, (), 0)], on=ON)
    assert (found.subjects, found.study["CN"], found.promotion) == ((), None, None)
