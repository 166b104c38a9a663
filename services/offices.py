"""A ledger's transfer office on the servers of this home, and its route to NATS."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from ledger.ledger import Ledger
from ledger.notary import Notary
from services.embedded import Servers
from services.embedded.home import replace_file
from services.embedded.nats_config import Mailbox, Place
from services.errors import ServiceError, UnsafeServer
from services.ledgers import Ledgers, Profile
from services.nats.hub import PREFIX, HubBox
from services.nats.inspection import safe_route
from services.nats.safety import Difference
from services.nats.tokens import Role, is_public
from services.output import messages
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
    """How this ledger reaches NATS: the server given, or the home's own (made ready here).

    Raises:
        UnsafeServer: the server given could lose or leak mail, and that is not tolerated.
        CourierUnavailable: the server given cannot be looked at now.
    """
    account = office.trust.by_id(office.ledger.id).nats_account
    if workplace.nats is None:
        return embedded_route(workplace.ledgers, servers, account)
    route, differences = given_route(workplace, workplace.nats, account)
    listed = "; ".join(map(str, differences))
    if differences and workplace.nats_access.unsafe:
        messages.print(f"hocba: tolerated at the NATS server: {listed}", markup=False)
    elif differences:
        raise UnsafeServer(
            f"the NATS server is not as provisioning makes it: {listed}. Have it provisioned "
            "again (hocba nats provision --apply), or say --nats-unsafe"
        )
    return route


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


def given_route(workplace: Workplace, url: str, account: str) -> tuple[Route, list[Difference]]:
    """The way to a server given by its URL, with the boxes that are there, and its differences.

    With credentials the server is one that parties share (a hub); without, user and password
    stand in the URL and the layout is that of an embedded server.

    Raises:
        UnsafeServer: the way is open to others, and that is not tolerated.
        CourierUnavailable: the server cannot be looked at now.
    """
    access = workplace.nats_access
    trust = workplace.ledgers.trust
    known = {ledger.nats_account for bundle in trust.bundles() for ledger in bundle.ledgers}
    senders = sorted(known - {account})
    places: Sequence[Place]
    issued = access.account()
    if issued is not None:
        if issued != account:
            # The server would let nothing through, and say so of every subject.
            raise ServiceError(
                f"the NATS credentials are of the account {issued}, but the trust bundle gives "
                f"this ledger {account}; take the ledger's own, or have the bundle say so "
                "(hocba nats adopt)"
            )
        places = [HubBox(s, account) for s in senders if is_public(s, Role.ACCOUNT)]
    else:
        places = [Mailbox(sender=sender, receiver=account) for sender in senders]
    parts = urlsplit(url)
    route = Route(
        url=url,
        user=parts.username,
        password=parts.password,
        account=account,
        boxes=(),
        credentials=access.credentials,
        tls_ca=access.ca,
        tls_cert=access.certificate,
        tls_key=access.key,
    )
    return safe_route(
        route,
        places,
        own=PREFIX if issued is not None else "$JS.API",
        monitor=access.monitor,
        unsafe=access.unsafe,
    )
