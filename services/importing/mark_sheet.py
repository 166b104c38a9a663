"""A mark sheet that this program wrote and a teacher filled in.

The hidden sheet says class, subject, term, who the pupils are and what stood in the locked cells;
a column A, hidden too, names each row's pupil, so that whole rows may be sorted. Where the names
were sorted and column A was not, each such row is refused: its marks would be another pupil's.
Only cells that were empty become marks; a locked cell that holds something else now is refused,
because a correction needs a reason.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from ledger.errors import Refused
from ledger.text import matching_key
from services.importing.headings import Header, heading_key
from services.importing.kinds import KINDS
from services.importing.line_keys import canonical_mark
from services.importing.plan import Column, Fault, Given, Made, Result, Unchanged
from services.sheets import cells as cell_text
from services.sheets.reading import Row

NAME = "mark_sheet"
FORM = "mark_sheet/1"
KEY, NUMBER, FULL_NAME, BORN = "Mã hồ sơ", "STT", "Họ và tên", "Ngày sinh"
ELSEWHERE = "Điểm ở trường khác"
DAYS = "Ngày kiểm tra"
MUST = frozenset(map(heading_key, (KEY, FULL_NAME, BORN)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the hidden sheet says of the visible one. `pupils` are (name, birth date) by pupil,
    `held` are (pupil, slot) to the mark that stood there when it was written."""

    ledger: str
    class_code: str
    subject: str
    semester: str
    school_year: str
    on: str
    position: int
    slots: tuple[str, ...]
    pupils: Mapping[str, tuple[str, str]]
    held: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def rows(self) -> Iterator[tuple[str | int, ...]]:
        """The rows of the hidden sheet."""
        yield ("form", FORM)
        for name in ("ledger", "class_code", "subject", "semester", "school_year", "on"):
            yield name, getattr(self, name)
        yield "position", self.position
        yield "slots", ";".join(self.slots)
        for pupil, (name, born) in self.pupils.items():
            yield "pupil", pupil, name, born
        for (pupil, slot), value in self.held.items():
            yield "cell", pupil, slot, value

    @classmethod
    def read(cls, rows: Iterable[Row]) -> Self:
        """The origin that the hidden sheet's rows hold.

        Raises:
            Refused: `sheet_damaged`, it is not as it was written.
        """
        said: dict[str, str] = {}
        held: dict[tuple[str, str], str] = {}
        pupils: dict[str, tuple[str, str]] = {}
        for row in rows:
            texts = [cell_text.text(cell) for cell in row.cells]
            if texts[0] == "pupil" and len(texts) >= 2:
                name, born = (*texts[2:4], "", "")[:2]
                pupils[texts[1]] = (name, born)
            elif texts[0] == "cell" and len(texts) >= 4:
                held[texts[1], texts[2]] = texts[3]
            elif len(texts) > 1:
                said[texts[0]] = texts[1]
        try:
            if said["form"] != FORM:
                raise KeyError("form")
            if not pupils:
                raise KeyError("pupil")
            return cls(
                ledger=said["ledger"],
                class_code=said["class_code"],
                subject=said["subject"],
                semester=said["semester"],
                school_year=said["school_year"],
                on=said["on"],
                position=int(said["position"]),
                slots=tuple(said["slots"].split(";")),
                pupils=pupils,
                held=held,
            )
        except (KeyError, ValueError):
            raise damaged() from None


def damaged() -> Refused:
    """What says whose marks a sheet holds is not there any more."""
    return Refused(
        "sheet_damaged",
        "the hidden part of this mark sheet is damaged: it cannot be told what it is of",
        suggestion="write it anew with `hocba marksheet` and fill that in",
    )


def _days_row(head: Sequence[Row], header: int) -> Row | None:
    above = [row for row in head if row.number < header]
    label = heading_key(DAYS)
    for row in reversed(above):
        if any(heading_key(cell_text.text(cell)) == label for cell in row.cells):
            return row
    return next((row for row in above if row.number == header - 1), None)


