"""X.509 certificates of seals: a test authority, leaves, and the check of a chain.

A seal's certificate names its ledger as a subject alternative name ``urn:uuid:<ledger id>`` and
its purpose as an extended key usage. "Valid at signing time" means a time that was proven, never
the clock of the reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification
from cryptography.x509.oid import NameOID

from signing.errors import SignatureError

DOCUMENT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""id-kp-documentSigning (RFC 9336)."""

MAX_CHAIN: Final = 5


class Purpose(Enum):
    """What a certificate's holder may sign; the value is its extended key usage.

    The private arcs are of the form 2.25.<UUID as an integer> (ITU-T X.667), which needs no
    registration.
    """

    SEAL = x509.ObjectIdentifier("2.25.218420937641276893410655427908344321701")
    """A ledger's school seal: release, dossier, receipt, accept, transcript."""
    PERSON = x509.ObjectIdentifier("2.25.218420937641276893410655427908344321702")
    """A teacher's or head's own signature: sheets, closings, corrections."""
    ARBITER = x509.ObjectIdentifier("2.25.218420937641276893410655427908344321703")
    """The ministry's rulings."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority with its key."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class Credential:
    """A leaf's key with its chain, leaf first, without the root."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...]


def make_authority(common_name: str, *, not_before: datetime, not_after: datetime) -> Authority:
    """Return a self-signed P-256 authority for tests and demonstrations."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name)
    builder = _builder(name, name, key.public_key(), not_before, not_after)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(authority=True), critical=True)
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    )
    return Authority(key, builder.sign(key, SHA256()))


def issue_seal(
    authority: Authority,
    *,
    common_name: str,
    ledger_id: UUID,
    purpose: Purpose,
    not_before: datetime,
    not_after: datetime,
) -> Credential:
    """Return a fresh P-256 key with a certificate for this ledger and purpose."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer_key = authority.certificate.extensions.get_extension_for_class(
        x509.SubjectKeyIdentifier
    ).value
    builder = _builder(
        _name(common_name), authority.certificate.subject, key.public_key(), not_before, not_after
    )
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    builder = builder.add_extension(_key_usage(authority=False), critical=True)
    builder = builder.add_extension(
        x509.ExtendedKeyUsage([DOCUMENT_SIGNING, purpose.value]), critical=False
    )
    builder = builder.add_extension(
        x509.SubjectAlternativeName([x509.UniformResourceIdentifier(_urn(ledger_id))]),
        critical=False,
    )
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key), critical=False
    )
    return Credential(key, (builder.sign(authority.key, SHA256()),))


def verify_chain(
    chain: Sequence[x509.Certificate],
    *,
    roots: Sequence[x509.Certificate],
    at: datetime | None,
    purpose: Purpose,
    ledger_id: UUID,
    revoked: Mapping[int, datetime] | None = None,
) -> None:
    """Check the leaf ``chain[0]`` for a signature made at ``at``, the proven time, in this order.

    1. the signature has a proven time with an offset, within the leaf's validity
       (``untimed_signature``)
    2. a path leads to one of ``roots``, every certificate valid at that time
       (``untrusted_signer``; RFC 5280 section 6)
    3. no certificate of the chain was revoked by then; ``revoked`` maps serial number to time
       (``revoked_signer``)
    4. the leaf may be used for ``purpose`` (``wrong_purpose``)
    5. the leaf names ``ledger_id`` (``untrusted_signer``)

    Returns None or raises :class:`SignatureError` with that code.
    """
    if not 1 <= len(chain) <= MAX_CHAIN:
        raise SignatureError(f"a chain has 1 to {MAX_CHAIN} certificates", code="malformed")
    leaf = chain[0]
    time = _check_time(leaf, at)  # (1)
    _check_path(leaf, chain[1:], roots, time)  # (2)
    _check_revocation(chain, revoked or {}, time)  # (3)
    _check_purpose(leaf, purpose)  # (4)
    _check_ledger(leaf, ledger_id)  # (5)


