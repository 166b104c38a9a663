"""One ledger, opened: its database, its keys, its desk."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple, Self, TypeVar
from uuid import UUID

from ledger import batch, ids, states
from ledger.batch import Handler, Line, Verdict
from ledger.database import Connection, Database, create_schema
from ledger.desk import Desk
from ledger.envelope import unseal
from ledger.errors import NotAllowed
from ledger.event import KEYED, Event, Provenance, Sealed, StreamKind, Who
from ledger.events.staff import AccountOpened, RoleGranted
from ledger.events.unit import LedgerOpened
from ledger.log import head
from ledger.plan import Done, Plan
from ledger.reader import Reader
from ledger.recorder import StreamRef
from ledger.vault import Keyring

C = TypeVar("C")
OPERATOR_ROLE = "operator"


class SealedPart(NamedTuple):
    """A personal part with what its associated data needs."""

    sealed: Sealed
    author: UUID
    stream: UUID
    topic: str


class Ledger:
    """A ledger's log, keys and desk. Close it, or use it as a context."""

    def __init__(self, database: Database, *, ledger: UUID, keyring: Keyring) -> None:
        """`open` and `create` make one."""
        self.id = ledger
        self.database = database
        self.keyring = keyring
        self.desk = Desk(database, ledger=ledger, keyring=keyring)

    @classmethod
    def open(
        cls, url: str, *, kek: bytes, renew: bool = True, progress: states.Progress | None = None
    ) -> Self:
        """Opens the ledger in the database at `url`.

        Current states that an older version made are folded anew first, and `progress` is told
        how far that is; without `renew` they are left, and every decision is refused.

        Raises:
            DamagedEntry: states cannot be folded anew; the old ones stay.
            OtherVersion: `newer_states`, `older_schema`.
            Unreachable: the server does not answer.
            NotFound: `no_ledger`.
            WrongKey: `kek` is not this ledger's.
        """
        database = Database(url)
        database.open()
        try:
            with database.connection() as connection:
                ledger = head(connection).ledger
                keyring = Keyring(ledger=ledger, kek=kek)
                keyring.open(connection)
                if renew:
                    states.bring(connection, progress or (lambda done, total: None))
                else:
                    states.refuse_newer(states.version(connection))
        except BaseException:
            database.close()
            raise
        return cls(database, ledger=ledger, keyring=keyring)

    @classmethod
    def create(
        cls,
        url: str,
        *,
        ledger: UUID,
        kek: bytes,
        name: str,
        province_code: str,
        province_name: str,
        operator: str,
        today: date,
    ) -> Self:
        """Makes the schema in an empty database and appends entry 0 and the operator's account.

        What an earlier call for this very ledger has done is not done again.

        Raises:
            LedgerError: `ledger_exists`, the database holds another ledger; Unreachable.
        """
        create_schema(url, ledger)
        opened = cls.open(url, kek=kek)

        def decide(reader: Reader) -> Plan:
            plan = Plan()
            if reader.size > 0:
                return plan
            own = reader.begin(StreamRef(ledger, StreamKind.LEDGER, ledger))
            account = reader.ref(ids.account_stream(ledger, operator), StreamKind.ACCOUNT)
            first: list[Event] = [
                LedgerOpened(
                    effective_on=today,
                    ledger_id=ledger,
                    name=name,
                    province_code=province_code,
                    province_name=province_name,
                )
            ]
            plan.add(own, first)
            plan.add(
                account,
                [
                    AccountOpened(effective_on=today, name=operator, staff_code=None),
                    RoleGranted(effective_on=today, role=OPERATOR_ROLE, unit_code=None),
                ],
            )
            return plan

        opened.desk.run(decide, who=Who(recorded_by=operator, on_behalf_of=None, provenance=KEYED))
        return opened

    def close(self) -> None:
        """Closes the database connections."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def who(self, account: str, provenance: Provenance = KEYED) -> Who:
        """The acting account. Raises NotAllowed where there is no such account."""
        with self.database.connection() as connection:
            known = Reader(connection, self.keyring, self.id).accounts([account])[account]
        if known is None:
            raise NotAllowed("unknown_account", f"there is no account {account} in this ledger")
        return Who(recorded_by=account, on_behalf_of=None, provenance=provenance)

    def carry_out(
        self, handler: Handler[C], lines: Sequence[Line[C]], *, who: Who
    ) -> tuple[Done, list[Verdict]]:
        """Decides and appends a batch; see `batch.carry_out`."""
        return batch.carry_out(self.desk, handler, lines, who=who)

    def reveal_stored(
        self, connection: Connection, stored: Sequence[tuple[str, UUID, str]]
    ) -> list[dict[str, Any] | None]:
        """This ledger's own personal parts in clear, from (`Sealed` in JSON, stream, topic) as a
        projection keeps them; see `reveal`."""
        return self.reveal(
            connection,
            [
                SealedPart(Sealed.model_validate_json(sealed), self.id, stream, topic)
                for sealed, stream, topic in stored
            ],
        )

    def reveal(
        self, connection: Connection, parts: Sequence[SealedPart]
    ) -> list[dict[str, Any] | None]:
        """Personal parts in clear, in the order given; None where the person was erased.

        Raises:
            WrongKey: a key held is not the one an entry commits to.
        """
        self.keyring.fetch(connection, (part.sealed.key_id for part in parts))
        return [
            unseal(
                part.sealed,
                author=part.author,
                stream=part.stream,
                topic=part.topic,
                keys=self.keyring,
            )
            for part in parts
        ]
