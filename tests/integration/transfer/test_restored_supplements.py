"""Supplements and a restore, on real PostgreSQL: what was proposed stands in its place again, what
was decided is decided as it was."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from services.embedded import Servers
from tests.integration.transfer.follow_up import (
    LATE,
    LATER,
    decide,
    look,
    newcomer,
    propose_marks,
    shown,
)
from tests.integration.transfer.restores import (
    Site,
    carry_mail,
    open_sites,
    recover_by_hand,
)
from tests.integration.transfer.story import (
    TODAY,
    ask,
    at_origin,
    case_of,
    let_go,
    rows,
    take_in,
    transcript,
)
from tests.integration.transfer.test_restores import require_sound
from transfer import supplement
from transfer.inbox import Taken


class Story:
    """A pupil who has left, and came to the receiver; nothing is proposed yet."""

    def __init__(self, author: Site, custodian: Site) -> None:
        self.author, self.custodian = author, custodian
        self.leaver, self.arrival = at_origin(author.side), newcomer(custodian.side)
        self.case = ask(custodian.side, self.arrival, author.side)
        self.carry()
        let_go(author.side, self.case, self.leaver)
        self.carry()
        take_in(custodian.side, self.case, self.arrival)
        self.carry()

    def carry(self) -> list[Taken]:
        return carry_mail(self.author, self.custodian)

    def offer(self) -> None:
        """What is open goes to the custodian."""
        side = self.author.side
        assert supplement.offer(side.office, self.case, today=TODAY, who=side.who) is not None
        self.carry()

    @property
    def digests(self) -> set[str]:
        """What the two transcripts come to."""
        return {
            transcript(self.author.side, self.leaver, TODAY).digest,
            transcript(self.custodian.side, self.arrival, TODAY).digest,
        }

    @property
    def outcomes(self) -> list[list[str | None]]:
        """How each side sees the supplements."""
        return [
            [one.outcome for one in case_of(site.side, self.case).supplements]
            for site in (self.author, self.custodian)
        ]


@pytest.fixture
def story(transfer_servers: Servers) -> Iterator[Story]:
    with open_sites(transfer_servers, "31", "22") as (author, custodian):
        yield Story(author, custodian)


def years(site: Site, author: UUID) -> list[tuple[object, ...]]:
    """What a ledger holds of the pupil-years that another one wrote about leavers."""
    return rows(
        site.side,
        "SELECT s.id, e.version, e.body FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no"
        f" WHERE s.kind = 'pupil_year' AND s.ledger = '{author}'"
        " AND s.id IN (SELECT s.id FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no"
        " WHERE e.topic = 'ledger.Proposed.v1') ORDER BY s.id, e.version",
    )


def test_a_decision_that_was_lost_is_made_again_as_it_was_told(story: Story) -> None:
    propose_marks(story.author.side, story.leaver, LATE, LATER)
    story.custodian.backup()
    story.offer()
    first = look(story.custodian.side, story.case).proposals[0]
    decide(story.custodian.side, story.case, (first.id,), reason="already_there")
    story.carry()
    (before,) = story.digests
    story.custodian.restore()
    found = recover_by_hand(story.custodian, story.author)
    assert found.ended, found
    assert story.digests == {before}
    assert [one[-1] for one in shown(look(story.custodian.side, story.case).proposals)] == [
        "accepted",
        "already_there",
    ]
    story.carry()
    assert story.outcomes[0] == ["decided", "decided"], "it came once more, with our own answer"
    assert set(story.outcomes[1]) == {"decided"}
    require_sound(story.custodian)


def test_a_supplement_undecided_when_it_was_lost_is_still_a_person_s_to_decide(
    story: Story,
) -> None:
    propose_marks(story.author.side, story.leaver, LATE)
    other = newcomer(story.custodian.side, key="N2")
    story.custodian.backup()
    story.offer()
    ask(story.custodian.side, other, story.author.side)
    story.carry()  # something was told after the backup
    story.custodian.restore()
    assert recover_by_hand(story.custodian, story.author).ended
    story.carry()
    assert [one[-1] for one in shown(look(story.custodian.side, story.case).proposals)] == [None]
    decide(story.custodian.side, story.case, "all")
    story.carry()
    assert len(story.digests) == 1
    assert story.outcomes == [["decided"], ["decided"]]


def test_proposals_that_were_lost_come_back_to_their_place_with_their_answer(story: Story) -> None:
    story.author.backup()
    propose_marks(story.author.side, story.leaver, LATE)
    story.offer()
    decide(story.custodian.side, story.case, "all")
    story.carry()
    (before,) = story.digests
    story.author.restore()
    found = recover_by_hand(story.author, story.custodian)
    assert (found.ended, found.listed) == (True, ())
    story.carry()
    assert story.digests == {before}
    assert story.outcomes == [["decided"], ["decided"]]
    propose_marks(story.author.side, story.leaver, LATER)
    story.offer()
    decide(story.custodian.side, story.case, "all")
    story.carry()
    assert len(story.digests) == 1
    ours = story.author.id
    assert years(story.author, ours) == years(story.custodian, ours) != []
    require_sound(story.author)


def test_nobody_is_made_to_accept_what_another_ledger_says_was_accepted(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the answer under our own seal a person decides."""
    propose_marks(story.author.side, story.leaver, LATE)
    story.custodian.backup()
    story.offer()
    decide(story.custodian.side, story.case, "all")
    story.carry()
    story.custodian.restore()
    assert len(story.digests) == 2, "the author counts what the custodian has forgotten"
    monkeypatch.setattr("transfer.supplement_build.signed_answers", lambda *args: ())
    assert recover_by_hand(story.custodian, story.author).ended
    assert [one[-1] for one in shown(look(story.custodian.side, story.case).proposals)] == [None]
