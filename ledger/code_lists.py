"""Every official code list as dated data, each with its source and how sure it is.

A code means nothing without its list, and some mean nothing without a day: province codes were
given to other provinces on 1 July 2025. `decode` therefore refuses a code of two meanings unless
it is told the day. The section numbers are those of the project's domain reference.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

from ledger.codes import (
    ETHNIC_GROUPS,
    LEAVE_REASONS,
    MERGED_FROM,
    NEW_PROVINCES,
    OLD_PROVINCES,
    PRESCHOOL_GROUPS,
    REFORM,
    SEX_CODES,
    STATUS_NAMES,
    province_name,
)
from ledger.errors import Refused

Standing = Literal["confirmed", "one code base", "memory"]
"""Confirmed in an official text or several independent sources; seen in one public code base
only; or written from memory and to be checked before it is relied on."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One meaning of a code on the days [valid_from, valid_to); None: open on that side.

    `meaning` tells a mere renaming from another meaning: entries of one meaning are one thing
    under two names. `standing` differs from the list's where it is given.
    """

    code: str
    name: str
    valid_from: date | None = None
    valid_to: date | None = None
    meaning: str | None = None
    standing: Standing | None = None

    def holds(self, day: date) -> bool:
        """Whether the code has this meaning on `day`."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeList:
    """One list: its key here, its Vietnamese title, where it is from, its entries by code."""

    name: str
    title_vi: str
    source: str
    standing: Standing
    entries: tuple[Entry, ...]

    def of(self, code: str) -> tuple[Entry, ...]:
        """Every meaning the code has or had, the oldest first."""
        return tuple(entry for entry in self.entries if entry.code == code)

    def on(self, day: date) -> Mapping[str, str]:
        """The list as it is on a day: code to name."""
        return {entry.code: entry.name for entry in self.entries if entry.holds(day)}


def decode(name: str, code: str, on: date | None = None) -> Entry:
    """What `code` of list `name` means on the day `on`, or ever where no day is given.

    Raises:
        Refused: `unknown_code_list`; `unknown_code`, not in the list (on that day);
            `ambiguous_code`, without a day, where the code had several meanings.
    """
    known = CODE_LISTS.get(name)
    if known is None:
        raise Refused(
            "unknown_code_list", f"there is no code list {name}", suggestion=", ".join(CODE_LISTS)
        )
    meanings = known.of(code)
    found = [entry for entry in meanings if on is None or entry.holds(on)]
    if not found:
        raise Refused(
            "unknown_code",
            f"{code} stands for nothing in {known.title_vi}" + (f" on {on}" if on else ""),
            suggestion="; ".join(map(_dated, meanings)) or None,
        )
    if len({entry.meaning or entry.name for entry in found}) > 1:
        raise Refused(
            "ambiguous_code",
            f"{code} of {known.title_vi} means nothing without a day",
            suggestion="; ".join(map(_dated, found)),
        )
    return found[-1]


def _dated(entry: Entry) -> str:
    since = f" from {entry.valid_from}" if entry.valid_from else ""
    until = f" before {entry.valid_to}" if entry.valid_to else ""
    return f"{entry.name}{since}{until}"


def inter_province(code_a: str, code_b: str, on: date) -> bool:
    """Whether a move between the two provinces crosses a border of that day.

    A code that was merged away by then stands for the province that took it in; every reused
    code was given to the province that took in its old bearer, so none is ambiguous here.

    Raises:
        Refused: `unknown_province`.
    """
    return province_on(code_a, on) != province_on(code_b, on)


def province_on(code: str, on: date) -> str:
    """The code, on that day, of the province that `code` stood or stands for.

    Raises:
        Refused: `unknown_province`.
    """
    if code not in OLD_PROVINCES:
        raise Refused(
            "unknown_province",
            f"no province has or had the code {code}",
            suggestion="two digits of the official list, as 31",
        )
    return code if on < REFORM else _MERGED_INTO[code]


_MERGED_INTO: Mapping[str, str] = {old: new for new, olds in MERGED_FROM.items() for old in olds}

_HUE_A_CITY = date(2025, 1, 1)
_DONG_NAI_A_CITY = date(2026, 4, 30)
_ALWAYS_CITIES = frozenset({"01", "31", "48", "79", "92"})


