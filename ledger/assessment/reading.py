"""The reading of a regulation that a closing followed, as the closing entry keeps it.

Its text is `strategy` or `strategy/8.0-6.5-5.0 counts`, as `removal_any_subject/5-5-5`.
"""

import re
from dataclasses import dataclass

from ledger.assessment import tt22, tt58
from ledger.assessment.regime import Regulation

_TEXT = re.compile(r"([a-z0-9_]+)(?:/(\d+)-(\d+)-(\d+))?")
BY_REGULATION = "as_written"
"""The strategy of a regulation whose text leaves nothing to choose."""
_ADJUSTED = frozenset({Regulation.TT22_2021, Regulation.TT43_2021})
_DEFAULTS = {
    **dict.fromkeys(_ADJUSTED, tt22.Adjustment.REMOVAL_ANY_SUBJECT.value),
    **dict.fromkeys((Regulation.TT58_2011, Regulation.TT26_2020), tt58.STRATEGY),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A named strategy, and the least numbers of subjects where somebody configured them."""

    strategy: str
    subjects_at: tuple[int, int, int] | None = None

    @property
    def text(self) -> str:
        """As a closing entry keeps it."""
        if self.subjects_at is None:
            return self.strategy
        return f"{self.strategy}/{'-'.join(map(str, self.subjects_at))}"

    @property
    def adjustment(self) -> tt22.Adjustment:
        """The strategy of the one-level adjustment of TT 22. Raises ValueError for another's."""
        return tt22.Adjustment(self.strategy)


def parse_reading(text: str) -> Reading:
    """The reading that a closing entry names. Raises ValueError for another text."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} names no reading of a regulation")
    if match[2] is None:
        return Reading(match[1])
    return Reading(match[1], (int(match[2]), int(match[3]), int(match[4])))


def default_reading(regulation: Regulation) -> Reading:
    """The reading where nobody chose one."""
    return Reading(_DEFAULTS.get(regulation, BY_REGULATION))
