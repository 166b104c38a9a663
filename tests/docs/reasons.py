"""Finds every reason code in the code: where one is raised, and what helpers are called with.

A helper is a function that passes one of its parameters on as a code (`one_of(…, code)`): what
stands there in a call of it is a code too. Nothing is imported or run.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from ledger.personal_number import NumberWarning
from services.importing.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("signing", "ledger", "projections", "transfer", "services")

_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Sink:
    """A call's argument that is a code: its place, its keyword, what is put before it."""

    place: int | None
    keyword: str | None
    prefix: str = ""

    def given(self, call: ast.Call) -> Iterator[ast.expr]:
        """What stands there in `call`."""
        if self.place is not None and self.place < len(call.args):
            yield call.args[self.place]
        yield from (known.value for known in call.keywords if known.arg == self.keyword)


_RAISED: Mapping[str, frozenset[Sink]] = {
    **dict.fromkeys(
        ("Refused", "NotFound", "NotAllowed", "Conflict", "OtherVersion"),
        frozenset({Sink(0, "code")}),
    ),
    "BadCell": frozenset({Sink(0, "reason")}),
    "Problem": frozenset({Sink(None, "reason")}),
    "Fault": frozenset({Sink(2, "reason")}),
    "CheckFailed": frozenset({Sink(1, "code")}),
    "WorkbookRefused": frozenset({Sink(0, "reason")}),
    "SignatureError": frozenset({Sink(None, "code")}),
    "MerkleError": frozenset({Sink(None, "code")}),
    "__init__": frozenset({Sink(0, "code")}),  # super().__init__("unknown_account", …)
}


@cache
def codes() -> Mapping[str, set[str]]:
    """Every reason code, with the packages that give it."""
    found: dict[str, set[str]] = {}
    trees = {
        package: [ast.parse(path.read_text("utf-8")) for path in _modules(package)]
        for package in PACKAGES
    }
    sinks = _all_sinks([tree for package in trees.values() for tree in package])
    for package, modules in trees.items():
        for tree in modules:
            for code in _codes(tree, sinks):
                found.setdefault(code, set()).add(package)
    for number_warning in get_args(NumberWarning):
        found.setdefault(number_warning, set()).add("ledger")
    for kind in KINDS.values():
        found.setdefault(kind.clash, set()).add("services")
    return found


def _modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def _all_sinks(trees: Iterable[ast.Module]) -> dict[str, frozenset[Sink]]:
    """The calls that raise, and every helper of them, and every helper of those."""
    functions = [
        (function, _parameters(function))
        for tree in trees
        for function in ast.walk(tree)
        if isinstance(function, _Function)
    ]
    sinks = dict(_RAISED)
    while True:
        before = sum(map(len, sinks.values()))
        for function, parameters in functions:
            if function.name == "__init__":
                continue
            passed = frozenset(_passed_on(function, parameters, sinks))
            if passed:
                sinks[function.name] = sinks.get(function.name, frozenset()) | passed
        if sum(map(len, sinks.values())) == before:
            return sinks


def _parameters(function: _Function) -> dict[str, int | None]:
    """Parameter to its place in a call; None for a keyword."""
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    if names[:1] in (["self"], ["cls"]):
        del names[0]
    return {
        **{name: place for place, name in enumerate(names)},
        **{one.arg: None for one in function.args.kwonlyargs},
    }


def _passed_on(
    function: _Function,
    parameters: Mapping[str, int | None],
    sinks: Mapping[str, frozenset[Sink]],
) -> Iterator[Sink]:
    for sink, value in _arguments(function, sinks):
        name, prefix = _prefixed(value)
        if name in parameters:
            yield Sink(parameters[name], name, sink.prefix + prefix)


def _prefixed(value: ast.expr) -> tuple[str, str]:
    """The name and the prefix of `code` or f"unknown_{what}"; an empty name for anything else."""
    if isinstance(value, ast.Name):
        return value.id, ""
    if isinstance(value, ast.JoinedStr) and len(value.values) == 2:
        prefix, end = value.values
        if (
            isinstance(prefix, ast.Constant)
            and isinstance(end, ast.FormattedValue)
            and isinstance(end.value, ast.Name)
        ):
            return end.value.id, str(prefix.value)
    return "", ""


def _arguments(
    tree: ast.AST, sinks: Mapping[str, frozenset[Sink]]
) -> Iterator[tuple[Sink, ast.expr]]:
    """Every expression that stands where a code is given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = (
                node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            )
            for sink in sinks.get(name, ()):
                for value in sink.given(node):
                    yield sink, value


def _codes(tree: ast.AST, sinks: Mapping[str, frozenset[Sink]]) -> Iterator[str]:
    """The string constants among the arguments, also of a conditional and of a local name."""
    locals_ = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for sink, value in _arguments(tree, sinks):
        value = locals_.get(value.id, value) if isinstance(value, ast.Name) else value
        for end in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
            if isinstance(end, ast.Constant) and isinstance(end.value, str):
                code = sink.prefix + end.value
                if _CODE.fullmatch(code):
                    yield code
