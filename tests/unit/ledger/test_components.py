"""Parts of a mark: skills of a language, strands of an integrated subject, arts."""

import pytest

from ledger.assessment.marks import combined, read_components
from ledger.errors import Refused
from ledger.events.pupil_year import Component, Form


def parts(*values: str, weights: tuple[int, ...] = ()) -> tuple[Component, ...]:
    return tuple(
        Component(name=f"part {n}", value=value, weight=weights[n] if weights else 1)
        for n, value in enumerate(values)
    )


def test_the_parts_of_a_mark_are_read_as_marks_are() -> None:
    read = read_components(parts("7", "8,5"), "score")
    assert [part.value for part in read] == ["7.0", "8.5"]


@pytest.mark.parametrize("value", ["11", "7.25", "Đ", ""])
def test_a_bad_part_names_its_column(value: str) -> None:
    with pytest.raises(Refused) as refused:
        read_components(parts(value), "score")
    assert refused.value.field == "components"


@pytest.mark.parametrize(
    ("values", "weights", "mark"),
    [
        (("7", "8", "6.5", "7"), (1, 1, 1, 1), "7.1"),  # 28.5 / 4 = 7.125
        (("7", "8"), (1, 2), "7.7"),  # 23 / 3 = 7.67
        (("8.1", "8.2"), (1, 1), "8.2"),  # 8.15, a tie goes up
        (("10",), (7,), "10.0"),
    ],
)
def test_scores_are_weighed_and_rounded_half_up(
    values: tuple[str, ...], weights: tuple[int, ...], mark: str
) -> None:
    assert combined(read_components(parts(*values, weights=weights), "score"), "score") == mark


@pytest.mark.parametrize(
    ("values", "mark"), [(("Đ", "Đ"), "Đ"), (("Đ", "CĐ"), "CĐ"), (("CĐ",), "CĐ")]
)
def test_arts_are_passed_where_every_part_is(values: tuple[str, ...], mark: str) -> None:
    assert combined(read_components(parts(*values), "comment"), "comment") == mark


@pytest.mark.parametrize(
    ("values", "form"), [(("T", "H"), "level"), (("9", "8"), "test"), (("7", "M"), "score")]
)
def test_what_nobody_averages_gives_no_mark(values: tuple[str, ...], form: Form) -> None:
    assert combined(read_components(parts(*values), form), form) is None
