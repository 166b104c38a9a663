"""Quick stand-ins for slow mathematics, in the simulation alone.

Codecs and checks stay the true ones: what is sealed to another key, bound to another header or
altered in one byte does not open, and a signature fits one payload and one certificate. Pure
functions of bytes remember what they gave. Every twentieth schedule does without all this.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import lru_cache, wraps
from hashlib import sha256
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey

from ledger import envelope, log_tree
from ledger.envelope import Envelope
from ledger.errors import MalformedBytes
from ledger.event import Event
from ledger.notary import Notary
from projections import transcript
from projections.transcript import FoldEntry
from signing import certificates, hashing, jws, sealing
from signing.errors import SealError, SignatureError
from signing.jws import FileSigner, JwsSignature
from signing.note import Checkpoint, NoteSigner, NoteVerifier
from signing.sealing import KeyPair
from transfer import (
    build,
    checks,
    completeness,
    evidence,
    message,
    supplement_completeness,
    understanding,
)
from transfer.dossier import Dossier

_TAG: Final = 16
_ENCAPSULATED: Final = bytes(sealing.OVERHEAD - _TAG)
_remember = lru_cache(maxsize=20000)


def _once_for_each(function: Callable[..., Any]) -> Callable[..., Any]:
    """A pure function of one object that never changes remembers what it gave for it."""
    known: dict[int, tuple[Any, Any]] = {}

    @wraps(function)
    def remembering(one: Any, *rest: Any) -> Any:
        held = known.get(id(one))
        if held is None or held[0] is not one:
            if len(known) > 20000:
                known.clear()
            held = known[id(one)] = (one, function(one, *rest))
        return held[1]

    return remembering


@contextmanager
def quick_mathematics() -> Iterator[None]:
    """HPKE, seals and certificate paths are made quick, and what was decoded is remembered."""
    with ExitStack() as stack:
        for owner, name, stand_in in STAND_INS:
            stack.enter_context(patch.object(owner, name, stand_in))
        yield


def _seal(plaintext: bytes, public: bytes, info: bytes) -> bytes:
    if len(public) != sealing.PUBLIC_SIZE:
        raise SealError("not a public sealing key", code="malformed")
    return _ENCAPSULATED + plaintext + _tag(plaintext, public, info)


def _open_sealed(ciphertext: bytes, private: KeyPair | bytes, info: bytes) -> bytes:
    pair = KeyPair.from_private_bytes(private) if isinstance(private, bytes) else private
    plaintext, tag = ciphertext[len(_ENCAPSULATED) : -_TAG], ciphertext[-_TAG:]
    if tag != _tag(plaintext, pair.public_bytes(), info):
        raise SealError("the sealed message does not open")
    return plaintext


def _tag(plaintext: bytes, public: bytes, info: bytes) -> bytes:
    return sha256(public + len(info).to_bytes(4, "big") + info + plaintext).digest()[:_TAG]


def _sign(self: FileSigner, message: bytes) -> bytes:
    return _signature(self.chain[0], message)


def _verify(signing_input: bytes, value: bytes, alg: str, key: ECKey) -> None:
    del alg
    if value != _stand_in(_public(key), signing_input):
        raise SignatureError("a signature does not fit", code="bad_signature")


def _signature(certificate: x509.Certificate, message: bytes) -> bytes:
    return _stand_in(_public(jws._key(JwsSignature("ES256", (certificate,)))), message)


def _stand_in(public: bytes, message: bytes) -> bytes:
    return sha256(public + message).digest() * 2


@_once_for_each
def _public(key: ECKey) -> bytes:
    public = key.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert isinstance(public, bytes)
    return public


def _check_path(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: object,
) -> None:
    """The certificates of a world are good for as long as any of its clocks can show."""
    _check_path_once(leaf, tuple(intermediates), tuple(roots))


_true_path = certificates._check_path


@_remember
def _check_path_once(
    leaf: x509.Certificate,
    intermediates: tuple[x509.Certificate, ...],
    roots: tuple[x509.Certificate, ...],
) -> None:
    _true_path(leaf, intermediates, roots, leaf.not_valid_before_utc)


_EVENTS: dict[int, tuple[Envelope, Event]] = {}
_true_event = Envelope.event


def _event(self: Envelope) -> Event:
    """The event of an envelope that `decode` remembers: one object, so its identity tells it."""
    known = _EVENTS.get(id(self))
    if known is None or known[0] is not self:
        known = _EVENTS[id(self)] = (self, _true_event(self))
    return known[1]


def _reread(body: bytes, entry_hash: bytes) -> Envelope:
    if hashing.entry_hash(body) != entry_hash:
        raise MalformedBytes("its hash is not that of its bytes")
    return envelope.decode(body)


_DIGESTS: dict[Any, tuple[list[FoldEntry], str]] = {}


def _released_digest(entries: Iterable[FoldEntry], *, pupil: UUID, on: date) -> str:
    """The digest of entries whose events are remembered: the same ones give the same."""
    held = list(entries)
    key = (pupil, on, *(id(entry.event) for entry in held))
    if key not in _DIGESTS:
        _DIGESTS[key] = held, transcript.released_digest(held, pupil=pupil, on=on)
    return _DIGESTS[key][1]


_NOTES: dict[tuple[str, str], Checkpoint] = {}
_true_read = Notary.read


def _read_note(self: Notary, note: str) -> Checkpoint:
    """A checkpoint that was read before is what it was: the log's key does not change."""
    key = (self.origin, note)
    if key not in _NOTES:
        _NOTES[key] = _true_read(self, note)
    return _NOTES[key]


STAND_INS: tuple[tuple[Any, str, Any], ...] = (
    (sealing, "seal", _seal),
    (KeyPair, "public_bytes", _once_for_each(KeyPair.public_bytes)),
    (sealing, "open_sealed", _open_sealed),
    (FileSigner, "sign", _sign),
    (jws, "_verify", _verify),
    (jws, "_key", _remember(jws._key)),
    (jws, "_parse_header", _remember(jws._parse_header)),
    (jws, "load_der", _remember(certificates.load_der)),
    (certificates, "load_pem", _remember(certificates.load_pem)),
    (certificates, "_check_path", _check_path),
    (Notary, "read", _read_note),
    (NoteSigner, "sign", _remember(NoteSigner.sign)),
    (NoteVerifier, "verify", _remember(NoteVerifier.verify)),
    (NoteVerifier, "parse", staticmethod(_remember(NoteVerifier.parse))),
    (envelope, "decode", _remember(envelope.decode)),
    (envelope, "reread", _reread),
    (Envelope, "event", _event),
    (log_tree, "leaf_of", _remember(log_tree.leaf_of)),
    (message, "parse", _remember(message.parse)),
    (Dossier, "read", staticmethod(_once_for_each(Dossier.read))),
    (checks, "check_complete", _once_for_each(completeness.check_complete)),
    (checks, "check_unaltered", _once_for_each(completeness.check_unaltered)),
    (
        checks,
        "check_supplements_complete",
        _once_for_each(supplement_completeness.check_supplements_complete),
    ),
    (checks, "check_naming", _once_for_each(evidence.check_naming)),
    (checks, "check_understood", _once_for_each(understanding.check_understood)),
    (checks, "check_digest", _once_for_each(understanding.check_digest)),
    (build, "released_digest", _released_digest),
    (understanding, "released_digest", _released_digest),
)
"""(owner, name, what stands in for it)."""
