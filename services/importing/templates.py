"""What a sheet is: a file of the contract, one of the ministry's templates, our own mark sheet."""

from collections.abc import Iterator, Sequence

from services.importing import mark_sheet, marks_templates, pupil_list
from services.importing.csv_reader import Record
from services.importing.headings import find_header
from services.importing.kinds import KINDS, FileKind
from services.importing.ledger_view import LedgerView
from services.importing.mark_sheet import MarkSheet, Origin
from services.importing.marks_templates import ResultsSheet
from services.importing.plan import Column, Fault, Given, Made, Plan, Result
from services.importing.pupil_list import PupilList
from services.importing.stage import FileRefused, check_header
from services.sheets import cells as cell_text
from services.sheets.reading import Row

KNOWN = (
    "a sheet named like a file of the contract (pupils, marks, …), the ministry's list of pupils, "
    "its marks template, the primary results sheet"
)
_DAYS = frozenset({"birth_date", "valid_from", "valid_to", "effective_from", "effective_to"})


class ContractSheet:
    """A sheet with the columns of a file of the contract."""

    def __init__(self, kind: FileKind, header: Row, file: str) -> None:
        """`file` is the name an answer shows.

        Raises:
            FileRefused: as for a CSV file.
        """
        texts = [cell_text.text(cell) for cell in header.cells]
        while texts and not texts[-1].strip():
            texts.pop()
        self.name = kind.name
        self._kind = kind
        self._columns = check_header(Record(header.number, texts), kind, file)
        self.header, self.first = header.number, header.number + 1
        self.columns: Sequence[Column] = tuple(
            Column(index, column, f"{kind.name}.{column}")
            for index, column in enumerate(self._columns)
        )

    def results(self, rows: Sequence[Row]) -> Iterator[tuple[int, Result]]:
        """A line for each row."""
        width = len(self._columns)
        for row in rows:
            if any(cell_text.text(cell).strip() for cell in row.cells[width:]):
                message = f"the row has cells beyond the {width} columns of the header"
                yield row.number, Fault(None, None, "column_count", message)
                continue
            cells = {
                column: _contract_text(column, row, index)
                for index, column in enumerate(self._columns)
            }
            yield row.number, Made(self._kind, cells)


def _contract_text(column: str, row: Row, index: int) -> str:
    cell = row.cell(index)
    if column in _DAYS or column.endswith("_on"):
        return cell_text.strict_day(cell)
    if column == "month":
        return cell_text.strict_day(cell)[:7]
    return cell_text.text(cell)


def recognise(
    *,
    sheet: str,
    stem: str,
    file: str,
    head: Sequence[Row],
    given: Given,
    ledger: LedgerView,
    origin: Origin | None,
) -> Plan | None:
    """How a sheet is read, told by its name (or the file's) and its first rows; None where it is
    nothing known (a code list, say).

    Raises:
        FileRefused: a file of the contract without its columns.
        Refused: `missing_option`.
    """
    if not head:
        return None
    if origin is not None:
        header = find_header(head, mark_sheet.MUST, 3)
        if header is not None:
            return MarkSheet(header, head, origin, given)
        if find_header(head, mark_sheet.MUST, 2) is not None:
            raise mark_sheet.damaged()
    kind = KINDS.get(sheet.strip().lower())
    if kind is not None:
        return ContractSheet(kind, head[0], file)
    named = KINDS.get(stem.lower())
    if named is not None:
        try:
            return ContractSheet(named, head[0], file)
        except FileRefused:
            pass  # a template may bear any file name
    header = find_header(head, marks_templates.MUST, 2)
    if header is not None and marks_templates.primary_recognised(header):
        return ResultsSheet(header, given, ledger, primary=True, sheet=sheet)
    if header is not None and marks_templates.secondary_recognised(header):
        return ResultsSheet(header, given, ledger, primary=False, sheet=sheet)
    header = find_header(head, pupil_list.MUST, 3)
    if header is not None and pupil_list.recognised(header):
        return PupilList(header, given, ledger)
    return None
