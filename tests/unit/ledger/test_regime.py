"""Which regulation assesses a pupil: year, grade and programme, never today's date."""

import pytest

from ledger.assessment.regime import Regulation, programme_for, regulation_for, require_supported
from ledger.codes import Programme
from ledger.errors import Refused
from ledger.school_year import SchoolYear

OLD, NEW, GDTX, MN = Programme.GDPT2006, Programme.GDPT2018, Programme.GDTX, Programme.MN


@pytest.mark.parametrize(
    ("grade", "first"),
    [
        *((1, 2020), (2, 2021), (3, 2022), (4, 2023), (5, 2024)),
        *((6, 2021), (7, 2022), (8, 2023), (9, 2024), (10, 2022), (11, 2023), (12, 2024)),
    ],
)
def test_the_newest_regulation_begins_in_the_grade_s_own_year(grade: int, first: int) -> None:
    newest = Regulation.TT27_2020 if grade <= 5 else Regulation.TT22_2021
    before = Regulation.TT22_2016 if grade <= 5 else Regulation.TT26_2020
    assert regulation_for(SchoolYear(first), grade, NEW) is newest
    assert regulation_for(SchoolYear(first - 1), grade, OLD) is before
    assert programme_for(SchoolYear(first), grade) is NEW
    assert programme_for(SchoolYear(first - 1), grade) is OLD


@pytest.mark.parametrize(
    ("year", "grade", "programme", "regulation"),
    [
        ("2020-2021", 9, OLD, Regulation.TT26_2020),
        ("2019-2020", 9, OLD, Regulation.TT58_2011),
        ("2011-2012", 12, OLD, Regulation.TT58_2011),
        ("2016-2017", 1, OLD, Regulation.TT22_2016),
        ("2015-2016", 5, OLD, Regulation.TT30_2014),
        ("2014-2015", 1, OLD, Regulation.TT30_2014),
        ("2024-2025", 10, GDTX, Regulation.TT43_2021),
        ("2021-2022", 10, GDTX, Regulation.QD02_2007),
        ("2024-2025", 17, MN, Regulation.PRESCHOOL),
    ],
)
def test_the_regulation_follows_year_grade_and_programme(
    year: str, grade: int, programme: Programme, regulation: Regulation
) -> None:
    assert regulation_for(SchoolYear.parse(year), grade, programme) is regulation


def test_the_grade_twelve_of_2025_went_through_two_regulations() -> None:
    years = [(2019 + n, grade) for n, grade in enumerate(range(6, 13))]
    found = [regulation_for(SchoolYear(y), g, programme_for(SchoolYear(y), g)) for y, g in years]
    assert found == [
        Regulation.TT58_2011,
        *[Regulation.TT26_2020] * 3,
        *[Regulation.TT22_2021] * 3,
    ]


def test_preschool_groups_have_the_preschool_programme() -> None:
    assert programme_for(SchoolYear(2024), 16) is MN
    with pytest.raises(Refused) as refusal:
        regulation_for(SchoolYear(2024), 3, MN)
    assert refusal.value.code == "programme_contradicts_grade"


@pytest.mark.parametrize(
    ("year", "grade", "programme"),
    [(1999, 9, OLD), (2010, 9, OLD), (2013, 3, OLD), (2006, 10, GDTX), (2024, 4, GDTX)],
)
def test_where_no_regulation_is_known_none_is_guessed(
    year: int, grade: int, programme: Programme
) -> None:
    with pytest.raises(Refused) as refusal:
        regulation_for(SchoolYear(year), grade, programme)
    assert refusal.value.code == "regulation_unknown"


@pytest.mark.parametrize("regulation", [r for r in Regulation if r is not Regulation.QD02_2007])
def test_every_other_regulation_is_supported(regulation: Regulation) -> None:
    require_supported(regulation)


def test_the_old_decision_on_continuing_education_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="QD02_2007") as refusal:
        require_supported(Regulation.QD02_2007)
    assert refusal.value.code == "regulation_not_supported"


def test_a_school_abroad_is_never_chosen_by_year_and_grade() -> None:
    chosen = {
        regulation_for(SchoolYear(year), grade, programme_for(SchoolYear(year), grade))
        for year in range(2014, 2027)
        for grade in range(1, 19)
    }
    assert Regulation.FOREIGN not in chosen
    assert Regulation.PRESCHOOL in chosen
