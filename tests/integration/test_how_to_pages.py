"""The how-to pages do what they say: their files are written, their commands run in order."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.embedded import Home
from tests.integration.homes import REPOSITORY, temporary_home
from tests.integration.test_tutorial import BLOCK, commands, run

PAGES = REPOSITORY / "docs" / "how-to"


@pytest.fixture
def home() -> Iterator[Home]:
    with temporary_home() as made:
        yield made


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("page", "count"), [("reports.md", 7), ("year-end-and-intake.md", 17)])
def test_the_page_does_what_it_says(page: str, count: int, tmp_path: Path, home: Home) -> None:
    ran = 0
    for kind, name, body in BLOCK.findall((PAGES / page).read_text("utf-8")):
        if kind == "csv":
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(body, "utf-8")
            continue
        for command in commands(body):
            run(command, tmp_path, home)
            ran += 1
    assert ran == count
