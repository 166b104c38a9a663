"""What happens around a year's marks, by files and commands: gaps, heads' decisions, exemptions,
plans, electives, the comment bank, components, awards."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.assessment import primary
from ledger.assessment.regime import Regulation
from tests.integration.scenario import (
    SCORED_2006,
    SCORED_THCS,
    Desk,
    Papers,
    desks,
    even_year,
    old_year,
    subject_of,
    thcs,
    thcs_year,
)

pytestmark = pytest.mark.timeout(300)

YEAR = "2024-2025"
CLASS = "7A"
SUMMER, AUTUMN = "2025-06-15", "2025-10-01"
GROUND = "Điều 14 Thông tư 22/2021/TT-BGDĐT"
LEVELS = ("T", "K", "Đ", "CĐ")
YEAR_CONDUCT = {
    "T": ("T", "K", "K", "CĐ"),
    "K": ("T", "K", "Đ", "CĐ"),
    "Đ": ("K", "K", "Đ", "CĐ"),
    "CĐ": ("K", "Đ", "Đ", "CĐ"),
}
"""Training result of the year: row by term 1, column by term 2 (TT 22/2021 Điều 8)."""


@dataclass
class Office:
    """A ledger with one school of each level; each test brings pupils of its own."""

    desk: Desk
    folder: Path
    imports: int = 0

    def take(self, papers: Papers) -> tuple[int, list[tuple[str, str]]]:
        """Imports; exit code and what was rejected."""
        self.imports += 1
        return self.desk.take(papers, self.folder / str(self.imports))

    def sound(self, papers: Papers) -> dict[str, Any]:
        """Imports what nothing may be wrong with."""
        self.imports += 1
        return self.desk.sound(papers, self.folder / str(self.imports))

    def decide(self, key: str, kind: str, on: str, year: str = YEAR, **more: object) -> None:
        """One line of decisions.csv."""
        papers = Papers()
        papers.decide(key, year, kind, on, **more)
        self.sound(papers)

    def refused(self, file: str, **cells: object) -> str:
        """The reason for which one line is refused."""
        papers = Papers()
        papers.add(file, **cells)
        code, rejected = self.take(papers)
        ((_, reason),) = rejected
        assert code == 3
        return reason


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    papers = Papers()
    papers.province("31", "Hải Phòng")
    papers.school("TH1", "TH Kim Đồng", "31", "TH")
    papers.school("S1", "THCS Lê Lợi", "31", "THCS")
    papers.school("H1", "THPT Thái Phiên", "31", "THPT")
    papers.school("H2", "THPT Trần Phú", "31", "THPT")
    papers.school_class(CLASS, "S1", YEAR, 7)
    papers.school_class("8-2018", "S1", "2018-2019", 8)
    papers.school_class("2A", "TH1", YEAR, 2)
    papers.school_class("10A", "H1", YEAR, 10)
    papers.school_class("10B", "H2", YEAR, 10)
    with desks("31") as (desk,):
        made = Office(desk, tmp_path_factory.mktemp("scenes"))
        made.sound(papers)
        yield made


def summed(year: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Training, study and outcome of the year."""
    return year["conduct"]["CN"], year["study"]["CN"], year["promotion"]


