"""Large messages coming in: chunks are stored one by one, and read once all are together.

Nothing is stored for a batch whose manifest a seal of the sender did not sign, and no chunk that
the manifest does not list; so many unfinished batches may a sender have, and they expire. A batch
that expired comes again with the sender's next try.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from ledger.database import Connection
from ledger.queries import queries
from signing.certificates import Purpose
from signing.trust import LedgerTrust
from transfer import chunks, clock
from transfer.checks import check_seals
from transfer.errors import CheckFailed, NotYet
from transfer.office import Office

_SQL = queries("transfer", "transfer.sql")
MOST_OPEN: Final = 4
"""Unfinished batches of one sender: with the largest frames some 100 MB of disk."""
EXPIRES: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part belongs: the sender, the message, and its number (0: the manifest)."""

    sender: LedgerTrust
    message: UUID
    number: int


def take_part(office: Office, place: Place, data: bytes) -> bytes | None:
    """Stores one part; the whole frame once all parts are together (again at each repetition of
    one, until `finish`), else None.

    Raises:
        CheckFailed: the part is not one of a batch of this sender (1, 2, 3, 6).
        NotYet: its manifest is not here yet, or too many batches are unfinished.
    """
    with office.ledger.database.connection() as connection:
        if place.number == 0:
            _open(office, connection, place, data)
        else:
            _keep(connection, place, data)
        return _whole(connection, place)


def finish(office: Office, place: Place) -> None:
    """The frame was taken in: its chunks are not needed any more."""
    with office.ledger.database.connection() as connection, connection.transaction():
        where = {"sender": place.sender.id, "message": place.message}
        connection.execute(_SQL["finish_batch"], where)
        connection.execute(_SQL["drop_chunks"], where)


def expire(office: Office, *, now: datetime | None = None) -> int:
    """Lets go of unfinished batches that are too old; returns how many."""
    before = (now or clock.now()) - EXPIRES
    with office.ledger.database.connection() as connection:
        return connection.execute(_SQL["expire_batches"], {"before": before}).rowcount


def _open(office: Office, connection: Connection, place: Place, data: bytes) -> None:
    manifest, signed = chunks.read_manifest(data)
    if (manifest.iss, manifest.message_id) != (place.sender.id, place.message):
        raise CheckFailed(3, "unknown_sender", "a manifest of another sender or message")
    if manifest.aud != office.ledger.id:
        raise CheckFailed(3, "wrong_addressee", "a manifest for another ledger")
    check_seals(signed.signatures, place.sender, office.trust, Purpose.SEAL, clock.now())
    digest = bytes.fromhex(manifest.sha256)
    with connection.transaction():
        connection.execute(_SQL["lock_batches"], {"sender": place.sender.id.hex})
        known = _batch(connection, place)
        if known is not None:
            if known.sha256 != digest:
                raise CheckFailed(2, "equivocation", "this message came before as another frame")
            return
        row = connection.execute(_SQL["open_batches"], {"sender": place.sender.id}).fetchone()
        if row is not None and row[0] >= MOST_OPEN:
            raise NotYet(f"{row[0]} batches of this sender are unfinished")
        connection.execute(
            _SQL["put_batch"],
            {
                "sender": place.sender.id,
                "message": place.message,
                "sha": digest,
                "size": manifest.size,
                "hashes": b"".join(map(bytes.fromhex, manifest.chunks)),
            },
        )


def _keep(connection: Connection, place: Place, data: bytes) -> None:
    batch = _batch(connection, place)
    if batch is None:
        raise NotYet("its manifest is not here yet")
    if batch.state == "whole":
        return
    if not 1 <= place.number <= len(batch.hashes) // 32:
        raise CheckFailed(1, "malformed", "a chunk that its manifest does not list")
    listed = batch.hashes[32 * (place.number - 1) : 32 * place.number]
    if sha256(data).digest() != listed:
        raise CheckFailed(1, "malformed", "a chunk that is not the one its manifest lists")
    where = {"sender": place.sender.id, "message": place.message, "no": place.number}
    connection.execute(_SQL["put_chunk"], where | {"body": data})


def _whole(connection: Connection, place: Place) -> bytes | None:
    """The frame, where every chunk is here; one that was finished before is read from the inbox,
    so that a repetition gets its answer again."""
    batch = _batch(connection, place)
    where = {"sender": place.sender.id, "message": place.message}
    if batch is None:
        return None
    if batch.state == "whole":
        # Once for a whole batch that comes again is enough: when its last chunk does.
        if place.number != len(batch.hashes) // 32:
            return None
        row = connection.execute(_SQL["inbox_frame"], where).fetchone()
        return bytes(row[0]) if row else None
    row = connection.execute(_SQL["count_chunks"], where).fetchone()
    if row is None or row[0] < len(batch.hashes) // 32:
        return None
    rows = connection.execute(_SQL["chunks"], where, binary=True).fetchall()
    frame = b"".join(row[0] for row in rows)
    if sha256(frame).digest() != batch.sha256:
        raise CheckFailed(1, "malformed", "the chunks do not make up what their manifest says")
    return frame


@dataclass(frozen=True, slots=True)
class _Batch:
    sha256: bytes
    hashes: bytes
    state: str


def _batch(connection: Connection, place: Place) -> _Batch | None:
    row = connection.execute(
        _SQL["batch"], {"sender": place.sender.id, "message": place.message}
    ).fetchone()
    return _Batch(bytes(row[0]), bytes(row[1]), row[2]) if row else None
