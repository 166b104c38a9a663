"""One pupil through the regulations of twelve years and three provinces: one transcript.

The pupil of the story is in grade 1 in 2014-2015 and in grade 12 in 2025-2026: primary school in
Hải Dương (code 30, known from paper), lower secondary school there too (by then in the ledger of
Hải Phòng, code 31, with which Hải Dương merged on 1 July 2025), upper secondary school in Hải
Phòng, and from term 2 of grade 11 in Quảng Ninh (22). No pupil who goes up a grade a year meets
both TT 27/2020 (grade 5 from 2024-2025) and TT 58/2011 (grade 12 until 2023-2024), so who was
placed otherwise tells of these two together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.integration.scenario import (
    COMMENTED_2006,
    SCAN,
    SCORED_2006,
    Desk,
    Papers,
    desks,
    even_year,
    subject_of,
)

pytestmark = pytest.mark.timeout(300)

PUPIL = "HS1"
PAPER_SCHOOL = "TH Nam Sách"
REGIMES = {
    "2014-2015": (1, "TT30_2014"),
    "2015-2016": (2, "TT30_2014"),
    "2016-2017": (3, "TT22_2016"),
    "2017-2018": (4, "TT22_2016"),
    "2018-2019": (5, "TT22_2016"),
    "2019-2020": (6, "TT58_2011"),
    "2020-2021": (7, "TT26_2020"),
    "2021-2022": (8, "TT26_2020"),
    "2022-2023": (9, "TT26_2020"),
    "2023-2024": (10, "TT22_2021"),
    "2024-2025": (11, "TT22_2021"),
    "2025-2026": (12, "TT22_2021"),
}
PRIMARY_YEARS = tuple(REGIMES)[:5]
LOWER_YEARS = tuple(REGIMES)[5:9]
THPT = ("TOAN", "NGUVAN", "NGOAINGU1", "LICHSU", "GDQPAN", "VATLI", "HOAHOC", "DIALI", "TINHOC")
REFORM = "2025-07-01"
HAI_DUONG = {"code": "30", "name": "Hải Dương"}
HAI_PHONG = {"code": "31", "name": "Hải Phòng"}
QUANG_NINH = {"code": "22", "name": "Quảng Ninh"}


def origin_papers() -> Papers:
    """The ledger of Hải Phòng up to term 1 of grade 11; Hải Dương merges at the reform."""
    papers = Papers()
    papers.province("31", "Hải Phòng")
    papers.province("30", "Hải Dương", closed_on=REFORM, merged_into="31")
    papers.school("S30", "THCS Nam Sách", "30", "THCS")
    papers.school("H31", "THPT Thái Phiên", "31", "THPT")
    papers.pupil(PUPIL, name="Nguyễn Thị Hoà", born="2008-04-05")
    for year in LOWER_YEARS:
        grade, _ = REGIMES[year]
        code = f"{grade}-{year}"
        papers.school_class(code, "S30", year, grade)
        papers.enrol(PUPIL, code, f"{year[:4]}-09-05")
        subjects = [s for s in SCORED_2006 if grade >= 8 or s != "HOAHOC"]
        results = {**dict.fromkeys(subjects, "8.0"), **dict.fromkeys(COMMENTED_2006, "Đ")}
        even_year(papers, PUPIL, code, year, grade, results)
        papers.conduct(PUPIL, year, "T", "T", "T")
        papers.absences(PUPIL, year, 1)
        papers.close(PUPIL, year)
    papers.add(
        "statuses",
        pupil_key=PUPIL,
        school_code="S30",
        kind="complete",
        effective_on="2023-06-10",
    )
    for grade, year in ((10, "2023-2024"), (11, "2024-2025")):
        code = f"{grade}-{year}"
        papers.school_class(code, "H31", year, grade)
        papers.enrol(PUPIL, code, f"{year[:4]}-09-05", "intake" if grade == 10 else "start")
        terms = (1, 2) if grade == 10 else (1,)
        results = dict.fromkeys(THPT, "8.4")
        even_year(papers, PUPIL, code, year, grade, results, terms=terms)
    papers.conduct(PUPIL, "2023-2024", "T", "T")
    papers.conduct(PUPIL, "2024-2025", "T")
    papers.absences(PUPIL, "2023-2024", 2)
    papers.close(PUPIL, "2023-2024")
    papers.decide(PUPIL, "2024-2025", "close_semester_1", "2025-01-15")
    primary_on_paper(papers)
    return papers


def primary_on_paper(papers: Papers) -> None:
    """Five primary years from the paper transcript of Hải Dương."""
    for year in PRIMARY_YEARS:
        day = {"effective_on": f"{int(year[:4]) + 1}-05-31"}
        place = {"school_name": PAPER_SCHOOL, "province_code": "30", **day}
        for subject in ("Tiếng Việt", "Toán"):
            more = {**place, "subject": subject}
            level = "H" if REGIMES[year][1] == "TT30_2014" else "T"
            papers.paper(PUPIL, year, "mark", level, slot="CN", **more)
            papers.paper(PUPIL, year, "mark", "9", slot="KT_CN", **more)
        papers.paper(PUPIL, year, "study", "Hoàn thành", semester="CN", **place)
        papers.paper(PUPIL, year, "promotion", "được lên lớp", **place)


def receiver_papers() -> Papers:
    """The school in Quảng Ninh where the pupil goes on."""
    papers = Papers()
    papers.province("22", "Quảng Ninh")
    papers.school("H22", "THPT Hòn Gai", "22", "THPT")
    for grade, year in ((11, "2024-2025"), (12, "2025-2026")):
        papers.school_class(f"{grade}B", "H22", year, grade)
    return papers


def going_on() -> Papers:
    """Term 2 of grade 11, and grade 12, at the new school."""
    papers = Papers()
    papers.enrol(PUPIL, "11B", "2025-02-03", "transfer_in")
    papers.enrol(PUPIL, "12B", "2025-09-05")
    year = "2024-2025"
    results = dict.fromkeys(THPT, "8.7")
    even_year(papers, PUPIL, "11B", year, 11, results, terms=[2])
    even_year(papers, PUPIL, "12B", "2025-2026", 12, results)
    papers.add(
        "conduct",
        pupil_key=PUPIL,
        school_year=year,
        period="HK2",
        level="T",
        effective_on="2025-05-20",
    )
    papers.conduct(PUPIL, "2025-2026", "T", "T")
    for one in (year, "2025-2026"):
        papers.absences(PUPIL, one, 0)
        papers.decide(PUPIL, one, "close_year", f"{one[5:]}-05-31")
    return papers


@dataclass(frozen=True)
class Story:
    """Both ledgers after everything, and the answers on the way."""

    origin: Desk
    receiver: Desk
    at_origin: Mapping[str, Any]
    at_receiver: Mapping[str, Any]
    released: Mapping[str, Any]
    accepted: Mapping[str, Any]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    with desks("31", "22") as (origin, receiver):
        origin.sound(origin_papers(), folder / "origin")
        receiver.sound(receiver_papers(), folder / "receiver")
        dossier = str(folder / "ho-so.hbt")
        released = origin.answer(
            *("transfer", "export", "--pupil", PUPIL, "--to", "22"),
            *("--last-day", "2025-01-31", "--out", dossier),
        )
        arrival = Papers()
        arrival.pupil(PUPIL, name="Nguyễn Thị Hoà", born="2008-04-05")
        receiver.sound(arrival, folder / "arrival")
        accepted = receiver.answer("transfer", "import", dossier, "--pupil", PUPIL)
        on = "2025-02-01"
        at_origin, at_receiver = (desk.transcript(PUPIL, on) for desk in (origin, receiver))
        receiver.sound(going_on(), folder / "going-on")
        yield Story(origin, receiver, at_origin, at_receiver, released, accepted)


def years(answer: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The years of a transcript by name."""
    return {year["school_year"]: year for year in answer["years"]}


