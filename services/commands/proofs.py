"""`hocba checkpoint`, `hocba prove`, `hocba verify`: what anybody can check for themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.progress import Progress

from ledger import inspection, log
from ledger.errors import LogAltered, NotFound
from ledger.inspection import Inspection
from ledger.ledger import Ledger
from projections.errors import ProjectionStopped
from projections.views import engine_of
from services.offices import notary_of
from services.output import messages, print_csv, print_json, print_table
from services.workplace import Workplace
from signing import merkle

VERIFICATION_FAILED = 10


@click.command()
@click.pass_obj
def checkpoint(workplace: Workplace) -> int:
    """Sign the log as it stands and print the checkpoint."""
    with workplace.open() as (profile, ledger), ledger.database.connection() as connection:
        fence = workplace.ledgers.fence(profile, ledger)
        fence.require_no_restore(connection)
        try:
            made = notary_of(workplace.ledgers, profile, ledger).checkpoint(connection)
            fence.remember_place(connection)
        except LogAltered as error:
            messages.print(f"hocba: {error}", style="bold", markup=False)
            return VERIFICATION_FAILED
    answer = {"size": made.size, "root": made.root.hex(), "note": made.note}
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(list(answer), [list(answer.values())])
    else:
        click.echo(made.note, nl=False)
    return 0


@click.command()
@click.option("--entry", "entry", required=True, metavar="POSITION", help="The entry to prove.")
@click.pass_obj
def prove(workplace: Workplace, entry: str) -> int:
    """Prove that an entry stands in the log, under a checkpoint that covers it."""
    position = _position(entry)
    with workplace.open() as (profile, ledger), ledger.database.connection() as connection:
        notary = notary_of(workplace.ledgers, profile, ledger)
        end = log.head(connection).size
        if position >= end:
            raise NotFound("position_not_found", f"the log has no entry @{position} yet")
        try:
            signed = notary.latest(connection)
            if signed is None or signed.size <= position:
                workplace.ledgers.fence(profile, ledger).require_no_restore(connection)
                signed = notary.checkpoint(connection)
        except LogAltered as error:
            messages.print(f"hocba: {error}", style="bold", markup=False)
            return VERIFICATION_FAILED
        leaf = notary.leaf(connection, position)
        proof = notary.inclusion_proof(connection, position, signed.size)
    merkle.verify_inclusion(
        index=position, size=signed.size, leaf_hash=leaf, proof=proof, root=signed.root
    )
    answer: dict[str, Any] = {
        "position": position,
        "size": signed.size,
        "leaf": leaf.hex(),
        "proof": [digest.hex() for digest in proof],
        "root": signed.root.hex(),
        "note": signed.note,
    }
    if workplace.format == "json":
        print_json(answer)
    else:
        rows = [[name, value] for name, value in answer.items() if name not in ("proof", "note")]
        rows += [[f"proof {n}", digest] for n, digest in enumerate(answer["proof"])]
        _print_rows(workplace, ["name", "value"], rows)
    return 0


@click.command()
@click.pass_obj
def verify(workplace: Workplace) -> int:
    """Make everything again from the stored bytes and compare; list what differs."""
    with workplace.open(renew=False) as (profile, ledger):
        notary = notary_of(workplace.ledgers, profile, ledger)
        with ledger.database.connection() as connection, _progress() as progress:
            found = inspection.inspect(notary, connection, progress)
        projections = _projections(ledger, found)
    answer = {
        "size": found.size,
        "root": found.root.hex(),
        "checkpoints": found.checkpoints,
        "entries_checked": found.entries_checked,
        "states_compared": found.states_compared,
        "projections": projections,
        "failures": [
            {"kind": failure.kind, "position": failure.position, "detail": failure.detail}
            for failure in found.failures
        ],
    }
    if workplace.format == "json":
        print_json(answer)
    else:
        rows = [[f.kind, f.position, f.detail] for f in found.failures]
        if rows or workplace.format == "csv":
            _print_rows(workplace, ["kind", "position", "detail"], rows)
        if not found.states_compared:
            messages.print(
                "the current states were made by an older version and were not compared; "
                "the next command folds them anew, or `hocba rebuild states`",
                markup=False,
            )
        messages.print(
            f"{found.entries_checked} entries and {found.checkpoints} checkpoints checked, "
            f"{len(found.failures)} failures; root {found.root.hex()} at size {found.size}",
            markup=False,
        )
    return VERIFICATION_FAILED if found.failures else 0


def _projections(ledger: Ledger, found: Inspection) -> list[dict[str, Any]]:
    """Name, digest and equality of every projection, made again beside the standing one; what
    differs or cannot be made is added to the failures."""
    engine = engine_of(ledger)
    answers: list[dict[str, Any]] = []
    for name in engine.names:
        try:
            made = engine.rebuild(name, keep=True)
        except ProjectionStopped as error:
            found.fail("projection", error.position, str(error))
            answers.append({"name": name, "digest": None, "equal": False})
            continue
        answers.append({"name": name, "digest": made.before, "equal": made.equal})
        if not made.equal:
            found.fail("projection", None, f"{name} is not what the log gives; run hocba rebuild")
    return answers


def _position(text: str) -> int:
    """A position as it is written anywhere: 17 or @17."""
    digits = text.removeprefix("@")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        raise click.BadParameter("a position is a number: 17 or @17", param_hint="--entry")
    return int(digits)


def _print_rows(workplace: Workplace, columns: list[str], rows: list[list[Any]]) -> None:
    if workplace.format == "csv":
        print_csv(columns, rows)
    else:
        print_table(None, columns, rows)


@contextmanager
def _progress() -> Iterator[inspection.Progress]:
    """A bar on a terminal, nothing elsewhere."""
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as bar:
        task = bar.add_task("verify", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show
