"""The whole group `hocba transfer`: importing the modules that hold its commands fills it."""

from services.commands import (
    application,
    case_lists,
    conversation,
    intake,
    leaving,
    pairs,
    rulings,
    supplement,
    transfer_files,
    transfer_records,
    verify_transfer,
)
from services.commands.transfer import transfer

__all__ = [
    "application",
    "case_lists",
    "conversation",
    "intake",
    "leaving",
    "pairs",
    "rulings",
    "supplement",
    "transfer",
    "transfer_files",
    "transfer_records",
    "verify_transfer",
]
