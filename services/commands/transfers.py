"""The whole group `hocba transfer`: importing the modules that hold its commands fills it."""

from services.commands import application, pairs
from services.commands.transfer import transfer

__all__ = ["application", "pairs", "transfer"]