def _provinces() -> Iterator[Entry]:
    """Names with their rank: a stretch of days for each name that a code has had."""
    for code in OLD_PROVINCES:
        old, new = OLD_PROVINCES[code], NEW_PROVINCES.get(code)
        turns = [REFORM] if new is None or (new != old and code != "46") else []
        turns += [_HUE_A_CITY] if code == "46" else []
        turns += [_DONG_NAI_A_CITY] if code == "75" else []
        for since, until in zip([None, *turns], [*turns, None], strict=True):
            day = since or date.min
            name = province_name(code, day)
            if name is not None:
                yield Entry(code, f"{_rank(code, day)} {name}", since, until, _bearer(code, name))


def _bearer(code: str, name: str) -> str:
    """The province itself, which stays the same when its name or rank changes."""
    return "Huế" if code == "46" else name


def _rank(code: str, day: date) -> str:
    city = code in _ALWAYS_CITIES
    city |= code == "46" and day >= _HUE_A_CITY
    city |= code == "75" and day >= _DONG_NAI_A_CITY
    return "Thành phố" if city else "Tỉnh"


def _plain(entries: Mapping[str, str]) -> tuple[Entry, ...]:
    return tuple(Entry(code, name) for code, name in entries.items())


def _numbered(*names: str, first: int = 1, width: int = 1) -> tuple[Entry, ...]:
    return tuple(Entry(f"{n:0{width}d}", name) for n, name in enumerate(names, first))


_EXCHANGE = "data exchange of the ministry with the National Data Centre, 2.3 and field dictionary"
_ONE = "a public code base, 4.2"

