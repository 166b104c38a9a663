"""The whole group `hocba transfer`: importing the modules that hold its commands fills it."""

from services.commands import application, rulings, transfer_files, verify_transfer
from services.commands.transfer import transfer

__all__ = ["application", "rulings", "transfer", "transfer_files", "verify_transfer"]
