"""What a verification of a dossier says: as an answer, and to a clerk."""

from collections import Counter
from itertools import zip_longest
from typing import Any, get_args

from rich.console import Console

from ledger.events.pupil import Released
from projections.transcript import FoldEntry, fold_transcript
from services.cases import short_name
from services.output import messages
from services.transcript_table import print_years, shown_day
from services.words import EVIDENCE, FAILURES, OUTCOMES, STEPS, UNCHECKED, word
from signing.truststore import TrustStore
from transfer.checks import NO_KEY, Report, Step
from transfer.dossier import Inspector
from transfer.errors import CheckFailed
from transfer.evidence import State
from transfer.identity import carried_profile

STATES: tuple[State, ...] = get_args(State)


def verification_answer(trust: TrustStore, report: Report) -> dict[str, Any]:
    """The answer of `transfer verify`: contract, JSON answers.

    `custody` is whose the record is as the file has it: who the last release went to. What has
    become of it since no file can know.
    """
    dossier = report.dossier
    header = report.frame.header if report.frame else None
    disclosed = report.disclosed.header if report.disclosed else None
    sender = header.sender if header else disclosed.sender if disclosed else None
    aud = dossier.aud if dossier else None
    hops = _hops(trust, report)
    return {
        "ok": report.ok,
        "form": "disclosed" if disclosed else "sealed" if header else None,
        "pupil": str(dossier.pupil) if dossier else None,
        "from": short_name(trust, sender) if sender else None,
        "to": short_name(trust, header.receiver) if header else None,
        "inspector": aud.inspector if isinstance(aud, Inspector) else None,
        "custody": hops[-1]["to"] if hops else None,
        "entries": len(dossier.carried) if dossier else None,
        "erased": report.erased if report.held(11) else None,
        "root": dossier.last_hop.root if dossier else None,
        "transcript_digest": dossier.digest.value if dossier else None,
        "hops": hops,
        "signatures": _signatures(report) if report.held(11) else None,
        "record": _record(report),
        "steps": [_step(step) for step in report.steps],
        "failure": failure_answer(report.failure) if report.failure else None,
    }


def _step(step: Step) -> dict[str, Any]:
    return {"n": step.n, "name": step.name, "ok": step.ok, "reason": step.reason}


def _hops(trust: TrustStore, report: Report) -> list[dict[str, Any]]:
    """Every release on the way, once the checks have read them; the log's size once proven."""
    if report.dossier is None or not report.held(8):
        return []
    found = []
    for hop, checkpoint in zip_longest(
        report.dossier.hops, report.shown[: len(report.dossier.hops)]
    ):
        event = hop.release.read.event
        assert isinstance(event, Released)
        found.append(
            {
                "from": short_name(trust, hop.ledger),
                "to": short_name(trust, event.to_ledger),
                "day": event.effective_on.isoformat(),
                "entries": hop.entries,
                "checkpoint_size": checkpoint.checkpoint.size if checkpoint else None,
                "consistent_with": list(checkpoint.consistent_with) if checkpoint else [],
                "witnesses": list(checkpoint.witnesses) if checkpoint else [],
            }
        )
    return found


def _record(report: Report) -> dict[str, Any] | None:
    """Of a record that was disclosed, and holds: whose it is, and its years. Who has the file may
    read it; of a sealed one only what is in clear is told."""
    dossier = report.dossier
    if report.disclosed is None or dossier is None or not report.ok:
        return None
    profile = carried_profile(dossier, report.entries)
    entries = [
        FoldEntry(read.ledger, read.stream, read.version, read.event) for read in report.entries
    ]
    years = fold_transcript(entries, pupil=dossier.pupil, on=dossier.digest.on).years
    return {
        "full_name": profile.full_name if profile else None,
        "birth_date": profile.birth_date if profile else None,
        "on": dossier.digest.on.isoformat(),
        "years": years,
    }


def _print_record(report: Report, lang: str) -> None:
    record = _record(report)
    if record is None or report.dossier is None:
        return
    aud = report.dossier.aud
    if isinstance(aud, Inspector):
        print(f"{word(OUTCOMES, 'shown_to', lang)}: {aud.inspector}")
    born, on = (shown_day(record[name], lang) for name in ("birth_date", "on"))
    print(" · ".join(part for part in (record["full_name"], born, on) if part))
    print_years(record["years"], lang)


def _signatures(report: Report) -> dict[str, dict[str, Any]]:
    """Of sheets, closings and names: how many are signed, and by whom (as certificates say)."""
    found: dict[str, dict[str, Any]] = {}
    for part in ("sheet", "closing", "naming"):
        known = [evidence for evidence in report.evidence if evidence.part == part]
        counts = Counter(evidence.state for evidence in known)
        found[part] = {
            **{state: counts[state] for state in STATES},
            "by": sorted({evidence.by for evidence in known if evidence.by is not None}),
        }
    return found


def failure_answer(failure: CheckFailed) -> dict[str, Any]:
    """Step, code and detail of a failed check."""
    return {"step": failure.step, "code": failure.code, "detail": failure.detail}


def print_verification(trust: TrustStore, report: Report, lang: str) -> None:
    """The steps for people, each checked, failed or not checked and why; then what it comes to,
    in one sentence."""
    console = Console(soft_wrap=True, highlight=False)
    for step in report.steps:
        name = word(STEPS, step.name, lang)
        console.print(f"{step.n:>2} {_mark(step)} {name}{_why(step, lang)}")
    for line in _told(trust, report, lang):
        console.print(line, markup=False)
    _print_record(report, lang)
    if report.failure is not None:
        explain(report.failure, lang)
    else:
        messages.print(f"hocba: {word(OUTCOMES, _outcome(report), lang)}", markup=False)


def _mark(step: Step) -> str:
    return {True: "[green]✓[/]", False: "[red]✗[/]", None: "[dim]–[/]"}[step.ok]


def _why(step: Step, lang: str) -> str:
    if step.ok is not None:
        return ""
    why = word(UNCHECKED, step.reason or "", lang)
    return f" [dim]({word(OUTCOMES, 'not_checked', lang)}: {why})[/]"


def _told(trust: TrustStore, report: Report, lang: str) -> list[str]:
    """The way of the record, and what of it people have signed."""
    lines = [f"{hop['day']}: {hop['from']} → {hop['to']}" for hop in _hops(trust, report)]
    if report.held(11):
        for part, counts in _signatures(report).items():
            told = [f"{word(EVIDENCE, s, lang)} {counts[s]}" for s in STATES if counts[s]]
            if told:
                lines.append(f"{word(EVIDENCE, part, lang)}: {', '.join(told)}")
        if report.erased:
            lines.append(f"{word(EVIDENCE, 'erased', lang)}: {report.erased}")
    return lines


def _outcome(report: Report) -> str:
    if any(step.reason == NO_KEY for step in report.steps):
        return "not_opened"
    return "sound_disclosed" if report.disclosed else "sound"


def explain(failure: CheckFailed, lang: str) -> None:
    """Says in a sentence what a failed check means, with step and code."""
    sentence = word(FAILURES, failure.code, lang)
    messages.print(f"hocba: {sentence} [{failure.step} {failure.code}]", markup=False)
