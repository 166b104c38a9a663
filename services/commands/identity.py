"""`hocba identity`: who a pupil is, what the checks said, what is done about it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import click

from ledger.identity_causes import CAUSES
from services.output import print_csv, print_json, print_table
from services.reading import open_views, parse_day, parse_key, parse_when
from services.words import (
    IDENTIFIER_KINDS,
    IDENTITY_CONFLICTS,
    IDENTITY_OUTCOMES,
    IDENTITY_STATUSES,
    word,
)
from services.workplace import Workplace

_CSV = ("part", "what", "value", "from", "to", "state")
_WORDS: dict[str, dict[str, Any]] = {
    "vi": {
        "status": "Xác thực",
        "identifiers": "Giấy tờ, số định danh",
        "number": ("Loại", "Số", "Nơi cấp", "Từ ngày", "Đến ngày", "Còn dùng"),
        "checks": "Các lần đối chiếu CSDL dân cư",
        "check": ("Thời điểm", "Kết quả", "Ghi chú"),
        "follow_up": "Xử lý",
        "case": ("Nguyên nhân", "Biện pháp khắc phục", "Hạn", "Người phụ trách", "Kết quả"),
        "conflicts": "Mâu thuẫn",
        "conflict": ("Nội dung", "Học sinh kia", "Đã giải quyết"),
        "links": "Hồ sơ cùng một học sinh",
        "link": ("Mã hồ sơ", "Nơi ghi", "Lý do"),
        "distinct": "Đã xác nhận là người khác",
        "other": ("Mã hồ sơ", "Ngày", "Lý do"),
        "candidates": "Có thể là cùng một học sinh (trùng số)",
        "candidate": ("Mã", "Họ và tên", "Ngày sinh", "Trùng"),
        "places": "Địa danh theo giấy tờ và hiện nay",
        "place": ("", "Theo giấy tờ", "Tỉnh khi đó", "Tỉnh hiện nay"),
        "birth_place": "Nơi sinh",
        "home_town": "Quê quán",
        "residence": "Nơi ở",
        "overdue": "QUÁ HẠN",
        "yes": "có",
        "no": "không",
    },
    "en": {
        "status": "Identity",
        "identifiers": "Identifiers",
        "number": ("Kind", "Number", "Issuer", "From", "To", "Current"),
        "checks": "Checks against the population database",
        "check": ("When", "Result", "Note"),
        "follow_up": "Follow-up",
        "case": ("Cause", "Remedy", "Due", "Responsible", "Outcome"),
        "conflicts": "Conflicts",
        "conflict": ("What", "Other pupil", "Settled"),
        "links": "Records of the same pupil",
        "link": ("Record", "Kept in", "Reason"),
        "distinct": "Confirmed to be others",
        "other": ("Record", "Day", "Reason"),
        "candidates": "Possibly the same pupil (a shared number)",
        "candidate": ("Key", "Full name", "Born", "Shared"),
        "places": "Places as on the certificate and as today",
        "place": ("", "On the certificate", "Province then", "Province now"),
        "birth_place": "Birth place",
        "home_town": "Home town",
        "residence": "Residence",
        "overdue": "OVERDUE",
        "yes": "yes",
        "no": "no",
    },
}
Words = dict[str, Any]


@click.command()
@click.option("--pupil", required=True, metavar="KEY", help="kind:value or a local key.")
@click.option("--on", metavar="DATE", help="The day it is about (default: today).")
@click.option("--known-at", metavar="WHEN", help="@POSITION or an instant (default: now).")
@click.pass_obj
def identity(workplace: Workplace, pupil: str, on: str | None, known_at: str | None) -> int:
    """A pupil's identifiers, identity checks, conflicts and linked records."""
    key, day, when = parse_key(pupil), parse_day(on or _today()), parse_when(known_at)
    with open_views(workplace) as views:
        answer = views.identity(key, on=day, known_at=when)
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(_CSV, list(_lines(answer)))
    else:
        _print_tables(answer, workplace.lang)
    return 0


def _today() -> str:
    return date.today().isoformat()


