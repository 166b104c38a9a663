"""NATS keys and the signed claims made with them (JWT, algorithm ``ed25519-nkey``).

Keys are encoded by the `nkeys` package; the form of a token is that of nats-io/jwt version 2. No
maintained encoder of claims for Python was found, and there is little to encode.
"""

import base64
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import nkeys

from services.errors import ServiceError

VERSION = 2
_HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}


class Role(Enum):
    """What a key speaks for; the value is its prefix byte."""

    OPERATOR = nkeys.PREFIX_BYTE_OPERATOR
    ACCOUNT = nkeys.PREFIX_BYTE_ACCOUNT
    USER = nkeys.PREFIX_BYTE_USER

    @property
    def letter(self) -> str:
        """The first letter of such a public key."""
        return self.name[0]


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair by its seed (text that begins with S and the role's letter)."""

    seed: str = field(repr=False)

    @classmethod
    def new(cls, role: Role) -> "Key":
        """A fresh key."""
        return cls(nkeys.encode_seed(os.urandom(32), role.value).decode("ascii"))

    @property
    def public(self) -> str:
        """The public key as text: 56 characters, the role's letter first."""
        public: str = nkeys.from_seed(bytearray(self.seed, "ascii")).public_key.decode("ascii")
        return public

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature."""
        signature: bytes = nkeys.from_seed(bytearray(self.seed, "ascii")).sign(data)
        return signature


def is_public(text: str, role: Role) -> bool:
    """Whether a text is a public key of that role: its form and its checksum."""
    if len(text) != 56 or text[0] != role.letter:
        return False
    try:
        raw = base64.b32decode(text)
    except ValueError:
        return False
    checksum: int = nkeys.crc16(bytearray(raw[:33]))
    return raw[0] == role.value and raw[33:] == checksum.to_bytes(2, "little")


def sign(
    issuer: Key,
    subject: str,
    *,
    kind: str,
    name: str,
    claims: Mapping[str, Any],
    issued_at: int | None = None,
    expires: int | None = None,
) -> str:
    """A token: `claims` about the key `subject`, of a kind as ``account``. Times in seconds."""
    body: dict[str, Any] = {
        "iat": int(time.time()) if issued_at is None else issued_at,
        "iss": issuer.public,
        "name": name,
        "sub": subject,
        "nats": {**claims, "type": kind, "version": VERSION},
    }
    if expires is not None:
        body["exp"] = expires
    digest = hashlib.new("sha512_256", _json(body)).digest()
    body["jti"] = base64.b32encode(digest).decode("ascii").rstrip("=")
    signed = f"{_base64(_json(_HEADER))}.{_base64(_json(body))}"
    return f"{signed}.{_base64(issuer.sign(signed.encode('ascii')))}"


def read(token: str) -> dict[str, Any]:
    """What a token says; its signature is not checked (the server does that).

    Raises:
        ServiceError: it is no token.
    """
    try:
        body: dict[str, Any] = json.loads(_unbase64(token.strip().split(".")[1]))
        if not isinstance(body["nats"], dict) or not isinstance(body["iat"], int):
            raise TypeError
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise ServiceError("a NATS token is damaged; restore it from its backup") from error
    return body


def credentials(token: str, user: Key) -> str:
    """A credentials file: the user's token and seed, as every NATS client reads it."""
    return (
        f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
    )


def token_of(text: str) -> str:
    """The user's token in a credentials file.

    Raises:
        ServiceError: there is none.
    """
    lines = text.splitlines()
    for number, line in enumerate(lines[:-1]):
        if "BEGIN NATS USER JWT" in line:
            return lines[number + 1].strip()
    raise ServiceError("the NATS credentials file holds no user token")


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
