"""Conditions are read under the lock: what two sessions do at once is as if one came second."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from threading import Barrier
from uuid import UUID

import pytest

from ledger import desk, log
from ledger.batch import Verdict
from ledger.errors import Conflict
from ledger.event import StreamKind
from ledger.events.pupil import Released
from ledger.events.pupil_year import MarkEntered, Proposed
from ledger.events.unit import UnitOpened
from ledger.ids import unit_stream
from ledger.ledger import Ledger
from ledger.log import Entry
from ledger.plan import Done, Plan
from ledger.reader import Reader
from tests import school
from tests.integration.ledger.races import enter_paused, overtake, release_paused, sessions


def entries(ledger: Ledger) -> list[Entry]:
    with ledger.database.connection() as connection:
        size = log.head(connection).size
        return [e for page in log.pages(connection, start=0, end=size) for e in page]


def fates(verdicts: Sequence[Verdict]) -> Counter[str]:
    return Counter(verdict.fate for verdict in verdicts)


@pytest.fixture(params=[desk.RACES_BEFORE_LOCKING, 0], ids=["decides first", "locks first"])
def either_order(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second session has decided before it waits for the lock, or decides behind it."""
    monkeypatch.setattr(desk, "RACES_BEFORE_LOCKING", request.param)


@pytest.mark.usefixtures("either_order")
def test_a_sheet_that_waits_on_a_release_obeys_it(ledger: Ledger, database: str) -> None:
    pupils = school.class_of(ledger, 10)
    leaver = pupils[3]
    _, (done, verdicts) = overtake(
        database,
        lambda pause: release_paused(ledger, leaver, pause),
        lambda: school.hand_in(ledger, [school.mark(pupil) for pupil in pupils]),
    )
    assert fates(verdicts) == {"accepted": 9, "proposed": 1}
    proposed = next(verdict for verdict in verdicts if verdict.fate == "proposed")
    assert proposed.at == 4
    assert proposed.refused is not None
    assert proposed.refused.code == "pupil_released"
    assert done.appended == 9 + 1 + 1  # marks, the proposal, the sheet
    written = entries(ledger)
    released = next(e.position for e in written if isinstance(e.event, Released))
    late = [e.event for e in written if e.position > released and e.stream.person == leaver]
    assert [type(event) for event in late] == [Proposed]


def test_a_release_that_waits_on_a_sheet_comes_after_its_marks(
    ledger: Ledger, database: str
) -> None:
    pupils = school.class_of(ledger, 3)
    cells = [school.mark(pupil) for pupil in pupils]
    overtake(
        database,
        lambda pause: enter_paused(ledger, cells, pause),
        lambda: school.release(ledger, pupils[0]),
    )
    written = entries(ledger)
    released = next(e.position for e in written if isinstance(e.event, Released))
    marks = [e.position for e in written if isinstance(e.event, MarkEntered)]
    assert len(marks) == 3
    assert max(marks) < released


@pytest.mark.usefixtures("either_order")
def test_teachers_of_different_subjects_never_conflict(ledger: Ledger, database: str) -> None:
    pupils = school.class_of(ledger, 10)
    maths = [school.mark(pupil, subject="TOAN") for pupil in pupils]
    literature = [school.mark(pupil, subject="NGUVAN") for pupil in pupils]
    _, (_, verdicts) = overtake(
        database,
        lambda pause: enter_paused(ledger, maths, pause),
        lambda: school.hand_in(ledger, literature),
    )
    assert fates(verdicts) == {"accepted": 10}
    subjects = Counter(e.event.subject for e in entries(ledger) if isinstance(e.event, MarkEntered))
    assert subjects == {"TOAN": 10, "NGUVAN": 10}


