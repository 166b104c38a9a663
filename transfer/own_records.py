"""What a receiver's own database can say of a message, asked by the checks without knowing it.

The checks run without a database; who has one hands them a `Held` (`transfer.held`).
"""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from transfer.dossier import Dossier
from transfer.message import Frame, Opened


class Held(Protocol):
    """What the receiver's database knows. Each check raises CheckFailed."""

    def check_known(self, frame: Frame) -> None:
        """Step 2."""

    def check_incarnation(self, sender: UUID, incarnation: int) -> None:
        """Step 3, second half."""

    def check_requested(self, opened: Opened) -> None:
        """Step 7, second half: the request made, and the pupil it named."""

    def roots(self, ledger: UUID, sizes: Collection[int], incarnation: int) -> dict[int, bytes]:
        """Step 10: the roots that this incarnation of the ledger's log showed before for prefixes
        of these sizes."""

    def check_copies(self, dossier: Dossier) -> None:
        """Step 13."""
