"""`hocba transfer export` and `import`: the same conversation by file, without a network."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from ledger.event import Who
from services import case_acts
from services.arrival_screen import print_arrival
from services.case_table import print_files
from services.cases import case_answer, short_name
from services.commands.transfer import ledger_named, pupil_of, show_case, transfer
from services.files import cannot_write, require_writable
from services.offices import open_office
from services.output import print_csv, print_json
from services.reading import parse_day
from services.verification import explain, failure_answer
from services.workplace import Workplace
from transfer import by_file, file_courier, verifier
from transfer.errors import CheckFailed
from transfer.office import Office

NOT_OURS, PARTLY = 3, 4
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
WRITTEN = ("file", "kind", "issue", "to")
TAKEN = ("file", "kind", "case", "outcome", "code")


@transfer.command()
@click.option("--pupil", metavar="KEY", help="Whom to release into a file.")
@click.option("--to", "receiver", metavar="LEDGER", help="To whom.")
@click.option("--last-day", metavar="DATE")
@click.option("--case", type=click.UUID, help="Write every message of this transfer instead.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The file; a folder for the messages of a transfer.",
)
@click.pass_obj
def export(
    workplace: Workplace,
    pupil: str | None,
    receiver: str | None,
    last_day: str | None,
    case: UUID | None,
    out: Path,
) -> int:
    """Write a record, or every message of a transfer, to files.

    `--pupil KEY --to LEDGER` releases the pupil and writes the sealed record. `--case CASE`
    releases nothing: it writes what the other side has not answered yet.
    """
    if case is not None and (pupil, receiver, last_day) == (None, None, None):
        return _export_case(workplace, case, out)
    if case is not None or pupil is None or receiver is None:
        raise click.UsageError("name a transfer with --case, or a pupil with --pupil and --to")
    require_writable(out)
    with open_office(workplace) as (_, office, _):
        who = office.ledger.who(workplace.account)
        opened, data = by_file.export(
            office,
            pupil=pupil_of(office, pupil),
            to_ledger=ledger_named(office, receiver),
            last_day=parse_day(last_day) if last_day else None,
            today=date.today(),
            who=who,
        )
        write_file(out, data)
        return show_case(workplace, office, {**case_answer(office, opened), "file": str(out)})


def _export_case(workplace: Workplace, case: UUID, folder: Path) -> int:
    with open_office(workplace) as (_, office, _):
        found = file_courier.export_case(office, case)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from error
        written = []
        for message in found:
            write_file(folder / message.name, message.data)
            written.append(
                {
                    "file": str(folder / message.name),
                    "kind": message.kind,
                    "issue": message.issue,
                    "to": short_name(office.trust, message.receiver),
                }
            )
    _print(workplace, {"case": str(case), "files": written}, WRITTEN)
    return 0


def write_file(path: Path, data: bytes) -> None:
    """Puts a whole file in place. Raises Refused(`cannot_write`)."""
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


@dataclass(frozen=True, slots=True)
class _Read:
    """What became of one file, as the answer tells it."""

    answer: dict[str, Any]
    failure: CheckFailed | None
    sound: bool
    arrival: dict[str, Any] | None
    ours: bool


@transfer.command("import")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option("--pupil", metavar="KEY", help="Our own record of the child, for a record.")
@click.option("--new", is_flag=True, help="It is nobody whom we know.")
@click.pass_obj
def import_(workplace: Workplace, files: tuple[Path, ...], pupil: str | None, new: bool) -> int:
    """Take in messages handed over as files; a record is checked and the pupil taken in."""
    with open_office(workplace) as (_, office, _):
        who = office.ledger.who(workplace.account)
        read = [_take(office, path, pupil, new, who) for path in files]
        for one in read:
            if one.failure is not None:
                explain(one.failure, workplace.lang)
        if len(read) == 1 and read[0].answer["kind"] == "dossier":
            return _show_dossier(workplace, office, read[0])
    _print(workplace, {"files": [one.answer for one in read]}, TAKEN)
    if all(one.sound for one in read):
        return 0
    if any(one.sound for one in read):
        return PARTLY
    return CheckFailed.exit_code if any(one.ours for one in read) else NOT_OURS


def _show_dossier(workplace: Workplace, office: Office, read: _Read) -> int:
    if read.failure is None:
        shown = {**case_answer(office, UUID(read.answer["case"])), "report": read.arrival}
        code = show_case(workplace, office, shown)
        if workplace.format == "table" and read.arrival is not None:
            print_arrival(read.arrival, workplace.lang)
        return code
    if workplace.format == "json":
        print_json({name: read.answer[name] for name in ("file", "failure")})
    return read.failure.exit_code


def _take(office: Office, path: Path, pupil: str | None, new: bool, who: Who) -> _Read:
    data = path.read_bytes()
    kind, case, outcome = "unknown", None, "failed"
    failure: CheckFailed | None = None
    arrival: dict[str, Any] | None = None
    try:
        if file_courier.is_dossier(data):
            kind = "dossier"
            case, arrival = case_acts.import_dossier(
                office,
                data,
                pupil=pupil_of(office, pupil) if pupil else None,
                new=new,
                today=date.today(),
                who=who,
            )
            outcome = "done"
        else:
            taken = file_courier.take_file(office, data, who=who)
            kind, case, outcome, failure = taken.kind, taken.case, taken.outcome, taken.failure
    except CheckFailed as failed:
        failure = failed
    answer = {
        "file": str(path),
        "kind": kind,
        "case": str(case) if case else None,
        "outcome": outcome,
        "code": failure.code if failure else None,
        "failure": failure_answer(failure) if failure else None,
    }
    sound = outcome in ("done", "repeated")
    return _Read(answer, failure, sound, arrival, verifier.is_ours(data))


def _print(workplace: Workplace, answer: dict[str, Any], columns: tuple[str, ...]) -> None:
    rows = [[one[column] for column in columns] for one in answer["files"]]
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(columns, rows)
    else:
        print_files(columns, rows, workplace.lang)
