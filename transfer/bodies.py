"""The payloads of every message but the dossier: a request, answers, supplements."""

import base64
import binascii
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from ledger.event import Code, Frozen
from ledger.events.case import IdentityClaim
from ledger.events.ministry import RegisterEvent
from signing import sealing
from signing.errors import SealError
from transfer.dossier import CarriedKey, CarriedStream, Inclusion
from transfer.message import Hex32, Kind


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


class RegisterContent(Frozen):
    """The content of a message to the custody register. `token` names the pupil to whoever holds
    the pupil's first key, and to nobody else; `root` (hex) is the release's."""

    event: RegisterEvent
    token: Hex32
    origin: UUID = Field(alias="from")
    receiver: UUID = Field(alias="to")
    root: Hex32 | None


class RegisterAnswerContent(Frozen):
    """The content of the register's answer to `message` (None: it changed its mind unasked). A
    conflict names the other transfer and the ledger that has custody by that."""

    answer: Literal["recorded", "conflict"]
    message: UUID | None
    other_transfer: UUID | None
    other_ledger: UUID | None


class AnswerBody(Body):
    """The payload of every short answer."""

    content: dict[str, str | int | None]


class Offer(Frozen):
    """One proposal of a supplement: where it stands, and that it is in its author's log."""

    proposal: UUID
    stream: UUID
    version: int = Field(ge=1)
    inclusion: Inclusion


class SupplementBody(Body):
    """The payload of a supplement: the pupil-years that hold open proposals, from their beginning.

    `pupil` is the author's own id; `via` the transfer by which the addressee took the pupil in,
    where it is no party of this one. Keys travel protected by the sealing alone. `answers` (base64
    of a JWS), where it goes to a ledger that was restored, are what that ledger decided about these
    proposals before, under its own seal.
    """

    number: int = Field(ge=1)
    via: UUID | None
    pupil: UUID
    streams: tuple[CarriedStream, ...] = Field(min_length=1, max_length=100)
    proposals: tuple[Offer, ...] = Field(min_length=1, max_length=5000)
    keys: tuple[CarriedKey, ...] = Field(max_length=200)
    answers: tuple[str, ...] | None = Field(default=None, max_length=100)


class SupplementAnswerBody(Body):
    """The payload of the answer to one supplement: every proposal of it, accepted or refused with
    its reason."""

    number: int = Field(ge=1)
    accepted: tuple[UUID, ...]
    refused: tuple[tuple[UUID, Code], ...]

    @property
    def said(self) -> dict[UUID, str | None]:
        """By proposal the reason of its refusal, None where it was accepted."""
        return dict.fromkeys(self.accepted) | dict(self.refused)
