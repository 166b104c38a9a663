"""`hocba exchange …`: records for the national exchange, and ELMO for universities."""

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import click

from ledger.errors import NotFound
from ledger.ledger import Ledger
from projections.views import Views
from services.exchange import national as exchange_national
from services.exchange.codes import Codes, read_codes
from services.exchange.elmo import elmo_document
from services.exchange.issuing import issuer_of
from services.files import whole_file
from services.output import messages, print_csv, print_json, print_table
from services.reading import parse_day, parse_key, parse_when
from services.workplace import Workplace

_COLUMNS = ("pupil", "year", "field", "reason", "mend")
_PROGRESS_EVERY = 100


@click.group()
def exchange() -> None:
    """Records for other systems: the national exchange, universities abroad."""


@exchange.command()
@click.option("--school-year", required=True, metavar="YEAR", help="2024-2025.")
@click.option("--school", metavar="CODE", help="One school's pupils (default: everybody).")
@click.option("--pupil", metavar="KEY", help="One pupil: kind:value or a local key.")
@click.option("--on", required=True, metavar="DATE", help="The day the records are of.")
@click.option("--known-at", metavar="WHEN", help="@POSITION or an instant (default: now).")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for the files of records.",
)
@click.option(
    "--codes",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="CSV kind,key,code: the ministry's codes of subjects, schools, departments.",
)
@click.option("--dry-run", is_flag=True, help="Decide everything; write and record nothing.")
@click.pass_obj
def national(
    workplace: Workplace,
    school_year: str,
    school: str | None,
    pupil: str | None,
    on: str,
    known_at: str | None,
    out: Path,
    codes: Path | None,
    dry_run: bool,
) -> int:
    """Write the transcript records that are new, changed or void, and list what cannot go out.

    Exit code 4: some records could not be sent, 3: none could; each is listed with its mend.
    """
    if school is not None and pupil is not None:
        raise click.UsageError("--school and --pupil cannot be combined")
    day, when = parse_day(on), parse_when(known_at)
    key = None if pupil is None else parse_key(pupil)
    given = Codes() if codes is None else read_codes(codes)
    with workplace.open() as (_, ledger):
        order = exchange_national.Order(
            school_year=school_year,
            on=day,
            known_at=when,
            school=school,
            pupil=key,
            folder=out,
            dry_run=dry_run,
            codes=given,
            provinces=_provinces(workplace, day),
        )
        outcome = exchange_national.export(
            ledger,
            _views(workplace, ledger),
            order,
            who=ledger.who(workplace.account),
            report=_say,
        )
    _print(workplace, outcome)
    return outcome.exit_code


def _views(workplace: Workplace, ledger: Ledger) -> Views:
    names = {
        trusted.id: trusted.name
        for bundle in reversed(workplace.ledgers.trust.bundles())
        for trusted in bundle.ledgers
    }
    return Views(ledger, ledgers=names)


def _provinces(workplace: Workplace, on: date) -> dict[str, str]:
    """Short names of ledgers to what their provinces are called on the day."""
    found = {}
    for bundle in reversed(workplace.ledgers.trust.bundles()):
        for trusted in bundle.ledgers:
            labels = sorted(trusted.labels, key=lambda label: label.start)
            held = [label for label in labels if label.start <= on] or labels[:1]
            if held:
                found[trusted.name] = held[-1].name
    return found


def _say(done: int) -> None:
    if messages.is_terminal and done % _PROGRESS_EVERY == 0:
        messages.print(f"{done} pupils", markup=False)


def _print(workplace: Workplace, outcome: exchange_national.Outcome) -> None:
    if workplace.format == "json":
        print_json(
            {
                "known_at": outcome.known_at,
                "written": outcome.written,
                "unchanged": outcome.unchanged,
                "cancelled": outcome.cancelled,
                "unmapped": outcome.unmapped,
                "left_out": outcome.left_out,
                "files": outcome.files,
            }
        )
        return
    rows = [[row[name] for name in _COLUMNS] for row in outcome.unmapped]
    if workplace.format == "csv":
        print_csv(_COLUMNS, rows)
        return
    counts = (outcome.written, outcome.unchanged, outcome.cancelled)
    click.echo("written {}, unchanged {}, cancelled {}".format(*counts))
    for file in outcome.files:
        click.echo(file)
    if rows:
        print_table("not sent", _COLUMNS, rows)


@exchange.command()
@click.option("--pupil", required=True, metavar="KEY", help="kind:value or a local key.")
@click.option("--on", required=True, metavar="DATE", help="The day the transcript is of.")
@click.option("--known-at", metavar="WHEN", help="@POSITION or an instant (default: now).")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The XML file.",
)
@click.option("--url", default="", metavar="URL", help="The school's web page.")
@click.pass_obj
def elmo(
    workplace: Workplace, pupil: str, on: str, known_at: str | None, out: Path, url: str
) -> int:
    """Write one pupil's transcript as ELMO 1.7 (EMREX) for a university."""
    key, day, when = parse_key(pupil), parse_day(on), parse_when(known_at)
    with workplace.open() as (_, ledger):
        answer = _views(workplace, ledger).transcript(key, on=day, known_at=when)
        if not answer["years"]:
            raise NotFound("no_school_year", "the pupil has no school year on that day")
        document = elmo_document(answer, issuer_of(ledger, answer, url=url))
    _write(out, document)
    _say_written(workplace, answer, out, document)
    return 0


def _write(place: Path, document: bytes) -> None:
    with whole_file(place) as draft:
        draft.write_bytes(document)


def _say_written(workplace: Workplace, answer: dict[str, Any], out: Path, document: bytes) -> None:
    if workplace.format != "json":
        click.echo(str(out))
        return
    print_json(
        {
            "pupil_id": answer["pupil_id"],
            "pupil_key": answer["pupil_key"],
            "on": answer["on"],
            "known_at": answer["known_at"],
            "years": len(answer["years"]),
            "file": str(out),
            "sha256": hashlib.sha256(document).hexdigest(),
        }
    )
