"""What must hold, whatever happened: read from the stores alone, never from a process."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from ledger.case import Case
from ledger.pupil import Pupil
from ledger.register import Register
from tests.simulation.transfer import counting
from tests.simulation.transfer.world import OPEN, Site, World
from transfer.cases import BY_RULING


class Violated(AssertionError):
    """A property does not hold."""


Key = tuple[int, UUID]
"""A record: number of its ledger, id."""


def check_always(world: World) -> None:
    """What holds after every step; nothing new is to be seen where nothing was written."""
    written = world.written()
    if written == world.checked:
        return
    world.checked = written
    one_custodian(world, at_rest=False)
    one_decision(world)
    copies_are_prefixes(world)
    accept_implies_import(world)
    for refuted in counting.decided_alike(world):
        raise Violated(refuted)


def check_quiet(world: World) -> None:
    """What holds when everything is settled."""
    check_always(world)
    one_custodian(world, at_rest=True)
    sides_agree(world)
    whole_histories_arrived(world)
    nothing_waits(world)
    register_knows(world)
    for refuted in counting.counted_once(world):
        raise Violated(refuted)


def one_custodian(world: World, *, at_rest: bool) -> None:
    """Of the records that transfers joined at most one has custody; none only where a case of
    one of them is listed. A ruling has its effect when it has reached both sides."""
    # A restored ledger does nothing before it knows again what it did.
    lost = {site.number for site in world.sites if site.stands != "open"}
    for joined in histories(world):
        if ruled(world, set(joined), at_rest=at_rest):
            continue
        own = [key for key, pupil in joined.items() if pupil.released is None]
        # A supplement joins the record of a child who only waited for its papers somewhere.
        holders = [key for key in own if not joined[key].awaits_papers and key[0] not in lost]
        if len(holders) > 1:
            raise Violated(f"{[str(world.sites[n]) for n, _ in holders]} hold one history")
        if not own and not lost and not listed(world, set(joined)):
            raise Violated("nobody holds a history, and no case of it is listed")


def histories(world: World) -> Iterator[dict[Key, Pupil]]:
    """The records of the world, those joined that acceptances have linked."""
    pupils = {(site.number, p.id): p for site in world.sites for p in site.pupils()}
    numbers = {site.id: site.number for site in world.sites}
    group = {key: {key} for key in pupils}
    for (number, record), pupil in pupils.items():
        for link in pupil.links:
            one, other = group[number, record], group.get((numbers[link.ledger], link.pupil))
            if other is not None and one is not other:
                one |= other
                for key in other:
                    group[key] = one
    for joined in {id(group): group for group in group.values()}.values():
        yield {key: pupils[key] for key in joined}


def ruled(world: World, records: set[Key], *, at_rest: bool) -> bool:
    """Whether a ruling about one of these records is on its way still; or, at rest, was refused by
    a side that has passed the record on."""
    for id in world.rulings:
        sides = _sides(world, id)
        if records & {(site.number, case.pupil) for site, case in sides}:
            obeyed = [case.ruling is not None for _, case in sides]
            if not at_rest or not all(obeyed):
                return True
    return False


def _sides(world: World, id: UUID) -> list[tuple[Site, Case]]:
    found = ((site, site.case(id)) for site in world.sites)
    return [(site, case) for site, case in found if case is not None]


def listed(world: World, records: set[Key]) -> bool:
    """Whether an open case is about one of these records, ours or the other side's."""
    numbers = {site.id: site.number for site in world.sites}
    return any(
        case.state in OPEN
        and (
            (site.number, case.pupil) in records
            or (case.peer is not None and (numbers[case.peer], case.their_pupil) in records)
        )
        for site in world.sites
        for case in site.cases()
    )


def one_decision(world: World) -> None:
    """Nobody ever says or records both accepted and rejected about one transfer."""
    said: dict[UUID, set[str]] = {case: set(kinds) for case, kinds in world.told.items()}
    for site in world.sites:
        for case in site.cases():
            if case.state in ("accepted", "rejected") and not _by_ruling(world, case):
                said.setdefault(case.id, set()).add(case.state[:6])
        for id, (decision, _) in site.store.decisions.items():
            known = site.case(id)
            if known is None or known.ruling is not None or not _by_ruling(world, known):
                said.setdefault(id, set()).add(decision[:6])
    for id, words in said.items():
        if len(words) > 1:
            raise Violated(f"transfer {id} was {words}")


def _by_ruling(world: World, case: Case) -> bool:
    """Whether the arbiter wrote this end into a case that nobody had decided, or whose acceptance
    was lost in a restore."""
    return case.ruling is not None or (world.restored and case.failure == (0, BY_RULING))


