"""The import report in words, Vietnamese and English: what came, differs, is missing; who acts."""

from datetime import date
from itertools import groupby
from typing import Any

from ledger.codes import Stage, stage_of
from ledger.subjects import SUBJECTS
from services.words import REASONS, word

OUTCOMES: dict[str, tuple[str, str]] = {
    "open": ("Chưa tiếp nhận", "not decided yet"),
    "accepted": ("Đã tiếp nhận, đủ hồ sơ", "accepted"),
    "accepted_with_list": ("Đã tiếp nhận, còn danh sách bổ sung", "accepted with a list"),
    "refused": ("Không tiếp nhận", "refused"),
}

GAPS: dict[str, tuple[str, str]] = {
    "mark": ("điểm", "marks"),
    "term": ("chưa có điểm cả học kỳ", "no mark of the whole term"),
    "conduct": ("kết quả rèn luyện", "training result"),
    "absences": ("số buổi nghỉ", "sessions missed"),
    "qualities": ("phẩm chất, năng lực", "qualities and competences"),
    "closing": ("chưa chốt học kỳ", "term not closed"),
    "class": ("chưa xếp lớp", "not placed in a class"),
    "enrolment": ("chưa ghi danh vào trường", "not enrolled at the school"),
    "reassessment": ("chờ đánh giá lại", "re-assessment awaited"),
    "result": ("chưa có kết quả cả năm", "no result of the year"),
}
"""What a gap is about."""

WHO: dict[str, tuple[str, str]] = {
    "origin_teacher": ("giáo viên trường cũ", "the teacher at the school left"),
    "subject_teacher": ("giáo viên bộ môn", "the subject teacher"),
    "homeroom_teacher": ("giáo viên chủ nhiệm", "the homeroom teacher"),
    "head": ("hiệu trưởng", "the head"),
}

ACTS: dict[str, tuple[str, str]] = {
    "supplement": ("gửi hồ sơ bổ sung", "sends a supplement"),
    "enter_mark": ("nhập điểm", "enters the mark"),
    "make_up": ("đánh giá bù", "gives a make-up assessment"),
    "enter_conduct": ("đánh giá rèn luyện", "enters the training result"),
    "enter_absences": ("nhập số buổi nghỉ", "enters the sessions missed"),
    "enter_qualities": ("đánh giá phẩm chất, năng lực", "assesses qualities and competences"),
    "close_semester_1": ("quyết định chốt học kỳ 1", "decides on closing term 1"),
    "missing_term": (
        "quyết định kết quả học kỳ thiếu (missing_term)",
        "decides on the missing term (missing_term)",
    ),
    "placement": ("xếp lớp (placement)", "places the pupil in a class (placement)"),
    "reassess": ("tổ chức đánh giá lại", "has the pupil re-assessed"),
    "promotion": ("quyết định lên lớp hoặc lưu ban", "decides on promotion"),
}

DIFFERENCES: dict[str, tuple[str, str]] = {
    "regulation": ("quy định đánh giá khác", "another regulation"),
    "grade": ("khối khác", "another grade"),
    "programme": ("chương trình khác", "another programme"),
    "subject_only_there": ("môn trường này không dạy", "subject not taught here"),
    "subject_only_here": (
        "môn của trường này, chưa có điểm chuyển đến",
        "subject taught here of which no mark came",
    ),
    "electives": ("môn lựa chọn khác", "other electives"),
    "foreign_language": (
        "kiểm tra ngoại ngữ đang học là tiếng gì",
        "ask which foreign language it is",
    ),
    "surplus": ("điểm thừa, chờ nơi quản lý quyết định", "marks in surplus, to be decided on"),
    "shortage": ("thiếu điểm thường xuyên", "too few regular marks"),
    "local_curriculum": (
        "nội dung giáo dục địa phương: giữ như đã ghi",
        "local curriculum: kept as recorded",
    ),
    "individual_plan": ("có kế hoạch giáo dục cá nhân", "an individual education plan"),
    "exemption": ("được miễn", "exempt"),
}
"""What is not as the receiving school has it; none of it is a ground to refuse."""


def is_preschool(grade: int) -> bool:
    """Whether a group of nhà trẻ or mẫu giáo is meant, in which one speaks of children."""
    return stage_of(grade) is Stage.PRESCHOOL


