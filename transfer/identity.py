"""Who the pupil of a transfer is: what we say when we ask, what a dossier tells."""

from collections.abc import Sequence
from uuid import UUID

from ledger import ids, log
from ledger.case import Case
from ledger.envelope import DataKey, unseal
from ledger.events.case import IdentityClaim, RequestReceived
from ledger.events.pupil import (
    IdentifierAssigned,
    PupilDetailsChanged,
    PupilProfile,
    PupilRegistered,
)
from ledger.ledger import SealedPart
from ledger.log import Entry
from ledger.pupil import Pupil
from ledger.reader import Reader
from transfer.dossier import Dossier, ReadEntry
from transfer.errors import CaseRefused
from transfer.office import Office
from transfer.understanding import data_key


def identity_claim(office: Office, reader: Reader, pupil: Pupil) -> IdentityClaim:
    """Name, birth date, sex and numbers of our pupil, for a person at the origin to compare."""
    entries = log.of_streams(reader.connection, [pupil.id], size=reader.size)
    profiles = [e for e in entries if isinstance(e.event, PupilRegistered | PupilDetailsChanged)]
    numbers = [
        e for e in entries if isinstance(e.event, IdentifierAssigned) and e.event.kind != "local"
    ]
    clear = office.ledger.reveal(
        reader.connection, [_part(entry) for entry in [profiles[-1], *numbers]]
    )
    if clear[0] is None:
        raise CaseRefused("the pupil was erased; there is nobody to ask for")
    profile = PupilProfile.model_validate(clear[0])
    return IdentityClaim(
        full_name=profile.full_name,
        birth_date=profile.birth_date,
        sex=profile.sex,
        identifiers=tuple((n["kind"], n["value"]) for n in clear[1:] if n is not None),
    )


def claim_of(office: Office, reader: Reader, case: Case) -> IdentityClaim | None:
    """Whom the other side says it means in `case`; None by file, or where the person is erased."""
    stream = ids.case_stream(reader.ledger, case.id)
    topics = [RequestReceived.TOPIC]
    asked = log.of_streams(reader.connection, [stream], size=reader.size, topics=topics)
    if not asked:
        return None
    (clear,) = office.ledger.reveal(reader.connection, [_part(asked[0])])
    return None if clear is None else IdentityClaim.model_validate(clear)


def is_claimed(office: Office, reader: Reader, case: Case, pupil: UUID) -> bool:
    """Whether the request received in `case` claims a number that `pupil` bears here, or the
    pupil's name and birth date."""
    asked = claim_of(office, reader, case)
    found = reader.pupils([pupil])[pupil]
    if asked is None or found is None:
        return False
    bearers = reader.find(asked.identifiers).values()
    if any(pupil in persons for persons in bearers):
        return True
    ours = identity_claim(office, reader, found)
    return (ours.full_name, ours.birth_date) == (asked.full_name, asked.birth_date)


def differences(theirs: IdentityClaim, ours: IdentityClaim) -> tuple[str, ...]:
    """The fields in which two records of one pupil differ, for a person to look at.

    `identifiers` differ where both sides have a number of one kind and these are not the same.
    """
    fields = ("full_name", "birth_date", "sex")
    found = [name for name in fields if getattr(theirs, name) != getattr(ours, name)]
    kinds = {kind for kind, _ in theirs.identifiers} & {kind for kind, _ in ours.identifiers}
    common = set(theirs.identifiers) & set(ours.identifiers)
    if kinds - {kind for kind, _ in common}:
        found.append("identifiers")
    return tuple(found)


def carried_claim(dossier: Dossier, entries: Sequence[ReadEntry]) -> IdentityClaim | None:
    """Whom a dossier is about, by its newest profile and numbers; None where erased."""
    profile = carried_profile(dossier, entries)
    if profile is None:
        return None
    return IdentityClaim(
        full_name=profile.full_name,
        birth_date=profile.birth_date,
        sex=profile.sex,
        identifiers=tuple(carried_numbers(dossier, entries)),
    )


def _part(entry: Entry) -> SealedPart:
    sealed = entry.envelope.personal["statutory"]
    return SealedPart(sealed, entry.envelope.author, entry.stream.id, entry.envelope.topic)


def carried_profile(dossier: Dossier, entries: Sequence[ReadEntry]) -> PupilProfile | None:
    """The newest profile of the pupil in a dossier, opened with the keys it carries."""
    keys = _CarriedKeys(dossier)
    for entry in reversed(entries):
        if isinstance(entry.event, PupilRegistered | PupilDetailsChanged):
            clear = unseal(
                entry.envelope.personal["statutory"],
                author=entry.ledger,
                stream=entry.stream,
                topic=entry.envelope.topic,
                keys=keys,
            )
            if clear is not None:
                return PupilProfile.model_validate(clear)
    return None


def carried_numbers(dossier: Dossier, entries: Sequence[ReadEntry]) -> list[tuple[str, str]]:
    """The pupil's numbers in a dossier (not the sender's own keys), opened with its keys."""
    keys = _CarriedKeys(dossier)
    numbers = []
    for entry in entries:
        if isinstance(entry.event, IdentifierAssigned) and entry.event.kind != "local":
            clear = unseal(
                entry.envelope.personal["statutory"],
                author=entry.ledger,
                stream=entry.stream,
                topic=entry.envelope.topic,
                keys=keys,
            )
            if clear is not None:
                numbers.append((clear["kind"], clear["value"]))
    return numbers


class _CarriedKeys:
    """The keys of a dossier, for reading it."""

    def __init__(self, dossier: Dossier) -> None:
        self._keys = {key.key_id: data_key(key) for key in dossier.keys}

    def key(self, key_id: UUID) -> DataKey | None:
        """The key by id; None where it does not travel."""
        return self._keys.get(key_id)