def copies_are_prefixes(world: World) -> None:
    """What a ledger holds of another's streams is their beginning, byte for byte."""
    by_id = {site.id: site for site in world.sites}
    for site in world.sites:
        kinds = site.store.kinds
        for stream in (*kinds.get("pupil", ()), *kinds.get("pupil_year", ())):
            if stream.ledger == site.id:
                continue
            originals = by_id[stream.ledger].store.entries_of(stream.id)
            for copy, original in zip(site.store.entries_of(stream.id), originals, strict=False):
                if (copy.version, copy.body) != (original.version, original.body):
                    raise Violated(f"{site} holds another version {copy.version} of a stream")


def accept_implies_import(world: World) -> None:
    """Who wrote an acceptance holds the custody, and every entry the releases cover."""
    for site in world.sites:
        if site.stands != "open":
            continue
        pupils = {pupil.id: pupil for pupil in site.pupils()}
        for id, (decision, _) in site.store.decisions.items():
            case = site.case(id)
            if decision != "accepted":
                continue
            pupil = pupils.get(case.pupil) if case and case.pupil else None
            if pupil is None or id not in pupil.accepted:
                raise Violated(f"{site} accepted a transfer and has taken nothing in")
            for covering in pupil.coverings:
                for stream, version in covering:
                    if len(site.store.entries_of(stream)) < version:
                        raise Violated(f"{site} accepted less than was released")


def sides_agree(world: World) -> None:
    """Both sides of a transfer end in the same way, with the same digest."""
    for site in world.sites:
        for case in site.cases():
            if case.state in OPEN:
                raise Violated(f"{site} still has a case that is {case.state}")
            if case.id in world.rulings or case.state == "follow_up":
                continue
            other = world.site_of(case.other).case(case.id)
            if other is None:
                never_told = case.returns is not None and case.state == "declined"
                if (case.side, case.state) != ("receiver", "rejected") and not never_told:
                    raise Violated(f"{case.peer} knows nothing of a case that is {case.state}")
            elif {case.state, other.state} == {"declined", "rejected"}:
                continue  # refused there while it was withdrawn here
            elif other.state != case.state:
                raise Violated(f"one transfer is {case.state} and {other.state}")
            elif case.state == "accepted" and case.digest != other.digest:
                raise Violated("the digests released and taken in differ")


def whole_histories_arrived(world: World) -> None:
    """Whatever the origin released in an accepted transfer, the receiver holds, and counts."""
    for origin in world.sites:
        for case in origin.cases():
            if (case.side, case.state) != ("origin", "accepted") or case.pupil is None:
                continue
            if case.id in world.rulings:
                continue
            receiver = world.site_of(case.other)
            theirs = receiver.case(case.id)
            assert theirs is not None
            assert theirs.pupil is not None
            released = _fact(origin, case.pupil, "Released", case.id)["streams"]
            counted = _fact(receiver, theirs.pupil, "TransferAccepted", case.id)["covered"]
            if counted[-1:] != [released]:
                raise Violated(f"{receiver} counts something else than {origin} released")
            for stream, version in released:
                held = (s.store.entries_of(UUID(stream))[:version] for s in (origin, receiver))
                if len({tuple(entry.body for entry in entries) for entries in held}) > 1:
                    raise Violated(f"{receiver} does not hold what {origin} released")


def _fact(site: Site, record: UUID, name: str, case: UUID) -> dict[str, Any]:
    """What an entry of a pupil's stream says about a transfer, read from its stored bytes."""
    for entry in site.store.entries_of(record):
        if entry.topic.startswith(f"ledger.{name}."):
            facts: dict[str, Any] = json.loads(entry.body)["facts"]
            if facts["case"] == str(case):
                return facts
    raise Violated(f"{site} has no {name} of a transfer that was accepted")


def nothing_waits(world: World) -> None:
    """No message waits to be sealed or answered, or failed."""
    for site in world.sites:
        for row in site.store.outbox.values():
            if row.state != "answered":
                raise Violated(f"{site}: a {row.kind} is {row.state} for ever")


def register_knows(world: World) -> None:
    """What the ministry has answered its register holds, and every ruling that a party obeys."""
    if not world.court:
        return
    store = world.sites[2].store
    bodies = (store.states.get(stream.no) for stream in store.kinds.get("register", ()))
    kept = [Register.model_validate_json(body) for body in bodies if body is not None]
    told = {(one.transfer, one.by) for state in kept for one in state.told}
    ruled = {state.transfer: state.ruling.sha256 for state in kept if state.ruling is not None}
    for site in world.schools:
        for case in site.cases():
            if case.registered == "recorded" and (case.id, site.id) not in told:
                raise Violated(f"the register has forgotten what {site} told it")
            mailed = any(
                (row.case_id, row.kind, row.state) == (case.id, "ruling", "done")
                for row in site.store.inbox.values()
            )
            if case.ruling is not None and mailed and case.id not in ruled:
                raise Violated("the ministry has forgotten what it ruled")
