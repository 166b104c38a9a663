"""What a pupil's record says became of proposals: each is decided once."""

from uuid import UUID

from ledger.event import Frozen
from ledger.events.pupil import SupplementDecided


class Ruling(Frozen):
    """What this record says became of a proposal of `author`: accepted (`reason` None) or refused,
    and the version of the entry that says so."""

    author: UUID
    proposal: UUID
    reason: str | None
    version: int


def ruled(
    rulings: tuple[Ruling, ...], event: SupplementDecided, version: int
) -> tuple[Ruling, ...]:
    """The rulings after a decision: what is said of a proposal later changes nothing."""
    known = {(ruling.author, ruling.proposal): ruling for ruling in rulings}
    accepted: list[tuple[UUID, str | None]] = [(one, None) for one in event.accepted]
    for proposal, reason in [*accepted, *event.refused]:
        ruling = Ruling(author=event.author, proposal=proposal, reason=reason, version=version)
        known.setdefault((event.author, proposal), ruling)
    return tuple(known.values())
