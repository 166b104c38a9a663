"""Supplements after a restore: what was proposed here and what was decided here is known again.

    ours, not known here         noted as sent, and sent again: it gets the answer it got before
    theirs, decided here before  asked for again: it comes with the answer that we signed
    here again                   decided as it was

The entries of a supplement of ours come back apart from this (`putting_back`).
"""

from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID

from ledger import case as case_state
from ledger.case import Case
from ledger.event import Event, Who
from ledger.events.supplement import SupplementAwaited, SupplementSent
from ledger.plan import Plan
from ledger.queries import queries
from ledger.reader import Reader
from transfer import clock, supplement_decision
from transfer.acceptances import MAX_ANSWER, own_word
from transfer.asking import ask_in_pages, recovering
from transfer.bodies import SupplementAnswerBody, SupplementBody
from transfer.cases import all_cases, case_ref, message, person_of
from transfer.errors import CaseRefused, CheckFailed
from transfer.office import Office
from transfer.statement import StatedSupplement

_SQL = queries("transfer", "recovery.sql")


def restore(office: Office, *, who: Who) -> bool:
    """Notes what other ledgers told of supplements, once each; whether there was anything."""

    def decide(reader: Reader) -> Plan:
        under_way = recovering(reader.connection)
        plan = Plan()
        if under_way is None:
            return plan
        wants: dict[UUID, list[UUID]] = {}
        known: dict[UUID, Case | None] = {}
        for teller, told in _told(reader, under_way[0]):
            case = known.setdefault(told.case, reader.case(told.case))
            event = _lost(reader, case, teller, told)
            if event is None:
                continue
            plan.add(case_ref(reader, told.case, person_of(case) if case else None), [event])
            known[told.case] = case_state.evolve(case, event, 0)
            if isinstance(event, SupplementAwaited):
                wants.setdefault(teller, []).append(told.case)
            else:
                again = message(told.case, teller, "supplement", issue=told.number)
                plan.outgoing.append(again)
        for teller, cases in wants.items():
            wanted = list(dict.fromkeys(cases))
            ask_in_pages(plan, teller, under_way, wants_supplements=wanted)
        return plan

    return office.ledger.desk.run(decide, who=who, recovery=True).appended > 0


def _told(reader: Reader, incarnation: int) -> Iterator[tuple[UUID, StatedSupplement]]:
    """(who tells, what) of the whole answers of a recovery, in the order they were asked for."""
    rows = reader.connection.execute(_SQL["asks_of"], {"incarnation": incarnation}).fetchall()
    for ask, teller, *_, answered_at in rows:
        if answered_at is None:
            continue
        pages = reader.connection.execute(_SQL["stated_supplements"], {"ask": ask}).fetchall()
        told = [
            StatedSupplement.model_validate(one) for row in pages for one in row[0]["supplements"]
        ]
        yield from ((teller, one) for one in sorted(told, key=lambda one: (one.case, one.number)))


def _lost(reader: Reader, case: Case | None, teller: UUID, told: StatedSupplement) -> Event | None:
    """What our log lacks of a supplement."""
    today = clock.today()
    if told.author == reader.ledger:
        known = {one.number for one in case.supplements if one.message is None} if case else set()
        if case is None or told.number in known:
            return None
        return SupplementSent(
            effective_on=today,
            case=told.case,
            number=told.number,
            to_ledger=teller,
            via=None,
            proposals=told.proposals,
        )
    if told.author != teller or told.outcome != "decided":
        return None
    pupil = reader.pupils([case.pupil])[case.pupil] if case and case.pupil else None
    decided = reader.decisions(pupil) if pupil else {}
    awaited = {p for one in case.awaited for p in one.proposals} if case else set()
    missing = [p for p in told.proposals if (teller, p) not in decided and p not in awaited]
    if not missing:
        return None
    return SupplementAwaited(
        effective_on=today, case=told.case, author=teller, proposals=tuple(missing)
    )


def ask_again(office: Office, *, who: Who) -> None:
    """Whoever still owes a supplement is asked for it once more."""

    def decide(reader: Reader) -> Plan:
        under_way = recovering(reader.connection)
        plan = Plan()
        if under_way is None:
            return plan
        owed: dict[UUID, list[UUID]] = {}
        for case in all_cases(reader.connection):
            for ledger in case.owing:
                owed.setdefault(ledger, []).append(case.id)
        for ledger, cases in owed.items():
            ask_in_pages(plan, ledger, under_way, wants_supplements=cases)
        return plan

    office.ledger.desk.run(decide, who=who, recovery=True)


def decide_as_before(office: Office, case_id: UUID, *, who: Who, recovery: bool) -> None:
    """Decides by rule what this ledger decided about a case's proposals before it was restored, by
    its own signed answers, which came with them. Where a supplement no longer passes, or shows no
    answer, a person decides."""
    with office.ledger.database.connection() as connection:
        case = Reader(connection, office.ledger.keyring, office.ledger.id).case(case_id)
    if case is None or not case.awaited:
        return
    with suppress(CaseRefused, CheckFailed):
        supplement_decision.decide_as_said(
            office,
            case_id,
            lambda body: _said(office, body),
            today=clock.today(),
            who=who,
            recovery=recovery,
        )


def _said(office: Office, body: SupplementBody) -> dict[UUID, str | None]:
    """By proposal what we said of it before: the reason of the refusal, None where accepted."""
    said: dict[UUID, str | None] = {}
    for text in body.answers or ():
        own = own_word(office, text, SupplementAnswerBody, limit=MAX_ANSWER)
        if own is not None and (own.aud, own.transfer_id) == (body.iss, body.transfer_id):
            said |= own.said
    return said
