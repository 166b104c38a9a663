"""Which Python function carries out which named query. A statement is known by its text."""

from collections.abc import Callable, Mapping
from typing import Any

from ledger.queries import queries
from tests.simulation.memory.tables import Row, Store

Parameters = Mapping[str, Any]
Answer = list[Row] | int
"""The rows selected, or how many were written."""
Statement = Callable[[Store, Parameters], Answer]

STATEMENTS: dict[str, tuple[str, Statement]] = {}
"""By the text of a statement: its name (`log.head`) and what carries it out."""


def of_file(package: str, file: str) -> Callable[[str], Callable[[Statement], Statement]]:
    """A decorator for the functions that carry out the named queries of one `.sql` file."""
    named = queries(package, file)
    prefix = file.removesuffix(".sql")

    def query(name: str) -> Callable[[Statement], Statement]:
        text = named[name]
        assert text not in STATEMENTS, f"{prefix}.{name} is {STATEMENTS[text][0]} once more"

        def register(function: Statement) -> Statement:
            STATEMENTS[text] = (f"{prefix}.{name}", function)
            return function

        return register

    return query


def inline(text: str) -> Callable[[Statement], Statement]:
    """A statement that stands in the code itself."""

    def register(function: Statement) -> Statement:
        STATEMENTS[text] = (text, function)
        return function

    return register
