"""`hocba retract`: takes back an enrolment, a leaving or a change of class."""

import click

from ledger import log
from ledger.batch import Line
from ledger.retraction import Retract, retract_changes, version_at
from projections.persons import find_person
from services.output import print_csv, print_json, print_table
from services.reading import parse_key
from services.workplace import Workplace

_COLUMNS = ("pupil_id", "position", "retracted_by", "appended")


@click.command()
@click.option("--pupil", required=True, metavar="KEY", help="kind:value or a local key.")
@click.option(
    "--position",
    required=True,
    type=click.IntRange(min=0),
    metavar="P",
    help="Position of the entry to take back (hocba audit shows it).",
)
@click.option("--reason", required=True, metavar="TEXT", help="Why it was a mistake.")
@click.pass_obj
def retract(workplace: Workplace, pupil: str, position: int, reason: str) -> int:
    """Take back an enrolment, a leaving or a change of class that was a mistake.

    What was known before stays as it was; from now on the change reads as if it had never been.
    Refused while marks or later changes stand on it. Marks are mended with corrections.csv.
    """
    key = parse_key(pupil)
    with workplace.open() as (_, ledger):
        with ledger.database.connection() as connection:
            size = log.head(connection).size
            person = find_person(ledger, connection, key, size=size)
            version = version_at(connection, position, pupil=person)
        command = Retract(pupil=person, version=version, reason=reason)
        who = ledger.who(workplace.account)
        done, verdicts = ledger.carry_out(retract_changes, [Line(1, command)], who=who)
    for verdict in verdicts:
        if verdict.refused is not None:
            raise verdict.refused
    answer = {
        "pupil_id": str(person),
        "position": position,
        "retracted_by": done.last_position,
        "appended": done.appended,
    }
    if workplace.format == "json":
        print_json(answer)
    elif workplace.format == "csv":
        print_csv(_COLUMNS, [[answer[name] for name in _COLUMNS]])
    else:
        print_table(None, _COLUMNS, [[answer[name] for name in _COLUMNS]])
    return 0
