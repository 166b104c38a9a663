"""Identifiers: time-ordered UUIDs that are minted, and name-based ones that are derived.

Codes of units, classes, staff and accounts are keyed (ledger, code), so their streams have
name-based ids (RFC 9562 version 5) under the ledger's own id: no look-up, and no two ledgers
can ever collide. Pupils and transfers get a version 7 id, which says nothing about them.
"""

import os
import time
from functools import lru_cache
from uuid import UUID, uuid5

_now_ns = time.time_ns
_random_bytes = os.urandom


def uuid7() -> UUID:
    """A new UUIDv7 (RFC 9562 5.7): 48 bits of milliseconds, 74 random bits."""
    value = (_now_ns() // 1_000_000 & (1 << 48) - 1) << 80
    value |= int.from_bytes(_random_bytes(10), "big")
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=value | 0x7 << 76 | 0x2 << 62)


def unit_stream(ledger: UUID, code: str) -> UUID:
    """The stream of a unit (province, commune, school, campus) of `ledger`."""
    return uuid5(ledger, f"unit:{code}")


def class_stream(ledger: UUID, code: str) -> UUID:
    """The stream of a class of `ledger`."""
    return uuid5(ledger, f"class:{code}")


def staff_stream(ledger: UUID, code: str) -> UUID:
    """The stream of a member of staff of `ledger`."""
    return uuid5(ledger, f"staff:{code}")


def account_stream(ledger: UUID, name: str) -> UUID:
    """The stream of an account of `ledger`."""
    return uuid5(ledger, f"account:{name}")


@lru_cache(maxsize=8192)
def year_stream(ledger: UUID, pupil: UUID, school_year: str) -> UUID:
    """The pupil-year stream that `ledger` writes for `pupil` in `school_year` (2024-2025)."""
    return uuid5(ledger, f"{pupil}{school_year}")


def register_stream(ledger: UUID, token: str) -> UUID:
    """What the custody register that `ledger` keeps was told of the pupil behind `token`."""
    return uuid5(ledger, f"register:{token}")


def ruled_stream(ledger: UUID, case: UUID) -> UUID:
    """What `ledger`, the ministry, knows of one transfer: its pupil's token, and its ruling."""
    return uuid5(ledger, f"ruled:{case}")


def case_stream(ledger: UUID, case: UUID) -> UUID:
    """One transfer's conversation as `ledger` sees it."""
    return uuid5(ledger, f"case:{case}")
