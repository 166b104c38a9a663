"""The tutorial does what it says: its files are written, its commands run, its answers compared."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.embedded import Home
from tests.integration.homes import REPOSITORY, temporary_home

TUTORIAL = REPOSITORY / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(csv|console) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"\[exit (\d+)\]\n\Z")


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, the answer shown under it (`…` stands for anything) and its exit code."""

    line: str
    answer: str
    code: int


def commands(block: str) -> Iterator[Command]:
    """The commands of a console block in their order."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, answer = part.partition("\n")
        ended = EXIT.search(answer)
        yield Command(line, EXIT.sub("", answer), int(ended[1]) if ended else 0)


def pattern(answer: str) -> re.Pattern[str]:
    """What an answer must look like; spaces at the ends of lines do not count."""
    parts = (re.escape(part) for part in answer.strip().split("…"))
    return re.compile(".*?".join(parts), re.DOTALL)


@pytest.fixture
def home() -> Iterator[Home]:
    with temporary_home() as made:
        yield made


def run(command: Command, folder: Path, home: Home) -> None:
    """Runs one command as a reader would, and compares exit code and answer."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOCBA_HOME": str(home.path),
        "HOCBA_LINGER": "30",
    }
    for name in ("DATABASE_URL", "NATS_URL", "HOCBA_LEDGER"):
        environment.pop(name, None)
    done = subprocess.run(
        ["bash", "-c", command.line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    compare(command, done.returncode, done.stdout, done.stderr)


def compare(command: Command, code: object, out: str, err: str) -> None:
    """What a command said is what the page shows."""
    assert code == command.code, f"{command.line}\n{out}{err}"
    said = "\n".join(line.rstrip() for line in (out or err).strip().splitlines())
    if command.answer:
        assert pattern(command.answer).fullmatch(said), f"{command.line}\n{said}"


@pytest.mark.timeout(300)
def test_the_tutorial_does_what_it_says(tmp_path: Path, home: Home) -> None:
    ran = 0
    for kind, name, body in BLOCK.findall(TUTORIAL.read_text("utf-8")):
        if kind == "csv":
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(body, "utf-8")
            continue
        for command in commands(body):
            run(command, tmp_path, home)
            ran += 1
    assert ran > 15
