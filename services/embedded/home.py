"""The home: one folder with everything the embedded servers and the ledgers of one user need."""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path

import platformdirs

from services.errors import HomeUnusable, ServerUnavailable

#: How long a command waits for another one that is starting or stopping the servers, in seconds.
LOCK_PATIENCE = 180.0
_POLL = 0.05


def default_home() -> "Home":
    """Return the home named by ``HOCBA_HOME``, else the one in the user's data folder."""
    named = os.environ.get("HOCBA_HOME")
    return Home(Path(named) if named else Path(platformdirs.user_data_dir("hocba")))


@dataclass(frozen=True)
class Home:
    """A folder of one user; nothing is made before :meth:`ensure`.

    Layout: ``id`` (random, names what lies outside the home), ``keys/``, ``nats/``, ``postgres/``
    (or ``postgres.at``, a pointer to where it had to be put), ``run/`` (locks, logs of the keeper).
    """

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(os.path.abspath(self.path.expanduser())))

    @property
    def keys(self) -> Path:
        """Secrets: readable by the owner alone."""
        return self.path / "keys"

    @property
    def run(self) -> Path:
        """Locks and logs; nothing in it is worth a backup."""
        return self.path / "run"

    @property
    def nats(self) -> Path:
        """Configuration, accounts and JetStream store of the embedded NATS server."""
        return self.path / "nats"

    @property
    def postgres(self) -> Path:
        """Where PostgreSQL lives when its system user can reach the home."""
        return self.path / "postgres"

    @property
    def postgres_pointer(self) -> Path:
        """A file naming PostgreSQL's folder when that had to be put outside the home."""
        return self.path / "postgres.at"

    @property
    def lease(self) -> Path:
        """Locked in shared mode by every command that uses the servers."""
        return self.run / "lease"

    @property
    def id(self) -> str:
        """The random identity of this home, 32 hexadecimal digits."""
        return (self.path / "id").read_text("ascii").strip()

    def ensure(self) -> "Home":
        """Make the folders and the identity where they are missing; safe when two do it at once.

        Raises:
            HomeUnusable: the folder cannot be made or written, or belongs to another user.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._refuse_strangers()
            # Root's PostgreSQL runs as another system user, who must pass through, not look.
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.keys, self.run, self.nats):
                folder.mkdir(mode=0o700, exist_ok=True)
            write_once(self.path / "id", secrets.token_hex(16))
        except OSError as error:
            raise HomeUnusable(
                f"the home folder {self.path} cannot be used: {error.strerror}; "
                "choose another with --home or HOCBA_HOME"
            ) from error
        return self

    def _refuse_strangers(self) -> None:
        marker = self.path / "id"
        owner = marker.stat().st_uid if marker.exists() else os.geteuid()
        if owner != os.geteuid():
            raise HomeUnusable(
                f"the home folder {self.path} was made by the user with id {owner}; "
                "run the command as that user, or choose another home with --home or HOCBA_HOME"
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock under which servers are started, changed and stopped (not reentrant)."""
        with file_lock(self.run / "lock", LOCK_EX):
            yield

    def remove(self) -> None:
        """Delete the home and what lies outside it; the servers must have been stopped."""
        if self.postgres_pointer.exists():
            shutil.rmtree(self.postgres_pointer.read_text("utf-8").strip(), ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)


def write_once(path: Path, text: str, *, mode: int = 0o600) -> bool:
    """Write a file whole unless it exists, even with two writers; return whether it was written."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    _write(draft, text, mode)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def replace_file(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace a file so that a reader, or a crash, finds the old text or the new one."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write(draft, text, mode)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _write(path: Path, text: str, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def file_lock(path: Path, mode: int, *, patience: float = LOCK_PATIENCE) -> Iterator[int]:
    """Hold ``flock`` on a file; yields its descriptor.

    ``flock`` belongs to the open file: it ends with the process, however that ends, and holds
    between threads too. (POSIX record locks fall when *any* descriptor of the file is closed.)

    Raises:
        ServerUnavailable: the lock was not had within ``patience`` seconds.
    """
    descriptor = try_lock(path, mode)
    deadline = time.monotonic() + patience
    while descriptor is None:
        if time.monotonic() > deadline:
            raise ServerUnavailable(
                f"another command has been holding {path} for {patience:.0f} seconds; "
                "wait for it or end it, then try again"
            )
        time.sleep(_POLL)
        descriptor = try_lock(path, mode)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def try_lock(path: Path, mode: int, *, create: bool = True) -> int | None:
    """Take ``flock`` (``LOCK_SH`` or ``LOCK_EX``) without waiting; None where another has it.

    Raises:
        FileNotFoundError: there is no such file, and ``create`` is not set.
    """
    assert mode in (LOCK_SH, LOCK_EX)
    descriptor = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
    try:
        flock(descriptor, mode | LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
