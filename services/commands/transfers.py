"""The whole group `hocba transfer`: importing the modules that hold its commands fills it."""

from services.commands import application, transfer_records
from services.commands.transfer import transfer

__all__ = ["application", "transfer", "transfer_records"]
