"""Who a pupil is, from the files to `hocba identity`: days of numbers, checks, links, texts."""

import csv
import io
import json
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ledger import log
from ledger.errors import Conflict
from ledger.events.pupil import (
    IdentifierEnded,
    IdentityChecked,
    IdentityConflictFound,
    IdentityFollowedUp,
    PupilLinked,
)
from ledger.ledger import Ledger
from ledger.lookups import wrong_lookups
from projections.persons import Key
from projections.reports.frame import Question
from projections.views import Views
from services.commands import identity as command
from services.embedded import Home
from services.workplace import Workplace
from tests import school
from tests.integration.importing import reasons, take, write

KEK = bytes(range(32))
ON = date(2025, 1, 15)
CHECKS = "who,key,status,checked_at,cause,remedy,due_on,responsible,outcome,note"
LINKS = "pupil_key,kind,other_key,reason,effective_on"
PUPILS = "pupil_key,full_name,birth_date,sex,personal_id"
GIRL = "031315000001"


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database, kek=KEK) as opened:
        school.class_of(opened, 2)
        school.employ(opened, "GV1", "Trần Văn Bình")
        yield opened


def identity(ledger: Ledger, key: str = "P0", on: date = ON) -> dict[str, Any]:
    return Views(ledger).identity(Key("local", key), on=on)


def topics(ledger: Ledger) -> list[str]:
    with ledger.database.connection() as connection:
        pages = log.pages(connection, start=0, end=10**6)
        return [entry.envelope.topic for page in pages for entry in page]


def verified(ledger: Ledger) -> None:
    """Every look-up is as the entries say."""
    with ledger.database.connection() as connection:
        size = log.head(connection).size
        assert list(wrong_lookups(ledger, connection, size=size)) == []


def test_a_check_and_its_case_are_recorded_once_and_shown_with_words(
    ledger: Ledger, tmp_path: Path
) -> None:
    line = "pupil,P0,mismatched,2024-12-20T23:30:00Z,name_differs,đối chiếu,2025-01-10,GV1,,"
    path = write(tmp_path, "identity_checks.csv", CHECKS, line)
    assert take(ledger, path)[0] == 0
    size = len(topics(ledger))
    same = write(tmp_path, "identity_checks.csv", CHECKS, line.replace(",GV1,,", ",GV1,open,"))
    assert take(ledger, same)[1]["unchanged"] == 1
    assert len(topics(ledger)) == size
    answer = identity(ledger)
    (check,) = answer["checks"]
    assert check["effective_on"] == "2024-12-21", "the day in Vietnam"
    assert answer["status"] == "mismatched"
    assert answer["follow_up"] == {
        "cause": "name_differs",
        "remedy": "đối chiếu",
        "due_on": "2025-01-10",
        "responsible": "GV1",
        "outcome": "open",
        "note": None,
        "overdue": True,
    }
    assert identity(ledger, on=date(2025, 1, 10))["follow_up"]["overdue"] is False
    before = identity(ledger, on=date(2024, 12, 20))
    assert (before["status"], before["follow_up"], before["checks"]) == ("unchecked", None, [])


def test_the_outcome_is_a_new_entry_and_the_check_is_not_repeated(
    ledger: Ledger, tmp_path: Path
) -> None:
    start = "pupil,P0,mismatched,2024-12-20T09:00:00,name_differs,,2025-01-10,GV1,"
    for ending in ("open,", "mended,đã sửa"):
        assert take(ledger, write(tmp_path, "identity_checks.csv", CHECKS, start + ending))[0] == 0
    told = topics(ledger)
    assert told.count(IdentityChecked.TOPIC) == 1
    assert told.count(IdentityFollowedUp.TOPIC) == 2
    follow_up = identity(ledger)["follow_up"]
    assert (follow_up["outcome"], follow_up["note"]) == ("mended", "đã sửa")
    assert follow_up["overdue"] is False


