"""`hocba transfer supplement` on both sides, typed as two clerks do."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from tests.integration.scenario import CORE_2018, Desk, Papers, desks, even_year

YEAR = "2024-2025"
ON = "2025-05-31"


@contextmanager
def moved(folder: Path) -> Iterator[tuple[Desk, Desk, str]]:
    """A pupil of grade 7 who went from 31 to 22 with term 1 unfinished."""
    papers = Papers()
    papers.province("31", "Hải Phòng")
    papers.school("S31", "THCS Lê Lợi", "31", "THCS")
    papers.school_class("7A1", "S31", YEAR, 7)
    papers.pupil("HS1")
    papers.enrol("HS1", "7A1", "2024-09-05")
    even_year(papers, "HS1", "7A1", YEAR, 7, dict.fromkeys(CORE_2018, "7"), terms=(1,))
    there = Papers()
    there.province("22", "Quảng Ninh")
    there.school("S22", "THCS Hòn Gai", "22", "THCS")
    there.school_class("7B2", "S22", YEAR, 7)
    there.pupil("MOI1")
    there.enrol("MOI1", "7B2", "2025-02-03", "provisional")
    with desks("31", "22") as (origin, receiver):
        origin.sound(papers, folder / "origin")
        receiver.sound(there, folder / "receiver")
        asked = receiver.answer(
            *("transfer", "request", "--pupil", "MOI1", "--from", "31", "--school", "S22"),
            *("--first-day", "2025-02-03"),
        )
        case = str(asked["case"])
        origin.answer("transfer", "release", case, "--pupil", "HS1")
        receiver.answer("transfer", "accept", case)
        assert origin.answer("transfer", "status", case)["state"] == "accepted"
        yield origin, receiver, case


def late(origin: Desk, folder: Path) -> list[str]:
    """A late mark, a correction, conduct and the closing come as files; their ids."""
    papers = Papers()
    papers.marks("HS1", "7A1", "TOAN", 2, {"TX1": "9"}, date(2025, 1, 20))
    papers.add(
        "corrections",
        pupil_key="HS1",
        school_year=YEAR,
        subject="TOAN",
        semester=1,
        slot="CK",
        value="10",
        old_value="7",
        reason="Chép nhầm",
        effective_on="",
        recorded_by="",
    )
    papers.conduct("HS1", YEAR, "T")
    papers.decide("HS1", YEAR, "close_semester_1", "2025-01-15")
    code, rejected = origin.take(papers, folder / "late")
    assert (code, {reason for _, reason in rejected}) == (4, {"pupil_released"})
    return [reason for _, reason in rejected]


def test_late_marks_are_sent_looked_at_and_decided(tmp_path: Path) -> None:
    with moved(tmp_path) as (origin, receiver, case):
        assert len(late(origin, tmp_path)) == 4
        (listed,) = origin.answer("transfer", "inbox")["cases"]
        assert (listed["waiting_for"], listed["who_acts"]) == ("offer", "origin_school")
        assert listed["unsent"] == 4
        sent = origin.answer("transfer", "supplement", case)
        assert [one["decided"] for one in sent["proposals"]] == [None] * 4
        assert sent["waiting_for"] == "supplement_answer"
        looked = receiver.answer("transfer", "supplement", case)
        assert looked["waiting_for"] == "supplement"
        by_what = {one["what"]: one for one in looked["proposals"]}
        assert (by_what["correction HK1/CK"]["before"], by_what["correction HK1/CK"]["after"]) == (
            "7.0",
            "10.0",
        )
        assert by_what["correction HK1/CK"]["text"] == "Chép nhầm"
        assert {one["conflict"] for one in looked["proposals"]} == {None}
        assert {one["author"] for one in looked["proposals"]} == {"31"}
        assert result(looked, "before") == "7.0"
        assert result(looked, "after") == "8.0"
        assert case in [one["case"] for one in receiver.answer("transfer", "inbox")["cases"]]
        for wrong in ("sometimes", "019e0000-0000-7000-8000-000000000001"):
            assert receiver.run("transfer", "supplement", case, "--accept", wrong)[0] == 3
        assert origin.run("transfer", "supplement", case, "--accept", "all")[0] == 7
        wanted = [one["id"] for what, one in by_what.items() if "mark" not in what]
        decided = receiver.answer(
            *("transfer", "supplement", case, "--accept", ",".join(wanted)),
            *("--reason", "test_not_held"),
        )
        assert {one["what"]: one["decided"] for one in decided["proposals"]} == {
            "correction HK1/CK": "accepted",
            "conduct HK1": "accepted",
            "closing HK1": "accepted",
            "mark HK2/TX1": "test_not_held",
        }
        assert (result(decided, "before"), result(decided, "after")) == ("7.0", "8.0")
        assert decided["waiting_for"] is None
        heard = origin.answer("transfer", "supplement", case)
        assert {one["decided"] for one in heard["proposals"]} == {"accepted", "test_not_held"}
        assert heard["waiting_for"] is None
        here = origin.transcript("HS1", ON)
        there = receiver.transcript("MOI1", ON)
        assert here["digest"] == there["digest"]
        (year,) = there["years"]
        assert year["conduct"]["HK1"] == "T"
        assert receiver.answer("verify")["failures"] == []
        assert origin.answer("verify")["failures"] == []


def result(answer: dict[str, Any], when: str) -> str:
    found: str = answer["results"][when][YEAR]["subjects"]["TOAN"]["HK1"]
    return found
