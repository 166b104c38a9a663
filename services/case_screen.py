"""Two records side by side and the checklist before a release, on a screen."""

from typing import Any

from services.arrival_words import day, is_preschool, period_name, subject_name
from services.output import print_table
from services.words import IDENTIFIER_KINDS, word

FIELDS: dict[str, tuple[str, str]] = {
    "full_name": ("Họ và tên", "Full name"),
    "birth_date": ("Ngày sinh", "Birth date"),
    "sex": ("Giới tính", "Sex"),
    "identifiers": ("Số định danh", "Numbers"),
    "father_name": ("Cha", "Father"),
    "mother_name": ("Mẹ", "Mother"),
    "guardian_name": ("Người giám hộ", "Guardian"),
    "last_class": ("Lớp gần nhất", "Last class"),
}
SEXES: dict[str, tuple[str, str]] = {
    "nam": ("nam", "male"),
    "nu": ("nữ", "female"),
    "khac": ("khác", "other"),
}
WORDS: dict[str, tuple[str, str]] = {
    "is_it": ("Đúng học sinh này?", "Is it this pupil?"),
    "is_it_child": ("Đúng trẻ này?", "Is it this child?"),
    "theirs": ("Bên kia", "The other side"),
    "ours": ("Ở đây", "Here"),
    "differs": ("khác", "differs"),
    "candidates": ("Có thể là (gợi ý, người quyết định)", "May be meant (a person decides)"),
    "key": ("Mã", "Key"),
    "shares": ("Trùng", "Shares"),
    "name_and_birth_date": ("họ tên và ngày sinh", "name and birth date"),
    "checklist": ("Còn thiếu trước khi bàn giao", "Open before the hand-over"),
    "ready": ("Không còn gì thiếu.", "Nothing is open."),
    "subject": ("Môn", "Subject"),
    "semester": ("Học kỳ", "Term"),
    "slots": ("Điểm còn thiếu", "Marks missing"),
    "staff": ("Giáo viên", "Teacher"),
    "no_mark": ("chưa có điểm nào", "no mark yet"),
    "unclosed": ("Chưa chốt", "Not closed"),
    "conduct": ("Chưa đánh giá rèn luyện", "Training result missing"),
    "proposals": ("Đề nghị chưa giải quyết", "Proposals not decided"),
    "follows": (
        "Phần còn thiếu gửi sau bằng hồ sơ bổ sung; không cản trở bàn giao.",
        "What is open follows as a supplement; it holds nothing up.",
    ),
}


def print_comparison(answer: dict[str, Any], lang: str) -> None:
    """Prints the two records field by field, and who else may be meant."""
    theirs, ours = answer["theirs"] or {}, answer["ours"] or {}
    rows = [
        [
            word(FIELDS, name, lang),
            _shown(name, theirs.get(name), lang),
            _shown(name, ours.get(name), lang),
            word(WORDS, "differs", lang) if name in answer["differs"] else "",
        ]
        for name in FIELDS
    ]
    print_table(
        question(answer, lang),
        ["", word(WORDS, "theirs", lang), word(WORDS, "ours", lang), ""],
        rows,
    )
    print_candidates(answer["candidates"], lang)


def question(answer: dict[str, Any], lang: str) -> str:
    """What a person is asked; before grade 1 one speaks of a child (trẻ)."""
    grade = (answer["ours"] or {}).get("grade")
    return word(WORDS, "is_it_child" if grade and is_preschool(grade) else "is_it", lang)


def print_candidates(candidates: list[dict[str, Any]], lang: str) -> None:
    """Prints who may be meant; nothing where nobody is found."""
    if not candidates:
        return
    columns = [
        word(WORDS, "key", lang),
        word(FIELDS, "full_name", lang),
        word(FIELDS, "birth_date", lang),
        word(FIELDS, "last_class", lang),
        word(WORDS, "shares", lang),
    ]
    rows = [
        [
            one["pupil_key"] or f"id:{one['pupil_id']}",
            one["full_name"],
            _shown("birth_date", one["birth_date"], lang),
            one["last_class"],
            ", ".join(_kind(share, lang) for share in one["shares"]),
        ]
        for one in candidates
    ]
    print_table(word(WORDS, "candidates", lang), columns, rows)


def _kind(share: str, lang: str) -> str:
    return word(WORDS if share in WORDS else IDENTIFIER_KINDS, share, lang)


def _shown(name: str, value: Any, lang: str) -> str | None:
    """A field as forms have it; a birth date of which the day is not known as it was told."""
    if name == "sex" and value is not None:
        return word(SEXES, value, lang)
    if name == "birth_date" and value is not None and len(value) == len("2014-05-12"):
        return day(value)
    if isinstance(value, list):
        return "\n".join(
            f"{word(IDENTIFIER_KINDS, kind, lang)}: {number}" for kind, number in value
        )
    return value if value is None else str(value)


def print_checklist(answer: dict[str, Any], lang: str) -> None:
    """Prints what is open, by subject and teacher; one sentence where nothing is."""
    if answer["ready"]:
        print(word(WORDS, "ready", lang))
        return
    rows = [
        [
            subject_name(one["subject"]),
            period_name(one["semester"], lang),
            ", ".join(one["slots"]) or word(WORDS, "no_mark", lang),
            ", ".join(one["staff"]),
        ]
        for one in answer["marks"]
    ]
    columns = [word(WORDS, name, lang) for name in ("subject", "semester", "slots", "staff")]
    if rows:
        print_table(word(WORDS, "checklist", lang), columns, rows)
    if answer["unclosed"]:
        print(f"{word(WORDS, 'unclosed', lang)}: {', '.join(answer['unclosed'])}")
    if answer["conduct"]:
        missing = [f"{c['period']} ({', '.join(c['staff'])})" for c in answer["conduct"]]
        print(f"{word(WORDS, 'conduct', lang)}: {', '.join(missing)}")
    if answer["proposals"]:
        print(f"{word(WORDS, 'proposals', lang)}: {len(answer['proposals'])}")
    print(word(WORDS, "follows", lang))
