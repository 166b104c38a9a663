"""True dossiers of any size, from provinces made up in memory, and the bundle that trusts them."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.events.pupil import Released
from ledger.ids import uuid7
from signing.jws import FileSigner
from signing.trust import TrustBundle, public_key
from signing.truststore import KnownBundles, TrustStore
from tests.provinces import NOW, Province
from transfer import message
from transfer.dossier import (
    Audience,
    CarriedEntry,
    CarriedStream,
    ClosingProof,
    DigestStatement,
    Dossier,
    Hop,
    SheetPath,
)
from transfer.message import Address

Payload = dict[str, Any]


def dossier(
    provinces: Sequence[tuple[Province, UUID]],
    hops: Sequence[Hop],
    *,
    to: UUID,
    sheets: Iterable[SheetPath] = (),
    closings: Iterable[ClosingProof] = (),
) -> Payload:
    """The payload of a dossier: `provinces` with the pupil's id in each, the sender last."""
    sender, pupil = provinces[-1]
    release = hops[-1].release.read.event
    assert isinstance(release, Released)
    covered: dict[UUID, int] = {}
    for hop in hops:
        event = hop.release.read.event
        assert isinstance(event, Released)
        covered |= dict(event.streams)
    streams: dict[UUID, list[CarriedEntry]] = {}
    for province, whose in provinces:
        for entry in province.about(whose):
            if entry.record.version <= covered.get(entry.record.stream, 0):
                streams.setdefault(entry.record.stream, []).append(entry)
    made = Dossier(
        v=1,
        iss=sender.id,
        aud=Audience(ledger=to, school=None),
        transfer_id=release.case,
        pupil=pupil,
        hops=tuple(hops),
        streams=tuple(
            CarriedStream(id=stream, ledger=found[0].record.ledger, entries=tuple(found))
            for stream, found in streams.items()
        ),
        supplements=(),
        sheets=tuple(sheets),
        closings=tuple(closings),
        references={str(province.id): province.names() for province, _ in provinces},
        code_lists={},
        keys=tuple(key for province, whose in provinces for key in province.carried_keys(whose)),
        digest=DigestStatement(
            v=1,
            value=release.digest,
            on=release.effective_on,
            position=hops[-1].release.record.position,
        ),
        attachments=(),
        ext={},
    )
    return made.model_dump(mode="json")


def sealed(
    payload: Payload, sender: Province, receiver: Province, *, seal: FileSigner | None = None
) -> bytes:
    """The frame of a payload, to the receiver's own key."""
    address = Address(
        message_id=uuid7(),
        case=UUID(payload["transfer_id"]),
        kind="dossier",
        issue=1,
        sender=sender.id,
        receiver=receiver.id,
        incarnation=1,
        created_at=NOW,
        not_after=None,
        public_key=receiver.encryption.public_bytes(),
    )
    return message.write(address, payload, seal or sender.seal)[0]


def bundle_of(*provinces: Province, **changed: Any) -> tuple[TrustBundle, Ed25519PrivateKey]:
    """A trust bundle of these provinces, and the key that signs it."""
    key = Ed25519PrivateKey.generate()
    values: dict[str, Any] = {
        "version": 1,
        "issued_at": NOW,
        "ledgers": tuple(province.trusted for province in provinces),
        "witnesses": (),
        "quorum": 0,
        "revoked": (),
        "signers": (public_key(key),),
        "threshold": 1,
    }
    return TrustBundle.model_validate(values | changed), key


def trust_of(*provinces: Province, **changed: Any) -> KnownBundles:
    """The same, as a reader has it."""
    return KnownBundles([bundle_of(*provinces, **changed)[0]])


def store_of(folder: Path, *provinces: Province, **changed: Any) -> TrustStore:
    """The same on disk."""
    bundle, key = bundle_of(*provinces, **changed)
    return TrustStore.create(folder, bundle, [key])


def simple(
    origin: Province, receiver: Province, *, marks: int = 6, signer: FileSigner | None = None
) -> Payload:
    """A dossier of one hop: a pupil of grade 7 with marks and a closing."""
    pupil = uuid7()
    origin.fill(2)
    origin.register(pupil)
    stream = origin.enrol(pupil)
    written = [
        origin.mark(stream, pupil, slot=slot, on=date(2024, 10, 1) + timedelta(days=number))
        for number, slot in enumerate(("TX1", "TX2", "TX3", "TX4", "GK", "CK")[:marks])
    ]
    closed = origin.close(stream, pupil)
    release = origin.release(pupil, receiver.id, case=uuid7())
    return dossier(
        [(origin, pupil)],
        [origin.hop(release)],
        to=receiver.id,
        sheets=[origin.sheet(mark, signer=signer) for mark in written],
        closings=[origin.closing(closed, signer=origin.seal)],
    )
