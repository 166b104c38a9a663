"""The look-ups of identifiers: which keyed digests an entry leads to, and their inspection."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from ledger import log
from ledger.database import Connection
from ledger.errors import DamagedEntry
from ledger.events.pupil import Identifier, IdentifierAssigned, PupilLinked
from ledger.ledger import Ledger, SealedPart
from ledger.log import Entry
from ledger.queries import queries
from ledger.registration import any_source_key, local_key
from ledger.vault import Keyring

_SQL = queries("ledger", "log.sql")
_NOTARY = queries("ledger", "notary.sql")

Lookup = tuple[str, UUID]
"""(kind, token)."""


def lookups_of(keyring: Keyring, identifier: Identifier) -> list[Lookup]:
    """Under which tokens the bearer of an identifier is found."""
    if identifier.kind != "local":
        return [(identifier.kind, keyring.token(identifier.kind, identifier.value))]
    keys = [local_key(identifier.value, identifier.issuer or ""), any_source_key(identifier.value)]
    return [(kind, keyring.token(kind, value)) for kind, value in keys]


def wrong_lookups(ledger: Ledger, connection: Connection, *, size: int) -> Iterator[str | int]:
    """What of the look-up table is not as the entries say: the position of each identifier that
    is not found under its number; at the end, a sentence where the table holds more than they
    lead to. Identifiers of the erased are passed over."""
    bearers = _bearers(ledger, connection, size)
    shared: set[tuple[Lookup, UUID]] = set()
    expected = 0
    topics = [IdentifierAssigned.TOPIC]
    try:
        for page in log.pages(connection, start=0, end=size, topics=topics):
            for entry, found in _expected(ledger, connection, page):
                person = bearers.get(entry.stream.id, entry.stream.id)
                mine = entry.stream.ledger == ledger.id
                if not mine and entry.stream.id not in bearers:
                    continue
                wanted = [row for row in found if mine or not row[0].startswith("local")]
                rows = {(row, person) for row in wanted}
                if person in bearers.values():
                    rows -= shared
                    shared |= rows
                expected += len(rows)
                if not rows <= _held(connection, wanted):
                    yield entry.position
    except DamagedEntry:  # named by the inspection of the streams
        return
    held = connection.execute(_NOTARY["count_lookups"]).fetchone()
    assert held is not None
    if held[0] > expected:
        yield f"{held[0] - expected} look-ups that no entry leads to"


def _bearers(ledger: Ledger, connection: Connection, size: int) -> dict[UUID, UUID]:
    """Another ledger's record of a pupil to ours, as the acceptances linked them."""
    return {
        entry.event.other: entry.stream.id
        for page in log.pages(connection, start=0, end=size, topics=[PupilLinked.TOPIC])
        for entry in page
        if isinstance(entry.event, PupilLinked)
        and entry.stream.ledger == ledger.id
        and entry.event.other_ledger != ledger.id
    }


def _expected(
    ledger: Ledger, connection: Connection, page: Iterable[Entry]
) -> Iterator[tuple[Entry, list[Lookup]]]:
    entries = list(page)
    parts = [
        SealedPart(
            entry.envelope.personal["statutory"],
            entry.envelope.author,
            entry.stream.id,
            entry.envelope.topic,
        )
        for entry in entries
    ]
    for entry, clear in zip(entries, ledger.reveal(connection, parts), strict=True):
        if clear is not None:
            yield entry, lookups_of(ledger.keyring, Identifier.model_validate(clear))


def _held(connection: Connection, wanted: list[Lookup]) -> set[tuple[Lookup, UUID]]:
    rows = connection.execute(
        _SQL["find_persons"],
        {"kinds": [kind for kind, _ in wanted], "tokens": [token for _, token in wanted]},
    ).fetchall()
    return {((kind, token), person) for kind, token, person in rows}
