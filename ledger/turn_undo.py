"""Undoing a year's turn by event: its enrolments and completions are retracted, each on its own.

Pupils about whose stay more was written since are kept as they are and listed: what came later
stands on the turn. Classes that the turn opened stay, without pupils.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ledger import ids, log, pupil
from ledger.batch import Batch, Line
from ledger.database import Connection
from ledger.event import Event, Note, StreamKind
from ledger.events.pupil import ChangeRetracted, PupilEnrolled, PupilStatusChanged
from ledger.events.school_class import ClassTurned, ClassTurnUndone
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.recorder import StreamRef
from ledger.registration import pupil_ref
from ledger.retraction import change_of, dependants, read_years
from ledger.school_class import SchoolClass

_REASON = "year's turn undone"


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoTurn:
    """Undo what a turn did with one class: `written` are (pupil, version) of its enrolments and
    completions, `on` the day of the undoing."""

    class_code: str
    turn: UUID
    written: tuple[tuple[UUID, int], ...]
    on: date


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of a class's turn: pupils whose entry was retracted, and those kept, each with
    what stands on the entry."""

    old: SchoolClass
    retracted: tuple[UUID, ...]
    kept: tuple[tuple[UUID, str], ...]


def find_turn(
    connection: Connection, ledger: UUID, classes: Iterable[str], turn: UUID, *, on: date
) -> list[UndoTurn]:
    """What `turn` wrote of each of the classes (by code) that it turned."""
    codes = {ids.class_stream(ledger, code): code for code in classes}
    size = log.head(connection).size
    found = []
    for entry in log.of_streams(connection, list(codes), size=size, topics=[ClassTurned.TOPIC]):
        if not isinstance(entry.event, ClassTurned) or entry.event.turn != turn:
            continue
        start = entry.position - entry.event.entries
        written = tuple(
            (known.stream.id, known.version)
            for page in log.pages(connection, start=start, end=entry.position)
            for known in page
            if isinstance(known.event, PupilEnrolled | PupilStatusChanged)
        )
        code = codes[entry.stream.id]
        found.append(UndoTurn(class_code=code, turn=turn, written=written, on=on))
    return found


def undo_turns(
    reader: Reader, batch: Batch, lines: Sequence[Line[UndoTurn]], *, told: dict[str, Undone]
) -> None:
    """Undoes the turns of classes; one that was undone before is unchanged. `told` gets what
    became of each, by class code."""
    classes = reader.classes(line.command.class_code for line in lines)
    for line in lines:
        command = line.command
        old = classes[command.class_code]
        assert old is not None  # the turn stands in its stream
        if command.turn not in old.turns:
            batch.accept(line, [])
            continue
        states = reader.pupils(person for person, _ in command.written)
        writes: list[tuple[StreamRef, Sequence[Event]]] = []
        kept: list[tuple[UUID, str]] = []
        for person, version in command.written:
            state = states[person]
            change = change_of(state, version) if state is not None else None
            if state is None or change is None:  # taken back before, by hand
                continue
            obstacle = _obstacle(reader, state, version)
            if obstacle is not None:
                kept.append((person, obstacle))
                continue
            retracted = ChangeRetracted(
                effective_on=change.on, retracts=version, statutory=Note(text=_REASON)
            )
            states[person] = pupil.evolve(state, retracted, 1)
            writes.append((pupil_ref(reader, person), [retracted]))
        undone = ClassTurnUndone(
            effective_on=command.on, turn=command.turn, retracted=len(writes), kept=len(kept)
        )
        persons = tuple(ref.id for ref, _ in writes)
        told[command.class_code] = Undone(old, persons, tuple(kept))
        ref = reader.ref(ids.class_stream(reader.ledger, old.code), StreamKind.CLASS)
        batch.accept(line, [*writes, (ref, [undone])])


def _obstacle(reader: Reader, state: Pupil, version: int) -> str | None:
    """Why a pupil's entry stays: what was written about the stay since. None where nothing was."""
    change = change_of(state, version)
    assert change is not None
    if state.released is not None:
        return "released"
    later = [f"{known.kind} on {known.on}" for known in state.changes if known.seq > version]
    found = later or dependants(state, change, read_years(reader, state, version))
    return ", ".join(found[:3]) or None
