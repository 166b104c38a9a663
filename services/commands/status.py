"""`hocba status`: how far the log, the projections and the mail of a ledger are."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click

from ledger import log
from ledger.database import Connection
from ledger.errors import Conflict
from ledger.notary import Notary
from projections.views import engine_of
from services.offices import notary_of
from services.output import print_csv, print_json, print_table
from services.workplace import Workplace
from signing.errors import TrustError
from transfer import dead_letter
from transfer.cases import outbox_states, register_states, unanswered


@click.command()
@click.pass_obj
def status(workplace: Workplace) -> int:
    """Position, projection lag, outbox, unanswered transfers with age."""
    with workplace.open() as (profile, ledger), ledger.database.connection() as connection:
        engine = engine_of(ledger)
        fence = workplace.ledgers.fence(profile, ledger)
        standing = fence.standing(connection)
        head = log.head(connection)
        known = engine.checkpoints(connection)
        answer: dict[str, Any] = {
            "ledger": profile.name,
            "id": str(profile.id),
            "position": head.size - 1,
            "recorded_at": log.instant_text(log.recorded_at(connection, head.size - 1)),
            "projections": [
                {
                    "name": name,
                    "position": known[name].size - 1,
                    "lag": head.size - known[name].size,
                    "stopped_at": known[name].stopped_at,
                    "reason": known[name].reason,
                }
                for name in engine.names
            ],
            "fork": _fork(notary_of(workplace.ledgers, profile, ledger), connection),
            "incarnation": head.incarnation,
            "fence": {"state": standing.state, "reason": standing.reason},
            "moved": fence.moved(connection),
            "outbox": outbox_states(connection),
            "failed": _failed(connection),
            "given_up": _given_up(connection, _account(workplace, profile.id)),
            "unanswered": _ages(unanswered(connection)),
            "register": _register(register_states(connection)),
        }
    _print(answer, workplace.format)
    return 0


def _fork(notary: Notary, connection: Connection) -> str | None:
    """What is wrong where the log does not extend its newest checkpoint kept in the home: it was
    restored from a backup, or rewritten."""
    try:
        notary.check_witness(connection)
    except Conflict as conflict:
        return conflict.message
    return None


def _account(workplace: Workplace, ledger: UUID) -> str:
    """The NATS account under which the ledger sends."""
    try:
        return workplace.ledgers.trust.by_id(ledger).nats_account
    except TrustError:
        return ledger.hex


def _failed(connection: Connection) -> list[dict[str, Any]]:
    """Our messages that cannot be sealed or sent, and why."""
    return [
        {
            "message": str(failed.message),
            "case": str(failed.case),
            "kind": failed.kind,
            "reason": failed.reason,
        }
        for failed in dead_letter.failed(connection)
    ]


def _given_up(connection: Connection, account: str) -> list[dict[str, Any]]:
    """Deliveries that came to nothing, the newest first; ours go out again until answered."""
    return [
        {
            "why": lost.kind,
            "deliveries": lost.deliveries,
            "reason": lost.reason,
            "noted_at": log.instant_text(lost.noted_at),
            "consumer": lost.consumer,
            "sequence": lost.sequence,
            "case": str(lost.case) if lost.case else None,
            "kind": lost.message_kind,
        }
        for lost in dead_letter.given_up(connection, account=account)
    ]


def _ages(rows: list[tuple[str, str, str, datetime]]) -> list[dict[str, Any]]:
    """Transfers that wait for somebody, oldest first; age in whole days since the last entry."""
    now = datetime.now(UTC)
    return [
        {"case": case, "side": side, "state": state, "age_days": (now - since).days}
        for case, side, state, since in rows
    ]


def _register(states: dict[str, int]) -> dict[str, int]:
    """Transfers by the custody register's answer: not yet checked, in conflict, recorded."""
    return {
        "unregistered": states.get("asked", 0),
        "conflicts": states.get("conflict", 0),
        "registered": states.get("recorded", 0),
    }


def _print(answer: dict[str, Any], form: str) -> None:
    if form == "json":
        print_json(answer)
        return
    rows: list[list[Any]] = [["position", answer["position"], answer["recorded_at"]]]
    if answer["fork"]:
        rows.append(["FORK", "", answer["fork"]])
    if answer["fence"]["state"] != "open":
        rows.append(["FENCE", answer["fence"]["state"], answer["fence"]["reason"]])
    if answer["moved"]:
        rows.append(["database moved", "", answer["moved"]])
    if answer["incarnation"] > 1:
        rows.append(["incarnation", answer["incarnation"], "restored from a backup"])
    for known in answer["projections"]:
        lag = f"lag {known['lag']}"
        if known["reason"]:
            lag += f", stopped at {known['stopped_at']}: {known['reason']}"
        rows.append([f"projection {known['name']}", known["position"], lag])
    rows += [[f"outbox {state}", count, ""] for state, count in answer["outbox"].items()]
    rows += [
        [f"failed {failed['kind']}", failed["case"], failed["reason"]]
        for failed in answer["failed"]
    ]
    rows += [
        [
            f"given up {lost['kind'] or ''}".strip(),
            lost["case"],
            f"{lost['why']}, {lost['noted_at']}",
        ]
        for lost in answer["given_up"]
    ]
    rows += [
        [f"transfer {case['case']}", case["state"], f"{case['age_days']} d, we are {case['side']}"]
        for case in answer["unanswered"]
    ]
    rows += [[f"register {what}", count, ""] for what, count in answer["register"].items() if count]
    if form == "csv":
        print_csv(("what", "value", "detail"), rows)
    else:
        print_table(f"{answer['ledger']}", ("", "", ""), rows)
