"""The ministry's templates of results: secondary marks (one class, subject and term a sheet) and
primary results (one class and time a sheet), as lines of marks, comments and qualities.

Domain reference 4.7. What the sheet does not say - class, subject, term, time, day of the tests -
is asked of the sender.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ledger.assessment.primary import COMPETENCES_2020, QUALITIES_2020
from ledger.codes import Programme
from ledger.errors import Refused
from ledger.spelling import spelling_key
from ledger.subjects import Subject, subjects_named
from services.importing.headings import Header, Heading, heading_key
from services.importing.kinds import KINDS
from services.importing.ledger_view import LedgerView
from services.importing.plan import Claim, Column, Fault, Given, Made, Result, Told, of_refused
from services.sheets import cells as cell_text
from services.sheets.reading import Row

SECONDARY = "secondary_marks"
PRIMARY = "primary_results"

_PUPIL: Mapping[str, tuple[str, ...]] = {
    "": ("STT", "TT", "Ngày sinh"),
    "full_name": ("Họ tên", "Họ và tên", "Họ tên học sinh", "Họ và tên học sinh"),
    "moet": (
        *("Mã định danh Bộ GD&ĐT", "Mã định danh Bộ GDĐT", "Mã học sinh", "Mã HS"),
        *("Mã định danh học sinh", "Mã định danh Bộ"),
    ),
    "personal_id": ("Số định danh cá nhân", "Số định danh", "Số CCCD"),
    "class_code": ("Mã lớp",),
    "class_name": ("Lớp", "Tên lớp"),
}
_BY_KEY = {heading_key(text): what for what, texts in _PUPIL.items() for text in texts}
MUST = frozenset(
    key for key, what in _BY_KEY.items() if what in ("full_name", "moet", "personal_id")
)
_REGULAR = re.compile(
    rf"(?:{'|'.join(map(heading_key, ('ĐĐGtx', 'ĐĐtx', 'TX', 'KTTX', 'Điểm TX')))})(\d{{1,2}})"
)
_ENDS = {
    **dict.fromkeys(map(heading_key, ("ĐĐGgk", "ĐĐG gk", "GK", "Giữa kỳ")), "GK"),
    **dict.fromkeys(map(heading_key, ("ĐĐGck", "ĐĐG ck", "CK", "Cuối kỳ")), "CK"),
}
_VERDICT = heading_key("Đánh giá")
_COMMENT_CODES = frozenset(map(heading_key, ("Mã nhận xét",)))
_COMMENTS = frozenset(map(heading_key, ("Nội dung nhận xét", "Nhận xét")))
_LEVELS = frozenset(map(heading_key, ("Mức", "Mức đạt được", "Mức độ", "Mức đánh giá")))
_TESTS = frozenset(map(heading_key, ("KTĐK", "Điểm KTĐK", "Điểm", "Điểm kiểm tra")))
_ITEMS = {
    spelling_key(spelling): code
    for names in (QUALITIES_2020, COMPETENCES_2020)
    for code, name in names.items()
    for spelling in (code, name)
} | {
    spelling_key("Tự chủ, tự học"): "TUCHU",
    spelling_key("Giao tiếp, hợp tác"): "GIAOTIEP",
    spelling_key("GQVĐ và sáng tạo"): "GIAIQUYET",
    spelling_key("Giải quyết vấn đề, sáng tạo"): "GIAIQUYET",
}
_AVERAGES = frozenset(
    map(heading_key, ("ĐTBmhk", "ĐTB mhk", "ĐTB", "ĐTBmhkI", "ĐTBmhkII", "TBmhk", "TBM"))
)
_YEAR_AVERAGES = frozenset(map(heading_key, ("ĐTBmcn", "ĐTB mcn", "ĐTB cả năm")))
_TOLD: Mapping[str, Literal["completion", "promotion", "result"]] = {
    **dict.fromkeys(
        map(heading_key, ("Hoàn thành CT lớp học", "Hoàn thành chương trình lớp học")), "completion"
    ),
    **dict.fromkeys(map(heading_key, ("Lên lớp", "Được lên lớp")), "promotion"),
    **dict.fromkeys(map(heading_key, ("Xếp loại", "Đánh giá KQGD", "Kết quả giáo dục")), "result"),
}
_OUTCOMES = {what: what for what in _TOLD.values()}
_GROUPS = tuple(
    map(heading_key, ("Năng lực", "Phẩm chất", "NL chung", "NL đặc thù", "NL cốt lõi", "PC"))
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a column of results fills: a slot of marks, an item of qualities, a comment; or
    (`compared`) the result computed here that it tells: `item` is which."""

    kind: str
    subject: str = ""
    slot: str = ""
    item: str = ""


def secondary_columns(header: Header) -> tuple[dict[int, Target], tuple[Column, ...]]:
    """The columns of a secondary marks sheet."""
    targets: dict[int, Target] = {}
    columns = []
    for heading in header.headings:
        target = _secondary(heading)
        if target is not None:
            targets[heading.index] = target
        columns.append(Column(heading.index, heading.text, _taken_for(heading, target)))
    return targets, tuple(columns)


