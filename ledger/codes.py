"""Official code lists: statuses, sexes, ethnic groups, leave reasons, grades, programmes.

Sources and their standing are noted at each list; section numbers are those of the project's
domain reference. Provinces, whose codes were reused, stand in the dated tables at the end.
"""

import unicodedata
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from ledger.errors import Refused
from ledger.school_year import Period

SEX_CODES: Mapping[str, str] = MappingProxyType({"nam": "Nam", "nu": "Nữ", "khac": "Khác"})

# Official status of a pupil (trạng thái), section 4.1: seen alike in four code bases. An older
# system numbers 03-05 differently, so never map by number alone.
STATUS_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "01": "Đang học",
        "02": "Chuyển đến kỳ 1",
        "03": "Nghỉ học xin học lại kỳ 1",
        "04": "Chuyển đi kỳ 1",
        "05": "Thôi học kỳ 1",
        "06": "Chuyển đến kỳ 2",
        "07": "Nghỉ học xin học lại kỳ 2",
        "08": "Chuyển đi kỳ 2",
        "09": "Thôi học kỳ 2",
        "10": "Chuyển đến trong hè",
        "11": "Chuyển đi trong hè",
        "12": "Thôi học trong hè",
    }
)

_IN: Mapping[Period, str] = {"HK1": "02", "HK2": "06", "summer": "10"}
_RETURNED: Mapping[Period, str] = {"HK1": "03", "HK2": "07"}
_OUT: Mapping[Period, str] = {"HK1": "04", "HK2": "08", "summer": "11"}
_LEFT: Mapping[Period, str] = {"HK1": "05", "HK2": "09", "summer": "12"}
_STATUS_CODES: Mapping[str, Mapping[Period, str]] = {
    "transfer_in": _IN,
    "return": _RETURNED,
    "transfer_out": _OUT,
    "release": _OUT,
    "leave": _LEFT,
    "withdraw": _LEFT,
    "abroad": _LEFT,
}
_ATTENDING_KINDS = frozenset({None, "start", "mid_year", "intake", "class_change"})

# English keys of the answers' `status`, by the last change of the pupil's stay.
_STATUS_KEYS: Mapping[str, str] = {
    "transfer_in": "transferred_in",
    "return": "returned",
    "provisional": "provisional",
    "transfer_out": "transferred_out",
    "release": "released",
    "leave": "on_leave",
    "withdraw": "withdrawn",
    "abroad": "abroad",
    "suspend": "suspended",
    "resume": "attending",
    "complete": "completed",
    "deceased": "deceased",
}

ENROLMENT_KINDS = (
    "start",
    "mid_year",
    "transfer_in",
    "return",
    "intake",
    "class_change",
    "provisional",
)
STATUS_KINDS = (
    "leave",
    "withdraw",
    "transfer_out",
    "abroad",
    "suspend",
    "resume",
    "complete",
    "deceased",
)


def status_code(change_kind: str | None, period: Period) -> str | None:
    """Return the official status code for the last change of the school year, made in `period`.

    None for a change the official list has no code for (contract, Rules of reading).
    """
    if change_kind in _ATTENDING_KINDS:
        return "01"
    return _STATUS_CODES.get(change_kind or "", {}).get(period)


def status_key(change_kind: str | None) -> str:
    """Return the English status key for the last change; raise `KeyError` for an unknown kind."""
    if change_kind in _ATTENDING_KINDS or change_kind is None:
        return "attending"
    return _STATUS_KEYS[change_kind]


# Reasons for leaving school (lý do thôi học), section 4.2, seen in one public code base.
LEAVE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "01": "Hoàn cảnh kinh tế",
        "02": "Học lực yếu kém",
        "03": "Xa trường",
        "04": "Thiên tai, dịch bệnh",
        "05": "Do kỳ thị",
        "06": "Nguyên nhân khác",
        "07": "Bảo lưu kết quả",
        "08": "Chuyển sang học nghề",
    }
)

