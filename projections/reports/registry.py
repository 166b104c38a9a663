"""Every kind of report by its name on the command line."""

from collections.abc import Mapping
from types import MappingProxyType

from projections.reports.exceptions import EXCEPTIONS
from projections.reports.frame import ReportKind
from projections.reports.headcount import HEADCOUNT
from projections.reports.identity import IDENTITY
from projections.reports.in_transit import IN_TRANSIT
from projections.reports.movement import MOVEMENT
from projections.reports.nutrition_kind import NUTRITION
from projections.reports.results import RESULTS

REPORTS: Mapping[str, ReportKind] = MappingProxyType(
    {
        "exceptions": EXCEPTIONS,
        "headcount": HEADCOUNT,
        "identity": IDENTITY,
        "in_transit": IN_TRANSIT,
        "movement": MOVEMENT,
        "nutrition": NUTRITION,
        "results": RESULTS,
    }
)
