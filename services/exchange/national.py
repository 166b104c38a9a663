"""The national exchange: which transcript records go out, as what, written and remembered.

    gather   a pupil's year where it ended at a school of this ledger
    map      to the primary or secondary table; validate against the dictionary
    compare  with what went out last: NEW, UPDATE, CANCEL, or nothing
    write    files of records, whole or not at all
    record   what was sent, in the pupils' year streams: only now does it count as sent

Cut off between the last two steps, the next run gives the same records the same versions, and
the receiver, who takes the greatest version once, has nothing twice.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.batch import Line
from ledger.codes import Stage, stage_of
from ledger.database import Connection
from ledger.errors import DamagedEntry, NotFound, Refused, WrongKey
from ledger.event import Who
from ledger.exchange import RecordSent, next_sending, record_sent
from ledger.ledger import Ledger
from ledger.pupil_year import PupilYear, Sent
from ledger.reader import Reader
from ledger.school_year import SchoolYear
from projections.moment import When, resolve
from projections.persons import Key, find_person
from projections.tables import Statement
from projections.tree import read_tree
from projections.views import Views
from services.exchange.codes import Codes
from services.exchange.fields import PRIMARY, SECONDARY
from services.exchange.gather import Gatherer, PupilYears
from services.exchange.mends import mend
from services.exchange.outfile import Outfile, without
from services.exchange.primary import primary_content
from services.exchange.record import EXCHANGE, Content, Envelope, Gap, enveloped, record_id
from services.exchange.secondary import secondary_content
from services.exchange.sendings import Sendings
from services.exchange.stays import comes_later
from services.exchange.validation import violations

CHUNK = 500
"""Pupils whose states are read, and sendings that are recorded, in one go."""

LAST_GRADE = 12
"""Groups of preschool (13-18) have no transcript."""

_STREAM = sa.table(
    "stream",
    *(sa.column(name) for name in ("person", "ledger", "kind", "school_year")),
    schema="ledger",
)
_PUPILS_OF_YEAR = Statement(
    sa.select(_STREAM.c.person)
    .where(
        _STREAM.c.kind == "pupil_year",
        _STREAM.c.ledger == sa.bindparam("ledger", type_=sa.Uuid),
        _STREAM.c.school_year == sa.bindparam("year", type_=sa.Text),
    )
    .order_by(_STREAM.c.person)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to export. `school` and `pupil` narrow it; `pupil` None and `school` None: everybody."""

    school_year: str
    on: date
    known_at: When
    school: str | None
    pupil: Key | None
    folder: Path
    dry_run: bool
    codes: Codes
    provinces: Mapping[str, str]


