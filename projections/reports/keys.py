"""The keys that schools call pupils by, opened for the exceptions of a report."""

from collections.abc import Collection
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.database import Connection
from ledger.errors import WrongKey
from ledger.ledger import Ledger
from projections.roster import chosen_key
from projections.tables import Statement, array, visible

PAGE = 2000
_Stored = tuple[str, UUID, str]


@cache
def _local_keys(people: sa.Table) -> Statement:
    return Statement(
        sa.select(people.c.sealed, people.c.stream, people.c.topic).where(
            people.c.stream == sa.any_(array("streams", sa.Uuid)),
            people.c.kind == "local",
            visible(people),
        )
    )


def keys_of(
    ledger: Ledger,
    connection: Connection,
    people: sa.Table,
    pupils: Collection[UUID],
    *,
    size: int,
) -> dict[UUID, str | None]:
    """The local key of each pupil as known in the prefix of `size` entries; None where there is
    none, where the person was erased, or where it does not open. `people` is the table to read."""
    wanted = sorted(pupils)
    found: dict[UUID, list[dict[str, Any]]] = {pupil: [] for pupil in wanted}
    for start in range(0, len(wanted), PAGE):
        parameters = {"streams": wanted[start : start + PAGE], "size": size}
        stored = _local_keys(people).run(connection, parameters).fetchall()
        opened = _opened(ledger, connection, stored)
        for (_, stream, _), clear in zip(stored, opened, strict=True):
            if clear is not None:
                found[stream].append(dict(clear))
    return {pupil: chosen_key(keys) for pupil, keys in found.items()}


def _opened(ledger: Ledger, connection: Connection, stored: list[_Stored]) -> list[Any]:
    try:
        return list(ledger.reveal_stored(connection, stored))
    except WrongKey:
        return [_alone(ledger, connection, one) for one in stored]


def _alone(ledger: Ledger, connection: Connection, stored: _Stored) -> Any:
    """One key that does not fit must not hide the others; the report tells of it elsewhere."""
    try:
        return ledger.reveal_stored(connection, [stored])[0]
    except WrongKey:
        return None
