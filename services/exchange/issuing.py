"""Who answers for an ELMO report: the school where the pupil was last, and the pupil's number."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from ledger.errors import NotFound
from ledger.ledger import Ledger
from projections.persons import bearings
from projections.pupil_log import read_pupil_log
from services.exchange.elmo import Issuer


def issuer_of(ledger: Ledger, transcript: Mapping[str, Any], *, url: str) -> Issuer:
    """The issuer of a report on a transcript answer that has a year.

    Raises:
        NotFound: `no_school_year`, no school of any year is known by its code.
    """
    schools = [
        school
        for year in transcript["years"]
        for school in year["schools"]
        if school["school_code"] is not None
    ]
    if not schools:
        raise NotFound("no_school_year", "no school of this or another ledger can issue the report")
    last = schools[-1]
    return Issuer(
        school_code=last["school_code"],
        name=last["name"] or last["school_code"],
        url=url,
        personal_id=_personal_id(ledger, transcript),
    )


def _personal_id(ledger: Ledger, transcript: Mapping[str, Any]) -> str | None:
    """The personal number borne on the answer's day; of several the one borne last."""
    on = date.fromisoformat(transcript["on"])
    size = transcript["known_at"]["position"] + 1
    with ledger.database.connection() as connection:
        known = read_pupil_log(connection, UUID(transcript["pupil_id"]), size=size)
        own = [entry for entry in known.entries if entry.stream.id == known.person]
        borne = bearings(ledger, connection, own)
    held = [one for one in borne if one.kind == "personal_id" and one.on(on)]
    return max(held, key=lambda one: one.start).value if held else None
