"""The ministry's list of pupils and its provincial cousins, as lines of pupils and movements.

Seen as `Filemau-C1-HocSinh` (.xls, columns moving from version to version) and as the list export
of grade 12 (domain reference 4.7). A pupil is recorded under the ministry's code as local key;
one already on record under that code or the personal number keeps the key they have. Our own
class list (`hocba roster --xlsx`) names pupils on record by the local key, and nobody else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ledger.codes import ETHNIC_GROUPS, LEAVE_REASONS, STATUS_NAMES
from ledger.errors import Refused
from ledger.spelling import spelling_key
from services.importing import values
from services.importing.headings import Header, Heading, heading_key
from services.importing.kinds import KINDS, LISTED_PUPILS
from services.importing.ledger_view import KnownPupil, LedgerView
from services.importing.plan import Column, Fault, Given, Made, Result, of_refused
from services.sheets import cells as cell_text
from services.sheets.reading import Cell, Row

NAME = "pupil_list"
_CODE_LENGTH = 10

# What a column is taken for, under every heading it was seen with.
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "": ("STT", "TT", "Khối", "Số thứ tự"),
    "moet_code": (
        *("Mã học sinh", "Mã HS", "Mã định danh Bộ GD&ĐT", "Mã định danh Bộ GDĐT"),
        *("Mã định danh học sinh", "Mã định danh Bộ", "Mã trẻ", "Mã học viên"),
    ),
    "pupil_key": ("Mã của trường",),
    "full_name": ("Họ tên", "Họ và tên", "Họ tên học sinh", "Họ và tên học sinh", "Họ tên trẻ"),
    "birth_date": ("Ngày sinh", "Ngày tháng năm sinh", "Ngày, tháng, năm sinh"),
    "sex": ("Giới tính", "Phái"),
    "ethnicity": ("Dân tộc",),
    "nationality": ("Quốc tịch",),
    "personal_id": (
        *("Số định danh cá nhân", "Số định danh", "Mã định danh cá nhân"),
        *("Số ĐDCN", "Số CCCD", "CCCD", "Số định danh cá nhân/CCCD"),
    ),
    "passport": ("Số hộ chiếu", "Hộ chiếu"),
    "disability": ("Loại khuyết tật", "Khuyết tật"),
    "policy_category": ("Diện chính sách", "Đối tượng chính sách", "Đối tượng CS"),
    "register_number": ("Số đăng bộ", "Số sổ đăng bộ"),
    "birth_place_text": ("Nơi sinh", "Nơi sinh chi tiết"),
    "birth_place.4": ("Tỉnh nơi sinh",),
    "birth_place.3": ("Huyện nơi sinh",),
    "birth_place.2": ("Xã nơi sinh", "Phường Xã nơi sinh"),
    "home_town_text": ("Quê quán", "Quê quán chi tiết"),
    "home_town.4": ("Tỉnh quê quán",),
    "home_town.3": ("Huyện quê quán",),
    "home_town.2": ("Xã quê quán", "Phường Xã quê quán", "Phường/Xã quê quán"),
    "home_town.1": ("Thôn quê quán", "Thôn/Xóm quê quán", "Tổ/Thôn/Xóm (quê quán)"),
    "residence_text": ("Chỗ ở hiện nay", "Nơi ở hiện nay", "Địa chỉ hiện nay"),
    "father_name": ("Họ tên cha", "Họ và tên cha", "Họ tên bố", "Cha họ tên", "Bố họ tên"),
    "mother_name": ("Họ tên mẹ", "Họ và tên mẹ", "Mẹ họ tên"),
    "guardian_name": (
        *("Họ tên người giám hộ", "Họ và tên người giám hộ", "Người giám hộ"),
        "Người giám hộ họ tên",
    ),
    "guardian_phone": ("SĐT liên hệ", "SĐT", "Số điện thoại", "Điện thoại", "Điện thoại liên hệ"),
    "class_code": ("Mã lớp",),
    "class_name": ("Lớp", "Tên lớp", "Lớp học"),
    "status": ("Trạng thái HS", "Trạng thái", "Trạng thái học sinh"),
    "status_on": ("Ngày nhập trạng thái", "Ngày trạng thái", "Ngày vào trạng thái"),
    "leave_reason": ("Lý do thôi học", "Lí do bỏ học"),
}
_BY_KEY: Mapping[str, str] = {
    heading_key(text): what for what, texts in _HEADINGS.items() for text in texts
}
MUST = frozenset(
    key
    for key, what in _BY_KEY.items()
    if what in ("full_name", "birth_date", "sex", "moet_code", "personal_id", "pupil_key")
)
_MOVES = frozenset({"class_code", "class_name", "status", "status_on", "leave_reason"})
_STATUSES = {spelling_key(name): code for code, name in STATUS_NAMES.items()}
_ETHNIC = {spelling_key(name): code for code, name in ETHNIC_GROUPS.items()}
_REASONS = {spelling_key(name): code for code, name in LEAVE_REASONS.items()}
_SEXES = {"01": "nam", "1": "nam", "02": "nu", "2": "nu"}
_ENTRIES = {
    **{"01": "start", "02": "transfer_in", "06": "transfer_in", "10": "transfer_in"},
    **{"03": "return", "07": "return"},
}
_EXITS = {
    **{"04": "transfer_out", "08": "transfer_out", "11": "transfer_out"},
    **{"05": "withdraw", "09": "withdraw", "12": "withdraw"},
}
_PLACES = ("birth_place", "home_town")
_NAMED_BY = ("moet_code", "personal_id", "pupil_key")


def columns_of(header: Header) -> tuple[dict[str, Heading], tuple[Column, ...]]:
    """What each column is taken for; of two that say the same the first is read."""
    found: dict[str, Heading] = {}
    columns = []
    for heading in header.headings:
        what = _BY_KEY.get(heading.whole, _BY_KEY.get(heading.key) if not heading.above else None)
        if what and what in found:
            what = None
        if what:
            found[what] = heading
        columns.append(Column(heading.index, heading.text, _home(what)))
    return found, tuple(columns)


def _home(what: str | None) -> str | None:
    if not what:
        return what
    if what in _MOVES:
        return f"movements.{what}"
    return f"pupils.{what.partition('.')[0]}" + ("_text" if "." in what else "")


def recognised(header: Header) -> bool:
    """Whether the header is one of a list of pupils."""
    found, _ = columns_of(header)
    return {"full_name", "birth_date", "sex"} <= set(found) and bool(set(_NAMED_BY) & set(found))


def row_texts(found: Mapping[str, Heading], row: Row) -> dict[str, str]:
    """The row's texts by what their columns were taken for, dates as ISO."""
    texts: dict[str, str] = {}
    for what, heading in found.items():
        cell = row.cell(heading.index)
        is_day = what in ("birth_date", "status_on")
        texts[what] = (cell_text.day(cell) if is_day else cell_text.text(cell)).strip()
    return texts


