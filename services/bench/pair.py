"""Two ledgers of one temporary home with their transfer offices: origin and receiver."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from services.bench.history import write_school
from services.bench.place import Bench, new_ledger, temporary_servers
from services.embedded import Servers
from services.ledgers import Ledgers, Profile
from services.offices import embedded_route, office_of
from transfer.mailbox import Route
from transfer.office import Office

ORIGIN = "origin"
RECEIVER = "receiver"
SCHOOL = "THPT-017"
NEW_SCHOOL = "THPT-099"


@dataclass(frozen=True, slots=True)
class Side:
    """One ledger to measure, and its transfer office."""

    bench: Bench
    profile: Profile
    office: Office
    route: Route


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides, on the servers of one home."""

    ledgers: Ledgers
    servers: Servers
    origin: Side
    receiver: Side


@contextmanager
def new_pair() -> Iterator[Pair]:
    """Two fresh ledgers, each with a school; nothing of them remains."""
    with ExitStack() as stack:
        ledgers, running = stack.enter_context(temporary_servers())
        benches = [
            stack.enter_context(new_ledger(ledgers, running, name)) for name in (ORIGIN, RECEIVER)
        ]
        sides = []
        for name, bench, school in zip(
            (ORIGIN, RECEIVER), benches, (SCHOOL, NEW_SCHOOL), strict=True
        ):
            profile = ledgers.profile(name)
            office = office_of(ledgers, profile, bench.ledger)
            route = embedded_route(ledgers, running, profile.id.hex)
            write_school(bench, school)
            sides.append(Side(bench, profile, office, route))
        yield Pair(ledgers, running, *sides)
