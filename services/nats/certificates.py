"""TLS certificates for a shared NATS server: an authority, the server's, one for each ledger.

P-256, for tests and trials; an operator with a certificate authority of its own puts its files in
their place. A ledger's certificate says that somebody may knock; who it is says its token.
"""

import ipaddress
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.errors import ServiceError

BACKDATED = timedelta(hours=1)
"""A certificate begins this much before it was made: clocks differ."""

Pair = tuple[str, str]
"""A certificate and its private key, both PEM."""


def authority(name: str, *, until: datetime) -> Pair:
    """A self-signed authority that may sign leaves only."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    builder = (
        _builder(subject, subject, key.public_key(), until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return _pem(builder.sign(key, SHA256())), _key_pem(key)


def server(ca: Pair, hosts: list[str], *, until: datetime) -> Pair:
    """The server's certificate for these host names and addresses."""
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return _leaf(ca, hosts[0], names, [ExtendedKeyUsageOID.SERVER_AUTH], until)


def client(ca: Pair, name: str, *, until: datetime) -> Pair:
    """A client's certificate; the name is for people."""
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(f"urn:hocba:ledger:{name}")]
    return _leaf(ca, name, names, [ExtendedKeyUsageOID.CLIENT_AUTH], until)


def pin(certificate: str) -> str:
    """The SHA-256 of a certificate's public key, as ``pinned_certs`` wants it."""
    loaded = x509.load_pem_x509_certificate(certificate.encode("ascii"))
    raw = loaded.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(raw).hexdigest()


def expires(certificate: str) -> datetime:
    """The last instant of a certificate.

    Raises:
        ServiceError: the text is no certificate.
    """
    try:
        return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc
    except ValueError as error:
        raise ServiceError("a certificate is damaged; restore it from its backup") from error


def _leaf(
    ca: Pair,
    name: str,
    names: list[x509.GeneralName],
    uses: list[x509.ObjectIdentifier],
    until: datetime,
) -> Pair:
    issuer = x509.load_pem_x509_certificate(ca[0].encode("ascii"))
    issuer_key = load_pem_private_key(ca[1].encode("ascii"), password=None)
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise ServiceError("the authority's key is no elliptic-curve key")
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    last = min(until, issuer.not_valid_after_utc)
    builder = (
        _builder(_name(name), issuer.subject, key.public_key(), last)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
    )
    return _pem(builder.sign(issuer_key, SHA256())), _key_pem(key)


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, until: datetime
) -> x509.CertificateBuilder:
    # An expired certificate is made in tests: its beginning lies before its end all the same.
    begin = min(datetime.now(UTC), until) - BACKDATED
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
