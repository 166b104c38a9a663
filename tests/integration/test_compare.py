"""Two positions and days compared: nothing between equal ones, everything between others.

`HOCBA_SEED` repeats the random history; the seed stands in every failure.
"""

import csv
import io
import json
import os
import random
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import openpyxl
import pytest
from click.testing import CliRunner

from ledger.batch import Line
from ledger.errors import NotFound
from ledger.identity_check import VIETNAM
from ledger.ledger import Ledger
from ledger.log import head
from ledger.year_commands import correction
from ledger.year_lines import YearLine, write_years
from projections.comparison import WHOLE, Compared, compare
from projections.differences import ABSENT, Difference, applied, fields_of
from projections.persons import Key
from projections.reports.frame import Question
from projections.views import Views
from services.cli import cli
from services.embedded import Home
from tests import school
from tests.integration.homes import temporary_home
from tests.integration.importing import SAMPLE
from tests.simulation.test_random_histories import SPAN, History

DAY = date(2025, 1, 20)
P0 = Key("local", "P0")


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        school.class_of(opened, 2)
        yield opened


def position(ledger: Ledger) -> int:
    with ledger.database.connection() as connection:
        return head(connection).size - 1


def put_right(ledger: Ledger, value: str) -> int:
    """Another value for the first regular mark; the position."""
    pupil = school.find(ledger, ["P0"])[0]
    decide = correction(
        subject="TOAN",
        semester=1,
        slot="TX1",
        value=value,
        old_value=None,
        reason="nhầm",
        effective_on=None,
    )
    line = YearLine(pupil=pupil, school_year=school.YEAR, decide=decide, on=school.TEST_DAY)
    school.sound(ledger.carry_out(write_years, [Line(1, line)], who=school.operator(ledger)))
    return position(ledger)


def between(ledger: Ledger, before: int, after: int, what: Compared = WHOLE) -> dict[str, Any]:
    return compare(Views(ledger), what, before=(DAY, before), after=(DAY, after))


def test_equal_positions_have_no_differences(ledger: Ledger) -> None:
    now = position(ledger)
    for what in (WHOLE, Compared("class", "7A1"), Compared("unit", "31"), Compared("pupil", P0)):
        answer = between(ledger, now, now, what)
        assert answer["equal"]
        assert (answer["rosters"], answer["transcripts"], answer["headcount"]) == ([], [], [])


def test_a_correction_is_one_field_with_the_entry_responsible(ledger: Ledger) -> None:
    school.sound(school.hand_in(ledger, [school.mark(p) for p in school.find(ledger, ["P0"])]))
    before = position(ledger)
    after = put_right(ledger, "9")
    for what in (WHOLE, Compared("class", "7A1"), Compared("unit", "S1"), Compared("pupil", P0)):
        answer = between(ledger, before, after, what)
        (found,) = answer["transcripts"]
        assert found["path"] == "years/2024-2025/subjects/TOAN/semesters/1/marks/TX"
        assert (found["before"], found["after"]) == (["8.0"], ["9.0"])
        assert found["pupil_key"] == "P0"
        assert [(one["position"], one["type"]) for one in found["entries"]] == [
            (after, "MarkCorrected")
        ]
        assert (answer["equal"], answer["rosters"], answer["headcount"]) == (False, [], [])


def test_a_newcomer_is_in_the_list_and_the_head_count(ledger: Ledger) -> None:
    before = position(ledger)
    school.enrol(ledger, school.register(ledger, ["N"]), on=date(2025, 1, 6), kind="mid_year")
    answer = between(ledger, before, position(ledger))
    (came,) = answer["rosters"]
    assert (came["change"], came["pupil_key"], came["before"]) == ("came", "N", None)
    assert came["after"]["class_code"] == "7A1"
    counted = {row["unit_code"]: (row["before"], row["after"]) for row in answer["headcount"]}
    assert counted == {"S1": (2, 3), "31": (2, 3)}
    (of_class,) = between(ledger, before, position(ledger), Compared("class", "7A1"))["headcount"]
    assert of_class == {"class_code": "7A1", "before": 2, "after": 3}


