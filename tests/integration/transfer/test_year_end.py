"""A year begun in one province and ended in another equals the same year in one ledger."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from ledger import log
from ledger.assessment.regime import Regulation
from ledger.codes import Programme
from ledger.events.case import (
    CaseDecided,
    DecisionReceived,
    DossierReceived,
)
from ledger.events.pupil import Released, TransferAccepted
from ledger.subjects import find_subject, required_slots
from ledger.year_commands import absences, conduct, decision
from ledger.year_lines import YearLine, write_years
from projections.persons import Key
from projections.transcript import FoldEntry, released_digest
from projections.views import Views
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.story import (
    FIRST_DAY,
    LAST_DAY,
    TODAY,
    Cell,
    ask,
    carry,
    cells,
    hand_in,
    record,
    rows,
)
from tests.school import YEAR, class_of, enrol, numbered, open_school, register, sound
from transfer.build import fold_entry

SUBJECTS = (
    *("TOAN", "NGUVAN", "NGOAINGU1", "LSDL", "KHTN", "TINHOC"),
    *("CONGNGHE", "GDCD", "GDTC", "NGHETHUAT", "HDTNHN", "GDDP"),
)
YEAR_END = date(2025, 5, 31)
TERMS = {1: date(2024, 9, 16), 2: date(2025, 1, 20)}


def year_of_marks() -> list[Cell]:
    """Every required slot of every subject of grade 7, in the order of the days; never two marks
    of one subject on one day."""
    plan: list[Cell] = []
    for index, key in enumerate(SUBJECTS):
        subject = find_subject(key, 7, Programme.GDPT2018)
        scored = subject.form(7) == "score"
        slots = required_slots(subject, 7, Programme.GDPT2018, Regulation.TT22_2021)
        for semester, start in TERMS.items():
            for number, slot in enumerate(slots):
                value = f"{6 + (index * 5 + number * 7 + semester) % 40 / 10}" if scored else "Đ"
                on = start + timedelta(days=18 * number + index % 3)
                plan.append((key, semester, slot, value, on))
    return plan


def year_lines(pupil: UUID, *lines: Any, on: date, results: bool = False) -> list[YearLine]:
    return [
        YearLine(pupil=pupil, school_year=YEAR, decide=decide, needs_results=results, on=on)
        for decide in lines
    ]


def write(side: Side, lines: Sequence[YearLine]) -> None:
    sound(side.office.ledger.carry_out(write_years, numbered(lines), who=side.who))


def first_half(side: Side, pupil: UUID, class_code: str, plan: Sequence[Cell]) -> None:
    """Marks up to the last day, conduct, absences and closing of term 1."""
    before = [cell for cell in plan if cell[4] <= LAST_DAY]
    verdicts = hand_in(side, cells(pupil, class_code, before))
    assert {v.fate for v in verdicts} == {"accepted"}
    on = date(2025, 1, 15)
    write(
        side,
        year_lines(
            pupil,
            conduct(period="HK1", level="K", on=on),
            absences(period="HK1", excused=2, unexcused=1, on=on),
            on=on,
        ),
    )
    close = decision(kind="close_semester_1", subject=None, value=None, legal_ground=None, on=on)
    write(side, year_lines(pupil, close, on=on, results=True))


def second_half(side: Side, pupil: UUID, class_code: str, plan: Sequence[Cell]) -> None:
    after = [cell for cell in plan if cell[4] > LAST_DAY]
    verdicts = hand_in(side, cells(pupil, class_code, after))
    assert {v.fate for v in verdicts} == {"accepted"}


def year_end(side: Side, pupil: UUID) -> None:
    """Conduct, absences and closing of the year."""
    write(
        side,
        year_lines(
            pupil,
            conduct(period="HK2", level="T", on=YEAR_END),
            absences(period="HK2", excused=3, unexcused=0, on=YEAR_END),
            on=YEAR_END,
        ),
    )
    close = decision(kind="close_year", subject=None, value=None, legal_ground=None, on=YEAR_END)
    write(side, year_lines(pupil, close, on=YEAR_END, results=True))


def comparable(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The years without what must differ: who wrote, schools and their names, signatures."""
    years = []
    for year in answer["years"]:
        kept = {k: v for k, v in year.items() if k not in ("schools", "signatures")}
        kept["subjects"] = [
            {
                **subject,
                "semesters": {
                    number: {k: v for k, v in term.items() if k != "by"}
                    for number, term in subject["semesters"].items()
                },
            }
            for subject in year["subjects"]
        ]
        years.append(kept)
    return years


