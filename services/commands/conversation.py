"""The acts of a transfer's conversation: asking, releasing, declining, sending back, recalling,
holding, accepting."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from ledger.errors import Refused
from ledger.event import Who
from services import case_acts
from services.arrival_screen import print_arrival
from services.case_records import pupil_keys
from services.commands.transfer import (
    act_on,
    courier_of,
    ledger_named,
    pupil_of,
    transfer,
)
from services.identity_check import confirm_identity
from services.intake import release_matching
from services.output import print_csv, print_json, print_table
from services.progress import showing
from services.reading import parse_day
from services.words import CASE_COLUMNS, REASONS, word
from services.workplace import Workplace
from transfer import holding, returning
from transfer import recall as recalling
from transfer.inside import Move
from transfer.office import Office


@transfer.command()
@click.option("--pupil", required=True, metavar="KEY", help="Our own record of the child.")
@click.option("--from", "origin", required=True, metavar="LEDGER", help="Who has the history.")
@click.option("--school", required=True, metavar="CODE", help="Our school.")
@click.option("--first-day", required=True, metavar="DATE", help="First day at our school.")
@click.option("--case", type=click.UUID, help="The application that the head agreed to.")
@click.option(
    "--class", "class_code", metavar="CODE", help="Inside a ledger: the class that waits."
)
@click.pass_obj
def request(
    workplace: Workplace,
    pupil: str,
    origin: str,
    school: str,
    first_day: str,
    case: UUID | None,
    class_code: str | None,
) -> int:
    """Ask another ledger, or another school of this one, for a pupil (Đề nghị tiếp nhận)."""

    def act(office: Office, who: Who) -> UUID:
        return case_acts.request(
            office,
            Move(
                pupil=pupil_of(office, pupil),
                school_code=school,
                first_day=parse_day(first_day),
                class_code=class_code,
            ),
            case_id=case,
            from_ledger=ledger_named(office, origin, inside=True),
            who=who,
        )

    return act_on(workplace, act)


@transfer.command()
@click.argument("case", type=click.UUID, required=False)
@click.option("--all-matching", is_flag=True, help="Every request that names one pupil surely.")
@click.option("--dry-run", is_flag=True, help="With --all-matching: only list them.")
@click.option("--pupil", metavar="KEY", help="Which pupil of ours it is.")
@click.option("--last-day", metavar="DATE", help="Last day here (default: the day before).")
@click.pass_obj
def release(
    workplace: Workplace,
    case: UUID | None,
    all_matching: bool,
    dry_run: bool,
    pupil: str | None,
    last_day: str | None,
) -> int:
    """Confirm which pupil it is and hand the record over (Bàn giao hồ sơ).

    Inside one ledger it is the school left that consents; nobody has to say who it is. With
    --all-matching every request goes out that shares a personal number with one pupil alone, and
    name, birth date and sex with it; the others are listed for a person.
    """
    if all_matching != (case is None):
        raise click.UsageError("give either CASE or --all-matching")
    if case is None:
        return _release_matching(workplace, dry_run)

    def act(office: Office, who: Who) -> UUID:
        whom = pupil_of(office, pupil) if pupil else None
        if whom is not None:
            confirm_identity(workplace, office, case, whom)
        case_acts.release(
            office,
            case,
            pupil=whom,
            last_day=parse_day(last_day) if last_day else None,
            today=date.today(),
            who=who,
        )
        return case

    return act_on(workplace, act)


def _release_matching(workplace: Workplace, dry_run: bool) -> int:
    with courier_of(workplace) as (office, who, exchange):
        with showing("release") as progress:
            answer = release_matching(
                office, dry_run=dry_run, today=date.today(), who=who, progress=progress
            )
        exchange()
        told = answer["released"] + answer["left"]
        keys = pupil_keys(office, told)
    columns = ("case", "pupil", "reason")
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(columns, [[one.get(name) for name in columns] for one in told])
    else:
        rows = [
            [
                one["case"],
                keys.get(one["pupil"], one["pupil"]),
                word(REASONS, one["reason"], workplace.lang) if "reason" in one else None,
            ]
            for one in told
        ]
        names = ("case", "pupil", "failure")
        print_table(None, [word(CASE_COLUMNS, name, workplace.lang) for name in names], rows)
    return 0


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option("--reason", required=True, metavar="CODE")
@click.option("--pupil", metavar="KEY", help="Whom it asks for, to say where the record went.")
@click.pass_obj
def decline(workplace: Workplace, case: UUID, reason: str, pupil: str | None) -> int:
    """Refuse a request, for one of the four reasons there are."""

    def act(office: Office, who: Who) -> UUID:
        whom = pupil_of(office, pupil) if pupil else None
        case_acts.decline(office, case, reason=reason, pupil=whom, today=date.today(), who=who)
        return case

    return act_on(workplace, act)


def _reject(workplace: Workplace, case: UUID, reason: str) -> int:
    """One act, whose reasons say whether the record was here."""

    def act(office: Office, who: Who) -> UUID:
        case_acts.reject(office, case, reason=reason, today=date.today(), who=who)
        return case

    return act_on(workplace, act)


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option("--reason", required=True, metavar="CODE")
@click.pass_obj
def reject(workplace: Workplace, case: UUID, reason: str) -> int:
    """Send a record back (Trả lại hồ sơ): the origin manages it again."""
    return _reject(workplace, case, reason)


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option("--reason", required=True, metavar="CODE")
@click.pass_obj
def cancel(workplace: Workplace, case: UUID, reason: str) -> int:
    """Withdraw a request before the record is here (Rút đề nghị)."""
    return _reject(workplace, case, reason)


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option("--reason", required=True, metavar="CODE")
@click.option("--words", metavar="TEXT", help="The same in words; kept sealed.")
@click.pass_obj
def recall(workplace: Workplace, case: UUID, reason: str, words: str | None) -> int:
    """Want a record back that was sent wrongly (Thu hồi hồ sơ)."""

    def act(office: Office, who: Who) -> UUID:
        recalling.recall(office, case, reason=reason, words=words, today=date.today(), who=who)
        return case

    return act_on(workplace, act)


@transfer.command("return")
@click.argument("case", type=click.UUID)
@click.option("--reason", required=True, metavar="CODE")
@click.option("--last-day", metavar="DATE", help="Last day here.")
@click.pass_obj
def return_(workplace: Workplace, case: UUID, reason: str, last_day: str | None) -> int:
    """Undo an acceptance: the record goes back with all that was written since (Hủy tiếp nhận)."""

    def act(office: Office, who: Who) -> UUID:
        return returning.give_back(
            office,
            case,
            reason=reason,
            last_day=parse_day(last_day) if last_day else None,
            today=date.today(),
            who=who,
        )

    return act_on(workplace, act)


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option("--document", required=True, metavar="NUMBER", help="The paper that orders it.")
@click.option("--words", metavar="TEXT", help="Why; kept sealed.")
@click.pass_obj
def hold(workplace: Workplace, case: UUID, document: str, words: str | None) -> int:
    """Stop a case here (Tạm dừng theo văn bản số …)."""

    def act(office: Office, who: Who) -> UUID:
        holding.hold(office, case, document=document, words=words, on=date.today(), who=who)
        return case

    return act_on(workplace, act)


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option("--document", required=True, metavar="NUMBER", help="The paper that ends the hold.")
@click.pass_obj
def lift(workplace: Workplace, case: UUID, document: str) -> int:
    """End a hold."""

    def act(office: Office, who: Who) -> UUID:
        holding.lift(office, case, document=document, on=date.today(), who=who)
        return case

    return act_on(workplace, act)


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option(
    "--list",
    "remarks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A text file of what is still missing.",
)
@click.option("--class", "class_code", metavar="CODE", help="Inside a ledger: into which class.")
@click.option("--pupil", metavar="KEY", help="Which pupil of ours it is, where that was lost.")
@click.option("--new", is_flag=True, help="Where it was lost: it is nobody whom we know.")
@click.pass_obj
def accept(
    workplace: Workplace,
    case: UUID,
    remarks: Path | None,
    class_code: str | None,
    pupil: str | None,
    new: bool,
) -> int:
    """Take the record in and the pupil with it (Tiếp nhận); tell what is missing.

    What is missing is kept with the acceptance, after the lines of --list. Where this ledger was
    restored and lost which pupil it accepted, --pupil or --new says it.
    """
    report: dict[str, Any] = {}
    list_ = _remarks(remarks) if remarks else None

    def act(office: Office, who: Who) -> UUID:
        known = case_acts.case_of(office, case)
        said = pupil_of(office, pupil) if pupil is not None else None
        whom = known.pupil or said
        if whom is not None and known.state == "received":
            confirm_identity(workplace, office, case, whom)
        told = case_acts.accept(
            office,
            case,
            list_=list_,
            class_code=class_code,
            pupil=said,
            new=new,
            today=date.today(),
            who=who,
        )
        report.update(told)
        return case

    code = act_on(workplace, act, lambda: {"report": report})
    if workplace.format == "table":
        print_arrival(report, workplace.lang)
    return code


def _remarks(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(
            "not_utf8",
            f"{path.name} is no UTF-8 text",
            field="--list",
            suggestion="save it as text in UTF-8",
        ) from None
