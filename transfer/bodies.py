"""The payloads of the short messages: a request, and every answer."""

from datetime import date
from typing import Literal
from uuid import UUID

from ledger.event import Frozen
from ledger.events.case import IdentityClaim


class RequestBody(Frozen):
    """The payload of a request. Personal: it travels sealed."""

    v: Literal[1]
    iss: UUID
    transfer_id: UUID
    pupil: UUID
    school: str
    first_day: date
    encryption_key: str
    claim: IdentityClaim


class AnswerBody(Frozen):
    """The payload of every short answer."""

    v: Literal[1]
    iss: UUID
    transfer_id: UUID
    content: dict[str, str | int | None]
