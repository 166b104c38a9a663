"""The library's mapper and recorder, used together as its own applications use them."""

from datetime import date

import pytest
from eventsourcing.persistence import StoredEvent

from ledger.errors import MalformedBytes
from ledger.event import KEYED, Event, Sealed, Who
from ledger.events.pupil import PupilEnrolled, PupilRegistered
from ledger.ids import uuid7
from ledger.ledger import Ledger, SealedPart
from ledger.mapper import EntryMapper, Recorded
from ledger.recorder import HeadRowRecorder
from tests import school

WHO = Who(recorded_by="operator", on_behalf_of=None, provenance=KEYED)


def test_events_go_through_the_librarys_seam_and_come_back_the_same(database: str) -> None:
    with school.new_ledger(database) as ledger:
        mapper = EntryMapper(ledger=ledger.id, keys=ledger.keyring)
        recorder = HeadRowRecorder(ledger.database, ledger=ledger.id)
        pupil = uuid7()
        who_it_is = school.profile("Nguyễn Thị Hòa")
        events: list[Event] = [
            PupilRegistered(
                effective_on=date(2024, 8, 1), pupil_id=pupil, statutory=who_it_is, voluntary=None
            ),
            PupilEnrolled(
                effective_on=date(2024, 9, 5),
                kind="start",
                school_code="S1",
                class_code="7A1",
                school_year="2024-2025",
                grade=7,
                programme="GDPT2018",
                statutory=None,
            ),
        ]
        written = [
            mapper.to_stored_event(
                Recorded(
                    originator_id=pupil,
                    originator_version=version,
                    event=event,
                    who=WHO,
                    person=pupil,
                )
            )
            for version, event in enumerate(events, 1)
        ]
        assert all("Hòa".encode() not in stored.state for stored in written)
        recorder.insert_events(written)
        registered, enrolled = map(mapper.to_domain_event, recorder.select_events(pupil))
        assert isinstance(registered, Recorded)
        assert isinstance(enrolled, Recorded)
        assert (enrolled.event, enrolled.who) == (events[1], WHO)
        assert (registered.originator_id, registered.originator_version) == (pupil, 1)
        assert _name(ledger, registered) == who_it_is.full_name


def _name(ledger: Ledger, registered: Recorded) -> str:
    """The name, opened with the key that `to_stored_event` sealed it with."""
    assert isinstance(registered.event, PupilRegistered)
    sealed = registered.event.statutory
    assert isinstance(sealed, Sealed)
    part = SealedPart(sealed, ledger.id, registered.originator_id, registered.event.TOPIC)
    with ledger.database.connection() as connection:
        (clear,) = ledger.reveal(connection, [part])
    assert clear is not None
    name: str = clear["full_name"]
    return name


def test_bytes_that_are_no_entry_are_refused_by_the_mapper(database: str) -> None:
    with school.new_ledger(database) as ledger:
        mapper = EntryMapper(ledger=ledger.id, keys=ledger.keyring)
        stored = StoredEvent(uuid7(), 1, PupilEnrolled.TOPIC, b"{}")
        with pytest.raises(MalformedBytes):
            mapper.to_domain_event(stored)
