"""The names of units, classes and staff that are needed to read a record's entries."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from ledger.database import Connection
from ledger.log import Entry
from ledger.province_history import province_history
from ledger.queries import queries
from ledger.reader import Reader
from ledger.unit_places import with_related
from transfer.dossier import (
    CarriedStream,
    Hop,
    References,
)
from transfer.entries import own

_SQL = queries("transfer", "transfer.sql")


def references_of(reader: Reader, entries: Sequence[Entry]) -> References:
    """Names of the units and classes that our entries speak of."""
    schools, classes, staff = set(), set(), set()
    for entry in own(entries, reader.ledger):
        facts = entry.envelope.facts
        schools.add(facts.get("school_code"))
        classes.add(facts.get("class_code"))
        staff.add(entry.envelope.who.on_behalf_of)
    found_classes = reader.classes(code for code in classes if code)
    schools |= {c.school_code for c in found_classes.values() if c}
    codes = sorted(code for code in schools if code)
    related = with_related(reader.units, codes)
    units = {code: unit for code, unit in related.items() if unit is not None}
    known_staff = reader.staff(code for code in staff if code)
    return References(
        units={
            code: {
                "name": units[code].name,
                "kind": units[code].kind,
                "parent": units[code].parent,
                "provinces": [
                    (held.since.isoformat(), held.code, held.name)
                    for held in province_history(units, code)
                ],
            }
            for code in codes
            if code in units
        },
        classes={
            code: {"name": c.name, "school": c.school_code, "school_year": c.school_year}
            for code, c in found_classes.items()
            if c
        },
        staff={code: {"role": member.role} for code, member in known_staff.items() if member},
    )


def told_references(
    connection: Connection, streams: Iterable[CarriedStream], hops: Sequence[Hop], ours: UUID
) -> dict[str, References]:
    """What each other ledger sealed of its units and classes; of one that sealed nothing what
    earlier dossiers told."""
    told = {str(hop.ledger): hop.naming.references for hop in hops if hop.naming is not None}
    authors = {stream.ledger for stream in streams} - {ours} - {UUID(ledger) for ledger in told}
    rows = connection.execute(_SQL["references"], {"ledgers": list(authors)}).fetchall()
    heard: dict[str, dict[str, dict[str, Any]]] = {}
    for ledger, kind, code, body in rows:
        heard.setdefault(str(ledger), {}).setdefault(kind, {})[code] = body
    for ledger, kinds in heard.items():
        units, classes = kinds.get("unit", {}), kinds.get("class", {})
        told[ledger] = References(units=units, classes=classes, staff={})
    return told