def test_each_year_follows_the_regulation_of_its_year_and_grade(story: Story) -> None:
    found = years(story.receiver.transcript(PUPIL, "2026-06-15"))
    assert {y: (one["grade"], one["regulation"]) for y, one in found.items()} == REGIMES
    assert [one["study"]["CN"] for one in found.values()] == [*["HT"] * 5, *["G"] * 4, *["T"] * 3]
    assert {one["promotion"] for one in found.values()} == {"promoted"}
    programmes = [one["programme"] for one in found.values()]
    assert programmes == [*["GDPT2006"] * 9, *["GDPT2018"] * 3]


def test_the_digest_is_the_same_in_both_ledgers(story: Story) -> None:
    assert story.at_origin["digest"] == story.at_receiver["digest"]
    assert story.released["transcript_digest"] == story.accepted["transcript_digest"]
    assert years(story.at_receiver).keys() == years(story.at_origin).keys()
    hidden = ("schools", "subjects")
    for year, one in years(story.at_origin).items():
        other = years(story.at_receiver)[year]
        assert {k: v for k, v in one.items() if k not in hidden} == {
            k: v for k, v in other.items() if k not in hidden
        }


def test_a_year_begun_in_one_province_is_ended_in_the_other(story: Story) -> None:
    year = years(story.receiver.transcript(PUPIL, "2025-06-15"))["2024-2025"]
    subject = subject_of(year, "TOAN")
    first, second = subject["semesters"]["1"], subject["semesters"]["2"]
    assert (first["average"], second["average"], subject["year"]) == ("8.4", "8.7", "8.6")
    assert first["by"] == [{"ledger": "31", "school_code": "H31"}]
    assert second["by"] == [{"ledger": "22", "school_code": "H22"}]
    stays = [(s["ledger"], s["school_code"], s["from"], s["to"]) for s in year["schools"]]
    assert stays == [
        ("31", "H31", "2024-08-01", "2025-02-01"),
        ("22", "H22", "2025-02-03", None),
    ]


