"""Class lists by two dates."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from ledger import log
from ledger.batch import Line
from ledger.errors import NotFound, Refused
from ledger.events.pupil import StatusKind, TransferAccepted
from ledger.ids import uuid7
from ledger.ledger import Ledger
from ledger.movement import Movement, SectionLine, StatusLine, move_pupils
from ledger.plan import Plan
from ledger.pupil import ChangeStatus
from ledger.reader import Reader
from ledger.registration import pupil_ref, record_pupils
from ledger.school_class import OpenClass
from ledger.structure import open_classes
from projections.views import Views
from tests import school

ON = date(2024, 12, 1)
KEK = bytes(range(32))


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database, kek=KEK) as opened:
        school.open_school(opened, classes=("7A1", "7A2"))
        yield opened


@pytest.fixture
def views(ledger: Ledger) -> Views:
    return Views(ledger)


def move(ledger: Ledger, pupil: str, kind: StatusKind, on: date) -> None:
    change = ChangeStatus(kind=kind, school_code=school.SCHOOL, effective_on=on)
    leaver = school.find(ledger, [pupil])[0]
    lines: list[Line[Movement]] = [Line(1, StatusLine(pupil=leaver, change=change))]
    school.sound(ledger.carry_out(move_pupils, lines, who=school.operator(ledger)))


def keys(views: Views, on: date, class_: str = "7A1", known_at: int | None = None) -> list[str]:
    return [p["pupil_key"] for p in views.roster(class_, on=on, known_at=known_at)["pupils"]]


def size(ledger: Ledger) -> int:
    with ledger.database.connection() as connection:
        return log.head(connection).size


def test_the_day_of_entry_counts_and_the_day_of_leaving_does_not(
    ledger: Ledger, views: Views
) -> None:
    school.enrol(ledger, school.register(ledger, ["P0"]), on=date(2024, 9, 5))
    move(ledger, "P0", "leave", date(2024, 11, 1))
    assert keys(views, date(2024, 9, 4)) == []
    assert keys(views, date(2024, 9, 5)) == ["P0"]
    assert keys(views, date(2024, 10, 31)) == ["P0"]
    assert keys(views, date(2024, 11, 1)) == []


def test_class_membership_ends_with_the_school_year(ledger: Ledger, views: Views) -> None:
    school.enrol(ledger, school.register(ledger, ["P0"]))
    assert keys(views, date(2025, 7, 31)) == ["P0"]
    assert keys(views, date(2025, 8, 1)) == []


def test_late_knowledge_changes_the_day_but_not_what_was_known(
    ledger: Ledger, views: Views
) -> None:
    school.enrol(ledger, school.register(ledger, ["P0"]))
    known = size(ledger) - 1
    move(ledger, "P0", "leave", date(2024, 10, 1))
    assert keys(views, ON) == []
    assert keys(views, ON, known_at=known) == ["P0"]


def test_a_suspended_pupil_is_off_the_list_and_returns_to_the_same_stay(
    ledger: Ledger, views: Views
) -> None:
    school.enrol(ledger, school.register(ledger, ["P0"]))
    move(ledger, "P0", "suspend", date(2024, 10, 1))
    move(ledger, "P0", "resume", date(2024, 11, 1))
    assert keys(views, date(2024, 10, 15)) == []
    (line,) = views.roster("7A1", on=ON)["pupils"]
    assert (line["entered_on"], line["status"]) == ("2024-09-05", "attending")
    assert line["status_code"] is None


def test_a_class_change_begins_a_new_stay(ledger: Ledger, views: Views) -> None:
    pupils = school.register(ledger, ["P0"])
    school.enrol(ledger, pupils)
    school.enrol(ledger, pupils, class_code="7A2", on=date(2024, 11, 1), kind="class_change")
    assert keys(views, ON) == []
    (line,) = views.roster("7A2", on=ON)["pupils"]
    assert (line["entered_on"], line["entry_kind"]) == ("2024-11-01", "class_change")


def test_a_provisional_pupil_is_listed_and_reads_as_transferred_in_once_accepted(
    ledger: Ledger, views: Views
) -> None:
    (pupil,) = school.register(ledger, ["P0"])
    school.enrol(ledger, [pupil], on=date(2025, 1, 20), kind="provisional")
    before = views.roster("7A1", on=date(2025, 2, 1))
    assert [(p["status_code"], p["status"]) for p in before["pupils"]] == [(None, "provisional")]

    def accept(reader: Reader) -> Plan:
        plan = Plan()
        reader.pupils([pupil])
        accepted = TransferAccepted(
            effective_on=date(2025, 2, 10),
            case=uuid7(),
            from_ledger=uuid7(),
            sender_pupil=uuid7(),
            root="00" * 32,
            digest="sha256:" + "00" * 32,
            covered=((),),
        )
        plan.add(pupil_ref(reader, pupil), [accepted])
        return plan

    ledger.desk.run(accept, who=school.operator(ledger))
    after = views.roster("7A1", on=date(2025, 2, 1))["pupils"]
    assert [(p["status_code"], p["status"]) for p in after] == [("06", "transferred_in")]
    assert after[0]["entered_on"] == "2025-01-20"
    known = before["known_at"]["position"]
    assert views.roster("7A1", on=date(2025, 2, 1), known_at=known) == before


def test_a_section_lists_its_pupils_beside_the_homeroom_class(ledger: Ledger, views: Views) -> None:
    section = OpenClass(
        code="TOAN-1",
        school_code=school.SCHOOL,
        school_year=school.YEAR,
        grade=7,
        name="Toán nâng cao",
        programme="GDPT2018",
        gathering="section",
    )
    who = school.operator(ledger)
    school.sound(ledger.carry_out(open_classes, [Line(1, section)], who=who))
    (pupil,) = school.register(ledger, ["P0"])
    school.enrol(ledger, [pupil])
    joined = SectionLine(
        pupil=pupil, class_code="TOAN-1", start=date(2024, 10, 1), until=date(2025, 1, 1)
    )
    lines: list[Line[Movement]] = [Line(1, joined)]
    school.sound(ledger.carry_out(move_pupils, lines, who=who))
    assert keys(views, ON) == ["P0"]
    assert keys(views, ON, "TOAN-1") == ["P0"]
    assert keys(views, date(2025, 1, 1), "TOAN-1") == []
    assert views.roster("TOAN-1", on=ON)["pupils"][0]["entered_on"] == "2024-10-01"


def test_the_list_stands_in_class_list_order(ledger: Ledger, views: Views) -> None:
    names = {"a": "Trần Văn Ất", "b": "Lê Thị Ánh", "c": "Nguyễn Đức Anh", "d": "Bùi Thị Ánh"}
    lines = [
        Line(number, school.record_pupil(key, school.profile(name)))
        for number, (key, name) in enumerate(names.items())
    ]
    school.sound(ledger.carry_out(record_pupils, lines, who=school.operator(ledger)))
    school.enrol(ledger, school.find(ledger, list(names)))
    assert keys(views, ON) == ["c", "d", "b", "a"]


def test_sort_name_takes_the_place_of_the_given_name(ledger: Ledger, views: Views) -> None:
    first = school.profile("Nguyễn Văn An").model_copy(update={"sort_name": "Y"})
    lines = [
        Line(1, school.record_pupil("a", first)),
        Line(2, school.record_pupil("b", school.profile("Nguyễn Văn Bình"))),
    ]
    school.sound(ledger.carry_out(record_pupils, lines, who=school.operator(ledger)))
    school.enrol(ledger, school.find(ledger, ["a", "b"]))
    assert keys(views, ON) == ["b", "a"]


def test_an_erased_pupil_keeps_a_line_without_personal_fields(ledger: Ledger, views: Views) -> None:
    (pupil,) = school.register(ledger, ["P0"])
    school.enrol(ledger, [pupil])
    with ledger.database.connection() as connection:
        connection.execute("DELETE FROM vault.data_key WHERE person = %s", (pupil,))
    with Ledger.open(ledger.database.url, kek=KEK) as again:
        (line,) = Views(again).roster("7A1", on=ON)["pupils"]
    assert line["pupil_id"] == str(pupil)
    personal = ("pupil_key", "full_name", "birth_date", "sex")
    assert {line[name] for name in personal} == {None}


def test_a_class_is_found_by_school_year_and_name(ledger: Ledger, views: Views) -> None:
    school.enrol(ledger, school.register(ledger, ["P0"]))
    assert keys(views, ON, f"{school.SCHOOL}/{school.YEAR}/7a1") == ["P0"]


def test_a_class_without_pupils_has_an_empty_list(views: Views) -> None:
    assert views.roster("7A2", on=ON)["count"] == 0


def test_a_class_not_yet_known_at_the_position_is_not_found(views: Views) -> None:
    with pytest.raises(NotFound) as error:
        views.roster("7A1", on=ON, known_at=1)
    assert error.value.code == "unknown_class"


def test_a_position_beyond_the_end_is_not_found(ledger: Ledger, views: Views) -> None:
    with pytest.raises(NotFound) as error:
        views.roster("7A1", on=ON, known_at=size(ledger))
    assert error.value.code == "position_not_found"
    with pytest.raises(NotFound):
        views.roster("7A1", on=ON, at_least=size(ledger))


def test_an_instant_between_two_entries_gives_the_earlier_position(
    ledger: Ledger, views: Views
) -> None:
    school.register(ledger, ["P0"])
    last = size(ledger) - 1
    with ledger.database.connection() as connection:
        instant = log.recorded_at(connection, last)
    assert views.roster("7A1", on=ON, known_at=instant)["known_at"]["position"] == last
    earlier = instant - timedelta(microseconds=1)
    told = views.roster("7A1", on=ON, known_at=earlier)
    assert told == views.roster("7A1", on=ON, known_at=last - 1)


def test_an_instant_in_the_future_and_one_before_the_first_entry_are_told_apart(
    views: Views,
) -> None:
    with pytest.raises(Refused) as future:
        views.roster("7A1", on=ON, known_at=datetime.now(UTC) + timedelta(days=1))
    assert future.value.code == "future_instant"
    with pytest.raises(NotFound) as past:
        views.roster("7A1", on=ON, known_at=datetime(2000, 1, 1, tzinfo=UTC))
    assert past.value.code == "before_first_entry"
