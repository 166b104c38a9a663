"""The agents of a home's ledgers as one process: signals, and where their counters are told."""

import asyncio
import json
import logging
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import click

from services import memory
from services.embedded import Servers
from services.embedded.home import replace_file
from services.files import require_writable
from services.ledgers import Profile
from services.offices import office_of, route_of
from services.output import messages
from services.workplace import Workplace
from transfer import metrics as exposition
from transfer.mailbox import Route
from transfer.metrics import Metrics
from transfer.office import Office
from transfer.worker import Job, work

F = TypeVar("F", bound=Callable[..., Any])
STOPPED_AT_ONCE = 130


class Address(click.ParamType[tuple[str, int]]):
    """`HOST:PORT` or `PORT`; the host is the loopback address unless it is given."""

    name = "host:port"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """(host, port). Fails as wrong usage."""
        host, _, port = str(value).rpartition(":")
        if not port.isascii() or not port.isdecimal() or int(port) > 65535:
            self.fail(f"{value} is not HOST:PORT", param, ctx)
        return host.strip("[]") or "127.0.0.1", int(port)


def metrics_options(command: F) -> F:
    """The two options that say where counters go."""
    to_file = click.option(
        "--metrics-file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write counters for Prometheus there every few seconds.",
    )
    to_port = click.option(
        "--metrics",
        type=Address(),
        metavar="HOST:PORT",
        help="Answer Prometheus there (HOST: this computer alone unless given).",
    )
    return to_file(to_port(command))


def run_agents(
    workplace: Workplace,
    names: Sequence[str | None],
    *,
    metrics_file: Path | None,
    listen: tuple[str, int] | None,
) -> int:
    """Carries the mail of the ledgers named until SIGINT or SIGTERM; returns the exit code.

    Raises:
        NotFound: `no_ledger`, this home has none.
        OSError: the address of the counters cannot be listened at.
        Refused: `cannot_write`, the file of the counters.
    """
    if metrics_file is not None:
        require_writable(metrics_file)
    names = names or [workplace.ledgers.profile(None).name]
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    with ExitStack() as stack:
        jobs = _jobs(workplace, names, stack)
        counters = [job.metrics for job in jobs]
        if listen is not None:
            host, port = stack.enter_context(_answering(listen, counters))
            messages.print(json.dumps({"metrics": f"http://{host}:{port}/metrics"}), markup=False)
        memory.settle()
        measured = partial(_write, metrics_file, counters) if metrics_file else None
        asyncio.run(_until_told(jobs, measured))
    return 0


def _jobs(workplace: Workplace, names: Sequence[str | None], stack: ExitStack) -> list[Job]:
    servers = stack.enter_context(workplace.servers())
    jobs = []
    for name in names:
        profile, ledger = stack.enter_context(
            workplace.ledgers.open(
                servers, name, database=workplace.database if len(names) == 1 else None
            )
        )
        office = office_of(workplace.ledgers, profile, ledger)
        job = Job(
            name=profile.name,
            office=office,
            route=partial(_route, workplace, servers, office, profile),
            who=ledger.who(workplace.account),
            metrics=Metrics(profile.name),
        )
        jobs.append(job)
    return jobs


def _route(workplace: Workplace, servers: Servers, office: Office, profile: Profile) -> Route:
    """The way to NATS, once the database's server runs: a home's own is started where it died."""
    if workplace.database is None:
        workplace.ledgers.url(servers, profile)
    return route_of(workplace, servers, office)


async def _until_told(jobs: Sequence[Job], measured: Callable[[], None] | None) -> None:
    """Works until a signal comes; a second one ends the process as it stands: what was committed
    stays, what was not acknowledged comes again."""
    stop = asyncio.Event()

    def told() -> None:
        if stop.is_set():
            os._exit(STOPPED_AT_ONCE)
        stop.set()

    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, told)
    # Said only now: who waits for it may stop us at once, and it ends well.
    for job in jobs:
        messages.print(json.dumps({"agent": job.name, "state": "running"}), markup=False)
    await work(jobs, stop, measured=measured)


def _write(path: Path, counters: Sequence[Metrics]) -> None:
    """Replaces the file whole; a disk that is full stops no mail."""
    with suppress(OSError):
        replace_file(path, exposition.text(counters), mode=0o644)


class _answering(ThreadingHTTPServer):  # noqa: N801  (used as a context, like a function)
    """Answers GET /metrics at an address until it is left."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], counters: Sequence[Metrics]) -> None:
        super().__init__(address, partial(_Answer, counters))

    def __enter__(self) -> Any:
        Thread(target=self.serve_forever, daemon=True).start()
        return self.server_address[:2]

    def __exit__(self, *exc: object) -> None:
        self.shutdown()
        self.server_close()


class _Answer(BaseHTTPRequestHandler):
    """One scrape."""

    def __init__(self, counters: Sequence[Metrics], *args: Any) -> None:
        self._counters = counters
        super().__init__(*args)

    def do_GET(self) -> None:
        """The counters, at /metrics alone."""
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        body = exposition.text(self._counters).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Scrapes are not told about."""
