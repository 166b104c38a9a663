"""Who has left and arrived nowhere yet."""

from datetime import date
from uuid import UUID

from ledger.event import Event, StreamKind
from ledger.events.case import (
    DecisionReceived,
    IdentityClaim,
    RequestReceived,
)
from ledger.events.pupil import (
    ReleaseUndone,
)
from ledger.ids import case_stream, uuid7
from ledger.ledger import Ledger
from ledger.plan import Plan
from ledger.reader import Reader
from projections.views import Views
from tests import school
from tests.integration.reports.province import ON, enrol, pupil, record, report, row_of, status


def answered(ledger: Ledger, who: UUID, case: UUID, on: date) -> None:
    """The receiver's acceptance, as the courier stores it."""

    def decide(reader: Reader) -> Plan:
        plan = Plan()
        ref = reader.ref(case_stream(ledger.id, case), StreamKind.CASE, person=who)
        events: list[Event] = [
            RequestReceived(
                effective_on=on,
                case=case,
                to_ledger=uuid7(),
                their_pupil=uuid7(),
                school_code="Z",
                encryption_key="",
                statutory=IdentityClaim(
                    full_name="T", birth_date="2012", sex="nam", identifiers=()
                ),
            ),
            DecisionReceived(
                effective_on=on, case=case, decision="accepted", digest=None, reason=None
            ),
        ]
        plan.add(ref, events)
        return plan

    ledger.desk.run(decide, who=school.operator(ledger))


def test_a_released_pupil_is_in_transit_from_the_day_after_until_the_answer(
    ledger: Ledger, views: Views
) -> None:
    who, case = pupil(ledger, "P"), uuid7()
    enrol(ledger, who, "S1")
    record(ledger, who, school.released(case, uuid7(), last_day=date(2024, 11, 20)))
    assert report(views, "headcount", date(2024, 11, 20))["totals"]["count"] == 1
    assert report(views, "in_transit", date(2024, 11, 20))["rows"] == []
    answer = report(views, "in_transit")
    assert answer["rows"] == [
        {
            "unit_code": "S1",
            "school_code": "S1",
            "pupil_id": str(who),
            "kind": "release",
            "case": str(case),
            "left_on": "2024-11-21",
            "days": 10,
        }
    ]
    assert row_of(report(views, "movement"), "31")["in_transit"] == 1
    answered(ledger, who, case, date(2024, 11, 28))
    assert report(views, "in_transit")["rows"] == []
    assert len(report(views, "in_transit", date(2024, 11, 27))["rows"]) == 1


def test_a_rejected_release_never_left(ledger: Ledger, views: Views) -> None:
    who, case = pupil(ledger, "P"), uuid7()
    enrol(ledger, who, "S1")
    record(ledger, who, school.released(case, uuid7(), last_day=date(2024, 11, 20)))
    record(ledger, who, ReleaseUndone(effective_on=ON, case=case))
    assert report(views, "in_transit")["rows"] == []
    assert report(views, "headcount")["totals"]["count"] == 1
    assert row_of(report(views, "movement"), "S1")["out"] == 0


def test_a_transfer_out_that_arrived_nowhere_is_found(ledger: Ledger, views: Views) -> None:
    lost, found = pupil(ledger, "A"), pupil(ledger, "B")
    for who in (lost, found):
        enrol(ledger, who, "S1")
        status(ledger, who, "S1", "transfer_out", date(2024, 10, 1))
    enrol(ledger, found, "S3", date(2024, 10, 15), "transfer_in")
    assert [row["pupil_id"] for row in report(views, "in_transit")["rows"]] == [str(lost)]
    assert report(views, "in_transit", date(2024, 10, 3))["totals"]["count"] == 2
