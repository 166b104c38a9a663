"""A ledger's transfer office on the servers of this home, and its route to NATS."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from ledger.ledger import Ledger
from ledger.notary import Notary
from services.embedded import Servers
from services.embedded.home import replace_file
from services.embedded.nats_config import Mailbox
from services.ledgers import Ledgers, Profile
from services.workplace import Workplace
from signing.jws import FileSigner
from transfer.courier import Box, Route
from transfer.office import Office


def office_of(ledgers: Ledgers, profile: Profile, ledger: Ledger) -> Office:
    """The office of an opened ledger."""
    keys = ledgers.keys(profile)
    return Office(
        ledger=ledger,
        notary=notary_of(ledgers, profile, ledger),
        seal=FileSigner(keys.seal.key, keys.seal.chain),
        encryption=keys.encryption,
        trust=ledgers.trust,
    )


def notary_of(ledgers: Ledgers, profile: Profile, ledger: Ledger) -> Notary:
    """The notary of an opened ledger."""
    return ledgers.notary(profile, ledger)


@contextmanager
def open_office(
    workplace: Workplace, name: str | None = None
) -> Iterator[tuple[Profile, Office, Servers]]:
    """The office of the ledger named (by default the one of --ledger)."""
    profile = workplace.ledgers.profile(name or workplace.ledger)
    with (
        workplace.servers() as servers,
        workplace.ledgers.open(servers, profile.name, database=workplace.database) as opened,
    ):
        yield profile, office_of(workplace.ledgers, profile, opened[1]), servers


def route_of(workplace: Workplace, servers: Servers, office: Office) -> Route:
    """How this ledger reaches NATS: the server given, or the home's own (made ready here)."""
    account = office.trust.by_id(office.ledger.id).nats_account
    if workplace.nats is not None:
        return _given(workplace.nats, account, office)
    return embedded_route(workplace.ledgers, servers, account)


def embedded_route(ledgers: Ledgers, servers: Servers, account: str) -> Route:
    """The home's NATS, with an account, a stream and durables for each ledger of the home."""
    address = servers.nats
    profiles = [ledgers.profile(name) for name in ledgers.names()]
    provisioned = ledgers.home.nats / "provisioned"
    accounts = {p.name: ledgers.trust.by_id(p.id).nats_account for p in profiles}
    wanted = "\n".join(sorted(accounts.values()))
    if not provisioned.exists() or provisioned.read_text("ascii") != wanted:
        servers.nats_server.provision(list(accounts.items()))
        replace_file(provisioned, wanted)
    credentials = servers.nats_server.ensure_account(account)
    trusted = {ledger.nats_account for b in ledgers.trust.bundles() for ledger in b.ledgers}
    boxes = servers.nats_server.mailboxes(account)
    return Route(
        url=address.url,
        user=credentials.user,
        password=credentials.password,
        account=account,
        boxes=tuple(_box(box) for box in boxes if box.sender in trusted),
    )


def _box(box: Mailbox) -> Box:
    return Box(stream=box.stream, durable=box.durable, prefix=box.prefix)


def _given(url: str, account: str, office: Office) -> Route:
    """A server given by its address: user and password stand in the URL."""
    senders = {
        trusted.nats_account for bundle in office.trust.bundles() for trusted in bundle.ledgers
    }
    parts = urlsplit(url)
    return Route(
        url=url,
        user=parts.username,
        password=parts.password,
        account=account,
        boxes=tuple(
            _box(Mailbox(sender=sender, receiver=account)) for sender in sorted(senders - {account})
        ),
    )
