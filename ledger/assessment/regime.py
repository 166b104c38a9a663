"""Which regulation assesses a pupil: a function of school year, grade and programme.

Source: domain reference 1.0. Regulations entered into force grade by grade, so one pupil's
history mixes several; today's date plays no part.
"""

from collections.abc import Mapping
from enum import StrEnum

from ledger.codes import Programme, Stage, stage_of
from ledger.errors import Refused
from ledger.school_year import SchoolYear


class Regulation(StrEnum):
    """A circular (thông tư) or decision of the ministry on the assessment of pupils."""

    TT22_2021 = "TT22_2021"
    TT58_2011 = "TT58_2011"
    TT26_2020 = "TT26_2020"
    """TT 58/2011 as amended by TT 26/2020, in force 11 October 2020."""
    TT27_2020 = "TT27_2020"
    TT22_2016 = "TT22_2016"
    """TT 30/2014 as amended by TT 22/2016."""
    TT30_2014 = "TT30_2014"
    TT43_2021 = "TT43_2021"
    QD02_2007 = "QD02_2007"
    PRESCHOOL = "PRESCHOOL"
    """No marks are given before grade 1."""
    FOREIGN = "FOREIGN"
    """A school abroad: results are kept as stated on paper; no rules of ours apply. Never chosen
    by year and grade."""


SUPPORTED = frozenset(Regulation) - {Regulation.QD02_2007}

# First school year (by its first calendar year) of the newest regulation, for each grade.
# Grades 6-12 confirmed (TT 22/2021 Điều 21); grades 1-5 from memory.
_NEWEST_FROM: Mapping[int, int] = {
    **{1: 2020, 2: 2021, 3: 2022, 4: 2023, 5: 2024},
    **{6: 2021, 7: 2022, 8: 2023, 9: 2024, 10: 2022, 11: 2023, 12: 2024},
}


def regulation_for(school_year: SchoolYear, grade: int, programme: Programme) -> Regulation:
    """Return the regulation for a pupil of `grade` (1-18) in that year and programme.

    Between general programmes the year and grade decide: TT 27/2020 and TT 22/2021 followed the
    roll-out of the 2018 programme. Raises `Refused("regulation_unknown")` for years before the
    oldest known regulation and for continuing education below grade 6.
    """
    stage = stage_of(grade)
    if stage is Stage.PRESCHOOL or programme is Programme.MN:
        return _preschool(stage)
    newest = school_year.first >= _NEWEST_FROM[grade]
    if stage is Stage.PRIMARY:
        return _primary(school_year, newest, programme)
    if programme is Programme.GDTX:
        return _continuing(school_year, newest)
    if newest:
        return Regulation.TT22_2021
    if school_year.first >= 2020:
        return Regulation.TT26_2020
    return _known_from(2011, school_year, Regulation.TT58_2011)


def programme_for(school_year: SchoolYear, grade: int) -> Programme:
    """Return the programme of an ordinary class of that year and grade, where none is given."""
    if stage_of(grade) is Stage.PRESCHOOL:
        return Programme.MN
    newest = school_year.first >= _NEWEST_FROM[grade]
    return Programme.GDPT2018 if newest else Programme.GDPT2006


def require_supported(regulation: Regulation) -> None:
    """Raise `Refused("regulation_not_supported")`, naming it, for rules not yet written."""
    if regulation not in SUPPORTED:
        raise Refused(
            "regulation_not_supported",
            f"the rules of {regulation} are not supported yet; supported are "
            + ", ".join(sorted(SUPPORTED)),
            field="regulation",
        )


def _preschool(stage: Stage) -> Regulation:
    if stage is not Stage.PRESCHOOL:
        raise Refused(
            "programme_contradicts_grade",
            "the preschool programme has the group codes 13 to 18, not a school grade",
            field="programme",
        )
    return Regulation.PRESCHOOL


def _primary(school_year: SchoolYear, newest: bool, programme: Programme) -> Regulation:
    if programme is Programme.GDTX:
        raise Refused(
            "regulation_unknown",
            "continuing education below grade 6 has no regulation in this system",
            field="programme",
        )
    if newest:
        return Regulation.TT27_2020
    if school_year.first >= 2016:
        return Regulation.TT22_2016
    return _known_from(2014, school_year, Regulation.TT30_2014)


def _continuing(school_year: SchoolYear, newest: bool) -> Regulation:
    # The grade ladder of TT 43/2021 is taken to be that of TT 22/2021 (from memory).
    if newest:
        return Regulation.TT43_2021
    return _known_from(2007, school_year, Regulation.QD02_2007)


def _known_from(first: int, school_year: SchoolYear, regulation: Regulation) -> Regulation:
    if school_year.first < first:
        raise Refused(
            "regulation_unknown",
            f"no regulation is known for {school_year}; the oldest known here is {regulation}",
            field="school_year",
        )
    return regulation
