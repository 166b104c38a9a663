"""Every worked example of every regulation, from CSV files to the transcript a command prints.

Classes name no regulation: it follows from school year, grade and programme. Numbers of examples
are those of the domain reference, sections 1.1 to 1.4.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.assessment import primary
from ledger.assessment.regime import Regulation
from ledger.codes import Programme
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
    written_out,
)

pytestmark = pytest.mark.timeout(300)

ANY, SCORED, SUBSTITUTION = "removal_any_subject", "removal_scored_only", "substitution"
READINGS = {"2022-2023": SCORED, "2023-2024": SUBSTITUTION, "2024-2025": ANY}
"""The reading of the adjustment that rules.csv chooses from each school year on."""


@dataclass(frozen=True)
class Level:
    """A row of the table of levels of TT 22/2021: scores, comment subjects that are CĐ."""

    scores: str
    failed: int
    level: str
    raised: bool = False


LEVELS = {
    "L1": Level("8.0x6 6.5 7.0", 0, "T"),
    "L2": Level("8.0x5 7.9 6.5 6.5", 0, "K"),
    "L3": Level("8.5x7 4.0", 0, "K", raised=True),
    "L4": Level("8.5x7 3.0", 0, "Đ", raised=True),
    "L6": Level("8.5x6 4.0 4.0", 0, "Đ"),
    "L7": Level("8.5x8", 1, "K", raised=True),
    "L8": Level("8.5x8", 2, "CĐ"),
    "L10": Level("6.0x7 3.4", 0, "CĐ"),
    "L11": Level("5.0x5 4.9x3", 0, "CĐ"),
    "L13": Level("8.0x5 7.0 7.0 4.0", 0, "Đ"),
}
"""By the reading that is the system's own; every one has marks in both terms alike."""
READ_ANEW = {
    ("L7", SCORED): Level("8.5x8", 1, "Đ"),
    ("L7", SUBSTITUTION): Level("8.5x8", 1, "K", raised=True),
    ("L13", SCORED): Level("8.0x5 7.0 7.0 4.0", 0, "Đ"),
    ("L13", SUBSTITUTION): Level("8.0x5 7.0 7.0 4.0", 0, "K", raised=True),
}
OLD_LEVELS = {
    "A": ("8.2 8.5 7.9 8.8 9.0 8.1 7.5 8.0 8.6 9.1 8.3", "8.4", "G", False),
    "B": ("8.2 8.5 7.9 8.8 9.0 8.1 7.5 8.0 8.6 9.1 4.8", "8.0", "K", True),
    "D": ("6.8 7.0 6.5 6.9 7.2 6.6 6.5 6.7 7.1 8.0 3.2", "6.6", "Tb", True),
    "E": ("7.9 7.8 7.9 8.8 9.0 8.1 8.5 8.9 8.6 9.1 8.3", "8.4", "K", False),
    "F": ("6.4 6.3 6.2 7.5 7.5 7.0 7.2 7.0 7.4 8.0 7.6", "7.1", "Tb", False),
}
"""TT 58/2011: scores (Toán, Văn, Ngoại ngữ first), ĐTB, học lực, whether it was adjusted."""
# Only the foreign language reaches 8.0: that was not enough before TT 26/2020.
LANGUAGE_ALONE = "7.9 7.8 8.1 8.8 9.0 8.1 8.5 8.9 8.6 9.1 8.3"
OLD_YEARS = {
    Regulation.TT58_2011: ("2018-2019", 8),
    Regulation.TT26_2020: ("2021-2022", 9),
}
TERMS = {
    ("GDCD", 1): (("8", "9"), "7", "8", "7.9"),
    ("TOAN", 1): (("7", "8", "6", "9"), "6.5", "7.5", "7.3"),
    ("NGUVAN", 1): (("10", "9", "9", "10"), "9.5", "9", "9.3"),
}
"""Examples 1, 5 and 7 of the averages: two regular marks for 35 lessons, four for 140."""
TIES = {1: (("8", "8", "8"), "9", "8", "8.3"), 2: (("8", "7.6", "8"), "8", "8", "8.0")}
"""Examples 2 and 3: three regular marks, as Công nghệ (52 lessons) has in grade 8."""
YEARS = {
    "TOAN": ("7.9", "8.5", "8.3"),
    "NGUVAN": ("6.4", "6.5", "6.5"),
    "KHTN": ("8.0", "7.9", "7.9"),
}
GRADE_2 = ("TIENGVIET", "TOAN", "DAODUC", "TNXH", "GDTC", "AMNHAC", "MITHUAT", "HDTN")
GRADE_3 = (*GRADE_2, "NGOAINGU1", "TINHOCCONGNGHE")
GRADE_5 = (
    *("TIENGVIET", "TOAN", "DAODUC", "KHOAHOC", "LSDL", "GDTC", "AMNHAC", "MITHUAT"),
    *("NGOAINGU1", "TINHOC"),
)