class TestPromotion:
    def test_a_re_assessed_subject_replaces_the_years_and_lifts_the_level(
        self, office: Office
    ) -> None:
        papers = Papers()
        results = thcs("5.0x5 4.9x3")
        thcs_year(papers, "RE", CLASS, YEAR, results, conduct=("Đ", "Đ"), missed=10)
        papers.close("RE", YEAR)
        office.sound(papers)
        before = office.desk.year("RE", SUMMER)
        assert summed(before) == ("Đ", "CĐ", "pending")
        assert before["promotion_reasons"] == ["study_failed"]
        office.decide("RE", "reassess", "2025-08-05", subject="TINHOC", value="5")
        assert summed(office.desk.year("RE", "2025-08-04")) == summed(before)
        after = office.desk.year("RE", "2025-08-05")
        assert summed(after) == ("Đ", "Đ", "promoted")
        subject = subject_of(after, "TINHOC")
        assert (subject["year"], subject["reassessed"]) == ("4.9", "5.0")
        (closed,) = [c for c in office.desk.closings("RE") if c["period"] == "CN"]
        assert (closed["study"], closed["results"]["TINHOC"]) == ("CĐ", "4.9")

    def test_summer_training_replaces_the_years_training_result(self, office: Office) -> None:
        papers = Papers()
        for key in ("SUM", "NOSUM"):
            thcs_year(papers, key, CLASS, YEAR, thcs("8.5x8"), conduct=("Đ", "CĐ"))
        office.sound(papers)
        office.decide("SUM", "summer_training", "2025-08-10", value="Đ")
        assert summed(office.desk.year("SUM", SUMMER)) == ("CĐ", "T", "pending")
        assert summed(office.desk.year("SUM", "2025-08-10")) == ("Đ", "T", "promoted")
        assert summed(office.desk.year("NOSUM", AUTUMN)) == ("CĐ", "T", "retained")

    def test_46_sessions_missed_end_the_matter_45_do_not(self, office: Office) -> None:
        papers = Papers()
        thcs_year(papers, "A45", CLASS, YEAR, thcs("8.5x8"), missed=45)
        thcs_year(papers, "A46", CLASS, YEAR, thcs("5.0x5 4.9x3"), missed=46)
        office.sound(papers)
        office.decide("A46", "reassess", "2025-08-05", subject="TINHOC", value="9")
        assert summed(office.desk.year("A45", SUMMER)) == ("T", "T", "promoted")
        for on in (SUMMER, "2025-08-10"):
            year = office.desk.year("A46", on)
            assert year["promotion"] == "retained"
            assert "too_many_absences" in year["promotion_reasons"]
        assert office.desk.year("A46", "2025-08-10")["study"]["CN"] == "Đ"

    def test_titles_need_training_and_study_and_six_nines(self, office: Office) -> None:
        papers = Papers()
        scores = {"NINE6": "9.0x6 8.0x2", "NINE5": "9.0x5 8.9x3", "NOTT": "9.0x8"}
        for key, text in scores.items():
            conduct = ("K", "K") if key == "NOTT" else ("T", "T")
            thcs_year(papers, key, CLASS, YEAR, thcs(text), conduct=conduct)
        office.sound(papers)
        titles = {key: office.desk.year(key, SUMMER)["title"] for key in scores}
        assert titles == {"NINE6": "excellent", "NINE5": "good", "NOTT": None}

    def test_the_years_training_result_follows_from_the_terms(self, office: Office) -> None:
        papers = Papers()
        pairs = {f"C{i}{j}": (a, b) for i, a in enumerate(LEVELS) for j, b in enumerate(LEVELS)}
        for key, levels in pairs.items():
            papers.pupil(key)
            papers.enrol(key, CLASS, "2024-09-05")
            papers.conduct(key, YEAR, *levels)
        office.sound(papers)
        found = {key: office.desk.year(key, SUMMER)["conduct"]["CN"] for key in pairs}
        assert found == {f"C{i}{j}": YEAR_CONDUCT[a][j] for i, a in enumerate(LEVELS)
                         for j in range(len(LEVELS))}  # fmt: skip

    def test_tt_58_retains_at_once_what_no_summer_can_mend(self, office: Office) -> None:
        scores = {
            "WEAK": ("4.0", ("T", "T", "T")),
            "POOR": ("3.0", ("T", "T", "T")),
            "BOTH": ("4.0", ("Tb", "Y", "Y")),
            "UNRULY": ("7.0", ("Tb", "Y", "Y")),
        }
        papers = Papers()
        for key, (value, conduct) in scores.items():
            results = dict.fromkeys(SCORED_2006, value)
            old_year(papers, key, "8-2018", "2018-2019", results, conduct=conduct)
        office.sound(papers)
        found = {key: summed(office.desk.year(key, "2019-06-15")) for key in scores}
        assert found == {
            "WEAK": ("T", "Y", "pending"),
            "POOR": ("T", "Kém", "retained"),
            "BOTH": ("Y", "Y", "retained"),
            "UNRULY": ("Y", "K", "pending"),
        }
        for subject in SCORED_2006:
            office.decide("WEAK", "reassess", "2019-08-05", "2018-2019", subject=subject, value="6")
        office.decide("UNRULY", "summer_training", "2019-08-05", "2018-2019", value="Tb")
        assert summed(office.desk.year("WEAK", "2019-08-05")) == ("T", "Tb", "promoted")
        assert summed(office.desk.year("UNRULY", "2019-08-05")) == ("Tb", "K", "promoted")

    def test_a_head_promotes_or_retains_where_the_rules_leave_it_open(self, office: Office) -> None:
        papers = Papers()
        for key in ("UP", "STAY"):
            papers.pupil(key, born="2017")
            papers.enrol(key, "2A", "2024-09-05")
            for subject in ("TIENGVIET", "TOAN"):
                filled = {"CN": "C", "KT_CN": "4"}
                papers.marks(key, "2A", subject, None, filled, date(2025, 5, 12))
            for item in primary.items(Regulation.TT27_2020, 2):
                papers.add(
                    "qualities",
                    pupil_key=key,
                    school_year=YEAR,
                    time="CN",
                    item=item,
                    level="Đ",
                    effective_on="2025-05-12",
                )
        office.sound(papers)
        assert summed(office.desk.year("UP", SUMMER)) == (None, "CHT", "pending")
        office.decide("UP", "promote", "2025-06-20", legal_ground="Điều 11 TT 27/2020")
        office.decide("STAY", "retain", "2025-06-20")
        assert office.desk.year("UP", "2025-06-19")["promotion"] == "pending"
        assert summed(office.desk.year("UP", "2025-06-20")) == (None, "CHT", "promoted")
        assert summed(office.desk.year("STAY", "2025-06-20")) == (None, "CHT", "retained")

    def test_a_summer_decision_is_taken_until_30_september(self, office: Office) -> None:
        papers = Papers()
        thcs_year(papers, "LATE", CLASS, YEAR, thcs("5.0x5 4.9x3"))
        office.sound(papers)
        line = {"pupil_key": "LATE", "school_year": YEAR, "kind": "reassess"}
        more = {"subject": "TINHOC", "value": "5"}
        reason = office.refused("decisions", **line, **more, effective_on="2025-10-01")
        assert reason == "date_outside_school_year"
        office.decide("LATE", "reassess", "2025-09-30", **more)
        assert office.desk.year("LATE", "2025-09-30")["promotion"] == "promoted"