def test_staff_have_checks_and_cases_too(ledger: Ledger, tmp_path: Path) -> None:
    line = "staff,GV1,missing,2024-12-20T09:00:00,no_number_yet,,2025-03-01,GV1,,"
    path = write(tmp_path, "identity_checks.csv", CHECKS, line)
    assert take(ledger, path)[0] == 0
    assert topics(ledger)[-2:] == [
        "ledger.StaffIdentityChecked.v1",
        "ledger.StaffIdentityFollowedUp.v1",
    ]
    assert take(ledger, path)[1]["unchanged"] == 1


def test_the_report_lists_the_cases_of_pupils_and_staff_and_which_are_overdue(
    ledger: Ledger, tmp_path: Path
) -> None:
    lines = (
        "pupil,P0,mismatched,2024-12-20T09:00:00,name_differs,đối chiếu,2025-01-10,GV1,,",
        "staff,GV1,missing,2024-12-20T09:00:00,no_number_yet,,2025-03-01,GV1,,",
    )
    assert take(ledger, write(tmp_path, "identity_checks.csv", CHECKS, *lines))[0] == 0
    answer = Views(ledger).report("identity", Question(on=ON, listing=True))
    fields = ("cause", "due_on", "responsible", "outcome", "overdue")
    pupils = {one["pupil_key"]: tuple(one[name] for name in fields) for one in answer["list"]}
    assert pupils == {
        "P0": ("name_differs", "2025-01-10", "GV1", "open", True),
        "P1": (None, None, None, None, None),
    }
    (staff,) = [one for one in answer["list_staff"] if one["staff_key"] == "GV1"]
    assert [staff[name] for name in fields] == ["no_number_yet", "2025-03-01", "GV1", "open", False]
    before = Views(ledger).report("identity", Question(on=date(2024, 12, 19), listing=True))
    assert {one["cause"] for one in before["list"]} == {None}


def test_each_wrong_cell_of_a_check_is_named(ledger: Ledger, tmp_path: Path) -> None:
    at = "2024-12-20T09:00:00"
    path = write(
        tmp_path,
        "identity_checks.csv",
        CHECKS,
        f"teacher,P0,matched,{at},,,,,,",
        f"pupil,nobody,matched,{at},,,,,,",
        f"staff,nobody,matched,{at},,,,,,",
        f"pupil,P0,fine,{at},,,,,,",
        "pupil,P0,matched,yesterday,,,,,,",
        f"pupil,P1,missing,{at},bad_luck,,,,,",
        f"pupil,P1,missing,{at[:-1]}1,other,,,,done,",
        f"pupil,P1,missing,{at[:-1]}2,,,2025-01-01,,,",
        f"pupil,P1,missing,{at[:-1]}3,other,,,nobody,,",
    )
    code, answer = take(ledger, path)
    assert code == 3
    assert [(r["line"], r["column"], r["reason"]) for r in answer["rejected"]] == [
        (2, "who", "unknown_kind"),
        (3, "key", "unknown_pupil"),
        (4, "key", "unknown_staff"),
        (5, "status", "unknown_identity_status"),
        (6, "checked_at", "bad_instant"),
        (7, "cause", "unknown_cause"),
        (8, "outcome", "unknown_outcome"),
        (9, "cause", "cause_missing"),
        (10, "responsible", "unknown_staff"),
    ]


def test_a_number_may_pass_to_another_pupil_on_another_day(ledger: Ledger, tmp_path: Path) -> None:
    header = "pupil_key,kind,value,issuer,valid_from,valid_to"
    path = write(
        tmp_path,
        "identifiers.csv",
        header,
        "P0,moet,7400000001,,2020-09-01,",
        "P0,moet,7400000001,,,2024-09-01",
        "P1,moet,7400000001,,2024-09-01,",
    )
    code, answer = take(ledger, path)
    assert (code, answer["warnings"]) == (0, [])
    assert IdentityConflictFound.TOPIC not in topics(ledger)
    (number,) = [n for n in identity(ledger)["identifiers"] if n["kind"] == "moet"]
    assert (number["valid_from"], number["valid_to"]) == ("2020-09-01", "2024-09-01")
    assert number["current"] is False
    assert identity(ledger, "P1")["candidates"] == []
    bearer = Views(ledger).identity(Key("moet", "7400000001"), on=ON)
    assert bearer["pupil_key"] == "P1", "a number means the one who bears it"
    verified(ledger)


