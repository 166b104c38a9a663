"""What mail a fenced ledger takes in and sends: none, but for what a recovery is made of."""

from ledger.database import Connection
from ledger.reader import Reader
from transfer.errors import Fenced
from transfer.message import Header
from transfer.office import Office

_RECOVERED = frozenset({"reconcile", "ruling", "dossier", "supplement"})


def require_open(office: Office, connection: Connection) -> None:
    """Raises Conflict(`fenced`) where this ledger was restored and no recovery has begun."""
    fence = office.ledger.desk.fence
    if fence is not None:
        fence.require_no_restore(connection)


def is_recovering(office: Office) -> bool:
    """Whether a recovery is under way: then the arbiter's word may be written, too."""
    fence = office.ledger.desk.fence
    if fence is None:
        return False
    with office.ledger.database.connection() as connection:
        return fence.standing(connection).state == "recovering"


def may_recover(office: Office, header: Header) -> bool:
    """Whether a message is taken in although this ledger recovers: another ledger's question or
    answer, the arbiter's ruling, a dossier that was accepted before and is asked for again, and
    so a supplement that was decided about.

    Raises:
        Fenced: it has to wait until the fence is lifted.
    """
    fence = office.ledger.desk.fence
    if fence is None or header.kind not in _RECOVERED:
        return False
    with office.ledger.database.connection() as connection:
        standing = fence.standing(connection)
        if standing.state == "open":
            return False
        if standing.state == "recovering":
            if header.kind in ("reconcile", "ruling"):
                return True
            case = Reader(connection, office.ledger.keyring, office.ledger.id).case(header.case)
            if case is not None and (
                (header.kind == "dossier" and case.bound == "accepted")
                or (header.kind == "supplement" and case.owing)
            ):
                return True
    raise Fenced(str(standing.reason))