def _secondary(heading: Heading) -> Target | None:
    for key in (heading.whole, heading.key):
        if match := _REGULAR.fullmatch(key):
            return Target("marks", slot=f"TX{int(match[1])}")
        if key in _ENDS:
            return Target("marks", slot=_ENDS[key])
    if heading.key == _VERDICT:
        return Target("marks", slot="CK")
    if heading.key in _AVERAGES | _YEAR_AVERAGES:
        return Target("compared", item="year" if heading.key in _YEAR_AVERAGES else "average")
    if heading.key in _COMMENTS:
        return Target("comments")
    return Target("comment_code") if heading.key in _COMMENT_CODES else None


def primary_columns(header: Header) -> tuple[dict[int, Target], tuple[Column, ...]]:
    """The columns of a primary results sheet. Công nghệ and Tin học are subjects until the first
    heading that speaks of competences or qualities, and items after it."""
    targets: dict[int, Target] = {}
    columns = []
    in_items = False
    for heading in header.headings:
        in_items = in_items or any(heading_key(p).startswith(_GROUPS) for p in heading.parts)
        target = _primary(heading, in_items)
        if target is not None:
            targets[heading.index] = target
        columns.append(Column(heading.index, heading.text, _taken_for(heading, target)))
    return targets, tuple(columns)


def _primary(heading: Heading, in_items: bool) -> Target | None:
    if heading.key in _TOLD:
        return Target("compared", item=_TOLD[heading.key])
    if in_items:
        item = next(
            (_ITEMS[k] for p in reversed(heading.parts) if (k := heading_key(p)) in _ITEMS), ""
        )
        return Target("qualities", item=item) if item else None
    slot = "test" if heading.key in _TESTS else "level"
    names = heading.parts[:-1] if heading.key in _TESTS | _LEVELS else heading.parts
    for name in reversed(names):
        subjects = [s for s in subjects_named(name) if _primary_subject(s)]
        if subjects:
            return Target("marks", subject=subjects[0].key, slot=slot)
    if heading.key in _ITEMS:
        return Target("qualities", item=_ITEMS[heading.key])
    return None


def _primary_subject(subject: Subject) -> bool:
    return any(subject.taught_in(grade, Programme.GDPT2018) for grade in range(1, 6))


def _taken_for(heading: Heading, target: Target | None) -> str | None:
    if target is not None and target.kind == "compared":
        return f"compared.{target.item}"
    if target is not None:
        detail = " ".join(part for part in (target.subject, target.slot, target.item) if part)
        column = {"marks": "value", "qualities": "level", "comments": "text"}.get(target.kind)
        if column is None:
            return "comments.code"
        return f"{target.kind}.{column}" + (f" ({detail})" if detail else "")
    what = _BY_KEY.get(heading.whole, _BY_KEY.get(heading.key))
    if what is None:
        return None if heading.parts else ""
    names = {"moet": "pupil_key", "personal_id": "pupil_key", "class_name": "class_code"}
    return {"": "", "full_name": ""}.get(what, f"marks.{names.get(what, what)}")


def secondary_recognised(header: Header) -> bool:
    """Whether a sheet holds marks of one subject."""
    targets, _ = secondary_columns(header)
    return any(target.kind == "marks" for target in targets.values()) and _names_pupils(header)


def primary_recognised(header: Header) -> bool:
    """Whether a sheet holds the levels of several primary subjects."""
    targets, _ = primary_columns(header)
    subjects = {target.subject for target in targets.values() if target.kind == "marks"}
    return len(subjects) >= 2 and _names_pupils(header)


def _names_pupils(header: Header) -> bool:
    return any(_BY_KEY.get(h.key) in ("moet", "personal_id") for h in header.headings)