def test_a_number_borne_by_two_at_once_is_a_conflict_shown_from_both_sides(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = write(
        tmp_path,
        "pupils.csv",
        PUPILS,
        f"A,Lê Thị An,2015-02-01,nu,{GIRL}",
        f"B,Lê Thị Bình,2015-03-01,nu,{GIRL}",
    )
    code, answer = take(ledger, path)
    assert code == 0
    assert reasons(answer, "warnings") == [("pupils.csv", 3, "number_of_another_pupil")]
    one, two = identity(ledger, "A"), identity(ledger, "B")
    for mine, theirs in ((one, two), (two, one)):
        (conflict,) = mine["conflicts"]
        assert conflict == {
            "code": "number_of_another_pupil",
            "other": theirs["pupil_id"],
            "settled": False,
        }
        (candidate,) = mine["candidates"]
        assert (candidate["pupil_key"], candidate["shared"]) == (
            theirs["pupil_key"],
            ["personal_id"],
        )
    with pytest.raises(Conflict):
        Views(ledger).identity(Key("personal_id", GIRL), on=ON)
    apart = write(tmp_path, "links.csv", LINKS, "A,distinct,B,hai em khác nhau,2025-01-02")
    assert take(ledger, apart)[0] == 0
    answer = identity(ledger, "B")
    assert [c["settled"] for c in answer["conflicts"]] == [True], "settled, and still shown"
    assert (answer["candidates"], len(answer["distinct"])) == ([], 1)
    verified(ledger)


def test_the_end_of_one_number_settles_the_conflict(ledger: Ledger, tmp_path: Path) -> None:
    pupils = (f"A,Lê Thị An,2015-02-01,nu,{GIRL}", f"B,Lê Thị Bình,2015-03-01,nu,{GIRL}")
    take(ledger, write(tmp_path, "pupils.csv", PUPILS, *pupils))
    header = "pupil_key,kind,value,valid_to"
    ended = write(tmp_path, "identifiers.csv", header, f"A,personal_id,{GIRL},2025-01-01")
    assert take(ledger, ended)[0] == 0
    assert topics(ledger)[-1] == IdentifierEnded.TOPIC
    assert [c["settled"] for c in identity(ledger, "B")["conflicts"]] == [True]
    before = identity(ledger, "B", on=date(2024, 12, 31))
    assert [c["settled"] for c in before["conflicts"]] == [False]
    assert Views(ledger).identity(Key("personal_id", GIRL), on=ON)["pupil_key"] == "B"


def test_a_number_that_contradicts_the_profile_is_settled_by_a_mended_profile(
    ledger: Ledger, tmp_path: Path
) -> None:
    wrong = write(tmp_path, "pupils.csv", PUPILS, f"A,Lê Thị An,2014,nu,{GIRL}")
    assert reasons(take(ledger, wrong)[1], "warnings") == [
        ("pupils.csv", 2, "number_contradicts_birth_year")
    ]
    assert [c["settled"] for c in identity(ledger, "A")["conflicts"]] == [False]
    take(ledger, write(tmp_path, "pupils.csv", PUPILS, f"A,Lê Thị An,2015,nu,{GIRL}"))
    assert [c["settled"] for c in identity(ledger, "A")["conflicts"]] == [True]


def test_a_number_from_identifiers_is_compared_with_the_profile_too(
    ledger: Ledger, tmp_path: Path
) -> None:
    take(ledger, write(tmp_path, "pupils.csv", PUPILS, "A,Lê Thị An,2014,nu,"))
    line = f"A,personal_id,{GIRL}"
    path = write(tmp_path, "identifiers.csv", "pupil_key,kind,value", line)
    assert reasons(take(ledger, path)[1], "warnings") == [
        ("identifiers.csv", 2, "number_contradicts_birth_year")
    ]


def test_a_link_and_its_undoing_leave_every_read_as_it_was(ledger: Ledger, tmp_path: Path) -> None:
    school.sound(
        school.hand_in(ledger, [school.mark(p) for p in school.find(ledger, ["P0", "P1"])])
    )
    views = Views(ledger)

    def read() -> list[Any]:
        found: list[dict[str, Any]] = [views.roster(school.CLASS, on=ON)]
        for key in ("P0", "P1"):
            found += [views.transcript(Key("local", key), on=ON), identity(ledger, key)]
        for answer in found:
            del answer["known_at"]
        return found

    before = read()
    link = write(tmp_path, "links.csv", LINKS, "P0,link,P1,cùng một em,2025-01-02")
    assert take(ledger, link)[0] == 0
    assert topics(ledger)[-2:] == [PupilLinked.TOPIC, PupilLinked.TOPIC]
    ids = {key: identity(ledger, key)["pupil_id"] for key in ("P0", "P1")}
    for key, other in (("P0", "P1"), ("P1", "P0")):
        (shown,) = identity(ledger, key)["links"]
        assert (shown["pupil_id"], shown["reason"]) == (ids[other], "cùng một em")
    assert views.roster(school.CLASS, on=ON)["pupils"] == before[0]["pupils"]
    verified(ledger)
    again = write(tmp_path, "links.csv", LINKS, "P1,link,P0,cùng một em nữa,2025-01-02")
    assert take(ledger, again)[1]["unchanged"] == 1
    undo = write(tmp_path, "links.csv", LINKS, "P1,unlink,P0,nhầm,2025-01-03")
    assert take(ledger, undo)[0] == 0
    assert read() == before
    verified(ledger)


def test_records_linked_as_one_pupil_are_one_under_a_shared_number(
    ledger: Ledger, tmp_path: Path
) -> None:
    pupils = (f"A,Lê Thị An,2015-02-01,nu,{GIRL}", f"B,Lê Thị An,2015-02-01,nu,{GIRL}")
    take(ledger, write(tmp_path, "pupils.csv", PUPILS, *pupils))
    take(ledger, write(tmp_path, "links.csv", LINKS, "B,link,A,hồ sơ lập hai lần,"))
    found = Views(ledger).identity(Key("personal_id", GIRL), on=ON)
    assert found["pupil_key"] == "A", "the first registered of them"
    assert [c["settled"] for c in found["conflicts"]] == [True]
    assert found["candidates"] == []


def test_links_that_cannot_be_are_named(ledger: Ledger, tmp_path: Path) -> None:
    (gone,) = school.register(ledger, ["P2"])
    school.release(ledger, gone)
    path = write(
        tmp_path,
        "links.csv",
        LINKS,
        "P0,link,P0,x,",
        "P0,unlink,P1,x,",
        "P0,distinct,P1,x,",
        "P1,link,P0,x,",
        "P0,link,P2,x,",
        "P0,link,P9,x,",
        "P0,marry,P1,x,",
    )
    code, answer = take(ledger, path)
    assert code == 4
    assert [(r["line"], r["column"], r["reason"]) for r in answer["rejected"]] == [
        (2, "other_key", "same_pupil"),
        (3, "other_key", "not_linked"),
        (5, "other_key", "confirmed_distinct"),
        (6, "other_key", "pupil_released"),
        (7, "other_key", "unknown_pupil"),
        (8, "kind", "unknown_kind"),
    ]


@pytest.mark.parametrize(
    ("written", "proposed"),
    [
        ("NGUYỄN THỊ HOÀ", "Nguyễn Thị Hoà"),
        ("nguyễn thị hoà", "Nguyễn Thị Hoà"),
        ("KSOR H'BIA", "Ksor H'Bia"),
        *((kept, None) for kept in ("H' Nuê", "K'Đức", "Y-Bhăm", "Bhăm")),
    ],
)
def test_a_name_without_casing_is_kept_and_its_form_proposed(
    ledger: Ledger, tmp_path: Path, written: str, proposed: str | None
) -> None:
    path = write(tmp_path, "pupils.csv", PUPILS, f"A,{written},2015,nu,")
    code, answer = take(ledger, path)
    assert code == 0
    warned = [(w["reason"], w["column"], w["suggestion"]) for w in answer["warnings"]]
    assert warned == ([("name_casing", "full_name", proposed)] if proposed else [])
    assert identity(ledger, "A")["full_name"] == written


@pytest.mark.parametrize(
    ("written", "proposed"),
    [
        ("NguyÔn V¨n An", "Nguyễn Văn An"),
        ("Nguyeãn Vaên Taùm", "Nguyễn Văn Tám"),
        ("Nguyá»…n VÄƒn", "Nguyễn Văn"),
        ("Nguy\ufffdn", None),
    ],
)
def test_an_old_encoding_is_refused_with_its_reading_and_never_changed(
    ledger: Ledger, tmp_path: Path, written: str, proposed: str | None
) -> None:
    before = len(topics(ledger))
    path = write(tmp_path, "pupils.csv", PUPILS, f"A,{written},2015,nu,")
    code, answer = take(ledger, path)
    (rejected,) = answer["rejected"]
    assert (code, rejected["reason"]) == (3, "legacy_encoding")
    assert (rejected["value"], rejected["suggestion"]) == (written, proposed)
    assert len(topics(ledger)) == before


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("  Lê\u00a0\u200bThị   An ", "Lê Thị An"),
        (unicodedata.normalize("NFD", "Đặng Ngọc Diệp"), "Đặng Ngọc Diệp"),
        ("H\u2019 Nuê", "H' Nuê"),
        ("K\u02bcĐức", "K'Đức"),
    ],
)
def test_blanks_apostrophes_and_composition_are_cleaned_and_letters_are_not_touched(
    ledger: Ledger, tmp_path: Path, written: str, stored: str
) -> None:
    code, answer = take(ledger, write(tmp_path, "pupils.csv", PUPILS, f"A,{written},2015,nu,"))
    assert (code, answer["warnings"]) == (0, [])
    assert identity(ledger, "A")["full_name"] == stored


