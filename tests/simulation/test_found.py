"""What the simulations found, each by the few facts that show it; none of these needs a server."""

from collections.abc import Iterator, Sequence
from datetime import date

from ledger import pupil_year
from ledger.contribution import Contribution
from ledger.event import Event
from ledger.events.pupil_year import (
    ConductAssessed,
    ElectivesChosen,
    MarkEntered,
    PupilYearOpened,
)
from ledger.pupil_year import PupilYear
from ledger.year_record import YearRecord, assess
from tests.unit.ledger.events import LEDGER, event

ON = date(2025, 6, 10)
COMPULSORY = ("TOAN", "NGUVAN", "NGOAINGU1", "LICHSU", "GDQPAN")
SLOTS = ("TX1", "TX2", "GK", "CK")


def folded(events: Sequence[Event]) -> PupilYear:
    year = None
    for version, known in enumerate(events, 1):
        if known.effective_on <= ON:
            year = pupil_year.evolve(year, known, version)
    assert year is not None
    return year


def results(events: Sequence[Event]) -> YearRecord:
    part = Contribution(ledger=LEDGER, year=folded(events), covered=(), current=0)
    return assess([part], on=ON)


def opened() -> Event:
    return event(PupilYearOpened, date(2024, 8, 1), regulation="TT22_2021", grade=10)


def marks(subject: str, value: str) -> Iterator[Event]:
    for term, day in ((1, date(2024, 10, 1)), (2, date(2025, 3, 3))):
        for slot in SLOTS:
            yield event(
                MarkEntered,
                day,
                subject=subject,
                semester=term,
                slot=slot,
                value=value,
                form="score",
                required=SLOTS,
            )


def chosen(day: date, *subjects: str) -> Event:
    return event(ElectivesChosen, day, subjects=subjects)


def test_an_elective_given_up_does_not_count_for_the_title() -> None:
    """HOCBA_SEED=1, years 4: six subjects at 9.0, one of them given up, made an excellent pupil."""
    at_nine = [m for subject in COMPULSORY for m in marks(subject, "9.0")]
    events = [
        opened(),
        *at_nine,
        *marks("VATLI", "8.5"),
        *marks("HOAHOC", "9.0"),
        chosen(date(2025, 4, 1), "VATLI"),
        *(
            event(ConductAssessed, date(2025, 5, 1), period=period, level="T")
            for period in ("HK1", "HK2")
        ),
    ]
    assert results(events).study["CN"] == "T"
    assert results(events).title == "good"


def test_of_two_choices_of_electives_the_later_day_decides_not_the_later_entry() -> None:
    autumn, spring = chosen(date(2024, 9, 6), "DIALI"), chosen(date(2025, 3, 1), "VATLI")
    assert folded([opened(), autumn, spring]).electives == ("VATLI",)
    assert folded([opened(), spring, autumn]).electives == ("VATLI",)
