"""The root of a grade sheet: what a teacher signs without naming a pupil.

    statement = canonical {class, subject, semester, slot, date, pupil, value, salt}
    root      = RFC 6962 root over SHA-256(0x00 ‖ statement), in the order of the marks' entries

The salt (16 random bytes, kept in the mark's own entry) hides a mark: there are only some hundred
possible values.
"""

import os
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from signing import canonical, hashing, merkle


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
    statement = {
        "class": class_code,
        "subject": subject,
        "semester": semester,
        "slot": slot,
        "date": on.isoformat(),
        "pupil": str(pupil),
        "value": value,
        "salt": salt,
    }
    return hashing.leaf_hash(canonical.dumps(statement))


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
