"""The embedded PostgreSQL: the wheel's programs, started by us on the home's data folder."""

import secrets
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from services.embedded.home import Home, replace_file, write_once
from services.embedded.postgres_place import (
    PostgresPlace,
    existing_place,
    make_place,
    make_socket_folder,
    recorded_folder,
    remove_socket_folder,
)
from services.embedded.processes import (
    end,
    last_line,
    run_as,
    spawn_detached,
    started_as,
    wait_gone,
    working_in,
    works_in,
)
from services.embedded.system_user import give
from services.errors import ServerUnavailable

SUPERUSER = "postgres"
DRAFT = "initdb"
PORT = 5432  # names the socket; nothing listens on TCP
#: Recovery after a kill replays the write-ahead log first, in seconds.
START_PATIENCE = 120.0

#: Durability is PostgreSQL's default. A log holds no statement and no value: those are pupils' data
#: (``terse`` drops DETAIL lines, which quote the row).
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True)
class PostgresAddress:
    """How to reach a running embedded PostgreSQL: a socket folder and the superuser."""

    socket_folder: Path
    user: str
    password: str = field(repr=False)

    def url(self, database: str, *, user: str | None = None, password: str | None = None) -> str:
        """Return a libpq URL ``postgresql://user:password@/database?host=…``.

        Without ``user`` it is the superuser's; a ``user`` needs its ``password``.
        """
        if user is None:
            user, password = self.user, self.password
        secret = f":{quote(password, safe='')}" if password is not None else ""
        host = quote(str(self.socket_folder), safe="")
        return (
            f"postgresql://{quote(user, safe='')}{secret}@/{quote(database, safe='')}"
            f"?host={host}&port={PORT}"
        )


