"""What a verification of a dossier says: as an answer, and to a clerk."""

from typing import Any

from rich.console import Console
from rich.table import Table

from services.cases import short_name
from services.output import messages
from services.words import FAILURES, OUTCOMES, STEPS, word
from signing.truststore import TrustStore
from transfer.checks import Report
from transfer.errors import CheckFailed


def verification_answer(trust: TrustStore, report: Report) -> dict[str, Any]:
    """The answer of `transfer verify`: contract, JSON answers."""
    dossier = report.dossier
    header = report.frame.header if report.frame else None
    carried = sum(len(s.entries) for s in dossier.streams) if dossier else None
    return {
        "ok": report.ok,
        "pupil": str(dossier.pupil) if dossier else None,
        "from": short_name(trust, header.sender) if header else None,
        "to": short_name(trust, header.receiver) if header else None,
        "entries": carried,
        "erased": report.erased,
        "root": dossier.last_hop.root if dossier else None,
        "transcript_digest": dossier.digest.value if dossier else None,
        "steps": [{"n": step.n, "name": step.name, "ok": step.ok} for step in report.steps],
        "failure": failure_answer(report.failure) if report.failure else None,
    }


def failure_answer(failure: CheckFailed) -> dict[str, Any]:
    """Step, code and detail of a failed check."""
    return {"step": failure.step, "code": failure.code, "detail": failure.detail}


def print_verification(report: Report, lang: str) -> None:
    """The steps for people, and what a failure means; a dash is a step that was not checked."""
    marks = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[dim]–[/]"}
    table = Table(show_header=False, box=None)
    for step in report.steps:
        table.add_row(str(step.n), marks[step.ok], word(STEPS, step.name, lang))
    Console().print(table)
    if report.failure is not None:
        explain(report.failure, lang)
    elif report.dossier is None:
        messages.print(f"hocba: {word(OUTCOMES, 'not_opened', lang)}", markup=False)


def explain(failure: CheckFailed, lang: str) -> None:
    """Says in a sentence what a failed check means, with step and code."""
    sentence = word(FAILURES, failure.code, lang)
    messages.print(f"hocba: {sentence} [{failure.step} {failure.code}]", markup=False)