def _lines(answer: dict[str, Any]) -> Iterator[list[Any]]:
    """One row for each identifier, check, conflict, link, confirmation and candidate."""
    for one in answer["identifiers"]:
        state = "current" if one["current"] else "former"
        days = (one["valid_from"], one["valid_to"])
        yield ["identifier", one["kind"], one["value"], *days, state]
    for one in answer["checks"]:
        yield ["check", one["status"], one["note"], one["checked_at"], None, None]
    case = answer["follow_up"]
    if case is not None:
        state = "overdue" if case["overdue"] else case["outcome"]
        yield ["follow_up", case["cause"], case["remedy"], None, case["due_on"], state]
    for one in answer["conflicts"]:
        settled = {True: "settled", False: "open"}.get(one["settled"])
        yield ["conflict", one["code"], one["other"], None, None, settled]
    for one in answer["links"]:
        yield ["link", one["ledger"], one["pupil_id"], one["effective_on"], None, None]
    for one in answer["distinct"]:
        yield ["distinct", None, one["pupil_id"], one["effective_on"], None, None]
    for one in answer["candidates"]:
        yield ["candidate", " ".join(one["shared"]), one["pupil_id"], None, None, None]


def _print_tables(answer: dict[str, Any], lang: str) -> None:
    words: Words = _WORDS[lang]
    shown = (answer["full_name"], answer["birth_date"], answer["pupil_key"], answer["on"])
    click.echo(" · ".join(str(part) for part in shown if part))
    click.echo(f"{words['status']}: {word(IDENTITY_STATUSES, answer['status'], lang)}")
    parts: tuple[tuple[str, str, list[list[Any]]], ...] = (
        ("identifiers", "number", _number_rows(answer, words, lang)),
        ("checks", "check", _check_rows(answer, lang)),
        ("follow_up", "case", _case_rows(answer, words, lang)),
        ("conflicts", "conflict", _conflict_rows(answer, words, lang)),
        ("links", "link", [[o["pupil_id"], o["ledger"], o["reason"]] for o in answer["links"]]),
        (
            "distinct",
            "other",
            [[o["pupil_id"], o["effective_on"], o["reason"]] for o in answer["distinct"]],
        ),
        ("candidates", "candidate", _candidate_rows(answer, lang)),
        ("places", "place", _place_rows(answer, words)),
    )
    for title, headings, rows in parts:
        if rows:
            print_table(words[title], words[headings], rows)


def _number_rows(answer: dict[str, Any], words: Words, lang: str) -> list[list[Any]]:
    return [
        [
            word(IDENTIFIER_KINDS, one["kind"], lang),
            *(one[field] for field in ("value", "issuer", "valid_from", "valid_to")),
            words["yes" if one["current"] else "no"],
        ]
        for one in answer["identifiers"]
    ]


def _check_rows(answer: dict[str, Any], lang: str) -> list[list[Any]]:
    return [
        [one["checked_at"], word(IDENTITY_STATUSES, one["status"], lang), one["note"]]
        for one in answer["checks"]
    ]


def _case_rows(answer: dict[str, Any], words: Words, lang: str) -> list[list[Any]]:
    case = answer["follow_up"]
    if case is None:
        return []
    outcome = word(IDENTITY_OUTCOMES, case["outcome"], lang)
    if case["overdue"]:
        outcome = f"{outcome} – {words['overdue']}"
    cause = word(dict(CAUSES), case["cause"], lang)
    return [[cause, case["remedy"], case["due_on"], case["responsible"], outcome]]


def _conflict_rows(answer: dict[str, Any], words: Words, lang: str) -> list[list[Any]]:
    settled = {True: words["yes"], False: words["no"], None: None}
    return [
        [word(IDENTITY_CONFLICTS, one["code"], lang), one["other"], settled[one["settled"]]]
        for one in answer["conflicts"]
    ]


def _candidate_rows(answer: dict[str, Any], lang: str) -> list[list[Any]]:
    return [
        [
            *(one[field] for field in ("pupil_key", "full_name", "birth_date")),
            ", ".join(word(IDENTIFIER_KINDS, kind, lang) for kind in one["shared"]),
        ]
        for one in answer["candidates"]
    ]


def _place_rows(answer: dict[str, Any], words: Words) -> list[list[Any]]:
    return [
        [
            words[field],
            place["text"] or place["code"],
            place["province_then"],
            place["province_now"],
        ]
        for field, place in answer["places"].items()
        if place["text"] or place["code"]
    ]
