"""`hocba transfer supplement`: what was proposed after a release, sent, looked at and decided."""

import json
from datetime import date
from typing import Any
from uuid import UUID

import click

from ledger.errors import Refused
from ledger.reader import Reader
from services.case_table import SENTENCES, print_proposals
from services.cases import case_answer, short_name
from services.commands.transfer import courier_of, transfer
from services.output import messages, print_csv, print_json
from services.words import word
from services.workplace import Workplace
from transfer import supplement as proposing
from transfer import supplement_decision
from transfer.cases import require_case
from transfer.office import Office
from transfer.supplement import Accept, Choice
from transfer.supplement_review import Proposal, Review

COLUMNS = ("id", "year", "subject", "what", "before", "after", "conflict", "decided")


@transfer.command()
@click.argument("case", type=click.UUID)
@click.option("--accept", metavar="all|none|ID,…", help="Which to accept; the others are refused.")
@click.option("--reason", default="not_accepted", metavar="CODE", help="Why the others are not.")
@click.pass_obj
def supplement(workplace: Workplace, case: UUID, accept: str | None, reason: str) -> int:
    """Send late marks and corrections to who has the pupil, or decide about them there.

    Without --accept: the author sends what is new, the other side sees what came (Hồ sơ bổ sung).
    """
    with courier_of(workplace) as (office, who, exchange):
        if accept is not None:
            choice = Choice(_accept(accept), reason)
            before = supplement_decision.look(office, case, today=date.today()).proposals
            review = supplement_decision.decide(
                office, case, choice=choice, today=date.today(), who=who
            )
            exchange()
            if all(one.decided is not None for one in before):
                messages.print(f"hocba: {word(SENTENCES, 'over', workplace.lang)}", markup=False)
            # What the decision says now, with the results as it changed them.
            told = supplement_decision.look(office, case, today=date.today())
            return _show(
                workplace, office, case, Review(told.proposals, review.before, review.after)
            )
        if _proposes(office, case):
            proposing.offer(office, case, today=date.today(), who=who)
            exchange()
        return _show(
            workplace, office, case, supplement_decision.look(office, case, today=date.today())
        )


def _accept(text: str) -> Accept:
    if text == "all":
        return "all"
    if text == "none":
        return "none"
    try:
        return tuple(UUID(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise Refused(
            "unknown_proposal",
            "a proposal is named by its id",
            field="--accept",
            suggestion="all, none, or ids with commas between",
        ) from None


def _proposes(office: Office, case_id: UUID) -> bool:
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        case = require_case(reader, case_id)
        pupil = reader.pupils([case.pupil])[case.pupil] if case.pupil is not None else None
        return proposing.is_author(case, pupil)


def _show(workplace: Workplace, office: Office, case: UUID, review: Review) -> int:
    proposals = [_line(office, one) for one in review.proposals]
    results = {"before": dict(review.before), "after": dict(review.after)}
    answer = {**case_answer(office, case), "proposals": proposals, "results": results}
    if workplace.format == "json":
        print_json(answer)
        return 0
    for line in proposals:
        for name in ("before", "after"):
            if not isinstance(line[name], str | None):
                line[name] = json.dumps(line[name], ensure_ascii=False)
    if workplace.format == "csv":
        print_csv(COLUMNS, [[line[column] for column in COLUMNS] for line in proposals])
    else:
        print_proposals(answer, workplace.lang)
    return 0


def _line(office: Office, proposal: Proposal) -> dict[str, Any]:
    effect = proposal.effect
    return {
        "id": str(proposal.id),
        "author": short_name(office.trust, proposal.offered.author),
        "year": proposal.year,
        "subject": effect.subject,
        "what": effect.what,
        "before": effect.before,
        "after": effect.after,
        "text": proposal.offered.text,
        "effective_on": proposal.offered.proposed.effective_on.isoformat(),
        "conflict": effect.conflict,
        "decided": proposal.decided,
    }
