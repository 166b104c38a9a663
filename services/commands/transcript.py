"""`hocba transcript`: every school year of a pupil, by two dates."""

from collections.abc import Iterator
from typing import Any

import click

from services.output import print_csv, print_json
from services.reading import open_views, parse_day, parse_key, parse_when
from services.transcript_table import print_years, shown_day
from services.workplace import Workplace

_CSV = ("school_year", "subject", "semester", "slot", "value")


@click.command()
@click.option("--pupil", required=True, metavar="KEY", help="kind:value or a local key.")
@click.option("--on", required=True, metavar="DATE", help="The day the transcript is of.")
@click.option("--known-at", metavar="WHEN", help="@POSITION or an instant (default: now).")
@click.pass_obj
def transcript(workplace: Workplace, pupil: str, on: str, known_at: str | None) -> int:
    """Full transcript of a day, as known at a moment."""
    key, day, when = parse_key(pupil), parse_day(on), parse_when(known_at)
    with open_views(workplace) as views:
        answer = views.transcript(key, on=day, known_at=when)
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(_CSV, list(_cells(answer)))
    else:
        _print(answer, workplace.lang)
    return 0


def _cells(answer: dict[str, Any]) -> Iterator[list[Any]]:
    """One row for each mark and each result."""
    for year in answer["years"]:
        for subject in year["subjects"]:
            place = [year["school_year"], subject["subject"]]
            for number, term in subject["semesters"].items():
                marks = term["marks"]
                for index, value in enumerate(marks["TX"], 1):
                    yield [*place, number, f"TX{index}", value]
                for slot in ("GK", "CK"):
                    if marks[slot] is not None:
                        yield [*place, number, slot, marks[slot]]
                yield [*place, number, "average", term["average"]]
            yield [*place, "CN", "year", subject["reassessed"] or subject["year"]]


def _print(answer: dict[str, Any], lang: str) -> None:
    profile = answer["profile"]
    born = shown_day(profile["birth_date"], lang)
    whose = (profile["full_name"], born, answer["pupil_key"], shown_day(answer["on"], lang))
    known_at = answer["known_at"]["position"]
    click.echo(" · ".join(str(part) for part in whose if part) + f" · @{known_at}")
    print_years(answer["years"], lang)
