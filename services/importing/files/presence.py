"""Lines of presence: the monthly list of a preschool class."""

from ledger.errors import Refused
from ledger.presence import ConfirmPresence
from ledger.text import matching_key
from services.importing import values
from services.importing.bearings import Bearings
from services.importing.kinds import Cells

_ANSWERS = {"yes": True, "no": False, "co": True, "khong": False, "có": True, "không": False}


def presence(cells: Cells, at: Bearings) -> ConfirmPresence:
    """A line of presence.csv."""
    return ConfirmPresence(
        pupil=at.pupil(cells["pupil_key"]),
        class_code=cells["class_code"],
        month=cells["month"],
        present=_came(cells["present"]),
        effective_on=values.day(cells["effective_on"], "effective_on"),
        last_seen_on=values.optional_day(cells["last_seen_on"], "last_seen_on"),
        left_on=values.optional_day(cells["left_on"], "left_on"),
    )


def _came(text: str) -> bool:
    """Whether the child came, by an English or Vietnamese yes or no."""
    found = _ANSWERS.get(matching_key(text))
    if found is None:
        raise Refused(
            "bad_answer", "yes or no is asked for", field="present", suggestion="yes, no, có, không"
        )
    return found
