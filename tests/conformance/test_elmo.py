"""ELMO files against the published schema of ELMO 1.7, offline."""

from collections.abc import Callable
from pathlib import Path

import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.exchange.elmo import Issuer, elmo_document
from tests.unit.services.exchange.sample import primary_year, secondary_year
from tests.unit.services.exchange.test_elmo import ISSUER, answer

_REFERENCES = {
    "http://www.w3.org/2000/09/xmldsig#": "xmldsig-core-schema.xsd",
    "http://europass.cedefop.europa.eu/Europass/V2.0": "EUROPASS_ISOCountries_V1.1.xsd",
    "https://github.com/erasmus-without-paper/ewp-specs-types-address/tree/stable-v1": (
        "ewp-specs-types-address.xsd"
    ),
    "https://github.com/erasmus-without-paper/ewp-specs-architecture/blob/stable-v1/"
    "common-types.xsd": "ewp-specs-architecture-common-types.xsd",
}


@pytest.fixture(scope="module")
def schema(vectors: Callable[[str], Path]) -> xmlschema.XMLSchema:
    """The schema with everything it imports taken from the local copies."""
    folder = vectors("elmo")
    references = {
        namespace: str(folder / "references" / name) for namespace, name in _REFERENCES.items()
    }
    path = str(folder / "v1.7.0" / "schema.xsd")
    return xmlschema.XMLSchema(path, locations=references, allow="local")


def valid(schema: xmlschema.XMLSchema, document: bytes) -> None:
    schema.validate(document.decode())


def test_the_schema_refuses_what_is_no_elmo(schema: xmlschema.XMLSchema) -> None:
    broken = elmo_document(answer(secondary_year()), ISSUER).replace(b"issueDate", b"issuedDate")
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        valid(schema, broken)


def test_the_published_example_is_valid(
    schema: xmlschema.XMLSchema, vectors: Callable[[str], Path]
) -> None:
    example = vectors("elmo/v1.7.0/example.xml").read_text("utf-8")
    assert next(iter(schema.iter_errors(example, use_location_hints=False)), None) is None


def test_a_transcript_of_every_regulation_is_valid(schema: xmlschema.XMLSchema) -> None:
    years = [
        primary_year(school_year="2022-2023"),
        primary_year(school_year="2020-2021", regulation="TT22_2016"),
        secondary_year(),
        secondary_year(school_year="2023-2024", regulation="TT58_2011", promotion="retained"),
        secondary_year(school_year="2025-2026", promotion="pending"),
        secondary_year(school_year="2026-2027", promotion=None, subjects=[]),
    ]
    valid(schema, elmo_document(answer(*years), ISSUER))
    valid(schema, elmo_document(answer(), ISSUER))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(),
    birth=st.none() | st.dates().map(str) | st.just("2012"),
    country=st.none() | st.sampled_from(["VN", "vn", "GB", "XX", "Việt Nam"]),
    place=st.text(),
    school=st.text(),
)
def test_any_profile_gives_a_valid_file(
    schema: xmlschema.XMLSchema,
    name: str,
    birth: str | None,
    country: str | None,
    place: str,
    school: str,
) -> None:
    known = answer(
        secondary_year(),
        full_name=name,
        birth_date=birth,
        nationality=country,
        birth_place={"text": place, "code": None},
    )
    issuer = Issuer(school_code=school, name=school, url=school, personal_id=name or None)
    valid(schema, elmo_document(known, issuer))
