"""What changed after a position, in the columns of the ministry's list of pupils."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast
from uuid import UUID

from ledger import log
from ledger.codes import ETHNIC_GROUPS, SEX_CODES, STATUS_NAMES
from ledger.database import Connection
from ledger.event import StreamKind
from ledger.folds import evolve
from ledger.ledger import Ledger
from ledger.pupil_year import PupilYear
from ledger.subjects import SUBJECTS
from projections.moment import Moment
from services.csdl.standing import Standing, is_here, pupil_at, standing
from services.sheets.writing import Cell, Table, Value

ChangeKind = Literal["new", "changed", "left"]
_WORDS: dict[ChangeKind, str] = {"new": "Mới", "changed": "Thay đổi", "left": "Rời trường"}


@dataclass(frozen=True, slots=True)
class PupilChange:
    """A pupil about whom something was recorded."""

    kind: ChangeKind
    pupil: Standing


@dataclass(frozen=True, slots=True)
class ResultChange:
    """A slot whose value is another than it was (`before` None: it was empty)."""

    pupil: Standing
    school_year: str
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
    ledger: Ledger, connection: Connection, *, since: Moment, moment: Moment, on: date
) -> Changes:
    """The pupils and results touched by this ledger's own entries after `since`.

    Raises:
        DamagedEntry: an entry cannot be read.
    """
    persons: dict[UUID, None] = {}
    years: dict[UUID, tuple[UUID, str]] = {}
    for page in log.pages(connection, start=since.size, end=moment.size):
        for entry in page:
            stream = entry.stream
            if stream.ledger != ledger.id or stream.person is None:
                continue
            if stream.kind is StreamKind.PUPIL:
                persons[stream.id] = None
            elif stream.kind is StreamKind.PUPIL_YEAR:
                years[stream.id] = (stream.person, stream.school_year or "")
    known: dict[UUID, Standing] = {}

    def stands(person: UUID) -> Standing:
        if person not in known:
            known[person] = standing(ledger, connection, person, on=on, size=moment.size)
        return known[person]

    pupils = []
    for person in persons:
        before = is_here(pupil_at(connection, person, size=since.size), on)
        now = stands(person)
        if before or now.here:
            pupils.append(PupilChange(_kind(before, now.here), now))
    results = [
        change
        for stream, (person, label) in years.items()
        for change in _results(connection, stream, label, stands(person), since, moment)
    ]
    pupils.sort(key=lambda change: (change.pupil.school_code, change.pupil.class_code))
    return Changes(since.position, moment, on, pupils, results)


def _kind(before: bool, now: bool) -> ChangeKind:
    if before and not now:
        return "left"
    return "changed" if before else "new"


def _year_at(connection: Connection, stream: UUID, size: int) -> PupilYear | None:
    state = None
    for entry in log.of_streams(connection, [stream], size=size):
        state = evolve(StreamKind.PUPIL_YEAR, state, entry.event, entry.version)
    return cast(PupilYear | None, state)


def _results(
    connection: Connection,
    stream: UUID,
    label: str,
    pupil: Standing,
    since: Moment,
    moment: Moment,
) -> list[ResultChange]:
    before = _year_at(connection, stream, since.size)
    now = _year_at(connection, stream, moment.size)
    held, holds = (dict(year.slots) if year else {} for year in (before, now))
    changed = []
    for key in sorted(held.keys() | holds.keys()):
        was, new = held.get(key), holds.get(key)
        if (was.value if was else None) == (new.value if new else None):
            continue
        subject, semester, slot = key
        changed.append(
            ResultChange(
                *(pupil, label, subject, semester, slot),
                *(was.value if was else None, new.value if new else None),
                new.tested_on if new else None,
            )
        )
    return changed


PUPIL_HEADINGS = (
    *("STT", "Thay đổi", "Mã lớp", "Mã học sinh", "Họ tên", "Ngày sinh", "Giới tính"),
    *("Trạng thái HS", "Ngày nhập trạng thái", "Dân tộc", "Loại khuyết tật"),
    *("Số định danh cá nhân", "Nơi sinh chi tiết", "Quê quán", "Chỗ ở hiện nay"),
    *("Họ tên cha", "Họ tên mẹ"),
)
RESULT_HEADINGS = (
    *("STT", "Mã lớp", "Mã học sinh", "Họ tên", "Năm học", "Môn học", "Học kỳ", "Cột điểm"),
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
            widths=(5, 12, 14, 28, 12, 24, 8, 10, 10, 10, 12),
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


def _result_row(number: int, change: ResultChange) -> list[Value | Cell]:
    pupil = change.pupil
    subject = SUBJECTS.get(change.subject)
    return [
        *(number, pupil.class_code, pupil.moet_code, pupil.full_name, change.school_year),
        *(subject.name if subject else change.subject, change.semester or None, change.slot),
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
