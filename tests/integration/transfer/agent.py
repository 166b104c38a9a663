"""A clerk and a courier in a process of their own, to be killed at any moment.

    python -m tests.integration.transfer.agent HOME SERVERS_HOME NAME [RELEASES]

Exchanges for ever; accepts every dossier that passed its checks; releases what RELEASES (JSON:
the asking ledger's pupil -> ours) tells it to.
"""

import json
import sys
import time
from datetime import date
from pathlib import Path
from uuid import UUID

from ledger.event import Who
from services.embedded import Home, servers
from services.ledgers import Ledgers
from services.offices import embedded_route, office_of
from transfer import acceptance, conversation, courier, inbox, intake, relay
from transfer.cases import all_cases
from transfer.errors import CourierUnavailable
from transfer.office import Office

TODAY = date(2025, 6, 1)


def work(office: Office, releases: dict[UUID, UUID], who: Who) -> None:
    """What a person would do: release what was confirmed, accept what passed its checks."""
    with office.ledger.database.connection() as connection:
        found = all_cases(connection)
    for case in found:
        if (case.side, case.state) == ("origin", "requested") and case.their_pupil in releases:
            conversation.release(
                office,
                case.id,
                pupil=releases[case.their_pupil],
                last_day=None,
                today=TODAY,
                who=who,
            )
        if (case.side, case.state) == ("receiver", "received"):
            report = inbox.reopen(office, case.id)
            acceptance.accept(
                office, case.id, report, pupil=case.pupil, remark=None, today=TODAY, who=who
            )


def main(home: Path, servers_home: Path, name: str, releases: dict[UUID, UUID]) -> None:
    """Works until it is killed."""
    setattr(relay, "RESEND_FIRST", 1.0)  # noqa: B010  (a Final: seconds, for a short test)
    setattr(intake, "NAK_DELAY", 0.2)  # noqa: B010
    ledgers = Ledgers(Home(home))
    with servers(Home(servers_home)) as running, ledgers.open(running, name) as (profile, opened):
        office = office_of(ledgers, profile, opened)
        who = opened.who("operator")
        print("ready", flush=True)
        while True:
            work(office, releases, who)
            try:
                courier.exchange(office, embedded_route(ledgers, running, profile.id.hex), who=who)
            except CourierUnavailable:
                time.sleep(0.2)
            time.sleep(0.02)


if __name__ == "__main__":
    confirmed = json.loads(sys.argv[4]) if len(sys.argv) > 4 else {}
    main(
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        sys.argv[3],
        {UUID(theirs): UUID(ours) for theirs, ours in confirmed.items()},
    )
