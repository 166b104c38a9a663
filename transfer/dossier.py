"""What a dossier says: the payload of a `dossier` message, as closed models, and reading its parts.

Entries travel as they are stored, each with its record; everything else is there so that nobody
has to be believed about them. A part that is read twice is decoded once.
"""

import binascii
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Final, Literal, TypeVar
from uuid import UUID

from pydantic import AfterValidator, FailFast, Field, JsonValue, StringConstraints, ValidationError

from ledger import envelope, sheet
from ledger.envelope import Envelope
from ledger.event import Category, Event, Frozen
from ledger.record import Origin, canonical_record, record
from signing import canonical, hashing
from transfer.errors import CheckFailed
from transfer.message import Hex32, Instant

MAX_HOPS: Final = 32
MAX_STREAMS: Final = 500
MAX_ENTRIES: Final = 4_000
"""In all streams of a dossier: twelve years at one school make some two thousand."""
MAX_SHEETS: Final = MAX_ENTRIES
MAX_CLOSINGS: Final = 500
MAX_KEYS: Final = 100
MAX_NAMES: Final = 2_000
"""Units, classes and staff that all references together may name."""
MAX_FACTS: Final = 16
"""What is said of each of them."""

CLOSING: Final = "hocba-closing/1"
NAMING: Final = "hocba-naming/1"
"""Kinds of signatures over single parts."""

T = TypeVar("T")
Some = Annotated[tuple[T, ...], FailFast()]
"""A list that is refused at its first member at fault: naming a million would fill the memory."""


def _base64(text: str) -> str:
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        raise ValueError("base64 was expected") from None
    return text


Base64 = Annotated[str, AfterValidator(_base64)]
Note = Annotated[str, StringConstraints(max_length=16 * 1024)]
"""A signed note: a checkpoint with its witnesses' lines."""
Detached = Annotated[str, StringConstraints(max_length=40 * 1024)]
"""A compact detached JWS (`signing.jws.sign_detached`)."""


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
    def canonical(self) -> dict[str, str | int]:
        """What is hashed."""
        return record(
            ledger=self.ledger,
            stream=self.stream,
            version=self.version,
            topic=self.topic,
            origin=self.origin,
            entry_hash=bytes.fromhex(self.entry_hash),
        )

    @property
    def canonical_text(self) -> str:
        """The canonical JSON of it."""
        return canonical_record(
            ledger=self.ledger,
            stream=self.stream,
            version=self.version,
            topic=self.topic,
            origin=self.origin,
            entry_hash=self.entry_hash,
        )

    @property
    def leaf(self) -> bytes:
        """SHA-256(0x00 canonical(record)): the leaf of a released root."""
        return hashing.leaf_hash(self.canonical_text.encode())


class CarriedEntry(Frozen):
    """An entry: its record and its stored bytes (base64)."""

    record: Record
    body: Base64

    @cached_property
    def stored(self) -> bytes:
        """The stored bytes."""
        return binascii.a2b_base64(self.body)

    @cached_property
    def decoded(self) -> tuple[Envelope, Event]:
        """Its envelope and its event. Raises MalformedBytes, UnknownTopic or pydantic's error."""
        parsed = envelope.decode(self.stored)
        return parsed, parsed.event()

    @property
    def read(self) -> "ReadEntry":
        """The entry decoded; raises as `decoded`. It is not kept here: each would hold the other,
        and what a large record weighs be let go only when cycles are looked for."""
        return ReadEntry(
            self.record.ledger, self.record.stream, self.record.version, self, *self.decoded
        )


class Inclusion(Frozen):
    """That the entry at `index` is in the log of the checkpoint; hashes in hexadecimal.

    `recorded_at` is there for an entry that was lost and put back after a restore: it stands at
    another place and instant of the new log than its record says (see `in_log.check_place`).
    """

    checkpoint: Note
    index: int
    proof: Some[Hex32] = Field(max_length=64)
    recorded_at: Instant | None = Field(default=None, exclude_if=lambda instant: instant is None)


class Consistency(Frozen):
    """That the log of a checkpoint and its prefix (or continuation) of `size` entries are one."""

    size: int = Field(ge=1)
    proof: Some[Hex32] = Field(max_length=128)


class References(Frozen):
    """The names needed to read the entries, by code: of their author's units and classes.

    A unit's `provinces` are those it stood under: [first day, code, name] in the order of time.
    """

    units: dict[str, dict[str, str | list[tuple[str, str, str]] | None]]
    classes: dict[str, dict[str, str | None]]
    staff: dict[str, dict[str, str | None]]


class TimedSignature(Frozen):
    """A detached signature; `signed_at` is what the signer says, and is signed too."""

    signed_at: Instant
    value: Detached


class Naming(Frozen):
    """The references of a released record under its ledger's seal: nobody on the way can rename
    a school."""

    references: References
    signature: TimedSignature


def naming_statement(references: References, release: CarriedEntry, signed_at: str) -> bytes:
    """The bytes a ledger seals of its references, for one release."""
    return canonical.dumps(
        {
            "release": release.record.entry_hash,
            "references": references.model_dump(mode="json"),
            "signed_at": signed_at,
        }
    )


