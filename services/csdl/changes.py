"""What changed after a position, in the columns of the ministry's list of pupils."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from ledger import log, pupil_year
from ledger.assessment import primary
from ledger.codes import ETHNIC_GROUPS, SEX_CODES, STATUS_NAMES
from ledger.database import Connection
from ledger.event import Event, StreamKind
from ledger.ledger import Ledger
from ledger.log import Entry
from ledger.pupil_year import PupilYear
from ledger.subjects import SUBJECTS
from projections.moment import Moment
from projections.tables import Statement, array
from services.csdl.standing import Report, Standing, StandingReader, pages_of, silent
from services.sheets.writing import Cell, Table, Value

YEARS_PAGE = 100
"""School years whose entries are held in memory together: some 10,000 entries."""

_STREAM = sa.table(
    "stream",
    *(sa.column(name) for name in ("no", "id", "ledger", "kind", "person", "school_year")),
    schema="ledger",
)
_ENTRY = sa.table("entry", *(sa.column(name) for name in ("position", "stream")), schema="ledger")
_TOUCHED = Statement(
    sa.select(_STREAM.c.id, _STREAM.c.kind, _STREAM.c.person, _STREAM.c.school_year)
    .select_from(_STREAM.join(_ENTRY, _ENTRY.c.stream == _STREAM.c.no))
    .where(
        _ENTRY.c.position >= sa.bindparam("start", type_=sa.BigInteger),
        _ENTRY.c.position < sa.bindparam("end", type_=sa.BigInteger),
        _STREAM.c.ledger == sa.bindparam("ledger", type_=sa.Uuid),
        _STREAM.c.kind == sa.any_(array("kinds", sa.Text)),
        _STREAM.c.person.is_not(None),
    )
    .distinct()
)
_KINDS = [StreamKind.PUPIL.value, StreamKind.PUPIL_YEAR.value]

ChangeKind = Literal["new", "changed", "left"]
_WORDS: dict[ChangeKind, str] = {"new": "Mới", "changed": "Thay đổi", "left": "Rời trường"}


@dataclass(frozen=True, slots=True)
class PupilChange:
    """A pupil about whom something was recorded."""

    kind: ChangeKind
    pupil: Standing


ResultKind = Literal["mark", "quality", "conduct", "absences"]
ResultKey = tuple[ResultKind, str, int, str]
"""(kind, subject or item, term or 0, slot, time or period). Marks hold the levels and tests of
primary schools too; the item of absences is `excused` or `unexcused`."""


@dataclass(frozen=True, slots=True)
class ResultChange:
    """A result that is another than it was (`before` None: there was none)."""

    pupil: Standing
    school_year: str
    kind: ResultKind
    subject: str
    semester: int
    slot: str
    before: str | None
    now: str | None
    on: date | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything recorded after `since` up to `moment`, as it stands on `on`."""

    since: int
    moment: Moment
    on: date
    pupils: Sequence[PupilChange]
    results: Sequence[ResultChange]

    def count(self, kind: ChangeKind) -> int:
        """How many pupils of a kind."""
        return sum(change.kind == kind for change in self.pupils)


def changes_since(
    ledger: Ledger,
    connection: Connection,
    *,
    since: Moment,
    moment: Moment,
    on: date,
    report: Report = silent,
) -> Changes:
    """The pupils and results touched by this ledger's own entries after `since`.

    Raises:
        DamagedEntry: an entry cannot be read.
    """
    asked = {"start": since.size, "end": moment.size, "ledger": ledger.id, "kinds": _KINDS}
    rows = _TOUCHED.run(connection, asked).fetchall()
    touched = {row[0] for row in rows if row[1] == StreamKind.PUPIL.value}
    years = {row[0]: (row[2], row[3]) for row in rows if row[1] == StreamKind.PUPIL_YEAR.value}
    reader = StandingReader(
        ledger=ledger, connection=connection, on=on, size=moment.size, since=since.size
    )
    persons = sorted(touched | {person for person, _ in years.values()})
    stands = {standing.id: standing for standing in reader.read(persons, report)}
    pupils = [
        PupilChange(_kind(pupil.was_here, pupil.here), pupil)
        for person, pupil in stands.items()
        if person in touched and (pupil.was_here or pupil.here)
    ]
    results: list[ResultChange] = []
    for done, page in enumerate(pages_of(sorted(years), YEARS_PAGE)):
        report("results", done * YEARS_PAGE, len(years))
        for stream, entries in _entries(connection, page, moment.size).items():
            person, label = years[stream]
            results += _changed(entries, label, stands[person], since)
    pupils.sort(key=lambda change: _place_of(change.pupil))
    results.sort(key=lambda change: _place_of(change.pupil))
    return Changes(since.position, moment, on, pupils, results)


