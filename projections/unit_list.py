"""The answer to `hocba units`: the tree of a day from the root down, and what has closed."""

from collections.abc import Iterable
from typing import Any

from ledger.errors import NotFound
from ledger.identifiers import SINCE_EVER
from projections.moment import Moment
from projections.tree import Node, Tree


def unit_list(tree: Tree, *, moment: Moment, under: str | None = None) -> dict[str, Any]:
    """The units in force, each after the one above it, and those closed by then.

    `parent` is the unit in force above, `parent_code` the one on record (closed, where they
    differ); `depth` is 0 at a root of the list. Of a closed unit `current` is who stands for it
    that day, null where nobody does. `under` limits both lists to one unit and what is below it.

    Raises:
        NotFound: `unknown_unit`, no unit of that code is on record or stands for it.
    """
    wanted: frozenset[str] | None = None
    if under is not None:
        wanted = tree.below(under)
        if not wanted:
            raise NotFound("unknown_unit", f"no unit {under}, or none that stands for it, is open")
    depths: dict[str, int] = {}
    shown = [node for node in _downwards(tree) if wanted is None or node.code in wanted]
    for node in shown:
        parent = tree.parent(node.code)
        depths[node.code] = depths[parent] + 1 if parent in depths else 0
    closed = [node for node in tree.closed if wanted is None or node.code in wanted]
    return {
        "on": tree.on.isoformat(),
        "known_at": moment.known_at,
        "under": under,
        "units": [
            {**_described(node), "parent": tree.parent(node.code), "depth": depths[node.code]}
            for node in shown
        ],
        "count": len(shown),
        "closed": [{**_described(node), "current": tree.current(node.code)} for node in closed],
    }


def _downwards(tree: Tree) -> Iterable[Node]:
    """Every unit in force, after the one above it; those of one unit by code."""
    children: dict[str | None, list[Node]] = {}
    for node in tree.nodes:
        children.setdefault(tree.parent(node.code), []).append(node)
    waiting = children.get(None, [])[::-1]
    reached: set[str] = set()
    while waiting:
        node = waiting.pop()
        reached.add(node.code)
        yield node
        waiting.extend(children.get(node.code, [])[::-1])
    # Where parents lead in a circle nothing is above: they are shown all the same.
    yield from (node for node in tree.nodes if node.code not in reached)


def _described(node: Node) -> dict[str, Any]:
    return {
        "code": node.code,
        "kind": node.kind,
        "name": node.name,
        "parent_code": node.parent,
        "levels": list(node.levels),
        "opened_on": node.opened_on.isoformat() if node.opened_on > SINCE_EVER else None,
        "closed_on": node.closed_on.isoformat() if node.closed_on else None,
        "successor": node.successor,
    }
