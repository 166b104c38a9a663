"""The report of nutrition in the frame: whom it counts and where, the pupils behind its figures,
and what is unsound about them.
"""

from collections.abc import Iterator
from uuid import UUID

from projections.health import Health
from projections.reports.counting import Headcount
from projections.reports.exceptions import standing_exceptions
from projections.reports.frame import Figures, ReportKind, Source
from projections.reports.nutrition import read_nutrition
from projections.reports.profiles import behind

COLUMNS = ("unit_code", "level", "grade", "sex", "indicator", "channel", "count", "measured")


def read(source: Source) -> Figures:
    """Nutrition of everybody who counts on the day, at the school and every unit above;
    `unmeasured` names who was not measured. A list opens each channel, and the unmeasured."""
    headcount = Headcount(source)
    schools: dict[UUID, str] = {}
    found = read_nutrition(
        source.ledger,
        source.connection,
        on=source.on,
        moment=source.moment,
        pupils=_counted(source, headcount, schools),
        forms=source.sound.forms,
        counting=lambda unit: [node.code for node in source.places.path(unit)],
        listing=source.question.listing,
    )
    exceptions = [*found["exceptions"], *standing_exceptions(source, headcount)]
    listed = [
        (pupil := UUID(one.pop("pupil_id")), schools[pupil], {"column": "measured", **one})
        for one in found.get("listed", ())
    ]
    listed += [
        (
            pupil := UUID(one["pupil_id"]),
            schools[pupil],
            {"column": "unmeasured", "level": one["level"], "grade": one["grade"]},
        )
        for one in found["unmeasured"]
    ]
    return Figures(
        rows=found["rows"],
        totals=found["totals"],
        exceptions=exceptions,
        behind=behind(source, listed) if source.question.listing else None,
        more={"unmeasured": found["unmeasured"]},
    )


def _counted(
    source: Source, headcount: Headcount, schools: dict[UUID, str]
) -> Iterator[tuple[UUID, str, str, int]]:
    for page in headcount.pages():
        for who, _ in page:
            schools[who.pupil] = who.school
            code = source.places.path(who.school)[0].code
            level = source.places.level(who.school, who.grade, who.programme)
            yield who.pupil, code, level, who.grade


NUTRITION = ReportKind(read=read, columns=COLUMNS, reads=(Health(),))
