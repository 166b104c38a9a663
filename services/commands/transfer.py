"""The group `hocba transfer`, and what its commands share: the courier's round, how a case is
shown, how pupils and ledgers are named.

Every command first takes in what has come and afterwards sends what it leaves, so that two clerks
need no running agent; `transfer-agent` does the same by itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from uuid import UUID

import click

from ledger.errors import NotFound, Refused
from ledger.event import Who
from ledger.log import head
from projections.persons import find_person
from services.case_records import pupil_keys
from services.case_table import print_cases
from services.cases import case_answer
from services.offices import open_office, route_of
from services.output import messages, print_csv, print_json
from services.reading import parse_key
from services.workplace import Workplace
from signing.errors import TrustError
from transfer import courier
from transfer.errors import CourierUnavailable
from transfer.office import Office

COLUMNS = (
    "case",
    "state",
    "from",
    "to",
    "pupil",
    "waiting_for",
    "registered",
    "age_days",
    "due_on",
)
Act = Callable[[Office, Who], UUID]
Told = Callable[[], dict[str, Any]]


@click.group()
def transfer() -> None:
    """Carry a pupil's history to another province, or take one in."""


@contextmanager
def courier_of(workplace: Workplace) -> Iterator[tuple[Office, Who, Callable[[], None]]]:
    """The office with its mail taken in, and a function that sends and takes in again."""
    with open_office(workplace) as (_, office, servers):
        who = office.ledger.who(workplace.account)
        # A server that is not there now is tried again; one that is unsafe ends the command.
        route = cache(lambda: route_of(workplace, servers, office))

        def exchange() -> None:
            try:
                courier.exchange(office, route(), who=who)
            except CourierUnavailable as error:
                messages.print(f"hocba: {error}", markup=False)

        exchange()
        yield office, who, exchange


def act_on(workplace: Workplace, act: Act, told: Told = lambda: {}) -> int:
    """Takes in what came, acts, sends what that leaves, and shows the case, with what `told` has
    to say beside it (called after the act)."""
    with courier_of(workplace) as (office, who, exchange):
        case = act(office, who)
        exchange()
        return show_case(workplace, office, {**case_answer(office, case), **told()})


def show_case(workplace: Workplace, office: Office, answer: dict[str, Any]) -> int:
    """Prints one case in the form asked for."""
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(COLUMNS, [[answer[column] for column in COLUMNS]])
    else:
        print_cases([answer], pupil_keys(office, [answer]), COLUMNS, workplace.lang)
    return 0


def pupil_of(office: Office, key: str) -> UUID:
    """The pupil a key names. Raises NotFound or Refused, as every command does."""
    with office.ledger.database.connection() as connection:
        size = head(connection).size
        return find_person(office.ledger, connection, parse_key(key), size=size)


def ledger_named(office: Office, name: str, *, inside: bool = False) -> UUID:
    """The other ledger of that short name, or with `inside` also this one.

    Raises:
        NotFound: `unknown_ledger`.
        Refused: `same_ledger`, `ambiguous_ledger`.
    """
    found = any_ledger(office, name)
    if found == office.ledger.id and not inside:
        raise Refused("same_ledger", "a transfer is between two ledgers", field="--from")
    return found


def any_ledger(office: Office, name: str) -> UUID:
    """A ledger of the trust bundles by its short name or its id.

    Raises:
        NotFound: `unknown_ledger`.
        Refused: `ambiguous_ledger`, two bundles give the name to two ledgers.
    """
    try:
        return office.trust.by_id(UUID(name)).id
    except (ValueError, TrustError):
        pass
    try:
        return office.trust.by_name(name).id
    except TrustError as error:
        if error.code == "conflict":
            raise Refused("ambiguous_ledger", str(error)) from error
        raise NotFound("unknown_ledger", f"no trust bundle knows a ledger {name}") from error
