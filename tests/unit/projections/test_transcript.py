"""The transcript folded from entries alone: one ledger, then two, and the released digest."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger.event import Event, Sealed
from ledger.events.pupil import EnrolmentKind, PupilEnrolled, PupilRegistered, TransferAccepted
from ledger.events.pupil_year import MarkEntered, PupilYearOpened
from ledger.ids import year_stream
from projections.history import fold_history
from projections.names import Names
from projections.transcript import FoldEntry, fold_transcript, released_digest

ORIGIN, RECEIVER, STRANGER = UUID(int=31), UUID(int=22), UUID(int=99)
THERE, HERE = UUID(int=1), UUID(int=2)
YEAR = "2024-2025"
END = date(2025, 5, 31)
SEALED = Sealed(key_id=UUID(int=0), commitment="", nonce="", ciphertext="")
REQUIRED = ("TX1", "TX2", "GK", "CK")


def written(ledger: UUID, stream: UUID, events: Sequence[Event]) -> list[FoldEntry]:
    return [FoldEntry(ledger, stream, version, e) for version, e in enumerate(events, 1)]


def person(
    ledger: UUID, pupil: UUID, on: date, kind: EnrolmentKind, more: Sequence[Event] = ()
) -> list[FoldEntry]:
    registered = PupilRegistered(effective_on=on, pupil_id=pupil, statutory=SEALED, voluntary=None)
    enrolled = PupilEnrolled(
        effective_on=on,
        kind=kind,
        school_code="S1",
        class_code="7A1",
        school_year=YEAR,
        grade=7,
        programme="GDPT2018",
        statutory=None,
    )
    return written(ledger, pupil, [registered, enrolled, *more])


def marks(ledger: UUID, pupil: UUID, cells: Sequence[tuple[str, str, date]]) -> list[FoldEntry]:
    opened = PupilYearOpened(
        effective_on=date(2024, 8, 1),
        pupil_id=pupil,
        school_year=YEAR,
        grade=7,
        programme="GDPT2018",
        regulation="TT22_2021",
        school_code="S1",
        class_code="7A1",
    )
    entered = [
        MarkEntered(
            effective_on=on,
            school_code="S1",
            class_code="7A1",
            subject="GDCD",
            form="score",
            semester=2,
            slot=slot,
            value=value,
            required=REQUIRED,
            components=(),
            sheet="s",
            salt="00",
        )
        for slot, value, on in cells
    ]
    return written(ledger, year_stream(ledger, pupil, YEAR), [opened, *entered])


def accepted(*covered: tuple[UUID, int]) -> TransferAccepted:
    return TransferAccepted(
        effective_on=date(2025, 3, 1),
        case=UUID(int=7),
        from_ledger=ORIGIN,
        sender_pupil=THERE,
        root="",
        digest="",
        covered=(covered,),
    )


ORIGINALS = [
    *person(ORIGIN, THERE, date(2024, 9, 5), "start"),
    *marks(ORIGIN, THERE, [("TX1", "8.0", date(2025, 1, 20)), ("GK", "7.0", date(2025, 2, 3))]),
]
COVERED = ((THERE, 2), (year_stream(ORIGIN, THERE, YEAR), 3))
OURS = marks(
    RECEIVER,
    HERE,
    [
        ("TX1", "9.0", date(2025, 3, 10)),
        ("TX2", "6.0", date(2025, 4, 10)),
        ("GK", "10.0", date(2025, 3, 20)),
        ("CK", "9.0", date(2025, 5, 10)),
    ],
)


def receiver(*events: Event) -> list[FoldEntry]:
    return [*person(RECEIVER, HERE, date(2025, 2, 10), "provisional", events), *OURS]


def second_term(entries: Sequence[FoldEntry], pupil: UUID, on: date = END) -> dict[str, Any]:
    (year,) = fold_transcript(entries, pupil=pupil, on=on).years
    term: dict[str, Any] = year["subjects"][0]["semesters"]["2"]
    return term


def test_marks_of_both_ledgers_count_up_to_the_required_number_in_order_of_date() -> None:
    term = second_term([*ORIGINALS, *receiver(accepted(*COVERED))], HERE)
    assert term["marks"] == {"TX": ["8.0", "9.0"], "GK": "7.0", "CK": "9.0"}
    assert [(m["slot"], m["value"]) for m in term["surplus"]] == [("TX2", "6.0"), ("GK", "10.0")]
    assert [by["ledger"] for by in term["by"]] == [str(ORIGIN), str(RECEIVER)]


def test_copies_count_only_once_an_acceptance_covers_them() -> None:
    assert second_term([*ORIGINALS, *receiver()], HERE)["marks"]["TX"] == ["9.0", "6.0"]


def test_what_lies_behind_the_covered_version_does_not_count() -> None:
    part = (COVERED[0], (COVERED[1][0], 2))
    term = second_term([*ORIGINALS, *receiver(accepted(*part))], HERE)
    assert term["marks"]["GK"] == "10.0"


def test_entries_of_a_ledger_that_nobody_released_do_not_count() -> None:
    strange = marks(STRANGER, UUID(int=5), [("TX1", "1.0", date(2025, 1, 10))])
    entries = receiver(accepted(*COVERED))
    assert second_term([*strange, *entries], HERE) == second_term(entries, HERE)


def test_the_released_digest_is_the_same_on_both_sides() -> None:
    day = date(2025, 2, 9)
    here = released_digest(ORIGINALS, pupil=THERE, on=day)
    assert released_digest(list(reversed(ORIGINALS)), pupil=THERE, on=day) == here
    assert released_digest(ORIGINALS, pupil=THERE, on=date(2025, 1, 31)) != here


def test_the_digest_names_the_pupil_by_the_first_origins_id() -> None:
    history = fold_history([*ORIGINALS, *receiver(accepted(*COVERED))], pupil=HERE, on=END)
    assert history.first_id == THERE
    assert fold_history(receiver(), pupil=HERE, on=END).first_id == HERE


def test_digests_agree_where_the_same_entries_are_held_and_counted() -> None:
    empty = marks(RECEIVER, HERE, [])
    newcomer = person(RECEIVER, HERE, date(2025, 2, 10), "provisional", [accepted(*COVERED)])
    there = fold_transcript(ORIGINALS, pupil=THERE, on=END)
    here = fold_transcript([*ORIGINALS, *newcomer, *empty], pupil=HERE, on=END)
    assert here.digest == there.digest


def test_a_stay_at_the_origin_ends_where_the_next_begins() -> None:
    names = Names({ORIGIN: "31", RECEIVER: "22"}, {(ORIGIN, "S1"): "THCS A"})
    folded = fold_transcript(
        [*ORIGINALS, *receiver(accepted(*COVERED))], pupil=HERE, on=END, names=names
    )
    stays = [(s["ledger"], s["name"], s["from"], s["to"]) for s in folded.years[0]["schools"]]
    assert stays == [
        ("31", "THCS A", "2024-09-05", "2025-02-10"),
        ("22", None, "2025-02-10", None),
    ]


def test_a_dossier_without_the_pupils_own_stream_is_an_error() -> None:
    with pytest.raises(ValueError, match="own stream"):
        released_digest(ORIGINALS, pupil=HERE, on=END)