@dataclass(frozen=True)
class Primary:
    """A row of the table of primary schools. `tests` are the year-end tests in the order of the
    tested subjects; `levels` and `traits` what is not T."""

    grade: int
    tests: str
    result: str
    levels: Mapping[str, str]
    traits: Mapping[str, str]
    title: str | None = None


PRIMARY = {
    "T1": Primary(3, "9 10 9 9", "HTXS", {}, {}, "excellent_pupil"),
    "T2": Primary(3, "8 10 9 9", "HTT", {}, {}),
    "T3": Primary(2, "10 10", "HT", {"AMNHAC": "H"}, {}),
    "T4": Primary(2, "10 10", "HT", {}, {"CHAMCHI": "Đ"}),
    "T5": Primary(2, "4 8", "CHT", {"TOAN": "H", "GDTC": "H"}, {"NHANAI": "Đ"}),
    "T7": Primary(2, "7 7 7", "HTT", {}, {}),
    "T7A": Primary(2, "7 7 7", "HTT", {}, {}, "outstanding_pupil"),
}
"""T7A is T7 with the class's endorsement of something outstanding."""
BEFORE = {
    "X1": Primary(5, "10 10 10 10 10 10", "HT", {}, {}),
    "X2": Primary(5, "4 10 10 10 10 10", "CHT", {}, {}),
    "X3": Primary(5, "5 6 7 8 9 10", "HT", {"TOAN": "H"}, {"TUTIN": "Đ"}),
    "X4": Primary(5, "9 9 9 9 9 9", "CHT", {"TOAN": "C"}, {}),
}
"""TT 22/2016 knows only Hoàn thành and Chưa hoàn thành for the year."""


def frame() -> Papers:
    """One province and a school of each level, with the classes of the examples."""
    papers = Papers()
    papers.province("31", "Hải Phòng")
    papers.school("TH1", "TH Kim Đồng", "31", "TH")
    papers.school("S1", "THCS Lê Lợi", "31", "THCS")
    for year in READINGS:
        papers.school_class(f"7-{year}", "S1", year, 7)
    papers.school_class("8-2024", "S1", "2024-2025", 8)
    papers.school_class("7-2018", "S1", "2018-2019", 7)
    for regulation, (year, grade) in OLD_YEARS.items():
        papers.school_class(f"{grade}-{regulation}", "S1", year, grade)
    for grade in (2, 3):
        papers.school_class(f"{grade}A", "TH1", "2024-2025", grade)
    papers.school_class("5A", "TH1", "2020-2021", 5)
    for year, strategy in READINGS.items():
        papers.add(
            "rules",
            regulation="TT22_2021",
            school_year=year,
            strategy=strategy,
            source="Hướng dẫn của Sở (giả định)",
        )
    return papers


def primary_year(papers: Papers, key: str, row: Primary, *, year: str, class_code: str) -> None:
    """A primary year, whole: four times, tests, qualities."""
    first = int(year[:4])
    regulation = Regulation.TT22_2016 if first == 2020 else Regulation.TT27_2020
    papers.pupil(key, born=str(first - row.grade - 5))
    papers.enrol(key, class_code, f"{first}-09-05")
    subjects = {2: GRADE_2, 3: GRADE_3, 5: GRADE_5}[row.grade]
    tests = row.tests.split()
    tested = [s for s in subjects if primary.has_test(s, "CN", row.grade, regulation)]
    if len(tests) > len(tested):  # a language that the school teaches, with a test of its own
        tested.append("NGOAINGU1")
        subjects = (*subjects, "NGOAINGU1")
    days = {
        "GK1": date(first, 11, 4),
        "CK1": date(first, 12, 27),
        "GK2": date(first + 1, 3, 10),
        "CN": date(first + 1, 5, 15),
    }
    for subject in subjects:
        for time, day in days.items():
            level = row.levels.get(subject, "T") if time == "CN" else "H"
            papers.marks(key, class_code, subject, None, {time: level}, day)
    for subject in subjects:
        for time in ("GK1", "CK1", "GK2"):
            if primary.has_test(subject, time, row.grade, regulation):
                papers.marks(key, class_code, subject, None, {f"KT_{time}": "3"}, days[time])
    for subject, mark in zip(tested, tests, strict=True):
        papers.marks(key, class_code, subject, None, {"KT_CN": mark}, days["CN"])
    for item in primary.items(regulation, row.grade):
        for time, day in days.items():
            papers.add(
                "qualities",
                pupil_key=key,
                school_year=year,
                time=time,
                item=item,
                level=row.traits.get(item, "T") if time == "CN" else "Đ",
                effective_on=day,
            )
    papers.absences(key, year, 1)


