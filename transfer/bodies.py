"""The payloads of the short messages: a request, and every answer."""

import base64
import binascii
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator

from ledger.event import Code, Frozen
from ledger.events.case import IdentityClaim
from signing import sealing
from signing.errors import SealError
from transfer.message import Kind


def _usable_key(text: str) -> str:
    """A key that nothing can be sealed to would stop the release, long after the request."""
    try:
        sealing.seal(b"", base64.b64decode(text, validate=True), b"")
    except (binascii.Error, SealError):
        raise ValueError("an HPKE public key in base64 was expected") from None
    return text


PublicKey = Annotated[str, AfterValidator(_usable_key)]


class Body(Frozen):
    """What every payload but a dossier's says inside the signature.

    `kind` is signed too, so that no receipt can be shown as an acceptance; `iss` and `aud`, so
    that who receives it cannot seal it anew to a third ledger in the sender's name.
    """

    v: Literal[1]
    kind: Kind
    iss: UUID
    aud: UUID
    transfer_id: UUID


class RequestBody(Body):
    """The payload of a request. Personal: it travels sealed."""

    pupil: UUID
    school: Code
    first_day: date
    encryption_key: PublicKey
    claim: IdentityClaim


class AnswerBody(Body):
    """The payload of every short answer."""

    content: dict[str, str | int | None]
