"""Taking in what another ledger answers, part by part: what was lost here is put back."""

import json
from collections.abc import Sequence
from uuid import UUID, uuid5

from psycopg.types.json import Jsonb

from ledger.database import Connection
from ledger.plan import Plan
from ledger.queries import queries
from ledger.reader import Reader
from transfer.acceptances import MAX_MAIL, own_word
from transfer.arbitration import obey_again, put_rulings_back
from transfer.bodies import SupplementBody
from transfer.cases import Write
from transfer.errors import CaseRefused
from transfer.message import Header
from transfer.office import Office
from transfer.putting_back import put_back, put_supplement_back
from transfer.restoration import Finding
from transfer.statement import ReconcileBody

_SQL = queries("transfer", "recovery.sql")


def on_part(office: Office, reader: Reader, header: Header, body: ReconcileBody) -> Plan:
    """What a part of an answer does to our log.

    Raises:
        CaseRefused: it answers nothing that was asked of its sender.
    """
    row = reader.connection.execute(_SQL["ask"], {"ask": header.case}).fetchone()
    if row is None or row[0] != header.sender or body.part > body.last:
        raise CaseRefused("an answer to a question that was not asked")
    plan = Plan()
    if row[5] is not None or body.part in row[3]:
        return plan
    findings: list[Finding] = []
    if row[2] is not None:  # asked because entries were lost
        for record in body.records:
            findings += put_back(office, reader, plan, record)
        for text in body.mails:
            own = own_word(office, text, SupplementBody, limit=MAX_MAIL)
            if own is not None and own.aud == header.sender:
                findings += put_supplement_back(office, reader, plan, own)
        put_rulings_back(office, reader, plan, body.rulings)
        obey_again(office, reader, plan, body.rulings)
    plan.extra.append(_keep_part(header.case, body, findings))
    return plan


def _keep_part(ask: UUID, body: ReconcileBody, findings: Sequence[Finding]) -> Write:
    def write(connection: Connection, first: int) -> None:
        del first
        connection.execute(_SQL["lock_ask"], {"ask": ask})
        connection.execute(
            _SQL["put_statements"],
            {
                "ask": ask,
                "cases": [stated.case for stated in body.cases],
                "bodies": [stated.model_dump_json() for stated in body.cases],
            },
        )
        if body.supplements:
            told = [stated.model_dump(mode="json") for stated in body.supplements]
            place = uuid5(ask, f"supplements/{body.part}")
            page = {"cases": [place], "bodies": [json.dumps({"supplements": told})]}
            connection.execute(_SQL["put_statements"], {"ask": ask, **page})
        parameters = {"ask": ask, "part": body.part, "last": body.last}
        connection.execute(_SQL["put_part"], {**parameters, "findings": findings_json(findings)})

    return write


def findings_json(findings: Sequence[Finding]) -> Jsonb:
    """Findings as the table of questions keeps them."""
    return Jsonb([[finding.code, str(finding.about)] for finding in findings])
