"""The system user PostgreSQL runs as: ourselves, or ``pgserver`` when we are root."""

import os
import pwd
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from services.errors import ServerUnavailable

#: PostgreSQL refuses to run as root; the name is the one the wheel's own start would use.
POSTGRES_USER = "pgserver"


@dataclass(frozen=True)
class SystemUser:
    """A user of the operating system, by number."""

    uid: int
    gid: int


def postgres_user() -> SystemUser | None:
    """Return the user PostgreSQL must run as, made where missing; None means ourselves.

    Raises:
        ServerUnavailable: we are root and the user cannot be made.
    """
    if os.geteuid() != 0:
        return None
    problem: Exception | None = None
    for _ in range(20):  # two commands may be making it at once: the loser finds it soon after
        try:
            entry = pwd.getpwnam(POSTGRES_USER)
        except KeyError:
            problem = _make_user()
            time.sleep(0.1 if problem else 0.0)
        else:
            return SystemUser(uid=entry.pw_uid, gid=entry.pw_gid)
    raise ServerUnavailable(
        f"PostgreSQL cannot run as root and the system user {POSTGRES_USER} could not be made; "
        "make it with useradd, or run the command as an ordinary user"
    ) from problem


def _make_user() -> Exception | None:
    """Make the system user; return what was wrong (another command may have been first)."""
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    try:
        subprocess.run([*command, POSTGRES_USER], check=True, capture_output=True)
    except (subprocess.CalledProcessError, OSError) as error:
        return error
    return None


def can_enter(folder: Path, user: SystemUser | None) -> bool:
    """Whether the user can make the folder its working folder (asked of the system, by trying)."""
    tried = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        check=False,
    )
    return tried.returncode == 0


def give(path: Path, user: SystemUser | None) -> None:
    """Make the user the owner of a path; nothing where the user is ourselves."""
    if user is not None:
        os.chown(path, user.uid, user.gid)