@dataclass(frozen=True, slots=True)
class _Line:
    """One row, read: texts by what the column was taken for."""

    number: int
    cells: Mapping[str, str]
    lost_zero: bool


class PupilList:
    """Reads the rows of a list of pupils."""

    name = NAME

    def __init__(self, header: Header, given: Given, ledger: LedgerView) -> None:
        """`given.on` stands for a missing Ngày nhập trạng thái."""
        self._found, self.columns = columns_of(header)
        self._named_by = next(self._found[what] for what in _NAMED_BY if what in self._found)
        self.header, self.first = header.row, header.below
        self._given = given
        self._ledger = ledger

    def results(self, rows: Sequence[Row]) -> Iterator[tuple[int, Result]]:
        """Lines of pupils, and of enrolments or statuses where the row tells of one."""
        lines = [self._line(row) for row in rows]
        known = self._ledger.pupils([self._numbers(line) for line in lines])
        for line, pupil in zip(lines, known, strict=True):
            for result in self._results(line, pupil):
                yield line.number, result

    def _numbers(self, line: _Line) -> tuple[tuple[str, str], ...]:
        """What a row names its pupil by, the strongest first."""
        key = line.cells.get("pupil_key")
        own = (self._ledger.local(key),) if key else ()
        return (*own, *numbers_of(line.cells))

    def _line(self, row: Row) -> _Line:
        cells = row_texts(self._found, row)
        code = row.cell(self._found["moet_code"].index) if "moet_code" in self._found else None
        return _Line(row.number, cells, _lost_zero(code))

    def _results(self, line: _Line, known: KnownPupil | None) -> Iterator[Result]:
        cells = line.cells
        number = next(iter(numbers_of(cells)), None)
        if cells.get("pupil_key"):
            if known is None:
                heading, hint = self._found["pupil_key"].text, "is the list of another --source?"
                message = "no pupil is on record under this key"
                yield Fault(heading, cells["pupil_key"], "unknown_pupil", message, hint)
                return
            number = number or ("local", cells["pupil_key"])
        if number is None:
            if cells["full_name"]:
                message = "the pupil has neither the ministry's code nor a personal number"
                yield Fault(self._named_by.text, "", "missing_value", message)
            else:
                message = "the row names nobody and is left out"
                yield Fault(None, None, "row_without_pupil", message, warning=True)
            return
        if line.lost_zero:
            yield Fault(
                self._found["moet_code"].text,
                cells["moet_code"],
                "lost_leading_zero",
                "the ministry's code has 9 digits: a spreadsheet has dropped the leading zero",
                f"0{cells['moet_code']}",
            )
            return
        if known is not None and known.key is None:
            yield Fault(
                self._found["full_name"].text,
                None,
                "known_under_another_source",
                "the pupil is on record under another source's key: profile left as it is",
                "import the list under that source (--source)",
                warning=True,
            )
        else:
            yield self._pupil(line, known.key if known and known.key else number[1])
        yield from self._movement(line, f"{number[0]}:{number[1]}", known)

    def _pupil(self, line: _Line, key: str) -> Made:
        kind = LISTED_PUPILS
        cells = {what: text for what, text in line.cells.items() if what in kind.columns}
        cells |= {"pupil_key": key, "sex": sex_of(cells["sex"])}
        for what, names in (("ethnicity", _ETHNIC),):
            if cells.get(what):
                cells[what] = names.get(spelling_key(cells[what]), cells[what])
        for place in _PLACES:
            if not cells.get(f"{place}_text"):
                parts = (line.cells.get(f"{place}.{rank}", "") for rank in "1234")
                cells[f"{place}_text"] = ", ".join(part for part in parts if part)
        read_from = {what: heading.text for what, heading in self._found.items()}
        return Made(kind, cells, {"pupil_key": self._named_by.text, **read_from})

    def _movement(self, line: _Line, key: str, known: KnownPupil | None) -> Iterator[Result]:
        cells = line.cells
        named = cells.get("class_code") or cells.get("class_name")
        if not named or not (cells.get("status") or cells.get("status_on")):
            return
        try:
            status = status_code_of(cells.get("status", ""))
            on = cells.get("status_on") or self._given.require("on")
            code = cells.get("class_code") or self._ledger.class_code(
                named, self._given.school_code, self._given.school_year
            )
            if status in _EXITS:
                yield self._exit(cells, key, _EXITS[status], code, on)
            elif not (known and _sits(known, code, on)):
                yield self._entry(key, _ENTRIES[status], code, on)
        except Refused as refused:
            heading = self._found.get(refused.field or "")
            yield of_refused(
                refused, heading.text if heading else None, cells.get(refused.field or "")
            )

    def _entry(self, key: str, kind: str, code: str, on: str) -> Made:
        cells = {"pupil_key": key, "class_code": code, "kind": kind, "effective_on": on}
        return Made(KINDS["enrolments"], cells, self._read_from())

    def _exit(self, cells: Mapping[str, str], key: str, kind: str, code: str, on: str) -> Made:
        school_class = self._ledger.school_class(code)
        school = self._given.school_code or (school_class.school_code if school_class else "")
        reason = cells.get("leave_reason", "")
        line = {
            "pupil_key": key,
            "school_code": school or self._given.require("school_code"),
            "kind": kind,
            "effective_on": on,
            "reason_code": _REASONS.get(spelling_key(reason), reason),
        }
        return Made(KINDS["statuses"], line, self._read_from())

    def _read_from(self) -> dict[str, str]:
        named = {
            "pupil_key": _NAMED_BY,
            "class_code": ("class_code", "class_name"),
            "school_code": ("class_code", "class_name"),
            "kind": ("status",),
            "effective_on": ("status_on",),
            "reason_code": ("leave_reason",),
        }
        return {
            column: self._found[what].text
            for column, whats in named.items()
            if (what := next((w for w in whats if w in self._found), None)) is not None
        }