def views(side: Side) -> Views:
    return Views(side.office.ledger)


def test_a_year_in_two_provinces_equals_the_same_year_in_one(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    plan = year_of_marks()
    leaver, control = class_of(origin.office.ledger, 2)
    first_half(origin, leaver, "7A1", plan)
    first_half(origin, control, "7A1", plan)
    second_half(origin, control, "7A1", plan)
    year_end(origin, control)

    open_school(receiver.office.ledger, code="S9", classes=("7B2",))
    (arrival,) = register(receiver.office.ledger, ["N1"])
    enrol(receiver.office.ledger, [arrival], class_code="7B2", on=FIRST_DAY, kind="provisional")
    provisional = [cell for cell in plan if LAST_DAY < cell[4] <= date(2025, 3, 31)]
    assert provisional, "some marks are given before the papers come"
    assert {v.fate for v in hand_in(receiver, cells(arrival, "7B2", provisional))} == {"accepted"}
    case = ask(receiver, arrival, origin)
    carry(origin, receiver, case, leaver=leaver, arrival=arrival, last_day=LAST_DAY)
    later = [cell for cell in plan if cell[4] > date(2025, 3, 31)]
    second_half(receiver, arrival, "7B2", later)
    year_end(receiver, arrival)

    whole = views(origin).transcript(Key("id", str(control)), on=TODAY)
    joined = views(receiver).transcript(Key("id", str(arrival)), on=TODAY)
    assert comparable(joined) == comparable(whole)
    (year,) = joined["years"]
    assert len(year["subjects"]) == len(SUBJECTS)
    assert year["missing"] == []
    assert all(term["average"] for s in year["subjects"] for term in s["semesters"].values())
    assert year["absences"] == {"excused": 5, "unexcused": 1, "total": 6}
    assert year["promotion"] == "promoted"
    assert len(year["schools"]) == 2
    assert joined["digest"] != whole["digest"], "they are two pupils"

    audit = views(receiver).audit(Key("id", str(arrival)))["entries"]
    assert {entry["ledger"] for entry in audit} >= {"22"}
    assert len({entry["ledger"] for entry in audit if entry["type"].startswith("Mark")}) == 2
    copies = [entry for entry in audit if entry.get("origin_position") is not None]
    assert len(copies) >= len([c for c in plan if c[4] <= LAST_DAY])


def test_the_released_digest_is_the_same_number_wherever_it_is_folded(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, *_ = class_of(origin.office.ledger, 2)
    first_half(origin, leaver, "7A1", year_of_marks())
    open_school(receiver.office.ledger, code="S9", classes=("7B2",))
    (arrival,) = register(receiver.office.ledger, ["N1"])
    enrol(receiver.office.ledger, [arrival], class_code="7B2", on=FIRST_DAY, kind="provisional")
    case = ask(receiver, arrival, origin)
    carry(origin, receiver, case, leaver=leaver, arrival=arrival, last_day=LAST_DAY)
    released = _one(origin, leaver, Released)
    stated = {
        released.digest,
        _one(receiver, arrival, TransferAccepted).digest,
        _in_case(origin, DecisionReceived),
        _in_case(receiver, DossierReceived),
        _in_case(receiver, CaseDecided),
        _folded_again(receiver, arrival, leaver, released),
    }
    assert stated == {released.digest}


def _one(side: Side, pupil: UUID, kind: Any) -> Any:
    (event,) = (e.event for e in record(side, pupil) if isinstance(e.event, kind) and not e.origin)
    return event


def _in_case(side: Side, kind: Any) -> str:
    (row,) = rows(side, f"SELECT position FROM ledger.entry WHERE topic = '{kind.TOPIC}'")
    with side.office.ledger.database.connection() as connection:
        position = int(str(row[0]))
        (page,) = log.pages(connection, start=position, end=position + 1)
    digest: str = page[0].event.model_dump()["digest"]
    return digest


def _folded_again(side: Side, ours: UUID, theirs: UUID, released: Released) -> str:
    """The digest from the copies alone, as the origin folded it on the day of the release."""
    last = dict(released.streams)
    copies: list[FoldEntry] = [
        fold_entry(entry)
        for entry in record(side, ours)
        if entry.origin is not None and entry.version <= last.get(entry.stream.id, 0)
    ]
    assert len(copies) == released.entries
    return released_digest(copies, pupil=theirs, on=released.effective_on)
