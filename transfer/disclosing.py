"""Showing a record to a named inspector: signed, unsealed, and logged before anybody has it."""

from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from ledger.case import Case
from ledger.database import Connection
from ledger.event import Note, Who
from ledger.events.case import DossierDisclosed
from ledger.plan import Plan
from ledger.reader import Reader
from transfer import disclosure, fencing, inbox
from transfer.build import build_dossier, build_received
from transfer.cases import case_ref, require_case
from transfer.dossier import Inspector
from transfer.errors import CaseRefused
from transfer.office import Office


def disclose(
    office: Office, case_id: UUID, *, to: str, now: datetime, today: date, who: Who
) -> bytes:
    """The disclosed form of what was released or received in a case, for the inspector `to`.

    A `DossierDisclosed` with the file's digest is on record when this returns; whoever calls it
    writes the file. `to` is a person's name: it stands sealed in the log, and in the file.

    Raises:
        NotFound: `unknown_case`.
        CaseRefused: nothing was released or received in it, or the pupil was erased.
        CheckFailed: what was received no longer passes its checks.
    """
    shown_to = Inspector(inspector=to, disclosed_at=now)
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        case = require_case(reader, case_id)
        fencing.require_open(office, connection)
        payload = _payload(office, connection, case, shown_to)
    if not payload["keys"]:
        raise CaseRefused("the pupil was erased; there is nobody to show a record of")
    data = disclosure.write(payload, office.seal)
    digest = sha256(data).hexdigest()

    def decide(reader: Reader) -> Plan:
        stored = require_case(reader, case_id)
        told = DossierDisclosed(
            effective_on=today, case=case_id, sha256=digest, statutory=Note(text=to)
        )
        plan = Plan()
        plan.add(case_ref(reader, case_id, stored.pupil or stored.their_pupil), [told])
        return plan

    office.ledger.desk.run(decide, who=who)
    return data


def _payload(
    office: Office, connection: Connection, case: Case, shown_to: Inspector
) -> dict[str, Any]:
    """Ours as it is built for the receiver; another's as it came, or from its copies here once
    its one-time key is gone."""
    if case.side == "origin":
        return build_dossier(office, connection, case, shown_to=shown_to)
    if case.state == "accepted":
        return build_received(office, connection, case, shown_to=shown_to)
    report = inbox.reopen(office, case.id)
    assert report.opened is not None
    return {
        **report.opened.payload,
        "iss": str(office.ledger.id),
        "aud": shown_to.model_dump(mode="json"),
        "ext": {},
    }