# Ethnic groups (QĐ 121-TCTK/PPCĐ of 1979), section 4.4; other lists number them differently.
ETHNIC_GROUPS: Mapping[str, str] = MappingProxyType(
    {
        f"{number:02d}": name
        for number, name in enumerate(
            (
                *("Kinh", "Tày", "Thái", "Hoa", "Khmer", "Mường", "Nùng", "Hmông", "Dao"),
                *("Gia-rai", "Ngái", "Ê-đê", "Ba-na", "Xơ-đăng", "Sán Chay", "Cơ-ho", "Chăm"),
                *("Sán Dìu", "Hrê", "Mnông", "Ra-glai", "Xtiêng", "Bru-Vân Kiều", "Thổ"),
                *("Giáy", "Cơ-tu", "Giẻ-Triêng", "Mạ", "Khơ-mú", "Co", "Tà-ôi", "Chơ-ro"),
                *("Kháng", "Xinh-mun", "Hà Nhì", "Chu-ru", "Lào", "La Chí", "La Ha", "Phù Lá"),
                *("La Hủ", "Lự", "Lô Lô", "Chứt", "Mảng", "Pà Thẻn", "Cơ Lao", "Cống", "Bố Y"),
                *("Si La", "Pu Péo", "Brâu", "Ơ Đu", "Rơ-măm"),
            ),
            start=1,
        )
    }
)


class Stage(StrEnum):
    """Level of schooling (cấp học): mầm non, tiểu học, THCS, THPT, thường xuyên."""

    PRESCHOOL = "MN"
    PRIMARY = "TH"
    LOWER_SECONDARY = "THCS"
    UPPER_SECONDARY = "THPT"
    CONTINUING = "GDTX"


class Programme(StrEnum):
    """Curriculum (chương trình giáo dục): general of 2018 or 2006, continuing, preschool."""

    GDPT2018 = "GDPT2018"
    GDPT2006 = "GDPT2006"
    GDTX = "GDTX"
    MN = "MN"


_PROGRAMME_SPELLINGS: Mapping[str, Programme] = {
    "GDPT2018": Programme.GDPT2018,
    "2018": Programme.GDPT2018,
    "CT2018": Programme.GDPT2018,
    "CTGDPT2018": Programme.GDPT2018,
    "GDPT2006": Programme.GDPT2006,
    "2006": Programme.GDPT2006,
    "CT2006": Programme.GDPT2006,
    "CTGDPT2006": Programme.GDPT2006,
    "GDTX": Programme.GDTX,
    "MN": Programme.MN,
    "GDMN": Programme.MN,
}

# Preschool groups (khối), section 4.2: codes 13-15 nursery by months, 16-18 kindergarten by years.
PRESCHOOL_GROUPS: Mapping[int, str] = MappingProxyType(
    {
        13: "3-12 tháng",
        14: "13-24 tháng",
        15: "25-36 tháng",
        16: "3-4 tuổi",
        17: "4-5 tuổi",
        18: "5-6 tuổi",
    }
)


def parse_programme(text: str) -> Programme:
    """Read a programme in an accepted spelling (`GDPT 2018`, `gdpt-2018`, `2018`).

    Raises `Refused("unknown_programme")`.
    """
    folded = unicodedata.normalize("NFC", text).upper().replace("Đ", "D")
    folded = "".join(c for c in folded if c.isalnum())
    if folded not in _PROGRAMME_SPELLINGS:
        raise Refused(
            "unknown_programme",
            "the programme is not one of " + ", ".join(Programme),
            field="programme",
            suggestion=Programme.GDPT2018,
        )
    return _PROGRAMME_SPELLINGS[folded]


def parse_grade(text: str) -> int:
    """Read a grade: 1-12, or a preschool group code 13-18. Raises `Refused("unknown_grade")`."""
    digits = text.strip()
    if digits.isascii() and digits.isdigit() and 1 <= int(digits) <= 18:
        return int(digits)
    raise Refused(
        "unknown_grade",
        "a grade is a number from 1 to 12, or a preschool group code from 13 to 18",
        field="grade",
    )


def stage_of(grade: int) -> Stage:
    """Return the level of schooling of a grade 1-18; raises `Refused("unknown_grade")`."""
    if not 1 <= grade <= 18:
        raise Refused("unknown_grade", "a grade is a number from 1 to 18", field="grade")
    if grade <= 5:
        return Stage.PRIMARY
    if grade <= 9:
        return Stage.LOWER_SECONDARY
    return Stage.UPPER_SECONDARY if grade <= 12 else Stage.PRESCHOOL


# Provinces, section 4.5. Codes of the General Statistics Office; from 2025-07-01 (QĐ
# 19/2025/QĐ-TTg) 34 units, seven of them under a code that had meant another province.
REFORM = date(2025, 7, 1)
_HUE_RENAMED = date(2025, 1, 1)