def test_two_days_of_one_position_differ_by_what_counts_between_them(ledger: Ledger) -> None:
    school.sound(school.hand_in(ledger, [school.mark(p) for p in school.find(ledger, ["P0"])]))
    now = position(ledger)
    answer = compare(
        Views(ledger),
        Compared("pupil", P0),
        before=(date(2024, 10, 1), now),
        after=(DAY, now),
    )
    types = {one["type"] for found in answer["transcripts"] for one in found["entries"]}
    assert types == {"MarkEntered"}


def test_a_class_unknown_on_one_side_is_empty_there_and_on_both_is_not_found(
    ledger: Ledger,
) -> None:
    answer = between(ledger, 2, position(ledger), Compared("class", "7A1"))
    assert [one["change"] for one in answer["rosters"]] == ["came", "came"]
    with pytest.raises(NotFound) as error:
        between(ledger, 2, 2, Compared("class", "7A1"))
    assert error.value.code == "unknown_class"
    with pytest.raises(NotFound) as error:
        between(ledger, 2, position(ledger), Compared("unit", "X"))
    assert error.value.code == "unknown_unit"


def test_differences_lead_from_one_side_to_the_other(database: str) -> None:
    seed = int(os.environ.get("HOCBA_SEED", random.SystemRandom().randrange(2**32)))
    print(f"HOCBA_SEED={seed}")
    chance = random.Random(seed)
    with school.new_ledger(database) as ledger:
        school.open_school(ledger)
        history = History(ledger, chance, 0)
        history.open()
        first = position(ledger)
        for _ in range(40):
            history.step()
        last = position(ledger)
        views = Views(ledger)
        for _ in range(6):
            sides = [
                (date.fromordinal(chance.randint(*(d.toordinal() for d in SPAN))), at)
                for at in (chance.randint(first, last), chance.randint(first, last))
            ]
            if chance.random() < 0.5:
                sides[1] = (sides[0][0], sides[1][1])
            _lead(views, history, sides, seed)


def _lead(views: Views, history: History, sides: list[tuple[date, int]], seed: int) -> None:
    answer = compare(views, Compared("unit", "31"), before=sides[0], after=sides[1])
    for pupil in history.pupils:
        told = [one for one in answer["transcripts"] if one["pupil_id"] == str(pupil)]
        found = [
            Difference(
                tuple(one["path"].split("/")), one.get("before", ABSENT), one.get("after", ABSENT)
            )
            for one in told
        ]
        before, after = (_transcript(views, str(pupil), side) for side in sides)
        assert applied(fields_of(before), found) == fields_of(after), (sides, seed)
    lists, wanted = (_lists(views, history, side) for side in sides)
    for move in answer["rosters"]:
        if move["before"]:
            lists.remove(_line(move["before"]))
        if move["after"]:
            lists.append(_line(move["after"]))
    assert sorted(lists) == sorted(wanted), (sides, seed)
    counts, counted = (_counts(views, side) for side in sides)
    for row in answer["headcount"]:
        named = tuple(row[name] for name in ("unit_code", "level", "grade", "sex"))
        assert counts.pop(named, 0) == row["before"], (sides, seed)
        counts |= {named: row["after"]} if row["after"] else {}
    assert counts == counted, (sides, seed)


def _transcript(views: Views, pupil: str, side: tuple[date, int]) -> dict[str, Any]:
    answer = views.transcript(Key("id", pupil), on=side[0], known_at=side[1])
    return {"profile": answer["profile"], "years": answer["years"]}


def _line(line: dict[str, Any]) -> str:
    return json.dumps(line, sort_keys=True)


def _lists(views: Views, history: History, side: tuple[date, int]) -> list[str]:
    """The lines of every class list of the years of that day and any other."""
    found = []
    for code in history.classes:
        answer = views.roster(code, on=side[0], known_at=side[1])
        found += [_line({"class_code": code, **pupil}) for pupil in answer["pupils"]]
    return found


def _counts(views: Views, side: tuple[date, int]) -> dict[tuple[Any, ...], int]:
    answer = views.report("headcount", Question(on=side[0], unit="31"), known_at=side[1])
    names = ("unit_code", "level", "grade", "sex")
    return {tuple(row[name] for name in names): row["count"] for row in answer["rows"]}


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with temporary_home() as made:
        run(made, "init", "--province", "31")
        assert run(made, "import", str(SAMPLE))[0] in (0, 4)
        yield made


