"""The story the transfer tests tell: a pupil of grade 7 moves in the middle of term 2."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from ledger import log
from ledger.batch import Verdict
from ledger.case import Case
from ledger.gradebook import MarkLine, enter_marks
from ledger.log import Entry
from ledger.pupil import Pupil
from ledger.reader import Reader
from projections.transcript import FoldEntry, Transcript, fold_transcript
from tests.integration.transfer.conftest import Provinces, Side
from tests.school import class_of, enrol, numbered, open_school, register
from transfer import acceptance, conversation, inbox, outbox
from transfer.build import record_of
from transfer.cases import all_cases
from transfer.inbox import Taken

TODAY = date(2025, 6, 1)
LAST_DAY = date(2025, 2, 28)
FIRST_DAY = date(2025, 3, 3)
SUBJECTS = ("TOAN", "NGUVAN")
Cell = tuple[str, int, str, str, date]
"""(subject, semester, slot, value, day)."""

FIRST_TERM: list[Cell] = [
    (subject, 1, slot, value, date(2024, 10, day))
    for subject in SUBJECTS
    for day, (slot, value) in enumerate(
        [("TX1", "8"), ("TX2", "7.5"), ("TX3", "9"), ("TX4", "6"), ("GK", "7"), ("CK", "8")], 1
    )
]
SECOND_TERM_BEGUN: list[Cell] = [
    ("TOAN", 2, "TX1", "9", date(2025, 2, 3)),
    ("TOAN", 2, "TX2", "8", date(2025, 2, 17)),
    ("NGUVAN", 2, "TX1", "7", date(2025, 2, 4)),
]
SECOND_TERM_HERE: list[Cell] = [
    ("TOAN", 2, "TX1", "7", date(2025, 3, 10)),
    ("TOAN", 2, "GK", "8", date(2025, 3, 20)),
]
SECOND_TERM_LATER: list[Cell] = [
    ("TOAN", 2, "TX2", "10", date(2025, 4, 10)),
    ("TOAN", 2, "CK", "9", date(2025, 5, 10)),
]


def cells(pupil: UUID, class_code: str, plan: Iterable[Cell]) -> list[MarkLine]:
    """The lines of a grade sheet."""
    return [
        MarkLine(
            pupil=pupil,
            class_code=class_code,
            subject=subject,
            semester=semester,
            slot=slot,
            value=value,
            effective_on=on,
            sheet=None,
        )
        for subject, semester, slot, value, on in plan
    ]


def hand_in(side: Side, lines: Sequence[MarkLine]) -> list[Verdict]:
    """Enters marks; what became of each line."""
    _, verdicts = side.office.ledger.carry_out(enter_marks, numbered(lines), who=side.who)
    return verdicts


def enter(side: Side, pupil: UUID, class_code: str, plan: Iterable[Cell]) -> None:
    """Enters marks that must all be taken."""
    verdicts = hand_in(side, cells(pupil, class_code, plan))
    assert {verdict.fate for verdict in verdicts} <= {"accepted"}, verdicts


def pupil_state(side: Side, pupil: UUID) -> Pupil:
    """The pupil as the rules see it."""
    ledger = side.office.ledger
    with ledger.database.connection() as connection:
        found = Reader(connection, ledger.keyring, ledger.id).pupils([pupil])[pupil]
    assert found is not None
    return found


def record(side: Side, pupil: UUID) -> list[Entry]:
    """Every entry held about a pupil."""
    with side.office.ledger.database.connection() as connection:
        size = log.head(connection).size
        return record_of(connection, pupil_state(side, pupil), size=size)


def transcript(side: Side, pupil: UUID, on: date) -> Transcript:
    """The transcript as this ledger folds it."""
    return fold_transcript([FoldEntry.of(e) for e in record(side, pupil)], pupil=pupil, on=on)


def cases(side: Side) -> list[Case]:
    """The transfers as this ledger sees them, the oldest first."""
    with side.office.ledger.database.connection() as connection:
        return all_cases(connection)


def case_of(side: Side, case: UUID) -> Case:
    """One transfer as this ledger sees it."""
    return next(found for found in cases(side) if found.id == case)


def rows(side: Side, query: str) -> list[tuple[object, ...]]:
    """What the database holds."""
    with side.office.ledger.database.connection() as connection:
        return connection.execute(query.encode()).fetchall()


def count(side: Side, topic: str) -> int:
    """How many entries of a topic the log has."""
    with side.office.ledger.database.connection() as connection:
        row = connection.execute(
            "SELECT count(*) FROM ledger.entry WHERE topic = %s", (f"ledger.{topic}.v1",)
        ).fetchone()
    assert row is not None
    found: int = row[0]
    return found


def at_origin(side: Side, *, pupils: int = 3) -> UUID:
    """A class of grade 7 at the origin; its first pupil has marks up to the middle of term 2."""
    leaver, *_ = class_of(side.office.ledger, pupils)
    enter(side, leaver, "7A1", FIRST_TERM + SECOND_TERM_BEGUN)
    return leaver


def at_receiver(side: Side, *, school: str = "S9", class_code: str = "7B2") -> UUID:
    """A class at the receiver, where the pupil sits before the papers come, with marks."""
    open_school(side.office.ledger, code=school, classes=(class_code,))
    (arrival,) = register(side.office.ledger, ["N1"])
    enrol(side.office.ledger, [arrival], class_code=class_code, on=FIRST_DAY, kind="provisional")
    enter(side, arrival, class_code, SECOND_TERM_HERE)
    return arrival


def ask(side: Side, pupil: UUID, origin: Side, *, school: str = "S9") -> UUID:
    """A request over NATS (not sent yet)."""
    return conversation.request(
        side.office,
        pupil=pupil,
        from_ledger=origin.office.ledger.id,
        school_code=school,
        first_day=FIRST_DAY,
        who=side.who,
    )


def let_go(side: Side, case: UUID, pupil: UUID, *, last_day: date = LAST_DAY) -> None:
    """The origin releases (nothing is sent yet)."""
    conversation.release(
        side.office, case, pupil=pupil, last_day=last_day, today=TODAY, who=side.who
    )


def take_in(side: Side, case: UUID, pupil: UUID) -> None:
    """The receiver accepts the dossier that is there."""
    acceptance.accept(
        side.office,
        case,
        inbox.reopen(side.office, case),
        pupil=pupil,
        remark=None,
        today=TODAY,
        who=side.who,
    )


def begin(provinces: Provinces) -> tuple[UUID, UUID, UUID]:
    """(leaver, arrival, case): the request is made but not sent."""
    leaver = at_origin(provinces.origin)
    arrival = at_receiver(provinces.receiver)
    return leaver, arrival, ask(provinces.receiver, arrival, provinces.origin)


def carry(
    origin: Side, receiver: Side, case: UUID, *, leaver: UUID, arrival: UUID, last_day: date
) -> None:
    """A request that was made, up to the decision stored at the origin."""
    receiver.exchange()
    assert [t.kind for t in origin.exchange()] == ["request"]
    let_go(origin, case, leaver, last_day=last_day)
    origin.exchange()
    taken = receiver.exchange()
    assert [(t.kind, t.outcome, t.failure) for t in taken] == [("dossier", "done", None)]
    take_in(receiver, case, arrival)
    receiver.exchange()
    assert sorted(t.kind for t in origin.exchange()) == ["accept", "receipt"]


def carry_through(provinces: Provinces) -> tuple[UUID, UUID, UUID]:
    """The whole conversation up to the decision stored at the origin."""
    leaver, arrival, case = begin(provinces)
    carry(
        provinces.origin,
        provinces.receiver,
        case,
        leaver=leaver,
        arrival=arrival,
        last_day=LAST_DAY,
    )
    return leaver, arrival, case


def sealed(side: Side, case: UUID, kind: str) -> bytes:
    """The sealed bytes of a message that was told."""
    outbox.seal_waiting(side.office)
    with side.office.ledger.database.connection() as connection:
        row = connection.execute(
            "SELECT sealed FROM ledger.outbox WHERE case_id = %s AND kind = %s"
            " ORDER BY issue DESC LIMIT 1",
            (case, kind),
        ).fetchone()
    assert row is not None, f"no {kind} was told"
    frame: bytes = row[0]
    return frame


def post(side: Side, frame: bytes) -> Taken:
    """A frame arrives at a ledger (whatever carried it)."""
    return inbox.take(side.office, frame, who=side.who)
