"""Lines of presence: the monthly list of a preschool class."""

from ledger.presence import ConfirmPresence
from services.importing import values
from services.importing.bearings import Bearings
from services.importing.line_keys import Cells


def presence(cells: Cells, at: Bearings) -> ConfirmPresence:
    """A line of presence.csv."""
    return ConfirmPresence(
        pupil=at.pupil(cells["pupil_key"]),
        class_code=cells["class_code"],
        month=cells["month"],
        present=values.yes(cells["present"], "present"),
        effective_on=values.day(cells["effective_on"], "effective_on"),
        last_seen_on=values.optional_day(cells["last_seen_on"], "last_seen_on"),
        left_on=values.optional_day(cells["left_on"], "left_on"),
    )
