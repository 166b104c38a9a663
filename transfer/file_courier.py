"""The file courier: every message of a case as a file, for two ledgers without a network.

A file holds the very bytes that NATS would carry. Written again it is the same file, and taken in
again it does nothing, so nobody has to know which copy arrived.
"""

from dataclasses import dataclass
from uuid import UUID

from ledger.case import Case
from ledger.errors import NotFound
from ledger.event import Who
from ledger.queries import queries
from ledger.reader import Reader
from transfer import inbox, outbox
from transfer import message as mail
from transfer.cases import answer_missing
from transfer.errors import CheckFailed
from transfer.inbox import Taken
from transfer.kinds import FINAL_KINDS
from transfer.office import Office

_SQL = queries("transfer", "transfer.sql")
_DOSSIER_WAITS = frozenset({"released", "recalling", "problem"})


@dataclass(frozen=True, slots=True)
class FileMessage:
    """One sealed message of a case, and to whom it goes."""

    case: UUID
    kind: str
    issue: int
    receiver: UUID
    data: bytes

    @property
    def name(self) -> str:
        """The file's name: it tells no more than the message's header does."""
        return f"{self.case}-{self.kind}-{self.issue}.hbt"


def export_case(office: Office, case_id: UUID) -> list[FileMessage]:
    """Every message of a case that the other side may still have to read: those that wait for
    their answer, of dossiers the newest issue, and all answers that are told once (a file may
    have been lost). Seals what waits to be sealed; sends and marks nothing.

    Raises:
        NotFound: `unknown_case`.
    """
    outbox.seal_all(office)
    with office.ledger.database.connection() as connection:
        case = Reader(connection, office.ledger.keyring, office.ledger.id).case(case_id)
        rows = connection.execute(_SQL["of_case"], {"case": case_id}).fetchall()
    if case is None and not rows:
        raise NotFound("unknown_case", f"there is no transfer {case_id} here")
    newest = max((issue for kind, _, issue, _, _ in rows if kind == "dossier"), default=0)
    return [
        FileMessage(case_id, kind, issue, receiver, bytes(sealed))
        for kind, receiver, issue, state, sealed in rows
        if _is_wanted(case, kind, state, is_newest=issue == newest)
    ]


def _is_wanted(case: Case | None, kind: str, state: str, *, is_newest: bool) -> bool:
    if kind == "dossier":
        # One that no request asked for counts as answered, so that NATS does not carry it.
        waits = case is not None and (case.state in _DOSSIER_WAITS or answer_missing(case))
        return waits and is_newest
    return kind in FINAL_KINDS or state != "answered"


def is_dossier(data: bytes) -> bool:
    """Whether a file claims to be a dossier. Raises CheckFailed where it is no message at all."""
    return mail.read_frame(data).header.kind == "dossier"


def take_file(office: Office, data: bytes, *, who: Who) -> Taken:
    """Takes in a message of any kind but a dossier; see `inbox.take`.

    Raises:
        CheckFailed: the file is no message, or is addressed to another ledger.
        Fenced: this ledger was restored; it can be taken in once it has recovered.
    """
    header = mail.read_frame(data).header
    if header.receiver != office.ledger.id:
        raise CheckFailed(3, "wrong_addressee", "it is addressed to another ledger")
    return inbox.take(office, data, who=who)