def test_a_reused_province_code_is_kept_with_a_warning_of_both_readings(
    ledger: Ledger, tmp_path: Path
) -> None:
    header = "pupil_key,full_name,birth_date,sex,birth_place_text,birth_place_code"
    path = write(
        tmp_path,
        "pupils.csv",
        header,
        "A,Lê Thị An,2015,nu,,15",
        "B,Lê Thị Ba,2015,nu,Xã Mậu A - tỉnh Yên Bái,15",
        'C,Lê Thị Ca,2015,nu,"Xã Mậu A, tỉnh Yên Bái",15',
        "D,Lê Thị Đào,2015,nu,,30",
    )
    code, answer = take(ledger, path)
    assert code == 0
    warned = [(w["line"], w["column"], w["reason"]) for w in answer["warnings"]]
    assert warned == [(n, "birth_place_code", "ambiguous_code") for n in (2, 3)]
    for word in ("Yên Bái", "Lào Cai"):
        assert word in answer["warnings"][0]["suggestion"]
    here = identity(ledger, "C", on=date(2025, 7, 1))["places"]["birth_place"]
    assert (here["province_then"], here["province_now"]) == ("Yên Bái", "Lào Cai")
    transcript = Views(ledger).transcript(Key("local", "D"), on=date(2026, 1, 1))
    assert transcript["profile"]["birth_place"] == {"text": None, "code": "30", "now": "Hải Phòng"}
    earlier = Views(ledger).transcript(Key("local", "D"), on=ON)
    assert earlier["profile"]["birth_place"]["now"] == "Hải Dương"
    assert earlier["digest"] == transcript["digest"]


