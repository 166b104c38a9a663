"""What the receiver's database knows of a message, a request, a log and our copies."""

from typing import Protocol
from uuid import UUID

from ledger.database import Connection
from ledger.queries import queries
from ledger.reader import Reader
from signing.note import Checkpoint
from transfer.dossier import Dossier
from transfer.errors import CheckFailed
from transfer.message import Frame, Opened
from transfer.returning import returned_pupil

_SQL = queries("transfer", "transfer.sql")
_RECOVERY = queries("transfer", "recovery.sql")


class Held(Protocol):
    """What the receiver's database knows. Each method raises CheckFailed."""

    def check_known(self, frame: Frame) -> None:
        """Step 2."""

    def check_incarnation(self, sender: UUID, incarnation: int) -> None:
        """Step 3, second half."""

    def check_requested(self, opened: Opened) -> None:
        """Step 7, second half: the request made, and the pupil it named."""

    def check_checkpoint(self, ledger: UUID, checkpoint: Checkpoint, incarnation: int) -> None:
        """Step 10, last part: against the checkpoints of that incarnation held."""

    def check_copies(self, dossier: Dossier) -> None:
        """Step 13."""


class DatabaseHeld:
    """The checks that need the receiver's own database (steps 2, 3, 7, 10 and 13)."""

    def __init__(
        self, connection: Connection, reader: Reader, *, by_file: bool, delivered: bool = False
    ) -> None:
        """`by_file`: a dossier handed in by a person needs no request of ours. `delivered`: it
        came before, whatever became of its sender since."""
        self._delivered = delivered
        self._connection = connection
        self._reader = reader
        self._by_file = by_file

    def check_known(self, frame: Frame) -> None:
        """Step 2: the same message has the same content for ever."""
        header = frame.header
        row = self._connection.execute(
            _SQL["seen"], {"sender": header.sender, "message": header.message_id}
        ).fetchone()
        if row is not None and row[0].hex() != header.payload_sha256:
            raise CheckFailed(2, "equivocation", "this message came before with another content")

    def check_incarnation(self, sender: UUID, incarnation: int) -> None:
        """Step 3: what a ledger sent before it was restored, and is not here yet, is refused: it
        may not know of it any more."""
        if self._delivered:
            return
        known = incarnation_of(self._connection, sender)
        if incarnation < known:
            raise CheckFailed(
                3, "old_incarnation", f"the sender was restored since (incarnation {known})"
            )

    def check_requested(self, opened: Opened) -> None:
        """Step 7: we asked for this pupil, of this ledger, in this transfer, or gave it away to
        this ledger in the transfer that is undone."""
        if self._by_file:
            return
        case = self._reader.case(opened.header.case)
        if case is None and self._comes_back(opened):
            return
        if case is None or case.side != "receiver" or case.peer != opened.header.sender:
            raise CheckFailed(7, "not_requested", "this ledger did not ask for it")

    def _comes_back(self, opened: Opened) -> bool:
        ext = opened.payload.get("ext")
        said = ext.get("returns") if isinstance(ext, dict) else None
        try:
            returns = UUID(said) if isinstance(said, str) else None
        except ValueError:
            return False
        if returns is None:
            return False
        return returned_pupil(self._reader.case(returns), opened.header.sender) is not None

    def check_checkpoint(self, ledger: UUID, checkpoint: Checkpoint, incarnation: int) -> None:
        """Step 10: a log shows one root for one size within an incarnation (an older checkpoint
        is honest)."""
        row = self._connection.execute(
            _SQL["peer_checkpoint"],
            {"ledger": ledger, "incarnation": incarnation, "size": checkpoint.size},
        ).fetchone()
        if row is not None and row[0] != checkpoint.root:
            raise CheckFailed(10, "rollback", "that log showed another root for the same size")

    def check_copies(self, dossier: Dossier) -> None:
        """Step 13: what we hold of these streams, ours included, is a prefix of what came."""
        carried = {
            (stream.id, entry.record.version): entry.record.entry_hash
            for stream in dossier.streams
            for entry in stream.entries
        }
        rows = self._connection.execute(
            _SQL["copies"], {"streams": [stream.id for stream in dossier.streams]}
        ).fetchall()
        releases = {(h.release.record.stream, h.release.record.version) for h in dossier.hops}
        for stream, version, entry_hash in rows:
            came = carried.get((stream, version))
            if came is None and ((stream, version) in releases or self._ours(dossier, stream)):
                continue
            if came != entry_hash.hex():
                raise CheckFailed(
                    13, "conflicting_copy", f"stream {stream}, version {version} differs from ours"
                )

    def _ours(self, dossier: Dossier, stream: UUID) -> bool:
        """Our own streams may have grown since the release that the dossier tells of."""
        return any(s.id == stream and s.ledger == self._reader.ledger for s in dossier.streams)


def incarnation_of(connection: Connection, ledger: UUID) -> int:
    """The newest incarnation of another ledger that has spoken here."""
    row = connection.execute(_RECOVERY["peer"], {"ledger": ledger}).fetchone()
    return row[0] if row is not None else 1


def digest_of(frame: Frame) -> bytes:
    """The digest of the signed payload by which sameness is judged."""
    return bytes.fromhex(frame.header.payload_sha256)
