"""Records that went to another system: the entries that remember what was sent, and as what.

The version of a record rises by one with every sending, so that the receiver can tell the newer;
what was sent is appended only after it is completely written, so that a sending that was cut off
gets the same version again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from ledger import pupil, pupil_year
from ledger.batch import Batch, Line
from ledger.errors import Refused
from ledger.event import Event
from ledger.events.pupil_year import ExchangeRecordSent
from ledger.pupil_year import PupilYear, Sent
from ledger.reader import Reader
from ledger.registration import unknown_pupil, year_ref

Act = Literal["NEW", "UPDATE", "CANCEL"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordSent:
    """A record of one pupil's year went out; `digest` (`sha256:`) is over its content."""

    pupil: UUID
    school_year: str
    exchange: str
    record: UUID
    act: Act
    version: int
    digest: str
    on: date


@dataclass(frozen=True, slots=True)
class Sending:
    """What a record would have to be sent as."""

    act: Act
    version: int


def next_sending(last: Sent | None, digest: str | None) -> Sending | None:
    """As what a record of that content goes out after `last`; None where nothing is to be sent.

    `digest` None: there is no such record (any more). A cancelled record that exists again is
    new, under the next version.
    """
    gone = last is None or last.event == "CANCEL"
    version = 1 if last is None else last.version + 1
    if digest is None:
        return None if gone else Sending("CANCEL", version)
    if gone:
        return Sending("NEW", version)
    assert last is not None
    return None if last.digest == digest else Sending("UPDATE", version)


def decide_sent(year: PupilYear, command: RecordSent) -> list[Event]:
    """The entry that remembers a sending; none where this very sending is on record.

    Raises:
        Refused: `exchange_version`, another sending of the record came in between.
    """
    last = year.sent.get(f"{command.exchange}/{command.record}")
    this = Sent(
        record=command.record, event=command.act, version=command.version, digest=command.digest
    )
    if last == this:
        return []
    expected = next_sending(last, None if command.act == "CANCEL" else command.digest)
    if expected != Sending(command.act, command.version):
        raise Refused(
            "exchange_version",
            f"the record went out as version {last.version if last else 0} meanwhile",
            field="record_version",
            suggestion="export again",
        )
    return [
        ExchangeRecordSent(
            effective_on=command.on,
            exchange=command.exchange,
            record=command.record,
            event=command.act,
            record_version=command.version,
            digest=command.digest,
        )
    ]


def record_sent(reader: Reader, batch: Batch, lines: Sequence[Line[RecordSent]]) -> None:
    """Remembers sendings, one line each; a released pupil's record is not ours to send."""
    pupils = reader.pupils({line.command.pupil for line in lines})
    keys = {(line.command.pupil, line.command.school_year) for line in lines}
    years = reader.years(keys, columns=())
    for line in lines:
        command = line.command
        key = (command.pupil, command.school_year)
        try:
            found, year = pupils[command.pupil], years[key]
            if found is None:
                raise unknown_pupil()
            pupil.require_custody(found)
            if year is None:
                raise Refused(
                    "not_enrolled",
                    f"the pupil has no enrolment in {command.school_year} here",
                    field="school_year",
                )
            events = decide_sent(year, command)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for event in events:
            years[key] = year = pupil_year.evolve(year, event, 1)
        batch.accept(line, [(year_ref(reader, *key), events)])
