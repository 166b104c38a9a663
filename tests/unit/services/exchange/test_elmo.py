"""ELMO files: the same answer gives the same bytes, and every text can be XML."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.subjects import SUBJECTS
from services.exchange.elmo import NAMESPACE, Issuer, elmo_document, legal
from services.exchange.elmo_words import SUBJECT_NAMES
from tests.unit.services.exchange.sample import PROFILE, primary_year, secondary_year

ISSUER = Issuer(school_code="S1", name="THCS Lê Lợi", url="", personal_id="031212000001")
IN = {"e": NAMESPACE}


def answer(*years: dict[str, Any], **profile: Any) -> dict[str, Any]:
    """A transcript answer."""
    return {
        "on": "2025-09-01",
        "known_at": {"position": 41, "recorded_at": "2025-09-01T01:02:03.000004Z"},
        "profile": {**PROFILE, **profile},
        "years": list(years),
    }


def read(document: bytes) -> ET.Element:
    return ET.fromstring(document)


def texts(element: ET.Element, path: str) -> list[str | None]:
    return [found.text for found in element.iterfind(path, IN)]


def test_the_learner_is_named_in_parts() -> None:
    root = read(elmo_document(answer(), ISSUER))
    assert texts(root, "e:learner/*") == [
        *("VN", "031212000001", "Văn An", "Nguyễn", "2012-03-04", "Hải Phòng", "1"),
    ]
    assert texts(root, "e:generatedDate") == ["2025-09-01T08:02:03+07:00"]
    assert texts(root, "e:report/e:issueDate") == ["2025-09-01T00:00:00+07:00"]


@pytest.mark.parametrize("birth", [None, "2012", "2012-03"])
def test_a_birthday_is_told_only_where_it_is_known_to_the_day(birth: str | None) -> None:
    root = read(elmo_document(answer(birth_date=birth), ISSUER))
    assert texts(root, "e:learner/e:bday") == []


def test_one_word_is_a_given_name_and_an_erased_person_has_none() -> None:
    single = read(elmo_document(answer(full_name="Sokha"), ISSUER))
    assert texts(single, "e:learner/e:givenNames") == ["Sokha"]
    assert texts(single, "e:learner/e:familyName") in ([None], [""])
    erased = dict.fromkeys(PROFILE)
    nobody = read(elmo_document(answer(**erased), ISSUER))
    assert texts(nobody, "e:learner/e:givenNames") in ([None], [""])


def test_a_year_holds_its_subjects_and_they_their_terms() -> None:
    root = read(elmo_document(answer(secondary_year()), ISSUER))
    (year,) = root.iterfind("e:report/e:learningOpportunitySpecification", IN)
    instance = "e:specifies/e:learningOpportunityInstance"
    assert texts(year, f"{instance}/e:status") == ["passed"]
    assert texts(year, f"{instance}/e:resultLabel") == ["Đ"]
    parts = "e:hasPart/e:learningOpportunitySpecification"
    assert texts(year, f"{parts}/e:identifier") == ["2024-2025/TOAN", "2024-2025/GDTC"]
    assert texts(year, f"{parts}/{instance}/e:resultLabel") == ["9.4", "CĐ"]
    assert texts(year, f"{parts}/{parts}/{instance}/e:resultLabel") == ["8.3", "10.0", "Đ", "CĐ"]
    schemes = {known.get("localId") for known in root.iterfind("e:report/e:gradingScheme", IN)}
    assert schemes == {"study-4", "score", "comment"}
    assert set(texts(root, ".//e:gradingSchemeLocalId")) == schemes


def test_a_primary_year_has_levels() -> None:
    root = read(elmo_document(answer(primary_year()), ISSUER))
    assert texts(root, ".//e:resultLabel") == ["HTXS", "T"]
    schemes = [known.get("localId") for known in root.iterfind("e:report/e:gradingScheme", IN)]
    assert schemes == ["study-primary", "primary-level"]


def test_every_subject_has_an_english_name() -> None:
    assert set(SUBJECT_NAMES) == set(SUBJECTS)


def test_the_same_answer_gives_the_same_bytes() -> None:
    known = answer(secondary_year(), primary_year(school_year="2025-2026"))
    assert elmo_document(known, ISSUER) == elmo_document(known, ISSUER)


@given(name=st.text(), school=st.text())
def test_any_text_can_stand_in_the_file(name: str, school: str) -> None:
    issuer = Issuer(school_code="S1", name=school, url="", personal_id=None)
    root = read(elmo_document(answer(full_name=name), issuer))
    (title,) = texts(root, "e:report/e:issuer/e:title")
    expected = legal(school).replace("\r\n", "\n").replace("\r", "\n")
    assert (title or "") == expected


@pytest.mark.parametrize("char", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_a_character_that_xml_does_not_allow_is_replaced_visibly(char: str) -> None:
    assert legal(f"a{char}b") == "a\ufffdb"
