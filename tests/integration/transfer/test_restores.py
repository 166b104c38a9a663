"""A restore is a fork of oneself: fenced, asked about, put back. The traces that broke an earlier
protocol, over real PostgreSQL and NATS."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from ledger.errors import Conflict
from services.embedded import Servers
from tests.integration.transfer.restores import Site, open_sites, recover
from tests.integration.transfer.story import (
    SECOND_TERM_LATER,
    TODAY,
    ask,
    at_origin,
    at_receiver,
    case_of,
    count,
    enter,
    let_go,
    pupil_state,
    record,
    rows,
    take_in,
    transcript,
)
from transfer import conversation
from transfer.errors import CaseRefused

Begun = tuple[Site, Site, UUID, UUID, UUID]


@pytest.fixture
def sites(transfer_servers: Servers) -> Iterator[tuple[Site, Site]]:
    with open_sites(transfer_servers, "31", "22") as (origin, receiver):
        yield origin, receiver


@pytest.fixture
def begun(sites: tuple[Site, Site]) -> Begun:
    """A request that has reached the origin: (origin, receiver, leaver, arrival, case)."""
    origin, receiver = sites
    leaver, arrival = at_origin(origin.side), at_receiver(receiver.side)
    case = ask(receiver.side, arrival, origin.side)
    receiver.exchange()
    origin.exchange()
    return origin, receiver, leaver, arrival, case


def deliver(begun: Begun) -> None:
    """The origin releases, and the dossier reaches the receiver."""
    origin, receiver, leaver, _, case = begun
    let_go(origin.side, case, leaver)
    origin.exchange()
    receiver.exchange()


def custodians(begun: Begun) -> list[str]:
    """Whose school manages the record now."""
    origin, receiver, leaver, arrival, case = begun
    found = []
    if pupil_state(origin.side, leaver).released is None:
        found.append("origin")
    state = pupil_state(receiver.side, arrival)
    if case in state.accepted and state.released is None:
        found.append("receiver")
    return found


def test_a_receiver_restored_to_before_the_import_accepts_again_what_the_origin_has_closed(
    begun: Begun,
) -> None:
    origin, receiver, leaver, arrival, case = begun
    receiver.backup()
    deliver(begun)
    take_in(receiver.side, case, arrival)
    receiver.exchange()
    origin.exchange()
    digest = transcript(receiver.side, arrival, TODAY).digest
    assert case_of(origin.side, case).state == "accepted"
    receiver.restore()
    with pytest.raises(Conflict, match="hocba recover"):
        enter(receiver.side, arrival, "7B2", SECOND_TERM_LATER)
    found = recover(receiver, origin)
    assert found.ended, found
    assert case_of(receiver.side, case).state == "accepted"
    assert custodians(begun) == ["receiver"]
    assert transcript(receiver.side, arrival, TODAY).digest == digest
    assert count(receiver.side, "CaseDecided") == 1
    enter(receiver.side, arrival, "7B2", SECOND_TERM_LATER)
    assert rows(origin.side, "SELECT 1 FROM ledger.inbox WHERE state = 'quarantined'") == []


def test_an_origin_restored_to_before_the_release_cannot_write_on_and_gets_its_release_back(
    begun: Begun,
) -> None:
    origin, receiver, leaver, arrival, case = begun
    origin.backup()
    enter(origin.side, leaver, "7A1", [("NGUVAN", 2, "TX2", "9", TODAY.replace(month=2))])
    before = {(e.stream.id, e.version): (e.body, e.record) for e in record(origin.side, leaver)}
    deliver(begun)
    released = case_of(origin.side, case)
    origin.restore()
    with pytest.raises(Conflict) as caught:
        let_go(origin.side, case, leaver)
    assert caught.value.code == "fenced"
    with pytest.raises(Conflict):
        origin.exchange()
    found = recover(origin, receiver)
    assert found.ended, found
    assert custodians(begun) == []
    restored = case_of(origin.side, case)
    assert (restored.state, restored.root, restored.digest, restored.pupil) == (
        "released",
        released.root,
        released.digest,
        leaver,
    )
    after = {(e.stream.id, e.version): (e.body, e.record) for e in record(origin.side, leaver)}
    assert before.items() <= after.items()
    take_in(receiver.side, case, arrival)
    receiver.exchange()
    origin.exchange()
    assert case_of(origin.side, case).state == "accepted"
    assert custodians(begun) == ["receiver"]
