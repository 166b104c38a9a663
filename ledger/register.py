"""The custody register: what the ministry was told of one pupil, and who has custody by it.

Pure. What was told comes in any order, late or twice; so custody is laid out anew from all of it:
the transfers that stand are strung into one way, each beginning where the one before it ended.
What fits nowhere is a conflict, with the transfer that stands in its place. A conflict ends by
itself when a transfer that was missing is told, a receiver rejects, or the arbiter rules.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from ledger.event import Event, Frozen
from ledger.events.ministry import RegisterEvent
from ledger.events.register import CustodyTold, RulingCounted, RulingIssued, TransferNamed


class Told(Frozen):
    """One thing that one ledger told of one transfer."""

    transfer: UUID
    origin: UUID
    receiver: UUID
    root: str | None
    event: RegisterEvent
    by: UUID


class Ruled(Frozen):
    """A ruling: who has custody, the paper's number, and the digest of what was signed."""

    custodian: UUID
    number: str
    sha256: str


class Register(Frozen):
    """A stream of the register: of a token (`told`, `ruled`), or of one `transfer` (`tokens`,
    `ruling`)."""

    told: tuple[Told, ...] = ()
    ruled: tuple[tuple[UUID, UUID], ...] = ()
    transfer: UUID | None = None
    tokens: tuple[str, ...] = ()
    ruling: Ruled | None = None


def evolve(register: Register | None, event: Event, version: int) -> Register:
    """The stream after `event`."""
    del version
    known = register or Register()
    match event:
        case CustodyTold():
            told = Told(
                transfer=event.transfer,
                origin=event.from_ledger,
                receiver=event.to_ledger,
                root=event.root,
                event=event.told,
                by=event.told_by,
            )
            return known.model_copy(update={"told": (*known.told, told)})
        case RulingCounted():
            ruled = (event.transfer, event.custodian)
            return known.model_copy(update={"ruled": (*known.ruled, ruled)})
        case TransferNamed():
            tokens = (*known.tokens, event.token)
            return known.model_copy(update={"transfer": event.transfer, "tokens": tokens})
        case RulingIssued():
            ruling = Ruled(custodian=event.custodian, number=event.number, sha256=event.sha256)
            return known.model_copy(update={"transfer": event.transfer, "ruling": ruling})
        case _:
            return known


@dataclass(frozen=True, slots=True)
class Passage:
    """One transfer as the register sees it. `contradicted`: its two sides do not agree on it."""

    transfer: UUID
    origin: UUID
    receiver: UUID
    accepted: bool
    stands: bool
    contradicted: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """A transfer that cannot stand beside another one. `other_ledger` is the one that would have
    custody by that; of a transfer that contradicts itself, its receiver."""

    transfer: UUID
    other_transfer: UUID
    other_ledger: UUID


def passages(register: Register) -> tuple[Passage, ...]:
    """The transfers told of, in the order in which they were first."""
    ruled = dict(register.ruled)
    told: dict[UUID, list[Told]] = {}
    for one in register.told:
        told.setdefault(one.transfer, []).append(one)
    return tuple(_passage(found, ruled.get(transfer)) for transfer, found in told.items())


def _passage(told: list[Told], custodian: UUID | None) -> Passage:
    first = told[0]
    said = {one.event for one in told}
    ended = bool(said & {"rejected", "returned"})
    accepted = "accepted" in said
    roots = {one.root for one in told if one.root is not None}
    parties = {(one.origin, one.receiver) for one in told}
    if custodian is not None:
        accepted, ended = custodian == first.receiver, custodian != first.receiver
    return Passage(
        transfer=first.transfer,
        origin=first.origin,
        receiver=first.receiver,
        accepted=accepted,
        stands=not ended,
        contradicted=(accepted and ended) or len(roots) > 1 or len(parties) > 1,
    )


def way(register: Register) -> tuple[list[Passage], list[Passage]]:
    """(the transfers that stand, strung into one way; those that fit nowhere on it)."""
    strung: list[Passage] = []
    loose: list[Passage] = []
    for passage in passages(register):
        if passage.stands:
            loose.append(passage)
            while _string_one(strung, loose):
                pass
    return strung, loose


def _string_one(strung: list[Passage], loose: list[Passage]) -> bool:
    """Strings one loose transfer where it fits: at the end, or, told late, at the beginning."""
    for passage in loose:
        if not strung or passage.origin == strung[-1].receiver:
            strung.append(passage)
        elif passage.receiver == strung[0].origin:
            strung.insert(0, passage)
        else:
            continue
        loose.remove(passage)
        return True
    return False


def conflicts(register: Register) -> dict[UUID, Conflict]:
    """The conflicts by transfer; where two transfers exclude each other both are named."""
    strung, loose = way(register)
    found = {
        p.transfer: Conflict(p.transfer, p.transfer, p.receiver)
        for p in passages(register)
        if p.contradicted
    }
    for passage in loose:
        rival = next((p for p in strung if p.origin == passage.origin), strung[-1])
        for one, other in ((passage, rival), (rival, passage)):
            found.setdefault(one.transfer, Conflict(one.transfer, other.transfer, other.receiver))
    return found


def custodian(register: Register) -> UUID | None:
    """Who has custody by what was told; None while a transfer is under way, or nothing is known."""
    strung, _ = way(register)
    if strung:
        return strung[-1].receiver if strung[-1].accepted else None
    return register.told[0].origin if register.told else None


def tellers(register: Register, transfer: UUID) -> tuple[UUID, ...]:
    """The ledgers that told something of a transfer."""
    return tuple(dict.fromkeys(one.by for one in register.told if one.transfer == transfer))


def changed(before: Register, after: Register) -> Iterator[tuple[UUID, Conflict | None]]:
    """The transfers whose conflict began, changed or ended from one state to the next."""
    old, new = conflicts(before), conflicts(after)
    for transfer in _in_order((*old, *new)):
        if old.get(transfer) != new.get(transfer):
            yield transfer, new.get(transfer)


def _in_order(transfers: Iterable[UUID]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(transfers))
