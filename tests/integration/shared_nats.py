"""A real server as `hocba nats provision` configures it, with three ledgers, and visitors to it."""

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError

from services.embedded.nats import binary
from services.nats import streams, tokens
from services.nats.folder import Folder, Party
from services.nats.hub import HubBox
from services.nats.server import Terms
from services.nats.tokens import Key, Role
from transfer.courier import Box, Route
from transfer.login import login

SMALL = 16 * 1024**2
Work = Callable[[Client, list[str]], Awaitable[None]]


@dataclass(frozen=True)
class Shared:
    """One running server and the operator's folder it was made from."""

    folder: Folder
    terms: Terms
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def url(self) -> str:
        return f"tls://{self.terms.listen}"

    @property
    def monitor(self) -> str:
        return f"http://{self.terms.monitor}"

    def account(self, name: str) -> str:
        return self.folder.account(name)

    def box(self, sender: str, receiver: str) -> HubBox:
        return HubBox(self.account(sender), self.account(receiver))

    def route(self, name: str, *, papers: Path | None = None) -> Route:
        """A ledger's way in; `papers` in place of what it was handed."""
        at = papers or self.folder.ledger(name)
        account = self.account(name)
        others = [other for other in self.folder.names() if other != name]
        boxes = [self.box(other, name) for other in others]
        return Route(
            url=self.url,
            user=None,
            password=None,
            account=account,
            boxes=tuple(Box(one.stream, one.durable, one.prefix) for one in boxes),
            credentials=at / "worker.creds",
            tls_ca=at / "ca.pem",
            tls_cert=at / "client.pem",
            tls_key=at / "client.key",
        )

    def visit(self, route: Route, work: Work) -> None:
        """Do some work as a client; the list grows with what the server complains of."""
        complaints: list[str] = []

        async def remember(error: Exception) -> None:
            complaints.append(str(error))

        async def run() -> None:
            client = await nats.connect(
                self.url, allow_reconnect=False, error_cb=remember, **login(route)
            )
            try:
                await work(client, complaints)
            finally:
                with contextlib.suppress(Exception):
                    await client.close()

        asyncio.run(run())

    def knock(self, route: Route) -> str:
        """Why the server lets nobody in on this route: what the client is told."""
        complaints: list[str] = []

        async def remember(error: Exception) -> None:
            complaints.append(str(error) or type(error).__name__)

        async def run() -> None:
            client = Client()
            try:
                await client.connect(
                    self.url,
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    connect_timeout=2,
                    error_cb=remember,
                    **login(route),
                )
            finally:
                with contextlib.suppress(NatsError, OSError, TimeoutError):
                    await asyncio.wait_for(client.close(), 0.2)

        try:
            asyncio.run(run())
        except Exception as error:  # what it is differs: OSError, ssl, nats
            return "; ".join([*complaints, str(error) or type(error).__name__])
        raise AssertionError("the server let this client in")

    def said(self, words: str, *, seconds: float = 5.0) -> bool:
        """Whether the server's log says so, soon."""
        deadline = time.monotonic() + seconds
        while words not in self.log.read_text("utf-8"):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def reload(self) -> None:
        """Have the server read its configuration again, and wait until it has."""
        before = self.page("varz")["config_load_time"]
        self.process.send_signal(1)
        deadline = time.monotonic() + 10
        while self.page("varz")["config_load_time"] == before:
            assert time.monotonic() < deadline, "the server did not read its configuration"
            time.sleep(0.02)

    def page(self, name: str) -> dict[str, str]:
        with urllib.request.urlopen(f"{self.monitor}/{name}", timeout=5) as answer:
            page: dict[str, str] = json.load(answer)
            return page

    def papers(self, name: str, **changed: str) -> Path:
        """A copy of a ledger's papers with other text in some, by `creds`, `cert` or `key`."""
        copy = Path(tempfile.mkdtemp(dir=self.folder.path.parent))
        shutil.copytree(self.folder.ledger(name), copy, dirs_exist_ok=True)
        files = {"creds": "worker.creds", "cert": "client.pem", "key": "client.key"}
        for what, text in changed.items():
            (copy / files[what]).write_text(text, "ascii")
        return copy

    def user(self, name: str, *, expires_in: int = 3600, account: Key | None = None) -> str:
        """Credentials that the holder of an account's key makes for itself: anything in it."""
        seed = self.folder.path / f"keys/accounts/{name}.seed"
        user = Key.new(Role.USER)
        now = int(time.time())
        token = tokens.sign(
            account or Key(seed.read_text("ascii").strip()),
            user.public,
            kind="user",
            name="own",
            claims={"subs": -1, "data": -1, "payload": -1},
            issued_at=now - 3600,
            expires=now + expires_in,
        )
        return tokens.credentials(token, user)

    @property
    def administrator(self) -> Route:
        """The hub's administrator."""
        return streams.administrator_route(self.folder, self.url, "hub")


@contextlib.contextmanager
def shared_server(*names: str, sync_interval: str = "always") -> Iterator[Shared]:
    """A provisioned server for these ledgers, on loopback, ended and removed afterwards.

    With another `sync_interval` than provisioning writes it has accounts and no streams.
    """
    place = Path(tempfile.mkdtemp(prefix="hb-sh-"))
    folder = Folder(place / "operator")
    terms = Terms(
        hosts=("localhost", "127.0.0.1"),
        listen=f"127.0.0.1:{_free_port()}",
        monitor=f"127.0.0.1:{_free_port()}",
        server_folder=str(folder.path / "server"),
        store=str(place / "store"),
        days=30,
    )
    folder.make([Party(name, None) for name in names], terms)
    config = json.loads(folder.config.read_text("utf-8"))
    config["jetstream"]["sync_interval"] = sync_interval
    folder.config.write_text(json.dumps(config), "utf-8")
    log = place / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(binary()), "-c", str(folder.config)], stdout=output, stderr=output
        )
    try:
        server = Shared(folder, terms, process, log)
        assert server.said("Server is ready", seconds=20), log.read_text("utf-8")
        if sync_interval == "always":
            applied = streams.apply(folder, server.url, replicas=1, max_bytes=SMALL)
            assert applied.differences == []
        yield server
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(place)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
