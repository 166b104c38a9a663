"""What any entry changed, by the kind of stream it stands in."""

from ledger.event import Event, Frozen
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear
from projections.audit.change import Change, Clear, Memory
from projections.audit.pupil_change import pupil_change
from projections.audit.structure_change import structure_change
from projections.audit.year_change import year_change


def change_of(
    event: Event, before: Frozen | None, after: Frozen, memory: Memory, clear: Clear
) -> Change:
    """What `event` changed between the states of its stream before and after it; `memory` is
    brought up to date."""
    if isinstance(after, PupilYear):
        assert before is None or isinstance(before, PupilYear)
        return year_change(event, before, after, memory, clear)
    if isinstance(after, Pupil):
        assert before is None or isinstance(before, Pupil)
        return pupil_change(event, before, after, memory, clear)
    return structure_change(event, before)