def reason_words(code: str | None, lang: str) -> str:
    """A reason in words; the code itself where there is no word, nothing for None."""
    return word(REASONS, code, lang) if code else ""


def day(text: str | None) -> str:
    """An ISO date as forms have it (dd/mm/yyyy); nothing for None."""
    return date.fromisoformat(text).strftime("%d/%m/%Y") if text else ""


def subject_name(key: str | None) -> str:
    """The subject's name, or its key where none is known; nothing for None."""
    known = SUBJECTS.get(key or "")
    return known.name if known else key or ""


def period_name(semester: int | None, lang: str) -> str:
    """HK1 or HK2 as forms have it; nothing for None."""
    return "" if semester is None else f"{'HK' if lang == 'vi' else 'term '}{semester}"


def act_words(act: dict[str, Any], lang: str) -> str:
    """One act: who does what by when, with the codes of the staff."""
    who, what = word(WHO, act["who"], lang), word(ACTS, act["act"], lang)
    staff = f" ({', '.join(act['staff'])})" if act["staff"] else ""
    due = {"vi": "hạn", "en": "by"}[lang]
    by = f", {due} {day(act['by'])}" if act["by"] else ""
    late = {"vi": " – quá hạn", "en": " – overdue"}[lang] if act["overdue"] else ""
    return f"{who}{staff} {what}{by}{late}"


def gap_rows(report: dict[str, Any], lang: str) -> list[list[str]]:
    """[school year, term, subject, what, who acts and by when] for each gap; slots of one subject
    and term that have the same acts stand in one row."""
    rows = []
    for _, group in groupby(report["missing"], key=_place):
        gaps = list(group)
        first = gaps[0]
        slots = [gap["slot"] for gap in gaps if gap["slot"]]
        what = ", ".join(slots) if slots else word(GAPS, first["what"], lang)
        acts = [act_words(act, lang) for act in first["acts"]]
        rows.append(
            [
                first["school_year"],
                period_name(first["semester"], lang),
                subject_name(first["subject"]),
                what,
                {"vi": "; hoặc ", "en": "; or "}[lang].join(acts),
            ]
        )
    return rows


def _place(gap: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(gap[name]) for name in ("what", "school_year", "semester", "subject", "acts"))


def remark_lines(report: dict[str, Any], lang: str) -> list[str]:
    """What is missing, a line each, as it is kept with an acceptance."""
    return [
        f"{' '.join(part for part in row[:3] if part)}: {row[3]} – {row[4]}"
        for row in gap_rows(report, lang)
    ]


def difference_rows(report: dict[str, Any], lang: str) -> list[list[str]]:
    """[school year, subject, difference, there, here] for each difference."""
    return [
        [
            one["school_year"],
            subject_name(one.get("subject")),
            word(DIFFERENCES, one["code"], lang),
            _said(one, "there", lang),
            _said(one, "here", lang),
        ]
        for one in report["differs"]
    ]


def _said(one: dict[str, Any], side: str, lang: str) -> str:
    value = one.get(side)
    if one["code"] == "surplus" and side == "there":
        value = [period_name(one.get("semester"), lang), *one["slots"]]
    if one["code"] == "shortage":
        value = one["came"] if side == "there" else one["wanted"]
    if one["code"] in ("electives", "foreign_language"):
        value = [subject_name(key) for key in value or ()]
    if isinstance(value, list):
        return ", ".join(str(part) for part in value if part)
    return "" if value is None else str(value)


def came_rows(report: dict[str, Any], lang: str) -> list[list[str]]:
    """[school year, grade, regulation, schools, terms, marks, conduct, absences, comments] of each
    year that came."""
    came = report["came"] or {"years": []}
    return [
        [
            year["school_year"],
            str(year["grade"]),
            year["regulation"],
            ", ".join(school["name"] or school["school_code"] or "" for school in year["schools"]),
            ", ".join(period_name(term, lang) for term in year["terms"]),
            str(year["marks"]),
            ", ".join(year["conduct"]),
            _absences(year["absences"]),
            str(year["comments"]),
        ]
        for year in came["years"]
    ]


def _absences(counted: dict[str, int | None]) -> str:
    if counted["excused"] is None:
        return ""
    return f"{counted['excused']} + {counted['unexcused']}"
