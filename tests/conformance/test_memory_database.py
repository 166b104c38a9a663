"""The memory database of the simulation does what PostgreSQL does: one story, told on both."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from psycopg.errors import UniqueViolation

from ledger.database import Connection
from ledger.errors import Conflict
from ledger.event import KEYED, Who
from ledger.ids import uuid7
from ledger.ledger import Ledger
from ledger.notary import Notary
from ledger.plan import Plan
from ledger.queries import queries
from ledger.reader import Reader
from ledger.registration import pupil_ref
from services.embedded import PostgresServer
from signing.jws import FileSigner
from tests.school import released
from tests.simulation.memory.database import LOADED
from tests.simulation.memory.statements import STATEMENTS
from tests.simulation.transfer.sites import FixedTrust, MemoryLedger, found, made_keys, school
from transfer import acceptance, by_file, conversation, inbox, outbox
from transfer.cases import decide_once
from transfer.office import Office

assert LOADED
T = TypeVar("T")
WHO = Who(recorded_by="operator", on_behalf_of=None, provenance=KEYED)
TODAY = date(2025, 3, 4)
DAY = timedelta(days=1)
NOT_USED = {
    "log": {"copy_entries", "stream_ascending", "stream_descending", "notifications"},
    "desk": set(),
    "states": {
        *("put_version", "clear_states", "clear_slots", "copy_states", "copy_slots"),
        *("all_states", "all_slots"),
    },
    "vault": set(),
    "notary": {
        *("all_tiles", "by_stream", "states_of", "slots_of", "states_without_entries"),
        *("count_lookups", "first_recovery"),
    },
    "fence": {"place"},
}
"""Bulk import, rebuilding and inspection: the simulation does none of it."""

OF_THE_COURIER = {
    *("put_given_up", "given_up", "lock_batches", "batch", "open_batches", "put_batch"),
    *("put_chunk", "count_chunks", "chunks", "finish_batch", "drop_chunks", "expire_batches"),
}
"""Large messages and what a server gave up: the bag of a world needs neither."""


def test_every_query_of_a_transfer_is_carried_out_in_memory() -> None:
    wanted = [
        *(("ledger", f"{file}.sql", left_out) for file, left_out in NOT_USED.items()),
        ("transfer", "transfer.sql", OF_THE_COURIER),
        ("transfer", "recovery.sql", set()),
    ]
    for package, file, left_out in wanted:
        named = queries(package, file)
        assert [n for n, text in named.items() if text not in STATEMENTS] == sorted(
            left_out, key=list(named).index
        )


@dataclass(frozen=True)
class Books:
    """One ledger of a pair, on whichever database."""

    office: Office
    records: dict[str, UUID]

    def ask(self, file: str, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a named query gives."""
        package = "transfer" if file == "transfer.sql" else "ledger"
        with self.office.ledger.database.connection() as connection:
            return connection.execute(queries(package, file)[query], parameters).fetchall()


@contextmanager
def two_pairs(postgres: PostgresServer) -> Iterator[tuple[list[Books], list[Books]]]:
    """The same two ledgers, in memory and in PostgreSQL."""
    address = postgres.address()
    assert address is not None
    names = ("31", "22")
    ids = [uuid7() for _ in names]
    made = [made_keys(id, name) for id, name in zip(ids, names, strict=True)]
    keys = [own for own, _ in made]
    trust = FixedTrust(tuple(trusted for _, trusted in made))
    databases = [f"pair_{uuid4().hex}" for _ in names]
    pairs: tuple[list[Books], list[Books]] = ([], [])
    with ExitStack() as stack:
        for number, (id, name, database) in enumerate(zip(ids, names, databases, strict=True)):
            kek = keys[number].kek
            store = found(id, name=name, kek=kek)
            store.clock = lambda: datetime.now(UTC)
            postgres.create_database(database)
            stack.callback(postgres.drop_database, database)
            real = Ledger.create(
                address.url(database),
                ledger=id,
                kek=kek,
                name=name,
                province_code=name,
                province_name="Hải Phòng",
                operator="operator",
                today=date(2024, 8, 1),
            )
            for pair, ledger in zip(pairs, (MemoryLedger.begun(store, kek=kek), real), strict=True):
                stack.enter_context(ledger)
                office = Office(
                    ledger=ledger,
                    notary=Notary(ledger, keys[number].checkpoint, None),
                    seal=FileSigner(keys[number].seal.key, keys[number].seal.chain),
                    encryption=keys[number].encryption,
                    trust=trust,
                )
                pair.append(Books(office, school(ledger, number)))
        yield pairs


def test_one_story_leaves_the_same_in_memory_and_in_postgresql(postgres: PostgresServer) -> None:
    with two_pairs(postgres) as pairs:
        told = [tell(*pair) for pair in pairs]
        assert told[0] == told[1]
        for memory, real in zip(*pairs, strict=True):
            for what, ask in LOOKS.items():
                assert plain(ask(memory)) == plain(ask(real)), what


