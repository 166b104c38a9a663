"""Makes the generated pages of `docs/reference`: `python -m tests.docs.make`.

cli.md         from the commands' own --help
events.md      from the registry of topics
rejections.md  the codes from the calls that raise them, the words from `rejections.toml`
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
from click.testing import CliRunner
from pydantic import BaseModel

from ledger.personal_number import NumberWarning
from ledger.registry import EVENTS
from services.cli import COMMANDS, cli
from services.importing.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
WORDS = Path(__file__).with_name("rejections.toml")
NOTICE = "<!-- Made by `python -m tests.docs.make`; edit the code, not this page. -->\n"
PACKAGES = ("signing", "ledger", "projections", "transfer", "services")

_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_RAISED = frozenset({"Refused", "NotFound", "NotAllowed", "Conflict", "BadCell"})
"""What is called with a code as its first argument."""
_PASSED_ON = frozenset({"SignatureError", "MerkleError"})
"""Errors of `signing` whose `code` a failed check shows."""


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
        "under the person's key of that category. An unknown topic stops reading.\n",
    ]
    kinds: dict[str, list[str]] = {}
    shown: set[type[BaseModel]] = set()
    for topic, event in EVENTS.items():
        lines = [f"### `{topic}`\n", f"{_summary(event)}\n"]
        fields = {n: f for n, f in event.model_fields.items() if n != "effective_on"}
        if fields:
            lines += ["| field | type |", "|---|---|"]
            for name, field in fields.items():
                shown.update(_models(field.annotation))
                lines.append(f"| `{name}` | {_type(field.annotation)} |")
            lines.append("")
        kinds.setdefault(event.STREAM.value, []).extend(lines)
    for kind, lines in kinds.items():
        parts += [f"## Stream `{kind}`\n", *lines]
    parts.append("## Parts\n")
    for model in sorted(shown, key=lambda model: model.__name__):
        parts += [
            f"### {model.__name__}\n",
            f"{_summary(model)}\n",
            "| field | type |",
            "|---|---|",
        ]
        parts += [f"| `{n}` | {_type(f.annotation)} |" for n, f in model.model_fields.items()]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _summary(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _models(field.annotation)
    for inner in get_args(annotation):
        yield from _models(inner)


def _type(annotation: Any) -> str:
    text = str(annotation) if get_args(annotation) else getattr(annotation, "__name__", "")
    text = re.sub(r"typing\.Annotated\[str, .*?\)\]", "Code", text or str(annotation))
    text = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", text)
    text = re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", text)
    text = re.sub(r"^Optional\[(.*)\]$", r"\1 | None", text)
    if "Sealed" in text:
        text = "*sealed* " + re.sub(r" \| Sealed\b", "", text)
    return text.replace("|", "\\|")


def codes() -> dict[str, set[str]]:
    """Every reason code in the code, with the packages that give it."""
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for code in _codes(ast.parse(path.read_text("utf-8"))):
                found.setdefault(code, set()).add(package)
    for number_warning in get_args(NumberWarning):
        found.setdefault(number_warning, set()).add("ledger")
    for kind in KINDS.values():
        found.setdefault(kind.clash, set()).add("services")
    return found


def _codes(tree: ast.AST) -> Iterator[str]:
    """The string constants that stand where a reason code is given."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        prefix = "unknown_" if name == "_unknown" else ""
        for value in _given(name, node):
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                code = prefix + value.value
                if _CODE.fullmatch(code):
                    yield code


def _given(name: str, call: ast.Call) -> list[ast.expr]:
    """The arguments of a call that stand where a code is given."""
    if name in _RAISED or name in ("_unknown", "__init__"):
        return call.args[:1]
    if name in ("CheckFailed", "refuse_file"):
        return call.args[1:2]
    keyword = {"Problem": "reason"}.get(name, "code" if name in _PASSED_ON else None)
    return [known.value for known in call.keywords if known.arg == keyword and keyword]


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
        parts.append(f"| `{code}` | {meaning} | {remedy} | {given} |")
    return "\n".join(parts) + "\n"


PAGES = {"cli.md": cli_page, "events.md": events_page, "rejections.md": rejections_page}


def main() -> None:
    """Write every generated page."""
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