def everything() -> Papers:
    """All examples in one folder, without a closing."""
    papers = frame()
    for name, row in LEVELS.items():
        thcs_year(papers, name, "7-2024-2025", "2024-2025", thcs(row.scores, row.failed))
    for (name, reading), row in READ_ANEW.items():
        year = next(year for year, chosen in READINGS.items() if chosen == reading)
        results = thcs(row.scores, row.failed)
        thcs_year(papers, f"{name}-{reading}", f"7-{year}", year, results)
    averages(papers)
    for regulation, (year, grade) in OLD_YEARS.items():
        rows = {name: scores for name, (scores, *_) in OLD_LEVELS.items()}
        for name, scores in {**rows, "NN": LANGUAGE_ALONE}.items():
            results = dict(zip(SCORED_2006, written_out(scores), strict=True))
            class_code = f"{grade}-{regulation}"
            old_year(papers, f"{name}-{regulation}", class_code, year, results, grade=grade)
    for name, pupil in PRIMARY.items():
        primary_year(papers, name, pupil, year="2024-2025", class_code=f"{pupil.grade}A")
    for name, pupil in BEFORE.items():
        primary_year(papers, name, pupil, year="2020-2021", class_code="5A")
    papers.add(
        "mentions",
        pupil_key="T7A",
        school_year="2024-2025",
        kind="award",
        code="outstanding",
        text="Có tiến bộ rõ rệt, được lớp bình chọn",
        effective_on="2025-05-24",
    )
    return papers


def averages(papers: Papers) -> None:
    """The examples of single averages: TT 22/2021 and TT 58/2011."""
    for key, class_code, day in (
        ("AVG", "7-2024-2025", "2024-09-05"),
        ("TIE", "8-2024", "2024-09-05"),
        ("YEAR", "7-2024-2025", "2024-09-05"),
        ("OLD", "7-2018", "2018-09-05"),
    ):
        papers.pupil(key, born="2011")
        papers.enrol(key, class_code, day)
    for (subject, term), (regular, middle, final, _) in TERMS.items():
        filled = {**_numbered("TX", regular), "GK": middle, "CK": final}
        papers.marks("AVG", "7-2024-2025", subject, term, filled, date(2024, 10, 1))
    for term, (regular, middle, final, _) in TIES.items():
        filled = {**_numbered("TX", regular), "GK": middle, "CK": final}
        papers.marks("TIE", "8-2024", "CONGNGHE", term, filled, date(2025, 2, 1))
    for subject, terms in YEARS.items():
        for term, value in enumerate(terms[:2], 1):
            slots = dict.fromkeys(("TX1", "TX2", "TX3", "TX4", "GK", "CK"), value)
            papers.marks("YEAR", "7-2024-2025", subject, term, slots, date(2025, 2, 1))
    for subject, regular, periodic, final in (
        ("TOAN", ("8", "7", "9"), ("7.5", "6.5"), "8.0"),
        ("NGUVAN", ("5", "6", "4", "7"), ("5.5", "4.0", "6.0"), "5.0"),
    ):
        filled = {**_numbered("TX", regular), **_numbered("DK", periodic), "CK": final}
        papers.marks("OLD", "7-2018", subject, 1, filled, date(2018, 10, 1))


def _numbered(slot: str, values: tuple[str, ...]) -> dict[str, str]:
    return {f"{slot}{number}": value for number, value in enumerate(values, 1)}


def school_year_of(key: str) -> str:
    """The school year a pupil of the examples is in."""
    for year, reading in READINGS.items():
        if key.endswith(reading):
            return year
    for regulation, (year, _) in OLD_YEARS.items():
        if key.endswith(regulation):
            return year
    return "2020-2021" if key in BEFORE else "2024-2025"


CLOSED = [
    *LEVELS,
    *(f"{name}-{reading}" for name, reading in READ_ANEW),
    *(f"{name}-{regulation}" for regulation in OLD_YEARS for name in (*OLD_LEVELS, "NN")),
    *PRIMARY,
    *BEFORE,
]


@dataclass(frozen=True)
class Place:
    """The ledger with every example, and its last position before the closings."""

    desk: Desk
    before: int


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("regimes")
    with desks("31") as (desk,):
        imported = desk.sound(everything(), folder / "years")
        closings = Papers()
        for key in CLOSED:
            closings.close(key, school_year_of(key))
        desk.sound(closings, folder / "closings")
        yield Place(desk, imported["last_position"])


