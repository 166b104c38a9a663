"""Every failure of this package; messages name the place and the remedy, never personal data."""

from __future__ import annotations


class SigningError(Exception):
    """Root of all failures raised by the package.

    ``code`` is a stable, machine-readable word; ``str(error)`` is the sentence for a person.
    """

    default_code = "signing"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code if code is not None else self.default_code


class CanonicalError(SigningError):
    """A value or a text that has no place in the canonical JSON subset."""

    default_code = "bad_json"


class MerkleError(SigningError):
    """A tree size, position or proof that does not hold."""

    default_code = "bad_proof"


class NoteError(SigningError):
    """A signed note, checkpoint or note key that is malformed or not signed as asked."""

    default_code = "bad_checkpoint"


class SealError(SigningError):
    """A ciphertext that does not open, or a key of the wrong form."""

    default_code = "cannot_decrypt"


class SignatureError(SigningError):
    """A signature or certificate that must not be relied on.

    Codes: ``bad_signature``, ``untrusted_signer``, ``revoked_signer``, ``untimed_signature``,
    ``wrong_purpose``, ``malformed``, ``too_large``.
    """

    default_code = "bad_signature"


class TrustError(SigningError):
    """A trust bundle that is malformed, under-signed, rolled back or does not know a ledger.

    Codes: ``malformed``, ``not_signed``, ``rollback``, ``unknown_ledger``, ``conflict``,
    ``no_bundle``.
    """

    default_code = "malformed"


class DecompressionError(SigningError):
    """Compressed data that is damaged or would grow beyond the limit given."""

    default_code = "decompression_limit"
