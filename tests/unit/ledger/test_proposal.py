"""Rules of `ledger.proposal`: what is proposed counts once whoever has custody accepted it."""

import random
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger import case, pupil, pupil_year, year_decisions
from ledger.case import Case
from ledger.contribution import Contribution
from ledger.event import Event, Note
from ledger.events.pupil import (
    PupilRegistered,
    Released,
    ReleaseUndone,
    SupplementDecided,
    TransferAccepted,
)
from ledger.events.pupil_year import (
    ConductAssessed,
    MarkCorrected,
    MarkEntered,
    PeriodClosed,
    PeriodReopened,
    Proposed,
    PupilYearOpened,
    YearDecision,
)
from ledger.events.supplement import (
    MovedOn,
    SupplementAnswered,
    SupplementReceived,
    SupplementSent,
)
from ledger.proposal import PROPOSABLE, Decided, count, decisions_of, unfold
from ledger.proposal_effect import effect_of
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear
from tests.unit.ledger.events import CASE, LEDGER, OTHER_LEDGER, PUPIL, event, note, other

DAY = date(2025, 1, 15)
STREAM = other(50)
CONDUCT = {"period": "HK1", "level": "T", "school_code": None}


def opened() -> Event:
    return event(PupilYearOpened, date(2024, 8, 1))


def mark(value: str = "8.0", slot: str = "TX1") -> Event:
    return event(MarkEntered, DAY, subject="TOAN", semester=1, slot=slot, value=value)


def written(*events: Event) -> list[tuple[Event, int]]:
    return [(one, version) for version, one in enumerate(events, 1)]


def accepted(proposed: Proposed, *, hop: int = 1) -> dict[tuple[UUID, UUID], Decided]:
    return {(OTHER_LEDGER, proposed.proposal): Decided(None, hop)}


def folded(entries: Any) -> PupilYear:
    year = pupil_year.fold(entries)
    assert year is not None
    return year


def test_unfolded_it_is_the_fact_that_was_proposed() -> None:
    for fact in (mark(), event(ConductAssessed, DAY, period="HK1", level="T")):
        assert unfold(year_decisions.propose(fact)) == fact


@pytest.mark.parametrize("kind", PROPOSABLE.values(), ids=lambda kind: kind.__name__)
def test_everything_that_can_be_proposed_counts_as_itself(kind: type[Event]) -> None:
    fact = event(kind, DAY)
    proposal = year_decisions.propose(fact)
    assert unfold(proposal) == fact
    counted = count(
        written(opened(), proposal),
        author=OTHER_LEDGER,
        native=False,
        covered=(),
        decisions=accepted(proposal),
    )
    assert counted is not None
    assert folded(counted.entries) == folded(written(opened(), fact))
    assert effect_of(fact, year(), []).what


@pytest.mark.parametrize("seed", range(40))
def test_the_author_and_the_custodian_fold_the_same(seed: int) -> None:
    """Whatever was written before the release, proposed after it, and accepted of that."""
    chance = random.Random(seed)
    stream: list[Event] = [opened()]
    slots = [f"TX{n}" for n in range(1, 5)]
    for _ in range(chance.randrange(6)):
        stream.append(mark(f"{chance.randrange(11)}.0", chance.choice(slots)))
    last = len(stream)
    proposals = [
        year_decisions.propose(
            chance.choice(
                [
                    mark(f"{chance.randrange(11)}.0", chance.choice(slots)),
                    correction(f"{chance.randrange(11)}.0"),
                    event(ConductAssessed, DAY, period="HK1", level=chance.choice("TKĐ")),
                    event(YearDecision, DAY, statutory=None),
                ]
            )
        )
        for _ in range(chance.randrange(8))
    ]
    said: dict[tuple[UUID, UUID], Decided] = {}
    for proposal in proposals:
        reason = chance.choice([None, "late"])
        if chance.random() < 0.8:
            said[OTHER_LEDGER, proposal.proposal] = Decided(reason, 1)
    entries = written(*stream, *proposals)
    theirs = count(entries, author=OTHER_LEDGER, native=False, covered=((last, 0),), decisions=said)
    own = count(entries, author=OTHER_LEDGER, native=True, covered=((last, 0),), decisions=said)
    assert theirs is not None
    assert own is not None
    kept = {"proposals"}
    here, there = (folded(one.entries).model_dump(exclude=kept) for one in (own, theirs))
    assert here == there, f"seed {seed}"
    assert own.accepted == theirs.accepted


