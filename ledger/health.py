"""Batches of health measurements: height, weight, eyes and findings of pupils, day by day.

One state holds for a day. A later entry about the same day replaces the values it gives and
leaves those it does not: a second file with the eyes adds to the heights of the first, and a
measuring done again takes the place of the first one, with a warning; both stay in the audit.
No separate correction is asked for: a measurement decides nothing about the pupil.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from ledger import log
from ledger.batch import Batch, Line
from ledger.envelope import unseal
from ledger.errors import DamagedEntry, Refused, WrongKey
from ledger.event import Event, Sealed
from ledger.events.pupil import HealthMeasured, Measurement, PupilDetailsChanged, PupilRegistered
from ledger.growth.reading import Body, assess, first_birthday
from ledger.growth.zscore import Indicator
from ledger.log import Entry
from ledger.pupil import require_custody
from ledger.reader import Reader
from ledger.registration import pupil_ref, unknown_pupil

_TOPICS = [PupilRegistered.TOPIC, PupilDetailsChanged.TOPIC, HealthMeasured.TOPIC]
_MEASURED = ("height_cm", "weight_kg", "vision_left", "vision_right", "findings")


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordMeasurement:
    """A line of health: what was measured of a pupil on a day."""

    pupil: UUID
    measured_on: date
    measurement: Measurement


@dataclass(frozen=True, slots=True)
class Child:
    """What the rules need to know of a pupil: birth date and sex (None where they cannot be
    read any more), and what is on record by day."""

    birth_date: str | None = None
    sex: str | None = None
    days: dict[date, Measurement] = field(default_factory=dict)


def merged(measurements: Iterable[Measurement]) -> Measurement:
    """One day's measurements as one, in the order of recording: the last value of each.

    The position belongs to the height: whoever gives a height says how it was taken.
    """
    values: dict[str, object] = dict.fromkeys(Measurement.model_fields)
    for one in measurements:
        given = {name: value for name, value in one if value is not None}
        if one.height_cm is not None:
            given["position"] = one.position
        values |= given
    return Measurement.model_validate(values)


def decide_measurement(
    child: Child, command: RecordMeasurement, *, today: date
) -> tuple[list[Event], list[Refused]]:
    """The entry for a measurement and the warnings about it; no entry where it says nothing new.

    Raises:
        Refused: `nothing_measured`, `measured_in_future`, `measured_before_birth`.
    """
    day, given = command.measured_on, command.measurement
    if day > today:
        raise Refused(
            "measured_in_future", "the day of measuring has not come yet", field="measured_on"
        )
    if all(getattr(given, name) is None for name in _MEASURED):
        raise Refused(
            "nothing_measured",
            "the line gives no height, weight, vision or finding",
            field="height_cm",
            suggestion="fill in what was measured, or drop the line",
        )
    if child.birth_date is not None and day < first_birthday(child.birth_date):
        raise Refused(
            "measured_before_birth",
            "the day of measuring lies before the pupil's birth",
            field="measured_on",
            suggestion="mend the day, or the birth date in pupils.csv",
        )
    before = child.days.get(day)
    known = [before] if before is not None else []
    after = merged([*known, given])
    if after == before:
        return [], []
    warnings = [*_replaced(before, after), *_implausible(child, day, after)]
    return [HealthMeasured(effective_on=day, statutory=given)], warnings


def _replaced(before: Measurement | None, after: Measurement) -> Iterable[Refused]:
    if before is None:
        return
    for name in Measurement.model_fields:
        known = getattr(before, name)
        if known is not None and known != getattr(after, name):
            yield Refused(
                "measurement_replaced",
                "another value was on record for that day; this one counts from now on",
                field=name,
                suggestion="give the old value again if this one is wrong",
            )


_MEASURED_BY = {Indicator.HAZ: "height_cm"}


def _implausible(child: Child, day: date, measured: Measurement) -> Iterable[Refused]:
    body = Body.read(measured.height_cm, measured.weight_kg, measured.position)
    growth = assess(body, sex=child.sex, birth_date=child.birth_date, on=day)
    if not growth.readings:
        return
    columns = {
        _MEASURED_BY.get(score.indicator, "weight_kg")
        for score in growth.readings[0].scores
        if score.implausible
    }
    for column in sorted(columns):
        yield Refused(
            "implausible_measurement",
            "hardly any child of this age and sex measures so; it is kept and shown with a flag",
            field=column,
            suggestion="measure again; compare day, birth date and sex",
        )


def record_measurements(
    reader: Reader, batch: Batch, lines: Sequence[Line[RecordMeasurement]], *, today: date
) -> None:
    """Records measurements in the pupils' own streams.

    What does not fit age and sex is accepted with a warning; what nobody can measure was refused
    before. A pupil with an entry that cannot be read is refused alone (`damaged_entry`).
    """
    states = reader.pupils(line.command.pupil for line in lines)
    children = _children(reader, {id for id, state in states.items() if state is not None})
    for line in lines:
        command = line.command
        try:
            state = states[command.pupil]
            if state is None:
                raise unknown_pupil()
            require_custody(state)
            child = children[command.pupil]
            if isinstance(child, Refused):
                raise child
            events, warnings = decide_measurement(child, command, today=today)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        if events:
            day = command.measured_on
            known = [child.days[day]] if day in child.days else []
            child.days[day] = merged([*known, command.measurement])
        batch.accept(line, [(pupil_ref(reader, command.pupil), events)], warnings=warnings)


def _children(reader: Reader, pupils: Iterable[UUID]) -> dict[UUID, Child | Refused]:
    """What is on record of each pupil.

    Read after the states, which are the decision's grounds: an entry in between only makes the
    decision be taken again.
    """
    wanted = list(pupils)
    try:
        return dict(_read(reader, wanted))
    except (DamagedEntry, WrongKey) as error:
        if len(wanted) > 1:
            return {id: child for one in wanted for id, child in _children(reader, [one]).items()}
        refused = Refused(
            "damaged_entry",
            f"what is on record of this pupil cannot be read: {error}",
            field="pupil_key",
        )
        return {wanted[0]: refused}


def _read(reader: Reader, pupils: Sequence[UUID]) -> Iterable[tuple[UUID, Child]]:
    size = log.head(reader.connection).size
    entries = log.of_streams(reader.connection, pupils, size=size, topics=_TOPICS)
    written: dict[UUID, list[Entry]] = {pupil: [] for pupil in pupils}
    for entry in entries:
        written[entry.stream.id].append(entry)
    sealed = (part.key_id for entry in entries if (part := _sealed(entry)) is not None)
    reader.keyring.fetch(reader.connection, sealed)
    for pupil, own in written.items():
        yield pupil, _child(reader, own)


def _child(reader: Reader, entries: Sequence[Entry]) -> Child:
    days: dict[date, Measurement] = {}
    profile: dict[str, str] = {}
    for entry in entries:
        clear = _open(reader, entry)
        if clear is None:
            continue
        if isinstance(entry.event, HealthMeasured):
            day = entry.event.effective_on
            known = [days[day]] if day in days else []
            days[day] = merged([*known, Measurement.model_validate(clear)])
        else:
            profile = clear
    return Child(profile.get("birth_date"), profile.get("sex"), days)


def _sealed(entry: Entry) -> Sealed | None:
    part = getattr(entry.event, "statutory", None)
    return part if isinstance(part, Sealed) else None


def _open(reader: Reader, entry: Entry) -> dict[str, str] | None:
    """The statutory part in clear; None where the person was erased."""
    part = _sealed(entry)
    if part is None:
        return None
    return unseal(
        part,
        author=entry.envelope.author,
        stream=entry.stream.id,
        topic=entry.event.TOPIC,
        keys=reader.keyring,
    )
