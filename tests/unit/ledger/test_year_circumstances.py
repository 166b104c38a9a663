"""What changes a year beside its marks: paper, exemptions, electives, plans, the reading used."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger import pupil_year
from ledger.assessment.reading import Reading, default_reading, parse_reading
from ledger.assessment.regime import Regulation
from ledger.contribution import Contribution
from ledger.event import Event
from ledger.events.pupil_year import (
    AbsencesCounted,
    AssessmentAdapted,
    ConductAssessed,
    ElectivesChosen,
    MarkEntered,
    MentionRecorded,
    PaperResultTaken,
    PaperYearOpened,
    PeriodClosed,
    PupilYearOpened,
    QualityAssessed,
    SubjectExempted,
    YearDecision,
)
from ledger.year_record import YearRecord, assess
from ledger.year_results import SubjectResult
from tests.unit.ledger.events import LEDGER, event, other

DAY = date(2025, 3, 1)
ON = date(2025, 6, 10)
SLOTS = ("TX1", "TX2", "GK", "CK")
EIGHT = ("TOAN", "NGUVAN", "NGOAINGU1", "LICHSU", "VATLI", "HOAHOC", "SINHHOC", "DIALI")


def opened(regulation: str = "TT22_2021", grade: int = 10) -> Event:
    return event(PupilYearOpened, date(2024, 8, 1), regulation=regulation, grade=grade)


def marks(
    subject: str,
    value: str,
    *,
    terms: Sequence[int] = (1, 2),
    slots: Sequence[str] = SLOTS,
    form: str = "score",
) -> list[Event]:
    return [
        event(
            MarkEntered,
            date(2024, 10, 1) if term == 1 else DAY,
            subject=subject,
            semester=term,
            slot=slot,
            value=value,
            form=form,
            required=SLOTS if term else tuple(slots),
            components=(),
        )
        for term in terms
        for slot in slots
    ]


def paper(kind: str, value: str | None, **facts: Any) -> Event:
    blank: dict[str, Any] = dict.fromkeys(("subject", "form", "semester", "slot"))
    return event(
        PaperResultTaken, DAY, **{**blank, "required": (), **facts, "kind": kind, "value": value}
    )


def year(
    *events: Event, first: Event | None = None, ledger: UUID = LEDGER, **place: Any
) -> Contribution:
    state = pupil_year.evolve(None, first or opened(), 1)
    for version, one in enumerate(events, 2):
        state = pupil_year.evolve(state, one, version)
    return Contribution(**{"ledger": ledger, "year": state, "covered": (), "current": 0, **place})


def of(*events: Event, first: Event | None = None, reading: Reading | None = None) -> YearRecord:
    return assess([year(*events, first=first)], on=ON, reading=reading)


def subject(record: YearRecord, name: str) -> SubjectResult:
    return next(found for found in record.subjects if found.subject == name)


class TestPaper:
    def test_single_marks_of_an_unfinished_term_count_toward_the_slots(self) -> None:
        taken = [
            paper("mark", "9.0", subject="TOAN", form="score", semester="1", slot=slot,
                  required=SLOTS)
            for slot in ("TX1", "TX2")
        ]  # fmt: skip
        entered = marks("TOAN", "7.0", terms=[1], slots=("GK", "CK"))
        term = subject(of(*taken, *entered), "TOAN").semesters[1]
        assert [(mark.value, mark.paper) for mark in term.regular] == [("9.0", True)] * 2
        assert term.result == "7.6"  # (9 + 9 + 14 + 21) / 7 = 7.571

    def test_what_was_entered_goes_before_what_stands_on_paper_in_the_same_slot(self) -> None:
        taken = paper("mark", "4.0", subject="TOAN", form="score", semester="1", slot="CK",
                      required=SLOTS)  # fmt: skip
        term = subject(of(taken, *marks("TOAN", "8.0", terms=[1])), "TOAN").semesters[1]
        assert term.final is not None
        assert (term.final.value, term.final.paper) == ("8.0", False)
        assert [(mark.slot, mark.paper) for mark in term.surplus] == [("CK", True)]

    def test_a_stated_average_stands_for_a_term_without_marks_and_says_so(self) -> None:
        taken = paper("average", "8.0", subject="TOAN", form="score", semester="1")
        record = of(taken, *marks("TOAN", "5.0", terms=[2]))
        assert subject(record, "TOAN").year == "6.0"  # (8 + 2 x 5) / 3
        assert record.from_paper == ("TOAN/1",)

    def test_a_stated_average_gives_way_to_marks(self) -> None:
        taken = paper("average", "10.0", subject="TOAN", form="score", semester="1")
        assert subject(of(taken, *marks("TOAN", "5.0")), "TOAN").year == "5.0"

    def test_a_year_on_paper_shows_what_the_paper_states(self) -> None:
        record = of(
            paper("average", "9.0", subject="TOAN", form="score", semester="CN"),
            paper("study", "K", semester="CN"),
            paper("conduct", "T", semester="CN"),
            paper("absence", "3/1", semester="CN"),
            paper("promotion", "promoted"),
            first=event(PaperYearOpened, date(2018, 8, 1), school_year="2018-2019", grade=7,
                        regulation="TT58_2011"),
        )  # fmt: skip
        assert subject(record, "TOAN").year == "9.0"
        assert (record.study["CN"], record.conduct["CN"]) == ("K", "T")
        assert (record.excused, record.unexcused, record.promotion) == (3, 1, "promoted")
        assert set(record.from_paper) >= {"study/CN", "conduct/CN", "promotion"}

    def test_averages_on_paper_alone_give_no_level_and_say_what_is_missing(self) -> None:
        record = of(paper("average", "7.8", subject="TOAN", form="score", semester="CN"))
        assert (record.study["CN"], record.title) == (None, None)
        assert "CN/study" in record.missing

    def test_the_later_of_two_values_of_one_place_is_the_one_that_stands(self) -> None:
        first, second = (
            paper("average", value, subject="TOAN", form="score", semester="CN")
            for value in ("4.0", "6.0")
        )
        assert subject(of(first, second), "TOAN").year == "6.0"

    def test_a_school_abroad_has_results_and_no_rules(self) -> None:
        record = of(
            paper("average", "A-", subject="Mathematics", semester="CN", country="DE"),
            first=event(PaperYearOpened, date(2018, 8, 1), regulation="FOREIGN", grade=7),
        )
        assert subject(record, "Mathematics").year == "A-"
        assert (record.study["CN"], record.promotion) == (None, None)


class TestTwoRecords:
    def test_marks_of_two_linked_records_do_not_collide(self) -> None:
        one = year(*marks("TOAN", "8.0", terms=[1], slots=("TX1", "GK")))
        state = one.year.model_copy(update={"pupil": other(7)})
        two = Contribution(LEDGER, state, (), 0)
        term = subject(assess([one, two], on=ON), "TOAN").semesters[1]
        assert len(term.regular) == 2
        assert len(term.surplus) == 1  # a second GK


class TestExemption:
    def test_a_whole_term_exempt_leaves_the_other_as_the_year(self) -> None:
        exempt = event(SubjectExempted, DAY, subject="GDTC", period="HK1", part="whole")
        record = of(
            exempt, *marks("GDTC", "Đ", terms=[2], form="comment"), first=opened("TT58_2011", 8)
        )
        found = subject(record, "GDTC")
        assert (found.semesters[1].result, found.year) == ("M", "Đ")

    def test_a_whole_year_exempt_is_left_out_of_the_level(self) -> None:
        exempt = event(SubjectExempted, DAY, subject="GDTC", period="CN", part="whole")
        passed = [one for name in EIGHT for one in marks(name, "8.5")]
        record = of(exempt, *passed, first=opened("TT26_2020", 9))
        assert subject(record, "GDTC").year == "M"
        assert record.study["CN"] == "G"

    def test_exemption_from_practice_keeps_the_slots(self) -> None:
        exempt = event(SubjectExempted, DAY, subject="GDTC", period="CN", part="practice")
        record = of(exempt, *marks("GDTC", "Đ", form="comment"))
        assert subject(record, "GDTC").year == "Đ"

    def test_a_plan_leaves_subjects_out(self) -> None:
        plan = event(AssessmentAdapted, DAY, levels_asked=True, left_out=("TOAN",))
        good = [one for name in EIGHT for one in marks(name, "8.5")]
        record = of(plan, *good, *marks("TOAN", "2.0"))
        assert subject(record, "TOAN").year == "M"
        assert record.study["CN"] == "T"

    def test_of_two_plans_the_later_day_decides_whichever_was_recorded_first(self) -> None:
        later = event(AssessmentAdapted, ON, levels_asked=True, left_out=())
        earlier = event(AssessmentAdapted, DAY, levels_asked=False, left_out=())
        assert of(later, earlier, *marks("TOAN", "8.0")).levels_asked
        assert of(earlier, later, *marks("TOAN", "8.0")).levels_asked

    def test_where_no_levels_are_asked_none_is_missing(self) -> None:
        record = of(
            event(AssessmentAdapted, DAY, levels_asked=False, left_out=()),
            *marks("TOAN", "8.0", terms=[2]),
        )
        assert (record.study["CN"], record.missing, record.levels_asked) == (None, (), False)
        assert (record.promotion, record.promotion_reasons) == (None, ("levels_not_asked",))


class TestElectives:
    def test_a_subject_given_up_is_out_of_the_year_but_stays_in_its_finished_term(self) -> None:
        kept = [one for name in EIGHT if name != "HOAHOC" for one in marks(name, "8.5")]
        given_up = marks("HOAHOC", "3.0", terms=[1])
        chosen = event(ElectivesChosen, DAY, subjects=("DIALI", "SINHHOC", "VATLI"))
        record = of(*kept, *given_up, chosen)
        assert subject(record, "HOAHOC").dropped
        assert record.study["CN"] == "T"
        assert record.study["HK1"] == "Đ"  # 3.0 holds it at Chưa đạt, one step up
        assert record.adjusted == ("HK1",)

    def test_the_same_by_the_head_s_decision(self) -> None:
        decision = event(YearDecision, DAY, kind="subject_change", subject="HOAHOC", value=None)
        record = of(*marks("HOAHOC", "3.0", terms=[1]), decision)
        assert subject(record, "HOAHOC").dropped


class TestReading:
    #  8.0 x 5, 7.0, 7.0, 4.0: by removal nothing, by substitution one step (domain 1.1, no. 13)
    VALUES = ("8.0", "8.0", "8.0", "8.0", "8.0", "7.0", "7.0", "4.0")

    def events(self) -> list[Event]:
        pairs = zip(EIGHT, self.VALUES, strict=True)
        return [one for name, value in pairs for one in marks(name, value)]

    def test_an_open_year_follows_the_default(self) -> None:
        record = of(*self.events())
        assert (record.study["CN"], record.strategy) == ("Đ", "removal_any_subject")

    def test_a_closing_about_to_be_made_follows_the_reading_chosen(self) -> None:
        record = of(*self.events(), reading=Reading("substitution"))
        assert (record.study["CN"], record.strategy) == ("K", "substitution")

    def test_a_closed_year_keeps_the_reading_of_its_closing(self) -> None:
        closing = event(PeriodClosed, ON, period="CN", strategy="substitution")
        assert of(*self.events(), closing).study["CN"] == "K"

    def test_each_closed_period_keeps_its_own_reading(self) -> None:
        first = event(PeriodClosed, DAY, period="HK1", strategy="substitution")
        year = event(PeriodClosed, ON, period="CN", strategy="removal_any_subject")
        record = of(*self.events(), first, year)
        assert (record.study["HK1"], record.study["CN"]) == ("K", "Đ")

    def test_continuing_education_names_its_missing_numbers_until_they_are_given(self) -> None:
        first = opened("TT43_2021")
        record = of(*self.events(), first=first)
        assert record.study["CN"] is None
        assert "CN/thresholds" in record.missing
        given = of(*self.events(), first=first, reading=Reading("substitution", (5, 5, 5)))
        assert given.study["CN"] is not None
        assert given.strategy == "substitution/5-5-5"

    @pytest.mark.parametrize("text", ["removal_any_subject", "substitution/5-6-7"])
    def test_a_reading_survives_its_text(self, text: str) -> None:
        assert parse_reading(text).text == text

    @pytest.mark.parametrize("text", ["", "A B", "substitution/5-6", "substitution/5-6-7-8"])
    def test_another_text_is_no_reading(self, text: str) -> None:
        with pytest.raises(ValueError, match="reading"):
            parse_reading(text)

    def test_every_regulation_has_a_default(self) -> None:
        assert all(default_reading(regulation).strategy for regulation in Regulation)


class TestPrimary:
    ITEMS = (
        *("YEUNUOC", "NHANAI", "CHAMCHI", "TRUNGTHUC", "TRACHNHIEM", "TUCHU", "GIAOTIEP"),
        *("GIAIQUYET", "NGONNGU", "TINHTOAN", "KHOAHOC", "THAMMI", "THECHAT"),
    )

    def events(self, *, test: str = "9", level: str = "T") -> list[Event]:
        subjects = ("TOAN", "TIENGVIET", "DAODUC")
        levels = [
            one
            for name in subjects
            for one in marks(name, level, terms=[0], slots=("CN",), form="level")
        ]
        tests = [
            one
            for name in subjects[:2]
            for one in marks(name, test, terms=[0], slots=("KT_CN",), form="test")
        ]
        items = [event(QualityAssessed, ON, item=item, level="T") for item in self.ITEMS]
        return [*levels, *tests, *items]

    def assessed(self, *events: Event) -> YearRecord:
        return of(*events, first=opened("TT27_2020", 2))

    def test_the_best_year_is_promoted_with_its_title(self) -> None:
        record = self.assessed(*self.events())
        assert (record.study["CN"], record.promotion, record.title) == (
            "HTXS",
            "promoted",
            "excellent_pupil",
        )

    def test_a_test_of_eight_is_well_done_and_a_title_only_with_the_award(self) -> None:
        record = self.assessed(*self.events(test="8"))
        assert (record.study["CN"], record.title) == ("HTT", None)
        award = event(MentionRecorded, ON, kind="award", code="outstanding")
        assert self.assessed(*self.events(test="8"), award).title == "outstanding_pupil"

    def test_a_missing_quality_is_named_and_nothing_is_concluded(self) -> None:
        record = self.assessed(*self.events()[:-1])
        assert (record.study["CN"], record.promotion) == (None, None)
        assert "CN/THECHAT" in record.missing

    def test_not_done_waits_for_the_school_s_decision(self) -> None:
        record = self.assessed(*self.events(test="4"))
        assert (record.study["CN"], record.promotion) == ("CHT", "pending")
        decided = event(YearDecision, ON, kind="retain", subject=None, value=None)
        assert self.assessed(*self.events(test="4"), decided).promotion == "retained"

    def test_a_supplementary_assessment_replaces_the_level(self) -> None:
        again = [
            event(YearDecision, ON, kind="reassess", subject=name, value="H")
            for name in ("TOAN", "TIENGVIET", "DAODUC")
        ]
        assert self.assessed(*self.events(level="C")).study["CN"] == "CHT"
        assert self.assessed(*self.events(level="C"), *again).study["CN"] == "HT"

    def test_a_test_taken_again_replaces_the_first(self) -> None:
        again = [
            event(YearDecision, ON, kind="reassess", subject=name, value="7")
            for name in ("TOAN", "TIENGVIET")
        ]
        assert self.assessed(*self.events(test="4"), *again).study["CN"] == "HTT"


class TestTT58:
    def test_the_original_formula_weighs_tests_twice_and_the_final_three_times(self) -> None:
        # TX 8, 7, 9; ĐK 7.5, 6.5; HK 8.0 -> 7.6 (domain 1.2)
        pairs = [("TX1", "8.0"), ("TX2", "7.0"), ("TX3", "9.0"), ("DK1", "7.5"), ("DK2", "6.5")]
        slots = [*pairs, ("CK", "8.0")]
        events = [
            one.model_copy(update={"required": ()})
            for slot, value in slots
            for one in marks("TOAN", value, terms=[1], slots=[slot])
        ]
        record = of(*events, first=opened("TT58_2011", 7))
        term = subject(record, "TOAN").semesters[1]
        assert term.result == "7.6"
        assert [mark.slot for mark in term.periodic] == ["DK1", "DK2"]
        assert record.overall == {"HK1": "7.6", "HK2": None, "CN": None}

    def test_the_year_s_conduct_is_judged_never_computed(self) -> None:
        halves = [event(ConductAssessed, ON, period=p, level="T") for p in ("HK1", "HK2")]
        assert of(*halves, first=opened("TT58_2011", 7)).conduct["CN"] is None
        stated = event(ConductAssessed, ON, period="CN", level="K")
        assert of(*halves, stated, first=opened("TT58_2011", 7)).conduct["CN"] == "K"

    def test_good_study_and_conduct_give_promotion_and_a_title(self) -> None:
        good = [one for name in EIGHT for one in marks(name, "8.5")]
        record = of(
            *good,
            event(ConductAssessed, ON, period="CN", level="T"),
            event(AbsencesCounted, ON, period="CN", excused=1, unexcused=0),
            first=opened("TT26_2020", 9),
        )
        assert (record.study["CN"], record.promotion) == ("G", "promoted")
        assert record.title is not None
