"""More than one move: a second hop, and the way back."""

from datetime import date
from uuid import UUID

from ledger.event import StreamKind
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.files import released_to_file
from tests.integration.transfer.story import (
    LAST_DAY,
    SECOND_TERM_LATER,
    TODAY,
    ask,
    at_origin,
    at_receiver,
    case_of,
    enter,
    let_go,
    post,
    pupil_state,
    record,
    rows,
    sealed,
    take_in,
    transcript,
)
from tests.school import enrol, open_school, register
from transfer import by_file, conversation, inbox
from transfer.dossier import Dossier

SECOND_LEAVING = date(2025, 5, 11)
SECOND_ARRIVAL = date(2025, 5, 12)


def move(origin: Side, receiver: Side, case: UUID, *, leaver: UUID, arrival: UUID) -> None:
    """A request that was made, up to the decision stored at the origin, message by message."""
    assert post(origin, sealed(receiver, case, "request")).outcome == "done"
    last_day = LAST_DAY if not pupil_state(origin, leaver).accepted else SECOND_LEAVING
    let_go(origin, case, leaver, last_day=last_day)
    taken = post(receiver, sealed(origin, case, "dossier"))
    assert (taken.outcome, taken.failure) == ("done", None)
    take_in(receiver, case, arrival)
    assert post(origin, sealed(receiver, case, "accept")).outcome == "done"


def arrive(side: Side, *, key: str = "N3", school: str = "S5", class_code: str = "7C3") -> UUID:
    """A child who sits in class at the third ledger."""
    open_school(side.office.ledger, code=school, classes=(class_code,))
    (pupil,) = register(side.office.ledger, [key])
    enrol(
        side.office.ledger,
        [pupil],
        class_code=class_code,
        on=SECOND_ARRIVAL,
        kind="provisional",
    )
    return pupil


def dossier_of(side: Side, case: UUID, data: bytes) -> Dossier:
    """What a dossier that arrived says."""
    report = inbox.open_dossier(side.office, data, by_file=True)
    assert report.failure is None, report.failure
    assert report.dossier is not None
    assert report.dossier.transfer_id == case
    return report.dossier


def test_a_second_hop_carries_both_histories_each_with_its_own_proof(three: list[Side]) -> None:
    first, second, third = three
    leaver, there = at_origin(first), at_receiver(second)
    move(first, second, ask(second, there, first), leaver=leaver, arrival=there)
    enter(second, there, "7B2", SECOND_TERM_LATER)
    here = arrive(third)
    case = ask(third, here, second, school="S5")
    post(second, sealed(third, case, "request"))
    let_go(second, case, there, last_day=SECOND_LEAVING)
    data = sealed(second, case, "dossier")
    dossier = dossier_of(third, case, data)
    assert [hop.ledger for hop in dossier.hops] == [
        first.office.ledger.id,
        second.office.ledger.id,
    ]
    assert {UUID(ledger) for ledger in dossier.references} == {hop.ledger for hop in dossier.hops}
    assert dossier.references[str(first.office.ledger.id)].units["S1"]["name"] == "THCS Lê Lợi"
    assert post(third, data).outcome == "done"
    take_in(third, case, here)
    post(second, sealed(third, case, "accept"))
    assert case_of(third, case).digest == case_of(second, case).digest
    known = transcript(third, here, TODAY)
    assert known.digest == transcript(second, there, TODAY).digest
    assert {s["ledger"] for s in known.years[0]["schools"]} == {
        str(side.office.ledger.id) for side in three
    }
    links = {link.pupil for link in pupil_state(third, here).links}
    assert links == {leaver, there}
    own = {e.entry_hash for e in record(first, leaver)}
    kept = {e.entry_hash for e in record(third, here) if e.stream.ledger == first.office.ledger.id}
    assert kept <= own, "copies are the originals, byte for byte"


