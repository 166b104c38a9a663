"""One side's transfer agent in a process of its own, as `hocba transfer-agent` runs it.

    python -m services.bench.transfer_agent HOME LEDGER [accept]

With `accept` a rule decides: every dossier that passed its checks is accepted at once, from the
very report of its checks. Says `ready` once it works; ends at SIGTERM.
"""

import asyncio
import signal
import sys
from datetime import date
from pathlib import Path

from ledger.database import Connection
from ledger.event import Who
from ledger.reader import Reader
from services import memory
from services.bench.place import OPERATOR
from services.embedded import Home, servers
from services.ledgers import Ledgers
from services.offices import embedded_route, office_of
from transfer import acceptance
from transfer.cases import require_case
from transfer.errors import CaseRefused
from transfer.inbox import Taken
from transfer.metrics import Metrics
from transfer.office import Office
from transfer.worker import Job, work

TODAY = date(2026, 6, 1)


class Accepting:
    """The rule: what passed its checks is taken in."""

    def __init__(self, office: Office, who: Who) -> None:
        """`who` is the account in whose name the rule decides."""
        self._office, self._who = office, who

    def __call__(self, taken: Taken) -> None:
        """Accepts the dossier that has just been checked, if it is one."""
        if taken.report is None or taken.case is None:
            return
        office = self._office
        with office.ledger.database.connection() as connection:
            pupil = require_case(_reader(office, connection), taken.case).pupil
        try:
            acceptance.accept(
                office, taken.case, taken.report, pupil=pupil, remark=None, today=TODAY,
                who=self._who,
            )  # fmt: skip
        except CaseRefused:
            return  # decided meanwhile


def _reader(office: Office, connection: Connection) -> Reader:
    return Reader(connection, office.ledger.keyring, office.ledger.id)


def main(home: Path, name: str, *, accepting: bool) -> None:
    """Works until it is told to end."""
    ledgers = Ledgers(Home(home))
    with servers(Home(home)) as running, ledgers.open(running, name) as (profile, ledger):
        office = office_of(ledgers, profile, ledger)
        who = ledger.who(OPERATOR)
        job = Job(
            name=name,
            office=office,
            route=lambda: embedded_route(ledgers, running, profile.id.hex),
            who=who,
            metrics=Metrics(name),
            on_taken=Accepting(office, who) if accepting else None,
        )
        memory.settle()
        asyncio.run(_run(job))


async def _run(job: Job) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", flush=True)
    await work([job], stop)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], accepting=sys.argv[3:] == ["accept"])