OLD_PROVINCES: Mapping[str, str] = MappingProxyType(
    {
        **{"01": "Hà Nội", "02": "Hà Giang", "04": "Cao Bằng", "06": "Bắc Kạn"},
        **{"08": "Tuyên Quang", "10": "Lào Cai", "11": "Điện Biên", "12": "Lai Châu"},
        **{"14": "Sơn La", "15": "Yên Bái", "17": "Hoà Bình", "19": "Thái Nguyên"},
        **{"20": "Lạng Sơn", "22": "Quảng Ninh", "24": "Bắc Giang", "25": "Phú Thọ"},
        **{"26": "Vĩnh Phúc", "27": "Bắc Ninh", "30": "Hải Dương", "31": "Hải Phòng"},
        **{"33": "Hưng Yên", "34": "Thái Bình", "35": "Hà Nam", "36": "Nam Định"},
        **{"37": "Ninh Bình", "38": "Thanh Hoá", "40": "Nghệ An", "42": "Hà Tĩnh"},
        **{"44": "Quảng Bình", "45": "Quảng Trị", "46": "Thừa Thiên Huế", "48": "Đà Nẵng"},
        **{"49": "Quảng Nam", "51": "Quảng Ngãi", "52": "Bình Định", "54": "Phú Yên"},
        **{"56": "Khánh Hoà", "58": "Ninh Thuận", "60": "Bình Thuận", "62": "Kon Tum"},
        **{"64": "Gia Lai", "66": "Đắk Lắk", "67": "Đắk Nông", "68": "Lâm Đồng"},
        **{"70": "Bình Phước", "72": "Tây Ninh", "74": "Bình Dương", "75": "Đồng Nai"},
        **{"77": "Bà Rịa - Vũng Tàu", "79": "Hồ Chí Minh", "80": "Long An"},
        **{"82": "Tiền Giang", "83": "Bến Tre", "84": "Trà Vinh", "86": "Vĩnh Long"},
        **{"87": "Đồng Tháp", "89": "An Giang", "91": "Kiên Giang", "92": "Cần Thơ"},
        **{"93": "Hậu Giang", "94": "Sóc Trăng", "95": "Bạc Liêu", "96": "Cà Mau"},
    }
)

# New code -> old codes merged into it. Where a province kept its name its old code is the one
# with that name, which after the reform need not be the same number (24, 15, 52, 80, ...).
MERGED_FROM: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{code: (code,) for code in ("01", "04", "11", "12", "14", "20", "22")},
        **{code: (code,) for code in ("38", "40", "42", "46")},
        **{"08": ("02", "08"), "15": ("10", "15"), "19": ("06", "19"), "24": ("24", "27")},
        **{"25": ("17", "25", "26"), "31": ("30", "31"), "33": ("33", "34")},
        **{"37": ("35", "36", "37"), "44": ("44", "45"), "48": ("48", "49")},
        **{"51": ("51", "62"), "52": ("52", "64"), "56": ("56", "58"), "66": ("54", "66")},
        **{"68": ("60", "67", "68"), "75": ("70", "75"), "79": ("74", "77", "79")},
        **{"80": ("72", "80"), "82": ("82", "87"), "86": ("83", "84", "86")},
        **{"91": ("89", "91"), "92": ("92", "93", "94"), "96": ("95", "96")},
    }
)
_RENAMED_BY_REFORM: Mapping[str, str] = {
    **{"15": "Lào Cai", "24": "Bắc Ninh", "44": "Quảng Trị", "46": "Huế"},
    **{"52": "Gia Lai", "80": "Tây Ninh", "82": "Đồng Tháp", "91": "An Giang"},
}
NEW_PROVINCES: Mapping[str, str] = MappingProxyType(
    {code: _RENAMED_BY_REFORM.get(code, OLD_PROVINCES[code]) for code in sorted(MERGED_FROM)}
)


def province_name(code: str, on: date) -> str | None:
    """Return the province the two-digit `code` meant on that day; None where it meant none."""
    if on >= REFORM:
        return NEW_PROVINCES.get(code)
    if code == "46" and on >= _HUE_RENAMED:
        return "Huế"
    return OLD_PROVINCES.get(code)


def province_code_on(code: str, stated_on: date, on: date) -> str | None:
    """Return the code on `on` of the province that `code` meant on `stated_on`.

    None where the code meant none, or where a province of today is asked back into a time in
    which it was several.
    """
    if province_name(code, stated_on) is None:
        return None
    if (stated_on >= REFORM) == (on >= REFORM):
        return code
    if on >= REFORM:
        return next(new for new, old in MERGED_FROM.items() if code in old)
    before = MERGED_FROM[code]
    return before[0] if len(before) == 1 else None
