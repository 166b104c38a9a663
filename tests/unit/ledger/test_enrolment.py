"""Rules of `ledger.enrolment`: from dated changes to the days they hold."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ledger.enrolment import (
    ENTRIES,
    EXITS,
    Change,
    SectionStay,
    class_on,
    day_after,
    entered_period,
    on_day,
    section_days,
    timeline,
)
from ledger.school_year import SchoolYear, TermCalendar

SUMMER_OVER = date(2025, 8, 1)


def change(
    on: date, kind: str, *, seq: int = 1, school: str = "S1", class_code: str | None = "7A1"
) -> Change:
    year = on.year if on.month >= 8 else on.year - 1
    return Change(
        on=on,
        seq=seq,
        kind=kind,
        school=school,
        class_code=class_code if kind in ENTRIES else None,
        school_year=f"{year}-{year + 1}",
        grade=7,
        programme="GDPT2018",
    )


START = change(date(2024, 9, 5), "start")


def test_nobody_is_anywhere_before_the_first_change() -> None:
    assert timeline(()) == ()
    assert on_day(timeline([START]), date(2024, 9, 4)) is None


def test_the_day_of_entry_counts_and_the_day_of_leaving_does_not() -> None:
    line = timeline([START, change(date(2025, 1, 10), "leave", seq=2)])
    first, last, left = (
        on_day(line, day) for day in (date(2024, 9, 5), date(2025, 1, 9), date(2025, 1, 10))
    )
    assert first is not None
    assert last is not None
    assert left is not None
    assert (first.school, first.class_code) == (last.school, last.class_code) == ("S1", "7A1")
    assert (left.school, left.class_code, left.on_class_list) == (None, None, False)


def test_the_class_ends_with_the_school_year_and_the_school_does_not() -> None:
    line = timeline([START])
    before, after = on_day(line, date(2025, 7, 31)), on_day(line, SUMMER_OVER)
    assert before is not None
    assert after is not None
    assert before.class_code == "7A1"
    assert (after.school, after.class_code, after.grade) == ("S1", None, 7)
    assert after.change_kind == "none"


def test_the_later_date_decides_whatever_was_recorded_first() -> None:
    moved = change(date(2024, 11, 1), "class_change", seq=1, class_code="7A2")
    started = change(date(2024, 9, 5), "start", seq=2)
    line = timeline([moved, started])
    october, december = on_day(line, date(2024, 10, 1)), on_day(line, date(2024, 12, 1))
    assert october is not None
    assert december is not None
    assert (october.class_code, december.class_code) == ("7A1", "7A2")


def test_on_one_day_the_later_entry_decides() -> None:
    line = timeline(
        [
            change(date(2024, 9, 5), "start", seq=1, class_code="7A1"),
            change(date(2024, 9, 5), "start", seq=2, class_code="7A2"),
        ]
    )
    assert [segment.class_code for segment in line] == ["7A2", None]


def test_a_suspension_takes_off_the_list_and_leaves_the_school() -> None:
    line = timeline(
        [
            START,
            change(date(2024, 10, 1), "suspend", seq=2),
            change(date(2024, 11, 1), "resume", seq=3),
        ]
    )
    away, back = on_day(line, date(2024, 10, 15)), on_day(line, date(2024, 11, 1))
    assert away is not None
    assert back is not None
    assert (away.school, away.suspended, away.on_class_list) == ("S1", True, False)
    assert (back.class_code, back.suspended, back.on_class_list) == ("7A1", False, True)
    assert back.entered_on == date(2024, 9, 5)


def test_a_move_to_another_class_begins_a_stay_and_a_repetition_does_not() -> None:
    line = timeline(
        [
            START,
            change(date(2024, 10, 1), "class_change", seq=2, class_code="7A2"),
            change(date(2024, 11, 1), "class_change", seq=3, class_code="7A2"),
        ]
    )
    here = on_day(line, date(2024, 12, 1))
    assert here is not None
    assert here.entered_on == date(2024, 10, 1)
    assert here.change_on == date(2024, 11, 1)


def test_a_provisional_stay_is_marked_until_it_is_another_kind() -> None:
    line = timeline([change(date(2025, 2, 3), "provisional")])
    assert line[0].provisional
    assert not timeline([change(date(2025, 2, 3), "transfer_in")])[0].provisional


def test_a_released_pupil_is_in_transit_from_the_day_after_the_last() -> None:
    line = timeline([START, change(day_after(date(2025, 1, 10)), "release", seq=2)])
    last, after = on_day(line, date(2025, 1, 10)), on_day(line, date(2025, 1, 11))
    assert last is not None
    assert after is not None
    assert (last.school, last.in_transit) == ("S1", False)
    assert (after.school, after.in_transit) == (None, True)


def test_who_returns_after_leaving_is_enrolled_again() -> None:
    line = timeline(
        [
            START,
            change(date(2024, 12, 1), "leave", seq=2),
            change(date(2025, 2, 1), "return", seq=3),
        ]
    )
    away, back = on_day(line, date(2025, 1, 1)), on_day(line, date(2025, 2, 1))
    assert away is not None
    assert back is not None
    assert away.school is None
    assert (back.school, back.entered_on, back.entry_kind) == ("S1", date(2025, 2, 1), "return")


SECTION = SectionStay(
    start=date(2024, 10, 1),
    end=date(2025, 3, 1),
    school="S1",
    class_code="TIN-1",
    school_year="2024-2025",
)


def test_a_section_holds_only_while_the_pupil_is_at_its_school() -> None:
    suspended = [
        START,
        change(date(2024, 11, 1), "suspend", seq=2),
        change(date(2024, 12, 1), "resume", seq=3),
        change(date(2025, 2, 1), "leave", seq=4),
    ]
    assert section_days(SECTION, timeline(suspended)) == (
        (date(2024, 10, 1), date(2024, 11, 1)),
        (date(2024, 12, 1), date(2025, 2, 1)),
    )


def test_a_move_between_homerooms_does_not_cut_a_section() -> None:
    moved = [START, change(date(2024, 11, 1), "class_change", seq=2, class_code="7A2")]
    assert section_days(SECTION, timeline(moved)) == ((date(2024, 10, 1), date(2025, 3, 1)),)


def test_an_open_section_ends_with_its_school_year() -> None:
    open_stay = SECTION.model_copy(update={"end": None})
    assert section_days(open_stay, timeline([START])) == ((date(2024, 10, 1), SUMMER_OVER),)


def test_a_section_of_another_school_holds_no_day() -> None:
    elsewhere = SECTION.model_copy(update={"school": "S2"})
    assert section_days(elsewhere, timeline([START])) == ()


KINDS = sorted(ENTRIES | EXITS | {"suspend", "resume"})
DAYS = st.integers(0, 900).map(lambda days: date(2023, 9, 1) + timedelta(days=days))
HISTORIES = st.lists(
    st.tuples(DAYS, st.sampled_from(KINDS), st.sampled_from(["7A1", "7A2", None])), max_size=8
)


def history(drawn: list[tuple[date, str, str | None]]) -> list[Change]:
    return [
        change(on, kind, seq=seq, class_code=class_code)
        for seq, (on, kind, class_code) in enumerate(drawn, 1)
    ]


@given(HISTORIES)
def test_segments_are_in_order_without_gap_or_overlap(
    drawn: list[tuple[date, str, str | None]],
) -> None:
    line = timeline(history(drawn))
    for before, after in pairwise(line):
        assert before.end == after.start
        assert before.start < after.start
    if line:
        assert line[0].start == min(on for on, _, _ in drawn)
        assert line[-1].end is None


@given(HISTORIES.flatmap(lambda drawn: st.tuples(st.just(drawn), st.permutations(history(drawn)))))
def test_the_order_in_which_changes_are_given_does_not_matter(
    drawn_and_shuffled: tuple[list[tuple[date, str, str | None]], list[Change]],
) -> None:
    drawn, shuffled = drawn_and_shuffled
    assert timeline(shuffled) == timeline(history(drawn))


@given(HISTORIES, DAYS)
def test_a_day_is_what_the_last_change_up_to_it_says(
    drawn: list[tuple[date, str, str | None]], day: date
) -> None:
    """A naive second reading: walk the changes and keep one state."""
    school: str | None = None
    suspended = False
    known = False
    for known_change in sorted(history(drawn), key=lambda c: (c.on, c.seq)):
        if known_change.on > day:
            break
        if known_change.kind in ENTRIES:
            school, suspended = "S1", False
        elif known_change.kind in EXITS or not known:
            school, suspended = None, False
        else:
            suspended = known_change.kind == "suspend"
        known = True
    here = on_day(timeline(history(drawn)), day)
    assert (here is not None) == known
    if here is not None:
        assert (here.school, here.suspended) == (school, suspended)


@given(HISTORIES)
def test_no_class_outlives_its_school_year(drawn: list[tuple[date, str, str | None]]) -> None:
    for segment in timeline(history(drawn)):
        if segment.class_code is not None:
            assert segment.end is not None
            assert segment.end <= date(int(segment.school_year[5:]), 8, 1)


@given(HISTORIES, DAYS)
def test_the_class_of_a_day_is_the_time_lines(
    drawn: list[tuple[date, str, str | None]], day: date
) -> None:
    changes = history(drawn)
    here = on_day(timeline(changes), day)
    listed = here.class_code if here is not None and here.on_class_list else None
    assert class_on(changes, day) == listed


def test_who_comes_in_january_began_in_term_2_and_who_changes_class_began_nothing() -> None:
    assert entered_period("mid_year", date(2025, 1, 16)) == "HK2"
    assert entered_period("start", date(2025, 1, 15)) == "HK1"
    assert entered_period("transfer_in", date(2025, 6, 1)) == "summer"
    assert entered_period("class_change", date(2025, 2, 1)) is None


def test_the_provinces_own_calendar_says_when_term_2_begins() -> None:
    early = TermCalendar(
        school_year=SchoolYear(2024), term_2_from=date(2025, 1, 6), summer_from=date(2025, 5, 26)
    )
    assert entered_period("mid_year", date(2025, 1, 10), early) == "HK2"
