"""Real faults for a while, then a calm end, then both databases are looked at.

    python -m tests.chaos.run --seconds 120 --seed 7

It closes with one line: seconds, faults by kind, transfers begun, accepted and rejected,
violations. The exit code is 1 where something was violated.
"""

import argparse
import logging
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Final

from ledger.inspection import inspect
from tests.chaos.faults import Faults
from tests.chaos.people import AWAY, People, open_proposals
from tests.chaos.place import Desk, Place, founded
from tests.chaos.stores import evidence, violations
from tests.simulation.transfer.world import OPEN, World

PATIENCE: Final = 90.0
"""Once nothing fails any more: after so many seconds in which neither log has grown everything must
be at rest."""
LONGEST: Final = 4 * PATIENCE
"""Seconds until whatever still goes on is called endless: a busy machine is slow, and no defect."""
IMPATIENT_EVERY: Final = 50
"""After so many rounds a person gives up what has not come."""


@dataclass
class Outcome:
    """What a run came to."""

    seed: int
    seconds: float
    faults: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    begun: int = 0
    accepted: int = 0
    rejected: int = 0
    settled_in: float = 0.0
    violations: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)

    def line(self) -> str:
        """The closing line."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.faults.items()))
        return (
            f"{self.seconds:.0f} seconds, {self.faults.total()} faults ({kinds}); {self.begun} "
            f"transfers begun, {self.accepted} accepted, {self.rejected} rejected; at rest after "
            f"{self.settled_in:.0f} seconds; {len(self.violations)} violations; seed {self.seed}"
        )


def run(seed: int, *, seconds: float, pupils: int) -> Outcome:
    """One run of a seed: what happens is drawn from it, when it happens is the machine's."""
    outcome = Outcome(seed, seconds)
    with founded(pupils) as place:
        people = [People(place, desk, f"{seed}/{desk.name}") for desk in place.desks]
        faults = Faults(place, f"{seed}/faults")
        faults.mend()
        _live(people, faults, seconds, outcome)
        for failure in outcome.violations:
            print(failure, file=sys.stderr)
        faults.mend()
        begun = time.monotonic()
        world = settle(place, people, outcome)
        outcome.settled_in = time.monotonic() - begun
        outcome.violations += violations(world)
        for desk in place.desks:
            outcome.violations += unsound(desk)
        outcome.faults, outcome.trace = faults.counted, faults.trace
        for one in people:
            outcome.said += one.said
        _count(world, outcome)
        if outcome.violations:
            print(f"what is known of it is kept in {keep(place, world, outcome)}", file=sys.stderr)
    return outcome


def _live(people: list[People], faults: Faults, seconds: float, outcome: Outcome) -> None:
    """People work while faults happen, all at once, for so many seconds."""
    stop = Event()

    def noting(work: Callable[[Event], None]) -> None:
        try:
            work(stop)
        except Exception as error:  # neither refused nor away: a defect of its own
            outcome.violations.append("".join(traceback.format_exception(error)))
            stop.set()

    works = [*(one.work for one in people), faults.befall]
    threads = [Thread(target=noting, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()


def settle(place: Place, people: list[People], outcome: Outcome) -> World:
    """Nothing fails any more, and people work off their lists until nothing is open."""
    begun = grown = time.monotonic()
    number = entries = 0
    while True:
        number += 1
        for one in people:
            try:
                one.work_off(impatient=number % IMPATIENT_EVERY == 0)
            except AWAY:
                one.said["away"] += 1
        for agent in place.agents:
            agent.start()
        world = place.found()
        if quiet(world):
            return world
        size, now = sum(len(site.store.entries) for site in world.sites), time.monotonic()
        if size > entries:
            entries, grown = size, now
        if now > grown + PATIENCE or now > begun + LONGEST:
            stand = ", ".join(f"{site} {site.stands}" for site in world.sites)
            outcome.violations.append(f"no rest after {now - begun:.0f} seconds; {stand}")
            return world
        time.sleep(0.4)


def quiet(world: World) -> bool:
    """Whether nobody has anything to do, no message waits and no ledger is fenced."""
    if any(site.stands != "open" for site in world.sites):
        return False
    cases = [case for site in world.sites for case in site.cases()]
    rows = [row for site in world.sites for row in site.store.outbox.values()]
    return not any(case.state in OPEN or open_proposals(case) for case in cases) and all(
        row.state in ("answered", "failed") for row in rows
    )


def keep(place: Place, world: World, outcome: Outcome) -> Path:
    """Writes into a folder what a person needs to find out how it came to a violation."""
    folder = Path(tempfile.mkdtemp(prefix=f"hb-chaos-{outcome.seed}-"))
    (folder / "logs.txt").write_text("\n".join(evidence(world)), "utf-8")
    (folder / "faults.txt").write_text("\n".join(outcome.trace), "utf-8")
    (folder / "violations.txt").write_text("\n".join(outcome.violations), "utf-8")
    for agent in place.agents:
        (folder / f"{agent.told.name}.log").write_text(agent.last_words(), "utf-8")
        if agent.told.exists():
            (folder / f"{agent.told.name}.txt").write_bytes(agent.told.read_bytes())
    return folder


def unsound(desk: Desk) -> list[str]:
    """What is wrong with a ledger's log, its tree, its states, as `hocba verify` finds it."""
    office = desk.office
    with office.ledger.database.connection() as connection:
        found = inspect(office.notary, connection, lambda done, total: None)
    return [f"{desk.name}: {one.kind} {one.position}: {one.detail}" for one in found.failures]


def _count(world: World, outcome: Outcome) -> None:
    ends: dict[object, set[str]] = {}
    for site in world.sites:
        for case in site.cases():
            ends.setdefault(case.id, set()).add(case.state)
    outcome.begun = len(ends)
    outcome.accepted = sum("accepted" in states for states in ends.values())
    outcome.rejected = sum(bool(states & {"rejected", "declined"}) for states in ends.values())


def main(arguments: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--pupils", type=int, default=24)
    parser.add_argument("--trace", action="store_true", help="tell every fault")
    asked = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(2**32) if asked.seed is None else asked.seed
    print(f"seed {seed}", flush=True)
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # that a server is away is no news
    outcome = run(seed, seconds=asked.seconds, pupils=asked.pupils)
    if asked.trace:
        print("\n".join(outcome.trace))
    for violation in outcome.violations:
        print(f"seed {seed}: {violation}")
    acts = ", ".join(f"{count} {name}" for name, count in sorted(outcome.said.items()))
    print(f"what people did: {acts}")
    print(outcome.line())
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
