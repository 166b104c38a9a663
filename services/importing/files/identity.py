"""Lines of identity_checks.csv and links.csv."""

from typing import Literal, get_args
from uuid import UUID

from ledger.errors import Refused
from ledger.events.staff import IdentityOutcome
from ledger.identity import LinkKind, LinkLine, RecordCheck
from ledger.identity_causes import CAUSES
from ledger.identity_check import Check, FollowUpTold
from services.importing import values
from services.importing.bearings import Bearings
from services.importing.line_keys import Cells

_WHO: tuple[Literal["pupil", "staff"], ...] = ("pupil", "staff")
_OUTCOMES: tuple[IdentityOutcome, ...] = get_args(IdentityOutcome)
_LINKS: tuple[LinkKind, ...] = get_args(LinkKind)
_CASE = ("remedy", "due_on", "responsible", "outcome")


def check(cells: Cells, at: Bearings) -> RecordCheck:
    """A check and, where a cause is given, the case made of it; a note belongs to the case where
    there is one.

    Raises:
        Refused: `unknown_kind`, `unknown_pupil`, `ambiguous_pupil`, `unknown_identity_status`,
            `bad_instant`, `bad_date`, `cause_missing`, `unknown_cause`, `unknown_outcome`.
    """
    case = _case(cells)
    return RecordCheck(
        person=_person(cells, at),
        check=Check(
            status=values.one_of(
                cells["status"], values.IDENTITY_STATUSES, "status", "unknown_identity_status"
            ),
            checked_at=values.instant(cells["checked_at"], "checked_at"),
            note=None if case else cells["note"] or None,
            follow_up=case,
        ),
    )


def _person(cells: Cells, at: Bearings) -> UUID | str:
    if values.one_of(cells["who"], _WHO, "who", "unknown_kind") == "staff":
        return cells["key"]
    return pupil_at(cells["key"], at, "key")


def pupil_at(key: str, at: Bearings, column: str) -> UUID:
    """The pupil under a key of the file; a refusal names `column`."""
    try:
        return at.pupil(key)
    except Refused as refused:
        raise Refused(
            refused.code, refused.message, field=column, suggestion=refused.suggestion
        ) from refused


def _case(cells: Cells) -> FollowUpTold | None:
    cause = cells["cause"]
    if not cause:
        if any(cells[column] for column in _CASE):
            raise Refused(
                "cause_missing",
                "a remedy, a day, a person or an outcome needs the cause it is about",
                field="cause",
                suggestion=", ".join(CAUSES),
            )
        return None
    outcome = cells["outcome"] or "open"
    return FollowUpTold(
        cause=values.one_of(cause, tuple(CAUSES), "cause", "unknown_cause"),
        remedy=cells["remedy"] or None,
        due_on=values.optional_day(cells["due_on"], "due_on"),
        responsible=cells["responsible"] or None,
        outcome=values.one_of(outcome, _OUTCOMES, "outcome", "unknown_outcome"),
        note=cells["note"] or None,
    )


def link(cells: Cells, at: Bearings) -> LinkLine:
    """What a person says of two records.

    Raises:
        Refused: `unknown_kind`, `unknown_pupil`, `ambiguous_pupil`, `bad_date`.
    """
    return LinkLine(
        kind=values.one_of(cells["kind"], _LINKS, "kind", "unknown_kind"),
        pupil=at.pupil(cells["pupil_key"]),
        other=pupil_at(cells["other_key"], at, "other_key"),
        reason=cells["reason"],
        effective_on=values.optional_day(cells["effective_on"], "effective_on"),
    )
