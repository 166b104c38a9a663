"""A list that need not hold everything, laid over the profile on record.

The ministry's lists and other templates have some of a profile's fields, and cells that nobody
filled in. What such a list does not say keeps its present value: it never empties a field.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ledger.events.pupil import Place, PupilContacts, PupilProfile
from ledger.identifiers import newest_profiles, opened
from ledger.reader import Reader


@dataclass(frozen=True, slots=True)
class Details:
    """What is on record about a pupil, in clear; a part is None where there is none, or where it
    was erased."""

    profile: PupilProfile | None
    contacts: PupilContacts | None


def details_of(reader: Reader, persons: Collection[UUID]) -> dict[UUID, Details]:
    """The newest details of each pupil's own record, opened."""
    newest = newest_profiles(reader, persons)
    entries = list(newest.values())
    statutory, voluntary = opened(reader, entries), opened(reader, entries, part="voluntary")
    return {
        person: Details(
            PupilProfile.model_validate(profile) if profile else None,
            PupilContacts.model_validate(contacts) if contacts else None,
        )
        for person, profile, contacts in zip(newest, statutory, voluntary, strict=True)
    }


def merge(present: Details, told: Details) -> Details:
    """`told` with what it leaves empty as it is at `present`. A kept sort name is that of the
    name on record: with another name it falls away. A place told in the same words keeps its
    code."""
    return Details(_profile(present.profile, told.profile), told.contacts or present.contacts)


def _profile(present: PupilProfile | None, told: PupilProfile | None) -> PupilProfile | None:
    if present is None or told is None:
        return told or present
    kept = {name: _value(getattr(present, name), getattr(told, name)) for name in _FIELDS}
    if told.sort_name is None and told.full_name != present.full_name:
        kept["sort_name"] = None
    return PupilProfile.model_validate(kept)


_FIELDS = tuple(PupilProfile.model_fields)


def _value(present: Any, told: Any) -> Any:
    if isinstance(told, Place):
        if told.text is None and told.code is None:
            return present
        same = told.text in (None, present.text) and told.code in (None, present.code)
        return present if same else told
    return present if told is None else told
