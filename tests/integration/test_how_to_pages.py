"""The how-to pages do what they say: their files are written, their commands run in order.

Commands run in this process, where the shell has nothing to do in them: to start a program each
time took half of the test's time, and the tutorial's test does it.
"""

import io
import shlex
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from services.cli import main
from services.embedded import Home
from tests.integration.homes import REPOSITORY, temporary_home
from tests.integration.test_tutorial import BLOCK, Command, commands, compare, run

PAGES = REPOSITORY / "docs" / "how-to"


@pytest.fixture
def home() -> Iterator[Home]:
    with temporary_home() as made:
        yield made


def typed(command: Command, folder: Path, home: Home) -> None:
    """Runs one command, and compares exit code and answer."""
    words = shlex.split(command.line)
    if words[0] != "hocba" or set("|<>;&$*") & set(command.line):
        run(command, folder, home)
        return
    out, err = io.StringIO(), io.StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        try:
            main(words[1:])
        except SystemExit as left:
            code = left.code
    compare(command, code, out.getvalue(), err.getvalue())


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("page", "count"), [("reports.md", 7), ("year-end-and-intake.md", 17)])
def test_the_page_does_what_it_says(
    page: str, count: int, tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOCBA_HOME", str(home.path))
    monkeypatch.setenv("HOCBA_LINGER", "30")
    for name in ("DATABASE_URL", "NATS_URL", "HOCBA_LEDGER"):
        monkeypatch.delenv(name, raising=False)
    ran = 0
    for kind, name, body in BLOCK.findall((PAGES / page).read_text("utf-8")):
        if kind == "csv":
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(body, "utf-8")
            continue
        for command in commands(body):
            typed(command, tmp_path, home)
            ran += 1
    assert ran == count
