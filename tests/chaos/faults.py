"""What befalls the servers and agents of a place: each fault by its name, in an order of chance.

Processes are ended by their number alone, and only those that this home started.
"""

import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Event

import psutil

from services.embedded.postgres_place import existing_place
from services.embedded.processes import wait_gone
from services.offices import embedded_route
from tests.chaos.place import Agent, Place

BACKUP = "ledger backed up"
"""No fault: what a restore needs."""
DECK = (
    *("agent killed",) * 4,
    *("agent paused",) * 3,
    *("agent stopped",) * 2,
    *("nats killed",) * 2,
    *("nats paused",) * 2,
    "nats stopped",
    "nats wiped",
    *("postgres killed",) * 2,
    "postgres stopped",
    BACKUP,
    BACKUP,
    "ledger restored",
)
"""Every kind of fault as often as it comes before one comes again more often."""
CALM = (1.0, 3.5)
"""Seconds between two faults."""


class Faults:
    """The misfortunes of one place. One thread calls them, one after the other."""

    def __init__(self, place: Place, seed: str) -> None:
        self.chance = random.Random(seed)
        self.counted: Counter[str] = Counter()
        self.trace: list[str] = []
        """What had happened when, and how long it lasted."""
        self._place = place
        self._kinds: dict[str, Callable[[], None]] = {
            "agent killed": self._kill_agent,
            "agent paused": self._pause_agent,
            "agent stopped": self._stop_agent,
            "nats killed": lambda: self._end_nats(signal.SIGKILL),
            "nats stopped": lambda: self._end_nats(signal.SIGTERM),
            "nats paused": self._pause_nats,
            "nats wiped": self._wipe_nats,
            "postgres killed": lambda: self._end_postgres(signal.SIGKILL),
            "postgres stopped": lambda: self._end_postgres(signal.SIGINT),
            BACKUP: lambda: self.chance.choice(self._place.desks).back_up(),
            "ledger restored": self._restore,
        }

    def befall(self, stop: Event) -> None:
        """Fault after fault until `stop` is set."""
        kinds = self._order()
        while not stop.wait(self.chance.uniform(*CALM)):
            kind = next(kinds)
            begun = time.monotonic()
            self._kinds[kind]()
            self.counted[kind] += kind != BACKUP
            lasted = time.monotonic() - begun
            self.trace.append(f"{datetime.now(UTC):%H:%M:%S} {kind}, for {lasted:.1f} seconds")
            for agent in self._place.agents:
                agent.start()  # one that found no database has ended by itself

    def mend(self) -> None:
        """Every server and every agent runs."""
        self._place.servers.postgres_server.start()
        self._place.servers.nats_server.start()
        for agent in self._place.agents:
            agent.start()

    def _order(self) -> Iterator[str]:
        while True:
            deck = list(DECK)
            self.chance.shuffle(deck)
            yield from deck

    def _agent(self) -> Agent:
        return self.chance.choice(self._place.agents)

    def _kill_agent(self) -> None:
        agent = self._agent()
        agent.send(signal.SIGKILL)
        agent.wait(10)
        time.sleep(self.chance.uniform(0.0, 0.5))

    def _pause_agent(self) -> None:
        agent = self._agent()
        agent.send(signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.1, 0.9))
        agent.send(signal.SIGCONT)

    def _stop_agent(self) -> None:
        agent = self._agent()
        agent.send(signal.SIGTERM)
        if not agent.wait(15):
            # It may be waiting for a server that is away; a second signal ends it as it stands.
            agent.send(signal.SIGTERM)
            agent.wait(10)

    def _nats(self) -> psutil.Process | None:
        try:
            text = (self._place.home.nats / "nats.pid").read_text("ascii")
            process = psutil.Process(int(text))
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None
        ours = str(self._place.servers.nats_server.config_file) in process.cmdline()
        return process if ours else None

    def _end_nats(self, signal_number: int) -> None:
        process = self._nats()
        if process is not None:
            process.send_signal(signal_number)
            wait_gone(process, seconds=20)
        time.sleep(self.chance.uniform(0.1, 1.5))
        self._place.servers.nats_server.start()

    def _pause_nats(self) -> None:
        process = self._nats()
        if process is None:
            return
        process.suspend()
        time.sleep(self.chance.uniform(1.0, 2.0))
        process.resume()

    def _wipe_nats(self) -> None:
        """The store is lost with everything in it, and made anew."""
        place = self._place
        server = place.servers.nats_server
        while True:
            server.stop()
            with place.home.locked():
                if server.running():  # an agent has started it
                    continue
                shutil.rmtree(place.home.nats / "jetstream", ignore_errors=True)
                (place.home.nats / "provisioned").unlink(missing_ok=True)
                break
        embedded_route(place.ledgers, place.servers, place.desks[0].id.hex)

    def _restore(self) -> None:
        """A ledger's database is the backup again, while the others go on; its home is not."""
        kept = [number for number, desk in enumerate(self._place.desks) if desk.backed_up]
        if not kept:
            self._place.desks[0].back_up()
            time.sleep(5)  # in which something is told that the backup does not know
            kept = [0]
        number = self.chance.choice(kept)
        agent = self._place.agents[number]
        agent.end()
        self._place.desks[number].restore()

    def _end_postgres(self, signal_number: int) -> None:
        where = existing_place(self._place.home)
        assert where is not None
        pid = int((where.data / "postmaster.pid").read_text("utf-8").splitlines()[0])
        process = psutil.Process(pid)
        os.kill(pid, signal_number)
        wait_gone(process, seconds=30)
        time.sleep(self.chance.uniform(0.1, 1.0))
        self._place.servers.postgres_server.start()