class MarkSheet:
    """Reads a filled-in mark sheet."""

    name = NAME

    def __init__(self, header: Header, head: Sequence[Row], origin: Origin, given: Given) -> None:
        """`head` are the sheet's first rows: the days stand in the nearest row above the header
        that says so."""
        self.header, self.first = header.row, header.below
        self._origin, self._on = origin, given.on
        self._seen: set[str] = set()
        dates = _days_row(head, header.row)
        by_key = {heading_key(slot): slot for slot in origin.slots}
        self._key = next(h.index for h in header.headings if h.key == heading_key(KEY))
        self._name = next(h.index for h in header.headings if h.key == heading_key(FULL_NAME))
        self._born = next(h.index for h in header.headings if h.key == heading_key(BORN))
        named = Counter(name for name, _ in origin.pupils.values())
        self._shared = {name for name, count in named.items() if count > 1}
        self._slots = {h.index: by_key[h.key] for h in header.headings if h.key in by_key}
        self._days = {
            index: cell_text.day(dates.cell(index)).strip() if dates else ""
            for index in self._slots
        }
        self._headings = {heading.index: heading.text for heading in header.headings}
        known = {heading_key(text) for text in (NUMBER, FULL_NAME, BORN, ELSEWHERE)}
        self.columns = tuple(
            Column(h.index, h.text, self._taken_for(h.index, known, h.key)) for h in header.headings
        )

    def _taken_for(self, index: int, known: set[str], key: str) -> str | None:
        if index in self._slots:
            return f"marks.value ({self._slots[index]})"
        if index == self._key:
            return "marks.pupil_key"
        return "" if key in known or not key else None

    def results(self, rows: Sequence[Row]) -> Iterator[tuple[int, Result]]:
        """A mark for each newly filled cell."""
        for row in rows:
            key = cell_text.text(row.cell(self._key)).strip()
            if key not in self._origin.pupils:
                yield row.number, self._stray(row)
                continue
            self._seen.add(key)
            if self._is_of_another(key, row):
                yield row.number, self._mixed_up(row)
                continue
            for index, slot in self._slots.items():
                value = cell_text.text(row.cell(index)).strip()
                found = self._cell(key, index, slot, value)
                if found is not None:
                    yield row.number, found

    def not_seen(self) -> int:
        """How many pupils of the sheet as it was written had no row among those read."""
        return len(self._origin.pupils.keys() - self._seen)

    def _is_of_another(self, key: str, row: Row) -> bool:
        name, born = self._origin.pupils[key]
        wrong_name = matching_key(cell_text.text(row.cell(self._name))) != matching_key(name)
        return wrong_name or (name in self._shared and cell_text.day(row.cell(self._born)) != born)

    def _mixed_up(self, row: Row) -> Fault:
        return Fault(
            self._headings[self._name],
            cell_text.text(row.cell(self._name)),
            "row_mixed_up",
            "this row was written for a pupil of another name or birth date: it was sorted or "
            "overwritten in part",
            "undo it, or write the sheet anew and fill that in; sort whole rows, column A included",
        )

    def _stray(self, row: Row) -> Fault:
        """A row that was not in the sheet as it was written."""
        if any(cell_text.text(row.cell(index)).strip() for index in self._slots):
            message = "this row names no pupil of the sheet: its marks are not read"
            suggestion = "write the sheet anew once the pupil is in the class"
            return Fault(KEY, None, "unknown_pupil", message, suggestion)
        message = "the row names nobody and is left out"
        return Fault(None, None, "row_without_pupil", message, warning=True)

    def _cell(self, key: str, index: int, slot: str, value: str) -> Result | None:
        origin, heading = self._origin, self._headings[index]
        before = origin.held.get((key, slot))
        if before is not None:
            if canonical_mark(value) == canonical_mark(before):
                return Unchanged()
            return Fault(
                heading,
                value,
                "locked_cell_changed",
                "the cell held a mark already: a correction needs a reason",
                "put the cell back and use corrections.csv, or a correction form",
            )
        if not value:
            return None
        on = self._days[index] or self._on
        if not on:
            return Fault(
                heading,
                value,
                "missing_date",
                "nobody says on which day these marks were given",
                "fill in the day above the column, or give --on DATE",
            )
        cells = {
            "class_code": origin.class_code,
            "subject": origin.subject,
            "semester": origin.semester if origin.semester != "0" else "",
            "slot": slot,
            "pupil_key": key,
            "value": value,
            "effective_on": on,
        }
        return Made(KINDS["marks"], cells, {"value": heading, "effective_on": heading})
