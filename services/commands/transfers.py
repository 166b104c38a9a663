"""The whole group `hocba transfer`: importing the modules that hold its commands fills it."""

from services.commands import application, intake, leaving, transfer_records
from services.commands.transfer import transfer

__all__ = ["application", "intake", "leaving", "transfer", "transfer_records"]
