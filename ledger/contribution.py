"""What each ledger wrote of one pupil's school year, and what all of them together say.

Nothing is merged in storage: each ledger's pupil-year is folded on its own (`pupil_year.evolve`)
and the facts are laid beside each other here, in the order of custody. Results taken from paper
stand among them with their school's name; where both exist, what was entered goes before them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ledger.events.pupil_year import Form
from ledger.pupil_year import Closing, Dated, Decision, Exemption, PaperFact, PupilYear


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one ledger wrote of the year.

    `covered` are (last version, hop) in rising order for the entries a release covers; later
    versions have hop `current`. `accepted` are (version, hop) of proposals that were accepted:
    they stand where their acceptance stands.
    """

    ledger: UUID
    year: PupilYear
    covered: tuple[tuple[int, int], ...]
    current: int
    accepted: tuple[tuple[int, int], ...] = ()

    def hop(self, version: int) -> int:
        """The number of accepted releases before the one that first covers the entry."""
        for proposed, hop in self.accepted:
            if proposed == version:
                return hop
        if not self.covered:
            return self.current
        index = bisect_left([last for last, _ in self.covered], version)
        return self.covered[index][1] if index < len(self.covered) else self.current


def in_custody_order(contributions: Iterable[Contribution]) -> list[Contribution]:
    """The ledgers that wrote of a year, first the one whose entries were released first."""
    return sorted(contributions, key=lambda part: (part.hop(1), part.ledger, part.year.pupil))


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark with its author: where it stands and what it holds.

    `school` is a code, of a mark from paper the school's name. Marks of one `writer` never share
    a slot; those of two do.
    """

    ledger: UUID
    school: str
    slot: str
    hop: int
    value: str
    tested_on: date
    paper: bool
    writer: tuple[int, str]


@dataclass(frozen=True, slots=True)
class Column:
    """The marks of one subject in one term (0: a primary year's)."""

    form: Form
    marks: tuple[Mark, ...]
    required: tuple[str, ...]


def columns(contributions: Sequence[Contribution]) -> dict[tuple[str, int], Column]:
    """Every (subject, term) that has a mark, with the most slots that anybody asked for."""
    marks: dict[tuple[str, int], list[Mark]] = {}
    required: dict[tuple[str, int], tuple[str, ...]] = {}
    forms: dict[tuple[str, int], Form] = {}
    for key, form, slots, mark in _marks(contributions):
        marks.setdefault(key, []).append(mark)
        if len(slots) > len(required.setdefault(key, ())):
            required[key] = slots
        if form != "test" or key not in forms:
            forms[key] = form
    return {key: Column(forms[key], tuple(marks[key]), required[key]) for key in marks}


def _marks(
    contributions: Sequence[Contribution],
) -> Iterator[tuple[tuple[str, int], Form, tuple[str, ...], Mark]]:
    for index, part in enumerate(contributions):
        for (subject, semester, slot), filled in part.year.slots.items():
            hop = part.hop(filled.version)
            mark = Mark(
                *(part.ledger, filled.school, slot, hop, filled.value, filled.tested_on),
                paper=False,
                writer=(index, ""),
            )
            yield (subject, semester), filled.form, filled.required, mark
        for fact in part.year.paper:
            if fact.kind == "mark" and fact.subject and fact.slot and fact.value and fact.form:
                hop = part.hop(fact.version)
                mark = Mark(
                    *(part.ledger, fact.school_name, fact.slot, hop, fact.value, fact.on),
                    paper=True,
                    writer=(index, fact.school_name),
                )
                semester = int(fact.semester) if fact.semester in ("1", "2") else 0
                yield (fact.subject, semester), fact.form, fact.required, mark


def last(contributions: Sequence[Contribution], field: str, key: str) -> str | None:
    """The value of a dated fact (`field` of the state): the later day decides, then the later
    ledger, then the later entry."""
    facts: list[tuple[date, int, int, str]] = []
    for part in contributions:
        known: dict[str, Dated] = getattr(part.year, field)
        if key in known:
            fact = known[key]
            facts.append((fact.on, part.hop(fact.version), fact.version, fact.value))
    return max(facts)[3] if facts else None


def stated(
    contributions: Sequence[Contribution],
    kind: str,
    *,
    semester: str | None = None,
    subject: str | None = None,
) -> str | None:
    """What a paper transcript states of a term or the year; of several the last taken."""
    fitting = [
        (part.hop(fact.version), fact.version, fact.value)
        for part in contributions
        for fact in part.year.paper
        if (fact.kind, fact.subject, fact.semester or "CN") == (kind, subject, semester or "CN")
        and fact.value
    ]
    return max(fitting)[2] if fitting else None


def stated_subjects(contributions: Sequence[Contribution]) -> set[str]:
    """The subjects of which a paper transcript states an average."""
    return {
        fact.subject
        for part in contributions
        for fact in part.year.paper
        if fact.kind == "average" and fact.subject
    }


def paper_schools(contributions: Sequence[Contribution]) -> list[PaperFact]:
    """One result of each school known from paper, in the order they were taken."""
    found: dict[str, PaperFact] = {}
    for part in contributions:
        for fact in sorted(part.year.paper, key=lambda fact: fact.version):
            found.setdefault(fact.school_name, fact)
    return list(found.values())


def absences(contributions: Sequence[Contribution]) -> tuple[int | None, int | None]:
    """Sessions missed in the year, excused and unexcused: each stay's CN count, or else its
    terms' counts; summed. A paper count without the distinction is taken as excused."""
    stays: dict[tuple[UUID, str], dict[str, str]] = {}
    for part in contributions:
        for key, counted in part.year.absences.items():
            period, _, school = key.partition("/")
            stays.setdefault((part.ledger, school), {})[period] = counted.value
        for fact in part.year.paper:
            if fact.kind == "absence" and fact.value:
                period = {"1": "HK1", "2": "HK2"}.get(fact.semester or "", "CN")
                stay = stays.setdefault((part.ledger, f"paper:{fact.school_name}"), {})
                stay[period] = fact.value
    if not stays:
        return None, None
    totals = [0, 0]
    for counts in stays.values():
        used = [counts["CN"]] if "CN" in counts else list(counts.values())
        for count in used:
            for index, part_count in enumerate(count.split("/")):
                totals[index] += int(part_count)
    return totals[0], totals[1]


def decisions(contributions: Sequence[Contribution]) -> list[Decision]:
    """Every head's decision about the year, in the order in which they count."""
    dated = [
        (known.on, part.hop(known.version), known.version, known)
        for part in contributions
        for known in part.year.decisions
    ]
    return [entry[3] for entry in sorted(dated, key=lambda entry: entry[:3])]


def closings(contributions: Sequence[Contribution]) -> dict[str, Closing]:
    """The closing in force of each period, whoever made it, the last made last."""
    made = [
        (part.hop(known.version), known.version, known)
        for part in contributions
        for known in part.year.closings
    ]
    return {closing.period: closing for *_, closing in sorted(made, key=lambda one: one[:2])}


def exemptions(contributions: Sequence[Contribution]) -> list[Exemption]:
    """Every exemption of the year."""
    return [known for part in contributions for known in part.year.exemptions]


def adaptation(contributions: Sequence[Contribution]) -> tuple[bool, frozenset[str]]:
    """Whether levels are asked of the pupil, and the subjects left out: as stated last."""
    for part in reversed(contributions):
        if part.year.adaptation is not None:
            return part.year.adaptation.levels_asked, frozenset(part.year.adaptation.left_out)
    return True, frozenset()


def electives(contributions: Sequence[Contribution]) -> frozenset[str] | None:
    """The elective subjects chosen last; None where nobody stated a choice."""
    for part in reversed(contributions):
        if part.year.electives is not None:
            return frozenset(part.year.electives)
    return None


def mentioned(contributions: Sequence[Contribution], kind: str, code: str) -> bool:
    """Whether an award, certificate … of that code is on record."""
    return any(
        (known.kind, known.code) == (kind, code)
        for part in contributions
        for known in part.year.mentions
    )
