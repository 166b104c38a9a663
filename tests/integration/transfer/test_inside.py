"""A change of school inside one ledger; papers in and out; a school that merged on the way."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from ledger.errors import Refused
from ledger.paper import PaperLine, take_paper_results
from ledger.structure import record_units
from ledger.unit import RecordUnit
from projections.persons import Key
from projections.reports.frame import Question
from projections.views import Views
from services import case_acts
from services.arrivals import arrival_report
from services.cases import case_answer
from services.embedded import Servers
from tests.integration.transfer.conftest import Provinces, Side, open_sides
from tests.integration.transfer.story import (
    FIRST_DAY,
    LAST_DAY,
    SECOND_TERM_HERE,
    at_origin,
    at_receiver,
    begin,
    carry,
    cells,
    enter,
    hand_in,
    pupil_state,
    record,
)
from tests.school import class_of, enrol, numbered, open_school, register, sound
from transfer import application, holding, inside, papers
from transfer.application import Apply
from transfer.errors import CaseRefused
from transfer.inside import Move
from transfer.papers import Leave

ON = date(2025, 3, 20)


@pytest.fixture
def side(transfer_servers: Servers) -> Iterator[Side]:
    with open_sides(transfer_servers, "31") as (_, (only,)):
        yield only


def two_schools(side: Side) -> UUID:
    """A pupil at S1 with marks, and a school S9 with class 7B2."""
    leaver = at_origin(side, pupils=2)
    open_school(side.office.ledger, code="S9", classes=("7B2",))
    return leaver


def ask(side: Side, pupil: UUID, *, case: UUID | None = None) -> UUID:
    move = Move(pupil=pupil, school_code="S9", first_day=FIRST_DAY, class_code="7B2")
    return case_acts.request(
        side.office, move, from_ledger=side.office.ledger.id, case_id=case, who=side.who
    )


def let_go(side: Side, case: UUID) -> None:
    case_acts.release(side.office, case, pupil=None, last_day=None, today=ON, who=side.who)


def take_in(side: Side, case: UUID) -> dict[str, Any]:
    return case_acts.accept(side.office, case, list_=None, class_code=None, today=ON, who=side.who)


def movement(side: Side) -> dict[str, dict[str, Any]]:
    found = Views(side.office.ledger).report("movement", Question(on=ON))
    return {row["unit_code"]: row for row in found["rows"]}


def state(side: Side, case: UUID) -> tuple[str, str | None]:
    answer = case_answer(side.office, case)
    assert (answer["side"], answer["from"], answer["to"]) == ("inside", "31", "31")
    return answer["state"], answer["waiting_for"]


def require_moved(side: Side) -> None:
    """Counted out of one school and into the other, once, with no day between."""
    rows = movement(side)
    assert (rows["S1"]["out"], rows["S1"]["end"]) == (1, 1)
    assert (rows["S9"]["in"], rows["S9"]["end"]) == (1, 1)
    assert (rows["31"]["end"], rows["31"]["in_transit"]) == (2, 0)


def test_a_move_inside_a_ledger_is_agreed_by_both_schools_and_counts_once(side: Side) -> None:
    leaver = two_schools(side)
    case = ask(side, leaver)
    assert ask(side, leaver) == case, "the open request is returned again"
    assert state(side, case) == ("requested", "consent")
    with pytest.raises(CaseRefused, match="requested"):
        take_in(side, case)
    let_go(side, case)
    assert state(side, case) == ("released", "accept")
    report = take_in(side, case)
    assert state(side, case) == ("accepted", None)
    require_moved(side)
    assert report["outcome"] == "accepted"
    assert (report["class_code"], report["came"]["marks"]) == ("7B2", 15)
    last = [(c.kind, c.school, c.on) for c in pupil_state(side, leaver).changes][-2:]
    assert last == [("transfer_out", "S1", FIRST_DAY), ("transfer_in", "S9", FIRST_DAY)]
    take_in(side, case)
    let_go_again = pytest.raises(CaseRefused, match="accepted")
    with let_go_again:
        let_go(side, case)
    assert len(pupil_state(side, leaver).changes) == 3, "repeated, it records nothing"
    assert [v.fate for v in hand_in(side, cells(leaver, "7B2", SECOND_TERM_HERE[1:]))] == [
        "accepted"
    ]


def test_a_provisional_stay_becomes_the_transfer_in_from_its_own_first_day(side: Side) -> None:
    leaver = two_schools(side)
    sits = date(2025, 3, 5)
    enrol(side.office.ledger, [leaver], class_code="7B2", on=sits, kind="provisional")
    assert "S9" not in movement(side), "until the acceptance it counts at the other school"
    case = ask(side, leaver)
    let_go(side, case)
    take_in(side, case)
    require_moved(side)
    changes = {(c.kind, c.school, c.on) for c in pupil_state(side, leaver).changes}
    assert {("transfer_in", "S9", sits), ("transfer_out", "S1", sits)} <= changes
    roster = Views(side.office.ledger).roster("7B2", on=ON)
    assert [one["entered_on"] for one in roster["pupils"]] == [sits.isoformat()]


def test_an_application_a_hold_a_rejection_and_a_refusal_work_as_between_ledgers(
    side: Side,
) -> None:
    leaver = two_schools(side)
    command = Apply(
        pupil=leaver,
        from_ledger=side.office.ledger.id,
        school_code="S9",
        first_day=date(2026, 9, 14),
        applied_on=date(2026, 9, 7),
        applicant="parent",
        ground="moved_house",
        applicant_name="Nguyễn Thị Mẹ",
    )
    case = application.apply(side.office, command, who=side.who)
    assert case_answer(side.office, case)["due_on"] == "2026-09-14", "5 days in one province"
    assert application.apply(side.office, command, who=side.who) == case
    with pytest.raises(CaseRefused, match="not agreed"):
        ask(side, leaver, case=case)
    application.decide_application(
        side.office,
        case,
        decision="agreed",
        number="12/QĐ",
        reason=None,
        words=None,
        on=ON,
        who=side.who,
    )
    assert ask(side, leaver) == case, "the application agreed to is gone on with"
    assert application.apply(side.office, command, who=side.who) == case, "and is not begun anew"
    holding.hold(side.office, case, document="CV 9", words=None, on=ON, who=side.who)
    assert state(side, case)[1] == "lift_hold"
    with pytest.raises(CaseRefused, match="CV 9"):
        let_go(side, case)
    holding.lift(side.office, case, document="CV 10", on=ON, who=side.who)
    let_go(side, case)
    case_acts.reject(side.office, case, reason="withdrawn", today=ON, who=side.who)
    assert state(side, case) == ("rejected", None)
    assert arrival_report(side.office, case, on=ON)["outcome"] == "refused"
    again = ask(side, leaver)
    assert again != case
    case_acts.decline(side.office, again, reason="under_hold", pupil=None, today=ON, who=side.who)
    assert state(side, again) == ("declined", None)
    assert movement(side)["S1"]["end"] == 2, "nobody ever left"


def test_a_move_to_the_own_school_or_of_somebody_at_no_school_is_refused(side: Side) -> None:
    leaver = two_schools(side)
    (nobody,) = register(side.office.ledger, ["N1"])
    with pytest.raises(Refused, match="no school") as refused:
        ask(side, nobody)
    assert refused.value.code == "not_enrolled"
    move = Move(pupil=leaver, school_code="S1", first_day=FIRST_DAY)
    with pytest.raises(Refused) as refused:
        inside.request(side.office, move, who=side.who)
    assert refused.value.code == "same_school"


def merge(side: Side, code: str, into: str, *, on: date) -> None:
    """School `code` merges into another one that opens for it."""
    lines = [
        RecordUnit(
            code=name,
            kind="school",
            name="THCS Lê Lợi",
            parent_code="31",
            levels=("THCS",),
            opened_on=date(2000, 1, 1),
            closed_on=on if name == code else None,
            merged_into=into if name == code else None,
        )
        for name in (into, code)
    ]
    handler = partial(record_units, today=date(2025, 6, 1))
    sound(side.office.ledger.carry_out(handler, numbered(lines), who=side.who))


def test_the_successor_answers_for_a_school_that_merged_while_the_case_was_open(
    side: Side,
) -> None:
    leaver = two_schools(side)
    move = Move(pupil=leaver, school_code="S9", first_day=date(2025, 8, 18))
    case = inside.request(side.office, move, who=side.who)
    merge(side, "S9", "S10", on=date(2025, 7, 1))
    assert case_answer(side.office, case)["successor"] == "S10"
    let_go(side, case)
    report = take_in(side, case)
    assert (report["school_code"], report["asked_school"]) == ("S10", "S9")
    assert report["missing"][0]["what"] == "class"
    assert pupil_state(side, leaver).changes[-1].school == "S10"


def test_the_report_of_a_dossier_names_the_successor_of_the_school_it_was_asked_for(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival, case = begin(provinces)
    merge(receiver, "S9", "S10", on=date(2025, 7, 1))
    carry(origin, receiver, case, leaver=leaver, arrival=arrival, last_day=LAST_DAY)
    report = arrival_report(receiver.office, case, on=date(2025, 8, 20))
    assert (report["school_code"], report["asked_school"]) == ("S10", "S9")
    assert report["class_code"] == "7B2", "the stay at the merged school is one at its successor"
    merge(origin, "S1", "S2", on=date(2025, 7, 1))
    assert case_answer(origin.office, case)["successor"] == "S2"


def test_who_comes_with_papers_is_taken_in_without_a_dossier(side: Side) -> None:
    arrival = at_receiver(side)
    command = Apply(
        pupil=arrival,
        from_ledger=None,
        school_code="S9",
        first_day=FIRST_DAY,
        applied_on=FIRST_DAY,
        applicant="parent",
        ground="family",
        applicant_name="Nguyễn Thị Mẹ",
    )
    case = application.apply(side.office, command, who=side.who)
    with pytest.raises(CaseRefused, match="applied"):
        take_in(side, case)
    application.decide_application(
        side.office,
        case,
        decision="agreed",
        number="12/QĐ",
        reason=None,
        words=None,
        on=ON,
        who=side.who,
    )
    assert case_answer(side.office, case)["waiting_for"] == "papers"
    paper = PaperLine(
        pupil=arrival,
        school_year="2024-2025",
        school_name="Trường làng",
        province_code=None,
        country="LA",
        regulation=None,
        grade=7,
        kind="average",
        subject="TOAN",
        semester="1",
        slot="",
        value="7.5",
        scan_sha256="ab" * 32,
        attested_by="GV1",
        checked_by="GV2",
        reason=None,
        effective_on=ON,
    )
    sound(side.office.ledger.carry_out(take_paper_results, numbered([paper]), who=side.who))
    assert "S9" not in movement(side)
    report = take_in(side, case)
    assert report["outcome"] == "accepted_with_list"
    assert [year["paper"] for year in report["came"]["years"]] == [1]
    assert "origin_teacher" not in {a["who"] for g in report["missing"] for a in g["acts"]}
    assert movement(side)["S9"]["in"] == 1
    assert [c.kind for c in pupil_state(side, arrival).changes] == ["transfer_in"]
    assert case_answer(side.office, case)["from"] is None
    told = Views(side.office.ledger).audit(Key("id", str(arrival)))["entries"]
    (turned,) = [entry for entry in told if entry["type"] == "PapersAccepted"]
    assert (turned["before"]["provisional"], turned["after"]["provisional"]) == (
        [FIRST_DAY.isoformat()],
        [],
    )
    take_in(side, case)
    assert sum(e.event.TOPIC == "ledger.PapersAccepted.v1" for e in record(side, arrival)) == 1


@pytest.mark.parametrize(
    ("abroad", "column", "transit"), [(True, "withdrawn", 0), (False, "out", 1)]
)
def test_who_leaves_with_papers_is_listed_and_may_come_back(
    side: Side, abroad: bool, column: str, transit: int
) -> None:
    pupil, *_ = class_of(side.office.ledger, 2)
    command = Leave(pupil=pupil, place="Trường ở Berlin", last_day=date(2025, 2, 28), abroad=abroad)
    case = papers.leave(side.office, command, today=ON, who=side.who)
    assert papers.leave(side.office, command, today=ON, who=side.who) == case
    answer = case_answer(side.office, case)
    assert (answer["state"], answer["to"], answer["waiting_for"]) == ("left", None, None)
    assert answer["from_school"] == "S1"
    row = movement(side)["S1"]
    assert (row[column], row["end"], row["in_transit"]) == (1, 1, transit)
    enrol(side.office.ledger, [pupil], on=date(2025, 3, 17), kind="return")
    assert movement(side)["S1"]["end"] == 2
    enter(side, pupil, "7A1", [("TOAN", 2, "TX1", "9", date(2025, 3, 18))])
    with pytest.raises(Refused):
        papers.leave(
            side.office,
            Leave(pupil=pupil, place="x", last_day=date(2025, 3, 10), abroad=abroad),
            today=ON,
            who=side.who,
        )
