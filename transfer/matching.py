"""Who of this ledger's pupils may be meant in a transfer: suggestions, and the one sure match.

A person decides. Only a whole intake list, whose pupils were registered from the papers of the
school they leave, may be released by rule, and then only where a personal number, name, birth date
and sex all agree and one pupil alone bears the number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from ledger import log
from ledger.case import Case
from ledger.events.case import IdentityClaim
from ledger.events.pupil import PupilDetailsChanged, PupilProfile, PupilRegistered
from ledger.identifiers import opened
from ledger.reader import Reader
from ledger.text import matching_key
from transfer.cases import cases_in
from transfer.identity import claim_of, differences, identity_claim
from transfer.office import Office

NAME = "name_and_birth_date"
_PROFILES = [PupilRegistered.TOPIC, PupilDetailsChanged.TOPIC]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pupil of ours who may be meant, with what is shared: kinds of numbers, or `NAME`."""

    pupil: UUID
    shares: tuple[str, ...]


def candidates(
    reader: Reader, claims: Mapping[UUID, IdentityClaim]
) -> dict[UUID, tuple[Candidate, ...]]:
    """By case, the pupils of ours who share a number with a claim, or name and birth date.

    Names are sealed, so that those of all pupils are opened for it, once for all claims. They are
    looked for only where nobody bears a number of the claim.
    """
    found: dict[UUID, dict[UUID, list[str]]] = {}
    for case, claim in claims.items():
        found[case] = {}
        for (kind, _), persons in reader.find(claim.identifiers).items():
            for person in persons:
                found[case].setdefault(person, []).append(kind)
    nobody = {case: _called(claims[case]) for case, known in found.items() if not known}
    for name, persons in _named(reader, set(nobody.values())).items():
        for case in (case for case, wanted in nobody.items() if wanted == name):
            found[case] = {person: [NAME] for person in persons}
    return {
        case: tuple(Candidate(person, tuple(sorted(shares))) for person, shares in known.items())
        for case, known in found.items()
    }


def _called(who: IdentityClaim | PupilProfile) -> tuple[str, str]:
    return matching_key(who.full_name), who.birth_date


def _named(reader: Reader, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], list[UUID]]:
    """Our pupils by their present name and birth date, of those wanted."""
    if not wanted:
        return {}
    now: dict[UUID, tuple[str, str]] = {}
    for page in log.pages(reader.connection, start=0, end=reader.size, topics=_PROFILES):
        ours = [entry for entry in page if entry.stream.ledger == reader.ledger]
        for entry, clear in zip(ours, opened(reader, ours), strict=True):
            name = _called(PupilProfile.model_validate(clear)) if clear is not None else None
            if name in wanted:
                now[entry.stream.id] = name
            else:
                now.pop(entry.stream.id, None)
    found: dict[tuple[str, str], list[UUID]] = {}
    for pupil, name in now.items():
        found.setdefault(name, []).append(pupil)
    return found


def sure_match(office: Office, reader: Reader, case: Case) -> UUID | None:
    """The one pupil of ours who bears a personal number of the claim and agrees with it in name,
    birth date and sex; None where a person has to look."""
    claim = claim_of(office, reader, case)
    if claim is None:
        return None
    numbers = [number for number in claim.identifiers if number[0] == "personal_id"]
    bearers = {person for found in reader.find(numbers).values() for person in found}
    if len(bearers) != 1:
        return None
    (pupil,) = bearers
    known = reader.pupils([pupil])[pupil]
    if known is None or known.released is not None:
        return None
    return pupil if not differences(claim, identity_claim(office, reader, known)) else None


def open_requests(reader: Reader) -> Iterable[Case]:
    """The requests of other ledgers that nobody has answered here, the oldest first."""
    for case in cases_in(reader.connection, "origin", "requested"):
        if case.held is None:
            yield case
