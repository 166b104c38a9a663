"""The arbiter's signed ruling (Phán quyết): who has custody where one side is dead or denies.

    file = JWS general JSON over canonical
           {v, kind: "ruling", transfer_id, origin, receiver, custodian, number, issued_at}

An arbiter's certificate comes from the root of the ledger that our own trust bundle names as the
ministry, and its purpose is `ARBITER`: a seal, of whatever ledger, cannot rule.
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import StringConstraints, ValidationError, model_validator

from ledger.event import Code, Frozen
from ledger.log import instant_text
from signing import canonical, certificates, jws
from signing.certificates import Purpose
from signing.errors import CanonicalError, SignatureError
from signing.jws import Signer, VerifiedJws
from signing.truststore import TrustStore
from transfer.errors import CheckFailed
from transfer.message import Instant

MAX_STATEMENT: Final = 64 * 1024
"""A ruling is some hundred bytes, its certificates a few thousand."""


class Ruling(Frozen):
    """One ruling. `number` is that of the paper it stands on; `custodian` is one of the two."""

    v: Literal[1]
    kind: Literal["ruling"]
    transfer_id: UUID
    origin: UUID
    receiver: UUID
    custodian: UUID
    number: Annotated[Code, StringConstraints(pattern=r"^\S(.*\S)?$")]
    issued_at: Instant

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.origin == self.receiver or self.custodian not in (self.origin, self.receiver):
            raise ValueError("the custodian is one of the two different parties")
        return self

    def encode(self) -> bytes:
        """Canonical JSON, the instant in UTC with microseconds."""
        fields = self.model_dump(mode="json")
        fields["issued_at"] = instant_text(self.issued_at)
        return canonical.dumps(fields)

    @property
    def sha256(self) -> str:
        """Hex digest of what was signed: two copies of one ruling agree in it."""
        return sha256(self.encode()).hexdigest()


def sign_ruling(ruling: Ruling, arbiter: Signer) -> bytes:
    """The file's bytes."""
    return jws.sign(ruling.encode(), [arbiter])


def verify_ruling(data: bytes, trust: TrustStore) -> Ruling:
    """Returns what the arbiter ruled, if `data` may be relied on.

    1. a JWS of the form above, its signatures true (`malformed`, `bad_signature`)
    2. signed by an arbiter of the ministry (see `verify_arbiter`)
    3. a ruling in its one spelling (`bad_json`)

    Raises:
        CheckFailed: with the code.
    """
    payload, signed = read_statement(data)  # (1)
    verify_arbiter(signed, _instant(payload), trust)  # (2)
    try:
        ruling = Ruling.model_validate(payload)  # (3)
    except ValidationError as error:
        where = "/".join(str(part) for part in error.errors()[0]["loc"]) or "custodian"
        raise CheckFailed(5, "bad_json", f"not a ruling: field {where}") from error
    if ruling.encode() != signed.payload:
        raise CheckFailed(5, "bad_json", "the ruling is not written in its one spelling")
    return ruling


def read_statement(data: bytes) -> tuple[dict[str, Any], VerifiedJws]:
    """A signed statement taken apart; whose the signatures are is not checked yet.

    Raises:
        CheckFailed: 1 `malformed`, `too_large`; 5 `bad_json`; 6 `bad_signature`.
    """
    try:
        signed = jws.parse_and_verify(data, max_payload=MAX_STATEMENT)
    except SignatureError as error:
        codes = {"malformed": (1, "malformed"), "too_large": (1, "too_large")}
        step, code = codes.get(str(error.code), (6, "bad_signature"))
        raise CheckFailed(step, code, str(error)) from error
    try:
        payload = canonical.loads(signed.payload, max_bytes=MAX_STATEMENT)
    except CanonicalError as error:
        raise CheckFailed(5, "bad_json", f"the statement is not strict JSON ({error})") from error
    if not isinstance(payload, dict):
        raise CheckFailed(5, "bad_json", "the statement is not an object")
    return payload, signed


def verify_arbiter(signed: VerifiedJws, at: datetime, trust: TrustStore) -> UUID:
    """Checks that every signature is an arbiter's of our ministry, good at `at`, the time the
    statement names; returns the ministry's ledger. A revocation of any date counts, because that
    time is the signer's own word.

    Raises:
        CheckFailed: 3 `unknown_sender` where our bundle names no ministry; 6 `untrusted_signer`,
            `untimed_signature`, `revoked_signer`, `wrong_purpose`.
    """
    ministry = trust.ministry()
    if ministry is None:
        raise CheckFailed(3, "unknown_sender", "our trust bundle names no ministry")
    revoked: dict[int, datetime] = {}
    for bundle in trust.bundles():
        revoked |= dict.fromkeys(bundle.revocations(), datetime.min.replace(tzinfo=UTC))
    roots = certificates.load_pem(ministry.seal_root)
    for signature in signed.signatures:
        try:
            certificates.verify_chain(
                signature.chain,
                roots=roots,
                at=at,
                purpose=Purpose.ARBITER,
                ledger_id=ministry.id,
                revoked=revoked,
            )
        except SignatureError as error:
            raise CheckFailed(6, str(error.code or "untrusted_signer"), str(error)) from error
    return ministry.id


class _Dated(Frozen):
    issued_at: Instant


def _instant(payload: dict[str, Any]) -> datetime:
    try:
        return _Dated.model_validate({"issued_at": payload.get("issued_at")}).issued_at
    except ValidationError as error:
        raise CheckFailed(5, "bad_json", "the statement names no instant") from error