def test_the_text_of_a_correction_stays_with_it() -> None:
    fix = event(MarkCorrected, DAY, statutory=note("Chép nhầm"))
    assert unfold(year_decisions.propose(fix)) == fix


@pytest.mark.parametrize(
    "facts",
    [
        {"topic": PeriodReopened.TOPIC},
        {"topic": "ledger.Released.v1"},
        {"facts": {"value": "9"}},
        {"facts": {**CONDUCT, "more": 1}},
        {
            "facts": {
                "period": "HK1",
                "level": "T",
                "school_code": None,
                "effective_on": "2024-09-05",
            }
        },
        {"statutory": Note(text="x")},
    ],
)
def test_what_is_no_fact_of_a_year_cannot_be_proposed(facts: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        unfold(
            event(  # type: ignore[arg-type]
                Proposed, DAY, **{"topic": ConductAssessed.TOPIC, "facts": CONDUCT, **facts}
            )
        )


def test_of_another_ledgers_year_counts_what_is_covered_and_what_was_accepted() -> None:
    late, open_ = (year_decisions.propose(mark(slot=slot)) for slot in ("TX2", "TX3"))
    entries = written(opened(), mark(), late, open_)
    counted = count(
        entries,
        author=OTHER_LEDGER,
        native=False,
        covered=((2, 0),),
        decisions=accepted(late),
    )
    assert counted is not None
    year = folded(counted.entries)
    assert {slot for _, _, slot in year.slots} == {"TX1", "TX2"}
    part = Contribution(OTHER_LEDGER, year, counted.covered, 2, counted.accepted)
    assert [part.hop(version) for version in (1, 2, 3)] == [0, 0, 1]


def test_a_decision_about_one_author_says_nothing_of_anothers_proposal_under_the_same_id() -> None:
    late = year_decisions.propose(mark())
    copied = late.model_copy(update={"facts": {**late.facts, "value": "10.0"}})
    said = accepted(late)
    entries = written(opened(), copied)
    assert count(entries, author=other(9), native=False, covered=(), decisions=said) is None, (
        "who proposes chooses the id"
    )
    twice = written(opened(), late, copied)
    counted = count(twice, author=OTHER_LEDGER, native=False, covered=(), decisions=said)
    assert counted is not None
    assert folded(counted.entries).slots["TOAN", 1, "TX1"].value == "8.0", "the first counts"


def test_a_year_that_no_release_covers_contributes_its_frame_and_what_was_accepted() -> None:
    late = year_decisions.propose(mark(slot="TX2"))
    entries = written(opened(), mark(), late)
    assert count(entries, author=OTHER_LEDGER, native=False, covered=(), decisions={}) is None
    counted = count(
        entries, author=OTHER_LEDGER, native=False, covered=(), decisions=accepted(late, hop=0)
    )
    assert counted is not None
    assert [version for _, version in counted.entries] == [1, 3]
    part = Contribution(OTHER_LEDGER, folded(counted.entries), counted.covered, 4, counted.accepted)
    assert part.hop(1) == 0, "its place among the ledgers stays where the acceptance stands"


def test_a_decision_proposed_of_ones_own_counts_once() -> None:
    promoted = event(YearDecision, DAY, kind="promote", subject=None, value=None, statutory=None)
    late = year_decisions.propose(promoted)
    counted = count(
        written(opened(), promoted, late),
        author=OTHER_LEDGER,
        native=True,
        covered=(),
        decisions=accepted(late),
    )
    assert counted is not None
    assert len(folded(counted.entries).decisions) == 1


def record(identity: UUID, *events: Event) -> Pupil:
    state = pupil.evolve(None, event(PupilRegistered, DAY, pupil_id=identity), 1)
    for version, one in enumerate(events, 2):
        state = pupil.evolve(state, one, version)
    return state


def ruled(*accepted: UUID, refused: tuple[UUID, ...] = ()) -> Event:
    return event(
        SupplementDecided,
        DAY,
        author=OTHER_LEDGER,
        accepted=accepted,
        refused=tuple((one, "late") for one in refused),
    )


def test_a_proposal_is_decided_once_and_the_first_word_stands() -> None:
    state = record(
        PUPIL, ruled(other(1), refused=(other(2),)), ruled(other(2), refused=(other(1),))
    )
    assert [(r.proposal, r.reason, r.version) for r in state.rulings] == [
        (other(1), None, 2),
        (other(2), "late", 2),
    ]


def test_a_decision_has_the_hop_of_the_release_that_covers_it_else_of_now() -> None:
    own = record(
        PUPIL,
        event(TransferAccepted, DAY, covered=(((STREAM, 4),),)),
        ruled(other(1)),
        event(Released, DAY, streams=((PUPIL, 3), (STREAM, 5))),
        ruled(other(2)),
    )
    found = decisions_of(own, [])
    assert {proposal: said.hop for (_, proposal), said in found.items()} == {
        other(1): 1,
        other(2): 2,
    }
    undone = pupil.evolve(own, event(ReleaseUndone, DAY), 6)
    assert decisions_of(undone, [])[OTHER_LEDGER, other(1)].hop == 1


def test_another_ledgers_decision_counts_as_far_as_a_release_covers_it() -> None:
    theirs = record(other(7), ruled(other(1)), ruled(other(2)))
    own = record(PUPIL, event(TransferAccepted, DAY, covered=(((other(7), 2),),)))
    assert [proposal for _, proposal in decisions_of(own, [theirs])] == [other(1)]
    assert decisions_of(record(PUPIL), [theirs]) == {}


def test_of_two_decisions_the_earlier_in_the_order_of_custody_stands() -> None:
    theirs = record(other(7), ruled(refused=(other(1),)))
    own = record(PUPIL, event(TransferAccepted, DAY, covered=(((other(7), 2),),)), ruled(other(1)))
    assert decisions_of(own, [theirs])[OTHER_LEDGER, other(1)] == Decided("late", 0)


def year(*events: Event) -> PupilYear:
    return folded(written(opened(), *events))


def conflict(fact: Event, *held: Event) -> str | None:
    return effect_of(fact, year(*held), []).conflict


def correction(old: str) -> Event:
    facts = {"subject": "TOAN", "semester": 1, "slot": "TX1", "old_value": old, "value": "9.0"}
    return event(MarkCorrected, DAY, **facts)


def test_what_stands_against_a_proposal_is_named() -> None:
    closed = event(PeriodClosed, DAY, period="HK1")
    conduct = event(ConductAssessed, DAY, period="HK2", level="T")
    assert conflict(mark()) is None
    assert conflict(mark(), mark()) == "already_there"
    assert conflict(mark("9.0"), mark()) == "slot_taken"
    assert conflict(mark(), closed) == "period_closed"
    assert conflict(correction("8.0")) == "slot_empty"
    assert conflict(correction("8.0"), mark()) is None
    assert conflict(correction("7.0"), mark()) == "old_value_differs"
    assert conflict(closed, closed) == "already_closed"
    assert conflict(conduct, conduct) == "already_there"
    other_level = event(ConductAssessed, DAY, period="HK2", level="K")
    assert conflict(other_level, conduct) == "already_assessed"


def test_a_mark_of_the_custodian_is_no_conflict_but_its_closing_is() -> None:
    theirs = Contribution(LEDGER, year(mark("5.0")), (), 1)
    assert effect_of(mark(), year(), [theirs]).conflict is None
    closing = Contribution(LEDGER, year(event(PeriodClosed, DAY, period="HK1")), (), 1)
    assert effect_of(mark(), year(), [closing]).conflict == "period_closed"
    closed = event(PeriodClosed, DAY, period="HK1")
    assert effect_of(closed, year(), [closing]).conflict == "already_closed"


def conversation(*events: Event) -> Case:
    state: Case | None = None
    for version, one in enumerate(events, 1):
        state = case.evolve(state, one, version)
    assert state is not None
    return state


def test_a_supplement_may_open_a_case_at_a_ledger_that_is_no_party_of_the_transfer() -> None:
    state = conversation(event(SupplementReceived, DAY))
    assert (state.id, state.state, state.pupil, state.peer) == (
        CASE,
        "follow_up",
        PUPIL,
        OTHER_LEDGER,
    )
    (one,) = state.supplements
    assert (one.number, one.outcome, one.message) == (2, None, str(CASE))


def test_each_supplement_is_answered_by_its_number() -> None:
    sent = [event(SupplementSent, DAY, number=number) for number in (1, 2)]
    state = conversation(
        event(SupplementReceived, DAY, number=3),
        *sent,
        event(SupplementAnswered, DAY, number=2, outcome="decided", code=None),
        event(SupplementAnswered, DAY, number=1, outcome="failed", code="missing_entry"),
        event(MovedOn, DAY),
    )
    assert [(s.number, s.outcome) for s in state.supplements] == [
        (3, None),
        (1, "failed"),
        (2, "decided"),
    ]
    assert (state.state, state.failure) == ("follow_up", (0, "missing_entry"))
    assert state.moved_to == OTHER_LEDGER
