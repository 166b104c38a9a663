"""The trust bundle: who the ledgers are and which keys speak for them.

A bundle is a version, signed offline by a threshold of root keys, never rolled back. As a file it
is the canonical JSON of ``{"bundle": ..., "signatures": [{"key_id", "signature"}, ...]}``; each
signature is Ed25519 over ``"hocba.trust/1" 0x00 canonical(bundle)``. A bundle names the keys and
threshold for its successor, and a reader takes a successor only if the keys it already trusts
signed it: a key cannot introduce its own successor.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Final, Self
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from pydantic import (
    AfterValidator,
    AliasChoices,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from signing import canonical
from signing.certificates import load_pem
from signing.errors import CanonicalError, SigningError, TrustError
from signing.note import ED25519, NoteVerifier
from signing.sealing import PUBLIC_SIZE, key_id

MAX_BUNDLE: Final = 16 * 1024 * 1024
_CONTEXT: Final = b"hocba.trust/1\x00"
_MODEL: Final = ConfigDict(frozen=True, extra="forbid")


def _vkey(text: str) -> str:
    try:
        NoteVerifier.parse(text)
    except SigningError as error:
        raise ValueError(str(error)) from None
    return text


def _root_pem(text: str) -> str:
    try:
        load_pem(text)
    except SigningError as error:
        raise ValueError(str(error)) from None
    return text


def _ed25519(text: str) -> str:
    if len(_unbase64(text)) != 32:
        raise ValueError("an Ed25519 public key is 32 bytes in base64")
    return text


def _utc(instant: datetime) -> datetime:
    if instant.utcoffset() != timedelta(0):
        raise ValueError("an instant of the bundle is in UTC")
    return instant


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("base64 was expected") from None


def _log_vkey(text: str) -> str:
    if NoteVerifier.parse(_vkey(text)).kind != ED25519:
        raise ValueError("a log signs with a plain Ed25519 note key")
    return text


Vkey = Annotated[str, AfterValidator(_vkey)]
"""A C2SP note key as text: a witness's may be a cosigner's."""
LogVkey = Annotated[str, AfterValidator(_log_vkey)]
"""The C2SP note key of a log as text."""
RootKey = Annotated[str, AfterValidator(_ed25519)]
"""An Ed25519 public key, 32 bytes in base64."""
Instant = Annotated[AwareDatetime, AfterValidator(_utc)]


class Label(BaseModel):
    """A ledger's official name and code from a day on; codes are reused and identify nothing."""

    model_config = _MODEL

    name: str = Field(min_length=1)
    code: str = Field(min_length=1)
    start: date = Field(serialization_alias="from", validation_alias=AliasChoices("start", "from"))


class EncryptionKey(BaseModel):
    """A ledger's public sealing key (base64 of the layout in :mod:`signing.sealing`)."""

    model_config = _MODEL

    key_id: str
    public: str

    @model_validator(mode="after")
    def _matches(self) -> Self:
        raw = _unbase64(self.public)
        if len(raw) != PUBLIC_SIZE or key_id(raw) != self.key_id:
            raise ValueError("the encryption key does not fit its key id")
        return self

    @classmethod
    def of(cls, public: bytes) -> EncryptionKey:
        """Describe a public key of 1216 bytes."""
        return cls(key_id=key_id(public), public=base64.b64encode(public).decode())

    def public_bytes(self) -> bytes:
        """Return the 1216 raw bytes."""
        return base64.b64decode(self.public)


class LedgerTrust(BaseModel):
    """One ledger: id for ever, short name never reused, dated labels and its keys."""

    model_config = _MODEL

    id: UUID
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")
    labels: tuple[Label, ...]
    checkpoint_key: LogVkey
    seal_root: Annotated[str, AfterValidator(_root_pem)]
    nats_account: str = Field(min_length=1, pattern=r"^[^\s.*>]+$")
    encryption_key: EncryptionKey
    incarnation: int = Field(ge=1)
    first_checkpoint: str | None
    """The ledger's first signed checkpoint as a note; None until it has made one."""

    def verifier(self) -> NoteVerifier:
        """Return the key that signs this ledger's checkpoints."""
        return NoteVerifier.parse(self.checkpoint_key)

    def label_on(self, day: date) -> Label | None:
        """Return the label in force on a day; None before the first."""
        past = [label for label in self.labels if label.start <= day]
        return max(past, key=lambda label: label.start, default=None)


class Revocation(BaseModel):
    """A certificate (serial number in lower-case hexadecimal) not to be relied on from a time."""

    model_config = _MODEL

    serial: str = Field(pattern=r"^[1-9a-f][0-9a-f]{0,39}$")
    at: Instant