@dataclass(slots=True)
class Outcome:
    """What became of it. `unmapped` and `left_out` are {pupil, year, field, reason, mend}."""

    written: int = 0
    unchanged: int = 0
    cancelled: int = 0
    unmapped: list[dict[str, str | None]] = field(default_factory=list)
    left_out: list[dict[str, str | None]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    known_at: dict[str, Any] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 done; 4 some records could not be sent; 3 none could."""
        if not self.unmapped:
            return 0
        return 4 if self.written + self.unchanged + self.cancelled else 3


def export(
    ledger: Ledger,
    views: Views,
    order: Order,
    *,
    who: Who,
    report: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Writes the records that are due into `order.folder` and remembers them as sent.

    A dry run does neither. `report` is told how many pupils are done.

    Raises:
        Refused: `date_outside_school_year`, the day lies before the year; `bad_school_year`.
        NotFound, Conflict: as the reads; `unknown_unit`.
        OSError: the folder cannot be written; nothing was recorded.
    """
    year = SchoolYear.parse(order.school_year)
    if order.on < year.start:
        raise Refused(
            "date_outside_school_year",
            f"school year {year.label} begins on {year.start}",
            field="on",
            suggestion="export on a day after the year was closed",
        )
    with ledger.database.connection() as connection:
        moment = resolve(connection, order.known_at)
        views.engine.require(connection, moment.size, "structure")
        if order.school is not None:
            _require_school(connection, order.school, order.on, moment.size)
        gatherer = Gatherer(
            ledger,
            views,
            connection,
            on=order.on,
            moment=moment,
            provinces=order.provinces,
        )
        run = _Run(gatherer, connection, order)
        with ExitStack() as stack:
            for done, person in enumerate(_persons(ledger, connection, order, moment.size), 1):
                run.take(person, stack)
                report(done)
            if order.dry_run:
                return run.outcome
            run.finish()
    run.remember(ledger, who)
    return run.outcome


def _require_school(connection: Connection, code: str, on: date, size: int) -> None:
    if read_tree(connection, on=on, size=size).known(code) is None:
        raise NotFound("unknown_unit", f"no unit {code} was known; name a school by its code")


def _persons(
    ledger: Ledger, connection: Connection, order: Order, size: int
) -> Iterator[tuple[UUID, PupilYear]]:
    """The pupils with a year here whose records may be due, with the year's state now."""
    if order.pupil is not None:
        people = [find_person(ledger, connection, order.pupil, size=size)]
    else:
        parameters = {"ledger": ledger.id, "year": order.school_year}
        people = [row[0] for row in _PUPILS_OF_YEAR.run(connection, parameters).fetchall()]
    for start in range(0, len(people), CHUNK):
        chunk = people[start : start + CHUNK]
        reader = Reader(connection, ledger.keyring, ledger.id)
        pupils = reader.pupils(chunk)
        years = reader.years([(person, order.school_year) for person in chunk], columns=())
        for person in chunk:
            state, year = pupils[person], years[person, order.school_year]
            if state is None or year is None:
                continue
            schools = {change.school for change in state.changes} | {year.school}
            if order.school is None or order.school in schools or year.sent:
                yield person, year


class _Run:
    """One export on its way."""

    def __init__(self, gatherer: Gatherer, connection: Connection, order: Order) -> None:
        self._gatherer = gatherer
        self._order = order
        self._ledger = gatherer.ledger
        self._sendings = Sendings(gatherer.ledger, connection)
        self._files: dict[str, Outfile] = {}
        self._sent: list[RecordSent] = []
        moment = gatherer.moment
        self.outcome = Outcome(known_at=moment.known_at)
        # The prefix's position stands in the name: a later export never has an earlier's name.
        self._stem = f"{order.school_year}_p{moment.position}"

    def take(self, found: tuple[UUID, PupilYear], stack: ExitStack) -> None:
        """Decides the records of one pupil and writes those that are due."""
        person, year = found
        try:
            pupil = self._gatherer.pupil(person)
            facts = self._gatherer.facts(pupil, self._order.school_year)
        except NotFound:  # registered after the moment asked for
            return
        except (DamagedEntry, WrongKey) as error:
            gap = Gap(field="idbanghi", reason=error.code, mend=mend("idbanghi", error.code))
            self._list(self.outcome.unmapped, f"id:{person}", [gap])
            return
        asked = facts is not None and self._order.school in (None, facts.school.code)
        if facts is not None and asked and facts.grade <= LAST_GRADE:
            map_ = primary_content if facts.grade <= 5 else secondary_content
            content = map_(facts, self._order.codes, on=self._order.on)
            id = record_id(self._ledger.id, person, self._order.school_year, facts.school.code)
            self._offer(pupil, year, id, content, stack)
        for school in self._left(pupil, year, None if facts is None else facts.school.code):
            id = record_id(self._ledger.id, person, self._order.school_year, school)
            table = PRIMARY if stage_of(year.grade) is Stage.PRIMARY else SECONDARY
            self._offer(pupil, year, id, Content(table=table), stack, gone=True)

    def _left(self, pupil: PupilYears, year: PupilYear, here: str | None) -> Iterator[str]:
        """Schools under which a record was sent that is none any more."""
        own = pupil.known.own
        if not any(sent.event != "CANCEL" for sent in year.sent.values()):
            return
        schools = {change.school for change in own.changes} | {year.school}
        schools |= set(self._sendings.schools(own.id))
        for school in sorted(schools):
            asked = self._order.school in (None, school)
            if not asked or school == here:
                continue
            if not comes_later(own, school, self._order.school_year, self._order.on):
                yield school

    def _offer(
        self,
        pupil: PupilYears,
        year: PupilYear,
        record: UUID,
        content: Content,
        stack: ExitStack,
        *,
        gone: bool = False,
    ) -> None:
        last = year.sent.get(f"{EXCHANGE}/{record}")
        due = next_sending(last, None if gone else content.digest)
        if due is None:
            self.outcome.unchanged += not gone
            return
        envelope = Envelope(
            record=record,
            act=due.act,
            version=due.version,
            recorded_at=self._gatherer.moment.recorded_at,
        )
        sent = enveloped(content, envelope)
        gaps = [*self._forbidden(pupil, year, last), *content.gaps]
        named = {gap.field for gap in content.gaps}
        gaps += [gap for gap in violations(sent) if gap.field not in named]
        if gaps:
            self._list(self.outcome.unmapped, pupil.key, gaps)
            return
        self._list(self.outcome.left_out, pupil.key, content.left_out)
        self.outcome.cancelled += gone
        self.outcome.written += not gone
        if self._order.dry_run:
            return
        self._file(content.table, stack).write(sent)
        self._sent.append(
            RecordSent(
                pupil=pupil.known.person,
                school_year=self._order.school_year,
                exchange=EXCHANGE,
                record=record,
                act=due.act,
                version=due.version,
                digest=content.digest,
                on=self._order.on,
            )
        )

    def _forbidden(self, pupil: PupilYears, year: PupilYear, last: Sent | None) -> Iterator[Gap]:
        """Why a sound record is not sent now: not ours any more, or newer than what is asked."""
        if self._sendings.released(pupil.known.person):
            yield _gap("pupil_released")
        elif last is not None and self._sendings.newer(
            pupil.known.person, year.school_year, last, self._gatherer.moment.size
        ):
            yield _gap("sent_later")

    def _list(self, into: list[dict[str, str | None]], key: str, gaps: Iterable[Gap]) -> None:
        into.extend(
            {
                "pupil": key,
                "year": self._order.school_year,
                "field": gap.field,
                "reason": gap.reason,
                "mend": gap.mend,
            }
            for gap in gaps
        )

    def _file(self, table: str, stack: ExitStack) -> Outfile:
        if table not in self._files:
            self._order.folder.mkdir(parents=True, exist_ok=True)
            file = Outfile(self._order.folder, f"{table}_{self._stem}")
            self._files[table] = stack.enter_context(file)
        return self._files[table]

    def finish(self) -> None:
        """Moves the files to their places, whole."""
        self.outcome.files = [str(self._files[table].finish()) for table in sorted(self._files)]

    def remember(self, ledger: Ledger, who: Who) -> None:
        """Records what was sent; what another export, or a release, overtook meanwhile is taken
        out of the files again and listed."""
        overtaken: list[RecordSent] = []
        for start in range(0, len(self._sent), CHUNK):
            chunk = self._sent[start : start + CHUNK]
            lines = [Line(n, command) for n, command in enumerate(chunk)]
            _, verdicts = ledger.carry_out(record_sent, lines, who=who)
            for verdict in verdicts:
                if verdict.refused is not None:
                    overtaken.append(chunk[verdict.at])
                    gap = _gap(verdict.refused.code)
                    self._list(self.outcome.unmapped, f"id:{chunk[verdict.at].pupil}", [gap])
        if overtaken:
            gone = {str(command.record) for command in overtaken}
            self.outcome.files = [str(f) for f in self.outcome.files if without(Path(f), gone)]
            cancelled = sum(command.act == "CANCEL" for command in overtaken)
            self.outcome.cancelled -= cancelled
            self.outcome.written -= len(overtaken) - cancelled


def _gap(reason: str) -> Gap:
    return Gap(field="idbanghi", reason=reason, mend=mend("idbanghi", reason))
