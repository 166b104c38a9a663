"""The agent of one ledger as `hocba transfer-agent` runs it, with timers of a short run.

    python -m tests.chaos.agent HOME NAME TOLD

Every decision that NATS has taken is noted in the file TOLD, one line `CASE KIND INCARNATION TIME`:
what a ledger ever said is known even where its database was restored since.
"""

import asyncio
import faulthandler
import json
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from services import agents
from services.embedded import Home
from services.workplace import Workplace
from transfer import courier, intake, relay, worker
from transfer.relay import Relay

QUICK: Mapping[ModuleType, Mapping[str, object]] = {
    relay: {"RESEND_FIRST": 1.5, "RESEND_MOST": 8.0, "PUBLISH_PATIENCE": 2.0},
    intake: {"NAK_DELAY": 0.5},
    courier: {
        "POLL": 0.1,
        "GATHER": 0.05,
        "PATIENCE": 1.0,
        "LOOK": 2.0,
        "LOST": 2.0,
        "SETTLE": 0.5,
    },
    worker: {"SOON": (0.1, 0.4), "LATER": (0.2, 0.6)},
}
"""Seconds, by module: what lasts minutes in a school lasts seconds here."""
DECISIONS = ("accept", "reject", "cancel")


def main(home: Path, name: str, told: Path) -> int:
    """Works until it is told to stop, or killed."""
    for module, timers in QUICK.items():
        for timer, seconds in timers.items():
            assert hasattr(module, timer), f"{module.__name__} has no timer {timer}"
            setattr(module, timer, seconds)
    note_decisions(told)
    tell_when_asked()
    workplace = Workplace(
        home=Home(home),
        account="operator",
        database=None,
        nats=None,
        ledger=name,
        format="json",
        lang="vi",
    )
    return agents.run_agents(workplace, [name], metrics_file=None, listen=None)


def note_decisions(told: Path) -> None:
    """From now on what this process publishes is noted, once the server has it."""
    publish = Relay._publish_once

    async def noting(self: Relay, due: Any, subject: str, frame: bytes) -> Any:
        acknowledged = await publish(self, due, subject, frame)
        if due.kind in DECISIONS:
            length = int.from_bytes(frame[4:8], "big")
            header = json.loads(frame[8 : 8 + length])
            with told.open("a", encoding="ascii") as file:
                said = f"{header['case']} {due.kind} {header['incarnation']}"
                file.write(f"{said} {datetime.now(UTC):%H:%M:%S.%f}\n")
        return acknowledged

    setattr(Relay, "_publish_once", noting)  # noqa: B010  (mypy: a method)


def tell_when_asked() -> None:
    """On SIGUSR1 the process tells in its log what each task and thread waits for."""
    work = worker.work

    def tell() -> None:
        for task in asyncio.all_tasks():
            task.print_stack(file=sys.stderr)
        faulthandler.dump_traceback(file=sys.stderr)

    async def listening(*args: Any, **kwargs: Any) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell)
        await work(*args, **kwargs)

    setattr(agents, "work", listening)  # noqa: B010  (mypy: not exported)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
