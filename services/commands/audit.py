"""`hocba audit`: every entry about a pupil, and what it changed."""

import json
from typing import Any

import click

from services.output import print_csv, print_json, print_table
from services.reading import open_views, parse_key, parse_when
from services.workplace import Workplace

_COLUMNS = (
    *("position", "recorded_at", "effective_on", "ledger", "type", "subject", "before", "after"),
    *("recorded_by", "on_behalf_of", "reason"),
)
_SHOWN = (
    *("position", "effective_on", "ledger", "type", "subject", "before", "after"),
    *("on_behalf_of", "reason"),
)
_HEADINGS = {
    "vi": (
        "Số",
        "Hiệu lực",
        "Sổ",
        "Việc",
        "Mục",
        "Trước",
        "Sau",
        "Người chịu trách nhiệm",
        "Lý do",
    ),
    "en": ("No.", "Effective", "Ledger", "Entry", "Subject", "Before", "After", "Who", "Reason"),
}


@click.command()
@click.option("--pupil", required=True, metavar="KEY", help="kind:value or a local key.")
@click.option("--from", "since", metavar="WHEN", help="Entries after this moment (exclusive).")
@click.option("--to", "until", metavar="WHEN", help="Entries up to this moment (default: now).")
@click.pass_obj
def audit(workplace: Workplace, pupil: str, since: str | None, until: str | None) -> int:
    """Every entry and what it changed: before, after, who, why."""
    key, start, end = parse_key(pupil), parse_when(since), parse_when(until)
    with open_views(workplace) as views:
        answer = views.audit(key, since=start, until=end)
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(_COLUMNS, [[_flat(e, name) for name in _COLUMNS] for e in answer["entries"]])
    else:
        title = f"{answer['pupil_key'] or answer['pupil_id']} · @{answer['known_at']['position']}"
        rows = [[_flat(entry, name) for name in _SHOWN] for entry in answer["entries"]]
        print_table(title, _HEADINGS[workplace.lang], rows)
    return 0


def _flat(entry: dict[str, Any], name: str) -> Any:
    """A field in one cell: the place of a mark beside its subject, objects as JSON."""
    value = entry[name]
    if name == "on_behalf_of":
        return value or entry["recorded_by"]
    if name == "subject":
        parts = (value, entry.get("semester"), entry.get("slot"), entry.get("period"))
        return "/".join(str(part) for part in parts if part is not None) or None
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value
