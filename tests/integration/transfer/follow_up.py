"""What the supplement tests tell: late marks, a correction, a closing, and their decision."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from ledger.reader import Reader
from ledger.year_commands import conduct, correction, decision
from ledger.year_lines import YearLine, write_years
from tests.integration.transfer.conftest import Side
from tests.integration.transfer.story import (
    TODAY,
    Cell,
    ask,
    at_origin,
    carry_through,
    case_of,
    cells,
    hand_in,
    let_go,
    post,
    rows,
    take_in,
)
from tests.integration.transfer.story import sealed as sealed_newest
from tests.school import YEAR, enrol, numbered, open_school, register
from transfer import outbox, supplement, supplement_decision
from transfer.inbox import Taken
from transfer.supplement import Accept, Choice
from transfer.supplement_review import Proposal, Review

__all__ = ["at_origin", "carry_through"]
LATE: Cell = ("NGUVAN", 2, "TX2", "9", date(2025, 2, 20))
LATER: Cell = ("NGUVAN", 2, "TX3", "10", date(2025, 2, 21))
CLOSING_DAY = date(2025, 1, 15)


def propose_marks(side: Side, pupil: UUID, *plan: Cell, class_code: str = "7A1") -> None:
    """Marks for a released pupil."""
    fates = [verdict.fate for verdict in hand_in(side, cells(pupil, class_code, plan))]
    assert fates == ["proposed"] * len(plan)


def propose_years(side: Side, pupil: UUID, *lines: Any, on: date, results: bool = False) -> None:
    """Lines about a released pupil's year."""
    commands = [
        YearLine(
            pupil=pupil,
            school_year=YEAR,
            decide=decide,
            needs_results=results,
            proposable=True,
            on=on,
        )
        for decide in lines
    ]
    _, verdicts = side.office.ledger.carry_out(write_years, numbered(commands), who=side.who)
    assert [verdict.fate for verdict in verdicts] == ["proposed"] * len(lines), verdicts


def correct(value: str, *, old: str, slot: str = "GK", subject: str = "TOAN") -> Any:
    """A correction of a mark of term 1."""
    return correction(
        subject=subject,
        semester=1,
        slot=slot,
        value=value,
        old_value=old,
        reason="Chép nhầm điểm",
        effective_on=None,
    )


def close_term_1() -> Any:
    """The closing of term 1."""
    return decision(
        kind="close_semester_1", subject=None, value=None, legal_ground=None, on=CLOSING_DAY
    )


def assess_conduct(level: str) -> Any:
    """The training result of term 1."""
    return conduct(period="HK1", level=level, on=CLOSING_DAY)


def send(side: Side, case: UUID) -> bytes:
    """What is open goes out; the sealed supplement."""
    number = supplement.offer(side.office, case, today=TODAY, who=side.who)
    assert number is not None, "nothing was open"
    return sealed(side, case, "supplement", number)


def sealed(side: Side, case: UUID, kind: str, issue: int) -> bytes:
    """The sealed bytes of one message that was told."""
    outbox.seal_waiting(side.office)
    found = rows(
        side,
        f"SELECT sealed FROM ledger.outbox WHERE case_id = '{case}' AND kind = '{kind}'"
        f" AND issue = {issue}",
    )
    assert found, f"no {kind} {issue} was told"
    frame = found[0][0]
    assert isinstance(frame, bytes)
    return frame


def told(side: Side, case: UUID) -> list[tuple[str, int]]:
    """The messages of a case about supplements, as they were told."""
    found = rows(
        side,
        "SELECT kind, issue FROM ledger.outbox WHERE kind IN ('supplement_answer', 'moved_to',"
        f" 'problem') AND case_id = '{case}' ORDER BY position, kind, issue",
    )
    return [(str(kind), int(str(issue))) for kind, issue in found]


def look(side: Side, case: UUID) -> Review:
    """The proposals as a person sees them."""
    return supplement_decision.look(side.office, case, today=TODAY)


def decide(side: Side, case: UUID, accept: Accept, *, reason: str = "not_accepted") -> Review:
    """A person's decision."""
    return supplement_decision.decide(
        side.office, case, choice=Choice(accept, reason), today=TODAY, who=side.who
    )


def answer(side: Side, case: UUID, number: int = 1) -> bytes:
    """The sealed answer to a supplement."""
    return sealed(side, case, "supplement_answer", number)


def shown(proposals: Sequence[Proposal]) -> list[tuple[str, Any, Any, str | None, str | None]]:
    """(what, before, after, conflict, decided) of each."""
    return [
        (one.effect.what, one.effect.before, one.effect.after, one.effect.conflict, one.decided)
        for one in proposals
    ]


def settle(origin: Side, receiver: Side, case: UUID, accept: Accept = "all") -> None:
    """A supplement from its sending to its answer at the author's."""
    assert post(receiver, send(origin, case)).outcome == "done"
    decide(receiver, case, accept)
    number = case_of(origin, case).supplements[-1].number
    assert post(origin, answer(receiver, case, number)).outcome == "done"


def newcomer(side: Side, *, key: str = "N1", school: str = "S9", class_code: str = "7B2") -> UUID:
    """A child who sits in class, of whom nothing is written here."""
    open_school(side.office.ledger, code=school, classes=(class_code,))
    (pupil,) = register(side.office.ledger, [key])
    on = date(2025, 3, 3)
    enrol(side.office.ledger, [pupil], class_code=class_code, on=on, kind="provisional")
    return pupil


def move(origin: Side, receiver: Side, *, leaver: UUID, arrival: UUID, school: str) -> UUID:
    """A whole transfer by frames; its id."""
    case = ask(receiver, arrival, origin, school=school)
    assert post(origin, sealed_newest(receiver, case, "request")).outcome == "done"
    let_go(origin, case, leaver)
    taken = post(receiver, sealed_newest(origin, case, "dossier"))
    assert (taken.outcome, taken.failure) == ("done", None)
    take_in(receiver, case, arrival)
    assert post(origin, sealed_newest(receiver, case, "accept")).outcome == "done"
    return case


def average(review_or_year: Any, subject: str, period: str) -> str | None:
    """A result of the year in a review's results."""
    found: str | None = review_or_year[YEAR]["subjects"][subject][period]
    return found


def failed(taken: Taken) -> tuple[str, int, str]:
    """(outcome, step, code) of a message that failed."""
    assert taken.failure is not None
    return taken.outcome, taken.failure.step, taken.failure.code


def own_year(side: Side, pupil: UUID) -> Any:
    """The pupil's year as the rules see it."""
    ledger = side.office.ledger
    with ledger.database.connection() as connection:
        reader = Reader(connection, ledger.keyring, ledger.id)
        return reader.years([(pupil, YEAR)])[pupil, YEAR]
