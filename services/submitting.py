"""Handing a report in: its figures at the newest position, shown, then recorded with the root."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger.batch import Line
from ledger.database import Connection
from ledger.errors import NotFound
from ledger.ledger import Ledger
from ledger.log import instant_text
from ledger.school_year import SchoolYear
from ledger.submission import SubmitReport, submit_reports
from projections.reports.frame import Question
from projections.views import Views

Root = Callable[[Connection, int], bytes]
"""The root of the log's prefix of a size: `Notary.root_at`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What is to be handed in; `on` None: the day of the occasion."""

    name: str
    unit: str
    preset: str
    school_year: SchoolYear
    on: date | None
    head: str | None


class Submitting:
    """One report of one unit, from its figures to the entry."""

    def __init__(self, ledger: Ledger, views: Views, root: Root, *, account: str) -> None:
        """Raises NotAllowed where there is no such account."""
        self._ledger = ledger
        self._views = views
        self._root = root
        self._who = ledger.who(account)

    def figures(self, wanted: Report) -> dict[str, Any]:
        """The report's answer at the newest position.

        Raises:
            NotFound: `unknown_unit`.
            Refused: `unknown_preset`.
            ProjectionStopped: an entry about units or classes cannot be read.
        """
        day = wanted.on or self._views.preset_day(wanted.preset, wanted.school_year)
        question = Question(
            on=day,
            unit=wanted.unit,
            school_year=wanted.school_year.label,
            preset=wanted.preset,
        )
        return self._views.report(wanted.name, question)

    def hand_in(self, wanted: Report, figures: dict[str, Any], *, today: date) -> dict[str, Any]:
        """Records the figures as handed in; the same again is unchanged.

        Raises:
            Refused: as `ledger.submission.decide_submission`; `unknown_staff`.
        """
        position = figures["known_at"]["position"]
        with self._ledger.database.connection() as connection:
            root = self._root(connection, position + 1).hex()
        command = SubmitReport(
            report=wanted.name,
            preset=wanted.preset,
            unit_code=wanted.unit,
            school_year=wanted.school_year.label,
            on=date.fromisoformat(figures["on"]),
            position=position,
            size=position + 1,
            root=root,
            digest=figures["digest"],
            head=wanted.head,
            submitted_on=today,
        )
        done, verdicts = self._ledger.carry_out(submit_reports, [Line(1, command)], who=self._who)
        (verdict,) = verdicts
        if verdict.refused is not None:
            if verdict.refused.code == "unknown_unit":
                raise NotFound(verdict.refused.code, verdict.refused.message)
            raise verdict.refused
        return {
            "report": wanted.name,
            "unit": wanted.unit,
            "preset": wanted.preset,
            "school_year": wanted.school_year.label,
            "on": figures["on"],
            "known_at": figures["known_at"],
            "digest": figures["digest"],
            "root": root,
            "totals": figures["totals"],
            "exceptions": len(figures["exceptions"]),
            "head": wanted.head,
            "state": "submitted" if done.appended else "unchanged",
            "position": done.last_position,
            "recorded_at": instant_text(done.recorded_at) if done.recorded_at else None,
        }
