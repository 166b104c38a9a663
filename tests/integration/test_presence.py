"""The monthly confirmation of a preschool class, imported, and the arrivals of term 2."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ledger import log, presence
from ledger.events.school_class import MonthConfirmed
from ledger.ids import class_stream
from ledger.ledger import Ledger
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.school_year import SchoolYear
from projections.views import Views
from services.turning import Turning
from tests import school
from tests.integration.importing import reasons, take, write

HEADER = "pupil_key,class_code,month,present,effective_on,last_seen_on,left_on"
MONTH = (
    "AN,M-HOA,2024-10,yes,2024-11-01,,",
    "BE,M-HOA,2024-10,không,2024-11-01,2024-10-08,",
    "CU,M-HOA,2024-10,khong,2024-11-01,2024-10-14,2024-10-15",
)


@pytest.fixture
def ledger(database: str, tmp_path: Path) -> Iterator[Ledger]:
    write(
        tmp_path,
        "units.csv",
        "unit_code,kind,name,parent_code,levels",
        "31,province,Hải Phòng,,",
        "M1,school,Mầm non Sao Mai,31,MN",
        "M2,school,Mầm non Hoa Sen,31,MN",
    )
    write(
        tmp_path,
        "classes.csv",
        "class_code,school_code,school_year,grade,name",
        "M-HOA,M1,2024-2025,16,Hoa",
        "M-SEN,M2,2024-2025,16,Sen",
    )
    write(
        tmp_path,
        "pupils.csv",
        "pupil_key,full_name,birth_date,sex",
        *(f"{key},Trần {key.title()},2021,nu" for key in ("AN", "BE", "CU", "DAU")),
    )
    write(
        tmp_path,
        "enrolments.csv",
        "pupil_key,class_code,kind,effective_on",
        *(f"{key},M-HOA,start,2024-09-05" for key in ("AN", "BE", "CU")),
        "DAU,M-HOA,mid_year,2025-02-10",
    )
    with school.new_ledger(database) as opened:
        code, answer = take(opened, tmp_path)
        assert code == 0, answer["rejected"]
        yield opened


def confirm(ledger: Ledger, folder: Path, *lines: str) -> tuple[int, dict[str, int], list[str]]:
    path = write(folder / "told", "presence.csv", HEADER, *lines)
    code, answer = take(ledger, path)
    counts = {name: answer[name] for name in ("appended", "unchanged")}
    return code, counts, [reason for _, _, reason in reasons(answer)]


def months(ledger: Ledger) -> list[tuple[str, int, int]]:
    with ledger.database.connection() as connection:
        stream = class_stream(ledger.id, "M-HOA")
        entries = log.of_streams(
            connection, [stream], size=log.head(connection).size, topics=[MonthConfirmed.TOPIC]
        )
    told = [entry.event for entry in entries]
    return [(e.month, e.present, e.absent) for e in told if isinstance(e, MonthConfirmed)]


def state_of(ledger: Ledger, key: str) -> Pupil:
    (person,) = school.find(ledger, [key])
    with ledger.database.connection() as connection:
        state = Reader(connection, ledger.keyring, ledger.id).pupils([person])[person]
    assert state is not None
    return state


def test_a_months_list_is_confirmed_once_and_who_stopped_coming_leaves(
    ledger: Ledger, tmp_path: Path
) -> None:
    # Three confirmations, one leaving, one entry of the class.
    assert confirm(ledger, tmp_path, *MONTH) == (0, {"appended": 5, "unchanged": 0}, [])
    assert months(ledger) == [("2024-10", 1, 2)]
    listed = Views(ledger).roster("M-HOA", on=date(2024, 10, 15))["pupils"]
    assert sorted(pupil["pupil_key"] for pupil in listed) == ["AN", "BE"]
    assert confirm(ledger, tmp_path, *MONTH) == (0, {"appended": 0, "unchanged": 3}, [])
    assert months(ledger) == [("2024-10", 1, 2)]


def test_a_line_that_cannot_be_does_not_hold_up_the_others(ledger: Ledger, tmp_path: Path) -> None:
    code, counts, refused = confirm(
        ledger,
        tmp_path,
        MONTH[0],
        "BE,M-HOA,2024-10,maybe,2024-11-01,,",
        "CU,M-SEN,2024-10,yes,2024-11-01,,",
        "DAU,M-HOA,2024-10,yes,2024-11-01,,",
    )
    assert (code, counts["appended"]) == (4, 2)
    assert refused == ["not_yes_or_no", "not_in_class", "not_in_class"]


def test_children_nobody_confirmed_and_those_long_unseen_are_found(
    ledger: Ledger, tmp_path: Path
) -> None:
    confirm(ledger, tmp_path, *MONTH)
    month = presence.month_before(date(2024, 12, 3))
    for key, missing in (("AN", ("M-HOA",)), ("CU", ())):
        state = state_of(ledger, key)
        assert presence.unconfirmed(state, state.segments, month) == missing
    away = state_of(ledger, "BE")
    assert presence.long_unseen(away, away.segments, date(2024, 12, 3)) == date(2024, 10, 8)


def test_another_school_enrolling_the_child_is_flagged(ledger: Ledger, tmp_path: Path) -> None:
    other = write(
        tmp_path / "other",
        "enrolments.csv",
        "pupil_key,class_code,kind,effective_on",
        "BE,M-SEN,mid_year,2024-10-21",
    )
    code, answer = take(ledger, other)
    assert code == 0
    assert reasons(answer, "warnings") == [("enrolments.csv", 2, "two_schools_at_once")]
    views = Views(ledger)
    assert views.roster("M-SEN", on=date(2024, 10, 21))["count"] == 1
    assert views.roster("M-HOA", on=date(2024, 10, 21))["count"] == 2


def test_who_came_in_term_2_is_seen_on_the_list(ledger: Ledger) -> None:
    listed = Views(ledger).roster("M-HOA", on=date(2025, 3, 1))["pupils"]
    entered = {pupil["pupil_key"]: pupil["entered_period"] for pupil in listed}
    assert entered == {"AN": "HK1", "BE": "HK1", "CU": "HK1", "DAU": "HK2"}


def test_at_the_years_turn_every_child_moves_on_to_the_next_group(ledger: Ledger) -> None:
    work = Turning(ledger, account="operator", school="M1", year=SchoolYear(2024))
    commands = work.commands((), {}, on=date(2025, 8, 1), as_of=date(2025, 6, 1))
    answer = work.run(commands, preview=False, report=lambda what, done, total: None)
    assert answer["totals"]["promoted"] == 4
    (following,) = answer["classes"][0]["next_classes"]
    assert (following["class_code"], following["grade"]) == ("M1-2025-2026-Hoa", 17)
    listed = Views(ledger).roster("M1-2025-2026-Hoa", on=date(2025, 9, 5))
    assert (listed["count"], {pupil["grade"] for pupil in listed["pupils"]}) == (4, {17})
