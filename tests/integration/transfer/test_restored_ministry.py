"""A ministry that is restored has its register and its rulings back, on real PostgreSQL."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from ledger.errors import Conflict
from services.embedded import Servers
from services.ledgers import Ledgers
from signing.jws import FileSigner
from tests.integration.transfer.follow_up import newcomer
from tests.integration.transfer.restores import Site, carry_mail, open_sites, recover_by_hand
from tests.integration.transfer.story import TODAY, ask, at_origin, case_of, let_go, take_in
from tests.integration.transfer.test_restores import require_sound
from transfer import arbitration
from transfer.register_service import Registered, registered


@pytest.fixture
def sites(transfer_servers: Servers) -> Iterator[list[Site]]:
    with open_sites(transfer_servers, "31", "22", None) as found:
        yield found


def carried(origin: Site, receiver: Site, ministry: Site) -> UUID:
    """A transfer that both sides have closed and the register has written down."""
    leaver, arrival = at_origin(origin.side), newcomer(receiver.side)
    case = ask(receiver.side, arrival, origin.side)
    carry_mail(origin, receiver, ministry)
    let_go(origin.side, case, leaver)
    carry_mail(origin, receiver, ministry)
    take_in(receiver.side, case, arrival)
    carry_mail(origin, receiver, ministry)
    assert case_of(receiver.side, case).registered == "recorded"
    return case


def known(ministry: Site) -> Registered:
    """Everything in the register."""
    return registered(ministry.office.ledger)


def rule(ministry: Site, origin: Site, receiver: Site, case: UUID, custodian: Site) -> None:
    """The arbiter rules."""
    arbitration.rule(
        ministry.office,
        arbiter(ministry.ledgers, ministry.name),
        case_id=case,
        origin=origin.id,
        receiver=receiver.id,
        custodian=custodian.id,
        number="17/QĐ",
        ground="receiver_denies",
        today=TODAY,
        who=ministry.who,
    )


def arbiter(ledgers: Ledgers, name: str) -> FileSigner:
    """Who rules in the ministry's name."""
    return ledgers.arbiter(ledgers.profile(name))


def test_a_register_that_was_lost_is_told_again(sites: list[Site]) -> None:
    origin, receiver, ministry = sites
    ministry.backup()
    carried(origin, receiver, ministry)
    before = known(ministry)
    ministry.restore()
    assert known(ministry).tokens == {}
    assert recover_by_hand(ministry, origin, receiver).ended
    carry_mail(*sites)
    assert known(ministry).tokens.keys() == before.tokens.keys()
    assert known(ministry).conflicts() == before.conflicts() == []
    require_sound(ministry)


def test_a_ruling_that_was_lost_stands_again_and_no_other_can_be_made(sites: list[Site]) -> None:
    origin, receiver, ministry = sites
    ministry.backup()
    case = carried(origin, receiver, ministry)
    rule(ministry, origin, receiver, case, origin)
    carry_mail(*sites)
    ministry.restore()
    with pytest.raises(Conflict, match="hocba recover"):
        rule(ministry, origin, receiver, case, receiver)
    assert recover_by_hand(ministry, origin, receiver).ended
    carry_mail(*sites)
    with pytest.raises(Conflict, match="a ruling stands"):
        rule(ministry, origin, receiver, case, receiver)
    ruling = known(ministry).transfers[case].ruling
    assert ruling is not None
    assert ruling.custodian == origin.id
