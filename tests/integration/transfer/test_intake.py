"""A whole intake list: asked for at once, released where it is sure, taken in; bad lines wait."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import Refused
from ledger.registration import Number, record_pupils
from services.intake import Intake, release_matching
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.story import cases, pupil_state
from tests.school import enrol, find, numbered, open_school, profile, record_pupil, sound

ON = date(2025, 9, 8)
FIRST = date(2025, 9, 5)
NUMBERS = {"A": "031212000001", "B": "031212000002", "C": "031212000003"}


def people(side: Side, prefix: str, names: dict[str, tuple[str, str | None]]) -> None:
    """Pupils with a name and, where there is one, a personal number."""
    lines = [
        record_pupil(
            f"{prefix}{key}",
            profile(name),
            numbers=(Number(kind="personal_id", value=number),) if number else (),
        )
        for key, (name, number) in names.items()
    ]
    ledger = side.office.ledger
    sound(ledger.carry_out(record_pupils, numbered(lines), who=side.who))


def scene(provinces: Provinces) -> None:
    """A and B agree on both sides, C has another name here, D no number, E is nobody there."""
    origin, receiver = provinces.origin, provinces.receiver
    open_school(origin.office.ledger)
    open_school(receiver.office.ledger, code="S9", classes=("7B2",))
    there = {key: (f"Nguyễn Văn {key}", NUMBERS.get(key)) for key in ("A", "B", "C", "D")}
    people(origin, "CU-", there)
    enrol(origin.office.ledger, find(origin.office.ledger, [f"CU-{key}" for key in there]))
    people(
        receiver,
        "MOI-",
        {**there, "C": ("Nguyễn Thị C", NUMBERS["C"]), "E": ("Nguyễn Văn E", None)},
    )


def listed(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "khoi6.csv"
    path.write_text("\n".join(["pupil_key,from_ledger,their_key,personal_id", *lines]), "utf-8")
    return path


LINES = (
    "MOI-A,31,CU-A,031212000001",
    "MOI-B,31,,",
    "MOI-C,31,,",
    "MOI-D,31,,",
    "MOI-E,31,,",
    "MOI-X,31,,",  # line 7: nobody here
    "MOI-B,99,,",  # line 8: no such ledger
    "MOI-A,31,,",  # line 9: twice
    "MOI-B,31,,031212000009",  # line 10: another number
    ",31,,",  # line 11: nobody named
)
BAD = {
    7: "unknown_pupil",
    8: "unknown_ledger",
    9: "twice_in_file",
    10: "number_differs",
    11: "missing_value",
}


def told(total: list[tuple[int, int]]) -> Any:
    return lambda done, of: total.append((done, of))


def read(side: Side, path: Path, *, accept: bool = False) -> dict[str, Any]:
    found = Intake(side.office, path, school="S9", first_day=FIRST)
    progress: list[tuple[int, int]] = []
    found.request_all(who=side.who, progress=told(progress))
    assert progress[-1] == (5, 5)
    if accept:
        found.accept_all(today=ON, who=side.who, progress=told(progress))
    return found.answer()


def test_a_list_is_asked_for_released_where_it_is_sure_and_taken_in(
    provinces: Provinces, tmp_path: Path
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    scene(provinces)
    path = listed(tmp_path, *LINES)
    answer = read(receiver, path)
    assert answer["counts"]["requested"] == 5
    assert {one["line"]: one["reason"] for one in answer["rejected"]} == BAD
    assert read(receiver, path)["lines"] == answer["lines"], "nothing is asked for twice"
    assert len(cases(receiver)) == 5
    receiver.exchange()
    origin.exchange()
    dry = release_matching(origin.office, dry_run=True, today=ON, who=origin.who, progress=told([]))
    assert (len(dry["released"]), len(dry["left"])) == (2, 3)
    assert {case.state for case in cases(origin)} == {"requested"}, "a dry run lists only"
    done = release_matching(
        origin.office, dry_run=False, today=ON, who=origin.who, progress=told([])
    )
    released = {one["pupil"] for one in done["released"]}
    sure = find(origin.office.ledger, ["CU-A", "CU-B"])
    assert released == {str(pupil) for pupil in sure}, "C's name differs, D and E have no number"
    assert {one["reason"] for one in done["left"]} == {"no_sure_match"}
    origin.exchange()
    receiver.exchange()
    assert read(receiver, path)["counts"]["received"] == 2
    taken = read(receiver, path, accept=True)
    assert (taken["counts"]["accepted"], taken["counts"]["requested"]) == (2, 3)
    outcomes = {one["pupil_key"]: one["outcome"] for one in taken["lines"]}
    assert outcomes["MOI-A"] == "accepted_with_list", "nobody has enrolled the pupil yet"
    assert outcomes["MOI-C"] is None
    (here,) = find(receiver.office.ledger, ["MOI-A"])
    assert len(pupil_state(receiver, here).accepted) == 1
    again = read(receiver, path, accept=True)
    assert again["counts"] == taken["counts"]


def test_a_list_whose_header_is_wrong_is_refused_whole(
    provinces: Provinces, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    for heading, code in (
        ("", "empty_file"),
        ("pupil_key,from_ledger,class", "unknown_column"),
        ("pupil_key", "missing_column"),
    ):
        path.write_text(heading, "utf-8")
        with pytest.raises(Refused) as refused:
            Intake(provinces.receiver.office, path, school="S9", first_day=FIRST)
        assert refused.value.code == code