class TrustBundle(BaseModel):
    """One version of what a home trusts.

    ``quorum`` is how many ``witnesses`` must cosign a checkpoint between ledgers (0: none asked);
    ``signers`` (Ed25519 public keys) and ``threshold`` say who may sign the next version.
    ``ministry`` is the ledger whose root certifies arbiters and that keeps the custody register;
    bundles from before there was one do not have the member, so none is written for None.
    """

    model_config = _MODEL

    version: int = Field(ge=1)
    issued_at: Instant
    ledgers: tuple[LedgerTrust, ...]
    witnesses: tuple[Vkey, ...]
    quorum: int = Field(ge=0)
    revoked: tuple[Revocation, ...]
    signers: tuple[RootKey, ...]
    threshold: int = Field(ge=1)
    ministry: UUID | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        for what, values in (
            ("ledger id", [ledger.id for ledger in self.ledgers]),
            ("ledger name", [ledger.name for ledger in self.ledgers]),
            ("checkpoint key", [ledger.checkpoint_key for ledger in self.ledgers]),
            ("NATS account", [ledger.nats_account for ledger in self.ledgers]),
            ("witness", list(self.witnesses)),
            ("signer", list(self.signers)),
        ):
            if len(set(values)) != len(values):
                raise ValueError(f"a {what} stands twice in the bundle")
        if self.threshold > len(self.signers):
            raise ValueError("the threshold is higher than the number of signers")
        if self.quorum > len(self.witnesses):
            raise ValueError("the quorum is higher than the number of witnesses")
        if self.ministry is not None and self.ministry not in [led.id for led in self.ledgers]:
            raise ValueError("the ministry is none of the bundle's ledgers")
        return self

    def body(self) -> dict[str, Any]:
        """Return what is signed, as JSON values: every member, ``ministry`` only where named."""
        body = self.model_dump(mode="json", by_alias=True)
        if self.ministry is None:
            del body["ministry"]
        return body

    def by_id(self, ledger_id: UUID) -> LedgerTrust:
        """Return a ledger; raise :class:`TrustError` (``unknown_ledger``)."""
        for ledger in self.ledgers:
            if ledger.id == ledger_id:
                return ledger
        raise TrustError(
            f"ledger {ledger_id} is not in trust bundle {self.version}", code="unknown_ledger"
        )

    def by_name(self, name: str) -> LedgerTrust:
        """Return a ledger; raise :class:`TrustError` (``unknown_ledger``)."""
        for ledger in self.ledgers:
            if ledger.name == name:
                return ledger
        raise TrustError(
            f"no ledger named {name} is in trust bundle {self.version}", code="unknown_ledger"
        )

    def revocations(self) -> dict[int, datetime]:
        """Return the earliest revocation time of each serial number."""
        times: dict[int, datetime] = {}
        for entry in self.revoked:
            serial = int(entry.serial, 16)
            times[serial] = min(entry.at, times.get(serial, entry.at))
        return times

    def with_ledger(
        self, ledger: LedgerTrust, *, issued_at: datetime, ministry: bool = False
    ) -> TrustBundle:
        """Return the next version with one ledger more, unsigned; as its ministry on demand.

        Raises :class:`TrustError` (``conflict``) where its id or name is taken, or where another
        ledger is the ministry.
        """
        if ministry and self.ministry is not None:
            raise TrustError(
                f"trust bundle {self.version} names a ministry already", code="conflict"
            )
        if any(ledger.id == known.id or ledger.name == known.name for known in self.ledgers):
            raise TrustError(
                f"a ledger with the id or the name {ledger.name} is already trusted; "
                "names are never reused",
                code="conflict",
            )
        values = {name: getattr(self, name) for name in type(self).model_fields}
        values |= {
            "version": self.version + 1,
            "issued_at": issued_at,
            "ledgers": (*self.ledgers, ledger),
        }
        if ministry:
            values["ministry"] = ledger.id
        return _validated(values)

    def with_ministry(self, ledger: LedgerTrust, *, issued_at: datetime) -> TrustBundle:
        """Return the next version that names ``ledger`` as the ministry, added where it is new.

        Raises :class:`TrustError` (``conflict``) as :meth:`with_ledger`.
        """
        if all(known.id != ledger.id for known in self.ledgers):
            return self.with_ledger(ledger, issued_at=issued_at, ministry=True)
        if self.ministry is not None:
            raise TrustError(
                f"trust bundle {self.version} names a ministry already", code="conflict"
            )
        values = {name: getattr(self, name) for name in type(self).model_fields}
        values |= {
            "version": self.version + 1,
            "issued_at": issued_at,
            "ministry": ledger.id,
        }
        return _validated(values)

    def with_accounts(self, accounts: Mapping[str, str], *, issued_at: datetime) -> TrustBundle:
        """Return the next version with other NATS accounts, by the ledgers' names, unsigned.

        Raises :class:`TrustError` (``malformed``) for an account that cannot be one.
        """
        values = {name: getattr(self, name) for name in type(self).model_fields}
        values |= {
            "version": self.version + 1,
            "issued_at": issued_at,
            "ledgers": [
                ledger.model_dump()
                | {"nats_account": accounts.get(ledger.name, ledger.nats_account)}
                for ledger in self.ledgers
            ],
        }
        return _validated(values)


