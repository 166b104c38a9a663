"""After a transfer no table and no file of the courier holds a name or a number in clear."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from ledger.registration import Number, record_pupils
from services.embedded import Servers
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.story import (
    FIRST_DAY,
    FIRST_TERM,
    LAST_DAY,
    ask,
    at_origin,
    at_receiver,
    carry,
    enter,
)
from tests.school import enrol, find, numbered, profile, record_pupil, sound

NAME = "Vũ Thị Ngọc Trâm"
NUMBER = "031312004321"
BIRTH = "2012-11-23"
KEY = "HP-7A1-0042"
SECRETS = [
    *(NAME, NAME.encode("unicode_escape").decode(), "Ngọc Trâm"),
    *(NUMBER, BIRTH, KEY),
]


def child(side: Side, class_code: str, kind: str) -> None:
    line = record_pupil(
        KEY,
        profile(NAME, birth_date=BIRTH, sex="nu"),
        numbers=(Number(kind="personal_id", value=NUMBER),),
    )
    ledger = side.office.ledger
    sound(ledger.carry_out(record_pupils, numbered([line]), who=side.who))
    on = FIRST_DAY if kind == "provisional" else FIRST_TERM[0][4]
    enrol(ledger, find(ledger, [KEY]), class_code=class_code, on=on, kind=kind, note=f"{NAME}, mới")


def dumped(side: Side, servers: Servers) -> Iterator[tuple[str, str]]:
    """Every row of every table, as text; bytes as text too."""
    url = side.ledgers.url(servers, side.profile)
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname IN ('ledger', 'vault', 'projection')"
        ).fetchall()
        assert ("ledger", "outbox") in tables
        for schema, table in tables:
            query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))
            for row in connection.execute(query):
                yield f"{schema}.{table}", " ".join(_text(value) for value in row)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def test_no_table_and_no_file_of_the_courier_holds_a_name_or_a_number(
    provinces: Provinces, transfer_servers: Servers
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    at_origin(origin)
    at_receiver(receiver)
    child(origin, "7A1", "start")
    child(receiver, "7B2", "provisional")
    (leaver,) = find(origin.office.ledger, [KEY])
    (arrival,) = find(receiver.office.ledger, [KEY])
    enter(origin, leaver, "7A1", FIRST_TERM)
    case = ask(receiver, arrival, origin)
    carry(origin, receiver, case, leaver=leaver, arrival=arrival, last_day=LAST_DAY)
    tables = set()
    for side in (origin, receiver):
        for table, text in dumped(side, transfer_servers):
            tables.add(table)
            assert not [s for s in SECRETS if s in text], f"in clear in {table}"
    assert tables >= {"ledger.entry", "ledger.outbox", "ledger.inbox", "ledger.state"}
    stored = files_of(provinces.origin.servers.nats_server.home.nats)
    assert any(case.bytes.hex() in text or str(case) in text for text in stored.values()), (
        "the dossier's header lies there in clear"
    )
    for name, text in stored.items():
        assert not [s for s in SECRETS if s in text], f"in clear in {name}"


def files_of(folder: Path) -> dict[str, str]:
    """What NATS keeps on disk."""
    return {
        str(path.relative_to(folder)): path.read_bytes().decode("utf-8", "replace")
        for path in folder.rglob("*")
        if path.is_file()
    }