class TestGaps:
    def test_every_missing_part_is_named_and_is_no_number(self, office: Office) -> None:
        papers = Papers()
        thcs_year(papers, "GAP", CLASS, YEAR, thcs("8.0x8"))
        for line in papers.tables["marks"][:]:
            place = (line["subject"], line["semester"], line["slot"])
            if place in (("TOAN", "1", "TX3"), ("TOAN", "1", "CK"), ("GDTC", "2", "GK")):
                papers.tables["marks"].remove(line)
        del papers.tables["absences"]
        office.sound(papers)
        year = office.desk.year("GAP", SUMMER)
        math, sport = (subject_of(year, name) for name in ("TOAN", "GDTC"))
        assert math["semesters"]["1"]["missing"] == ["TX4", "CK"]
        assert (math["semesters"]["1"]["average"], math["semesters"]["2"]["average"]) == (
            None,
            "8.0",
        )
        assert (math["year"], math["missing"]) == (None, ["HK1"])
        assert (sport["year"], sport["missing"]) == (None, ["HK2"])
        assert year["missing"] == ["HK1/TOAN", "HK2/GDTC", "CN/TOAN", "CN/GDTC"]
        assert summed(year) == ("T", None, None)
        assert year["promotion_reasons"] == ["missing_study", "missing_absences"]

    def test_a_truly_missing_term_needs_a_decision_with_its_legal_ground(
        self, office: Office
    ) -> None:
        papers = Papers()
        for key in ("NOHK1", "GIVEN"):
            papers.pupil(key)
            papers.enrol(key, CLASS, "2025-01-20", "mid_year")
            even_year(papers, key, CLASS, YEAR, 7, thcs("7.0x8"), terms=[2])
            papers.conduct(key, YEAR, "T", "T")
            papers.absences(key, YEAR, 0)
        office.sound(papers)
        assert office.desk.year("NOHK1", SUMMER)["study"]["CN"] is None
        line = {"school_year": YEAR, "kind": "missing_term", "effective_on": "2025-05-30"}
        assert office.refused("decisions", pupil_key="NOHK1", **line) == "legal_ground_missing"
        office.decide("NOHK1", "missing_term", "2025-05-30", legal_ground=GROUND)
        year = office.desk.year("NOHK1", SUMMER)
        assert {s["year"] for s in year["subjects"]} == {"7.0", "Đ"}
        assert summed(year) == ("T", "K", "promoted")
        office.decide("GIVEN", "missing_term", "2025-05-30", legal_ground=GROUND)
        office.decide(
            *("GIVEN", "missing_term", "2025-05-30"), subject="TOAN", value="4", legal_ground=GROUND
        )
        year = office.desk.year("GIVEN", SUMMER)
        assert subject_of(year, "TOAN")["year"] == "6.0"  # (4 + 2 x 7) / 3
        assert subject_of(year, "NGUVAN")["year"] == "7.0"


