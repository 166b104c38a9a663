"""The whole group `hocba transfer`: importing the modules that hold its commands fills it."""

from services.commands import application, supplement
from services.commands.transfer import transfer

__all__ = ["application", "supplement", "transfer"]
