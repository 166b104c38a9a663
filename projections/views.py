"""The reads: roster, transcript and audit of one ledger, each by (on, known at).

An answer is a function of the two dates alone: the same question gets the same bytes for ever
(an erasure later nulls the person's fields). `at_least` reads one's own writes: the answer is of
the newest prefix, which holds at least that position.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

from ledger.database import Connection
from ledger.errors import NotFound
from ledger.growth.channels import Boundary
from ledger.ledger import Ledger
from ledger.presets import preset_day
from ledger.school_year import SchoolYear
from projections.audit.reading import (
    EVERYTHING,
    Audit,
    AuditQuestion,
    Progress,
    audit_of_pupil,
    audit_of_scope,
)
from projections.audit.scope import Scope
from projections.calendars import read_calendars
from projections.engine import Engine
from projections.health import Health, read_health
from projections.history import FoldEntry
from projections.identity_checks import IdentityChecks
from projections.identity_view import read_identity_view
from projections.moment import Moment, When, resolve
from projections.names import Names
from projections.people import People
from projections.persons import Key, find_person
from projections.projection import Projection
from projections.pupil_log import (
    PupilLog,
    own_name,
    read_identity,
    read_pupil_log,
    school_names,
)
from projections.reports.board import BoardQuestion, read_board
from projections.reports.frame import Question, read_report
from projections.reports.registry import REPORTS
from projections.reports.submissions import Handed, read_submission
from projections.roster import Roster, read_roster
from projections.stays import Stays
from projections.structure import Structure, find_class
from projections.transcript import fold_transcript
from projections.tree import read_tree
from projections.unit_list import unit_list

PROJECTIONS: tuple[Projection, ...] = (
    *(Structure(), People(), Roster(), Health()),
    *(Stays(), IdentityChecks()),
)
"""Every projection there is."""


def engine_of(ledger: Ledger) -> Engine:
    """The engine over all projections of an opened ledger."""
    return Engine(ledger.database, ledger=ledger.id, projections=PROJECTIONS)


class Views:
    """The reads of one opened ledger."""

    def __init__(self, ledger: Ledger, *, ledgers: Mapping[UUID, str] | None = None) -> None:
        """`ledgers` are short names of other ledgers (from the trust bundle)."""
        self._ledger = ledger
        self._ledgers = ledgers or {}
        self.engine = engine_of(ledger)

    @property
    def ledger(self) -> Ledger:
        """The ledger that is read."""
        return self._ledger

    def roster(
        self, class_: str, *, on: date, known_at: When = None, at_least: int | None = None
    ) -> dict[str, Any]:
        """The class list: contract, JSON answers, roster.

        Raises:
            NotFound: `unknown_class`, `position_not_found`, `before_first_entry`.
            Refused: `future_instant`.
            Conflict: `ambiguous_class`.
            ProjectionStopped: an entry of that prefix cannot be folded.
        """
        with self._ledger.database.connection() as connection:
            moment = self._moment(connection, known_at, at_least)
            self.engine.require(connection, moment.size, "structure", "people", "roster")
            found = find_class(connection, class_, size=moment.size, on=on)
            return read_roster(self._ledger, connection, found, on=on, moment=moment)

    def transcript(
        self, key: Key, *, on: date, known_at: When = None, at_least: int | None = None
    ) -> dict[str, Any]:
        """Every school year of a pupil: contract, JSON answers, transcript.

        Raises:
            NotFound: `unknown_pupil`, `position_not_found`, `before_first_entry`.
            Refused: `future_instant`.
            Conflict: `ambiguous_key`.
            DamagedEntry: an entry about the pupil cannot be read.
        """
        with self._ledger.database.connection() as connection:
            moment = self._moment(connection, known_at, at_least)
            known = self._pupil(connection, key, moment)
            names = self._names(connection, known, on, moment)
            folded = fold_transcript(
                map(FoldEntry.of, known.entries), pupil=known.person, on=on, names=names
            )
            identity = read_identity(self._ledger, connection, known, on=on)
            return {
                "pupil_id": str(known.person),
                "pupil_key": identity.key,
                "on": on.isoformat(),
                "known_at": moment.known_at,
                "profile": identity.profile,
                "years": folded.years,
                "digest": folded.digest,
            }

    def identity(
        self, key: Key, *, on: date, known_at: When = None, at_least: int | None = None
    ) -> dict[str, Any]:
        """Who a pupil is: identifiers, checks, case, conflicts, links and candidates.

        Raises:
            NotFound, Refused, Conflict, DamagedEntry: as for `transcript`.
        """
        with self._ledger.database.connection() as connection:
            moment = self._moment(connection, known_at, at_least)
            known = self._pupil(connection, key, moment)
            names = self._ledger_names(connection)
            return read_identity_view(
                self._ledger, connection, known, on=on, moment=moment, names=names
            )

    def health(
        self,
        key: Key,
        *,
        on: date,
        known_at: When = None,
        at_least: int | None = None,
        boundary: Boundary = "exclusive",
    ) -> dict[str, Any]:
        """A pupil's measurements up to `on` with z-scores and channels: what the printed health
        book is made from. Raises as `transcript`."""
        with self._ledger.database.connection() as connection:
            moment = self._moment(connection, known_at, at_least)
            known = self._pupil(connection, key, moment)
            identity = read_identity(self._ledger, connection, known, on=on)
            names = self._ledger_names(connection)
            measurements = read_health(
                self._ledger, connection, known, identity, on=on, names=names, boundary=boundary
            )
            return {
                "pupil_id": str(known.person),
                "pupil_key": identity.key,
                "on": on.isoformat(),
                "known_at": moment.known_at,
                "profile": identity.profile,
                "boundary": boundary,
                "measurements": measurements,
            }

    def audit(
        self, key: Key, *, since: When = None, until: When = None, asked: AuditQuestion = EVERYTHING
    ) -> dict[str, Any]:
        """Every entry about a pupil after the prefix `since` up to `until`: contract, audit.

        Raises:
            NotFound, Refused, Conflict, DamagedEntry: as for `transcript`.
        """
        with self._ledger.database.connection() as connection:
            moment = resolve(connection, until)
            return audit_of_pupil(
                self._ledger,
                connection,
                self._pupil(connection, key, moment),
                start=None if since is None else resolve(connection, since),
                until=moment,
                names=self._ledger_names(connection),
                asked=asked,
            )

    @contextmanager
    def audit_of(
        self,
        scope: Scope,
        *,
        since: When = None,
        until: When = None,
        asked: AuditQuestion = EVERYTHING,
        progress: Progress = lambda done, total: None,
    ) -> Iterator[Audit]:
        """The same of a class, unit, teacher or account, as a stream; see `audit_of_scope`.

        Raises:
            NotFound: `unknown_class`, `unknown_unit`, and as for `transcript`.
        """
        with self._ledger.database.connection() as connection:
            yield audit_of_scope(
                self._ledger,
                connection,
                self.engine,
                scope,
                start=None if since is None else resolve(connection, since),
                until=resolve(connection, until),
                names=self._ledger_names(connection),
                asked=asked,
                progress=progress,
            )

    def report(self, name: str, question: Question, *, known_at: When = None) -> dict[str, Any]:
        """A report (`registry.REPORTS`): contract, JSON answers, report.

        Raises:
            NotFound: `unknown_unit`, `position_not_found`, `before_first_entry`.
            Refused: `future_instant`.
            ProjectionStopped: an entry about units or classes cannot be read.
        """
        with self._ledger.database.connection() as connection:
            moment = resolve(connection, known_at)
            return read_report(
                self._ledger,
                self.engine,
                connection,
                REPORTS,
                name,
                question=question,
                moment=moment,
            )

    def preset_day(self, preset: str, school_year: SchoolYear, *, known_at: When = None) -> date:
        """The day that the figures of an occasion are of, by the calendar known then.

        Raises:
            Refused: `unknown_preset`, `future_instant`.
            NotFound: as for `report`.
        """
        with self._ledger.database.connection() as connection:
            moment = resolve(connection, known_at)
            settings = read_calendars(connection, self._ledger.id, size=moment.size)
            return preset_day(preset, school_year, settings.calendar(school_year))

    def submitted(self, position: int) -> tuple[Handed, dict[str, Any]]:
        """A report handed in by the entry at `position`, and its figures as they are found again
        from the prefix it names.

        Raises:
            NotFound: `not_a_submission`, and as for `report`.
        """
        with self._ledger.database.connection() as connection:
            size = resolve(connection, None).size
            handed = read_submission(connection, position, size=size)
        question, known_at = handed.question, handed.said.position
        return handed, self.report(handed.said.report, question, known_at=known_at)

    def board(self, asked: BoardQuestion, *, known_at: When = None) -> dict[str, Any]:
        """Who handed reports in, who did not, what changed since: `board`.

        Raises:
            NotFound: `unknown_unit`, `position_not_found`, `before_first_entry`.
            Refused: `unknown_preset`, `future_instant`.
        """

        def compute(name: str, question: Question, position: int) -> dict[str, Any]:
            return self.report(name, question, known_at=position)

        with self._ledger.database.connection() as connection:
            moment = resolve(connection, known_at)
            self.engine.require(connection, moment.size, "structure")
            return read_board(connection, self._ledger.id, asked, moment=moment, compute=compute)

    def units(self, *, on: date, known_at: When = None, under: str | None = None) -> dict[str, Any]:
        """The tree of units in force on a day, and the units closed by then: `unit_list`.

        Raises:
            NotFound: `unknown_unit`, `position_not_found`, `before_first_entry`.
            Refused: `future_instant`.
        """
        with self._ledger.database.connection() as connection:
            moment = self._moment(connection, known_at, None)
            self.engine.require(connection, moment.size, "structure")
            tree = read_tree(connection, on=on, size=moment.size)
            return unit_list(tree, moment=moment, under=under)

    def _moment(self, connection: Connection, when: When, at_least: int | None) -> Moment:
        moment = resolve(connection, when)
        if at_least is not None and moment.position < at_least:
            raise NotFound("position_not_found", f"the log has no entry @{at_least} yet")
        return moment

    def _pupil(self, connection: Connection, key: Key, moment: Moment) -> PupilLog:
        person = find_person(self._ledger, connection, key, size=moment.size)
        return read_pupil_log(connection, person, size=moment.size)

    def _names(self, connection: Connection, known: PupilLog, on: date, moment: Moment) -> Names:
        schools = {
            (entry.envelope.author, code)
            for entry in known.entries
            if (code := getattr(entry.event, "school_code", None)) is not None
        }
        found = school_names(self._ledger, connection, sorted(schools), on=on, size=moment.size)
        return Names(self._ledger_names(connection).ledgers, found.schools, found.provinces)

    def _ledger_names(self, connection: Connection) -> Names:
        return Names({**self._ledgers, self._ledger.id: own_name(connection)})