def year_of(place: Place, key: str, *known_at: str) -> dict[str, Any]:
    """The year of an example at its end."""
    on = f"{int(school_year_of(key)[:4]) + 1}-06-15"
    years = place.desk.answer("transcript", "--pupil", key, "--on", on, *known_at)["years"]
    (year,) = years
    document: dict[str, Any] = year
    return document


class TestCircular22:
    @pytest.mark.parametrize(("subject", "term"), TERMS)
    def test_a_terms_average(self, place: Place, subject: str, term: int) -> None:
        regular, middle, final, average = TERMS[subject, term]
        found = subject_of(year_of(place, "AVG"), subject)["semesters"][str(term)]
        assert (found["average"], found["missing"]) == (average, [])
        assert [float(mark) for mark in found["marks"]["TX"]] == [float(m) for m in regular]
        assert (float(found["marks"]["GK"]), float(found["marks"]["CK"])) == (
            float(middle),
            float(final),
        )

    @pytest.mark.parametrize("term", TIES)
    def test_a_tie_is_rounded_up(self, place: Place, term: int) -> None:
        found = subject_of(year_of(place, "TIE"), "CONGNGHE")["semesters"][str(term)]
        assert (found["average"], found["missing"]) == (TIES[term][3], [])

    @pytest.mark.parametrize("subject", YEARS)
    def test_a_years_average(self, place: Place, subject: str) -> None:
        found = subject_of(year_of(place, "YEAR"), subject)
        assert (
            *(found["semesters"][term]["average"] for term in "12"),
            found["year"],
        ) == YEARS[subject]

    @pytest.mark.parametrize("name", LEVELS)
    def test_a_level_before_and_after_closing(self, place: Place, name: str) -> None:
        row = LEVELS[name]
        for known_at in ((), ("--known-at", f"@{place.before}")):
            year = year_of(place, name, *known_at)
            assert (year["regulation"], year["grade"]) == ("TT22_2021", 7)
            assert year["strategy"] == ANY
            study = {period: year["study"][period] for period in ("HK1", "HK2", "CN")}
            assert study == dict.fromkeys(("HK1", "HK2", "CN"), row.level)
            assert year["study"]["adjusted"] == (["HK1", "HK2", "CN"] if row.raised else [])
            assert year["conduct"] == {"HK1": "K", "HK2": "T", "CN": "T"}
            assert year["missing"] == []
            assert year["promotion"] == ("pending" if row.level == "CĐ" else "promoted")
            assert year["title"] == ("good" if row.level == "T" else None)
            assert [s["year"] for s in year["subjects"] if s["form"] == "score"] == [
                thcs(row.scores)[name] for name in sorted(SCORED_THCS)
            ]

    @pytest.mark.parametrize(("name", "reading"), READ_ANEW)
    def test_the_reading_chosen_for_the_year_is_followed_and_recorded(
        self, place: Place, name: str, reading: str
    ) -> None:
        row = READ_ANEW[name, reading]
        year = year_of(place, f"{name}-{reading}")
        assert (year["strategy"], year["study"]["CN"]) == (reading, row.level)
        assert year["study"]["adjusted"] == (["HK1", "HK2", "CN"] if row.raised else [])
        open_year = year_of(place, f"{name}-{reading}", "--known-at", f"@{place.before}")
        assert open_year["strategy"] == ANY, "an open year is read as the system does by itself"
        assert open_year["study"]["CN"] == LEVELS[name].level


class TestCircular58:
    @pytest.mark.parametrize(("subject", "average"), [("TOAN", "7.6"), ("NGUVAN", "5.2")])
    def test_the_original_average(self, place: Place, subject: str, average: str) -> None:
        year = place.desk.year("OLD", "2019-06-01")
        assert year["regulation"] == "TT58_2011"
        assert subject_of(year, subject)["semesters"]["1"]["average"] == average

    @pytest.mark.parametrize("regulation", OLD_YEARS)
    @pytest.mark.parametrize("name", OLD_LEVELS)
    def test_a_level(self, place: Place, name: str, regulation: Regulation) -> None:
        _, overall, level, adjusted = OLD_LEVELS[name]
        year = year_of(place, f"{name}-{regulation}")
        assert year["regulation"] == regulation
        assert year["overall"] == dict.fromkeys(("HK1", "HK2", "CN"), overall)
        assert year["study"]["CN"] == level
        assert ("CN" in year["study"]["adjusted"]) is adjusted
        assert year["promotion"] == "promoted"
        titles = {"G": "excellent_pupil", "K": "advanced_pupil"}
        assert year["title"] == titles.get(level)

    def test_the_foreign_language_helps_only_since_tt_26(self, place: Place) -> None:
        levels = {r: year_of(place, f"NN-{r}")["study"]["CN"] for r in OLD_YEARS}
        assert levels == {Regulation.TT58_2011: "K", Regulation.TT26_2020: "G"}


