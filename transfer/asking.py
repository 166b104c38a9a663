"""Asking other ledgers what they know: of a recovery, or for the reconciliation report."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger.database import Connection
from ledger.event import Who
from ledger.ids import uuid7
from ledger.plan import Plan
from ledger.queries import queries
from ledger.reader import Reader
from transfer.cases import Write, message
from transfer.office import Office
from transfer.statement import WANTS_IN_ASK

_SQL = queries("transfer", "recovery.sql")


def others(office: Office) -> list[UUID]:
    """Every other ledger of the trust bundles, in their order; the ministry is no side of any
    transfer, and is not asked."""
    ministry = office.trust.ministry()
    left_out = {office.ledger.id} | ({ministry.id} if ministry is not None else set())
    known = [led.id for bundle in office.trust.bundles() for led in bundle.ledgers]
    return [ledger for ledger in dict.fromkeys(known) if ledger not in left_out]


def ask(
    plan: Plan,
    ledgers: Iterable[UUID],
    incarnation: int | None,
    since: datetime | None,
    *,
    wants: Sequence[UUID] = (),
    wants_supplements: Sequence[UUID] = (),
) -> None:
    """Adds a question to each of `ledgers`. `incarnation` and `since` are those of a recovery,
    `wants` transfers whose dossier is to be sent again, `wants_supplements` cases in which what
    was decided about proposals is."""
    for ledger in ledgers:
        question = uuid7()
        content: dict[str, Any] = {"asks": True, "wants": [str(case) for case in wants]}
        if wants_supplements:
            content["wants_supplements"] = [str(case) for case in wants_supplements]
        if since is not None:
            content["since"] = since.isoformat()
        plan.outgoing.append(message(question, ledger, "reconcile", content=content))
        asked = {"ask": question, "ledger": ledger, "incarnation": incarnation, "since": since}
        plan.extra.append(named("put_ask", {**asked, "wants": list(wants)}))


def named(name: str, parameters: dict[str, Any]) -> Write:
    """A statement of `recovery.sql` to be run with a plan."""

    def write(connection: Connection, first: int) -> None:
        del first
        connection.execute(_SQL[name], parameters)

    return write


def recovering(connection: Connection) -> tuple[int, datetime] | None:
    """The recovery under way: its incarnation, and the instant after which entries were lost."""
    row: tuple[int, datetime] | None = connection.execute(_SQL["recovering"]).fetchone()
    return row


def ask_for_report(office: Office, ledgers: Sequence[UUID], *, who: Who) -> None:
    """Asks ledgers for their newest statement, for the reconciliation report; one that has not
    answered yet is not asked another time."""

    def decide(reader: Reader) -> Plan:
        asked = {row[0] for row in reader.connection.execute(_SQL["open_report_asks"]).fetchall()}
        plan = Plan()
        ask(plan, [led for led in ledgers if led not in asked], None, None)
        return plan

    office.ledger.desk.run(decide, who=who)


def ask_daily(office: Office, *, who: Who) -> None:
    """Asks for the report every ledger that was not asked within a day; an agent calls it as often
    as it likes. A ledger that is fenced asks nobody."""
    with office.ledger.database.connection() as connection:
        fence = office.ledger.desk.fence
        if fence is not None and fence.standing(connection).state != "open":
            return
        lately = {row[0] for row in connection.execute(_SQL["asked_lately"]).fetchall()}
    due = [ledger for ledger in others(office) if ledger not in lately]
    if due:
        ask_for_report(office, due, who=who)


def ask_in_pages(
    plan: Plan,
    ledger: UUID,
    under_way: tuple[int, datetime],
    wants: Sequence[UUID] = (),
    wants_supplements: Sequence[UUID] = (),
) -> None:
    """Adds questions that want these dossiers and supplements again, each of a bounded size."""
    for start in range(0, max(len(wants), len(wants_supplements)), WANTS_IN_ASK):
        page = slice(start, start + WANTS_IN_ASK)
        ask(
            plan,
            [ledger],
            *under_way,
            wants=wants[page],
            wants_supplements=wants_supplements[page],
        )


def wanted(connection: Connection, incarnation: int) -> set[UUID]:
    """The transfers whose dossier was asked for again in a recovery."""
    rows = connection.execute(_SQL["asks_of"], {"incarnation": incarnation}).fetchall()
    return {case for row in rows for case in row[2]}