@pytest.mark.parametrize(
    ("on", "where"), [("2025-06-30", HAI_DUONG), (REFORM, HAI_PHONG), ("2026-06-15", HAI_PHONG)]
)
@pytest.mark.parametrize("ledger", ["origin", "receiver"])
def test_places_are_those_of_the_time_and_those_of_the_day(
    story: Story, ledger: str, on: str, where: Mapping[str, str]
) -> None:
    desk: Desk = getattr(story, ledger)
    found = years(desk.transcript(PUPIL, on))
    for year in (*PRIMARY_YEARS, *LOWER_YEARS):
        (school,) = found[year]["schools"]
        assert (school["province"], school["province_now"]) == (HAI_DUONG, where), year
    (tenth,) = found["2023-2024"]["schools"]
    assert (tenth["province"], tenth["province_now"]) == (HAI_PHONG, HAI_PHONG)
    if ledger == "receiver":
        last = found["2024-2025"]["schools"][-1]
        assert (last["province"], last["province_now"]) == (QUANG_NINH, QUANG_NINH)


def test_what_is_from_paper_says_so_in_both_ledgers(story: Story) -> None:
    for desk in (story.origin, story.receiver):
        found = years(desk.transcript(PUPIL, "2026-06-15"))
        for year in PRIMARY_YEARS:
            assert set(found[year]["from_paper"]) >= {"study/CN", "promotion"}
            (school,) = found[year]["schools"]
            assert (school["name"], school["ledger"]) == (PAPER_SCHOOL, None)
            assert school["paper"] == {
                "scan_sha256": SCAN,
                "attested_by": "VT1",
                "checked_by": "HT1",
            }
            (by,) = subject_of(found[year], "TOAN")["times"]["CN"]["by"]
            assert (by["paper"], by["school_name"]) == (True, PAPER_SCHOOL)
        for year in LOWER_YEARS:
            assert found[year]["from_paper"] == []
            assert "paper" not in found[year]["schools"][0]


