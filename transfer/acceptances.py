"""That a ledger accepted a transfer, by its own seal: kept by the origin, shown to a receiver that
was restored and does not know any more.

Nobody accepts by rule what another ledger merely says was accepted.
"""

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from ledger.database import Connection
from ledger.queries import queries
from signing import canonical, certificates, compression, jws
from signing.certificates import Purpose
from signing.errors import SigningError
from transfer import clock
from transfer import message as mail
from transfer.bodies import AnswerBody
from transfer.errors import CheckFailed
from transfer.office import Office
from transfer.statement import StatedCase

_SQL = queries("transfer", "recovery.sql")
MAX_PROOF = 64 * 1024


def signed_acceptances(
    office: Office, connection: Connection, cases: Iterable[UUID], since: datetime
) -> dict[UUID, str]:
    """The acceptances that came here since, as their receivers signed them (base64), by case."""
    named = {"cases": list(cases), "since": since}
    rows = connection.execute(_SQL["acceptances"], named).fetchall()
    found = {}
    for case, data in rows:
        try:
            plain = mail.unseal(mail.read_frame(bytes(data)), office.encryption)
            signed = compression.decompress(plain, limit=MAX_PROOF)
        except (CheckFailed, SigningError):
            continue  # sealed to a key that is no more
        found[case] = base64.b64encode(signed).decode()
    return found


def is_ours(office: Office, stated: StatedCase, teller: UUID) -> bool:
    """Whether the proof shows that we accepted this very transfer from `teller`."""
    if stated.proof is None:
        return False
    try:
        data = base64.b64decode(stated.proof, validate=True)
        signed = jws.parse_and_verify(data, max_payload=MAX_PROOF)
        body = AnswerBody.model_validate(canonical.loads(signed.payload, max_bytes=MAX_PROOF))
        for signature in signed.signatures:
            certificates.verify_chain(
                signature.chain,
                roots=certificates.load_pem(office.trust.by_id(office.ledger.id).seal_root),
                at=clock.now(),
                purpose=Purpose.SEAL,
                ledger_id=office.ledger.id,
            )
    except (binascii.Error, SigningError, ValidationError):
        return False
    said = (body.kind, body.iss, body.aud, body.transfer_id)
    return said == ("accept", office.ledger.id, teller, stated.case)
