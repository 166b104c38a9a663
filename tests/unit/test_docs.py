"""The documentation says what the code does: every command, event and reason code stands in it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import click
import pytest

from ledger.code_lists import CODE_LISTS, Standing
from ledger.registry import EVENTS
from ledger.subjects import SUBJECTS
from services.cli import COMMANDS, cli
from services.importing.kinds import KINDS
from signing import canonical
from tests.docs.make import FIELDS, PAGES, REFERENCE, WORDS, documented_models, field_words
from tests.docs.reasons import ROOT, codes

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
PAGES_WITH_LINKS = sorted(
    path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, made by a process of its own: a command remembers how it was first asked for
    help, and another test may have asked it."""
    folder = tmp_path_factory.mktemp("reference")
    command = [sys.executable, "-m", "tests.docs.make", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=100)
    return folder


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_generated_page_is_what_the_code_makes(name: str, made: Path) -> None:
    page = (made / name).read_text("utf-8")
    assert (REFERENCE / name).read_text("utf-8") == page, "run: python -m tests.docs.make"


def test_every_command_and_option_is_documented() -> None:
    page = (REFERENCE / "cli.md").read_text("utf-8")
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        inner = command.commands if isinstance(command, click.Group) else {}
        for title, one in {"": command, **inner}.items():
            heading = f"hocba {name} {title}".rstrip()
            _, found, rest = page.partition(f"# {heading}\n")
            assert found, f"{heading} has no section"
            section = rest.partition("\n#")[0]
            for parameter in one.params:
                for option in parameter.opts if isinstance(parameter, click.Option) else ():
                    assert option in section, f"{heading}: {option}"


def test_every_topic_and_field_is_documented() -> None:
    page = (REFERENCE / "events.md").read_text("utf-8")
    for topic, event in EVENTS.items():
        _, found, rest = page.partition(f"### `{topic}`\n")
        assert found, topic
        section = rest.partition("\n### ")[0]
        for field in set(event.model_fields) - {"effective_on"}:
            assert f"| `{field}` |" in section, f"{topic}.{field}"


def test_every_field_of_an_event_says_what_it_holds() -> None:
    fields = {
        (model.__name__, name)
        for model in documented_models()
        for name in set(model.model_fields) - {"effective_on"}
    }
    assert fields - set(field_words()) == set(), "add them to tests/docs/fields.toml"
    told = tomllib.loads(FIELDS.read_text("utf-8"))
    names = {name for _, name in fields}
    for name, words in told.items():
        if isinstance(words, dict):
            assert {(name, field) for field in words} <= fields, "words for what is gone"
        else:
            assert name in names, "words for what is gone"


def test_every_reason_code_has_its_words() -> None:
    words = tomllib.loads(WORDS.read_text("utf-8"))
    assert set(codes()) - set(words) == set(), "add them to tests/docs/rejections.toml"
    assert set(words) - set(codes()) == set(), "words for codes that are gone"
    assert all(meaning and remedy for meaning, remedy in words.values())


@pytest.mark.parametrize(
    "code",
    [
        "unknown_outcome",  # values.one_of(…, code)
        "unknown_report",  # _one_of(…, column) with f"unknown_{column}"
        "row_without_pupil",  # Fault(…, reason, …)
        "wrong_delimiter",  # refuse_file(name, reason, …)
        "two_values_for_slot",  # the clash of a kind of file
    ],
)
def test_a_reason_code_given_through_a_helper_is_found(code: str) -> None:
    assert code in codes()


def test_no_function_s_name_or_message_is_taken_for_a_reason_code() -> None:
    assert not {code for code in codes() if len(code) > 40 or "__" in code}


@pytest.mark.parametrize("name", CODE_LISTS)
def test_every_entry_of_a_code_list_has_a_source_and_a_standing(name: str) -> None:
    known = CODE_LISTS[name]
    assert known.source.strip()
    assert known.title_vi.strip()
    for entry in known.entries:
        assert (entry.standing or known.standing) in get_args(Standing), entry.code
    page = (REFERENCE / "code-lists.md").read_text("utf-8")
    _, found, rest = page.partition(f"\n## {name}\n")
    assert found, name
    section = rest.partition("\n## ")[0]
    assert known.source in section
    for entry in known.entries:
        assert f"| `{entry.code}` | {entry.name} |" in section, entry.code


@pytest.mark.parametrize("key", SUBJECTS)
def test_every_subject_is_documented_with_its_spellings_and_lessons(key: str) -> None:
    page = (REFERENCE / "subjects.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith(f"| `{key}` |")]
    assert len(rows) >= 2, "one row of names, at least one of lessons"
    for spelling in (SUBJECTS[key].name, *SUBJECTS[key].aliases):
        assert spelling in rows[0], spelling


def test_every_import_file_and_column_is_documented() -> None:
    page = (REFERENCE / "import-files.md").read_text("utf-8")
    for kind in KINDS.values():
        _, found, rest = page.partition(f"## {kind.name}.csv\n")
        assert found, kind.name
        section = rest.partition("\n## ")[0]
        for column in kind.columns:
            assert f"`{column}`" in section, f"{kind.name}.{column}"


def test_the_worked_bytes_are_canonical() -> None:
    page = (REFERENCE / "stored-bytes.md").read_text("utf-8")
    (example,) = re.findall(r"```json\n(.*?)\n```", page, re.DOTALL)
    assert canonical.dumps(canonical.loads(example.encode())) == example.encode()


@pytest.mark.parametrize("name", PAGES_WITH_LINKS)
def test_links_within_the_repository_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for target in LINK.findall(page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{name}: {target}"


def test_decisions_are_numbered_without_gaps() -> None:
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(Path(name).stem.split("-")[0]) for name in names]
    assert numbers == list(range(1, len(numbers) + 1))


def test_each_line_of_the_changelog_is_a_sentence() -> None:
    page = (ROOT / "CHANGELOG.md").read_text("utf-8")
    items = [
        " ".join(item.split()) for item in re.split(r"\n(?=- )|\n\n", page) if item[:2] == "- "
    ]
    assert items
    for item in items:
        assert item[2].isupper(), item
        assert item.endswith("."), item
