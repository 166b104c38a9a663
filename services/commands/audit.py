"""`hocba audit`: every entry and what it changed, by pupil, class, unit, teacher or account."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import click

from ledger.errors import NotFound
from ledger.identity_check import VIETNAM
from projections.audit.flags import FLAGS, LATE_AFTER
from projections.audit.reading import AuditQuestion
from projections.audit.scope import Scope, ScopeKind
from projections.moment import When, resolve
from projections.views import Views
from services.audit_lines import (
    BookSink,
    Counter,
    CsvSink,
    JsonSink,
    Sink,
    TableSink,
    cover_facts,
    write_cover,
)
from services.audit_words import AUDIT_COVER
from services.output import print_json
from services.progress import showing
from services.reading import open_views, parse_day, parse_key, parse_when
from services.sheets.protocol import ProtocolBook
from services.sheets.writing import Value
from services.words import word
from services.workplace import Workplace

_FILE = click.Path(dir_okay=False, path_type=Path)
_SCOPES: tuple[ScopeKind, ...] = ("class", "unit", "teacher", "account")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Output:
    """Where the answer goes beside standard output."""

    xlsx: Path | None
    cover: Path | None


@click.command()
@click.option("--pupil", metavar="KEY", help="kind:value or a local key.")
@click.option("--class", "class_", metavar="CODE", help="A class: code or school/year/name.")
@click.option("--unit", metavar="CODE", help="A school, or any unit above.")
@click.option("--teacher", metavar="STAFF", help="What this member of staff answers for.")
@click.option("--recorded-by", metavar="NAME", help="What this account recorded.")
@click.option("--from", "since", metavar="WHEN", help="Entries after this moment (exclusive).")
@click.option("--to", "until", metavar="WHEN", help="Entries up to this moment (default: now).")
@click.option("--period", metavar="FROM..TO", help="Entries recorded on these days instead.")
@click.option("--flag", "flags", multiple=True, type=click.Choice(FLAGS), help="Only these.")
@click.option(
    "--late-after",
    type=click.IntRange(min=0),
    default=LATE_AFTER,
    show_default=True,
    metavar="DAYS",
    help="From when on an entry is late.",
)
@click.option("--xlsx", type=_FILE, metavar="FILE", help="Write it as a workbook too.")
@click.option("--cover", type=_FILE, metavar="FILE", help="Write position, root and digest (CSV).")
@click.pass_obj
def audit(
    workplace: Workplace,
    pupil: str | None,
    class_: str | None,
    unit: str | None,
    teacher: str | None,
    recorded_by: str | None,
    since: str | None,
    until: str | None,
    period: str | None,
    flags: tuple[str, ...],
    late_after: int,
    xlsx: Path | None,
    cover: Path | None,
) -> int:
    """Every entry and what it changed: before, after, who, why, and what stands out."""
    given = dict(zip(_SCOPES, (class_, unit, teacher, recorded_by), strict=True))
    scopes = [Scope(kind, code) for kind, code in given.items() if code is not None]
    if len(scopes) + (pupil is not None) != 1:
        raise click.UsageError("give one of --pupil, --class, --unit, --teacher, --recorded-by")
    asked = AuditQuestion(flags=frozenset(flags), late_after=late_after)
    output = _Output(xlsx=xlsx, cover=cover)
    with open_views(workplace) as views:
        start, end = _moments(views, since, until, period)
        if pupil is not None:
            answer = views.audit(parse_key(pupil), since=start, until=end, asked=asked)
            entries = answer.pop("entries")
            key = answer["pupil_key"]
            lines = ({"pupil_key": key, **entry} for entry in entries)
            if workplace.format == "json":
                print_json({**answer, "entries": entries})
            named = ("pupil", key or answer["pupil_id"])
            _write(workplace, views, answer, lines, named=named, asked=asked, output=output)
            return 0
        with (
            showing("audit") as progress,
            views.audit_of(
                scopes[0], since=start, until=end, asked=asked, progress=progress
            ) as read,
        ):
            named = (scopes[0].kind, scopes[0].code)
            _write(workplace, views, read.head, read.lines, named=named, asked=asked, output=output)
    return 0


def _moments(
    views: Views, since: str | None, until: str | None, period: str | None
) -> tuple[When, When]:
    """The moments of --from and --to, or the ends of the days of --period in Vietnam."""
    if period is None:
        return parse_when(since), parse_when(until)
    first, dots, last = period.partition("..")
    if since is not None or until is not None or not dots:
        raise click.UsageError("--period is FROM..TO, two days, and stands without --from and --to")
    start, end = parse_day(first), parse_day(last)
    if end < start:
        raise click.UsageError("--period ends before it begins")
    today = datetime.now(VIETNAM).date()
    return _before(views, start), None if end == today else _last_of(end)


def _before(views: Views, day: date) -> When:
    """The last microsecond before a day; None before the first entry."""
    instant = _last_of(date.fromordinal(day.toordinal() - 1))
    try:
        with views.ledger.database.connection() as connection:
            return resolve(connection, instant).position
    except NotFound:
        return None


def _last_of(day: date) -> datetime:
    return datetime.combine(day, time.max, VIETNAM)


def _write(
    workplace: Workplace,
    views: Views,
    head: dict[str, Any],
    lines: Any,
    *,
    named: tuple[str, str],
    asked: AuditQuestion,
    output: _Output,
) -> None:
    """Sends every line to standard output and, where asked for, into the workbook."""
    counter = Counter()
    printed = _printed(workplace, head, named)
    with _book(output.xlsx) as book:
        sinks: list[Sink] = [counter, *([printed] if printed else [])]
        if book is not None:
            sinks.append(BookSink(book, workplace.lang))
        for line in lines:
            for sink in sinks:
                sink.add(line)
        for sink in sinks:
            sink.end()
        if book is None and output.cover is None:
            return
        facts = _facts(workplace, views, head, named, asked, counter)
        if book is not None:
            words = [(word(AUDIT_COVER, name, workplace.lang), value) for name, value in facts]
            title = word(AUDIT_COVER, "audit", workplace.lang)
            book.cover(word(AUDIT_COVER, "cover", workplace.lang), title, words)
    if output.cover is not None:
        digest = [("sha256", printed.sha256)] if isinstance(printed, CsvSink) else []
        write_cover(output.cover, [*facts, *digest])


def _printed(workplace: Workplace, head: dict[str, Any], named: tuple[str, str]) -> Sink | None:
    """What writes to standard output; None where the answer stands there already."""
    if workplace.format == "csv":
        return CsvSink()
    if workplace.format == "json":
        return None if named[0] == "pupil" else JsonSink(head)
    what = word(AUDIT_COVER, named[0], workplace.lang)
    return TableSink(f"{what} {named[1]} · @{head['known_at']['position']}", workplace.lang)


@contextmanager
def _book(path: Path | None) -> Iterator[ProtocolBook | None]:
    with nullcontext() if path is None else ProtocolBook(path) as book:
        yield book


def _facts(
    workplace: Workplace,
    views: Views,
    head: dict[str, Any],
    named: tuple[str, str],
    asked: AuditQuestion,
    counter: Counter,
) -> list[tuple[str, Value]]:
    start = head["from"]
    return [
        named,
        ("from", start["position"] if start else None),
        *cover_facts(workplace, views, head),
        ("flags", ", ".join(flag for flag in FLAGS if flag in asked.flags) or None),
        ("late_after", asked.late_after),
        ("lines", counter.lines),
    ]