def _place_of(pupil: Standing) -> tuple[str, str, UUID]:
    return pupil.school_code, pupil.class_code, pupil.id


def _entries(connection: Connection, streams: Sequence[UUID], size: int) -> dict[UUID, list[Entry]]:
    found: dict[UUID, list[Entry]] = {stream: [] for stream in streams}
    for entry in log.of_streams(connection, streams, size=size):
        found[entry.stream.id].append(entry)
    return found


def _kind(before: bool, now: bool) -> ChangeKind:
    if before and not now:
        return "left"
    return "changed" if before else "new"


def _changed(
    entries: Sequence[Entry], label: str, pupil: Standing, since: Moment
) -> Iterator[ResultChange]:
    held = _results(pupil_year.fold(_told(e for e in entries if e.position < since.size)))
    holds = _results(pupil_year.fold(_told(entries)))
    for key in sorted(held.keys() | holds.keys()):
        before, now = held.get(key), holds.get(key)
        if (before and before[0]) != (now and now[0]):
            yield ResultChange(
                *(pupil, label, *key),
                before[0] if before else None,
                *(now or (None, None)),
            )


def _told(entries: Iterable[Entry]) -> Iterator[tuple[Event, int]]:
    return ((entry.event, entry.version) for entry in entries)


def _results(year: PupilYear | None) -> Mapping[ResultKey, tuple[str, date]]:
    """Every result of a year with its day. Absences of two schools are summed (contract)."""
    found: dict[ResultKey, tuple[str, date]] = {}
    if year is None:
        return found
    for (subject, semester, slot), mark in year.slots.items():
        found["mark", subject, semester, slot] = (mark.value, mark.tested_on)
    for name, level in year.qualities.items():
        item, _, time = name.partition("/")
        found["quality", item, 0, time] = (level.value, level.on)
    for period, level in year.conduct.items():
        found["conduct", "", 0, period] = (level.value, level.on)
    for name, count in year.absences.items():
        period = name.partition("/")[0]
        for item, days in zip(("excused", "unexcused"), count.value.split("/"), strict=True):
            key: ResultKey = ("absences", item, 0, period)
            before, day = found.get(key, ("0", count.on))
            found[key] = (str(int(before) + int(days)), max(day, count.on))
    return found


PUPIL_HEADINGS = (
    *("STT", "Thay đổi", "Mã lớp", "Mã học sinh", "Họ tên", "Ngày sinh", "Giới tính"),
    *("Trạng thái HS", "Ngày nhập trạng thái", "Dân tộc", "Loại khuyết tật"),
    *("Số định danh cá nhân", "Nơi sinh chi tiết", "Quê quán", "Chỗ ở hiện nay"),
    *("Họ tên cha", "Họ tên mẹ"),
)
RESULT_HEADINGS = (
    *("STT", "Mã lớp", "Mã học sinh", "Họ tên", "Năm học", "Loại", "Môn học / mục", "Học kỳ"),
    "Cột / thời điểm",
    *("Giá trị cũ", "Giá trị mới", "Ngày"),
)


