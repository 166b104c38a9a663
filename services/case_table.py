"""Cases, files and proposals of transfers as tables for people; codes stay in CSV and JSON."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from services.arrival_words import day, subject_name
from services.output import print_table
from services.words import (
    CASE_COLUMNS,
    FAILURES,
    PROPOSAL_CONFLICTS,
    REASONS,
    STATES,
    WAITING,
    word,
)

Words = dict[str, tuple[str, str]]

REGISTERED: Words = {
    "True": ("đã ghi", "recorded"),
    "False": ("chờ Bộ xác nhận", "not yet confirmed"),
}
FILE_COLUMNS: Words = {
    "file": ("Tệp", "File"),
    "kind": ("Loại", "Kind"),
    "issue": ("Lần", "Issue"),
    "to": ("Gửi cho", "To"),
    "case": ("Số hồ sơ", "Case"),
    "outcome": ("Kết quả", "Outcome"),
    "code": ("Mã lỗi", "Code"),
    "from": ("Từ", "From"),
    "custodian": ("Nơi quản lý hồ sơ", "Custodian"),
    "number": ("Số văn bản", "Paper"),
}
KINDS: Words = {
    "request": ("đề nghị tiếp nhận", "request"),
    "decline": ("từ chối đề nghị", "decline"),
    "dossier": ("hồ sơ", "record"),
    "problem": ("báo hồ sơ lỗi", "problem"),
    "receipt": ("giấy biên nhận", "receipt"),
    "accept": ("tiếp nhận", "acceptance"),
    "reject": ("trả lại hồ sơ", "rejection"),
    "recall": ("thu hồi hồ sơ", "recall"),
    "cancel": ("rút đề nghị", "withdrawal"),
    "supplement": ("hồ sơ bổ sung", "supplement"),
    "supplement_answer": ("trả lời bổ sung", "answer to a supplement"),
    "moved_to": ("đã chuyển tiếp", "moved on"),
    "ruling": ("phán quyết", "ruling"),
    "register": ("báo Bộ", "to the ministry's register"),
    "register_answer": ("Bộ trả lời", "the register's answer"),
    "unknown": ("không rõ", "unknown"),
}
TAKEN: Words = {
    "done": ("đã nhận", "taken in"),
    "repeated": ("đã nhận từ trước", "taken in before"),
    "problem": ("lỗi, đã báo nơi gửi", "failed, the sender is told"),
    "quarantined": ("giữ lại chờ người xem", "kept aside for a person"),
    "failed": ("không nhận", "not taken in"),
    "dead": ("không nhận", "not taken in"),
    "early": ("chưa đến lượt", "not its turn yet"),
}
PROPOSAL_COLUMNS: Words = {
    "id": ("Mã", "Id"),
    "year": ("Năm học", "School year"),
    "subject": ("Môn", "Subject"),
    "what": ("Nội dung", "What"),
    "effective_on": ("Ngày", "Day"),
    "before": ("Hiện có", "Before"),
    "after": ("Bổ sung", "After"),
    "text": ("Ghi chú", "Note"),
    "conflict": ("Lưu ý", "Conflict"),
    "decided": ("Quyết định", "Decision"),
}
PROPOSED: Words = {
    "mark": ("điểm", "mark"),
    "correction": ("đính chính điểm", "correction"),
    "conduct": ("rèn luyện", "training result"),
    "quality": ("phẩm chất, năng lực", "quality"),
    "absences": ("số buổi nghỉ", "sessions missed"),
    "comment": ("nhận xét", "comment"),
    "closing": ("chốt kết quả", "closing"),
    "decision": ("quyết định", "decision"),
    "exemption": ("miễn", "exemption"),
    "plan": ("kế hoạch cá nhân", "individual plan"),
    "electives": ("môn lựa chọn", "electives"),
    "mention": ("khen thưởng, kỷ luật", "mention"),
}
DECIDED: Words = {
    "accepted": ("đã nhận", "accepted"),
    "not_accepted": ("không nhận", "not accepted"),
}
SENTENCES: Words = {
    "over": (
        "Không còn mục nào chờ quyết định; không thay đổi gì.",
        "nothing was open to be decided; nothing has changed.",
    ),
    "nothing": ("Chưa có hồ sơ bổ sung nào.", "Nothing is proposed."),
    "decide": (
        "Nhận tất cả, không nhận, hoặc nhận từng mục: thêm --accept all, none, hoặc các mã.",
        "Accept all, none or some: add --accept all, none, or ids.",
    ),
    "results": ("Kết quả thay đổi", "Results that change"),
    "study": ("học tập", "study"),
    "conduct": ("rèn luyện", "training"),
}
_MARK = re.compile(r"[0-9]+\.[0-9]+")


def print_cases(
    answers: Sequence[Mapping[str, Any]], keys: Mapping[str, str], columns: Sequence[str], lang: str
) -> None:
    """Prints cases; `keys` names pupils by the school's own key. The register, and why a case
    ended or waits, stand there only where one of the cases has something to say."""
    told = [name for name in columns if name != "registered" or _any(answers, "registered")]
    if _any(answers, "failure"):
        told.append("failure")
    rows = [[_cell(answer, name, keys, lang) for name in told] for answer in answers]
    print_table(None, [word(CASE_COLUMNS, name, lang) for name in told], rows)


def _any(answers: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(answer[name] is not None for answer in answers)


def _cell(answer: Mapping[str, Any], name: str, keys: Mapping[str, str], lang: str) -> Any:
    value = answer[name]
    if value is None:
        return None
    match name:
        case "state":
            nothing_came = value == "rejected" and answer["root"] is None
            return word(STATES, "withdrawn" if nothing_came else value, lang)
        case "waiting_for":
            held = f" {answer['held_by']}" if value == "lift_hold" else ""
            return word(WAITING, value, lang) + held
        case "pupil":
            return keys.get(value, value)
        case "registered":
            return word(REGISTERED, str(value), lang)
        case "due_on":
            return day(value)
        case "failure":
            return word(FAILURES | REASONS, value["code"], lang)
        case _:
            return value


def print_files(columns: Sequence[str], rows: Sequence[Sequence[Any]], lang: str) -> None:
    """Prints files written or read; `kind` and `outcome` in words."""
    words = {"kind": KINDS, "outcome": TAKEN}
    shown = [
        [
            word(words[name], cell, lang) if name in words and cell else cell
            for name, cell in zip(columns, row, strict=True)
        ]
        for row in rows
    ]
    print_table(None, [word(FILE_COLUMNS, name, lang) for name in columns], shown)


def print_proposals(answer: Mapping[str, Any], lang: str) -> None:
    """Prints what is proposed in a case, and the results that it changes."""
    if not answer["proposals"]:
        print(word(SENTENCES, "nothing", lang))
        return
    rows = [[_told(line, name, lang) for name in PROPOSAL_COLUMNS] for line in answer["proposals"]]
    print_table(None, [word(PROPOSAL_COLUMNS, name, lang) for name in PROPOSAL_COLUMNS], rows)
    changed = _changes(answer["results"], lang)
    if changed:
        print(f"{word(SENTENCES, 'results', lang)}: {'; '.join(changed)}")
    if answer["waiting_for"] == "supplement":
        print(word(SENTENCES, "decide", lang))


def _told(line: Mapping[str, Any], name: str, lang: str) -> Any:
    value = line[name]
    if value is None:
        return None
    match name:
        case "subject":
            return subject_name(value)
        case "what":
            kind, _, place = value.partition(" ")
            return f"{word(PROPOSED, kind, lang)} {place.replace('/', ' ')}".strip()
        case "effective_on":
            return day(value)
        case "conflict":
            return word(PROPOSAL_CONFLICTS, value, lang)
        case "decided":
            return word(REASONS | DECIDED, value, lang)
        case _:
            return _mark(value, lang)


def _mark(value: Any, lang: str) -> Any:
    """A mark with the comma that forms have."""
    decimal = lang == "vi" and isinstance(value, str) and _MARK.fullmatch(value)
    return value.replace(".", ",") if decimal else value


def _changes(results: Mapping[str, Mapping[str, Any]], lang: str) -> list[str]:
    """`Toán HK1: 7,0 → 8,0` for each average or level that differs."""
    found = []
    for year, after in results["after"].items():
        before = results["before"].get(year)
        if before is None:
            continue
        pairs = [
            (subject_name(subject), before["subjects"].get(subject, {}), periods)
            for subject, periods in after["subjects"].items()
        ]
        pairs += [(word(SENTENCES, n, lang), before[n], after[n]) for n in ("study", "conduct")]
        for what, old, new in pairs:
            for period, value in new.items():
                if old.get(period) != value:
                    was, now = (_mark(v, lang) or "–" for v in (old.get(period), value))
                    found.append(f"{what} {period}: {was} → {now}")
    return found
