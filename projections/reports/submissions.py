"""Reports handed in: the entries themselves, read from the streams of their units."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger import ids, log
from ledger.database import Connection
from ledger.errors import NotFound
from ledger.events.unit import ReportSubmitted
from ledger.log import Entry, instant_text
from ledger.school_year import SchoolYear
from projections.reports.frame import Question


@dataclass(frozen=True, slots=True)
class Handed:
    """A report handed in: the entry's own place, who recorded it, and what it says."""

    position: int
    recorded_at: datetime
    by: str
    said: ReportSubmitted

    @property
    def question(self) -> Question:
        """What was asked to get the figures."""
        return Question(
            on=self.said.on,
            unit=self.said.unit_code,
            school_year=self.said.school_year,
            preset=self.said.preset,
        )

    @property
    def document(self) -> dict[str, object]:
        """As an answer shows it; `figures_position` is the prefix that the figures are of."""
        said = self.said
        return {
            "position": self.position,
            "recorded_at": instant_text(self.recorded_at),
            "submitted_on": said.effective_on.isoformat(),
            "by": self.by,
            "head": said.head,
            "report": said.report,
            "unit": said.unit_code,
            "preset": said.preset,
            "school_year": said.school_year,
            "on": said.on.isoformat(),
            "figures_position": said.position,
            "size": said.size,
            "root": said.root,
            "digest": said.digest,
            "replaces": said.replaces,
        }


def _handed(entry: Entry) -> Handed:
    assert isinstance(entry.event, ReportSubmitted)
    return Handed(entry.position, entry.recorded_at, entry.envelope.who.recorded_by, entry.event)


def read_submission(connection: Connection, position: int, *, size: int) -> Handed:
    """The report handed in by the entry at `position`.

    Raises:
        NotFound: `not_a_submission`.
        DamagedEntry: the entry cannot be read.
    """
    if position < size:
        topics = [ReportSubmitted.TOPIC]
        for page in log.pages(connection, start=position, end=position + 1, topics=topics):
            return _handed(page[0])
    raise NotFound(
        "not_a_submission",
        f"entry @{position} is no report handed in; `hocba board` names their positions",
    )


def read_submissions(
    connection: Connection, ledger: UUID, units: Iterable[str], *, size: int
) -> dict[str, list[Handed]]:
    """What each of `units` handed in, in the order of the log; a unit without any is left out.

    Raises:
        DamagedEntry: one of the entries cannot be read.
    """
    streams = [ids.unit_stream(ledger, code) for code in units]
    found: dict[str, list[Handed]] = {}
    for entry in log.of_streams(connection, streams, size=size, topics=[ReportSubmitted.TOPIC]):
        handed = _handed(entry)
        found.setdefault(handed.said.unit_code, []).append(handed)
    return found


def of_occasion(
    handed: Iterable[Handed], *, report: str, preset: str, school_year: SchoolYear
) -> list[Handed]:
    """Those of one report, occasion and school year."""
    occasion = (report, preset, school_year.label)
    return [
        one
        for one in handed
        if (one.said.report, one.said.preset, one.said.school_year) == occasion
    ]
