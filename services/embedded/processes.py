"""Starting and ending server processes by their id, and knowing ours from a stranger's."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from services.embedded.system_user import SystemUser

# The shell leaves at once, so the server is nobody's child here: it outlives the command and is
# reaped by the system. The arguments are never parsed by the shell.
_DETACH = 'umask 077; log=$1; shift; "$@" </dev/null >>"$log" 2>&1 &'
_LOG_LIMIT = 8 * 1024 * 1024


def spawn_detached(
    command: Sequence[str],
    *,
    log: Path,
    user: SystemUser | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Start a process that outlives this one, in a session of its own, its output in ``log``."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".old.log"))
    run_as(
        ["/bin/sh", "-c", _DETACH, "sh", str(log), *command], user=user, environment=environment
    ).check_returncode()


def run_as(
    command: Sequence[str],
    *,
    user: SystemUser | None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end as a system user (None: ourselves), outside our terminal."""
    return subprocess.run(
        command,
        cwd="/",
        env=dict(environment or bare_environment()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        start_new_session=True,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        check=False,
    )


def bare_environment() -> dict[str, str]:
    """Return an environment without the caller's ``PG…``, ``LD_…`` and locale settings."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still runs; a zombie does not, and one of ours is reaped on the way."""
    try:
        if process.status() != psutil.STATUS_ZOMBIE:
            return process.is_running()
        if process.ppid() == os.getpid():  # we are process 1 of a container
            os.waitpid(process.pid, os.WNOHANG)
    except (psutil.NoSuchProcess, ChildProcessError):
        return False
    return False


def wait_gone(process: psutil.Process, *, seconds: float) -> bool:
    """Wait until a process has ended; return whether it has."""
    deadline = time.monotonic() + seconds
    while is_alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def end(process: psutil.Process, *steps: tuple[signal.Signals, float]) -> bool:
    """Send each signal in turn, waiting its seconds, until the process has ended."""
    for number, seconds in steps:
        if not is_alive(process):
            return True
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            return True
        if wait_gone(process, seconds=seconds):
            return True
    return not is_alive(process)


def started_as(program: str, argument: str) -> list[psutil.Process]:
    """Return the living processes of a program (or module) started with exactly this argument.

    A shell that is just starting it counts; somebody's editor on the same file does not.
    """
    return [one for one in psutil.process_iter() if runs(one, program, argument)]


def runs(process: psutil.Process, program: str, argument: str) -> bool:
    """Whether a process is alive and was started as ``program … argument …``."""
    try:
        words = process.cmdline()
        named = any(os.path.basename(word) == program for word in words)
        return named and argument in words and is_alive(process)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def working_in(folder: Path, *, name: str) -> list[psutil.Process]:
    """Return the living processes of a program whose working folder is ``folder``."""
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == name and works_in(process, folder):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def works_in(process: psutil.Process, folder: Path) -> bool:
    """Whether a process is alive and its working folder is this one."""
    return is_alive(process) and os.path.realpath(process.cwd()) == os.path.realpath(folder)


def last_line(log: Path, *, marks: Sequence[str]) -> str:
    """Return the last line of a log that holds one of the marks, without its prefix; else ''."""
    if not log.exists():
        return ""
    for line in reversed(log.read_text("utf-8", errors="replace").splitlines()[-200:]):
        for mark in marks:
            if mark in line:
                return line[line.index(mark) :].strip()
    return ""