def tell(origin: Books, receiver: Books) -> list[str]:
    """A story of every kind of message, with repetitions, damage and refusals; what came of it."""
    heard: list[str] = []

    def post(sender: Books, to: Books) -> list[bytes]:
        frames = send(sender)
        for frame in frames:
            for data in (frame[:-1] + bytes([frame[-1] ^ 1]), frame, frame):
                taken = inbox.take(to.office, data, who=WHO)
                heard.append(f"{taken.kind} {taken.outcome} {taken.failure or ''}")
        return frames

    an = ask_for(receiver, origin, "An")
    binh = ask_for(receiver, origin, "Binh")
    chi = ask_for(origin, receiver, "Chi")
    assert ask_for(receiver, origin, "An") == an
    post(receiver, origin)
    post(origin, receiver)
    conversation.decline(receiver.office, chi, reason="under_hold", today=TODAY, who=WHO)
    for case, child in ((an, "An"), (binh, "Binh")):
        let_go(origin, case, child)
    heard.append(refusal(lambda: let_go(origin, binh, "An")))
    post(receiver, origin)
    post(origin, receiver)
    let_go(origin, an, "An")
    post(origin, receiver)
    accept(receiver, an, "An")
    conversation.reject(receiver.office, binh, reason="mistake", today=TODAY, who=WHO)
    heard.append(refusal(lambda: accept(receiver, binh, "Binh")))
    post(receiver, origin)
    back = ask_for(origin, receiver, "An")
    post(origin, receiver)
    let_go(receiver, back, "An")
    post(receiver, origin)
    accept(origin, back, "An")
    post(origin, receiver)
    file_case, data = by_file.export(
        origin.office,
        pupil=origin.records["An"],
        to_ledger=receiver.office.ledger.id,
        last_day=None,
        today=TODAY,
        who=WHO,
    )
    _, here = by_file.import_dossier(
        receiver.office, data, pupil=receiver.records["An"], new=False, today=TODAY, who=WHO
    )
    assert here == receiver.records["An"]
    undone(receiver, file_case)
    post(receiver, origin)
    return heard


def send(sender: Books) -> list[bytes]:
    """What a courier would publish now."""
    sql = queries("transfer", "transfer.sql")
    outbox.seal_waiting(sender.office)
    with sender.office.ledger.database.connection() as connection, connection.transaction():
        rows = connection.execute(sql["due"], {"limit": 32, "most": 10**6}).fetchall()
        sent = {
            "messages": [row[0] for row in rows],
            "states": ["sent" for _ in rows],
            "waits": [60.0 for _ in rows],
            "sequences": [0 for _ in rows],
        }
        connection.execute(sql["put_sent"], sent)
    return [row[3] for row in rows]


def ask_for(receiver: Books, origin: Books, child: str) -> UUID:
    return conversation.request(
        receiver.office,
        pupil=receiver.records[child],
        from_ledger=origin.office.ledger.id,
        school_code="S1",
        first_day=TODAY,
        who=WHO,
    )


def let_go(origin: Books, case: UUID, child: str) -> None:
    conversation.release(
        origin.office, case, pupil=origin.records[child], last_day=None, today=TODAY, who=WHO
    )


def accept(receiver: Books, case: UUID, child: str) -> None:
    acceptance.accept(
        receiver.office,
        case,
        inbox.reopen(receiver.office, case),
        pupil=receiver.records[child],
        remark=None,
        today=TODAY,
        who=WHO,
    )


def refusal(do: Callable[[], object]) -> str:
    with pytest.raises(Exception) as refused:  # noqa: PT011
        do()
    return plain(f"{type(refused.value).__name__}: {refused.value}")


def undone(books: Books, case: UUID) -> None:
    """What fails in the middle leaves nothing, a second decision cannot be, a savepoint holds."""

    def decide(reader: Reader) -> Plan:
        pupil = books.records["Chi"]
        reader.pupils([pupil])
        plan = Plan()
        plan.add(pupil_ref(reader, pupil), [released(uuid7(), uuid7())])
        plan.extra.append(decide_once(case, "rejected", uuid7()))
        return plan

    def twice(connection: Connection) -> None:
        with connection.transaction():
            keep(connection, "gone")
            decide_once(case, "rejected", uuid7())(connection, 0)

    with books.office.ledger.database.connection() as connection:
        with pytest.raises(UniqueViolation):
            twice(connection)
        with connection.transaction():
            keep(connection, "kept")
            with pytest.raises(UniqueViolation):
                twice(connection)
    with pytest.raises(Conflict, match="too many others"):
        books.office.ledger.desk.run(decide, who=WHO)