def _check_time(leaf: x509.Certificate, at: datetime | None) -> datetime:
    if at is None or at.tzinfo is None:
        raise SignatureError("the signature has no proven time", code="untimed_signature")
    if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
        raise SignatureError(
            f"certificate {_serial(leaf)} was not valid when the signature was made",
            code="untimed_signature",
        )
    return at


def _check_path(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
) -> None:
    if not roots:
        raise SignatureError("no root certificate is trusted here", code="untrusted_signer")
    # The library's defaults are those of web servers, which want DNS names: a seal's own
    # extensions are checked below, the authorities' by the defaults.
    policy = (
        verification.PolicyBuilder()
        .store(verification.Store(list(roots)))
        .time(at)
        .max_chain_depth(MAX_CHAIN)
        .extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
            ee_policy=_leaf_policy(),
        )
    )
    try:
        policy.build_client_verifier().verify(leaf, list(intermediates))
    except (verification.VerificationError, ValueError):
        raise SignatureError(
            f"no trusted path leads to certificate {_serial(leaf)}; "
            "check the trust bundle's roots for its ledger",
            code="untrusted_signer",
        ) from None


def _leaf_policy() -> verification.ExtensionPolicy:
    policy = verification.ExtensionPolicy.permit_all()
    for always_critical in (x509.BasicConstraints, x509.KeyUsage):
        policy = policy.require_present(always_critical, verification.Criticality.CRITICAL, None)
    for kind in (x509.ExtendedKeyUsage, x509.SubjectAlternativeName):
        policy = policy.require_present(kind, verification.Criticality.AGNOSTIC, None)
    return policy


def _check_revocation(
    chain: Sequence[x509.Certificate], revoked: Mapping[int, datetime], at: datetime
) -> None:
    for certificate in chain:
        since = revoked.get(certificate.serial_number)
        if since is not None and at >= since:
            raise SignatureError(
                f"certificate {_serial(certificate)} was revoked before the signature was made",
                code="revoked_signer",
            )


def _check_purpose(leaf: x509.Certificate, purpose: Purpose) -> None:
    constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if constraints.ca or not usage.digital_signature or purpose.value not in uses:
        raise SignatureError(
            f"certificate {_serial(leaf)} may not sign as {purpose.name.lower()}",
            code="wrong_purpose",
        )


def _check_ledger(leaf: x509.Certificate, ledger_id: UUID) -> None:
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if _urn(ledger_id) not in names.get_values_for_type(x509.UniformResourceIdentifier):
        raise SignatureError(
            f"certificate {_serial(leaf)} does not belong to ledger {ledger_id}",
            code="untrusted_signer",
        )


def dump_pem(chain: Sequence[x509.Certificate]) -> str:
    """Return the certificates as PEM text, in order."""
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in chain)


@lru_cache(maxsize=256)
def load_pem(text: str) -> tuple[x509.Certificate, ...]:
    """Read PEM text; raise :class:`SignatureError` (``malformed``) where there is none."""
    try:
        return tuple(x509.load_pem_x509_certificates(text.encode()))
    except (ValueError, x509.InvalidVersion):
        raise SignatureError("the text is not a PEM certificate", code="malformed") from None


def dump_der(certificate: x509.Certificate) -> bytes:
    """Return the certificate's DER bytes."""
    return certificate.public_bytes(Encoding.DER)


def load_der(data: bytes) -> x509.Certificate:
    """Read DER bytes; raise :class:`SignatureError` (``malformed``) where they are none."""
    try:
        certificate = x509.load_der_x509_certificate(data)
    except (ValueError, x509.InvalidVersion):
        raise SignatureError("the bytes are not a DER certificate", code="malformed") from None
    # The count of unused bits before the signature is neither signed nor checked by the library:
    # one certificate would have eight spellings (X.690 11.2.1: DER leaves no choice).
    if data[-len(certificate.signature) - 1] != 0:
        raise SignatureError("the signature is not of whole bytes", code="malformed")
    return certificate


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    if not_before.tzinfo is None or not_after - not_before <= timedelta(0):
        raise SignatureError(
            "a certificate's validity is two instants with offset, in order", code="malformed"
        )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _urn(ledger_id: UUID) -> str:
    return f"urn:uuid:{ledger_id}"


def _serial(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:x}"