@pytest.fixture
def case_of_everything(ledger: Ledger, tmp_path: Path) -> Ledger:
    """P0 with a number shared with P1, a failed check with an overdue case, a link, a place."""
    header = "pupil_key,kind,value,valid_from,valid_to"
    numbers = (f"P0,personal_id,{GIRL},,", f"P1,personal_id,{GIRL},,", "P0,visa,V1,,2024-10-01")
    check = "pupil,P0,mismatched,2024-12-20T09:00:00,name_differs,xem giấy,2025-01-10,GV1,open,"
    write(tmp_path / "all", "identifiers.csv", header, *numbers)
    write(tmp_path / "all", "identity_checks.csv", CHECKS, check)
    assert take(ledger, tmp_path / "all")[0] == 0
    school.register(ledger, ["P2", "P3"])
    links = ("P0,link,P2,cùng một em,2025-01-02", "P0,distinct,P3,hai em,2025-01-02")
    assert take(ledger, write(tmp_path, "links.csv", LINKS, *links))[0] == 0
    return ledger


def run_command(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, *, form: str, lang: str = "vi"
) -> str:
    @contextmanager
    def opened(_: Workplace) -> Iterator[Views]:
        yield Views(ledger)

    monkeypatch.setattr(command, "open_views", opened)
    place = Workplace(
        home=Home(Path("nowhere")),
        account="operator",
        database=None,
        nats=None,
        ledger=None,
        format=form,
        lang=lang,
    )
    arguments = ["--pupil", "P0", "--on", "2025-01-15"]
    done = CliRunner().invoke(command.identity, arguments, obj=place, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_the_command_prints_the_answer_as_json(
    case_of_everything: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = json.loads(run_command(case_of_everything, monkeypatch, form="json"))
    assert printed == identity(case_of_everything)
    assert list(printed)[:4] == ["pupil_id", "pupil_key", "on", "known_at"]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("vi", ("Số định danh cá nhân", "Sai lệch thông tin", "Sai lệch họ tên", "QUÁ HẠN")),
        ("en", ("personal number", "mismatched", "the name differs", "OVERDUE")),
    ],
)
def test_the_command_prints_tables_in_the_words_of_clerks(
    case_of_everything: Ledger, monkeypatch: pytest.MonkeyPatch, lang: str, words: tuple[str, ...]
) -> None:
    printed = run_command(case_of_everything, monkeypatch, form="table", lang=lang)
    for word in (*words, GIRL, "xem giấy", "cùng một em", "hai em"):
        assert word in printed