class ResultsSheet:
    """Reads the rows of either template."""

    def __init__(
        self, header: Header, given: Given, ledger: LedgerView, *, primary: bool, sheet: str
    ) -> None:
        """A secondary sheet's name may be its subject's.

        Raises:
            Refused: `missing_option`, something the file does not say was not given.
        """
        self.name = PRIMARY if primary else SECONDARY
        self.header, self.first = header.row, header.below
        read = primary_columns if primary else secondary_columns
        self._targets, self.columns = self._comparable(*read(header), given)
        self._own: dict[str, Heading] = {}
        for heading in header.headings:
            what = _BY_KEY.get(heading.whole, _BY_KEY.get(heading.key))
            if what and heading.index not in self._targets:
                self._own.setdefault(what, heading)
        self._headings = {heading.index: heading.text for heading in header.headings}
        self._given, self._ledger, self._primary = given, ledger, primary
        self._on = given.require("on")
        self._time = given.require("time") if primary else ""
        self._semester = "" if primary else given.require("semester")
        named = sheet if subjects_named(sheet) else ""
        self._subject = "" if primary else (given.subject or named or given.require("subject"))
        if not {"class_code", "class_name"} & set(self._own):
            given.require("class_code")

    @staticmethod
    def _comparable(
        targets: dict[int, Target], columns: tuple[Column, ...], given: Given
    ) -> tuple[dict[int, Target], tuple[Column, ...]]:
        """A year's outcome can be compared on a sheet of the year's end alone; on another one it
        has no home."""
        if given.time in ("", "CN"):
            return targets, columns
        early = {index for index, target in targets.items() if target.kind == "compared"}
        return (
            {index: target for index, target in targets.items() if index not in early},
            tuple(replace(c, taken_for=None) if c.index in early else c for c in columns),
        )

    def results(self, rows: Sequence[Row]) -> Iterator[tuple[int, Result]]:
        """A line for each filled cell."""
        for row in rows:
            for result in self._row(row):
                yield row.number, result

    def _row(self, row: Row) -> Iterator[Result]:
        own = {
            what: cell_text.text(row.cell(heading.index)).strip()
            for what, heading in self._own.items()
        }
        kind = next((kind for kind in ("moet", "personal_id") if own.get(kind)), None)
        if kind is None:
            if own.get("full_name") and any(
                cell_text.text(row.cell(index)).strip() for index in self._targets
            ):
                message = "the pupil has neither the ministry's code nor a personal number"
                yield Fault(self._own["full_name"].text, None, "missing_value", message)
            else:
                message = "the row names nobody and is left out"
                yield Fault(None, None, "row_without_pupil", message, warning=True)
            return
        key = f"{kind}:{own[kind]}"
        heading = self._own[kind].text
        try:
            code = self._class(own)
            year = self._given.school_year or self._year(code)
        except Refused as refused:
            yield of_refused(refused, heading, None)
            return
        yield from self._marks(row, key, code, heading)
        yield from self._rest(row, key, year, heading)
        yield from self._claims(row, (kind, own[kind]), year)

    def _claims(self, row: Row, pupil: tuple[str, str], year: str) -> Iterator[Claim]:
        outcomes: list[Told] = []
        common: dict[str, Any] = {"pupil": pupil, "school_year": year, "on": self._on}
        for index, target in self._targets.items():
            if target.kind != "compared":
                continue
            value = cell_text.text(row.cell(index)).strip()
            heading = self._headings[index]
            if target.item in _OUTCOMES:
                outcomes.append(Told(_OUTCOMES[target.item], heading, value))
            elif value:
                semester = "" if target.item == "year" else self._semester
                average = (Told("average", heading, value),)
                yield Claim(**common, told=average, subject=self._subject, semester=semester)
        if outcomes:
            yield Claim(**common, told=tuple(outcomes))

    def _class(self, own: Mapping[str, str]) -> str:
        """The option names the class of a whole sheet; a name needs school and year with it."""
        if self._given.class_code:
            return self._given.class_code
        if own.get("class_code"):
            return own["class_code"]
        return self._ledger.class_code(
            own.get("class_name", ""), self._given.school_code, self._given.school_year
        )

    def _year(self, code: str) -> str:
        known = self._ledger.school_class(code)
        return known.school_year if known else self._given.require("school_year")

    def _marks(self, row: Row, key: str, code: str, named: str) -> Iterator[Result]:
        for index, target in self._targets.items():
            value = cell_text.text(row.cell(index)).strip()
            if target.kind != "marks" or not value:
                continue
            slot = target.slot
            if self._primary:
                slot = self._time if slot == "level" else f"KT_{self._time}"
            cells = {
                "class_code": code,
                "subject": target.subject or self._subject,
                "semester": self._semester,
                "slot": slot,
                "pupil_key": key,
                "value": value,
                "effective_on": self._on,
            }
            yield Made(KINDS["marks"], cells, {"value": self._headings[index], "pupil_key": named})

    def _rest(self, row: Row, key: str, year: str, named: str) -> Iterator[Result]:
        code = self._text(row, "comment_code")
        for index, target in self._targets.items():
            text = cell_text.text(row.cell(index)).strip()
            heading = self._headings[index]
            common = {"pupil_key": key, "school_year": year, "effective_on": self._on}
            if target.kind == "qualities" and text:
                cells = {**common, "time": self._time, "item": target.item, "level": text}
                yield Made(
                    KINDS["qualities"],
                    cells,
                    {"level": heading, "item": heading, "pupil_key": named},
                )
            elif target.kind == "comments" and (text or code):
                cells = {
                    **common,
                    "time": f"HK{self._semester}",
                    "text": text,
                    "code": "" if text else code,
                    "subject": self._subject,
                }
                yield Made(KINDS["comments"], cells, {"text": heading, "pupil_key": named})

    def _text(self, row: Row, kind: str) -> str:
        for index, target in self._targets.items():
            if target.kind == kind:
                return cell_text.text(row.cell(index)).strip()
        return ""
