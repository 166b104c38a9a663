"""The fields that the primary and the secondary transcript table share."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from ledger.codes import Programme, Stage, stage_of
from ledger.subjects import SUBJECTS
from services.exchange import codes
from services.exchange.codes import Codes
from services.exchange.facts import Attended, School, YearFacts
from services.exchange.mends import mend
from services.exchange.record import Child, Content, Gap, Values

FORMS: Mapping[str, str] = {
    "TT22_2021": "22/2021/TT-BGDĐT",
    "TT58_2011": "58/2011/TT-BGDĐT",
    "TT26_2020": "26/2020/TT-BGDĐT",
    "TT43_2021": "43/2021/TT-BGDĐT",
    "TT27_2020": "27/2020",
    "TT22_2016": "22/2016",
    "TT30_2014": "30/2014",
}
"""ThongTu: whose form the transcript has. How the exchange writes it was not found; this is the
circular's number, without its suffix where the primary table has room for ten characters only."""

TITLES: Mapping[str, str] = {
    "excellent": "Học sinh Xuất sắc",
    "good": "Học sinh Giỏi",
    "excellent_pupil": "Học sinh Xuất sắc",
    "outstanding_pupil": "Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện",
}
"""Titles of TT 22/2021 (Điều 15) and TT 27/2020 (Điều 13)."""

PROMOTED: Mapping[str, int] = {"promoted": 1, "retained": 0}


def shared(facts: YearFacts, given: Codes, *, on: date, table: str) -> Content:
    """The content every transcript record begins with, and quá trình học tập."""
    content = Content(table=table)
    content.values |= {
        "trichluc": int(bool(facts.year["from_paper"])),
        "thongtu": FORMS.get(facts.regulation),
        "namhoc": facts.school_year,
        "macaphoc": codes.LEVELS[_stage(facts)],
        "makhoi": str(facts.grade),
        "tenlop": facts.class_name,
        **_school(facts.school, given, on),
        **_pupil(facts),
        **_signers(facts),
        "nxetgvcn": homeroom_comment(facts),
    }
    for line in facts.attended:
        _attended(content, line)
    return content


def _stage(facts: YearFacts) -> Stage:
    if facts.year["programme"] == Programme.GDTX:
        return Stage.CONTINUING
    return stage_of(facts.grade)


def _school(school: School, given: Codes, on: date) -> Values:
    """Names as they were when the record was issued, the address in the tree of the export's
    day: the exchange's codes are those in force when it is sent."""
    province, commune = school.province, school.commune
    issued_at = commune or province
    return {
        "masogd": given.department(province.code) if province else None,
        "tensogd": f"Sở Giáo dục và Đào tạo {province.name}" if province else None,
        "matruong": given.school(school.code),
        "tentruong": school.name,
        "tenhuyen": school.district.name if school.district else None,
        "thongtintruong_diachi_tenxa": commune.name if commune else None,
        "thongtintruong_diachi_tentinh": province.name if province else None,
        "thongtintruong_diachi_maxa": _commune_code(commune.code if commune else None),
        "thongtintruong_diachi_matinh": codes.province_code(province.code, on)
        if province
        else None,
        "diadanhphathanh": issued_at.name if issued_at else None,
    }


def _commune_code(code: str | None) -> str | None:
    return code if code is not None and len(code) == 5 and code.isdigit() else None


def _pupil(facts: YearFacts) -> Values:
    profile = facts.profile
    birth = profile["birth_date"] or ""
    return {
        "sosodangbo": profile["register_number"],
        "hovaten": profile["full_name"],
        "sodinhdanh": facts.personal_id,
        "mahocsinh": facts.moet_code,
        "gioitinh": codes.SEXES.get(profile["sex"] or ""),
        "ngaythangnamsinh": birth if len(birth) == 10 else None,
        "thangnamsinh": birth if len(birth) == 7 else None,
        "namsinh": birth if len(birth) == 4 else None,
        **_place("noisinh", profile["birth_place"]),
        **_place("quequan", profile["home_town"]),
        **_place("noiohiennay", profile["residence"]),
        "dantoc": codes.ethnic_code(profile["ethnicity"]),
        "quoctich": codes.country_code(profile["nationality"]),
        "doituongchinhsach": profile["policy_category"],
        "cokhuyettatkhongdanhgia": int(not facts.year["levels_asked"]),
        "hotencha": profile["father_name"],
        "hotenme": profile["mother_name"],
        "hotennguoigiamho": profile["guardian_name"],
    }


