"""What a ledger said under its own seal, shown to it again after a restore: that it accepted a
transfer, what it proposed, what it decided about proposals.

Nobody accepts by rule what another ledger merely says was accepted, nor takes as its own what
another says it wrote.
"""

import base64
import binascii
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pydantic import ValidationError

from ledger.database import Connection
from ledger.queries import queries
from signing import canonical, certificates, compression, jws
from signing.certificates import Purpose
from signing.errors import SigningError
from transfer import clock
from transfer import message as mail
from transfer.bodies import AnswerBody, Body, SupplementAnswerBody, SupplementBody
from transfer.errors import CheckFailed
from transfer.office import Office
from transfer.statement import StatedCase

B = TypeVar("B", bound=Body)
_SQL = queries("transfer", "recovery.sql")
MAX_PROOF = 64 * 1024
MAX_ANSWER = 2**20
MAX_MAIL = 8 * 2**20
"""Of a supplement that is shown again: it travels inside another message."""


def signed_acceptances(
    office: Office, connection: Connection, cases: Iterable[UUID], since: datetime
) -> dict[UUID, str]:
    """The acceptances that came here since, as their receivers signed them (base64), by case."""
    named = {"cases": list(cases), "since": since}
    rows = connection.execute(_SQL["acceptances"], named).fetchall()
    signed = ((case, _signed(office, bytes(data), limit=MAX_PROOF)) for case, data in rows)
    return {case: text for case, text in signed if text is not None}


def signed_supplements(
    office: Office,
    connection: Connection,
    author: UUID,
    messages: Iterable[str],
    since: datetime | None,
) -> tuple[str, ...]:
    """Those of the supplements, as their author signed them (base64), in which something was
    recorded after `since`."""
    found = []
    for message in messages:
        named = {"ledger": author, "message": UUID(message)}
        row = connection.execute(_SQL["frame_from"], named).fetchone()
        text = _signed(office, bytes(row[0]), limit=MAX_MAIL) if row is not None else None
        body = _read(text, SupplementBody, limit=MAX_MAIL) if text is not None else None
        entries = [e for s in body.streams for e in s.entries] if body is not None else []
        if text and (since is None or any(e.record.recorded_at > since for e in entries)):
            found.append(text)
    return tuple(found)


def told_rulings(
    office: Office, connection: Connection, ministry: UUID, messages: Iterable[str]
) -> tuple[str, ...]:
    """The statements of these rulings, as the arbiter signed them."""
    found = []
    for message in messages:
        named = {"ledger": ministry, "message": UUID(message)}
        row = connection.execute(_SQL["frame_from"], named).fetchone()
        text = _signed(office, bytes(row[0]), limit=MAX_PROOF) if row is not None else None
        body = _read(text, AnswerBody, limit=MAX_PROOF) if text is not None else None
        if body is not None:
            found.append(str(body.content.get("statement")))
    return tuple(found)


def signed_answers(
    office: Office, connection: Connection, case: UUID, custodian: UUID, proposals: Collection[UUID]
) -> tuple[str, ...]:
    """What a ledger decided about some of these proposals, as it signed it (base64)."""
    named = {"case": case, "ledger": custodian}
    rows = connection.execute(_SQL["supplement_answers"], named).fetchall()
    found = []
    for (data,) in rows:
        text = _signed(office, bytes(data), limit=MAX_ANSWER)
        body = _read(text, SupplementAnswerBody, limit=MAX_ANSWER) if text is not None else None
        if text and body is not None and not set(proposals).isdisjoint(body.said):
            found.append(text)
    return tuple(found)


def _signed(office: Office, data: bytes, *, limit: int) -> str | None:
    """A frame that came, opened: the signed payload (base64); None where the key is no more."""
    try:
        plain = mail.unseal(mail.read_frame(data), office.encryption)
        return base64.b64encode(compression.decompress(plain, limit=limit)).decode()
    except (CheckFailed, SigningError):
        return None


def is_ours(office: Office, stated: StatedCase, teller: UUID) -> bool:
    """Whether the proof shows that we accepted this very transfer from `teller`."""
    if stated.proof is None:
        return False
    body = own_word(office, stated.proof, AnswerBody, limit=MAX_PROOF)
    if body is None:
        return False
    return (body.kind, body.aud, body.transfer_id) == ("accept", teller, stated.case)


def own_word(office: Office, text: str, model: type[B], *, limit: int) -> B | None:
    """A payload (base64 of a JWS) that this ledger itself signed; None where it is none."""
    try:
        data = base64.b64decode(text, validate=True)
        signed = jws.parse_and_verify(data, max_payload=limit)
        for signature in signed.signatures:
            certificates.verify_chain(
                signature.chain,
                roots=certificates.load_pem(office.trust.by_id(office.ledger.id).seal_root),
                at=clock.now(),
                purpose=Purpose.SEAL,
                ledger_id=office.ledger.id,
            )
        body = model.model_validate(canonical.loads(signed.payload, max_bytes=limit))
    except (binascii.Error, SigningError, ValidationError):
        return None
    return body if body.iss == office.ledger.id else None


def _read(text: str, model: type[B], *, limit: int) -> B | None:
    """What a message says that was checked when it came."""
    try:
        signed = jws.parse_and_verify(base64.b64decode(text), max_payload=limit)
        return model.model_validate(canonical.loads(signed.payload, max_bytes=limit))
    except (SigningError, ValidationError):
        return None
