"""Couriers killed with SIGKILL in the middle of several transfers, NATS stopped in between."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.embedded import Servers
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.settled import require_quiet, require_readable, require_settled
from tests.integration.transfer.story import (
    FIRST_DAY,
    FIRST_TERM,
    ask,
    at_receiver,
    cases,
    count,
    enter,
)
from tests.school import class_of, enrol, register

REPOSITORY = Path(__file__).resolve().parents[3]
PUPILS = 6
ROUNDS = 5


def start(provinces: Provinces, running: Servers, side: Side, *more: str) -> subprocess.Popen[str]:
    """The courier of one side in a process of its own."""
    folder = running.nats_server.home.path
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.integration.transfer.agent"),
            *(str(provinces.home.path), str(folder), side.profile.name, *more),
        ],
        cwd=REPOSITORY,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def kill(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def finished(provinces: Provinces) -> bool:
    closed = [case for case in cases(provinces.origin) if case.state == "accepted"]
    return len(closed) == PUPILS and all(case.receipt for case in closed)


@pytest.mark.timeout(240)
def test_killed_couriers_and_a_stopped_server_lose_nothing_and_double_nothing(
    provinces: Provinces, transfer_servers: Servers
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    origin, receiver = provinces.origin, provinces.receiver
    leavers = class_of(origin.office.ledger, PUPILS)
    for leaver in leavers:
        enter(origin, leaver, "7A1", FIRST_TERM)
    arrivals = [at_receiver(receiver)]
    arrivals += register(receiver.office.ledger, [f"M{n}" for n in range(1, PUPILS)])
    enrol(receiver.office.ledger, arrivals[1:], class_code="7B2", on=FIRST_DAY, kind="provisional")
    asked = {ask(receiver, arrival, origin): arrival for arrival in arrivals}
    pairs = dict(zip(arrivals, leavers, strict=True))
    confirmed = json.dumps({str(theirs): str(ours) for theirs, ours in pairs.items()})
    for number in range(ROUNDS):
        agents = [
            start(provinces, transfer_servers, receiver),
            start(provinces, transfer_servers, origin, confirmed),
        ]
        try:
            for agent in agents:
                ready(agent)
            time.sleep(chance.uniform(0.02, 0.5))
            if number == ROUNDS // 2:
                transfer_servers.nats_server.stop()
                time.sleep(0.3)
        finally:
            chance.shuffle(agents)
            kill(*agents)
    assert transfer_servers.nats.url, "it is started again"
    agents = [
        start(provinces, transfer_servers, receiver),
        start(provinces, transfer_servers, origin, confirmed),
    ]
    try:
        deadline = time.monotonic() + 150
        while not finished(provinces):
            assert time.monotonic() < deadline, [c.state for c in cases(origin)]
            time.sleep(0.2)
        time.sleep(2)
    finally:
        kill(*agents)
    for case, arrival in asked.items():
        require_settled(origin, receiver, case, leaver=pairs[arrival], arrival=arrival)
        url = receiver.ledgers.url(transfer_servers, receiver.profile)
        require_readable(receiver, arrival, url)
    assert count(receiver, "TransferAccepted") == PUPILS
    assert count(origin, "DecisionReceived") == PUPILS
    require_quiet(receiver)
    require_quiet(origin)
