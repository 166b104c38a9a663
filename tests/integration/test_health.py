"""Health from the file to the health book and the nutrition report."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.ledger import Ledger
from ledger.registration import record_pupils
from projections import tables
from projections.health import HEALTH
from projections.moment import resolve
from projections.persons import Key
from projections.reports.nutrition import read_nutrition
from projections.views import Views
from services.commands import health as command
from tests import school
from tests.integration.importing import reasons, take, write

HEADER = "pupil_key,measured_on,height_cm,weight_kg,position,vision_left,vision_right,findings"
KEK = bytes(range(32))
ON = date(2025, 1, 31)
BORN = {
    "P0": "2019-11-01",
    "P1": "2020-01-05",
    "P2": "2018-06-01",
    "P3": "2019",
    "P4": "2019-11-01",
}


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database, kek=KEK) as opened:
        school.open_school(opened)
        lines = [
            school.record_pupil(key, school.profile(f"Nguyễn Văn {key}", birth_date=born))
            for key, born in BORN.items()
        ]
        done = opened.carry_out(record_pupils, school.numbered(lines), who=school.operator(opened))
        school.sound(done)
        yield opened


def file(folder: Path, *lines: str) -> Path:
    return write(folder, "health.csv", HEADER, *lines)


def days(ledger: Ledger, key: str, on: date = ON) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = Views(ledger).health(Key("local", key), on=on)["measurements"]
    return found


def nutrition(ledger: Ledger, on: date = ON) -> dict[str, Any]:
    pupils = school.find(ledger, list(BORN))
    views = Views(ledger)
    with ledger.database.connection() as connection:
        moment = resolve(connection, None)
        views.engine.require(connection, moment.size, "people", "health")
        listed = [(pupil, "S1", "MN", 0) for pupil in pupils]
        return read_nutrition(ledger, connection, on=on, moment=moment, pupils=listed)


def test_a_measurement_goes_from_the_file_to_the_health_book(
    ledger: Ledger, tmp_path: Path
) -> None:
    code, answer = take(
        ledger, file(tmp_path, 'P0,2024-10-30,110,"21,0",standing,10/10,9/10,khỏe mạnh')
    )
    assert (code, answer["rejected"], answer["warnings"]) == (0, [], [])
    (day,) = days(ledger, "P0")
    assert (day["measured_on"], day["age_days"], day["age_months"]) == ("2024-10-30", 1825, "59.9")
    assert (day["height_cm"], day["weight_kg"], day["bmi"]) == ("110.0", "21.0", "17.4")
    assert (day["vision_left"], day["vision_right"]) == ("10/10", "9/10")
    assert (day["findings"], day["missing"], day["ledgers"]) == ("khỏe mạnh", None, ["31"])
    younger, older = day["readings"]
    assert (younger["standard"], older["standard"]) == ("who2006", "who2007")
    scores = {one["indicator"]: one for one in younger["scores"]}
    assert scores["HAZ"] == {
        "indicator": "HAZ",
        "z": "0.01",
        "channel": "normal",
        "channel_name": "bình thường",
        "implausible": False,
    }
    assert set(scores) == {"WAZ", "HAZ", "BAZ", "WHZ"}
    assert days(ledger, "P0", on=date(2024, 10, 29)) == []


def test_the_same_file_again_changes_nothing_and_a_second_one_adds(
    ledger: Ledger, tmp_path: Path
) -> None:
    first = file(tmp_path / "1", "P0,2024-10-30,110,21,standing,,,")
    take(ledger, first)
    code, answer = take(ledger, first)
    assert (code, answer["appended"], answer["unchanged"]) == (0, 0, 1)
    code, answer = take(ledger, file(tmp_path / "2", "P0,2024-10-30,,,,10/10,8/10,"))
    assert (code, answer["appended"], answer["warnings"]) == (0, 1, [])
    (day,) = days(ledger, "P0")
    assert (day["height_cm"], day["position"], day["vision_right"]) == ("110.0", "standing", "8/10")


def test_a_measuring_done_again_counts_and_the_first_is_still_known(
    ledger: Ledger, tmp_path: Path
) -> None:
    _, first = take(ledger, file(tmp_path / "1", "P0,2024-10-30,110,21,,,,"))
    code, answer = take(ledger, file(tmp_path / "2", "P0,2024-10-30,101,21,,,,"))
    assert code == 0
    assert reasons(answer, "warnings") == [("health.csv", 2, "measurement_replaced")]
    (day,) = days(ledger, "P0")
    assert day["height_cm"] == "101.0"
    before = Views(ledger).health(Key("local", "P0"), on=ON, known_at=first["last_position"])
    assert before["measurements"][0]["height_cm"] == "110.0"
    code, answer = take(ledger, file(tmp_path / "3", "P0,2024-10-30,101.0,,,,,"))
    assert (code, answer["appended"], answer["unchanged"]) == (0, 0, 1)


def test_bad_lines_are_named_and_the_sound_ones_go_in(ledger: Ledger, tmp_path: Path) -> None:
    code, answer = take(
        ledger,
        file(
            tmp_path,
            "P0,2024-10-30,110,21,,,,",
            "P1,2024-10-30,1.10,21,,,,",
            "P1,2019-10-30,110,21,,,,",
            "P2,2199-01-01,110,21,,,,",
            "P2,2024-10-30,,,,,,",
            "P9,2024-10-30,110,21,,,,",
            "P4,2024-10-30,110,21,,,,",
            "P4,2024-10-30,111,21,,,,",
        ),
    )
    assert code == 4
    assert sorted(reasons(answer)) == [
        ("health.csv", 3, "height_out_of_range"),
        ("health.csv", 4, "measured_before_birth"),
        ("health.csv", 5, "measured_in_future"),
        ("health.csv", 6, "nothing_measured"),
        ("health.csv", 7, "unknown_pupil"),
        ("health.csv", 8, "two_values_for_slot"),
        ("health.csv", 9, "two_values_for_slot"),
    ]
    assert answer["appended"] == 1


def test_a_released_pupil_is_listed_and_the_others_are_recorded(
    ledger: Ledger, tmp_path: Path
) -> None:
    school.release(ledger, school.find(ledger, ["P0"])[0])
    code, answer = take(
        ledger, file(tmp_path, "P0,2024-10-30,110,21,,,,", "P1,2024-10-30,110,21,,,,")
    )
    assert (code, reasons(answer)) == (4, [("health.csv", 2, "pupil_released")])


def test_implausible_values_are_kept_with_a_flag(ledger: Ledger, tmp_path: Path) -> None:
    code, answer = take(ledger, file(tmp_path, "P0,2024-10-30,110,61,,,,"))
    assert code == 0
    assert reasons(answer, "warnings") == [("health.csv", 2, "implausible_measurement")]
    (day,) = days(ledger, "P0")
    flags = {one["indicator"]: one["implausible"] for one in day["readings"][0]["scores"]}
    assert flags == {"WAZ": True, "HAZ": False, "BAZ": True, "WHZ": True}


def test_nothing_measured_stands_in_clear_in_the_database(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, file(tmp_path, "P0,2024-10-30,113.37,21.93,,7/10,,tim bẩm sinh"))
    nutrition(ledger)
    with ledger.database.connection() as connection:
        entry = connection.execute(
            "SELECT string_agg(encode(body, 'escape'), '') FROM ledger.entry"
        ).fetchone()
        row = connection.execute(
            "SELECT string_agg(h::text, ''), count(*) FROM projection.health h"
        ).fetchone()
    assert entry is not None
    assert row is not None
    assert row[1] == 1
    for text in (entry[0], row[0]):
        assert not any(value in text for value in ("113.37", "21.93", "7/10"))


def test_nutrition_counts_the_last_measurement_of_the_year_and_lists_the_rest(
    ledger: Ledger, tmp_path: Path
) -> None:
    take(
        ledger,
        file(
            tmp_path,
            "P0,2024-09-20,108,19,,,,",
            "P0,2024-12-20,110,24,,,,",
            "P0,2024-12-22,,,,9/10,,",  # eyes alone: the children of 20 December count
            "P0,2025-02-20,110,18,,,,",  # after the day
            "P1,2024-07-31,100,15,,,,",  # the school year before
            "P2,2024-12-20,113,61,,,,",
            "P3,2024-12-20,110,19,,,,",
        ),
    )
    answer = nutrition(ledger)
    assert answer["totals"] == {"pupils": 5, "measured": 2, "unmeasured": 2, "excepted": 1}
    ids = dict(zip(BORN, map(str, school.find(ledger, list(BORN))), strict=True))
    assert [one["pupil_id"] for one in answer["unmeasured"]] == [ids["P1"], ids["P4"]]
    assert [(x["pupil_id"], x["reason"], x["indicator"]) for x in answer["exceptions"]] == [
        (ids["P2"], "implausible", "WAZ"),
        (ids["P2"], "implausible", "BAZ"),
        (ids["P3"], "partial_birth_date", None),
    ]
    assert all(one["mend"] for one in answer["exceptions"])
    counts = {(r["indicator"], r["channel"]): (r["count"], r["measured"]) for r in answer["rows"]}
    assert counts == {
        ("WAZ", "normal"): (1, 1),
        ("HAZ", "normal"): (2, 2),
        ("BAZ", "obese"): (1, 1),
    }


def test_the_counts_of_a_group_add_up(ledger: Ledger, tmp_path: Path) -> None:
    weights = {"P0": 15, "P1": 19, "P2": 24, "P4": 26}
    take(ledger, file(tmp_path, *(f"{k},2024-12-20,110,{w},,,," for k, w in weights.items())))
    sums: dict[str, int] = {}
    rows = nutrition(ledger)["rows"]
    for row in rows:
        sums[row["indicator"]] = sums.get(row["indicator"], 0) + row["count"]
    assert sums == {"WAZ": 4, "HAZ": 4, "BAZ": 4, "WHZ": 1}  # P1 alone is under 60 months
    assert {(row["indicator"], row["measured"]) for row in rows} == set(sums.items())


def test_an_erased_pupil_is_listed_and_blocks_nobody(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, file(tmp_path, "P0,2024-12-20,110,24,,,,", "P4,2024-12-20,110,19,,,,"))
    erased = school.find(ledger, ["P0"])[0]
    with ledger.database.connection() as connection:
        connection.execute("DELETE FROM vault.data_key WHERE person = %s", (erased,))
    with Ledger.open(ledger.database.url, kek=KEK) as again:
        answer = nutrition(again)
    assert [(x["pupil_id"], x["reason"]) for x in answer["exceptions"]] == [(str(erased), "erased")]
    assert answer["totals"]["measured"] == 1


def test_a_measurement_that_does_not_open_is_listed_and_blocks_nobody(
    ledger: Ledger, tmp_path: Path
) -> None:
    take(ledger, file(tmp_path, "P0,2024-12-20,110,24,,,,", "P4,2024-12-20,110,19,,,,"))
    broken, sound = school.find(ledger, ["P0", "P4"])
    nutrition(ledger)
    with ledger.database.connection() as connection:
        connection.execute(
            "UPDATE projection.health SET sealed = (SELECT sealed FROM projection.health "
            "WHERE stream = %s) WHERE stream = %s",
            (sound, broken),
        )
    answer = nutrition(ledger)
    found = [(x["pupil_id"], x["reason"]) for x in answer["exceptions"]]
    assert found == [(str(broken), "unreadable")]
    assert answer["totals"] == {"pupils": 5, "measured": 1, "unmeasured": 3, "excepted": 1}


def test_rows_set_aside_are_read_in_place_of_a_stopped_projections(
    ledger: Ledger, tmp_path: Path
) -> None:
    take(ledger, file(tmp_path, "P0,2024-12-20,110,24,,,,"))
    nutrition(ledger)
    pupils = [(pupil, "S1", "MN", 0) for pupil in school.find(ledger, ["P0"])]
    with ledger.database.connection() as connection:
        tables.create(connection, HEALTH, name="health_aside", generation=0, indexes=())
        answer = read_nutrition(
            ledger,
            connection,
            on=ON,
            moment=resolve(connection, None),
            pupils=pupils,
            forms={"health": tables.named(HEALTH, "health_aside")},
        )
    assert answer["totals"]["unmeasured"] == 1


def test_the_table_shows_both_readings_around_the_switch(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, file(tmp_path, "P0,2024-10-30,110,21,,10/10,,", "P3,2024-10-30,110,19,,,,"))
    answer = Views(ledger).health(Key("local", "P0"), on=ON)
    lines = list(command.table_lines(answer["measurements"][0], "vi"))
    assert [line[7] for line in lines] == ["WHO 2006", "WHO 2007"]
    assert lines[0][10] == "1,46 bình thường"
    assert lines[1][10] == "1,46 thừa cân"
    assert lines[1][0] is None
    assert all(len(line) == len(command.HEADINGS["vi"]) for line in lines)
    partial = Views(ledger).health(Key("local", "P3"), on=ON)
    (line,) = command.table_lines(partial["measurements"][0], "vi")
    assert line[7] == "ngày sinh không đầy đủ"
    assert all(len(row) == len(command.COLUMNS) for row in command.csv_rows(answer))
    assert all(len(row) == len(command.COLUMNS) for row in command.csv_rows(partial))