class TestClosing:
    def test_a_closed_period_takes_marks_again_once_reopened_with_authority(
        self, office: Office
    ) -> None:
        papers = Papers()
        thcs_year(papers, "SHUT", CLASS, YEAR, thcs("8.0x8"))
        place = ("TOAN", "2", "CK")
        marks = papers.tables["marks"]
        (late,) = [m for m in marks if (m["subject"], m["semester"], m["slot"]) == place]
        marks.remove(late)
        papers.close("SHUT", YEAR)
        office.sound(papers)
        (closed,) = [c for c in office.desk.closings("SHUT") if c["period"] == "CN"]
        assert (closed["study"], closed["missing"]) == (None, ["TOAN/HK2"])
        assert office.refused("marks", **late) == "period_closed"
        reopening = {"pupil_key": "SHUT", "school_year": YEAR, "kind": "reopen", "value": "CN"}
        day = {"effective_on": "2025-06-01"}
        assert office.refused("decisions", **reopening, **day) == "legal_ground_missing"
        office.decide("SHUT", "reopen", "2025-06-01", value="CN", legal_ground="QĐ 12/QĐ-THCS")
        again = Papers()
        again.add("marks", **late)
        again.decide("SHUT", YEAR, "close_year", "2025-06-02")
        office.sound(again)
        assert office.desk.year("SHUT", SUMMER)["study"]["CN"] == "T"
        assert [c["study"] for c in office.desk.closings("SHUT")] == ["T", None, "T"]

    def test_a_closing_says_nothing_of_what_is_dated_after_it(self, office: Office) -> None:
        papers = Papers()
        thcs_year(papers, "DAY", CLASS, YEAR, thcs("8.0x8"))
        papers.add(
            "corrections",
            pupil_key="DAY",
            school_year=YEAR,
            subject="TOAN",
            semester=1,
            slot="CK",
            value="2",
            reason="phúc khảo",
            effective_on="2025-03-01",
        )
        papers.decide("DAY", YEAR, "close_semester_1", "2025-01-15")
        papers.decide("DAY", YEAR, "close_year", "2025-05-30")
        office.sound(papers)
        first, year = office.desk.closings("DAY")
        assert (first["results"]["TOAN"], first["study"]) == ("8.0", "T")
        assert year["results"]["TOAN"] == "7.3"  # (6.0 + 2 x 8.0) / 3
        assert office.desk.year("DAY", SUMMER)["study"]["HK1"] == "K"

    def test_one_mark_is_mended_after_closing_and_the_level_follows(self, office: Office) -> None:
        papers = Papers()
        thcs_year(papers, "MEND", CLASS, YEAR, thcs("8.0x5 7.9 6.5 6.5"))
        papers.close("MEND", YEAR)
        office.sound(papers)
        assert office.desk.year("MEND", SUMMER)["study"]["CN"] == "K"
        mending = Papers()
        for slot in ("TX1", "CK"):
            mending.add(
                "corrections",
                pupil_key="MEND",
                school_year=YEAR,
                subject=SCORED_THCS[5],
                semester=2,
                slot=slot,
                value="9",
                old_value="7.9",
                reason="Vào nhầm cột",
            )
        office.sound(mending)
        year = office.desk.year("MEND", SUMMER)
        assert (subject_of(year, SCORED_THCS[5])["year"], year["study"]["CN"]) == ("8.3", "T")


