"""The import report (Báo cáo tiếp nhận): what came, what differs, what is missing and who acts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ledger.transfer_law import NO_GROUNDS
from ledger.year_record import assess
from projections.arrival.came import came
from projections.arrival.differences import differences
from projections.arrival.gaps import gaps
from projections.arrival.place import Place
from projections.history import FoldEntry, fold_history
from projections.names import NO_NAMES, Names


def import_report(
    entries: Sequence[FoldEntry], *, pupil: UUID, place: Place, names: Names = NO_NAMES
) -> dict[str, Any]:
    """The report of a pupil (the id in the receiving ledger) from every entry held, or about to be
    held, of that pupil.

    Raises:
        ValueError: no entry of the pupil's own stream is among `entries`.
    """
    history = fold_history(entries, pupil=pupil, on=place.on)
    records = {label: assess(parts, on=place.on) for label, parts in history.years.items()}
    return {
        "on": place.on.isoformat(),
        "school_code": place.school,
        "class_code": place.class_code,
        "first_day": place.first_day.isoformat(),
        "school_year": place.year.label,
        "grade": place.grade,
        "regulation": place.regulation,
        "law": place.law.code,
        "came": came(entries, history, records, place, names),
        "differs": differences(history.years, records, place),
        "missing": gaps(history.years, records, place),
        "no_ground": sorted(NO_GROUNDS),
    }
