"""What one record is made of, in plain values: a pupil's school year, where it ended.

Everything is as known in one prefix of the log and as it holds on one day; personal parts are
open. Nothing here reads a database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of staff as a record names them: full name and personal number (None: unknown)."""

    name: str | None
    number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A unit of the tree: code and name."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    """A school: its name when the record was issued, its place in the tree on the export's day."""

    code: str
    name: str
    commune: Place | None
    district: Place | None
    province: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """A line of quá trình học tập. `arrived_on` where the pupil came from another school."""

    school_year: str
    class_name: str | None
    school_name: str | None
    province_name: str | None
    arrived_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A mention (award, certificate, competition) with its text."""

    kind: str
    code: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class YearFacts:
    """One pupil's one school year at the school where it ended.

    `year` is that of the transcript answer (contract), `before` the same on the day before the
    first re-assessment or summer decision (`year` itself where there is none). `comments` are
    the newest texts by (subject or None for the homeroom teacher's, time); `teachers` by subject.
    `closed_on` is the day of the year's last closing that stands.
    """

    ledger: UUID
    pupil: UUID
    pupil_key: str | None
    year: Mapping[str, Any]
    before: Mapping[str, Any]
    profile: Mapping[str, Any]
    personal_id: str | None
    moet_code: str | None
    school: School
    class_name: str | None
    homeroom: Person | None
    head: Person | None
    head_title: str | None
    teachers: Mapping[str, Person]
    comments: Mapping[tuple[str | None, str], str]
    mentions: tuple[Told, ...]
    height_cm: str | None
    weight_kg: str | None
    summer_training: str | None
    closed_on: date | None
    attended: tuple[Attended, ...]
    recorded_at: datetime

    @property
    def school_year(self) -> str:
        """`2024-2025`."""
        return str(self.year["school_year"])

    @property
    def grade(self) -> int:
        """The pupil's grade in that year."""
        return int(self.year["grade"])

    @property
    def regulation(self) -> str:
        """The regulation the year was assessed by (`ledger.assessment.regime.Regulation`)."""
        return str(self.year["regulation"])
