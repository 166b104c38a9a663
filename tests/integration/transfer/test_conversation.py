"""One pupil goes from one province to another in the middle of term 2, over real NATS."""

from datetime import date
from uuid import UUID

from ledger import log
from ledger.batch import Verdict
from ledger.desk import Reader
from ledger.gradebook import MarkLine, enter_marks
from ledger.pupil import Pupil
from projections.history import FoldEntry
from projections.transcript import fold_transcript
from tests.integration.transfer.conftest import Provinces, Side
from tests.school import YEAR, class_of, enrol, numbered, open_school, profile, register
from transfer import acceptance, conversation, inbox
from transfer.build import record_of
from transfer.cases import all_cases

TODAY = date(2025, 6, 1)
LAST_DAY = date(2025, 2, 28)
FIRST_DAY = date(2025, 3, 3)
SUBJECTS = ("TOAN", "NGUVAN")


def marks(pupil: UUID, class_code: str, plan: list[tuple[str, int, str, str, date]]) -> list[MarkLine]:
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


def hand_in(side: Side, lines: list[MarkLine]) -> list[Verdict]:
    _, verdicts = side.office.ledger.carry_out(enter_marks, numbered(lines), who=side.who)
    return verdicts


def pupil_state(side: Side, pupil: UUID) -> Pupil:
    ledger = side.office.ledger
    with ledger.database.connection() as connection:
        found = Reader(connection, ledger.keyring, ledger.id).pupils([pupil])[pupil]
    assert found is not None
    return found


def transcript(side: Side, pupil: UUID, on: date):
    ledger = side.office.ledger
    with ledger.database.connection() as connection:
        size = log.head(connection).size
        entries = record_of(connection, pupil_state(side, pupil), size=size)
    return fold_transcript([FoldEntry.of(entry) for entry in entries], pupil=pupil, on=on)


FIRST_TERM = [
    (subject, 1, slot, value, date(2024, 10, day))
    for subject in SUBJECTS
    for day, (slot, value) in enumerate(
        [("TX1", "8"), ("TX2", "7.5"), ("TX3", "9"), ("TX4", "6"), ("GK", "7"), ("CK", "8")], 1
    )
]
SECOND_TERM_BEGUN = [
    ("TOAN", 2, "TX1", "9", date(2025, 2, 3)),
    ("TOAN", 2, "TX2", "8", date(2025, 2, 17)),
    ("NGUVAN", 2, "TX1", "7", date(2025, 2, 4)),
]
SECOND_TERM_HERE = [
    ("TOAN", 2, "TX1", "7", date(2025, 3, 10)),
    ("TOAN", 2, "GK", "8", date(2025, 3, 20)),
]
SECOND_TERM_LATER = [
    ("TOAN", 2, "TX2", "10", date(2025, 4, 10)),
    ("TOAN", 2, "CK", "9", date(2025, 5, 10)),
]


def begin(provinces: Provinces) -> tuple[UUID, UUID, UUID]:
    """The pupil at the origin with marks, at the receiver already in class; the request is made."""
    origin, receiver = provinces.origin, provinces.receiver
    leaver, *_ = class_of(origin.office.ledger, 3)
    hand_in(origin, marks(leaver, "7A1", FIRST_TERM + SECOND_TERM_BEGUN))
    open_school(receiver.office.ledger, code="S9", classes=("7B2",))
    (arrival,) = register(receiver.office.ledger, ["N1"])
    enrol(receiver.office.ledger, [arrival], class_code="7B2", on=FIRST_DAY, kind="provisional")
    assert all(v.fate == "accepted" for v in hand_in(receiver, marks(arrival, "7B2", SECOND_TERM_HERE)))
    case = conversation.request(
        receiver.office,
        pupil=arrival,
        from_ledger=origin.office.ledger.id,
        school_code="S9",
        first_day=FIRST_DAY,
        who=receiver.who,
    )
    return leaver, arrival, case


def carry_through(provinces: Provinces) -> tuple[UUID, UUID, UUID]:
    """The whole conversation up to the decision stored at the origin."""
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    receiver.exchange()
    assert [t.kind for t in origin.exchange()] == ["request"]
    conversation.release(
        origin.office, case, pupil=leaver, last_day=LAST_DAY, today=TODAY, who=origin.who
    )
    origin.exchange()
    taken = receiver.exchange()
    assert [(t.kind, t.outcome, t.failure) for t in taken] == [("dossier", "done", None)]
    accept(receiver, case, arrival)
    receiver.exchange()
    assert sorted(t.kind for t in origin.exchange()) == ["accept", "receipt"]
    return leaver, arrival, case


def accept(side: Side, case: UUID, pupil: UUID) -> None:
    acceptance.accept(
        side.office,
        case,
        inbox.reopen(side.office, case),
        pupil=pupil,
        remark=None,
        today=TODAY,
        who=side.who,
    )


def test_the_history_arrives_whole_and_joins_what_was_written_meanwhile(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = carry_through(provinces)
    with origin.office.ledger.database.connection() as connection:
        assert [(c.id, c.state, c.receipt) for c in all_cases(connection)] == [
            (case, "accepted", True)
        ]
    state = pupil_state(receiver, arrival)
    assert [change.kind for change in state.changes] == ["transfer_in"]
    assert pupil_state(origin, leaver).released == (case, receiver.office.ledger.id)
    hand_in(receiver, marks(arrival, "7B2", SECOND_TERM_LATER))
    on = date(2025, 5, 31)
    year = transcript(receiver, arrival, on).years[0]
    maths = next(s for s in year["subjects"] if s["subject"] == "TOAN")
    assert maths["semesters"]["2"]["marks"] == {
        "TX": ["9.0", "8.0", "7.0", "10.0"],
        "GK": "8.0",
        "CK": "9.0",
    }
    ledgers = {by["ledger"] for by in maths["semesters"]["2"]["by"]}
    assert len(ledgers) == 2
    released = transcript(origin, leaver, TODAY)