class TestCircumstances:
    def test_tt_58_exempts_from_a_term_or_a_year(self, office: Office) -> None:
        papers = Papers()
        results = dict.fromkeys(SCORED_2006, "7.0")
        for key in ("HALF", "WHOLE"):
            old_year(papers, key, "8-2018", "2018-2019", results)
            papers.add(
                "exemptions",
                pupil_key=key,
                school_year="2018-2019",
                subject="Công nghệ",
                period="HK1" if key == "HALF" else "CN",
                part="whole",
                legal_ground="Khuyết tật; Điều 12 TT 58/2011",
                effective_on="2018-09-10",
            )
        # What the half year studied gives: 9.0 in term 2 alone, whatever stands in term 1.
        for line in papers.tables["marks"]:
            if (line["subject"], line["semester"]) == ("CONGNGHE", "2"):
                line["value"] = "9.0"
        office.sound(papers)
        half, whole = (office.desk.year(key, "2019-06-15") for key in ("HALF", "WHOLE"))
        subject = subject_of(half, "CONGNGHE")
        assert (subject["semesters"]["1"]["average"], subject["year"]) == ("M", "9.0")
        assert half["overall"] == {"HK1": "7.0", "HK2": "7.2", "CN": "7.2"}
        assert subject_of(whole, "CONGNGHE")["year"] == "M"
        assert whole["overall"]["CN"] == "7.0"
        assert (half["missing"], whole["missing"]) == ([], [])

    def test_tt_22_exempts_from_practice_only_and_its_slots_stay_full(self, office: Office) -> None:
        papers = Papers()
        thcs_year(papers, "FREE", CLASS, YEAR, thcs("8.0x8"))
        office.sound(papers)
        before = office.desk.year("FREE", SUMMER)
        line = {
            "pupil_key": "FREE",
            "school_year": YEAR,
            "subject": "GDTC",
            "period": "CN",
            "legal_ground": "Bệnh án bệnh viện huyện; Điều 10",
            "effective_on": "2024-10-01",
        }
        assert office.refused("exemptions", **line, part="whole") == "not_in_regulation"
        granted = Papers()
        granted.add("exemptions", **line, part="practice")
        office.sound(granted)
        assert office.desk.year("FREE", SUMMER) == before

    def test_a_plan_leaves_subjects_out_or_asks_for_no_levels(self, office: Office) -> None:
        papers = Papers()
        plans = {"PLAN": ("yes", "NGOAINGU1; Tin học"), "NOLEVEL": ("no", "")}
        for key, (asked, left_out) in plans.items():
            results = {**thcs("6.6x8"), "NGOAINGU1": "2.0", "TINHOC": "2.0"}
            thcs_year(papers, key, CLASS, YEAR, results)
            papers.add(
                "education_plans",
                pupil_key=key,
                school_year=YEAR,
                levels_asked=asked,
                left_out=left_out,
                legal_ground="Điều 11; KHGD cá nhân số 3",
                effective_on="2024-09-20",
            )
        papers.close("PLAN", YEAR)
        office.sound(papers)
        plan, without = (office.desk.year(key, SUMMER) for key in plans)
        assert (plan["levels_asked"], plan["study"]["CN"]) == (True, "K")
        assert subject_of(plan, "NGOAINGU1")["year"] == "M"
        assert (without["levels_asked"], without["study"]["CN"]) == (False, None)
        assert (without["missing"], subject_of(without, "TOAN")["year"]) == ([], "6.6")

    def test_an_electives_choice_in_lower_secondary_drops_no_compulsory_subject(
        self, office: Office
    ) -> None:
        papers = Papers()
        results = {**thcs("8.0x8"), "NGOAINGU2": "8.0"}
        thcs_year(papers, "NN2", CLASS, YEAR, results)
        papers.add(
            "electives",
            pupil_key="NN2",
            school_year=YEAR,
            subjects="Ngoại ngữ 2",
            effective_on="2024-09-10",
        )
        office.sound(papers)
        year = office.desk.year("NN2", SUMMER)
        assert [s["subject"] for s in year["subjects"] if s["dropped"]] == []

    def test_electives_change_with_the_school(self, office: Office) -> None:
        shared = ("TOAN", "NGUVAN", "NGOAINGU1", "LICHSU", "GDQPAN", "VATLI", "HOAHOC")
        first, second = ("SINHHOC", "TINHOC"), ("DIALI", "GDKTPL")
        before, after = Papers(), Papers()
        before.pupil("MOVE")
        before.enrol("MOVE", "10A", "2024-09-05")
        after.enrol("MOVE", "10B", "2025-01-20", "transfer_in")
        after.add(
            "statuses",
            pupil_key="MOVE",
            school_code="H1",
            kind="transfer_out",
            effective_on="2025-01-20",
        )
        halves = ((before, 1, "10A", first, "2024-09-10"), (after, 2, "10B", second, "2025-01-21"))
        for papers, term, class_code, chosen, day in halves:
            results = dict.fromkeys((*shared, *chosen), "8.0")
            even_year(papers, "MOVE", class_code, YEAR, 10, results, terms=[term])
            papers.add(
                "electives",
                pupil_key="MOVE",
                school_year=YEAR,
                subjects=";".join(("VATLI", "HOAHOC", *chosen)),
                effective_on=day,
            )
        before.decide("MOVE", YEAR, "close_semester_1", "2025-01-15")
        before.conduct("MOVE", YEAR, "T", "T")
        after.absences("MOVE", YEAR, 0)
        office.sound(before)
        office.sound(after)
        year = office.desk.year("MOVE", SUMMER)
        dropped = {s["subject"] for s in year["subjects"] if s["dropped"]}
        assert dropped == set(first)
        assert set(year["missing"]) == {
            *(f"{period}/{name}" for period in ("HK1", "CN") for name in second)
        }
        closing = office.desk.closings("MOVE")
        assert [(one["period"], one["study"]) for one in closing] == [("HK1", "T")]
        for name, value in zip(second, ("5", "8"), strict=True):
            office.decide(
                *("MOVE", "missing_term", "2025-05-30"),
                subject=name,
                value=value,
                legal_ground="Đánh giá bù khi đổi môn lựa chọn",
            )
        year = office.desk.year("MOVE", SUMMER)
        assert subject_of(year, "DIALI")["year"] == "7.0"  # (5 + 2 x 8) / 3
        assert (year["study"]["CN"], subject_of(year, "SINHHOC")["year"]) == ("T", None)
        assert year["study"]["HK1"] == "T", "as it was closed: of what was studied in the term"
        assert [school["school_code"] for school in year["schools"]] == ["H1", "H2"]

    def test_a_comment_is_written_by_a_code_of_the_comment_bank(self, office: Office) -> None:
        papers = Papers()
        papers.pupil("TALK")
        papers.enrol("TALK", CLASS, "2024-09-05")
        papers.add("comment_bank", code="TX-01", text="Chăm học, tiến bộ đều", subject="")
        line = {
            "pupil_key": "TALK",
            "school_year": YEAR,
            "subject": "Toán",
            "effective_on": "2025-01-10",
        }
        papers.add("comments", **line, time="HK1", code="TX-01")
        papers.add("comments", **line, time="GK1", code="TX-01", text="và hay hỏi")
        office.sound(papers)
        unknown = office.refused("comments", **line, time="HK2", code="TX-99")
        assert unknown == "unknown_comment_code"
        entries = office.desk.answer("audit", "--pupil", "TALK")["entries"]
        written = {e["time"]: e["after"] for e in entries if e["type"] == "CommentWritten"}
        assert written == {
            "HK1": "Chăm học, tiến bộ đều",
            "GK1": "Chăm học, tiến bộ đều và hay hỏi",
        }
        dropped = Papers()
        dropped.add("comment_bank", code="TX-01", text="")
        office.sound(dropped)
        assert office.refused("comments", **line, time="CN", code="TX-01") == (
            "unknown_comment_code"
        )

    def test_a_mark_of_weighted_parts_is_derived_and_a_stated_one_is_kept(
        self, office: Office
    ) -> None:
        papers = Papers()
        papers.pupil("PART")
        papers.enrol("PART", CLASS, "2024-09-05")
        marks = {
            "TX1": ("", "nghe=7;noi=8;doc=6.5;viet=7"),  # 28.5 / 4 = 7.125
            "TX2": ("", "nghe=7;noi=8;doc=6.5;viet=7,5@1:1:2:2"),  # 43 / 6 = 7.1667
            "TX3": ("", "nghe=8;noi=8;doc=8;viet=9"),  # 8.25: a tie
            "TX4": ("9", "nghe=7;noi=8"),
        }
        for number, (slot, (value, parts)) in enumerate(marks.items(), 1):
            papers.add(
                "marks",
                class_code=CLASS,
                subject="Tiếng Anh",
                semester=1,
                slot=slot,
                pupil_key="PART",
                value=value,
                components=parts,
                effective_on=f"2024-10-0{number}",
            )
        answer = office.sound(papers)
        year = office.desk.year("PART", SUMMER)
        term = subject_of(year, "NGOAINGU1")["semesters"]["1"]
        assert term["marks"]["TX"] == ["7.1", "7.2", "8.3", "9.0"]
        assert [(w["reason"], w["suggestion"]) for w in answer["warnings"]] == [
            ("components_differ", "7.5")
        ]

    def test_awards_measures_certificates_and_competitions_stand_in_the_year(
        self, office: Office
    ) -> None:
        papers = Papers()
        papers.pupil("PRIZE")
        papers.enrol("PRIZE", CLASS, "2024-09-05")
        told = {
            "award": ("GK", "Giấy khen cuối năm", "2025-05-28"),
            "discipline": ("KT", "Khiển trách trước lớp", "2024-11-04"),
            "certificate": ("", "Chứng chỉ tin học", "2025-03-03"),
            "competition": ("GIAI2", "Giải nhì Toán cấp tỉnh", "2025-03-20"),
        }
        for kind, (code, text, day) in told.items():
            papers.add(
                "mentions",
                pupil_key="PRIZE",
                school_year=YEAR,
                kind=kind,
                code=code,
                text=text,
                effective_on=day,
            )
        office.sound(papers)
        mentions = office.desk.year("PRIZE", "2025-03-10")["mentions"]
        assert [(m["kind"], m["code"]) for m in mentions] == [
            ("discipline", "KT"),
            ("certificate", None),
        ]
        assert len(office.desk.year("PRIZE", SUMMER)["mentions"]) == 4
        unknown = office.refused(
            "mentions",
            pupil_key="PRIZE",
            school_year=YEAR,
            kind="medal",
            text="x",
            effective_on="2025-05-28",
        )
        assert unknown == "unknown_kind"
