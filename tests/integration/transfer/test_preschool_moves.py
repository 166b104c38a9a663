"""A kindergarten child moves: nothing is marked, so nothing is missing; months and health go."""

from datetime import date
from functools import partial
from uuid import UUID

import pytest

from ledger.events.pupil import Measurement
from ledger.health import RecordMeasurement, record_measurements
from ledger.presence import ConfirmPresence, confirm_presence
from ledger.school_class import OpenClass
from ledger.structure import open_classes, record_units
from ledger.unit import RecordUnit
from projections.persons import Key
from projections.views import Views
from services import case_acts
from services.arrival_screen import print_arrival
from services.case_records import compare
from services.case_screen import question
from services.leavings import leaving_checklist
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.story import FIRST_DAY, LAST_DAY, post, pupil_state, sealed
from tests.school import enrol, numbered, register, sound
from transfer import conversation

ON = date(2025, 3, 10)
GROUP = 17
"""Mẫu giáo 4-5 tuổi."""


def kindergarten(side: Side, code: str, class_code: str) -> None:
    unit = RecordUnit(
        code=code,
        kind="school",
        name="Mầm non Sao Mai",
        parent_code=None,
        levels=("MN",),
        opened_on=date(2000, 1, 1),
        closed_on=None,
        merged_into=None,
    )
    ledger = side.office.ledger
    handler = partial(record_units, today=date(2024, 8, 1))
    sound(ledger.carry_out(handler, numbered([unit]), who=side.who))
    group = OpenClass(
        code=class_code,
        school_code=code,
        school_year="2024-2025",
        grade=GROUP,
        name="Hoa Hồng",
        programme="MN",
    )
    sound(ledger.carry_out(open_classes, numbered([group]), who=side.who))


def lived(side: Side, child: UUID, class_code: str) -> None:
    """Two months of presence and a measurement."""
    ledger = side.office.ledger
    months = [
        ConfirmPresence(
            pupil=child,
            class_code=class_code,
            month=month,
            present=True,
            effective_on=date(2025, 2, 1),
            last_seen_on=None,
            left_on=None,
        )
        for month in ("2024-12", "2025-01")
    ]
    sound(ledger.carry_out(confirm_presence, numbered(months), who=side.who))
    known = Measurement.model_validate(
        {**dict.fromkeys(Measurement.model_fields), "height_cm": "101.0", "position": "standing"}
    )
    line = RecordMeasurement(pupil=child, measured_on=date(2024, 9, 20), measurement=known)
    handler = partial(record_measurements, today=ON)
    sound(ledger.carry_out(handler, numbered([line]), who=side.who))


def test_a_child_moves_with_months_and_health_and_lacks_nothing(
    provinces: Provinces, capsys: pytest.CaptureFixture[str]
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    kindergarten(origin, "M1", "M-HONG")
    kindergarten(receiver, "M9", "M-SEN")
    (leaver,) = register(origin.office.ledger, ["TRE1"])
    enrol(origin.office.ledger, [leaver], class_code="M-HONG")
    lived(origin, leaver, "M-HONG")
    (arrival,) = register(receiver.office.ledger, ["MOI1"])
    enrol(receiver.office.ledger, [arrival], class_code="M-SEN", on=FIRST_DAY, kind="provisional")
    case = conversation.request(
        receiver.office,
        pupil=arrival,
        from_ledger=origin.office.ledger.id,
        school_code="M9",
        first_day=FIRST_DAY,
        who=receiver.who,
    )
    assert post(origin, sealed(receiver, case, "request")).outcome == "done"
    assert question(compare(origin.office, case, leaver), "vi") == "Đúng trẻ này?"
    assert leaving_checklist(origin.office, leaver, on=LAST_DAY)["ready"]
    case_acts.release(
        origin.office, case, pupil=leaver, last_day=LAST_DAY, today=ON, who=origin.who
    )
    assert post(receiver, sealed(origin, case, "dossier")).outcome == "done"
    report = case_acts.accept(
        receiver.office, case, list_=None, class_code=None, today=ON, who=receiver.who
    )
    assert report["outcome"] == "accepted"
    assert (report["came"]["months"], report["came"]["health"]) == (2, 1)
    assert (report["missing"], report["differs"]) == ([], [])
    assert [change.kind for change in pupil_state(receiver, arrival).changes] == ["transfer_in"]
    print_arrival(report, "vi")
    assert "Hồ sơ trẻ nhận được" in capsys.readouterr().out
    found = Views(receiver.office.ledger).health(Key("id", str(arrival)), on=ON)
    assert [one["height_cm"] for one in found["measurements"]] == ["101.0"]
