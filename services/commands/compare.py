"""`hocba compare`: two moments, or two days, compared in class lists, transcripts, head counts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from projections.comparison import WHOLE, Compared
from projections.comparison import compare as compare_sides
from projections.views import Views
from services.audit_lines import cover_facts, write_cover
from services.audit_words import AUDIT_COLUMNS, AUDIT_COVER, COMPARED
from services.difference_lines import lines_of
from services.output import print_csv, print_json, print_table
from services.progress import showing
from services.reading import open_views, parse_day, parse_key, parse_when
from services.sheets.protocol import ProtocolBook
from services.sheets.writing import Value
from services.words import word
from services.workplace import Workplace

DIFFERENT = 4
COLUMNS = ("what", "pupil_key", "full_name", "path", "before", "after", "entries")
_WIDTHS = (16, 14, 26, 44, 28, 28, 40)
_SECTIONS = ("rosters", "transcripts", "headcount")
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--from", "since", required=True, metavar="WHEN", help="The one moment.")
@click.option("--to", "until", metavar="WHEN", help="The other moment (default: now).")
@click.option("--on", required=True, metavar="DATE", help="The day that is looked at.")
@click.option("--from-on", metavar="DATE", help="The day of the one side, where it is another.")
@click.option("--pupil", metavar="KEY", help="One pupil only.")
@click.option("--class", "class_", metavar="CODE", help="One class only.")
@click.option("--unit", metavar="CODE", help="What stands under this unit only.")
@click.option("--xlsx", type=_FILE, metavar="FILE", help="Write it as a workbook too.")
@click.option("--cover", type=_FILE, metavar="FILE", help="Write positions and roots (CSV).")
@click.pass_obj
def compare(
    workplace: Workplace,
    since: str,
    until: str | None,
    on: str,
    from_on: str | None,
    pupil: str | None,
    class_: str | None,
    unit: str | None,
    xlsx: Path | None,
    cover: Path | None,
) -> int:
    """Every difference between two moments: class lists, transcripts field by field, head counts.

    Exit code 0: equal; 4: there are differences.
    """
    what = _what(pupil, class_, unit)
    day = parse_day(on)
    before = (parse_day(from_on) if from_on else day, parse_when(since))
    after = (day, parse_when(until))
    with open_views(workplace) as views:
        with showing("compare") as progress:
            answer = compare_sides(views, what, before=before, after=after, progress=progress)
        if xlsx is not None or cover is not None:
            _keep(workplace, views, answer, xlsx, cover)
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(COLUMNS, list(rows_of(answer)))
    else:
        _print_table(answer, workplace.lang)
    return 0 if answer["equal"] else DIFFERENT


def _what(pupil: str | None, class_: str | None, unit: str | None) -> Compared:
    given = [
        *([Compared("pupil", parse_key(pupil))] if pupil else []),
        *([Compared("class", class_)] if class_ else []),
        *([Compared("unit", unit)] if unit else []),
    ]
    if len(given) > 1:
        raise click.UsageError("give one of --pupil, --class, --unit, or none")
    return given[0] if given else WHOLE


def rows_of(answer: dict[str, Any], lang: str | None = None) -> Iterator[list[Value]]:
    """One row for each leaf that differs; with `lang` told in words."""
    for section in _SECTIONS:
        for found in answer[section]:
            for row in _sides(section, found):
                yield [*_who(section, found, lang), *row]


def _who(section: str, found: dict[str, Any], lang: str | None) -> list[Value]:
    kind = found.get("change", section)
    told = word(COMPARED, kind, lang) if lang else kind
    return [told, found.get("pupil_key"), found.get("full_name")]


def _sides(section: str, found: dict[str, Any]) -> Iterator[list[Value]]:
    """Field, before, after and the entries responsible."""
    sides: list[Any] = [found.get("before"), found.get("after")]
    if section == "rosters":
        classes = [side["class_code"] if side else None for side in sides]
        if found["change"] == "changed":
            yield from ([*line, None] for line in lines_of(str(classes[0]), *sides))
        else:
            yield ["class_code", *classes, None]
    elif section == "headcount":
        named = [v for k, v in found.items() if k not in ("before", "after")]
        yield ["/".join(str(one) for one in named), *sides, None]
    else:
        entries = ", ".join(f"@{one['position']} {one['type']}" for one in found["entries"])
        for line in lines_of(found["path"], *sides):
            yield [*line, entries or None]


def _print_table(answer: dict[str, Any], lang: str) -> None:
    sides = [f"{s['on']} @{s['known_at']['position']}" for s in (answer["from"], answer["to"])]
    headings = [word(AUDIT_COLUMNS, name, lang) for name in COLUMNS]
    print_table(" → ".join(sides), headings, list(rows_of(answer, lang)))


def _keep(
    workplace: Workplace,
    views: Views,
    answer: dict[str, Any],
    xlsx: Path | None,
    cover: Path | None,
) -> None:
    """The workbook, and the cover as a file of its own."""
    scope = answer["scope"]
    facts: list[tuple[str, Value]] = [(scope["kind"], scope["code"])]
    for side in ("from", "to"):
        known = cover_facts(workplace, views, answer[side])
        facts += [(f"{side} on", answer[side]["on"])]
        facts += [
            (f"{side} {name}", value) for name, value in known if not name.startswith("asked")
        ]
    facts += [(name, value) for name, value in known if name.startswith("asked")]
    facts.append(("lines", sum(1 for _ in rows_of(answer))))
    if xlsx is not None:
        _write_book(xlsx, answer, facts, workplace.lang)
    if cover is not None:
        write_cover(cover, facts)


def _write_book(
    path: Path, answer: dict[str, Any], facts: list[tuple[str, Value]], lang: str
) -> None:
    title = word(AUDIT_COVER, "comparison", lang)
    headings = [word(AUDIT_COLUMNS, name, lang) for name in COLUMNS]
    with ProtocolBook(path) as book:
        book.cover(word(AUDIT_COVER, "cover", lang), title, [(_told(n, lang), v) for n, v in facts])
        listing = book.listing(title, headings, _WIDTHS)
        for row in rows_of(answer, lang):
            listing.add(row)


_SIDE_WORDS = {"from": ("Thời điểm 1", "Moment 1"), "to": ("Thời điểm 2", "Moment 2")}


def _told(name: str, lang: str) -> str:
    side, space, fact = name.partition(" ")
    if not space:
        return word(AUDIT_COVER, name, lang)
    return f"{word(_SIDE_WORDS, side, lang)}: {word(AUDIT_COVER, fact, lang)}"
