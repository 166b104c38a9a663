"""The compulsory subjects exist in the grade they are asked of, and alternatives do."""

import pytest

from ledger.codes import Programme
from ledger.compulsory import compulsory, lacking
from ledger.subjects import SUBJECTS

LOWER = {
    *("NGUVAN", "TOAN", "NGOAINGU1", "GDCD", "LSDL", "KHTN", "CONGNGHE", "TINHOC"),
    *("GDTC", "NGHETHUAT", "HDTNHN", "GDDP"),
}


@pytest.mark.parametrize("programme", [Programme.GDPT2018, Programme.GDPT2006, Programme.GDTX])
@pytest.mark.parametrize("grade", range(1, 13))
def test_some_subject_that_fills_each_requirement_is_taught_in_the_grade(
    grade: int, programme: Programme
) -> None:
    for wanted in compulsory(grade, programme):
        assert any(SUBJECTS[key].taught_in(grade, programme) for key in wanted), wanted


def test_a_grade_of_lower_secondary_school_has_twelve() -> None:
    assert {wanted[0] for wanted in compulsory(7, Programme.GDPT2018)} == LOWER
    assert lacking(LOWER - {"GDDP"}, 7, Programme.GDPT2018) == ("GDDP",)


def test_one_combined_subject_stands_for_two() -> None:
    with_both = {wanted[0] for wanted in compulsory(4, Programme.GDPT2018)}
    combined = with_both - {"TINHOC", "CONGNGHE"} | {"TINHOCCONGNGHE"}
    assert lacking(combined, 4, Programme.GDPT2018) == ()
    assert set(lacking(with_both - {"TINHOC"}, 4, Programme.GDPT2018)) == {"TINHOC"}


def test_a_foreign_language_is_asked_from_grade_3_and_nothing_of_small_children() -> None:
    assert ("NGOAINGU1",) not in compulsory(2, Programme.GDPT2018)
    assert ("NGOAINGU1",) in compulsory(3, Programme.GDPT2018)
    assert compulsory(13, Programme.MN) == ()