_LISTS: Iterable[CodeList] = (
    CodeList(
        name="provinces",
        title_vi="Tỉnh, thành phố",
        source="General Statistics Office; QĐ 19/2025/QĐ-TTg from 2025-07-01; NQ 30/2026/QH16, 4.5",
        standing="confirmed",
        entries=tuple(sorted(_provinces(), key=lambda e: (e.code, e.valid_from or date.min))),
    ),
    CodeList(
        name="statuses",
        title_vi="Trạng thái học sinh",
        source="four independent code bases, 4.1",
        standing="confirmed",
        entries=_plain(STATUS_NAMES),
    ),
    CodeList(
        name="statuses_older",
        title_vi="Trạng thái học sinh (hệ thống cũ, chỉ các mã khác)",
        source="an older front end, 4.1: map by text and system, never by number alone",
        standing="one code base",
        entries=(
            Entry("3", "Chuyển đi kỳ 1"),
            Entry("4", "Thôi học kỳ 1"),
            Entry("5", "Nghỉ học xin học lại kỳ 1"),
        ),
    ),
    CodeList(
        name="leave_reasons",
        title_vi="Lý do thôi học",
        source=_ONE,
        standing="one code base",
        entries=_plain(LEAVE_REASONS),
    ),
    CodeList(
        name="disabilities",
        title_vi="Loại khuyết tật",
        source=_ONE,
        standing="one code base",
        entries=_numbered(
            *("Vận động", "Nghe nói", "Nhìn", "Thần kinh, tâm thần", "Trí tuệ", "Khác"), width=2
        ),
    ),
    CodeList(
        name="areas",
        title_vi="Khu vực của trường",
        source=_ONE,
        standing="one code base",
        entries=_numbered(
            *("Biên giới, hải đảo", "Đô thị", "Đồng bằng", "Miền núi, vùng sâu"), width=2
        ),
    ),
    CodeList(
        name="priority_zones",
        title_vi="Khu vực ưu tiên",
        source=f"{_EXCHANGE}, after TT 08/2025/TT-BCA",
        standing="one code base",
        entries=_numbered("Chưa xác định", "KV1", "KV2", "KV2-NT", "KV3", first=0),
    ),
    CodeList(
        name="school_types",
        title_vi="Loại hình trường",
        source=f"{_EXCHANGE}, after Luật Giáo dục 2019, Điều 47",
        standing="one code base",
        entries=_numbered("Công lập", "Dân lập", "Tư thục"),
    ),
    CodeList(
        name="school_types_older",
        title_vi="Loại hình trường (hệ thống cũ)",
        source=_ONE,
        standing="one code base",
        entries=_numbered("Công lập", "Tư thục", "Giáo dục thường xuyên", "Bán công", "Dân lập"),
    ),
    CodeList(
        name="level_groups",
        title_vi="Nhóm cấp học",
        source=_EXCHANGE,
        standing="one code base",
        entries=_numbered(
            *("Mầm non", "Tiểu học", "Trung học cơ sở", "Trung học phổ thông", "Thường xuyên"),
            width=2,
        ),
    ),
    CodeList(
        name="grades",
        title_vi="Khối",
        source=f"{_ONE}; QĐ 4998/QĐ-BGDĐT is named as its base",
        standing="one code base",
        entries=(
            *_numbered(*(f"Lớp {grade}" for grade in range(1, 13))),
            *(Entry(str(code), name) for code, name in PRESCHOOL_GROUPS.items()),
        ),
    ),
    CodeList(
        name="sexes",
        title_vi="Giới tính (trong sổ này và tệp nhập)",
        source="the import files of this project",
        standing="confirmed",
        entries=_plain(SEX_CODES),
    ),
    CodeList(
        name="sexes_exchange",
        title_vi="Giới tính (trao đổi quốc gia)",
        source=f"{_EXCHANGE}, QCVN 109:2017/BTTTT",
        standing="one code base",
        entries=_numbered("Chưa có thông tin", "Nam", "Nữ", first=0),
    ),
    CodeList(
        name="sexes_template",
        title_vi="Giới tính (mẫu Excel)",
        source="the ministry's templates as a public code base reads them, 4.2",
        standing="one code base",
        entries=_numbered("Nam", "Nữ", width=2),
    ),
    CodeList(
        name="sexes_older",
        title_vi="Giới tính (hệ thống cũ)",
        source=_ONE,
        standing="one code base",
        entries=(Entry("1", "Nam"), Entry("0", "Nữ")),
    ),
    CodeList(
        name="ethnic_groups",
        title_vi="Dân tộc",
        source="QĐ 121-TCTK/PPCĐ of 1979, 4.4; other lists number them differently",
        standing="confirmed",
        entries=(
            *_plain(ETHNIC_GROUPS),
            Entry("55", "Người nước ngoài", standing="memory"),
        ),
    ),
    CodeList(
        name="id_papers",
        title_vi="Loại giấy tờ tùy thân",
        source=f"{_EXCHANGE}, 5",
        standing="one code base",
        entries=_numbered(
            *("Giấy khai sinh", "Chứng minh nhân dân", "Giấy chứng minh sĩ quan quân đội"),
            *("Giấy chứng minh công an nhân dân", "Căn cước công dân", "Hộ chiếu"),
            *("Sổ hộ khẩu", "Giấy tờ khác"),
        ),
    ),
    CodeList(
        name="study_levels",
        title_vi="Mã học lực (trao đổi quốc gia)",
        source=f"{_EXCHANGE}, TT 22/2021 Điều 9; levels of TT 58 have no codes",
        standing="one code base",
        entries=_numbered("Tốt", "Khá", "Đạt", "Chưa đạt"),
    ),
    CodeList(
        name="conduct_levels",
        title_vi="Mã hạnh kiểm (trao đổi quốc gia)",
        source=f"{_EXCHANGE}, TT 22/2021 Điều 8",
        standing="one code base",
        entries=_numbered("Tốt", "Khá", "Đạt", "Chưa đạt"),
    ),
    CodeList(
        name="transcript_states",
        title_vi="Trạng thái học bạ số",
        source=_EXCHANGE,
        standing="one code base",
        entries=_numbered("Có hiệu lực", "Thu hồi"),
    ),
    CodeList(
        name="sync_kinds",
        title_vi="Loại đồng bộ",
        source=_ONE,
        standing="one code base",
        entries=_numbered(
            "Đầu năm", "Phát sinh", "Cuối năm", "Học sinh năm trước", "Thời gian thực"
        ),
    ),
    CodeList(
        name="periods",
        title_vi="Kỳ của năm học",
        source="the import files of this project; terms after TT 22/2021",
        standing="confirmed",
        entries=(
            Entry("HK1", "Học kỳ I"),
            Entry("HK2", "Học kỳ II"),
            Entry("CN", "Cả năm"),
            Entry("summer", "Trong hè"),
        ),
    ),
)

CODE_LISTS: Mapping[str, CodeList] = MappingProxyType({known.name: known for known in _LISTS})
"""Every list by its key."""
