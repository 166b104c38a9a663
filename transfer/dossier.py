"""What a dossier says: the payload of a `dossier` message, as closed models, and reading its parts.

Entries travel as they are stored, each with its record; everything else is there so that nobody
has to be believed about them.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, JsonValue, ValidationError

from ledger import envelope
from ledger.envelope import Envelope
from ledger.event import Category, Event, Frozen
from ledger.log import Origin, record
from transfer.errors import CheckFailed
from transfer.message import Hex32, Instant


def _base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("base64 was expected") from None
    return text


Base64 = Annotated[str, AfterValidator(_base64)]


class Record(Frozen):
    """An entry's record, as its author's log has it."""

    ledger: UUID
    stream: UUID
    version: int
    topic: str
    position: int
    recorded_at: Instant
    entry_hash: Hex32

    @property
    def origin(self) -> Origin:
        """The entry's place in its author's log."""
        return Origin(self.position, self.recorded_at)

    @property
    def canonical(self) -> dict[str, JsonValue]:
        """What is hashed."""
        return record(
            ledger=self.ledger,
            stream=self.stream,
            version=self.version,
            topic=self.topic,
            origin=self.origin,
            entry_hash=bytes.fromhex(self.entry_hash),
        )


class CarriedEntry(Frozen):
    """An entry: its record and its stored bytes (base64)."""

    record: Record
    body: Base64

    @property
    def stored(self) -> bytes:
        """The stored bytes."""
        return base64.b64decode(self.body)


class Inclusion(Frozen):
    """That the entry at `index` is in the log of the checkpoint; hashes in hexadecimal.

    `recorded_at` is there for an entry that was lost and put back after a restore: it stands at
    another place and instant of the new log than its record says (see `in_log.check_place`).
    """

    checkpoint: str
    index: int
    proof: tuple[Hex32, ...]
    recorded_at: Instant | None = Field(default=None, exclude_if=lambda instant: instant is None)


class Hop(Frozen):
    """One release on the pupil's way: what it covered, and that it is in that ledger's log."""

    ledger: UUID
    release: CarriedEntry
    root: Hex32
    entries: int
    inclusion: Inclusion


class CarriedStream(Frozen):
    """A stream's entries in the order of their versions."""

    id: UUID
    ledger: UUID
    entries: tuple[CarriedEntry, ...]


class SheetStatement(Frozen):
    """What a teacher signs: one column of a class, without a name."""

    ledger: UUID
    class_code: str
    subject: str
    semester: int
    slot: str
    date: date
    count: int
    root: Hex32


class SheetPath(Frozen):
    """That a mark of the dossier stands in a sheet. `signature` comes with people's keys."""

    statement: SheetStatement
    signature: None
    stream: UUID
    version: int
    index: int
    path: tuple[Hex32, ...]


class ClosingProof(Frozen):
    """That a closing is in its log, under a checkpoint of its own time where there is one."""

    stream: UUID
    version: int
    inclusion: Inclusion


class References(Frozen):
    """The names needed to read the entries, by code: of their author's units and classes.

    A unit's `provinces` are those it stood under: [first day, code, name] in the order of time.
    """

    units: dict[str, dict[str, str | list[tuple[str, str, str]] | None]]
    classes: dict[str, dict[str, str | None]]
    staff: dict[str, dict[str, str | None]]


class CarriedKey(Frozen):
    """A person's data key, protected by the sealing of the message alone."""

    key_id: UUID
    person: UUID
    ledger: UUID
    category: Category
    key: Base64


class DigestStatement(Frozen):
    """The released digest, folded from the dossier's entries alone."""

    v: Literal[1]
    value: str
    on: date
    position: int


class Audience(Frozen):
    """Whom the dossier is for."""

    ledger: UUID
    school: str | None


class Dossier(Frozen):
    """The payload of a dossier. `attachments` is a place kept for later; `ext` may say that the
    transfer undoes another: `{"returns": id}`."""

    v: Literal[1]
    iss: UUID
    aud: Audience
    transfer_id: UUID
    pupil: UUID
    hops: tuple[Hop, ...]
    streams: tuple[CarriedStream, ...]
    sheets: tuple[SheetPath, ...]
    closings: tuple[ClosingProof, ...]
    references: dict[str, References]
    code_lists: dict[str, JsonValue]
    keys: tuple[CarriedKey, ...]
    digest: DigestStatement
    attachments: tuple[JsonValue, ...]
    ext: dict[str, JsonValue]

    @classmethod
    def read(cls, payload: JsonValue) -> "Dossier":
        """The payload as a model.

        Raises:
            CheckFailed: 5 `bad_json`, naming the first field at fault.
        """
        try:
            return cls.model_validate(payload)
        except ValidationError as error:
            where = "/".join(str(part) for part in error.errors()[0]["loc"])
            raise CheckFailed(5, "bad_json", f"not a dossier: field {where}") from error

    @property
    def returns(self) -> UUID | None:
        """The transfer that this one undoes; None where it says none."""
        said = self.ext.get("returns")
        try:
            return UUID(said) if isinstance(said, str) else None
        except ValueError:
            return None

    @property
    def last_hop(self) -> Hop:
        """The release that this dossier carries out."""
        return self.hops[-1]


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """A carried entry decoded: who wrote it, where it stands, what it says."""

    ledger: UUID
    stream: UUID
    version: int
    carried: CarriedEntry
    envelope: Envelope
    event: Event


def read_entry(carried: CarriedEntry) -> ReadEntry:
    """Decodes a carried entry. Raises MalformedBytes, UnknownTopic or pydantic's error."""
    parsed = envelope.decode(carried.stored)
    return ReadEntry(
        ledger=carried.record.ledger,
        stream=carried.record.stream,
        version=carried.record.version,
        carried=carried,
        envelope=parsed,
        event=parsed.event(),
    )