def _place(prefix: str, place: Mapping[str, Any] | None) -> Values:
    """A place as on the certificate. Its code is sent only where it cannot be misread: nobody
    noted whether it is of the list before or after 2025-07-01."""
    known = place or {"text": None, "code": None}
    return {
        f"{prefix}_diachichitiet": known["text"],
        f"{prefix}_maxa": None,
        f"{prefix}_matinh": codes.dateless_province_code(known["code"]),
    }


def _signers(facts: YearFacts) -> Values:
    head, homeroom = facts.head, facts.homeroom
    issued = facts.closed_on.isoformat() if facts.closed_on else None
    return {
        "tengiamhieu": head.name if head else None,
        "soddcngiamhieu": head.number if head else None,
        "chucvugiamhieu": facts.head_title,
        "tengvcn": homeroom.name if homeroom else None,
        "soddcngvcn": homeroom.number if homeroom else None,
        "ngaykyphathanh": issued,
        "ngaytao": issued,
    }


def homeroom_comment(facts: YearFacts) -> str | None:
    """The homeroom teacher's newest comment at the year's end, else of term 2."""
    return next(
        (text for time in ("CN", "HK2") if (text := facts.comments.get((None, time)))), None
    )


def subject_comment(facts: YearFacts, subject: str) -> str | None:
    """The subject teacher's newest comment at the year's end, else of term 2."""
    return next(
        (text for time in ("CN", "HK2") if (text := facts.comments.get((subject, time)))), None
    )


def told(facts: YearFacts, *kinds: str) -> list[str]:
    """The texts of the year's mentions of these kinds, in their order."""
    return [mention.text for mention in facts.mentions if mention.kind in kinds]


def awards(facts: YearFacts) -> str | None:
    """Title and awards of the year in one text."""
    title = TITLES.get(facts.year["title"] or "")
    texts = [*([title] if title else []), *told(facts, "award")]
    return "; ".join(dict.fromkeys(texts)) or None


def subject_name(key: str, limit: int) -> str:
    """A subject's official name, or its short name where the field has less room."""
    known = SUBJECTS.get(key)
    if known is None:
        return key
    return known.name if len(known.name) <= limit else known.short_name


def count(value: int | None) -> int | None:
    """A number of sessions; none missed is null, because the exchange begins at 1."""
    return value or None


def measured(value: str | None) -> str | None:
    """A measurement as a decimal text without needless zeros."""
    if value is None:
        return None
    return format(Decimal(value).normalize(), "f")


def no_code(content: Content, *fields: str) -> None:
    """These fields cannot be said in the exchange's codes: null, each with its gap."""
    for field in fields:
        content.values[field] = None
        content.gaps.append(Gap(field=field, reason="no_code", mend=mend(field, "no_code")))


def _attended(content: Content, line: Attended) -> None:
    values = {
        "namhoc": line.school_year,
        "tenlop": line.class_name,
        "tentruong": line.school_name,
        "tentinh": line.province_name,
        "ngaytrangthaichuyenden": line.arrived_on.isoformat() if line.arrived_on else None,
    }
    lacking = [name for name in ("tenlop", "tentruong", "tentinh") if values[name] is None]
    for name in lacking:
        content.left_out.append(
            Gap(
                field=f"quatrinhhoctap[{line.school_year}].{name}",
                reason="missing",
                mend="The line is left out: the school of that time did not tell it",
            )
        )
    if not lacking:
        number = sum(row.table == "quatrinhhoctap" for row in content.rows)
        key = f"{line.school_year}:{number}"
        content.rows.append(Child(table="quatrinhhoctap", key=key, values=values))
