"""Makes the generated pages of `docs/reference`: `python -m tests.docs.make`.

cli.md             from the commands' own --help
code-lists.md      from `ledger.code_lists` and the closed lists of this project
events.md          from the registry of topics
import-columns.md  from the kinds of file that an import takes
rejections.md      the codes from the calls that raise them, the words from `rejections.toml`
subjects.md        from the subjects, their lessons and the slots of the regulations
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

import click
from click.testing import CliRunner
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ledger.registry import EVENTS
from services.cli import COMMANDS, cli
from services.report_words import REPORT_REASONS
from tests.docs.data_pages import code_lists_page, columns_page, subjects_page
from tests.docs.reasons import ROOT, codes
from tests.docs.tables import NOTICE, row, table

REFERENCE = ROOT / "docs" / "reference"
WORDS = Path(__file__).with_name("rejections.toml")
FIELDS = Path(__file__).with_name("fields.toml")


def cli_page() -> str:
    """The command line, command by command, as `--help` prints it."""
    parts = [NOTICE, "# Command line\n", _help([])]
    for name in sorted(COMMANDS):
        command = cli.get_command(click.Context(cli), name)
        parts += [f"## hocba {name}\n", _help([name])]
        if isinstance(command, click.Group):
            for inner in sorted(command.commands):
                parts += [f"### hocba {name} {inner}\n", _help([name, inner])]
    return "\n".join([*parts, EXIT_CODES])


def _help(words: list[str]) -> str:
    result = CliRunner().invoke(
        cli, [*words, "--help"], prog_name="hocba", terminal_width=88, color=False
    )
    if result.exit_code != 0:
        raise RuntimeError(f"--help of {words} failed: {result.output}")
    return f"```text\n{result.output.rstrip()}\n```\n"


EXIT_CODES = """## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | anything not listed here |
| 2 | wrong usage, also an instant in the future or a malformed WHEN, DATE or KEY |
| 3 | input refused, nothing of it was taken in |
| 4 | partly accepted: the rest is listed |
| 5 | not found |
| 6 | not allowed |
| 7 | conflict: custody, a fork, an ambiguous key, a repeated command with other content |
| 10 | verification failed |
| 11 | a needed server cannot be reached |
| 130 | stopped by hand (Ctrl-C); what was recorded stays recorded |
"""


def events_page() -> str:
    """Every topic of the registry with its fields."""
    parts = [
        NOTICE,
        "# Events\n",
        "Every topic there is, with its fields. `effective_on` stands on every event and is left "
        "out below. A field marked *sealed* is a personal part: encrypted in the stored bytes, "
        "under the person's key of that category. A *Code* is a text of 1 to 80 characters. An "
        "unknown topic stops reading.\n",
    ]
    kinds: dict[str, list[str]] = {}
    shown: set[type[BaseModel]] = set()
    for topic, event in EVENTS.items():
        lines = [f"### `{topic}`\n", f"{_summary(event)}\n", *_fields(event)]
        kinds.setdefault(event.STREAM.value, []).extend(lines)
        for field in event.model_fields.values():
            shown.update(_models(field.annotation))
    for kind, lines in kinds.items():
        parts += [f"## Stream `{kind}`\n", *lines]
    parts.append("## Parts\n")
    for model in sorted(shown, key=lambda model: model.__name__):
        parts += [f"### {model.__name__}\n", f"{_summary(model)}\n", *_fields(model)]
    return "\n".join(parts).rstrip() + "\n"


def _summary(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _fields(model: type[BaseModel]) -> list[str]:
    """The table of a model's fields; nothing where it has none."""
    rows = [
        (f"`{name}`", _type(field), field_words().get((model.__name__, name)))
        for name, field in model.model_fields.items()
        if name != "effective_on"
    ]
    return table(("field", "type", "holds"), rows) if rows else []


@cache
def field_words() -> Mapping[tuple[str, str], str]:
    """(Model, field) to what the field holds, from `fields.toml`."""
    words = tomllib.loads(FIELDS.read_text("utf-8"))
    return {
        (model.__name__, name): found
        for model in documented_models()
        for name in model.model_fields
        if (found := words.get(model.__name__, {}).get(name) or words.get(name)) is not None
    }


def documented_models() -> set[type[BaseModel]]:
    """Every event and every part of one."""
    parts = {
        part
        for event in EVENTS.values()
        for field in event.model_fields.values()
        for part in _models(field.annotation)
    }
    return {*EVENTS.values(), *parts}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _models(field.annotation)
    for inner in get_args(annotation):
        yield from _models(inner)


def _type(field: FieldInfo) -> str:
    annotation = field.annotation
    if annotation is str and field.metadata:
        return "Code"
    text = str(annotation) if get_args(annotation) else getattr(annotation, "__name__", "")
    text = re.sub(r"typing\.Annotated\[str, .*?\)\]", "Code", text or str(annotation))
    text = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", text)
    text = re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", text)
    text = re.sub(r"^Optional\[(.*)\]$", r"\1 | None", text)
    if "Sealed" in text:
        text = "*sealed* " + re.sub(r" \| Sealed\b", "", text)
    return text


def rejections_page() -> str:
    """Every reason code with its meaning and remedy."""
    words = tomllib.loads(WORDS.read_text("utf-8"))
    parts = [
        NOTICE,
        "# Reason codes\n",
        "`reason` in an import's answer and `code` in a failure are stable: programs may rely on "
        "them. The message beside a code is for people and may change. A personal value is shown "
        "to whoever sent the file and is never logged.\n",
        "| code | meaning | what to do | given by |",
        "|---|---|---|---|",
    ]
    for code, packages in sorted(codes().items()):
        meaning, remedy = words.get(code, ("", ""))
        given = ", ".join(f"`{package}`" for package in sorted(packages))
        parts.append(row(f"`{code}`", meaning, remedy, given))
    parts += [
        "",
        "## Reasons in reports\n",
        "`reason` of the exceptions of `hocba report`: the record is on file, and somebody should "
        "look at it.\n",
        *table(
            ("reason", "Vietnamese", "English"),
            ((f"`{reason}`", *words) for reason, words in sorted(REPORT_REASONS.items())),
        ),
    ]
    return "\n".join(parts).rstrip() + "\n"


PAGES = {
    "cli.md": cli_page,
    "code-lists.md": code_lists_page,
    "events.md": events_page,
    "import-columns.md": columns_page,
    "rejections.md": rejections_page,
    "subjects.md": subjects_page,
}


def main(folder: Path) -> None:
    """Write every generated page."""
    for name, page in PAGES.items():
        (folder / name).write_text(page(), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REFERENCE)