class TestPrimary:
    @pytest.mark.parametrize("name", PRIMARY)
    def test_the_class_of_the_year_by_tt_27(self, place: Place, name: str) -> None:
        row = PRIMARY[name]
        year = year_of(place, name)
        assert (year["regulation"], year["grade"]) == ("TT27_2020", row.grade)
        assert (year["study"]["CN"], year["title"]) == (row.result, row.title)
        assert year["promotion"] == ("pending" if row.result == "CHT" else "promoted")
        tests = {s["subject"]: s["times"]["CN"]["test"] for s in year["subjects"]}
        assert sorted(filter(None, tests.values()), key=int) == sorted(row.tests.split(), key=int)
        assert all(s["times"]["GK1"]["level"] == "H" for s in year["subjects"])
        assert year["missing"] == []

    @pytest.mark.parametrize("name", BEFORE)
    def test_the_class_of_the_year_by_tt_22_2016(self, place: Place, name: str) -> None:
        row = BEFORE[name]
        year = year_of(place, name)
        assert (year["regulation"], year["grade"]) == ("TT22_2016", 5)
        assert year["study"]["CN"] == row.result
        assert set(year["qualities"]) == {*primary.QUALITIES_2016, *primary.COMPETENCES_2016}
        assert year["title"] is None


@pytest.mark.parametrize("key", CLOSED)
def test_a_closing_states_what_the_transcript_computes(place: Place, key: str) -> None:
    year = year_of(place, key)
    closings = {one["period"]: one for one in place.desk.closings(key)}
    assert set(closings) == {"HK1", "CN"}
    for period, closed in closings.items():
        assert closed["study"] == year["study"][period]
        assert closed["conduct"] == year["conduct"][period]
        assert closed["results"] == {s["subject"]: _result(s, period) for s in year["subjects"]}
        assert closed["missing"] == []


def _result(subject: Mapping[str, Any], period: str) -> str | None:
    if period == "CN":
        value: str | None = subject["reassessed"] or subject["year"]
    elif subject["form"] == "level":
        value = subject["times"]["CK1"]["level"]
    else:
        value = subject["semesters"]["1"]["average"]
    return value


class TestContinuingEducation:
    def test_a_level_is_refused_by_name_until_the_numbers_are_configured(
        self, tmp_path: Path
    ) -> None:
        subjects = ("TOAN", "NGUVAN", "LICHSU", "DIALI", "GDKTPL", "VATLI", "HOAHOC")
        year = "2024-2025"
        papers = Papers()
        papers.province("31", "Hải Phòng")
        papers.school("G1", "Trung tâm GDTX", "31", "GDTX")
        papers.school_class("10G", "G1", year, 10, "GDTX")
        papers.pupil("HV1", born="2000")
        papers.enrol("HV1", "10G", "2024-09-05")
        even_year(
            *(papers, "HV1", "10G", year, 10, dict.fromkeys(subjects, "8.0")),
            programme=Programme.GDTX,
        )
        papers.conduct("HV1", year, "T", "T")
        papers.absences("HV1", year, 0)
        closing, rules = Papers(), Papers()
        closing.close("HV1", year)
        rules.add(
            "rules",
            regulation="TT43_2021",
            school_year=year,
            subjects_at="5;5;5",
            source="Công văn của Sở (giả định)",
        )
        with desks("31") as (desk,):
            desk.sound(papers, tmp_path / "year")
            found = desk.year("HV1", "2025-06-15")
            assert (found["regulation"], found["study"]["CN"]) == ("TT43_2021", None)
            assert found["missing"] == ["HK1/thresholds", "HK2/thresholds", "CN/thresholds"]
            assert subject_of(found, "TOAN")["year"] == "8.0"
            refused = ("decisions.csv", "thresholds_not_configured")
            assert desk.take(closing, tmp_path / "closing") == (3, [refused, refused])
            desk.sound(rules, tmp_path / "rules")
            desk.sound(closing, tmp_path / "again")
            found = desk.year("HV1", "2025-06-15")
            assert (found["study"]["CN"], found["strategy"]) == ("T", f"{ANY}/5-5-5")
            assert [one["study"] for one in desk.closings("HV1")] == ["T", "T"]
