"""`hocba register list` and `show`: the custody register, at the ministry that keeps it."""

from typing import Any
from uuid import UUID

import click

from ledger.errors import NotFound
from ledger.register import Conflict, Register, custodian, passages
from services.cases import short_name
from services.offices import open_office
from services.output import print_csv, print_json, print_table
from services.workplace import Workplace
from signing.truststore import TrustStore
from transfer.register_service import Registered, registered

CONFLICTS = ("token", "transfer", "other_transfer", "other_ledger")
TOLD = ("transfer", "from", "to", "event", "told_by", "root")


@click.group()
def register() -> None:
    """The custody register of the ministry: tokens only, no name and no number."""


@register.command("list")
@click.pass_obj
def list_(workplace: Workplace) -> int:
    """How many tokens and transfers are known, and every conflict."""
    with open_office(workplace) as (_, office, _):
        answer = _overview(office.trust, registered(office.ledger))
    rows = [[one[column] for column in CONFLICTS] for one in answer["conflicts"]]
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(CONFLICTS, rows)
    else:
        counted = f"{answer['tokens']} tokens, {answer['transfers']} transfers"
        print_table(f"{counted}, {answer['in_transit']} in transit", CONFLICTS, rows)
    return 0


@register.command()
@click.argument("token")
@click.pass_obj
def show(workplace: Workplace, token: str) -> int:
    """What was told of one token (its first digits are enough where no other begins so)."""
    with open_office(workplace) as (_, office, _):
        known = registered(office.ledger)
        found = [name for name in known.tokens if name.startswith(token.lower())]
        if len(found) != 1:
            raise NotFound("unknown_token", f"{len(found)} tokens of the register begin so")
        answer = _of_token(office.trust, found[0], known)
    rows = [[one[column] for column in TOLD] for one in answer["told"]]
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(TOLD, rows)
    else:
        print_table(f"{answer['token']}: {answer['custodian'] or '–'}", TOLD, rows)
    return 0


def _overview(trust: TrustStore, known: Registered) -> dict[str, Any]:
    states = known.tokens.values()
    return {
        "tokens": len(known.tokens),
        "transfers": sum(len(passages(state)) for state in states),
        "in_transit": sum(custodian(state) is None for state in states),
        "rulings": sum(state.ruling is not None for state in known.transfers.values()),
        "conflicts": [_conflict(trust, token, one) for token, one in known.conflicts()],
    }


def _of_token(trust: TrustStore, token: str, known: Registered) -> dict[str, Any]:
    state: Register = known.tokens[token]
    holder = custodian(state)
    return {
        "token": token,
        "custodian": short_name(trust, holder) if holder else None,
        "told": [
            {
                "transfer": str(one.transfer),
                "from": short_name(trust, one.origin),
                "to": short_name(trust, one.receiver),
                "event": one.event,
                "told_by": short_name(trust, one.by),
                "root": one.root,
            }
            for one in state.told
        ],
        "rulings": [_ruled(trust, *ruled) for ruled in state.ruled],
        "conflicts": [
            _conflict(trust, name, one) for name, one in known.conflicts() if name == token
        ],
    }


def _ruled(trust: TrustStore, transfer: UUID, holder: UUID) -> dict[str, str]:
    return {"transfer": str(transfer), "custodian": short_name(trust, holder)}


def _conflict(trust: TrustStore, token: str, conflict: Conflict) -> dict[str, str]:
    return {
        "token": token,
        "transfer": str(conflict.transfer),
        "other_transfer": str(conflict.other_transfer),
        "other_ledger": short_name(trust, conflict.other_ledger),
    }
