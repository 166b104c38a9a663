"""Lines of health: numbers with comma or point, vision as it is written."""

import re
from decimal import Decimal
from typing import Literal

from ledger.errors import Refused
from ledger.events.pupil import Measurement
from ledger.growth.reading import HEIGHT_LIMITS, WEIGHT_LIMITS
from ledger.health import RecordMeasurement
from services.importing import values
from services.importing.bearings import Bearings
from services.importing.line_keys import Cells

_NUMBER = re.compile(r"[0-9]{1,6}([.,][0-9]{1,2})?")
_VISION = re.compile(r"([0-9]{1,2})/10|[0-9]([.,][0-9]{1,2})?")
_BEST_VISION = 20
_POSITIONS: tuple[Literal["lying", "standing"], ...] = ("lying", "standing")


def measurement(cells: Cells, at: Bearings) -> RecordMeasurement:
    """A line of health.csv."""
    position = cells["position"]
    return RecordMeasurement(
        pupil=at.pupil(cells["pupil_key"]),
        measured_on=values.day(cells["measured_on"], "measured_on"),
        measurement=Measurement(
            height_cm=_height(cells["height_cm"]),
            weight_kg=_weight(cells["weight_kg"]),
            position=(
                values.one_of(position, _POSITIONS, "position", "unknown_position")
                if position
                else None
            ),
            vision_left=_vision(cells["vision_left"], "vision_left"),
            vision_right=_vision(cells["vision_right"], "vision_right"),
            findings=cells["findings"] or None,
            notes=cells["notes"] or None,
        ),
    )


def _height(text: str) -> str | None:
    """Centimetres. Raises Refused(`bad_measurement`, `height_out_of_range`)."""
    number = _number(text, "height_cm")
    if number is None:
        return None
    low, high = HEIGHT_LIMITS
    if low <= number <= high:
        return _written(number)
    raise Refused(
        "height_out_of_range",
        f"a height is between {low} and {high} cm",
        field="height_cm",
        suggestion="write centimetres, not metres" if number < low else None,
    )


def _weight(text: str) -> str | None:
    """Kilograms. Raises Refused(`bad_measurement`, `weight_out_of_range`)."""
    number = _number(text, "weight_kg")
    if number is None:
        return None
    low, high = WEIGHT_LIMITS
    if low <= number <= high:
        return _written(number)
    raise Refused(
        "weight_out_of_range",
        f"a weight is between {low} and {high} kg",
        field="weight_kg",
        suggestion="write kilograms, not grams" if number > high else None,
    )


def _number(text: str, column: str) -> Decimal | None:
    if not text:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise Refused(
            "bad_measurement",
            "a number with at most two decimals and no unit",
            field=column,
            suggestion="101.5",
        )
    return Decimal(text.replace(",", "."))


def _written(number: Decimal) -> str:
    """One decimal, or two where the second says something: 101 and 101,50 are 101.0 and 101.5."""
    text = f"{number:.2f}"
    return text[:-1] if text.endswith("0") else text


def _vision(text: str, column: str) -> str | None:
    """10/10, a decimal, or words (ĐNT 3m, BBT, ST+): where an eye sees too little for a number.

    Raises:
        Refused: `bad_vision`, also for what a spreadsheet made of 10/10: a date.
    """
    if not text:
        return None
    match = _VISION.fullmatch(text)
    if match is not None:
        tenths = Decimal(match[1]) if match[1] else Decimal(text.replace(",", ".")) * 10
        if tenths <= _BEST_VISION:
            return text.replace(",", ".")
    elif text[0].isalpha():
        return text
    raise Refused(
        "bad_vision",
        "vision is tenths (10/10), a decimal up to 2, or words such as ĐNT 3m",
        field=column,
        suggestion="10/10; format the column as text, or a spreadsheet makes a date of it",
    )
