"""Signed notes, log checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint,
tlog-cosignature).

A note is text that ends in a newline, a blank line, and one line for each signature::

    <em dash> <key name> base64(4-byte key hash || signature)

Signatures by keys a reader does not know are kept and skipped, so that witnesses can cosign later.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from signing.errors import NoteError
from signing.hashing import DIGEST_SIZE

ED25519: Final = 0x01
"""Signature type of a plain Ed25519 note key (C2SP signed-note, "Signature types")."""
COSIGNATURE: Final = 0x04
"""Signature type of a witness's timestamped Ed25519 cosignature (C2SP tlog-cosignature)."""

MAX_NOTE: Final = 1_000_000
MAX_SIGNATURES: Final = 100
_MAX_TIMESTAMP: Final = 253_402_300_799
"""The end of the year 9999, the last that a calendar here can name."""
_DASH: Final = "\u2014"
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_INCARNATION: Final = re.compile(r"[2-9]|[1-9][0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """The public half of a note key. ``name`` has no space and no plus sign.

    ``kind`` is ``ED25519``, or ``COSIGNATURE`` for a witness who states the time.
    """

    name: str
    public: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        _check_name(self.name)
        if self.kind not in (ED25519, COSIGNATURE):
            raise NoteError("a note key is a plain Ed25519 key or a cosigner's")
        if len(self.public) != 32:
            raise NoteError("an Ed25519 public key is 32 bytes long")

    @property
    def key_hash(self) -> bytes:
        """First four bytes of SHA-256(name || newline || type || public key)."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key as text: ``name+hash+base64(type || public key)``."""
        body = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_hash.hex()}+{body}"

    @classmethod
    def parse(cls, vkey: str) -> NoteVerifier:
        """Load the text form; raise :class:`NoteError` where it is none of the two kinds of key."""
        parts = vkey.split("+", 2)
        if len(parts) != 3:
            raise NoteError("a verifier key reads name+hash+key")
        name, key_hash, body = parts
        raw = _decode(body)
        if len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE):
            raise NoteError("the verifier key is not an Ed25519 note key")
        verifier = cls(name, raw[1:], raw[0])
        if verifier.key_hash.hex() != key_hash:
            raise NoteError("the verifier key's hash is not that of its name and key")
        return verifier

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Return whether ``signature`` is this key's over ``message``, the text of a note."""
        if self.kind == COSIGNATURE:
            at = _timestamp(signature)
            if at is None:
                return False
            signature, message = signature[8:], _cosigned(at, message)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def time_of(self, signature: bytes) -> datetime | None:
        """The time a cosignature states; None for a plain signature, which states none."""
        at = _timestamp(signature) if self.kind == COSIGNATURE else None
        return None if at is None else datetime.fromtimestamp(at, UTC)


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A note key with its secret half; the 32-byte seed is what is stored."""

    name: str
    seed: bytes = field(repr=False)
    kind: int = ED25519

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.seed) != 32:
            raise NoteError("an Ed25519 seed is 32 bytes long")

    @classmethod
    def generate(cls, name: str, *, kind: int = ED25519) -> NoteSigner:
        """Return a fresh key under this name."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw(), kind)

    @property
    def verifier(self) -> NoteVerifier:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return NoteVerifier(self.name, public.public_bytes_raw(), self.kind)

    def sign(self, message: bytes, *, at: datetime | None = None) -> bytes:
        """Return the 64-byte Ed25519 signature; a cosigner's, of 72 bytes, begins with ``at``."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        if self.kind != COSIGNATURE:
            return key.sign(message)
        if at is None:
            raise NoteError("a cosignature states its time")
        seconds = int(at.timestamp())
        return seconds.to_bytes(8, "big") + key.sign(_cosigned(seconds, message))


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line, by a known key or not."""

    name: str
    key_hash: bytes
    signature: bytes

    def line(self) -> str:
        """The line as it stands in the note, with its newline."""
        body = base64.b64encode(self.key_hash + self.signature).decode()
        return f"{_DASH} {self.name} {body}\n"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A parsed note; nothing about it has been verified."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(s.line() for s in self.signatures)

    @classmethod
    def parse(cls, note: str) -> SignedNote:
        """Split a note; raise :class:`NoteError` where its form is broken."""
        if len(note) > MAX_NOTE:
            raise NoteError(f"the note is longer than {MAX_NOTE} characters", code="too_large")
        text, blank, block = note.rpartition("\n\n")
        if not blank or not block.endswith("\n"):
            raise NoteError("the note has no signature block")
        _check_text(text + "\n")
        lines = block[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise NoteError(f"the note has more than {MAX_SIGNATURES} signatures")
        return cls(text + "\n", tuple(_parse_line(line) for line in lines))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: its origin line, number of leaves and 32-byte root hash."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin:
            raise NoteError("a checkpoint's origin is one line that is not empty")
        if not 0 <= self.size < 2**63:
            raise NoteError("a checkpoint's size is a number of leaves")
        if len(self.root) != DIGEST_SIZE:
            raise NoteError("a checkpoint's root is 32 bytes long")
        if any(not line or "\n" in line for line in self.extensions):
            raise NoteError("a checkpoint's extension is one line that is not empty")

    def text(self) -> str:
        """Return the note text: origin, size, root in base64, extension lines."""
        root = base64.b64encode(self.root).decode()
        return "\n".join([self.origin, str(self.size), root, *self.extensions]) + "\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Load a note text; raise :class:`NoteError` where it is not a checkpoint."""
        if not text.endswith("\n"):
            raise NoteError("a checkpoint ends in a newline")
        lines = text[:-1].split("\n")
        if len(lines) < 3:
            raise NoteError("a checkpoint has an origin, a size and a root line")
        origin, size, root, *extensions = lines
        if not _SIZE.fullmatch(size):
            raise NoteError("a checkpoint's size is a decimal without leading zeros")
        return cls(origin, int(size), _decode(root), tuple(extensions))

    def incarnation(self, log: str) -> int:
        """Return which incarnation of the log named ``log`` this is of; see :func:`origin_line`.

        Raises :class:`NoteError` (``untrusted_signer``) where it is of another log.
        """
        if self.origin == log:
            return 1
        name, _, number = self.origin.rpartition("/")
        if name != log or not _INCARNATION.fullmatch(number):
            raise NoteError("the checkpoint is of another log", code="untrusted_signer")
        return int(number)


def origin_line(log: str, incarnation: int) -> str:
    """Return the origin line of a log's checkpoints: its name, and from the second incarnation on
    (a log restored from a backup goes on as another one) a slash and the number."""
    return log if incarnation == 1 else f"{log}/{incarnation}"


def sign_note(text: str, signers: Sequence[NoteSigner], *, at: datetime | None = None) -> str:
    """Return the note of ``text`` signed by each signer in order; cosigners state ``at``."""
    if not signers:
        raise NoteError("a note needs at least one signer")
    _check_text(text)
    message = text.encode()
    signatures = tuple(
        NoteSignature(s.name, s.verifier.key_hash, s.sign(message, at=at)) for s in signers
    )
    return str(SignedNote(text, signatures))


def add_signature(note: str, signer: NoteSigner, *, at: datetime | None = None) -> str:
    """Return the note with one signature more, as a witness adds its own."""
    signed = SignedNote.parse(note)
    value = signer.sign(signed.text.encode(), at=at)
    line = NoteSignature(signer.name, signer.verifier.key_hash, value)
    return str(SignedNote(signed.text, (*signed.signatures, line)))


@dataclass(frozen=True, slots=True)
class Witnessing:
    """That a witness signed a note, and when where it says so."""

    name: str
    at: datetime | None


def witnesses_of(note: str, witnesses: Sequence[NoteVerifier]) -> tuple[Witnessing, ...]:
    """Which of ``witnesses`` truly signed the note, each once, in note order.

    Unlike a log's own, a witness's false signature only counts for nothing: anybody may add lines.
    Raises :class:`NoteError` where the note's form is broken.
    """
    signed = SignedNote.parse(note)
    known = {(v.name, v.key_hash): v for v in witnesses}
    message = signed.text.encode()
    found: dict[NoteVerifier, Witnessing] = {}
    # Each key is tried once: a line of it that stands again costs nothing.
    for line in signed.signatures:
        verifier = known.pop((line.name, line.key_hash), None)
        if verifier is not None and verifier.verify(message, line.signature):
            found[verifier] = Witnessing(verifier.name, verifier.time_of(line.signature))
    return tuple(found.values())


def verify_note(note: str, verifiers: Sequence[NoteVerifier]) -> tuple[str, tuple[str, ...]]:
    """Return the text and the names of the keys that signed it, each once, in note order.

    Lines of unknown keys are skipped. Raises :class:`NoteError` where a known key's signature is
    false or no known key signed.
    """
    signed = SignedNote.parse(note)
    known = {(v.name, v.key_hash): v for v in verifiers}
    message = signed.text.encode()
    names: list[str] = []
    for line in signed.signatures:
        # A key's second line costs and counts nothing, as in C2SP's own reader.
        verifier = known.pop((line.name, line.key_hash), None)
        if verifier is None:
            continue
        if not verifier.verify(message, line.signature):
            raise NoteError("a known key's signature on the note is false", code="bad_signature")
        if line.name not in names:
            names.append(line.name)
    if not names:
        raise NoteError("none of the keys we know signed the note", code="untrusted_signer")
    return signed.text, tuple(names)


def _timestamp(signature: bytes) -> int | None:
    """The seconds since 1970 that a cosignature begins with; None where it is none of ours."""
    seconds = int.from_bytes(signature[:8], "big")
    return seconds if len(signature) == 72 and seconds <= _MAX_TIMESTAMP else None


def _cosigned(seconds: int, text: bytes) -> bytes:
    return b"cosignature/v1\ntime %d\n" % seconds + text


def _parse_line(line: str) -> NoteSignature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != _DASH:
        raise NoteError("a signature line reads: dash, name, base64")
    _check_name(parts[1])
    raw = _decode(parts[2])
    if len(raw) < 5:
        raise NoteError("a signature line is too short")
    return NoteSignature(parts[1], raw[:4], raw[4:])


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise NoteError("a key name has no space and no plus sign and is not empty")


def _check_text(text: str) -> None:
    # C2SP signed-note: UTF-8 without ASCII control characters other than newline.
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise NoteError("a note's text ends in a newline and has no control characters")


def _decode(body: str) -> bytes:
    try:
        raw = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("base64 was expected") from None
    if base64.b64encode(raw).decode() != body:
        # Spare bits of the last character would give one signature several spellings.
        raise NoteError("base64 in its one canonical spelling was expected")
    return raw
