"""The examples of docs/reference/import-files.md, imported together, are all accepted."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.ledger import Ledger
from services.importing.kinds import KINDS
from tests import school
from tests.docs.make import REFERENCE
from tests.integration.importing import take

SECTION = re.compile(r"^## (\w+)\.csv\n(.*?)(?=^## )", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```csv\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        yield opened


def write_examples(folder: Path) -> Path:
    """The page's examples as files of a folder."""
    page = (REFERENCE / "import-files.md").read_text("utf-8")
    for name, section in SECTION.findall(page):
        (example,) = EXAMPLE.findall(section)
        (folder / f"{name}.csv").write_text(example, "utf-8")
    return folder


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    return write_examples(tmp_path)


def test_every_kind_of_file_has_an_example(examples: Path) -> None:
    assert {path.stem for path in examples.iterdir()} == set(KINDS)


def test_the_examples_together_are_accepted_and_change_nothing_the_second_time(
    ledger: Ledger, examples: Path
) -> None:
    code, answer = take(ledger, examples)
    assert (code, answer["rejected"], answer["warnings"]) == (0, [], [])
    lines = sum(len(path.read_text("utf-8").splitlines()) - 1 for path in examples.iterdir())
    assert answer["accepted"] == lines
    _, again = take(ledger, examples)
    assert (again["appended"], again["accepted"]) == (0, 0)
