"""The tree of units in force on a day: who stands under whom, and who stands for whom.

Units open, close, merge, are re-parented and get other codes; a report or a roster of a day uses
the tree of that day, as it was known in the prefix it is of. A closed unit is represented by its
successor where it has one, and by nobody otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from ledger.database import Connection
from projections.structure import JOIN, STRUCTURE
from projections.tables import Statement, visible


@dataclass(frozen=True, slots=True)
class Node:
    """A unit as it stands for some days.

    `levels` are the school levels it teaches; `parent` is the code on record, which may since
    have closed (`Tree.above` follows its successor). `closed_on` is the first day without it.
    """

    code: str
    kind: str
    name: str
    parent: str | None
    levels: tuple[str, ...]
    opened_on: date
    closed_on: date | None
    successor: str | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A unit under one name and place for the days [start, end)."""

    node: Node
    start: date
    end: date | None


class Tree:
    """The units of one ledger on the day `on`."""

    def __init__(self, on: date, stretches: Iterable[Stretch]) -> None:
        """`stretches` are those of every unit ever known, whatever their days."""
        self.on = on
        self._last: dict[str, Stretch] = {}
        self._nodes: dict[str, Node] = {}
        for stretch in sorted(stretches, key=lambda one: one.start):
            code = stretch.node.code
            if stretch.start <= on or code not in self._last:
                self._last[code] = stretch
            if stretch.start <= on and (stretch.end is None or on < stretch.end):
                self._nodes[code] = stretch.node
        self._above: dict[str, tuple[Node, ...]] = {}
        self._standing: dict[str, list[str]] | None = None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every unit in force, by code."""
        return tuple(self._nodes[code] for code in sorted(self._nodes))

    @property
    def closed(self) -> tuple[Node, ...]:
        """Every unit closed by that day, as it was last, by code."""
        return tuple(
            stretch.node
            for code, stretch in sorted(self._last.items())
            if code not in self._nodes and _closed(stretch.node, self.on)
        )

    def node(self, code: str) -> Node | None:
        """The unit in force under that code."""
        return self._nodes.get(code)

    def known(self, code: str) -> Node | None:
        """The unit of that code as it is, was last, or will be first; None for no unit."""
        stretch = self._last.get(code)
        return stretch.node if stretch else None

    def current(self, code: str) -> str | None:
        """The code itself where it is in force, else that of the unit which stands for it;
        None where nothing does (unknown, not yet open, closed without a successor, or
        successors that lead in a circle)."""
        seen: set[str] = set()
        at: str | None = code
        while at is not None and at not in seen:
            if at in self._nodes:
                return at
            seen.add(at)
            last = self.known(at)
            at = last.successor if last is not None and _closed(last, self.on) else None
        return None

    def above(self, code: str) -> tuple[Node, ...]:
        """The unit that stands for `code` and every unit above it, up to the root; empty where
        nothing stands for it.

        A parent that has closed is represented by its successor; where there is none the path
        ends. Parents that lead in a circle are followed once.
        """
        start = self.current(code)
        if start is None:
            return ()
        if start not in self._above:
            path: dict[str, Node] = {}
            at: str | None = start
            while at is not None and at not in path:
                node = self._nodes[at]
                path[at] = node
                at = self.current(node.parent) if node.parent is not None else None
            self._above[start] = tuple(path.values())
        return self._above[start]

    def parent(self, code: str) -> str | None:
        """The unit in force directly above the one that stands for `code`."""
        path = self.above(code)
        return path[1].code if len(path) > 1 else None

    def below(self, code: str) -> frozenset[str]:
        """The codes of every unit in force under the one that stands for `code`, itself among
        them, and of every closed unit that one of these stands for."""
        start = self.current(code)
        if start is None:
            return frozenset()
        if self._standing is None:
            self._standing = self._standing_under()
        return frozenset(self._standing.get(start, ()))

    def province_of(self, code: str) -> Node | None:
        """The province that the unit belongs to on that day."""
        return next((node for node in self.above(code) if node.kind == "province"), None)

    def _standing_under(self) -> dict[str, list[str]]:
        """Unit in force to the codes that are, or are represented, under it."""
        found: dict[str, list[str]] = {}
        for code in self._last:
            for node in self.above(code):
                found.setdefault(node.code, []).append(code)
        return found


def _closed(node: Node, day: date) -> bool:
    return node.closed_on is not None and node.closed_on <= day


_UNITS = Statement(
    sa.select(
        STRUCTURE.c.code,
        STRUCTURE.c.kind,
        STRUCTURE.c.name,
        STRUCTURE.c.parent,
        STRUCTURE.c.levels,
        STRUCTURE.c.opened_on,
        STRUCTURE.c.closed_on,
        STRUCTURE.c.successor,
        STRUCTURE.c.effective_from,
        STRUCTURE.c.effective_to,
    ).where(STRUCTURE.c.kind != "class", visible(STRUCTURE))
)


def read_tree(connection: Connection, *, on: date, size: int) -> Tree:
    """The tree of `on`, as known in the prefix of `size` entries.

    The projection `structure` must hold that prefix (`Engine.require`).
    """
    rows = _UNITS.run(connection, {"size": size}).fetchall()
    return Tree(on, [Stretch(_node(*known), start, end) for *known, start, end in rows])


def _node(code: str, kind: str, name: str, parent: str | None, levels: str, *rest: Any) -> Node:
    taught = tuple(levels.split(JOIN)) if levels else ()
    return Node(code, kind, name, parent, taught, *rest)
