"""What `export csdl` says of results beside marks, of states by the province's calendar, and that
it is read in pages."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger import log
from ledger.database import Connection
from ledger.ledger import Ledger
from projections.moment import resolve
from services.csdl import changes, standing
from services.csdl.changes import Changes, changes_since, tables
from services.csdl.standing import StandingReader
from services.importing import Importer
from tests import school
from tests.integration.importing import write

CODE = "3100000001"


@pytest.fixture
def ledger(database: str, tmp_path: Path) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        school.open_school(opened)
        take(
            opened,
            write(
                tmp_path, "pupils.csv", "pupil_key,full_name,birth_date,sex,moet_code",
                f"A,An,2012-03-05,nam,{CODE}", "B,Bình,2012-03-06,nu,3100000002",
                "C,Cường,2012-03-07,nam,",
            ),
            write(
                tmp_path, "enrolments.csv", "pupil_key,class_code,kind,effective_on",
                *(f"{key},7A1,start,2024-09-05" for key in "ABC"),
            ),
        )  # fmt: skip
        yield opened


def take(ledger: Ledger, *paths: Path) -> None:
    with Importer(ledger, name="31", account="operator") as importer:
        answer = importer.run(paths)
        assert list(answer.rejected()) == []


def last(ledger: Ledger) -> int:
    with ledger.database.connection() as connection:
        return log.head(connection).size - 1


def changed(ledger: Ledger, since: int, on: date) -> Changes:
    with ledger.database.connection() as connection:
        start, moment = resolve(connection, since), resolve(connection, None)
        return changes_since(ledger, connection, since=start, moment=moment, on=on)


def said(found: Changes) -> list[tuple[str, str, str, str | None, str | None]]:
    return [(r.kind, r.subject, r.slot, r.before, r.now) for r in found.results]


def test_conduct_and_absences_are_told_beside_marks(ledger: Ledger, tmp_path: Path) -> None:
    conduct = "pupil_key,school_year,period,level,effective_on"
    absences = "pupil_key,school_year,period,excused,unexcused,effective_on"
    take(ledger, write(tmp_path, "conduct.csv", conduct, "A,2024-2025,HK1,T,2025-01-08"))
    since = last(ledger)
    take(
        ledger,
        write(tmp_path, "conduct.csv", conduct, "A,2024-2025,HK1,K,2025-01-10"),
        write(tmp_path, "absences.csv", absences, "A,2024-2025,HK1,3,1,2025-01-10"),
    )
    found = changed(ledger, since, date(2025, 1, 10))
    assert said(found) == [
        ("absences", "excused", "HK1", None, "3"),
        ("absences", "unexcused", "HK1", None, "1"),
        ("conduct", "", "HK1", "T", "K"),
    ]
    assert found.pupils == []
    rows = tables(found, ledger_name="31")[2].rows
    assert [row[5:7] for row in rows] == [
        ["Số buổi nghỉ", "Có phép"],
        ["Số buổi nghỉ", "Không phép"],
        ["Rèn luyện", None],
    ]


def test_levels_tests_and_qualities_of_primary_schools_are_told(
    ledger: Ledger, tmp_path: Path
) -> None:
    take(
        ledger,
        write(
            tmp_path, "units.csv", "unit_code,kind,name,parent_code,levels",
            "TH1,school,TH Lê Lợi,31,TH",
        ),
        write(
            tmp_path, "classes.csv", "class_code,school_code,school_year,grade,name,programme",
            "1A,TH1,2024-2025,1,1A,GDPT2018",
        ),
        write(
            tmp_path, "pupils.csv", "pupil_key,full_name,birth_date,sex",
            "D,Dũng,2018-01-02,nam",
        ),
        write(
            tmp_path, "enrolments.csv", "pupil_key,class_code,kind,effective_on",
            "D,1A,start,2024-09-05",
        ),
    )  # fmt: skip
    since = last(ledger)
    take(
        ledger,
        write(
            tmp_path, "marks.csv", "class_code,subject,slot,pupil_key,value,effective_on",
            "1A,TOAN,CK1,D,T,2025-01-08", "1A,TOAN,KT_CK1,D,9,2025-01-08",
        ),
        write(
            tmp_path, "qualities.csv", "pupil_key,school_year,time,item,level,effective_on",
            "D,2024-2025,CK1,Yêu nước,T,2025-01-08",
        ),
    )  # fmt: skip
    found = changed(ledger, since, date(2025, 1, 10))
    assert said(found) == [
        ("mark", "TOAN", "CK1", None, "T"),
        ("mark", "TOAN", "KT_CK1", None, "9"),
        ("quality", "YEUNUOC", "CK1", None, "T"),
    ]
    assert tables(found, ledger_name="31")[2].rows[2][5:9] == [
        *("Phẩm chất, năng lực", "Yêu nước", None, "CK1")
    ]


def test_states_follow_the_calendar_of_the_province(ledger: Ledger, tmp_path: Path) -> None:
    since = last(ledger)
    take(
        ledger,
        write(
            tmp_path, "statuses.csv", "pupil_key,school_code,kind,effective_on",
            "A,S1,withdraw,2025-01-13",
        ),
    )  # fmt: skip
    on = date(2025, 1, 20)
    (left,) = changed(ledger, since, on).pupils
    assert (left.kind, left.pupil.status_code) == ("left", "05")
    take(
        ledger,
        write(
            tmp_path, "calendars.csv", "school_year,term_2_from,summer_from,source",
            "2024-2025,2025-01-13,2025-05-31,QD 1",
        ),
    )  # fmt: skip
    (left,) = changed(ledger, since, on).pupils
    assert (left.pupil.status_code, left.pupil.status_on) == ("09", date(2025, 1, 13))


def test_pages_give_what_one_page_gives(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(
        ledger,
        write(
            tmp_path, "conduct.csv", "pupil_key,school_year,period,level,effective_on",
            *(f"{key},2024-2025,HK1,T,2025-01-10" for key in "ABC"),
        ),
    )  # fmt: skip
    on = date(2025, 1, 10)
    whole = changed(ledger, 0, on)
    assert (len(whole.pupils), len(whole.results)) == (3, 3)
    monkeypatch.setattr(standing, "PAGE", 2)
    monkeypatch.setattr(changes, "YEARS_PAGE", 2)
    assert changed(ledger, 0, on) == whole


def test_the_queries_do_not_grow_with_the_pupils(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    persons = school.find(ledger, ["A", "B", "C"])
    asked: list[int] = []
    of_streams = log.of_streams

    def counted(connection: Connection, streams: list[UUID], **more: Any) -> list[log.Entry]:
        asked.append(len(streams))
        return of_streams(connection, streams, **more)

    monkeypatch.setattr(log, "of_streams", counted)
    with ledger.database.connection() as connection:
        reader = StandingReader(
            ledger=ledger, connection=connection, on=date(2024, 10, 1), size=last(ledger) + 1
        )
        found = list(reader.read(persons))
    assert [pupil.moet_code for pupil in found] == [CODE, "3100000002", ""]
    assert asked == [1, 3]  # the ledger's own stream for its calendar, then one page of pupils