def test_the_record_left_is_no_longer_written_by_the_origin(story: Story, tmp_path: Path) -> None:
    late = Papers()
    late.paper(
        *(PUPIL, "2014-2015", "conduct", "T"),
        school_name=PAPER_SCHOOL,
        province_code="30",
        effective_on="2015-05-31",
    )
    code, rejected = story.origin.take(late, tmp_path / "late")
    assert (code, rejected) == (3, [("paper_results.csv", "pupil_released")])


def test_a_year_that_began_on_paper_and_was_entered_in_later_is_handed_on(
    story: Story, tmp_path: Path
) -> None:
    paper, entered = Papers(), Papers()
    paper.pupil("HS2", name="Lê Văn Bình", born="2009")
    for slot, value in (("TX1", "9"), ("TX2", "8"), ("GK", "7")):
        paper.paper(
            *("HS2", "2024-2025", "mark", value),
            subject="Lịch sử",
            semester=1,
            slot=slot,
            grade=11,
            school_name="THPT Chu Văn An",
            province_code="01",
            effective_on="2024-11-05",
        )
    entered.enrol("HS2", "11-2024-2025", "2024-12-02", "transfer_in")
    entered.marks("HS2", "11-2024-2025", "LICHSU", 1, {"TX1": "6", "CK": "8"}, date(2024, 12, 9))
    story.origin.sound(paper, tmp_path / "paper")
    story.origin.sound(entered, tmp_path / "entered")
    dossier = str(tmp_path / "ho-so.hbt")
    released = story.origin.answer(
        *("transfer", "export", "--pupil", "HS2", "--to", "22"),
        *("--last-day", "2024-12-31", "--out", dossier),
    )
    accepted = story.receiver.answer("transfer", "import", dossier, "--new")
    on = "2025-01-10"
    sent, taken = (
        desk.transcript(f"id:{case['pupil']}", on)
        for desk, case in ((story.origin, released), (story.receiver, accepted))
    )
    assert sent["digest"] == taken["digest"]
    term = subject_of(taken["years"][0], "LICHSU")["semesters"]["1"]
    assert term["marks"] == {"TX": ["9.0", "8.0", "6.0"], "GK": "7.0", "CK": "8.0"}
    assert term["average"] == "7.6"  # (9 + 8 + 6 + 2 x 7 + 3 x 8) / 8 = 7.625
    assert [by.get("paper", False) for by in term["by"]] == [True, False]
    schools = taken["years"][0]["schools"]
    assert [school["name"] for school in schools] == ["THPT Chu Văn An", "THPT Thái Phiên"]


def test_a_placed_pupil_may_have_both_tt_27_and_tt_58(tmp_path: Path) -> None:
    # Grade 1 twice, the second time by TT 27/2020; then placed far ahead on coming back.
    grades = {
        "2019-2020": (1, "TT22_2016"),
        "2020-2021": (1, "TT27_2020"),
        "2021-2022": (8, "TT26_2020"),
        "2022-2023": (9, "TT26_2020"),
        "2023-2024": (10, "TT22_2021"),
    }
    papers = Papers()
    papers.province("31", "Hải Phòng")
    papers.pupil("ODD", born="2008")
    for year, (grade, _) in grades.items():
        papers.paper(
            *("ODD", year, "promotion", "retained" if year == "2019-2020" else "promoted"),
            grade=grade,
            school_name="Trường cũ",
            province_code="30",
            effective_on=f"{year[5:]}-05-31",
        )
    with desks("31") as (desk,):
        desk.sound(papers, tmp_path / "papers")
        found = years(desk.transcript("ODD", "2024-06-15"))
    assert {y: (one["grade"], one["regulation"]) for y, one in found.items()} == grades
