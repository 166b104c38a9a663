"""What the courier counts: for Prometheus, in its text format 0.0.4. Labels name no pupil.

Everything is of one ledger; several ledgers of a process stand in one text, told apart by the label
`ledger`.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from ledger.database import Connection
from ledger.queries import queries
from transfer import clock

_SQL = queries("transfer", "transfer.sql")
_HELP: Final = {
    "sent_total": "Messages that NATS acknowledged for the first time.",
    "resent_total": "Messages sent again because no answer came.",
    "duplicates_total": "Publications that NATS knew already.",
    "received_total": "Messages taken in, by kind and outcome.",
    "postponed_total": "Deliveries put off after a passing failure.",
    "given_up_total": "Advisories of deliveries given up or ended.",
    "chunks_total": "Chunks of large messages stored.",
    "dead_kept": "Dead messages kept in the inbox.",
    "outbox": "Messages that wait, by state.",
    "outbox_oldest_seconds": "Age of the oldest message that waits, by state.",
    "lag": "Messages in a box that were not delivered yet.",
    "drift": "1 where a durable is not set as it must be, and its box is not read.",
    "last_exchange_timestamp_seconds": "When mail was last sent or fetched without an error.",
}


@dataclass(slots=True)
class Metrics:
    """The counters of one ledger's courier; safe to use from several threads."""

    ledger: str
    _counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=Counter)
    _gauges: dict[tuple[str, tuple[tuple[str, str], ...]], float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sent(self, kind: str, *, again: bool, known: bool) -> None:
        """A publication was acknowledged; `known`: NATS had it already."""
        self._add("resent_total" if again else "sent_total", kind=kind)
        if known:
            self._add("duplicates_total", kind=kind)

    def received(self, kind: str, outcome: str) -> None:
        """A message was taken in."""
        self._add("received_total", kind=kind, outcome=outcome)

    def postponed(self) -> None:
        """A delivery was put off."""
        self._add("postponed_total")

    def given_up(self, kind: str) -> None:
        """An advisory came."""
        self._add("given_up_total", kind=kind)

    def chunk(self) -> None:
        """A chunk was stored."""
        self._add("chunks_total")

    def box(self, durable: str, *, stream: str, lag: int, drift: bool) -> None:
        """What a look at a durable told. Streams and durables are named after NATS accounts."""
        self._set("lag", lag, stream=stream, durable=durable)
        self._set("drift", int(drift), stream=stream, durable=durable)

    def exchanged(self) -> None:
        """Mail was sent or fetched, or there was none; nothing failed."""
        self._set("last_exchange_timestamp_seconds", clock.now().timestamp())

    def measure(self, connection: Connection) -> None:
        """Reads how much waits in the outbox, and how many dead messages are kept."""
        found = {state: (count, oldest) for state, count, oldest in waiting(connection)}
        for state in ("to_seal", "sealed", "sent"):
            count, oldest = found.get(state, (0, 0.0))
            self._set("outbox", count, state=state)
            self._set("outbox_oldest_seconds", oldest, state=state)
        row = connection.execute(_SQL["dead_count"]).fetchone()
        self._set("dead_kept", row[0] if row else 0)

    def count(self, name: str, **labels: str) -> int:
        """The sum of a counter over all series that bear these labels."""
        wanted = set(labels.items())
        with self._lock:
            found = [
                n for (known, at), n in self._counts.items() if known == name and wanted <= {*at}
            ]
        return sum(found)

    def series(self) -> list[tuple[str, Mapping[str, str], float]]:
        """Every series: name, labels, value."""
        with self._lock:
            counted: list[tuple[tuple[str, tuple[tuple[str, str], ...]], float]] = [
                *self._counts.items(),
                *self._gauges.items(),
            ]
        return [(name, {"ledger": self.ledger, **dict(at)}, value) for (name, at), value in counted]

    def _add(self, name: str, **labels: str) -> None:
        with self._lock:
            self._counts[name, tuple(sorted(labels.items()))] += 1

    def _set(self, name: str, value: float, **labels: str) -> None:
        with self._lock:
            self._gauges[name, tuple(sorted(labels.items()))] = value


def waiting(connection: Connection) -> list[tuple[str, int, float]]:
    """Messages that wait: state, how many, age of the oldest in seconds."""
    now = clock.now().timestamp()
    rows = connection.execute(_SQL["outbox_waiting"]).fetchall()
    return [(state, count, max(0.0, now - _minted(oldest))) for state, count, oldest in rows]


def _minted(message: str) -> float:
    """When a message id (UUIDv7: 48 bits of milliseconds first) was made, in seconds."""
    return (UUID(message).int >> 80) / 1000


def text(all_metrics: Iterable[Metrics]) -> str:
    """The exposition text of several couriers."""
    lines: dict[str, list[str]] = {}
    for metrics in all_metrics:
        for name, labels, value in metrics.series():
            told = ",".join(f'{key}="{_escaped(said)}"' for key, said in sorted(labels.items()))
            lines.setdefault(name, []).append(f"hocba_transfer_{name}{{{told}}} {value:.15g}")
    parts = []
    for name in sorted(lines):
        kind = "counter" if name.endswith("_total") else "gauge"
        parts.append(f"# HELP hocba_transfer_{name} {_HELP[name]}")
        parts.append(f"# TYPE hocba_transfer_{name} {kind}")
        parts += sorted(lines[name])
    return "\n".join(parts) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
