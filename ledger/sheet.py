"""The root of a grade sheet: what a teacher signs without naming a pupil.

    mark      = canonical {class, subject, semester, slot, date, pupil, value, salt}
    root      = RFC 6962 root over SHA-256(0x00 ‖ mark), in the order of the marks' entries
    statement = canonical {ledger, class, subject, semester, slot, date, count, root}
    signature = detached JWS over the statement, by a person's certificate of that ledger

The salt (16 random bytes, kept in the mark's own entry) hides a mark: there are only some hundred
possible values.
"""

import os
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import Final
from uuid import UUID

from signing import canonical, hashing, jws, merkle
from signing.canonical import quoted
from signing.jws import Signer

SIGNATURE: Final = "hocba-sheet/1"
"""The kind of a signature over a sheet's statement."""

SignSheet = Callable[[bytes], str]
"""Signs a sheet's statement for the person who hands it in."""


def signed_by(signer: Signer) -> SignSheet:
    """Signs sheets with a person's key (a compact detached JWS)."""
    return lambda said: jws.sign_detached(said, signer, kind=SIGNATURE)


def statement(
    class_code: str,
    subject: str,
    semester: int,
    slot: str,
    on: date,
    *,
    ledger: UUID,
    count: int,
    root: str,
) -> bytes:
    """The bytes a teacher signs of a sheet: `root` in hexadecimal, `count` marks, no pupil."""
    return canonical.dumps_flat(
        {
            "ledger": str(ledger),
            "class": class_code,
            "subject": subject,
            "semester": semester,
            "slot": slot,
            "date": on.isoformat(),
            "count": count,
            "root": root,
        }
    )


def new_salt() -> str:
    """16 random bytes in hexadecimal."""
    return os.urandom(16).hex()


def statement_hash(
    class_code: str,
    subject: str,
    semester: int,
    slot: str,
    on: date,
    *,
    pupil: UUID,
    value: str,
    salt: str,
) -> bytes:
    """The leaf hash of one mark of a sheet."""
    said = (
        f'{{"class":{quoted(class_code)},"date":"{on}","pupil":"{_text(pupil)}",'
        f'"salt":{quoted(salt)},"semester":{semester},"slot":{quoted(slot)},'
        f'"subject":{quoted(subject)},"value":{quoted(value)}}}'
    )
    return hashing.leaf_hash(said.encode())


_text = lru_cache(maxsize=1024)(str)
"""A sheet's marks are of few pupils, a dossier's of one."""


def sheet_root(
    class_code: str,
    subject: str,
    semester: int,
    slot: str,
    on: date,
    marks: Sequence[tuple[UUID, str, str]],
) -> bytes:
    """The root over (pupil, value, salt) of a sheet's marks."""
    return merkle.root_of(
        [
            statement_hash(
                class_code, subject, semester, slot, on, pupil=pupil, value=value, salt=salt
            )
            for pupil, value, salt in marks
        ]
    )
