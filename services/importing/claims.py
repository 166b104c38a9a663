"""What a sheet says of results that are computed here, beside what is computed once the import is
done: each contradiction is a warning that names both. Nothing of it is taken over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from uuid import UUID

from ledger.assessment import primary
from ledger.errors import Refused
from ledger.ledger import Ledger
from ledger.reader import Reader
from ledger.year_record import YearRecord
from projections.year_reader import YearReader
from services.importing import values
from services.importing.line_keys import subject_key
from services.importing.plan import Claim, Told
from services.importing.problems import Problem

_TICKS = frozenset({"x", "v", "1", "có", "true", "đ", "✓", "✔"})
_UNKNOWN = "not known yet"


@dataclass(frozen=True, slots=True)
class Placed:
    """A claim and the row it stands in."""

    file: str
    line: int
    claim: Claim


def compare(ledger: Ledger, claims: Sequence[Placed]) -> Iterator[Problem]:
    """A warning for each claim that what is on record does not bear out. Reads only."""
    occasions: dict[tuple[str, str], list[Placed]] = {}
    for placed in claims:
        occasions.setdefault((placed.claim.school_year, placed.claim.on), []).append(placed)
    for (school_year, on), found in occasions.items():
        try:
            day = date.fromisoformat(on)
        except ValueError:  # every line of such a sheet is refused for it
            continue
        yield from _compare(ledger, found, school_year, day)


def _compare(
    ledger: Ledger, claims: Sequence[Placed], school_year: str, on: date
) -> Iterator[Problem]:
    numbers = {placed.claim.pupil: _number(placed.claim.pupil) for placed in claims}
    with ledger.database.connection() as connection:
        reader = Reader(connection, ledger.keyring, ledger.id)
        bearers = reader.find({number for number in numbers.values() if number is not None})
        persons = [_one(bearers, numbers[placed.claim.pupil]) for placed in claims]
        years = YearReader(
            connection=connection,
            ledger=ledger.id,
            school_year=school_year,
            on=on,
            size=reader.size,
        )
        known = dict.fromkeys(person for person in persons if person is not None)
        records = {read.pupil: read.record for read in years.read(known)}
    for placed, person in zip(claims, persons, strict=True):
        if person is None:
            yield from _of_nobody(placed)
        else:
            yield from _problems(placed, records[person])


def _number(pupil: tuple[str, str]) -> tuple[str, str] | None:
    kind, text = pupil
    try:
        return kind, values.number(kind, text, "pupil_key")
    except Refused:
        return None


def _one(bearers: dict[tuple[str, str], list[UUID]], number: tuple[str, str] | None) -> UUID | None:
    found = bearers[number] if number is not None else []
    return found[0] if len(found) == 1 else None


def _of_nobody(placed: Placed) -> Iterator[Problem]:
    for told in placed.claim.told:
        if told.value:
            message = "no one pupil is on record under this number: not compared"
            yield _problem(placed, told, "unknown_pupil", message)


def _problems(placed: Placed, record: YearRecord | None) -> Iterator[Problem]:
    for told in placed.claim.told:
        try:
            ours = _contradicted(placed.claim, told, record)
        except Refused as refused:
            yield _problem(placed, told, refused.code, refused.message, refused.suggestion)
            continue
        if ours is not None:
            theirs = f"says {told.value}" if told.value else "is empty"
            message = f"the sheet {theirs}; what is on record gives: {ours}"
            suggestion = "mend what is wrong: here it is computed and never taken from a sheet"
            yield _problem(placed, told, "result_differs", message, suggestion)


def _contradicted(claim: Claim, told: Told, record: YearRecord | None) -> str | None:
    """What is computed here, where that is not what was told; None where the two agree.

    Raises:
        Refused: `unknown_level`, `bad_tick`: nobody can tell what was told.
    """
    if told.what == "average":
        return _average(claim, told.value, record)
    result = record.study.get("CN") if record else None
    waiting = f" ({', '.join(record.missing)})" if record and record.missing else ""
    unknown = f"{_UNKNOWN}{waiting}"
    if told.what == "result":
        if not told.value:
            return None
        return None if result == primary.parse_result(told.value) else result or unknown
    if told.what == "completion":
        held = None if result is None else result != primary.Result.NOT_DONE
        ours = result or unknown
    else:
        promotion = record.promotion if record else None
        held = None if promotion is None else promotion == "promoted"
        ours = promotion or unknown
    if _ticked(told.value):
        return None if held else ours
    return ours if held else None


def _ticked(text: str) -> bool:
    if text and text.lower() not in _TICKS:
        raise Refused("bad_tick", "the cell is neither an x nor empty", suggestion="x or nothing")
    return bool(text)


def _average(claim: Claim, text: str, record: YearRecord | None) -> str | None:
    wanted = subject_key(claim.subject)
    found = next((s for s in record.subjects if s.subject == wanted), None) if record else None
    if found is None:
        return _UNKNOWN
    if claim.semester:
        term = found.semesters.get(int(claim.semester))
        ours, missing = (term.result, term.missing) if term else (None, ())
    else:
        ours, missing = found.reassessed or found.year, found.missing
    if ours is None:
        return f"{_UNKNOWN} ({', '.join(missing)})" if missing else _UNKNOWN
    return None if _same(ours, text) else ours


def _same(ours: str, text: str) -> bool:
    try:
        return Decimal(ours) == Decimal(text.replace(",", "."))
    except InvalidOperation:  # Đ and CĐ
        return ours.upper() == text.upper()


def _problem(
    placed: Placed, told: Told, reason: str, message: str, suggestion: str | None = None
) -> Problem:
    return Problem(
        file=placed.file,
        line=placed.line,
        column=told.heading,
        value=told.value or None,
        reason=reason,
        message=message,
        suggestion=suggestion,
    )