def keep(connection: Connection, name: str) -> None:
    connection.execute(
        queries("ledger", "vault.sql")["put_secret"], {"name": name, "wrapped": b"x"}
    )


def _entries(books: Books) -> list[tuple[Any, ...]]:
    rows = books.ask("log.sql", "page", start=0, end=10**6, topics=None, limit=10**6)
    return [(r[0], str(r[2]), str(r[3]), r[4], str(r[5]), r[6], r[7], r[8], r[11]) for r in rows]


def _states(books: Books) -> list[str]:
    streams = list(dict.fromkeys(row[1] for row in _entries(books)))
    found = books.ask("log.sql", "states", ids=[UUID(stream) for stream in streams])
    by_id = {str(row[0]): row[2:] for row in found}
    return [f"{json.loads(by_id[s][0]) if by_id[s][0] else None} {by_id[s][1]}" for s in streams]


def _rows(file: str, query: str, *columns: int, **parameters: Any) -> Callable[[Books], Any]:
    """Some columns of what a query gives, without an order that nobody promised."""

    def ask(books: Books) -> list[str]:
        rows = books.ask(file, query, **parameters)
        return sorted(plain([row[column] for column in columns]) for row in rows)

    return ask


def _of_case(name: str, *columns: int, **more: Any) -> Callable[[Books], Any]:
    """What a query gives for every case, in the order of the cases."""

    def ask(books: Books) -> list[Any]:
        cases = [json.loads(row[1]) for row in books.ask("transfer.sql", "cases")]
        asked = (books.ask("transfer.sql", name, case=UUID(c["id"]), **more) for c in cases)
        return [[[row[column] for column in columns] for row in rows] for rows in asked]

    return ask


def _known(file: str, name: str, *columns: int, **named: str) -> Callable[[Books], Any]:
    """What a query gives for the records of the children."""

    def ask(books: Books) -> list[Any]:
        given: dict[str, Any] = {"persons": list(books.records.values())}
        if named.get("year"):
            given["year"] = named["year"]
        if name == "keys_of":
            given["ledger"] = books.office.ledger.id
        return sorted(plain([row[c] for c in columns]) for row in books.ask(file, name, **given))

    return ask


LOOKS: dict[str, Callable[[Books], Any]] = {
    "entries": _entries,
    "states": _states,
    "head": _rows("log.sql", "head", 0, 1, 2),
    "cases": lambda books: [row[1] for row in books.ask("transfer.sql", "cases")],
    "unanswered": lambda books: [row[1:3] for row in books.ask("transfer.sql", "unanswered")],
    "outbox states": lambda books: books.ask("transfer.sql", "outbox_states"),
    "quarantined": _rows("transfer.sql", "quarantined", 0, 3, 4),
    "waiting": lambda books: [row[3:7] for row in books.ask("transfer.sql", "to_seal", limit=100)],
    "decisions": _of_case("decision", 0),
    "requests told": _of_case("told_content", kind="request"),
    "next issues": _of_case("next_issue", 0, kind="problem"),
    "dossiers": _of_case("dossier_frame"),
    "hops": lambda books: [
        len(books.ask("transfer.sql", "hops", pupil=record)) for record in books.records.values()
    ],
    "references": lambda books: [
        row[1:]
        for row in books.ask(
            "transfer.sql",
            "references",
            ledgers=[trusted.id for trusted in books.office.trust.latest().ledgers],
        )
    ],
    "streams": _known("transfer.sql", "streams_about", 1),
    "years": _known("log.sql", "year_streams", 1, year="2024-2025"),
    "keys": _known("vault.sql", "keys_of", 2),
    "keys about": _known("vault.sql", "keys_about", 2, 3),
    "a secret that was rolled back": _rows("vault.sql", "secret", name="gone"),
    "a secret beside one": _rows("vault.sql", "secret", 0, name="kept"),
    "checkpoints": _rows("notary.sql", "checkpoints_after", 0, size=-1, limit=100),
    "at an instant": lambda books: books.ask(
        "log.sql", "at_instant", instant=datetime.now(UTC) + DAY
    ),
    "before all": lambda books: books.ask(
        "log.sql", "at_instant", instant=datetime(2000, 1, 1, tzinfo=UTC)
    ),
}
"""What is compared, by name."""

_NAMES = re.compile(
    r"(?P<uuid>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})|(?P<hash>[0-9a-f]{64})"
    r"|(?P<key>[A-Za-z0-9+/]{200,}={0,2})"
)


def plain(value: object) -> str:
    """A value as text, in which every id is named by the order in which it comes; what is random
    for each run says only that it is there."""
    seen: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        kind = str(found.lastgroup)
        return seen.setdefault(found[0], f"{kind} {len(seen)}") if kind == "uuid" else kind

    return _NAMES.sub(name, str(value))