def run(home: Home, *arguments: str) -> tuple[int, str]:
    """A command in this process; its exit code and standard output."""
    given = ["--home", str(home.path), *arguments]
    done = CliRunner().invoke(cli, given, catch_exceptions=False, standalone_mode=False)
    return done.return_value or 0, done.stdout


def values_of(path: Path, sheet: int) -> list[list[Any]]:
    book = openpyxl.load_workbook(path)
    return [[cell.value for cell in row] for row in book.worksheets[sheet].iter_rows()]


def test_compare_says_by_its_exit_code_whether_anything_differs(home: Home) -> None:
    arguments = ("compare", "--on", "2025-01-20", "--from", "@3")
    code, out = run(home, "--format", "json", *arguments, "--to", "@3")
    assert (code, json.loads(out)["equal"]) == (0, True)
    code, out = run(home, "--format", "csv", *arguments)
    assert code == 4
    rows = list(csv.DictReader(io.StringIO(out)))
    assert {row["what"] for row in rows} == {"came", "transcripts", "headcount"}


def test_the_workbook_of_a_comparison_names_both_roots(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "compare.xlsx"
    arguments = ("--from", "@3", "--on", "2025-01-20", "--xlsx", str(path))
    code, out = run(home, "--format", "json", "--lang", "en", "compare", *arguments)
    assert code == 4
    facts = dict(row for row in values_of(path, 0)[2:])
    known_at = json.loads(out)["to"]["known_at"]
    assert facts["Moment 1: As recorded up to No."] == 3
    assert facts["Moment 2: As recorded up to No."] == known_at["position"]
    assert len(facts["Moment 1: Root"]) == 64
    assert facts["Moment 1: Root"] != facts["Moment 2: Root"]
    assert len(values_of(path, 1)) == facts["Lines"] + 1


def test_the_workbook_and_cover_of_an_audit_name_position_and_root(
    home: Home, tmp_path: Path
) -> None:
    book, cover = tmp_path / "audit.xlsx", tmp_path / "cover.csv"
    files = ("--xlsx", str(book), "--cover", str(cover))
    code, out = run(home, "--format", "csv", "audit", "--unit", "31", *files)
    assert code == 0
    lines = list(csv.DictReader(io.StringIO(out)))
    with cover.open(encoding="utf-8", newline="") as stream:
        facts = {row["name"]: row["value"] for row in csv.DictReader(stream)}
    _, checkpoint = run(home, "--format", "json", "checkpoint")
    assert facts["root"] == json.loads(checkpoint)["root"]
    assert facts["unit"] == "31"
    assert facts["asked_by"] == "operator"
    assert facts["lines"] == str(len(lines))
    assert len(values_of(book, 1)) == len(lines) + 1
    assert facts["root"] in [row[1] for row in values_of(book, 0)]


def test_an_audit_of_a_class_is_one_json_document(home: Home) -> None:
    code, out = run(home, "--format", "json", "audit", "--class", "S1-7A", "--flag", "late")
    answer = json.loads(out)
    assert code == 0
    assert answer["scope"] == {"kind": "class", "code": "S1-7A"}
    assert answer["entries"]
    assert all("late" in entry["flags"] for entry in answer["entries"])
    _, out = run(home, "--format", "json", "audit", "--teacher", "NOBODY")
    assert json.loads(out)["entries"] == []


def test_a_period_is_the_days_of_recording(home: Home) -> None:
    today = datetime.now(VIETNAM).date()
    everything = ("--format", "json", "audit", "--recorded-by", "operator")
    _, all_of_it = run(home, *everything)
    _, out = run(home, *everything, "--period", f"2001-01-01..{today}")
    assert json.loads(out) == json.loads(all_of_it)
    with pytest.raises(NotFound):
        run(home, *everything, "--period", "2001-01-01..2001-01-02")
    with pytest.raises(click.UsageError):
        run(home, *everything, "--period", f"{today}..2001-01-01")


def test_an_audit_is_of_one_thing(home: Home) -> None:
    for arguments in ((), ("--class", "S1-7A", "--unit", "31")):
        with pytest.raises(click.UsageError):
            run(home, "audit", *arguments)
