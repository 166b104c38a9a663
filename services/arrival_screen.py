"""The import report on a screen: three tables and the word it ends with."""

from typing import Any

from services.arrival_words import (
    OUTCOMES,
    came_rows,
    difference_rows,
    gap_rows,
    is_preschool,
    reason_words,
)
from services.output import print_table
from services.words import word

TITLES: dict[str, tuple[str, str]] = {
    "came": ("Hồ sơ học sinh nhận được", "What came of the pupil"),
    "came_child": ("Hồ sơ trẻ nhận được", "What came of the child"),
    "differs": (
        "Khác với trường này (không phải lý do từ chối)",
        "Differs here (no ground to refuse)",
    ),
    "missing": ("Còn thiếu gì – ai làm – hạn nào", "What is missing, who acts, by when"),
    "outcome": ("Kết quả", "Outcome"),
    "nothing_came": ("Chưa có hồ sơ nào đến.", "Nothing has come yet."),
    "nothing_missing": ("Không thiếu gì.", "Nothing is missing."),
    "health": ("Lần khám sức khỏe", "Health measurements"),
    "months": ("Tháng có mặt", "Months of presence"),
    "merged": ("Trường đã sáp nhập, trường kế thừa", "The school has merged; its successor"),
}
COLUMNS: dict[str, tuple[str, str]] = {
    "school_year": ("Năm học", "School year"),
    "grade": ("Khối", "Grade"),
    "regulation": ("Quy định", "Regulation"),
    "schools": ("Trường", "Schools"),
    "terms": ("Học kỳ", "Terms"),
    "marks": ("Số điểm", "Marks"),
    "conduct": ("Rèn luyện", "Training"),
    "absences": ("Nghỉ (phép + không)", "Missed (excused + not)"),
    "comments": ("Nhận xét", "Comments"),
    "subject": ("Môn", "Subject"),
    "difference": ("Điểm khác", "Difference"),
    "there": ("Trường cũ", "There"),
    "here": ("Trường này", "Here"),
    "semester": ("Học kỳ", "Term"),
    "what": ("Còn thiếu", "Missing"),
    "acts": ("Ai làm, hạn nào", "Who acts, by when"),
}
CAME = (
    *("school_year", "grade", "regulation", "schools", "terms"),
    *("marks", "conduct", "absences", "comments"),
)
DIFFERS = ("school_year", "subject", "difference", "there", "here")
MISSING = ("school_year", "semester", "subject", "what", "acts")


def headings(columns: tuple[str, ...], lang: str) -> list[str]:
    """The headings of some columns."""
    return [word(COLUMNS, name, lang) for name in columns]


def print_arrival(report: dict[str, Any], lang: str) -> None:
    """Prints the report as tables; the outcome stands last, and is always there."""
    if report["came"] is None:
        if report["outcome"] == "open":
            print(word(TITLES, "nothing_came", lang))
    else:
        child = is_preschool(report["grade"])
        title = word(TITLES, "came_child" if child else "came", lang)
        print_table(title, headings(CAME, lang), came_rows(report, lang))
        for name in ("health", "months"):
            if report["came"][name]:
                print(f"{word(TITLES, name, lang)}: {report['came'][name]}")
        differs = difference_rows(report, lang)
        if differs:
            print_table(word(TITLES, "differs", lang), headings(DIFFERS, lang), differs)
        missing = gap_rows(report, lang)
        if missing:
            print_table(word(TITLES, "missing", lang), headings(MISSING, lang), missing)
        else:
            print(word(TITLES, "nothing_missing", lang))
        if report["school_code"] != report["asked_school"] and report["asked_school"]:
            merged = word(TITLES, "merged", lang)
            print(f"{report['asked_school']} – {merged}: {report['school_code']}")
    reason = f" ({reason_words(report['reason'], lang)})" if report["reason"] else ""
    print(f"{word(TITLES, 'outcome', lang)}: {word(OUTCOMES, report['outcome'], lang)}{reason}")
