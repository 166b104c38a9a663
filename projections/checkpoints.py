"""How far each projection has come: one row each, compared and set.

Every change of a projection's rows goes with the change of its checkpoint in one transaction,
so of two sessions at the same page one writes and the other finds its page written.
"""

from dataclasses import asdict, dataclass

import sqlalchemy as sa

from ledger.database import Connection
from projections.tables import CHECKPOINT, Statement

_ALL = Statement(
    sa.select(
        CHECKPOINT.c.name,
        CHECKPOINT.c.version,
        CHECKPOINT.c.generation,
        CHECKPOINT.c.size,
        CHECKPOINT.c.stopped_at,
        CHECKPOINT.c.reason,
    )
)
_LOCK = Statement(
    sa.select(CHECKPOINT.c.size)
    .where(CHECKPOINT.c.name == sa.bindparam("name_", type_=sa.Text))
    .with_for_update()
)
_ADVANCE = Statement(
    sa.update(CHECKPOINT)
    .where(
        CHECKPOINT.c.name == sa.bindparam("name_", type_=sa.Text),
        CHECKPOINT.c.size == sa.bindparam("before", type_=sa.BigInteger),
        CHECKPOINT.c.generation == sa.bindparam("generation_", type_=sa.Integer),
    )
    .values(size=sa.bindparam("after", type_=sa.BigInteger), stopped_at=None, reason=None)
)
_STOP = Statement(
    sa.update(CHECKPOINT)
    .where(CHECKPOINT.c.name == sa.bindparam("name_", type_=sa.Text))
    .values(
        stopped_at=sa.bindparam("position", type_=sa.BigInteger),
        reason=sa.bindparam("why", type_=sa.Text),
    )
)
_PUT = Statement(sa.insert(CHECKPOINT))
_FORGET = Statement(
    sa.delete(CHECKPOINT).where(CHECKPOINT.c.name == sa.bindparam("name_", type_=sa.Text))
)
_RENEW = Statement(
    sa.update(CHECKPOINT)
    .where(CHECKPOINT.c.name == sa.bindparam("name_", type_=sa.Text))
    .values(generation=sa.bindparam("generation_", type_=sa.Integer), stopped_at=None, reason=None)
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a projection has come. `stopped_at` and `reason` are None unless it is stopped."""

    name: str
    version: int
    generation: int
    size: int
    stopped_at: int | None
    reason: str | None


def read(connection: Connection) -> dict[str, Checkpoint]:
    """Every checkpoint by the projection's name."""
    return {row[0]: Checkpoint(*row) for row in _ALL.run(connection).fetchall()}


def lock(connection: Connection, name: str) -> int:
    """Keeps everybody else from moving a checkpoint until the transaction ends; its size."""
    row = _LOCK.run(connection, {"name_": name}).fetchone()
    assert row is not None
    size: int = row[0]
    return size


def advance(connection: Connection, known: Checkpoint, size: int) -> bool:
    """Moves a checkpoint to `size` if it is still `known`; whether it was."""
    step = {
        "name_": known.name,
        "before": known.size,
        "after": size,
        "generation_": known.generation,
    }
    return _ADVANCE.run(connection, step).rowcount == 1


def stop(connection: Connection, name: str, position: int, reason: str) -> None:
    """Notes the entry at which a projection stands still."""
    _STOP.run(connection, {"name_": name, "position": position, "why": reason})


def begin(connection: Connection, name: str, *, version: int, generation: int) -> None:
    """A checkpoint at the empty prefix, in place of any there was."""
    _FORGET.run(connection, {"name_": name})
    begun = Checkpoint(name, version, generation, 0, None, None)
    _PUT.run(connection, asdict(begun))


def renew(connection: Connection, name: str, generation: int) -> None:
    """A rebuilt table stands under the checkpoint from now on."""
    _RENEW.run(connection, {"name_": name, "generation_": generation})