@dataclass(frozen=True)
class PostgresServer:
    """The one PostgreSQL of a home. Every method may be called from any process of its owner."""

    home: Home

    def start(self) -> PostgresAddress:
        """Start the server unless it runs, and wait until it answers.

        Raises:
            ServerUnavailable: it could not be set up or started; says which file tells more.
        """
        self.home.ensure()
        with self.home.locked():
            place = existing_place(self.home) or self._set_up()
            if _postmaster(place) is None:
                _clear_remains(place)
                _launch(place)
            return self._wait_ready(place)

    def address(self) -> PostgresAddress | None:
        """Return the address of the running server, else None; starts nothing."""
        place = existing_place(self.home) if self.home.run.exists() else None
        if place is None or _postmaster(place) is None:
            return None
        folder = _socket_folder(place)
        return self._address(folder) if folder is not None else None

    def running(self) -> bool:
        """Whether the server process of this home is alive."""
        place = existing_place(self.home) if self.home.run.exists() else None
        return place is not None and _postmaster(place) is not None

    def stop(self) -> None:
        """Stop the server and wait until its processes are gone; nothing where it does not run.

        Raises:
            ServerUnavailable: a process would not end.
        """
        if not self.home.run.exists():
            return
        with self.home.locked():
            place = existing_place(self.home)
            if place is None:
                _end_set_up(recorded_folder(self.home) / DRAFT)
                return
            socket_folder = _socket_folder(place)
            postmaster = _postmaster(place)
            # Fast shutdown; then immediate, which the next start recovers from; then force.
            steps = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
            if postmaster is not None and not end(postmaster, *steps):
                raise ServerUnavailable(
                    f"PostgreSQL (process {postmaster.pid}) would not end; end it by hand"
                )
            _end_orphans(place)
            remove_socket_folder(socket_folder)

    def create_database(self, name: str) -> bool:
        """Create an empty database unless there is one of this name; return whether it was made."""
        try:
            self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):  # or at once
            return False
        return True

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending its sessions."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._administer(statement.format(sql.Identifier(name)))

    def _administer(self, statement: sql.Composed) -> None:
        address = self.address()
        if address is None:
            raise ServerUnavailable(
                f"the PostgreSQL of {self.home.path} is not running; start it first"
            )
        with psycopg.connect(address.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    @property
    def _password_file(self) -> Path:
        return self.home.keys / "postgres.password"

    def _address(self, socket_folder: Path) -> PostgresAddress:
        password = self._password_file.read_text("ascii").strip()
        return PostgresAddress(socket_folder=socket_folder, user=SUPERUSER, password=password)

    def _set_up(self) -> PostgresPlace:
        place = make_place(self.home)
        write_once(self._password_file, secrets.token_urlsafe(24))
        # initdb works beside the data folder, so that a killed one leaves nothing half made.
        draft = place.folder / DRAFT
        _end_set_up(draft)
        shutil.rmtree(draft, ignore_errors=True)
        password_copy = place.folder / "initdb.password"
        password_copy.unlink(missing_ok=True)
        write_once(password_copy, self._password_file.read_text("ascii"))
        give(password_copy, place.user)
        try:
            done = run_as(
                [
                    str(place.programs / "initdb"),
                    _pgdata(draft),
                    f"--username={SUPERUSER}",
                    f"--pwfile={password_copy}",
                    "--auth-local=scram-sha-256",
                    "--auth-host=reject",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                ],
                user=place.user,
            )
        finally:
            password_copy.unlink()
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise ServerUnavailable(
                f"PostgreSQL's data folder could not be made in {place.folder}: {reason}"
            )
        draft.rename(place.data)
        return place

    def _wait_ready(self, place: PostgresPlace) -> PostgresAddress:
        deadline = time.monotonic() + START_PATIENCE
        grace = time.monotonic() + 5.0  # until the postmaster has written its pid file
        problem: psycopg.OperationalError | None = None
        while time.monotonic() < deadline:
            folder = _socket_folder(place)
            if _postmaster(place) is None:
                if time.monotonic() > grace or _failed(place):
                    break
            elif folder is not None:
                address = self._address(folder)
                try:
                    psycopg.connect(address.url("postgres"), connect_timeout=10).close()
                except psycopg.OperationalError as error:
                    problem = error
                else:
                    return address
            time.sleep(0.03)
        reason = last_line(place.log, marks=("FATAL:", "PANIC:", "could not")) or "no message"
        raise ServerUnavailable(
            f"PostgreSQL of {self.home.path} does not answer: {reason}; see {place.log}"
        ) from problem


def _pgdata(draft: Path) -> str:
    return f"--pgdata={draft}"


def _end_set_up(draft: Path) -> None:
    """End an initdb whose command was killed: it goes on alone and would fight with the next."""
    for process in started_as("initdb", _pgdata(draft)):
        end(process, (signal.SIGKILL, 5.0))
    for process in working_in(draft, name="postgres"):
        end(process, (signal.SIGKILL, 5.0))


def _launch(place: PostgresPlace) -> None:
    last = Path(place.socket.read_text("utf-8")) if place.socket.exists() else None
    socket_folder = make_socket_folder(place.user, last=last)
    replace_file(place.socket, str(socket_folder))
    settings = SETTINGS | {"unix_socket_directories": str(socket_folder)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    if place.log.exists():
        place.log.replace(place.log.with_suffix(".old.log"))
    spawn_detached(
        [str(place.programs / "postgres"), "-D", str(place.data), *options],
        log=place.log,
        user=place.user,
    )


def _failed(place: PostgresPlace) -> bool:
    return bool(last_line(place.log, marks=("FATAL:", "PANIC:")))


def _pid_lines(place: PostgresPlace) -> list[str]:
    try:
        return (place.data / "postmaster.pid").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []


def _postmaster(place: PostgresPlace) -> psutil.Process | None:
    """Return the living postmaster of this data folder: a pid file alone proves nothing."""
    lines = _pid_lines(place)
    if not lines or not lines[0].isdigit():
        return None
    try:
        process = psutil.Process(int(lines[0]))
        ours = process.name() == "postgres" and works_in(process, place.data)
        return process if ours else None
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def _socket_folder(place: PostgresPlace) -> Path | None:
    lines = _pid_lines(place)  # line 5, see PostgreSQL's src/include/utils/pidfile.h
    return Path(lines[4]) if len(lines) > 4 and lines[4] else None


def _clear_remains(place: PostgresPlace) -> None:
    """Remove what a killed server left; its pid may by now be another process's."""
    remove_socket_folder(_socket_folder(place))
    _end_orphans(place)
    (place.data / "postmaster.pid").unlink(missing_ok=True)


def _end_orphans(place: PostgresPlace) -> None:
    """Wait for, then end, processes that outlived their postmaster: they hold its memory."""
    for process in working_in(place.data, name="postgres"):
        if not wait_gone(process, seconds=3.0):
            end(process, (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
