"""Reports handed in: found again byte for byte, handed in again, late, and changed since."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner

from ledger import log
from ledger.batch import Line
from ledger.errors import NotFound, Refused
from ledger.events.pupil import StatusKind
from ledger.ledger import Ledger
from ledger.movement import Movement, StatusLine, move_pupils
from ledger.notary import Notary
from ledger.pupil import ChangeStatus
from ledger.school_year import SchoolYear
from ledger.structure import record_units
from ledger.unit import RecordUnit
from projections.reports.board import BoardQuestion
from projections.reports.frame import Question
from projections.views import Views
from services.commands import board as board_command
from services.commands import report as report_command
from services.submitting import Report, Submitting
from services.workplace import Workplace
from signing.note import NoteSigner
from tests import school
from tests.integration.importing import take, write

YEAR = SchoolYear.parse(school.YEAR)
DUE = date(2025, 1, 20)
SUBMITTED = date(2025, 1, 17)
HEADER = "report,preset,level,school_year,due_on,source"


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        school.class_of(opened, 3)
        unit = RecordUnit(
            code="S2",
            kind="school",
            name="TH và THCS Trần Phú",
            parent_code="31",
            levels=("TH", "THCS"),
            opened_on=date(2000, 1, 1),
            closed_on=None,
            merged_into=None,
        )
        handler = partial(record_units, today=school.TODAY)
        who = school.operator(opened)
        school.sound(opened.carry_out(handler, [Line(1, unit)], who=who))
        school.employ(opened, "GV1", "Trần Thị Hạnh")
        yield opened


@pytest.fixture
def views(ledger: Ledger) -> Views:
    return Views(ledger)


def submit(
    ledger: Ledger, views: Views, *, today: date = SUBMITTED, **changed: Any
) -> dict[str, Any]:
    wanted = Report(
        **{
            **{"name": "headcount", "unit": "S1", "preset": "end_of_term_1"},
            **{"school_year": YEAR, "on": None, "head": "GV1", **changed},
        }
    )
    root = Notary(ledger, NoteSigner.generate("hocba/test"), None).root_at
    submitting = Submitting(ledger, views, root, account="operator")
    return submitting.hand_in(wanted, submitting.figures(wanted), today=today)


def leave(ledger: Ledger, key: str, on: date, kind: StatusKind = "leave") -> None:
    (who,) = school.find(ledger, [key])
    change = ChangeStatus(kind=kind, school_code="S1", effective_on=on)
    lines: list[Line[Movement]] = [Line(1, StatusLine(pupil=who, change=change))]
    school.sound(ledger.carry_out(move_pupils, lines, who=school.operator(ledger)))


def deadlines(ledger: Ledger, folder: Path, *lines: str) -> None:
    assert take(ledger, write(folder, "deadlines.csv", HEADER, *lines))[0] == 0


def board(views: Views, *, on: date = DUE, **asked: Any) -> dict[str, Any]:
    question = BoardQuestion(
        **{
            **{"preset": "end_of_term_1", "school_year": YEAR, "on": on, "report": None},
            **{"under": None, "compare": True, "what": False, **asked},
        }
    )
    return views.board(question)


def status(answer: dict[str, Any]) -> dict[str, str]:
    return {row["unit_code"]: row["status"] for row in answer["rows"]}


# --- handing in ----------------------------------------------------------------------------------


def test_a_report_handed_in_is_found_again_byte_for_byte(ledger: Ledger, views: Views) -> None:
    done = submit(ledger, views)
    assert (done["state"], done["on"], done["totals"]["count"]) == (
        *("submitted", "2025-01-15"),
        3,
    )
    leave(ledger, "P0", date(2024, 11, 1))
    handed, again = views.submitted(done["position"])
    assert again["digest"] == handed.said.digest == done["digest"]
    assert again["totals"] == done["totals"]
    assert again["known_at"] == done["known_at"]
    now = views.report("headcount", Question(on=date(2025, 1, 15), unit="S1"))
    assert now["totals"]["count"] == 2
    known_at = done["known_at"]["position"]
    then = views.report("headcount", Question(on=date(2025, 1, 15), unit="S1"), known_at=known_at)
    assert then["digest"] == done["digest"]


def test_the_entry_holds_the_root_of_the_prefix_that_the_figures_are_of(
    ledger: Ledger, views: Views
) -> None:
    with ledger.database.connection() as connection:
        before = log.head(connection).size
    done = submit(ledger, views)
    handed, _ = views.submitted(done["position"])
    assert (handed.said.size, handed.said.position) == (before, before - 1)
    notary = Notary(ledger, NoteSigner.generate("hocba/test"), None)
    with ledger.database.connection() as connection:
        assert notary.root_at(connection, before).hex() == handed.said.root
    assert (handed.by, handed.said.head) == ("operator", "GV1")


def test_the_same_figures_again_append_nothing_and_others_replace_them(
    ledger: Ledger, views: Views
) -> None:
    first = submit(ledger, views)
    again = submit(ledger, views, today=date(2025, 1, 18))
    assert (again["state"], again["position"]) == ("unchanged", None)
    leave(ledger, "P0", date(2024, 11, 1))
    second = submit(ledger, views, today=date(2025, 1, 19))
    assert second["state"] == "submitted"
    handed, _ = views.submitted(second["position"])
    assert handed.said.replaces == 1
    assert views.submitted(first["position"])[1]["digest"] == first["digest"]


def test_what_cannot_be_handed_in_is_refused_by_name(ledger: Ledger, views: Views) -> None:
    with pytest.raises(Refused) as caught:
        submit(ledger, views, head="GV9")
    assert caught.value.code == "unknown_staff"
    with pytest.raises(NotFound, match="no unit Z9"):
        submit(ledger, views, unit="Z9")
    with pytest.raises(NotFound) as missing:
        views.submitted(0)
    assert missing.value.code == "not_a_submission"


# --- the board -----------------------------------------------------------------------------------


def test_the_board_shows_who_handed_in_who_did_not_and_who_is_late(
    ledger: Ledger, views: Views, tmp_path: Path
) -> None:
    deadlines(ledger, tmp_path, "headcount,end_of_term_1,,2024-2025,2025-01-20,CV 123")
    before = board(views)
    assert status(before) == {"S1": "missing", "S2": "missing"}
    assert {row["due_on"] for row in before["rows"]} == {"2025-01-20"}
    submit(ledger, views)
    assert status(board(views)) == {"S1": "submitted", "S2": "missing"}
    after = board(views, on=date(2025, 1, 21))
    assert status(after) == {"S1": "submitted", "S2": "late"}
    assert [row["late"] for row in after["rows"]] == [False, True]
    submit(ledger, views, unit="S2", today=date(2025, 1, 22))
    last = board(views, on=date(2025, 1, 23))
    assert status(last) == {"S1": "submitted", "S2": "submitted"}
    assert [row["late"] for row in last["rows"]] == [False, True]
    assert last["totals"]["handed_in_late"] == 1
    assert status(board(views, on=date(2025, 1, 23), under="S2")) == {"S2": "submitted"}


def test_the_board_of_a_day_counts_what_was_handed_in_by_then(
    ledger: Ledger, views: Views, tmp_path: Path
) -> None:
    deadlines(ledger, tmp_path, "headcount,end_of_term_1,,2024-2025,2025-01-20,CV 123")
    submit(ledger, views, today=date(2025, 1, 22))
    assert status(board(views, on=date(2025, 1, 20)))["S1"] == "missing"
    assert status(board(views, on=date(2025, 1, 21)))["S1"] == "late"
    (row,) = board(views, on=date(2025, 1, 22), under="S1")["rows"]
    assert (row["status"], row["late"], row["times"]) == ("submitted", True, 1)
    leave(ledger, "P1", date(2024, 10, 1))
    submit(ledger, views, today=date(2025, 1, 25))
    (row,) = board(views, on=date(2025, 1, 24), under="S1")["rows"]
    assert (row["status"], row["submitted_on"], row["times"]) == ("submitted", "2025-01-22", 1)
    assert status(board(views, on=date(2025, 1, 25), under="S1")) == {"S1": "resubmitted"}


def test_a_deadline_of_a_level_goes_before_one_for_all_and_the_first_counts(
    ledger: Ledger, views: Views, tmp_path: Path
) -> None:
    deadlines(
        ledger,
        tmp_path,
        "headcount,end_of_term_1,THCS,2024-2025,2025-01-20,CV 123",
        "headcount,end_of_term_1,TH,2024-2025,2025-01-10,CV 123",
        "headcount,end_of_term_1,,2024-2025,2025-01-31,CV 123",
        "identity,end_of_term_1,TH,2024-2025,2025-01-12,CV 123",
    )
    due = {(row["unit_code"], row["report"]): row["due_on"] for row in board(views)["rows"]}
    assert due == {
        ("S1", "headcount"): "2025-01-20",
        ("S2", "headcount"): "2025-01-10",
        ("S2", "identity"): "2025-01-12",
    }


def test_deadlines_and_submissions_are_those_known_then(
    ledger: Ledger, views: Views, tmp_path: Path
) -> None:
    with ledger.database.connection() as connection:
        before = log.head(connection).size - 1
    deadlines(ledger, tmp_path, "headcount,end_of_term_1,,2024-2025,2025-01-20,CV 123")
    submit(ledger, views)
    question = BoardQuestion(
        preset="end_of_term_1",
        school_year=YEAR,
        on=DUE,
        report="headcount",
        under=None,
        compare=True,
        what=False,
    )
    then = views.board(question, known_at=before)
    assert status(then) == {"S1": "missing", "S2": "missing"}
    assert {row["due_on"] for row in then["rows"]} == {None}


def test_what_changed_since_is_shown_row_by_row(ledger: Ledger, views: Views) -> None:
    submit(ledger, views)
    assert board(views)["rows"][0]["changed"] is False
    school.register(ledger, ["elsewhere"])
    assert board(views)["rows"][0]["changed"] is False
    leave(ledger, "P0", date(2024, 11, 1))
    (row,) = board(views, what=True)["rows"]
    assert row["changed"] is True
    assert row["changes"] == [
        {
            "row": {"unit_code": "S1", "level": "THCS", "grade": 7, "sex": "nam"},
            "field": "count",
            "submitted": 3,
            "now": 2,
        }
    ]
    assert board(views, compare=False)["rows"][0]["changed"] is None
    submit(ledger, views, today=date(2025, 1, 19))
    (row,) = board(views)["rows"]
    assert (row["status"], row["times"], row["changed"]) == ("resubmitted", 2, False)


def test_a_unit_above_the_schools_stands_on_the_board_once_it_handed_in(
    ledger: Ledger, views: Views
) -> None:
    submit(ledger, views, unit="31")
    assert status(board(views)) == {"31": "submitted"}
    assert status(board(views, report="headcount")) == {
        **{"31": "submitted", "S1": "missing", "S2": "missing"}
    }


# --- on the command line -------------------------------------------------------------------------


class Place:
    """What the commands need of a workplace: one opened ledger."""

    def __init__(self, ledger: Ledger, lang: str = "vi", format_: str = "table") -> None:
        self.ledger_opened = ledger
        self.lang = lang
        self.format = format_
        self.account = "operator"

    @property
    def ledgers(self) -> Any:
        class Trusted:
            def bundles(self) -> Sequence[Any]:
                return ()

        class Known:
            trust = Trusted()

        return Known()

    @contextmanager
    def open(self) -> Iterator[tuple[Any, Ledger]]:
        yield None, self.ledger_opened


def run(ledger: Ledger, command: Any, *arguments: str) -> tuple[int, str]:
    place = cast(Workplace, Place(ledger))
    done = CliRunner().invoke(
        command, arguments, obj=place, catch_exceptions=False, standalone_mode=False
    )
    return done.return_value, done.output


def test_the_board_speaks_the_words_of_the_office(
    ledger: Ledger, views: Views, tmp_path: Path
) -> None:
    deadlines(ledger, tmp_path, "headcount,end_of_term_1,,2024-2025,2025-01-16,CV 123")
    submit(ledger, views)
    given = ("--preset", "end_of_term_1", "--school-year", school.YEAR, "--on", "2025-01-20")
    code, text = run(ledger, board_command.board, *given)
    assert code == 0
    assert "đã nộp (sau hạn)" in text
    assert "quá hạn" in text
    assert "Sĩ số" in text


def test_the_figures_handed_in_are_printed_again(ledger: Ledger, views: Views) -> None:
    done = submit(ledger, views)
    leave(ledger, "P0", date(2024, 11, 1))
    number = f"@{done['position']}"
    code, text = run(ledger, report_command.report, "headcount", "--submitted", number)
    assert code == 0
    assert "Số lượng: 3" in text
