"""One record of the exchange: its content, its identity, the envelope it is sent in."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid5

from ledger.identity_check import VIETNAM
from services.exchange.fields import OF_THE_SENDING, TABLES, children
from signing import canonical

Values = dict[str, Any]
"""Field to value: text, whole number, `Decimal` as text, 0/1 for a boolean, or None."""

Act = Literal["NEW", "UPDATE", "CANCEL"]
EXCHANGE = "national"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Why a record cannot be sent: a field (with its row in a child table), what, how to mend."""

    field: str
    reason: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A row of a child table; `key` tells it from the record's other rows."""

    table: str
    key: str
    values: Values


@dataclass(slots=True, kw_only=True)
class Content:
    """What a record says, without its envelope; `gaps` are what the mapping could not say,
    `left_out` rows that are not sent although the record is."""

    table: str
    values: Values = field(default_factory=dict)
    rows: list[Child] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    left_out: list[Gap] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """`sha256:` over what the record says, equal as long as nothing of that changes."""
        said = {name: value for name, value in self.values.items() if name not in OF_THE_SENDING}
        rows = [[row.table, row.key, row.values] for row in self.rows]
        body = canonical.dumps({"table": self.table, "values": said, "rows": rows})
        return f"sha256:{hashlib.sha256(body).hexdigest()}"


def record_id(ledger: UUID, pupil: UUID, school_year: str, school: str) -> UUID:
    """IdBanGhi of one pupil's one school year at one school: the same in every export."""
    return uuid5(ledger, f"exchange:{pupil}:{school_year}:{school}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """How a record is sent; `recorded_at` is that of the position the export is made at."""

    record: UUID
    act: Act
    version: int
    recorded_at: datetime

    def values(self, of: UUID) -> Values:
        """The five fields on the record itself, or on its row with the id `of`.

        Instants have no offset in the exchange; they are Vietnam's local time.
        """
        instant = self.recorded_at.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M:%S")
        return {
            "idbanghi": str(of),
            "sukien": self.act,
            "phienban": self.version,
            "thoigiancapnhat": instant,
            "ngaycapnhat": instant,
        }


def enveloped(content: Content, envelope: Envelope) -> dict[str, Any]:
    """The record as it is sent: every field of its table in order, its rows under the short
    names of their tables. A cancelled one holds its keys and envelope alone."""
    record = envelope.record
    own = {
        **({} if envelope.act == "CANCEL" else content.values),
        f"key{content.table}": record.hex,
        "madinhdanhhocba": str(uuid5(record, "madinhdanhhocba")),
        "trangthaithongtinhocba": "2" if envelope.act == "CANCEL" else "1",
        "phienbanthongtinhocba": str(envelope.version),
        **envelope.values(record),
    }
    if envelope.act == "CANCEL":
        return {"table": content.table, **_ordered(content.table, own, absent=False)}
    rows: dict[str, list[Values]] = {name: [] for name in children(content.table)}
    for row in content.rows:
        table = f"{content.table}_{row.table}"
        id = uuid5(record, f"{row.table}:{row.key}")
        keys = {f"key{table}": id.hex, f"key{content.table}": record.hex}
        rows[row.table].append(_ordered(table, {**row.values, **keys, **envelope.values(id)}))
    return {"table": content.table, **_ordered(content.table, own), **rows}


def _ordered(table: str, values: Mapping[str, Any], *, absent: bool = True) -> Values:
    """The values in the order of the table's fields; None where there is none (if `absent`).

    Raises:
        ValueError: a value for which the table has no field.
    """
    names = [known.name for known in TABLES[table]]
    strange = set(values) - set(names)
    if strange:
        raise ValueError(f"{table} has no field {', '.join(sorted(strange))}")
    return {name: values.get(name) for name in names if absent or name in values}