@pytest.mark.usefixtures("either_order")
def test_of_two_values_for_one_slot_exactly_the_first_goes_in(
    ledger: Ledger, database: str
) -> None:
    pupils = school.class_of(ledger, 5)
    first = [school.mark(pupil, "8.0") for pupil in pupils]
    second = [school.mark(pupil, "8.0") for pupil in pupils[:4]] + [school.mark(pupils[4], "9.0")]
    _, (done, verdicts) = overtake(
        database,
        lambda pause: enter_paused(ledger, first, pause),
        lambda: school.hand_in(ledger, second),
    )
    assert fates(verdicts) == {"unchanged": 4, "rejected": 1}
    refused = next(v.refused for v in verdicts if v.refused is not None)
    assert refused.code == "slot_taken"
    assert done.appended == 0
    values = [e.event.value for e in entries(ledger) if isinstance(e.event, MarkEntered)]
    assert values == ["8.0"] * 5


def test_many_sheets_at_once_all_go_in_without_a_gap(ledger: Ledger) -> None:
    pupils = school.class_of(ledger, 5)
    slots = ("TX1", "TX2")
    together = Barrier(2)

    def teach(slot: str) -> list[Verdict]:
        together.wait(30)
        verdicts: list[Verdict] = []
        for subject in ("TOAN", "NGUVAN", "TINHOC", "GDCD", "LSDL", "KHTN", "CONGNGHE"):
            cells = [school.mark(pupil, subject=subject, slot=slot) for pupil in pupils]
            verdicts += school.hand_in(ledger, cells)[1]
        return verdicts

    with sessions() as pool:
        for verdicts in pool.map(teach, slots):
            assert fates(verdicts) == {"accepted": 35}
    written = entries(ledger)
    assert [entry.position for entry in written] == list(range(len(written)))
    instants = [entry.recorded_at for entry in written]
    assert all(a < b for a, b in pairwise(instants))


def open_unit(ledger: Ledger, key: str, code: str) -> Done:
    def decide(reader: Reader) -> Plan:
        plan = Plan()
        event = UnitOpened(
            effective_on=school.TODAY,
            code=code,
            kind="commune",
            name=code,
            parent_code=None,
            levels=(),
        )
        known = reader.units([code])[code]
        ref = reader.ref(unit_stream(reader.ledger, code), StreamKind.UNIT)
        plan.add(ref, [] if known else [event])
        return plan

    return ledger.desk.run(decide, who=school.operator(ledger), command=(key, {"code": code}))


def test_a_repeated_command_gets_its_first_answer(ledger: Ledger) -> None:
    first = open_unit(ledger, "key", "C1")
    size = len(entries(ledger))
    assert first.appended == 1
    assert open_unit(ledger, "key", "C1") == first
    assert len(entries(ledger)) == size


def test_a_command_that_appended_nothing_is_remembered_too(ledger: Ledger) -> None:
    open_unit(ledger, "one", "C1")
    nothing = open_unit(ledger, "two", "C1")
    assert (nothing.appended, nothing.first_position) == (0, None)
    assert open_unit(ledger, "two", "C1") == nothing


def test_a_command_key_with_another_content_is_a_conflict(ledger: Ledger) -> None:
    open_unit(ledger, "key", "C1")
    size = len(entries(ledger))
    with pytest.raises(Conflict) as caught:
        open_unit(ledger, "key", "C2")
    assert caught.value.code == "command_differs"
    assert len(entries(ledger)) == size


def test_one_command_sent_twice_at_once_is_carried_out_once(ledger: Ledger) -> None:
    together = Barrier(2)

    def send(_: int) -> Done:
        together.wait(30)
        return open_unit(ledger, "key", "C1")

    with sessions() as pool:
        first, second = pool.map(send, range(2))
    assert first == second
    assert sum(isinstance(e.event, UnitOpened) for e in entries(ledger)) == 1


def test_one_pupil_registered_by_two_sessions_is_one_pupil(ledger: Ledger) -> None:
    together = Barrier(2)

    def register(_: int) -> UUID:
        together.wait(30)
        return school.register(ledger, ["P1"])[0]

    with sessions() as pool:
        first, second = pool.map(register, range(2))
    assert first == second
