"""The transcript digest: over the listed fields, and nothing else."""

import copy
import hashlib
import json
from typing import Any
from uuid import UUID

import pytest

from projections.digest import transcript_digest

PUPIL = UUID("01900000-0000-7000-8000-000000000001")
TERM = {"marks": {"TX": ["8.0"], "GK": None, "CK": None}, "average": None, "missing": ["GK"]}
YEAR: dict[str, Any] = {
    "school_year": "2024-2025",
    "grade": 7,
    "programme": "GDPT2018",
    "regulation": "TT22_2021",
    "strategy": "removal_any_subject",
    "subjects": [
        {
            "subject": "TOAN",
            "form": "score",
            "year": None,
            "reassessed": None,
            "semesters": {"1": TERM, "2": TERM},
        }
    ],
    "conduct": {"HK1": "T", "HK2": None, "CN": None},
    "study": {"HK1": None, "HK2": None, "CN": None, "adjusted": []},
    "absences": {"excused": 1, "unexcused": 0, "total": 1},
    "promotion": None,
    "title": None,
    "missing": [],
}


def test_the_digest_is_that_of_the_listed_fields_in_canonical_json() -> None:
    listed = {"v": 1, "pupil": str(PUPIL), "years": [YEAR]}
    written = json.dumps(listed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    expected = "sha256:" + hashlib.sha256(written.encode()).hexdigest()
    assert transcript_digest(PUPIL, [YEAR]) == expected


@pytest.mark.parametrize("name", ["schools", "signatures", "promotion_reasons"])
def test_other_fields_of_a_year_never_change_it(name: str) -> None:
    assert transcript_digest(PUPIL, [{**YEAR, name: ["x"]}]) == transcript_digest(PUPIL, [YEAR])


@pytest.mark.parametrize("name", ["by", "surplus"])
def test_authors_and_surplus_marks_never_change_it(name: str) -> None:
    other = copy.deepcopy(YEAR)
    other["subjects"][0]["semesters"]["1"][name] = ["x"]
    assert transcript_digest(PUPIL, [other]) == transcript_digest(PUPIL, [YEAR])


@pytest.mark.parametrize("name", sorted(set(YEAR) - {"subjects"}))
def test_every_listed_field_of_a_year_changes_it(name: str) -> None:
    assert transcript_digest(PUPIL, [{**YEAR, name: "x"}]) != transcript_digest(PUPIL, [YEAR])


def test_one_mark_changes_it() -> None:
    other = copy.deepcopy(YEAR)
    other["subjects"][0]["semesters"]["2"]["marks"]["TX"] = ["8.1"]
    assert transcript_digest(PUPIL, [other]) != transcript_digest(PUPIL, [YEAR])


def test_another_pupil_changes_it() -> None:
    assert transcript_digest(UUID(int=1), [YEAR]) != transcript_digest(PUPIL, [YEAR])


def test_a_year_that_lacks_a_listed_field_is_an_error() -> None:
    with pytest.raises(KeyError):
        transcript_digest(PUPIL, [{k: v for k, v in YEAR.items() if k != "title"}])
