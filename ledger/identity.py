"""Batches about who somebody is: identity checks with their cases, records of one pupil linked
and unlinked, pupils confirmed to be two persons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Literal
from uuid import UUID

from ledger import ids, pupil
from ledger.batch import Batch, Line
from ledger.errors import Refused
from ledger.event import Event, Note, StreamKind
from ledger.events.pupil import ConfirmedDistinct, PupilLinked, PupilUnlinked
from ledger.identifiers import SINCE_EVER
from ledger.identity_check import Check, decide_check, pasts
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.recorder import StreamRef
from ledger.registration import pupil_ref, released

LinkKind = Literal["link", "unlink", "distinct"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordCheck:
    """A check of a pupil (by id) or of a member of staff (by code)."""

    person: UUID | str
    check: Check


def record_checks(reader: Reader, batch: Batch, lines: Sequence[Line[RecordCheck]]) -> None:
    """Records answers of the population database and what is done about them.

    Refuses `unknown_staff` (the person checked, or the one responsible) and `pupil_released`.
    """
    states = reader.pupils(ln.command.person for ln in lines if isinstance(ln.command.person, UUID))
    codes = {ln.command.person for ln in lines if isinstance(ln.command.person, str)}
    cases = [ln.command.check.follow_up for ln in lines]
    helpers = {case.responsible for case in cases if case is not None and case.responsible}
    staff = reader.staff(codes | helpers)
    persons: list[UUID | str] = [*states, *codes]
    streams = {person: _stream(reader, person) for person in persons}
    past = pasts(reader, set(streams.values()))
    for line in lines:
        person, check = line.command.person, line.command.check
        case = check.follow_up
        try:
            if case is not None and case.responsible and staff[case.responsible] is None:
                raise _unknown_staff("responsible")
            if isinstance(person, UUID):
                _require_here(states[person], "key")
            elif staff[person] is None:
                raise _unknown_staff("key")
        except Refused as refused:
            batch.reject(line, refused)
            continue
        stream = streams[person]
        is_staff = isinstance(person, str)
        events = decide_check(past[stream], check, staff=is_staff, since=SINCE_EVER)
        past[stream] = past[stream].after(check)
        batch.accept(line, [(_ref(reader, person), events)])


def _stream(reader: Reader, person: UUID | str) -> UUID:
    return person if isinstance(person, UUID) else ids.staff_stream(reader.ledger, person)


def _ref(reader: Reader, person: UUID | str) -> StreamRef:
    if isinstance(person, UUID):
        return pupil_ref(reader, person)
    stream = ids.staff_stream(reader.ledger, person)
    return reader.ref(stream, StreamKind.STAFF, person=stream)


def _require_here(state: Pupil | None, field: str) -> Pupil:
    assert state is not None  # the key led to a pupil on record
    if state.released is not None:
        refused = released()
        raise Refused(refused.code, refused.message, field=field, suggestion=refused.suggestion)
    return state


def _unknown_staff(field: str) -> Refused:
    return Refused(
        "unknown_staff",
        "no member of staff is on record under this key",
        field=field,
        suggestion="import the staff first, or mend the key",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkLine:
    """What a person says of two records of this ledger; without a day it is said today."""

    kind: LinkKind
    pupil: UUID
    other: UUID
    reason: str
    effective_on: date | None


def record_links(
    reader: Reader, batch: Batch, lines: Sequence[Line[LinkLine]], *, today: date
) -> None:
    """Links, unlinks and tells apart records of pupils, each in the streams of both.

    Refuses `same_pupil`, `pupil_released`, `confirmed_distinct`, `still_linked`, `not_linked`,
    `linked_by_transfer`.
    """
    states = reader.pupils(p for ln in lines for p in (ln.command.pupil, ln.command.other))
    for line in lines:
        command = line.command
        try:
            one = _require_here(states[command.pupil], "pupil_key")
            other = _require_here(states[command.other], "other_key")
            both = decide_link(one, other, command, ledger=reader.ledger, today=today)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for person, events in both:
            for event in events:
                states[person] = pupil.evolve(states[person], event, 0)
        batch.accept(line, [(pupil_ref(reader, person), events) for person, events in both])


def decide_link(
    one: Pupil, other: Pupil, command: LinkLine, *, ledger: UUID, today: date
) -> list[tuple[UUID, list[Event]]]:
    """The entries for both pupils; none where the same is on record.

    A link of two who were confirmed to be two persons is refused whoever asks: a person looked
    and decided. What a transfer linked is undone by a transfer back.

    Raises:
        Refused: as `record_links`.
    """
    if one.id == other.id:
        raise Refused("same_pupil", "both keys name one record", field="other_key")
    link = next((link for link in one.links if link.pupil == other.id), None)
    on, reason = command.effective_on or today, Note(text=command.reason)
    match command.kind:
        case "link":
            if other.id in one.distinct:
                raise Refused(
                    "confirmed_distinct",
                    "a person confirmed that these are two pupils",
                    field="other_key",
                    suggestion="ask who confirmed it; the audit names the account",
                )
            if link is not None:
                return []
            tell = partial(
                PupilLinked, effective_on=on, other_ledger=ledger, case=None, statutory=reason
            )
            return [(one.id, [tell(other=other.id)]), (other.id, [tell(other=one.id)])]
        case "unlink":
            if link is None:
                raise Refused("not_linked", "the two records are not linked", field="other_key")
            if link.ledger != ledger:
                raise Refused(
                    "linked_by_transfer",
                    "a transfer linked these records",
                    field="other_key",
                    suggestion="undo the acceptance by a transfer back",
                )
            undo = partial(PupilUnlinked, effective_on=on, statutory=reason)
            return [(one.id, [undo(other=other.id)]), (other.id, [undo(other=one.id)])]
        case "distinct":
            if link is not None:
                raise Refused(
                    "still_linked",
                    "the two records are linked as one pupil",
                    field="other_key",
                    suggestion="unlink them first",
                )
            if other.id in one.distinct:
                return []
            apart = partial(ConfirmedDistinct, effective_on=on, statutory=reason)
            return [(one.id, [apart(other=other.id)]), (other.id, [apart(other=one.id)])]