def _validated(values: dict[str, Any]) -> TrustBundle:
    try:
        return TrustBundle.model_validate(values)
    except ValidationError as error:
        raise TrustError(_explain(error)) from None


def public_key(key: Ed25519PrivateKey) -> str:
    """Return a root key's public half as the bundle writes it."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def sign_bundle(bundle: TrustBundle, keys: Sequence[Ed25519PrivateKey]) -> bytes:
    """Return the bundle's file bytes, signed by each key."""
    body = bundle.body()
    message = _CONTEXT + canonical.dumps(body)
    signatures = [
        {
            "key_id": _root_key_id(key.public_key().public_bytes_raw()),
            "signature": base64.b64encode(key.sign(message)).decode(),
        }
        for key in keys
    ]
    return canonical.dumps({"bundle": body, "signatures": signatures})


def verify_bundle(
    data: bytes, *, root_keys: Sequence[str], threshold: int, not_older_than: int
) -> TrustBundle:
    """Return the bundle in ``data`` if it may be relied on.

    1. strict JSON of the file's form (``malformed``)
    2. true signatures of at least ``threshold`` different ``root_keys`` (``not_signed``)
    3. a bundle of known form (``malformed``)
    4. its version is at least ``not_older_than`` (``rollback``)

    Raises :class:`TrustError` with that code.
    """
    body, signatures = _parse(data)  # (1)
    _check_signatures(body, signatures, root_keys, threshold)  # (2)
    try:
        bundle = TrustBundle.model_validate_json(canonical.dumps(body))  # (3)
    except ValidationError as error:
        raise TrustError(_explain(error)) from None
    if bundle.body() != body:
        raise TrustError("the trust bundle is not written in its one spelling")
    if bundle.version < not_older_than:  # (4)
        raise TrustError(
            f"trust bundle {bundle.version} is older than {not_older_than}, which was seen before; "
            "fetch the newest",
            code="rollback",
        )
    return bundle


def _parse(data: bytes) -> tuple[dict[str, Any], list[dict[str, str]]]:
    try:
        file = canonical.loads(data, max_bytes=MAX_BUNDLE)
    except CanonicalError as error:
        raise TrustError(f"the trust bundle cannot be read: {error}") from None
    if not isinstance(file, dict) or set(file) != {"bundle", "signatures"}:
        raise TrustError("a trust bundle file has the members bundle and signatures")
    body, signatures = file["bundle"], file["signatures"]
    if not isinstance(body, dict) or not isinstance(signatures, list):
        raise TrustError("a trust bundle file holds an object and a list of signatures")
    for entry in signatures:
        if not isinstance(entry, dict) or set(entry) != {"key_id", "signature"}:
            raise TrustError("a signature of the bundle has the members key_id and signature")
        if not all(isinstance(value, str) for value in entry.values()):
            raise TrustError("a signature of the bundle is written as text")
    return body, signatures


def _check_signatures(
    body: dict[str, Any],
    signatures: Sequence[dict[str, str]],
    root_keys: Sequence[str],
    threshold: int,
) -> None:
    if threshold < 1:
        raise TrustError("a trust bundle needs a threshold of at least one signature")
    message = _CONTEXT + canonical.dumps(body)
    known = {_root_key_id(raw): raw for raw in map(base64.b64decode, root_keys)}
    signed: set[str] = set()
    for entry in signatures:
        raw = known.get(entry["key_id"])
        if raw is not None and _is_true(raw, entry["signature"], message):
            signed.add(entry["key_id"])
    if len(signed) < threshold:
        raise TrustError(
            f"{len(signed)} of the root keys signed the trust bundle, {threshold} are needed",
            code="not_signed",
        )


def _is_true(public: bytes, signature: str, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(_unbase64(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _root_key_id(public: bytes) -> str:
    return sha256(public).hexdigest()[:16]


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "bundle"
    # Pydantic prefixes a validator's own sentence.
    reason = re.sub(r"^Value error, ", "", first["msg"])
    return f"the trust bundle is wrong at {where}: {reason}"
