"""What the receiver's database knows of a message, a request, a log and our copies."""

from collections.abc import Collection, Iterable
from uuid import UUID

from ledger.database import Connection
from ledger.events.pupil_year import Proposed
from ledger.queries import queries
from ledger.reader import Reader
from signing.note import Checkpoint, SignedNote
from signing.truststore import TrustStore
from transfer.cases import Write
from transfer.dossier import Dossier
from transfer.errors import CheckFailed
from transfer.message import Frame, Opened
from transfer.returning import returned_pupil

_SQL = queries("transfer", "transfer.sql")
_RECOVERY = queries("transfer", "recovery.sql")


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
        self.state: str | None = None
        """What became of the message before, once `check_known` has looked; None: it is new."""

    def check_known(self, frame: Frame) -> None:
        """Step 2: the same message has the same content for ever."""
        header = frame.header
        row = self._connection.execute(
            _SQL["seen"], {"sender": header.sender, "message": header.message_id}
        ).fetchone()
        if row is not None and row[0].hex() != header.payload_sha256:
            raise CheckFailed(2, "equivocation", "this message came before with another content")
        self.state = row[1] if row is not None else None

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
        asked = case is not None and (case.side, case.peer) == ("receiver", opened.header.sender)
        if not asked or (case is not None and case.state == "follow_up"):
            raise CheckFailed(7, "not_requested", "this ledger did not ask for it")

    def roots(self, ledger: UUID, sizes: Collection[int], incarnation: int) -> dict[int, bytes]:
        """Step 10: the roots that this incarnation of the ledger's log showed us before, by size
        (of those asked for)."""
        rows = self._connection.execute(
            _SQL["peer_checkpoints"],
            {"ledger": ledger, "incarnation": incarnation, "sizes": list(sizes)},
        ).fetchall()
        return dict(rows)

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

    def check_copies(self, dossier: Dossier) -> None:
        """Step 13: what we hold of these streams, ours included, is a prefix of what came."""
        streams = [stream.id for stream in (*dossier.streams, *dossier.supplements)]
        releases = (hop.release for hop in dossier.hops)
        carried = {
            (entry.record.stream, entry.record.version): entry.record.entry_hash
            for entry in (*releases, *dossier.carried)
        }
        rows = self._connection.execute(_SQL["copies"], {"streams": streams}).fetchall()
        held = {(stream, version): entry_hash.hex() for stream, version, entry_hash, _ in rows}
        last = dossier.last_hop.release.record
        # What came after that release is here already: an older dossier, sent again.
        older = held.get((last.stream, last.version)) == last.entry_hash
        for stream, version, entry_hash, topic in rows:
            came = carried.get((stream, version))
            if came is None and (older or self._ours(dossier, stream)):
                continue
            # We may know of proposals that nobody had accepted when this was sent.
            if came is None and topic == Proposed.TOPIC:
                continue
            if came != entry_hash.hex():
                raise CheckFailed(
                    13, "conflicting_copy", f"stream {stream}, version {version} differs from ours"
                )

    def _ours(self, dossier: Dossier, stream: UUID) -> bool:
        """Our own streams may have grown since the release that the dossier tells of."""
        return any(s.id == stream and s.ledger == self._reader.ledger for s in dossier.streams)


def remember_checkpoints(trust: TrustStore, shown: Iterable[tuple[UUID, str]]) -> Write:
    """Keeps the roots that verified checkpoints, by their ledger, showed: an incarnation of a log
    may not show others later."""
    rows = []
    for ledger, note in dict.fromkeys(shown):
        checkpoint = Checkpoint.parse(SignedNote.parse(note).text)
        incarnation = checkpoint.incarnation(trust.by_id(ledger).verifier().name)
        rows.append(
            {
                "ledger": ledger,
                "incarnation": incarnation,
                "size": checkpoint.size,
                "root": checkpoint.root,
            }
        )

    def write(connection: Connection, first: int) -> None:
        del first
        for row in rows:
            connection.execute(_SQL["put_peer_checkpoint"], row)

    return write


def incarnation_of(connection: Connection, ledger: UUID) -> int:
    """The newest incarnation of another ledger that has spoken here."""
    row = connection.execute(_RECOVERY["peer"], {"ledger": ledger}).fetchone()
    return row[0] if row is not None else 1


def digest_of(frame: Frame) -> bytes:
    """The digest of the signed payload by which sameness is judged."""
    return bytes.fromhex(frame.header.payload_sha256)