def test_a_second_hop_by_file_is_proven_in_every_hop(three: list[Side]) -> None:
    first, second, third = three
    leaver, there = at_origin(first), at_receiver(second)
    move(first, second, ask(second, there, first), leaver=leaver, arrival=there)
    case, data = released_to_file(second, there, to=third, last_day=SECOND_LEAVING)
    assert len(dossier_of(third, case, data).hops) == 2
    _, here = by_file.import_dossier(
        third.office, data, pupil=None, new=False, today=TODAY, who=third.who
    )
    assert transcript(third, here, TODAY).digest == case_of(second, case).digest


def test_a_pupil_who_comes_back_brings_the_time_away_and_marks_go_on(
    provinces: Provinces,
) -> None:
    first, second = provinces.origin, provinces.receiver
    leaver, there = at_origin(first), at_receiver(second)
    move(first, second, ask(second, there, first), leaver=leaver, arrival=there)
    enter(second, there, "7B2", SECOND_TERM_LATER[:1])
    own_before = [e.entry_hash for e in record(first, leaver) if e.origin is None]
    back = ask(first, leaver, second, school="S1")
    move(second, first, back, leaver=there, arrival=leaver)
    state = pupil_state(first, leaver)
    assert state.released is None
    entries = record(first, leaver)
    own = [e.entry_hash for e in entries if e.stream.ledger == first.office.ledger.id]
    assert own[: len(own_before)] == own_before
    assert not [e for e in entries if e.stream.ledger == first.office.ledger.id and e.origin]
    enrol(
        first.office.ledger,
        [leaver],
        class_code="7A1",
        on=SECOND_ARRIVAL,
        kind="return",
    )
    last = ("NGUVAN", 2, "CK", "8", date(2025, 5, 20))
    enter(first, leaver, "7A1", [last, ("TOAN", 2, "CK", "9", date(2025, 5, 21))])
    (year,) = transcript(first, leaver, TODAY).years
    maths = next(s for s in year["subjects"] if s["subject"] == "TOAN")["semesters"]["2"]
    assert maths["marks"] == {"TX": ["9.0", "8.0", "7.0", "10.0"], "GK": "8.0", "CK": "9.0"}
    assert pupil_state(second, there).released == (back, first.office.ledger.id)


def test_there_and_back_and_on_to_a_third_ledger(three: list[Side]) -> None:
    """The third ledger meets the first one's stream twice in the chain of releases."""
    first, second, third = three
    leaver, there = at_origin(first), at_receiver(second)
    move(first, second, ask(second, there, first), leaver=leaver, arrival=there)
    move(second, first, ask(first, leaver, second, school="S1"), leaver=there, arrival=leaver)
    here = arrive(third)
    case = ask(third, here, first, school="S5")
    move(first, third, case, leaver=leaver, arrival=here)
    data = sealed(first, case, "dossier")
    assert post(third, data).outcome == "repeated"
    assert [r[0] for r in rows(third, "SELECT no FROM ledger.hop ORDER BY no")] == [0, 1, 2]
    assert transcript(third, here, TODAY).digest == case_of(first, case).digest
    copies = [e for e in record(third, here) if e.stream.kind is StreamKind.PUPIL]
    assert len({(e.stream.id, e.version) for e in copies}) == len(copies)


def test_a_rejected_second_leaving_keeps_the_first_one(provinces: Provinces) -> None:
    first, second = provinces.origin, provinces.receiver
    leaver, there = at_origin(first), at_receiver(second)
    move(first, second, ask(second, there, first), leaver=leaver, arrival=there)
    move(second, first, ask(first, leaver, second, school="S1"), leaver=there, arrival=leaver)
    enrol(first.office.ledger, [leaver], class_code="7A1", on=SECOND_ARRIVAL, kind="return")
    stayed = pupil_state(first, leaver).changes
    assert [c.kind for c in stayed] == ["start", "release", "return"]
    again = ask(second, there, first)
    post(first, sealed(second, again, "request"))
    let_go(first, again, leaver, last_day=date(2025, 5, 25))
    post(second, sealed(first, again, "dossier"))
    conversation.reject(second.office, again, reason="mistake", today=TODAY, who=second.who)
    post(first, sealed(second, again, "reject"))
    assert pupil_state(first, leaver).changes == stayed