def test_the_command_prints_one_line_for_each_thing_as_csv(
    case_of_everything: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = csv.DictReader(io.StringIO(run_command(case_of_everything, monkeypatch, form="csv")))
    found = [(row["part"], row["what"], row["state"]) for row in printed]
    assert found == [
        ("identifier", "local", "current"),
        ("identifier", "local", "current"),
        ("identifier", "personal_id", "current"),
        ("identifier", "visa", "former"),
        ("check", "mismatched", ""),
        ("follow_up", "name_differs", "overdue"),
        ("conflict", "number_contradicts_sex", "open"),
        ("conflict", "number_contradicts_birth_year", "open"),
        ("conflict", "number_of_another_pupil", "open"),
        ("link", "31", ""),
        ("distinct", "", ""),
        ("candidate", "personal_id", ""),
    ]


def test_an_answer_as_known_before_is_the_same_for_ever(
    case_of_everything: Ledger, tmp_path: Path
) -> None:
    ledger = case_of_everything
    then = len(topics(ledger)) - 1
    views, key = Views(ledger), Key("local", "P0")
    before = views.identity(key, on=ON, known_at=then)
    take(ledger, write(tmp_path, "links.csv", LINKS, "P0,distinct,P1,hai em khác nhau,2025-01-02"))
    take(ledger, write(tmp_path, "identity_checks.csv", CHECKS, f"pupil,P0,matched,{ON},,,,,,"))
    assert views.identity(key, on=ON) != before
    assert views.identity(key, on=ON, known_at=then) == before


def test_of_an_erased_pupil_no_name_number_or_text_is_shown(case_of_everything: Ledger) -> None:
    ledger = case_of_everything
    person, linked = school.find(ledger, ["P0", "P2"])
    with ledger.database.connection() as connection:
        erased = [person, linked]
        connection.execute("DELETE FROM vault.data_key WHERE person = ANY(%s)", (erased,))
    with Ledger.open(ledger.database.url, kek=KEK) as again:
        answer = Views(again).identity(Key("id", str(person)), on=ON)
    assert (answer["full_name"], answer["pupil_key"]) == (None, None)
    assert answer["identifiers"] == []
    assert answer["checks"][0]["note"] is None
    assert answer["follow_up"]["remedy"] is None
    assert answer["follow_up"]["cause"] == "name_differs"
