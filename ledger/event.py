"""What every event has: an explicit topic, a stream kind, an effective date, sealed personal parts.

An event is one frozen pydantic model. Its plain fields are *facts*: they stay readable for ever.
What identifies or describes a person stands in at most two fields, `statutory` and `voluntary`
(the two categories of key): sub-models that are encrypted in the stored bytes. An event read
without the key holds a `Sealed` there instead; `evolve` never looks inside either.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

Category = Literal["statutory", "voluntary"]
CATEGORIES: tuple[Category, ...] = ("statutory", "voluntary")

Code = Annotated[str, StringConstraints(min_length=1, max_length=80)]
"""A code or key as its owner writes it."""


class StreamKind(StrEnum):
    """The kinds of stream, and the ledger's own."""

    LEDGER = "ledger"
    UNIT = "unit"
    CLASS = "class"
    STAFF = "staff"
    ACCOUNT = "account"
    PUPIL = "pupil"
    PUPIL_YEAR = "pupil_year"
    CASE = "case"
    REGISTER = "register"


class Frozen(BaseModel):
    """A closed, immutable model: unknown fields are errors, facts have no defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sealed(Frozen):
    """A personal part as it lies in the stored bytes: readable only with the person's key.

    All but the key id are lower-case hexadecimal; `commitment` binds the ciphertext to one key,
    which AES-GCM alone does not.
    """

    key_id: UUID
    commitment: str
    nonce: str
    ciphertext: str


class Note(Frozen):
    """Free text written by a person: a reason, a remark, a legal ground. Personal data."""

    text: str


class Provenance(Frozen):
    """Where an entry's content came from."""

    kind: Literal["keyed", "file", "paper"]
    name: str | None
    sha256: str | None


KEYED = Provenance(kind="keyed", name=None, sha256=None)


class Who(Frozen):
    """Who recorded an entry, and for whom: the account, and the staff member who answers for it."""

    recorded_by: str
    on_behalf_of: str | None
    provenance: Provenance


class Event(Frozen):
    """One fact. Subclasses set `TOPIC` (never reused, versioned) and `STREAM`."""

    TOPIC: ClassVar[str]
    STREAM: ClassVar[StreamKind]

    effective_on: date
