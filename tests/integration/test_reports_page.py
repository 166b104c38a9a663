"""The how-to page on reports does what it says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.embedded import Home
from tests.integration.homes import REPOSITORY, temporary_home
from tests.integration.test_tutorial import BLOCK, commands, run

PAGE = REPOSITORY / "docs" / "how-to" / "reports.md"


@pytest.fixture
def home() -> Iterator[Home]:
    with temporary_home() as made:
        yield made


@pytest.mark.timeout(300)
def test_the_page_does_what_it_says(tmp_path: Path, home: Home) -> None:
    ran = 0
    for kind, name, body in BLOCK.findall(PAGE.read_text("utf-8")):
        if kind == "csv":
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(body, "utf-8")
            continue
        for command in commands(body):
            run(command, tmp_path, home)
            ran += 1
    assert ran == 7
