"""The path of each mark in its sheet, made from our own log.

A sheet's tree needs the marks of a whole class, and a pupil has a hundred sheets a year: trees are
kept in memory under their own root, and what a class has handed in under the hash of its newest
entry, so that nothing kept can be out of date. Both hold salted hashes, no mark and no name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ledger import ids, log
from ledger.database import Connection
from ledger.envelope import facts_of
from ledger.events.pupil_year import MarkEntered
from ledger.events.school_class import GradeSheetSubmitted
from ledger.log import Entry
from ledger.newest import Newest
from ledger.queries import queries
from ledger.sheet import statement_hash
from signing.merkle import levels_of, path_in
from transfer.dossier import SheetPath, SheetStatement
from transfer.entries import own

_SQL = queries("transfer", "transfer.sql")
MOST_TREES: Final = 2048
MOST_CLASSES: Final = 64


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet that was handed in: its entry's position, its statement and signature."""

    position: int
    statement: SheetStatement
    signature: str | None


@dataclass(frozen=True, slots=True)
class _Tree:
    """The tree of a sheet: its hashes level by level."""

    levels: Sequence[Sequence[bytes]]

    @property
    def size(self) -> int:
        """How many marks it has."""
        return len(self.levels[0])

    @property
    def root(self) -> str:
        """What the sheet's statement says."""
        return self.levels[-1][0].hex()


_trees: Newest[str, _Tree] = Newest(MOST_TREES)
_classes: Newest[bytes, list[_Sheet]] = Newest(MOST_CLASSES)


def sheets_of(connection: Connection, ledger: UUID, entries: Sequence[Entry]) -> list[SheetPath]:
    """For each of our marks the statement of its sheet and its path in it.

    A sheet's marks stand directly before the sheet's own entry, so positions find them.
    """
    marks = [
        (entry, entry.event)
        for entry in own(entries, ledger)
        if isinstance(entry.event, MarkEntered)
    ]
    submitted = _by_position(connection, ledger, {mark.class_code for _, mark in marks})
    found = [
        (entry, submitted[entry.position]) for entry, _ in marks if entry.position in submitted
    ]
    trees = _trees_of(connection, [sheet for _, sheet in found])
    paths = []
    for entry, sheet in found:
        said = sheet.statement
        index = entry.position - (sheet.position - said.count)
        # Made here, and typed: not validated as if it came from outside.
        paths.append(
            SheetPath.model_construct(
                statement=said,
                signature=sheet.signature,
                stream=entry.stream.id,
                version=entry.version,
                index=index,
                path=tuple(map(bytes.hex, path_in(trees[sheet.position].levels, index))),
            )
        )
    return paths


def _by_position(connection: Connection, ledger: UUID, codes: Iterable[str]) -> dict[int, _Sheet]:
    """By a mark's position the sheet that it was handed in with."""
    found: dict[int, _Sheet] = {}
    for code in codes:
        for sheet in _handed_in(connection, ledger, code):
            span = range(sheet.position - sheet.statement.count, sheet.position)
            found.update(dict.fromkeys(span, sheet))
    return found


def _handed_in(connection: Connection, ledger: UUID, code: str) -> list[_Sheet]:
    """Every sheet of a class."""
    stream = ids.class_stream(ledger, code)
    row = connection.execute(_SQL["newest_hash"], {"stream": stream}).fetchone()
    if row is None:
        return []
    known = _classes.get(row[0])
    if known is None:
        topics = [GradeSheetSubmitted.TOPIC]
        handed_in = log.of_streams(connection, [stream], size=None, topics=topics)
        known = [_sheet(entry, ledger, code) for entry in handed_in]
        _classes.put(row[0], known)
    return known


def _sheet(entry: Entry, ledger: UUID, code: str) -> _Sheet:
    event = entry.event
    assert isinstance(event, GradeSheetSubmitted)
    statement = SheetStatement(
        ledger=ledger,
        class_code=code,
        subject=event.subject,
        semester=event.semester,
        slot=event.slot,
        date=event.effective_on,
        count=event.count,
        root=event.root,
    )
    return _Sheet(entry.position, statement, event.signature)


def _trees_of(connection: Connection, sheets: Iterable[_Sheet]) -> dict[int, _Tree]:
    """The trees of sheets by position; those not in memory are read in one go."""
    wanted = {sheet.position: sheet for sheet in sheets}
    trees: dict[int, _Tree] = {}
    for position, sheet in wanted.items():
        known = _trees.get(sheet.statement.root)
        if known is not None and known.size == sheet.statement.count:
            trees[position] = known
    missing = [sheet for position, sheet in wanted.items() if position not in trees]
    spans = {
        "starts": [sheet.position - sheet.statement.count for sheet in missing],
        "ends": [sheet.position for sheet in missing],
    }
    leaves: dict[int, list[bytes]] = {sheet.position: [] for sheet in missing}
    rows = connection.execute(_SQL["sheet_marks"], spans, binary=True) if missing else ()
    for position, person, body, entry_hash in rows:
        facts = facts_of(body, entry_hash)
        said = wanted[position].statement
        leaves[position].append(
            statement_hash(
                said.class_code,
                said.subject,
                said.semester,
                said.slot,
                said.date,
                pupil=person,
                value=facts["value"],
                salt=facts["salt"],
            )
        )
    for position, hashes in leaves.items():
        tree = trees[position] = _Tree(levels_of(hashes))
        # One that does not give its root is of a damaged log: its receiver will say so.
        if tree.root == wanted[position].statement.root:
            _trees.put(tree.root, tree)
    return trees
