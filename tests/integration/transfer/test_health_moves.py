"""A pupil's measurements move with the record and count at the receiver once it is accepted."""

from datetime import date
from functools import partial
from uuid import UUID

from ledger.events.pupil import Measurement
from ledger.health import RecordMeasurement, record_measurements
from projections.persons import Key
from projections.views import Views
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.story import ask, at_origin, at_receiver, let_go, post, sealed
from tests.integration.transfer.story import take_in as accept
from tests.school import numbered, sound

AUTUMN, SPRING = date(2024, 9, 20), date(2025, 3, 10)
ON = date(2025, 6, 1)


def measure(side: Side, pupil: UUID, on: date, **values: str) -> None:
    measurement = Measurement.model_validate(
        {**dict.fromkeys(Measurement.model_fields), **values},
    )
    line = RecordMeasurement(pupil=pupil, measured_on=on, measurement=measurement)
    handler = partial(record_measurements, today=ON)
    sound(side.office.ledger.carry_out(handler, numbered([line]), who=side.who))


def days(side: Side, pupil: UUID) -> list[tuple[str, str | None, str | None, int]]:
    found = Views(side.office.ledger).health(Key("id", str(pupil)), on=ON)["measurements"]
    return [
        (one["measured_on"], one["height_cm"], one["vision_left"], len(one["ledgers"]))
        for one in found
    ]


def test_measurements_count_at_the_receiver_from_the_acceptance_on(provinces: Provinces) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver, arrival = at_origin(origin), at_receiver(receiver)
    measure(origin, leaver, AUTUMN, height_cm="150.0", vision_left="9/10")
    measure(receiver, arrival, AUTUMN, height_cm="151.0")
    measure(receiver, arrival, SPRING, height_cm="152.0")
    case = ask(receiver, arrival, origin)
    assert post(origin, sealed(receiver, case, "request")).outcome == "done"
    let_go(origin, case, leaver)
    assert post(receiver, sealed(origin, case, "dossier")).outcome == "done"
    own = [("2024-09-20", "151.0", None, 1), ("2025-03-10", "152.0", None, 1)]
    assert days(receiver, arrival) == own
    accept(receiver, case, arrival)
    # Of one day the later custodian's value counts; what only the origin measured is added.
    assert days(receiver, arrival) == [
        ("2024-09-20", "151.0", "9/10", 2),
        ("2025-03-10", "152.0", None, 1),
    ]
    assert days(origin, leaver) == [("2024-09-20", "150.0", "9/10", 1)]
