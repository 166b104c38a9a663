"""Lines of work: many small commands decided together, each with a verdict of its own.

The line is the unit of refusal: what is sound goes in, the rest is named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar
from uuid import UUID

from ledger.desk import Desk
from ledger.errors import Refused
from ledger.event import Event, Provenance, Who
from ledger.plan import Done, Draft, Plan
from ledger.reader import Reader
from ledger.recorder import StreamRef

C = TypeVar("C")

Fate = Literal["accepted", "unchanged", "rejected", "proposed"]


@dataclass(frozen=True, slots=True)
class Line(Generic[C]):
    """One command of a batch: where it came from, its identity, who answers for it.

    `at` is the caller's own mark (a line number); `digest` the keyed digest of the line, None
    where the caller keeps no line identity; `on_behalf_of` the staff member named; `provenance`
    the line's own file where a batch is laid together from several.
    """

    at: int
    command: C
    digest: UUID | None = None
    on_behalf_of: str | None = None
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one line."""

    at: int
    fate: Fate
    refused: Refused | None = None
    warnings: tuple[Refused, ...] = ()


@dataclass(slots=True)
class Batch:
    """A plan under construction and the verdicts so far."""

    who: Who
    plan: Plan = field(default_factory=Plan)
    verdicts: list[Verdict] = field(default_factory=list)
    _known_who: dict[tuple[str | None, Provenance | None], Who] = field(default_factory=dict)

    def accept(
        self,
        line: Line[C],
        writes: Sequence[tuple[StreamRef, Sequence[Event]]],
        *,
        warnings: Sequence[Refused] = (),
        fate: Fate | None = None,
        refused: Refused | None = None,
    ) -> None:
        """Takes what a line decided; a line that decided nothing is unchanged."""
        drafts = [self.draft(line, ref, event) for ref, events in writes for event in events]
        self.plan.drafts.extend(drafts)
        if line.digest is not None:
            self.plan.lines.append(line.digest)
        chosen = fate or ("accepted" if drafts else "unchanged")
        self.verdicts.append(Verdict(line.at, chosen, refused, tuple(warnings)))

    def draft(self, line: Line[C], ref: StreamRef, event: Event) -> Draft:
        """An event of a line, recorded by the batch's account for whoever the line names."""
        return Draft(ref, event, who=self._who(line))

    def _who(self, line: Line[C]) -> Who:
        if line.on_behalf_of is None and line.provenance is None:
            return self.who
        key = (line.on_behalf_of, line.provenance)
        if key not in self._known_who:
            update = {
                "on_behalf_of": line.on_behalf_of or self.who.on_behalf_of,
                "provenance": line.provenance or self.who.provenance,
            }
            self._known_who[key] = self.who.model_copy(update=update)
        return self._known_who[key]

    def reject(self, line: Line[C], refused: Refused) -> None:
        """Names what is wrong with a line; nothing of it goes in."""
        self.verdicts.append(Verdict(line.at, "rejected", refused))


Handler = Callable[[Reader, Batch, Sequence[Line[C]]], None]


def carry_out(
    desk: Desk, handler: Handler[C], lines: Sequence[Line[C]], *, who: Who
) -> tuple[Done, list[Verdict]]:
    """Decides and appends a batch in one transaction; what was recorded before is unchanged.

    Returns what was appended and a verdict for every line, in the order of decision.
    """
    batch = Batch(who)

    def decide(reader: Reader) -> Plan:
        nonlocal batch
        batch = Batch(who)
        digests = [line.digest for line in lines if line.digest is not None]
        known = reader.lines_known(digests) if digests else set()
        fresh = []
        for line in lines:
            if line.digest in known:
                batch.verdicts.append(Verdict(line.at, "unchanged"))
            else:
                fresh.append(line)
        handler(reader, batch, fresh)
        return batch.plan

    done = desk.run(decide, who=who)
    return done, batch.verdicts
