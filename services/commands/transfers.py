"""The whole group `hocba transfer`: importing the modules that hold its commands fills it."""

from services.commands import application, verify_transfer
from services.commands.transfer import transfer

__all__ = ["application", "transfer", "verify_transfer"]