class Hop(Frozen):
    """One release on the pupil's way: what it covered, and that it is in that ledger's log.

    `consistency` ties its checkpoint to one the receiver has seen before, `naming` its references
    to its seal. Hops that were stored before there were such have none: an absent proof proves
    nothing, and the report says so.
    """

    ledger: UUID
    release: CarriedEntry
    root: Hex32
    entries: int
    inclusion: Inclusion
    consistency: Consistency | None = None
    naming: Naming | None = None


class CarriedStream(Frozen):
    """A stream's entries in the order of their versions."""

    id: UUID
    ledger: UUID
    entries: Some[CarriedEntry]


class ProposalProof(Frozen):
    """That an accepted proposal is in its author's log."""

    version: int
    inclusion: Inclusion


class SupplementStream(CarriedStream):
    """What follows in a pupil-year after what the hops cover, up to the last accepted proposal; a
    stream that no hop covers from its beginning."""

    proofs: tuple[ProposalProof, ...]


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

    @cached_property
    def canonical(self) -> bytes:
        """The bytes that are signed."""
        return sheet.statement(
            self.class_code,
            self.subject,
            self.semester,
            self.slot,
            self.date,
            ledger=self.ledger,
            count=self.count,
            root=self.root,
        )


class SheetPath(Frozen):
    """That a mark of the dossier stands in a sheet, which a person signed (None: nobody did)."""

    statement: SheetStatement
    signature: Detached | None
    stream: UUID
    version: int
    index: int
    path: Some[Hex32] = Field(max_length=64)


class ClosingProof(Frozen):
    """That a closing is in its log, under a checkpoint of its own time where there is one, and
    who signed it. Dossiers sealed before closings were signed have no `signature` member.
    """

    stream: UUID
    version: int
    inclusion: Inclusion
    signature: TimedSignature | None = None


def closing_statement(closing: CarriedEntry, signed_at: str) -> bytes:
    """The bytes signed of a closing: its entry hash, which covers all it says, and when."""
    return canonical.dumps({"closing": closing.record.entry_hash, "signed_at": signed_at})


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


class Inspector(Frozen):
    """A named reader to whom the record is shown: it is not handed over, and is not sealed."""

    inspector: str = Field(min_length=1, max_length=200)
    disclosed_at: Instant


class Dossier(Frozen):
    """The payload of a dossier. `attachments` is a place kept for later; `ext` may say that the
    transfer undoes another: `{"returns": id}`."""

    v: Literal[1]
    iss: UUID
    aud: Audience | Inspector
    transfer_id: UUID
    pupil: UUID
    hops: Some[Hop] = Field(min_length=1, max_length=MAX_HOPS)
    streams: Some[CarriedStream] = Field(max_length=MAX_STREAMS)
    supplements: Some[SupplementStream] = Field(max_length=MAX_STREAMS)
    sheets: Some[SheetPath] = Field(max_length=MAX_SHEETS)
    closings: Some[ClosingProof] = Field(max_length=MAX_CLOSINGS)
    references: dict[str, References]
    code_lists: dict[str, JsonValue]
    keys: Some[CarriedKey] = Field(max_length=MAX_KEYS)
    digest: DigestStatement
    attachments: tuple[JsonValue, ...]
    ext: dict[str, JsonValue]

    @classmethod
    def read(cls, payload: JsonValue) -> "Dossier":
        """The payload as a model.

        Raises:
            CheckFailed: 5 `bad_json`, naming the first field at fault.
        """
        _require_bounded(payload)
        try:
            return cls.model_validate(payload)
        except ValidationError as error:
            where = "/".join(str(part) for part in error.errors()[0]["loc"])
            raise CheckFailed(5, "bad_json", f"not a dossier: field {where[:200]}") from error

    @property
    def carried(self) -> tuple[CarriedEntry, ...]:
        """Every entry: what the hops cover, then what was accepted of what came after."""
        streams = (*self.streams, *self.supplements)
        return tuple(entry for stream in streams for entry in stream.entries)

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


def _require_bounded(payload: JsonValue) -> None:
    """Counts what streams and references hold before a model is made of any of it: a model of an
    object tells every member at fault, and a million of them fill the memory."""
    if not isinstance(payload, dict):
        return
    streams, references = payload.get("streams"), payload.get("references")
    lists = [_of(stream, "entries") for stream in streams] if isinstance(streams, list) else []
    if sum(len(found) for found in lists if isinstance(found, list)) > MAX_ENTRIES:
        raise CheckFailed(5, "bad_json", f"a dossier of more than {MAX_ENTRIES} entries")
    hops = payload.get("hops")
    told = list(references.values()) if isinstance(references, dict) else []
    if isinstance(hops, list):
        told += [_of(_of(hop, "naming"), "references") for hop in hops]
    named = [_of(said, kind) for said in told for kind in ("units", "classes", "staff")]
    facts = [fact for known in named if isinstance(known, dict) for fact in known.values()]
    most = max((len(fact) for fact in facts if isinstance(fact, dict)), default=0)
    if len(told) > 2 * MAX_HOPS or len(facts) > 2 * MAX_NAMES or most > MAX_FACTS:
        raise CheckFailed(5, "bad_json", f"references to more than {MAX_NAMES} names")


def _of(value: JsonValue, member: str) -> JsonValue:
    return value.get(member) if isinstance(value, dict) else None


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
    """Decodes a carried entry, once. Raises MalformedBytes, UnknownTopic or pydantic's error."""
    return carried.read
