"""Telling the custody register: which custodian tells what, under which token.

    token = HMAC-SHA256( HKDF-SHA256(key, info = "hocba.register/1"), first )        64 hex digits

`key` is the statutory data key with which the first ledger on the pupil's way writes, `first` the
pupil's id there. Both travel in every dossier: every custodian computes the same token, nobody
else can, and with the key destroyed nobody can any more. A token is computed when the message is
sealed and stands in clear nowhere at the teller's.
"""

import base64
import hmac
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.case import Case
from ledger.database import Connection
from ledger.events.ministry import RegisterAnswered, RegisterAsked, RegisterEvent
from ledger.events.pupil import ReleaseUndone
from ledger.plan import Plan
from ledger.queries import queries
from ledger.reader import Reader
from transfer import clock
from transfer.bodies import AnswerBody, RegisterAnswerContent
from transfer.cases import case_ref, message, next_issue, person_of
from transfer.dossier import Dossier, Hop
from transfer.errors import CaseRefused
from transfer.message import Header
from transfer.office import Office

_SQL = queries("transfer", "transfer.sql")
_INFO: Final = b"hocba.register/1"


def token(key: bytes, first: UUID) -> str:
    """The register's name for a pupil: nothing of it can be found without the key (32 bytes)."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO).derive(key)
    return hmac.digest(derived, first.bytes, sha256).hex()


def tell(
    office: Office,
    reader: Reader,
    plan: Plan,
    case: UUID,
    *,
    person: UUID | None,
    told: RegisterEvent,
    today: date,
) -> None:
    """Adds to a plan that the register is told; nothing where our bundle names no ministry."""
    ministry = office.trust.ministry()
    if ministry is None or ministry.id == reader.ledger:
        return
    asked = RegisterAsked(effective_on=today, case=case, told=told)
    plan.add(case_ref(reader, case, person), [asked])
    issue = next_issue(reader, case, "register")
    content = {"event": told}
    plan.outgoing.append(message(case, ministry.id, "register", issue=issue, content=content))


def tell_return(office: Office, reader: Reader, plan: Plan, case: Case | None) -> None:
    """Adds that custody came back, where the plan undoes the release of this case."""
    if case is not None and any(isinstance(draft.event, ReleaseUndone) for draft in plan.drafts):
        person = person_of(case)
        tell(office, reader, plan, case.id, person=person, told="returned", today=clock.today())


def content(
    office: Office, connection: Connection, case: Case | None, told: RegisterEvent
) -> dict[str, Any]:
    """What a message to the register says, at the moment it is sealed.

    Raises:
        CaseRefused: the pupil's key was destroyed; there is nothing to say any more.
    """
    if case is None:
        raise CaseRefused("there is no such transfer here")
    here, there = str(office.ledger.id), str(case.other)
    origin, receiver = (here, there) if case.side == "origin" else (there, here)
    return {
        "event": told,
        "token": _token(office, connection, case),
        "from": origin,
        "to": receiver,
        "root": case.root,
    }


def _token(office: Office, connection: Connection, case: Case) -> str:
    kept = office.ledger.keyring.secret(connection, _secret(case.id))
    if kept is not None:
        return kept.hex()
    if case.pupil is None:
        raise CaseRefused("nothing of this transfer is here that has a token")
    ledger, first = _first(office, connection, case.pupil)
    for key, _, writer, category in office.ledger.keyring.keys_about(connection, [first]):
        if (writer, category) == (ledger, "statutory"):
            return token(key.key, first)
    raise CaseRefused("the pupil was erased; the register cannot be told any more")


def _first(office: Office, connection: Connection, pupil: UUID) -> tuple[UUID, UUID]:
    """The ledger where the pupil's way began, and the pupil's id there."""
    row = connection.execute(_SQL["hops"], {"pupil": pupil}).fetchone()
    if row is None:
        return office.ledger.id, pupil
    hop = Hop.model_validate_json(row[0])
    return hop.ledger, hop.release.record.stream


def remember(office: Office, dossier: Dossier) -> Callable[[Connection, int], None]:
    """Keeps a dossier's token until the register has answered: a record that is not taken in
    leaves no key here."""

    def write(connection: Connection, at: int) -> None:
        del at
        found = carried_token(dossier)
        if found is not None and office.trust.ministry() is not None:
            office.ledger.keyring.keep_secret(
                connection, _secret(dossier.transfer_id), bytes.fromhex(found)
            )

    return write


def carried_token(dossier: Dossier) -> str | None:
    """The token of a dossier's pupil; None where the first origin's key was destroyed."""
    hop = dossier.hops[0]
    first = hop.release.record.stream
    for key in dossier.keys:
        if (key.person, key.ledger, key.category) == (first, hop.ledger, "statutory"):
            return token(base64.b64decode(key.key), first)
    return None


def on_register_answer(
    office: Office, reader: Reader, case: Case | None, header: Header, body: AnswerBody
) -> Plan:
    """The register's answer, or its later word about a transfer that it had answered before.

    Raises:
        CaseRefused: it is not from the ministry, or about no transfer of ours.
        ValidationError: the answer is of another form.
    """
    ministry = office.trust.ministry()
    if ministry is None or ministry.id != header.sender:
        raise CaseRefused("an answer of a custody register that our trust bundle does not name")
    if case is None or case.registered is None:
        raise CaseRefused("an answer about a transfer that the register was not told of")
    said = RegisterAnswerContent.model_validate(body.content)
    plan = Plan()
    rival = None
    if said.other_transfer is not None and said.other_ledger is not None:
        rival = (said.other_transfer, said.other_ledger)
    if (case.registered, case.rival) != (said.answer, rival):
        answer = RegisterAnswered(
            effective_on=clock.today(),
            case=case.id,
            answer=said.answer,
            other_transfer=said.other_transfer,
            other_ledger=said.other_ledger,
        )
        plan.add(case_ref(reader, case.id, person_of(case)), [answer])
    if said.message is not None:
        plan.extra.append(_settled(office, case.id, said.message))
    return plan


def _settled(office: Office, case: UUID, told: UUID) -> Callable[[Connection, int], None]:
    def write(connection: Connection, at: int) -> None:
        del at
        connection.execute(_SQL["answered_message"], {"message": told})
        office.ledger.keyring.destroy_secret(connection, _secret(case))

    return write


def _secret(case: UUID) -> str:
    """The vault's name of a token that waits for the register's answer."""
    return f"register/{case}"
