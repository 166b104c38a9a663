"""Reasons are codes: they travel in clear with the case and hold nothing of a person."""

import re

from ledger.errors import Refused

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,39}")
DECLINE = ("not_our_pupil", "already_released", "identity_unconfirmed", "under_hold")
"""The four reasons for which an origin may decline a request."""


def require_code(reason: str, *suggested: str) -> str:
    """The reason. Raises Refused(`unknown_reason`) where it is a sentence."""
    if not _CODE.fullmatch(reason):
        raise Refused(
            "unknown_reason",
            "a reason is a code of letters, digits and underscores, without names",
            field="reason",
            suggestion=", ".join(suggested) or "wrong_pupil, not_accepted",
        )
    return reason


def require_decline(reason: str) -> str:
    """The reason. Raises Refused(`unknown_reason`) where it is none of the four."""
    if reason not in DECLINE:
        raise Refused(
            "unknown_reason",
            "a request may be declined for four reasons only",
            field="reason",
            suggestion=", ".join(DECLINE),
        )
    return reason