def tables(changes: Changes, *, ledger_name: str) -> list[Table]:
    """The cover, the list of pupils and the results, as sheets."""
    cover: list[list[Value | Cell]] = [
        ["Sổ dữ liệu", ledger_name],
        ["Thay đổi sau số", changes.since],
        ["Theo dữ liệu đã ghi đến số", changes.moment.position],
        ["Ghi lúc (UTC)", f"{changes.moment.recorded_at:%Y-%m-%d %H:%M:%S}"],
        ["Tính đến ngày", changes.on],
        ["Học sinh mới", changes.count("new")],
        ["Học sinh có thay đổi", changes.count("changed")],
        ["Học sinh rời trường", changes.count("left")],
        ["Kết quả học tập thay đổi", len(changes.results)],
    ]
    return [
        Table(
            name="Bìa",
            title=("THAY ĐỔI GỬI CƠ SỞ DỮ LIỆU NGÀNH",),
            headings=("Mục", "Nội dung"),
            rows=cover,
            widths=(34, 28),
        ),
        Table(
            name="HocSinh",
            title=("DANH SÁCH HỌC SINH CÓ THAY ĐỔI",),
            headings=PUPIL_HEADINGS,
            rows=[_pupil_row(number, change) for number, change in enumerate(changes.pupils, 1)],
            widths=(5, 11, 12, 14, 28, 12, 9, 18, 14, 10, 12, 16, 28, 28, 28, 24, 24),
            landscape=True,
        ),
        Table(
            name="KetQua",
            title=("KẾT QUẢ HỌC TẬP CÓ THAY ĐỔI",),
            headings=RESULT_HEADINGS,
            rows=[_result_row(number, change) for number, change in enumerate(changes.results, 1)],
            widths=(5, 12, 14, 28, 12, 16, 24, 8, 10, 10, 10, 12),
            landscape=True,
        ),
    ]


def _pupil_row(number: int, change: PupilChange) -> list[Value | Cell]:
    pupil = change.pupil
    profile = pupil.profile
    ethnicity = profile.get("ethnicity")
    return [
        *(number, _WORDS[change.kind], pupil.class_code, pupil.moet_code, pupil.full_name),
        _day(profile.get("birth_date")),
        SEX_CODES.get(profile.get("sex") or "", ""),
        STATUS_NAMES.get(pupil.status_code or "", ""),
        pupil.status_on,
        ETHNIC_GROUPS.get(ethnicity or "", ethnicity),
        profile.get("disability"),
        pupil.personal_id,
        *(_place(profile, what) for what in ("birth_place", "home_town", "residence")),
        *(profile.get("father_name"), profile.get("mother_name")),
    ]


_KIND_WORDS: Mapping[ResultKind, str] = {
    "mark": "Kết quả học tập",
    "quality": "Phẩm chất, năng lực",
    "conduct": "Rèn luyện",
    "absences": "Số buổi nghỉ",
}
_ITEM_WORDS: Mapping[str, str] = {
    **primary.QUALITIES_2016,
    **primary.COMPETENCES_2016,
    **primary.QUALITIES_2020,
    **primary.COMPETENCES_2020,
    "excused": "Có phép",
    "unexcused": "Không phép",
}


def _result_row(number: int, change: ResultChange) -> list[Value | Cell]:
    pupil = change.pupil
    subject = SUBJECTS.get(change.subject) if change.kind == "mark" else None
    name = subject.name if subject else _ITEM_WORDS.get(change.subject, change.subject)
    return [
        *(number, pupil.class_code, pupil.moet_code, pupil.full_name, change.school_year),
        *(_KIND_WORDS[change.kind], name or None, change.semester or None, change.slot),
        *(change.before, change.now, change.on),
    ]


def _place(profile: dict[str, object], what: str) -> str | None:
    place = profile.get(what)
    if not isinstance(place, dict):
        return None
    text = place.get("text")
    return str(text) if text else None


def _day(text: str | None) -> Value:
    return date.fromisoformat(text) if text and len(text) == 10 else text
