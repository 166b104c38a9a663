"""Provinces made up in memory: each has its keys and a log, and proves what stands in it.

No database: entries are encoded, logged, released and proven as `transfer.build` does it from a
real log (tests/integration/transfer compares the two by putting real dossiers through the same
checks). What a province writes may be dishonest; its hashes and signatures are then true.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID, uuid4

from ledger import envelope, sheet
from ledger.envelope import DataKey
from ledger.event import KEYED, Category, Event, StreamKind, Who
from ledger.events.pupil import PupilEnrolled, PupilRegistered, Released
from ledger.events.pupil_year import MarkEntered, PeriodClosed, PupilYearOpened
from ledger.ids import uuid7, year_stream
from ledger.record import Origin, instant_text, leaf, record
from projections.transcript import FoldEntry, released_digest
from signing import aead, certificates, jws, merkle
from signing.certificates import Purpose
from signing.jws import FileSigner
from signing.note import Checkpoint, NoteSigner, sign_note
from signing.sealing import KeyPair
from signing.trust import EncryptionKey, Label, LedgerTrust
from tests.school import profile
from transfer.completeness import records_root
from transfer.dossier import (
    CLOSING,
    NAMING,
    CarriedEntry,
    CarriedKey,
    ClosingProof,
    Consistency,
    Hop,
    Inclusion,
    Naming,
    Record,
    References,
    SheetPath,
    SheetStatement,
    TimedSignature,
    closing_statement,
    naming_statement,
)

BEGAN = datetime(2024, 9, 1, tzinfo=UTC)
"""When the logs begin; an entry is recorded every second."""
SPAN = {
    "not_before": datetime(2020, 1, 1, tzinfo=UTC),
    "not_after": datetime(2040, 1, 1, tzinfo=UTC),
}
NOW = datetime(2025, 6, 1, tzinfo=UTC)
DAY = date(2025, 2, 28)
WHO = Who(recorded_by="operator", on_behalf_of=None, provenance=KEYED)


class Keys:
    """Data keys, one for each person and category."""

    def __init__(self) -> None:
        self.known: dict[tuple[UUID, Category], DataKey] = {}

    def key_for(self, person: UUID, category: Category) -> DataKey:
        if (person, category) not in self.known:
            key_id, key = uuid4(), aead.new_key()
            self.known[person, category] = DataKey(key_id, key, aead.commitment(key, key_id.bytes))
        return self.known[person, category]

    def key(self, key_id: UUID) -> DataKey | None:
        return next((key for key in self.known.values() if key.id == key_id), None)


@dataclass
class Province:
    """A ledger: its keys, its log, whom it trusts (told by `bundle_of`)."""

    name: str
    id: UUID = field(default_factory=uuid7)
    log: list[CarriedEntry] = field(default_factory=list)
    keys: Keys = field(default_factory=Keys)
    versions: dict[UUID, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.authority = certificates.make_authority(f"Board of {self.name}", **SPAN)
        self.seal = self.certified("Seal", Purpose.SEAL)
        self.checkpoint = NoteSigner.generate(f"hocba.test/{self.id}")
        self.encryption = KeyPair.generate()

    def certified(self, name: str, purpose: Purpose, **span: datetime) -> FileSigner:
        """A key with a certificate of this province."""
        made = certificates.issue_seal(
            self.authority,
            common_name=name,
            ledger_id=self.id,
            purpose=purpose,
            **{**SPAN, **span},
        )
        return FileSigner(made.key, made.chain)

    @property
    def trusted(self) -> LedgerTrust:
        """What a trust bundle says of it."""
        return LedgerTrust(
            id=self.id,
            name=self.name,
            labels=(Label(name=self.name, code="31", start=date(2025, 7, 1)),),
            checkpoint_key=self.checkpoint.verifier.vkey,
            seal_root=certificates.dump_pem([self.authority.certificate]),
            nats_account=self.name,
            encryption_key=EncryptionKey.of(self.encryption.public_bytes()),
            incarnation=1,
            first_checkpoint=None,
        )

    def write(self, stream: UUID, event: Event, *, person: UUID | None = None) -> CarriedEntry:
        """Appends an entry to the log."""
        made = envelope.encode(
            event, author=self.id, stream=stream, who=WHO, person=person, keys=self.keys
        )
        position = len(self.log)
        version = self.versions[stream] = self.versions.get(stream, 0) + 1
        said = record(
            ledger=self.id,
            stream=stream,
            version=version,
            topic=event.TOPIC,
            origin=Origin(position, BEGAN + timedelta(seconds=position)),
            entry_hash=made.entry_hash,
        )
        entry = CarriedEntry(
            record=Record.model_validate(said), body=base64.b64encode(made.body).decode()
        )
        self.log.append(entry)
        return entry

    @cached_property
    def teacher(self) -> FileSigner:
        """A person who signs sheets."""
        return self.certified("Cô Lan", Purpose.PERSON)

    def fill(self, years: int) -> None:
        """Entries of nobody in particular, so that the log is not only the pupil's."""
        for _ in range(years):
            self.register(uuid7())

    def register(self, pupil: UUID) -> CarriedEntry:
        """A pupil's record begins."""
        begun = PupilRegistered(
            effective_on=date(2024, 9, 1),
            pupil_id=pupil,
            statutory=profile("Nguyễn Thị Na"),
            voluntary=None,
        )
        return self.write(pupil, begun, person=pupil)

    def enrol(self, pupil: UUID, *, school_year: str = "2024-2025", grade: int = 7) -> UUID:
        """A year of the pupil begins; returns its stream."""
        first = date(int(school_year[:4]), 9, 1)
        self.write(
            pupil,
            PupilEnrolled(
                effective_on=first,
                kind="start",
                school_code="S1",
                class_code="7A1",
                school_year=school_year,
                grade=grade,
                programme="GDPT2018",
                statutory=None,
            ),
            person=pupil,
        )
        stream = year_stream(self.id, pupil, school_year)
        opened = PupilYearOpened(
            effective_on=first,
            pupil_id=pupil,
            school_year=school_year,
            grade=grade,
            programme="GDPT2018",
            regulation="TT22_2021",
            school_code="S1",
            class_code="7A1",
        )
        self.write(stream, opened, person=pupil)
        return stream

    def close(self, stream: UUID, pupil: UUID) -> CarriedEntry:
        """Term 1 is closed."""
        closed = PeriodClosed(
            effective_on=date(2025, 1, 15),
            period="HK1",
            regulation="TT22_2021",
            strategy="removal_any_subject",
            results={},
            missing=(),
            study=None,
            adjusted=False,
            conduct=None,
        )
        return self.write(stream, closed, person=pupil)

    def mark(
        self,
        stream: UUID,
        pupil: UUID,
        *,
        slot: str = "TX1",
        value: str = "8.0",
        subject: str = "TOAN",
        on: date = date(2024, 10, 1),
        salt: str = "0f" * 16,
    ) -> CarriedEntry:
        """A mark of term 1."""
        entered = MarkEntered(
            effective_on=on,
            school_code="S1",
            class_code="7A1",
            subject=subject,
            form="score",
            semester=1,
            slot=slot,
            value=value,
            required=("TX1", "TX2", "TX3", "TX4", "GK", "CK"),
            components=(),
            sheet=f"7A1/{subject}/1/{slot}/{on}",
            salt=salt,
        )
        return self.write(stream, entered, person=pupil)

    def checkpoint_note(
        self,
        size: int | None = None,
        *,
        root: bytes | None = None,
        signers: Sequence[NoteSigner] = (),
        at: datetime = NOW,
    ) -> str:
        """A signed checkpoint of the log, cosigned by `signers`."""
        size = len(self.log) if size is None else size
        text = Checkpoint(self.checkpoint.name, size, root or merkle.root_of(self.leaves(size)))
        return sign_note(text.text(), [self.checkpoint, *signers], at=at)

    def leaves(self, size: int | None = None) -> list[bytes]:
        """The log's leaf hashes."""
        return [_leaf_of(entry) for entry in self.log[:size]]

    def inclusion(
        self, entry: CarriedEntry, *, size: int | None = None, note: str | None = None
    ) -> Inclusion:
        """An entry under a checkpoint of the log."""
        size = len(self.log) if size is None else size
        position = entry.record.position
        proof = merkle.inclusion_proof(position, size, merkle.subtree_of(self.leaves(size)))
        return Inclusion(
            checkpoint=note or self.checkpoint_note(size),
            index=position,
            proof=tuple(part.hex() for part in proof),
        )

    def consistency(self, first: int, second: int | None = None) -> Consistency:
        """The proof that the log of `second` entries goes on from that of `first`."""
        second = len(self.log) if second is None else second
        proof = merkle.consistency_proof(first, second, merkle.subtree_of(self.leaves(second)))
        return Consistency(size=first, proof=tuple(part.hex() for part in proof))

    def release(
        self,
        pupil: UUID,
        to: UUID,
        *,
        case: UUID,
        earlier: Sequence[CarriedEntry] = (),
        own: Sequence[CarriedEntry] | None = None,
        digest: str | None = None,
    ) -> CarriedEntry:
        """Releases what was written of the pupil; `earlier` are other ledgers' entries. The digest
        is folded from them unless another is given."""
        own = self.about(pupil) if own is None else own
        streams: dict[UUID, int] = {}
        for entry in own:
            streams[entry.record.stream] = entry.record.version
        if digest is None:
            folded = [_fold(entry) for entry in [*earlier, *own]]
            digest = released_digest(folded, pupil=pupil, on=DAY)
        made = Released(
            effective_on=DAY,
            case=case,
            to_ledger=to,
            to_school=None,
            root=records_root(own).hex(),
            entries=len(own),
            streams=tuple(streams.items()),
            digest=digest,
            last_day=DAY,
        )
        return self.write(pupil, made, person=pupil)

    def about(self, pupil: UUID) -> list[CarriedEntry]:
        """Our pupil and pupil-year entries of a pupil, in position order."""
        kinds = (StreamKind.PUPIL, StreamKind.PUPIL_YEAR)
        years = {
            entry.record.stream
            for entry in self.log
            if isinstance(entry.read.event, PupilYearOpened) and entry.read.event.pupil_id == pupil
        }
        return [
            entry
            for entry in self.log
            if entry.record.stream in {pupil, *years} and entry.read.event.STREAM in kinds
        ]

    def hop(self, release: CarriedEntry, **changed: Any) -> Hop:
        """A release with its proofs."""
        event = release.read.event
        assert isinstance(event, Released)
        made = Hop(
            ledger=self.id,
            release=release,
            root=event.root,
            entries=event.entries,
            inclusion=self.inclusion(release),
            naming=self.naming(release),
        )
        return made.model_copy(update=changed)

    def names(self, school: str = "THCS Lê Lợi") -> References:
        """The references of this province."""
        unit: dict[str, Any] = {"name": school, "kind": "school", "parent": None, "provinces": []}
        known = {"name": "7A1", "school": "S1", "school_year": "2024-2025"}
        return References.model_validate(
            {"units": {"S1": unit}, "classes": {"7A1": known}, "staff": {}}
        )

    def naming(self, release: CarriedEntry) -> Naming:
        """The references under the seal."""
        said = naming_statement(self.names(), release, instant_text(NOW))
        value = jws.sign_detached(said, self.seal, kind=NAMING)
        signature = TimedSignature(signed_at=NOW, value=value)
        return Naming(references=self.names(), signature=signature)

    def sheet(
        self, mark: CarriedEntry, *, signer: FileSigner | None = None, pupil: UUID | None = None
    ) -> SheetPath:
        """A sheet of this one mark."""
        event = mark.read.event
        assert isinstance(event, MarkEntered)
        place = (event.class_code, event.subject, event.semester, event.slot, event.effective_on)
        pupil = pupil or next(
            found.read.event.pupil_id
            for found in self.log
            if found.record.stream == mark.record.stream
            and isinstance(found.read.event, PupilYearOpened)
        )
        root = sheet.sheet_root(*place, [(pupil, event.value, event.salt)]).hex()
        said = SheetStatement(
            ledger=self.id,
            class_code=event.class_code,
            subject=event.subject,
            semester=event.semester,
            slot=event.slot,
            date=event.effective_on,
            count=1,
            root=root,
        )
        return SheetPath(
            statement=said,
            signature=sheet.signed_by(signer)(said.canonical) if signer else None,
            stream=mark.record.stream,
            version=mark.record.version,
            index=0,
            path=(),
        )

    def closing(self, entry: CarriedEntry, *, signer: FileSigner | None = None) -> ClosingProof:
        """A closing under a checkpoint of its own time."""
        signature = None
        if signer is not None:
            said = closing_statement(entry, instant_text(NOW))
            value = jws.sign_detached(said, signer, kind=CLOSING)
            signature = TimedSignature(signed_at=NOW, value=value)
        return ClosingProof(
            stream=entry.record.stream,
            version=entry.record.version,
            inclusion=self.inclusion(entry, size=entry.record.position + 1),
            signature=signature,
        )

    def carried_keys(self, person: UUID) -> list[CarriedKey]:
        """The statutory key of a person."""
        return [
            CarriedKey(
                key_id=key.id,
                person=whose,
                ledger=self.id,
                category=category,
                key=base64.b64encode(key.key).decode(),
            )
            for (whose, category), key in self.keys.known.items()
            if whose == person and category == "statutory"
        ]


@lru_cache(maxsize=20_000)
def _leaf_of(entry: CarriedEntry) -> bytes:
    return leaf(entry.record.recorded_at, entry.record.canonical)


def _fold(entry: CarriedEntry) -> FoldEntry:
    read = entry.read
    return FoldEntry(read.ledger, read.stream, read.version, read.event)
