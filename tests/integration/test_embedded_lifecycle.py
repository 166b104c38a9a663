"""Leases, the keeper and stopping: several commands on one home, and killed ones."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from services.embedded import Home, NatsServer, PostgresServer, servers, stop_all
from services.embedded.lease import KEEPER, linger
from services.embedded.processes import started_as, wait_gone
from services.errors import HomeInUse, ServiceError
from tests.integration.homes import REPOSITORY, temporary_home

COMMAND = """
import sys
from pathlib import Path
from services.embedded import Home, servers
with servers(Home(Path(sys.argv[1]))) as running:
    print(running.postgres.socket_folder, running.nats.url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("HOCBA_LINGER", "60")
    with temporary_home() as made:
        yield made


def _command(home: Home, **environment: str) -> subprocess.Popen[str]:
    """Start another command, which holds the servers until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(home.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env=os.environ | environment,
    )


def _keepers(home: Home) -> list[psutil.Process]:
    return started_as(KEEPER, str(home.path))


def _eventually(true: Callable[[], bool], *, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return true()


def test_commands_that_start_at_once_share_the_servers(home: Home) -> None:
    commands = [_command(home) for _ in range(3)]
    answers = [command.communicate("", timeout=100)[0] for command in commands]
    assert [command.returncode for command in commands] == [0, 0, 0]
    assert len(set(answers)) == 1
    assert "nats://127.0.0.1:" in answers[0]
    assert len(_keepers(home)) == 1


def test_servers_linger_for_the_next_command(home: Home) -> None:
    with servers(home) as first:
        folder = first.postgres.socket_folder
    assert PostgresServer(home).running()
    with servers(home) as second:
        assert second.postgres.socket_folder == folder


def test_nats_starts_only_when_asked_for(home: Home) -> None:
    with servers(home) as running:
        assert running.postgres.socket_folder.exists()
        assert not NatsServer(home).running()


def test_idle_servers_stop_by_themselves_and_take_the_keeper_along(home: Home) -> None:
    command = _command(home, HOCBA_LINGER="0.5")
    command.communicate("", timeout=100)
    keepers = _keepers(home)
    assert _eventually(lambda: not PostgresServer(home).running())
    assert _eventually(lambda: not NatsServer(home).running())
    assert all(wait_gone(keeper, seconds=10) for keeper in keepers)


def test_a_killed_commands_lease_ends_with_it(home: Home) -> None:
    with _command(home, HOCBA_LINGER="0.5") as command:
        assert command.stdout is not None
        assert command.stdout.readline()
        time.sleep(1.5)
        assert PostgresServer(home).running(), "stopped under a running command"
        command.send_signal(signal.SIGKILL)
    assert _eventually(lambda: not PostgresServer(home).running())


@pytest.mark.parametrize("seconds", [0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0])
def test_a_command_killed_while_it_starts_the_servers_harms_nothing(
    home: Home, seconds: float
) -> None:
    """The moments lie from before initdb to after the start of NATS."""
    with _command(home) as command:
        time.sleep(seconds)
        command.send_signal(signal.SIGKILL)
    with servers(home) as running:
        assert running.postgres.socket_folder.exists()
        assert PostgresServer(home).create_database("sound")
        assert running.nats.url
    assert len(started_as("nats-server", str(NatsServer(home).config_file))) == 1


def test_a_killed_keeper_is_replaced_by_the_next_command(home: Home) -> None:
    with servers(home):
        assert _eventually(lambda: len(_keepers(home)) == 1)
    (keeper,) = _keepers(home)
    os.kill(keeper.pid, signal.SIGKILL)
    assert wait_gone(keeper, seconds=10)
    with servers(home):
        assert _eventually(lambda: len(_keepers(home)) == 1)


def test_a_deleted_home_leaves_no_nats_server(home: Home) -> None:
    with servers(home) as running:
        assert running.nats.url
        assert _eventually(lambda: len(_keepers(home)) == 1)
    config = str(NatsServer(home).config_file)
    home.remove()
    assert _eventually(lambda: not started_as("nats-server", config))


def test_stop_leaves_no_process(home: Home) -> None:
    with servers(home) as running:
        assert running.postgres.socket_folder.exists()
        assert running.nats.url
    stop_all(home)
    mine = [p for p in psutil.process_iter(["cmdline"]) if str(home.path) in str(p.info["cmdline"])]
    assert mine == []
    assert not PostgresServer(home).running()
    assert not NatsServer(home).running()


def test_servers_are_not_stopped_under_a_running_command(home: Home) -> None:
    with servers(home) as running:
        assert running.postgres.socket_folder.exists()
        with pytest.raises(HomeInUse, match="still running"):
            stop_all(home)
        assert PostgresServer(home).running()
        stop_all(home, force=True)
        assert not PostgresServer(home).running()


def test_stopping_a_home_that_never_was_is_no_error(home: Home) -> None:
    nowhere = Home(home.path / "nowhere")
    stop_all(nowhere)
    assert not nowhere.path.exists()


@pytest.mark.parametrize("text", ["soon", "-1", "inf", "nan"])
def test_a_linger_that_is_no_number_of_seconds_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOCBA_LINGER", text)
    with pytest.raises(ServiceError, match="HOCBA_LINGER"):
        linger()
