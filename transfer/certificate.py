"""The arbiter's certificate that a ledger is dead: it cannot tell a restored one what it knew.

    file = JWS general JSON over canonical
           {v, kind: "dead_ledger", dead, restored, incarnation, number, issued_at}

Signed like a ruling (`transfer.rulings`). It is good for one recovery of one ledger.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, ValidationError

from ledger.event import Code, Frozen
from ledger.log import instant_text
from signing import canonical, jws
from signing.jws import Signer
from signing.truststore import TrustStore
from transfer.errors import CheckFailed
from transfer.message import Instant
from transfer.rulings import read_statement, verify_arbiter


class DeadLedger(Frozen):
    """`dead` does not answer `restored`, which recovers as `incarnation`."""

    v: Literal[1]
    kind: Literal["dead_ledger"]
    dead: UUID
    restored: UUID
    incarnation: int = Field(ge=2)
    number: Annotated[Code, StringConstraints(pattern=r"^\S(.*\S)?$")]
    issued_at: Instant

    def encode(self) -> bytes:
        """Canonical JSON, the instant in UTC with microseconds."""
        fields = self.model_dump(mode="json")
        fields["issued_at"] = instant_text(self.issued_at)
        return canonical.dumps(fields)


def sign_certificate(certificate: DeadLedger, arbiter: Signer) -> bytes:
    """The file's bytes."""
    return jws.sign(certificate.encode(), [arbiter])


def verify_certificate(data: bytes, trust: TrustStore) -> DeadLedger:
    """Returns what the arbiter certified, if `data` may be relied on.

    Raises:
        CheckFailed: 1 `malformed`, `too_large`; 3 `unknown_sender` where our bundle names no
            ministry; 5 `bad_json`; 6 the codes of a signature.
    """
    payload, signed = read_statement(data)
    try:
        certificate = DeadLedger.model_validate(payload)
    except ValidationError as error:
        where = "/".join(str(part) for part in error.errors()[0]["loc"])
        raise CheckFailed(5, "bad_json", f"not a certificate: field {where}") from error
    verify_arbiter(signed, certificate.issued_at, trust)
    if certificate.encode() != signed.payload:
        raise CheckFailed(5, "bad_json", "the certificate is not written in its one spelling")
    return certificate