def sex_of(text: str) -> str:
    """The template's 01 and 02 as the words they stand for; any other text as it is."""
    return _SEXES.get(text, text)


def _sits(known: KnownPupil, code: str, on: str) -> bool:
    try:
        return known.in_class(code, date.fromisoformat(on))
    except ValueError:  # the line is refused for its day when it is taken in
        return False


def _lost_zero(code: Cell) -> bool:
    """Whether the ministry's code stands there as a number that lost its first digit."""
    if isinstance(code, bool) or not isinstance(code, int | float):
        return False
    return len(cell_text.text(code)) == _CODE_LENGTH - 1


def numbers_of(cells: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The (kind, normalised value)s a row names its pupil by, the ministry's code first."""
    found = []
    for kind, what in (("moet", "moet_code"), ("personal_id", "personal_id")):
        text = cells.get(what, "")
        if text:
            try:
                found.append((kind, values.number(kind, text, what)))
            except Refused:  # the line is refused for it when it is taken in
                found.append((kind, text))
    return tuple(found)


def status_code_of(text: str) -> str:
    """The official code of a state given as a name or a code; attending where it is empty.

    Raises:
        Refused: `unknown_status`.
    """
    digits = text.strip()
    code = digits.zfill(2) if digits.isdigit() else _STATUSES.get(spelling_key(text), "")
    if not text:
        return "01"
    if code not in STATUS_NAMES:
        raise Refused(
            "unknown_status",
            "the official list has no such state",
            field="status",
            suggestion=", ".join(STATUS_NAMES.values()),
        )
    return code
