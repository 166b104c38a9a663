"""Checking a record offline: with the file, a trust bundle and, for a sealed one, the key.

For inspectors' programs and the command `transfer verify`. Needs `signing`, `ledger`'s events and
rules, and `projections`' folds; no database, no server, no network.

    from pathlib import Path
    from signing.truststore import TrustStore
    from transfer.verifier import verify

    report = verify(Path("an.hbd").read_bytes(), trust=TrustStore(Path("trust")))
    print(report.ok, report.failure)
"""

from collections.abc import Callable
from datetime import datetime

from signing.sealing import KeyPair
from signing.truststore import Trust
from transfer import checks, clock, disclosure
from transfer.checks import Report, Step
from transfer.errors import CheckFailed
from transfer.message import MAGIC, MAX_FRAME

__all__ = ["MAX_FRAME", "CheckFailed", "FindKey", "Report", "Step", "is_ours", "verify"]

FindKey = Callable[[str], KeyPair | None]
"""Gives the private key of a key id, where it is at hand."""


def verify(
    data: bytes,
    *,
    trust: Trust,
    key: KeyPair | FindKey | None = None,
    now: datetime | None = None,
) -> Report:
    """Checks a record, sealed or disclosed, without a database. Never raises for what it holds.

    `key` opens a sealed one: a key pair, or a function from a key's id to one; without it only
    the frame and the addresses are checked. `now` decides whether a sealed one is out of date
    (None: the clock's time). Steps that need the receiver's own records are not checked.

    Raises:
        TrustError, OSError: the trust bundle cannot be read.
    """
    if disclosure.is_disclosed(data):
        return checks.verify_disclosed(data, trust=trust)

    def find(key_id: str) -> KeyPair | None:
        if key is None or isinstance(key, KeyPair):
            return key
        return key(key_id)

    return checks.verify_dossier(
        data,
        trust=trust,
        key=lambda frame: _fitting(find(frame.header.kem_key_id), frame.header.kem_key_id),
        receiver=None,
        held=None,
        now=now or clock.now(),
    )


def _fitting(found: KeyPair | None, key_id: str) -> KeyPair | None:
    return found if found is not None and found.key_id == key_id else None


def is_ours(data: bytes) -> bool:
    """Whether a file claims to be a record of this system, of whatever version."""
    return data[:3] in (MAGIC[:3], disclosure.MAGIC[:3])
