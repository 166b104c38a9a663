"""Lines of pupils and identifiers."""

from dataclasses import replace

from ledger.events.pupil import Place, PupilContacts, PupilProfile
from ledger.registration import AssignNumber, Number, RecordPupil
from services.importing import values
from services.importing.bearings import Bearings
from services.importing.line_keys import Cells

_NUMBERS = (("personal_id", "personal_id"), ("moet", "moet_code"), ("passport", "passport"))


def pupil(cells: Cells, at: Bearings) -> RecordPupil:
    """A pupil. The list gives no day, so the profile counts since ever: it can be read on every
    day the pupil is enrolled."""
    phone = cells["guardian_phone"]
    return RecordPupil(
        key=cells["pupil_key"],
        source=at.source,
        profile=_profile(cells),
        contacts=PupilContacts(guardian_phone=phone) if phone else None,
        numbers=tuple(
            Number(kind=values.number_kind(kind), value=values.number(kind, cells[column], column))
            for kind, column in _NUMBERS
            if cells[column]
        ),
        identity=values.identity_status(cells["identity_status"]),
        identity_checked_at=values.instant(cells["identity_checked_at"], "identity_checked_at"),
        identity_reason=cells["identity_reason"] or None,
        effective_on=values.SINCE_EVER,
    )


def listed_pupil(cells: Cells, at: Bearings) -> RecordPupil:
    """A pupil on a list that need not hold everything: of one on record an empty cell, or a column
    that the list does not have, leaves the field as it is."""
    return replace(pupil(cells, at), keeps=True)


def _profile(cells: Cells) -> PupilProfile:
    def place(what: str) -> Place:
        return Place(text=cells[f"{what}_text"] or None, code=cells[f"{what}_code"] or None)

    return PupilProfile(
        full_name=cells["full_name"],
        sort_name=cells["sort_name"] or None,
        birth_date=values.birth_date(cells["birth_date"]),
        sex=values.sex(cells["sex"]),
        ethnicity=cells["ethnicity"] or None,
        nationality=cells["nationality"] or None,
        birth_place=place("birth_place"),
        home_town=place("home_town"),
        residence=place("residence"),
        father_name=cells["father_name"] or None,
        mother_name=cells["mother_name"] or None,
        guardian_name=cells["guardian_name"] or None,
        disability=cells["disability"] or None,
        policy_category=cells["policy_category"] or None,
        register_number=cells["register_number"] or None,
    )


def identifier(cells: Cells, at: Bearings) -> AssignNumber:
    """One more number of a pupil, from its `valid_from` on, else since ever."""
    kind = values.number_kind(cells["kind"])
    return AssignNumber(
        pupil=at.pupil(cells["pupil_key"]),
        number=Number(
            kind=kind,
            value=values.number(kind, cells["value"], "value"),
            issuer=cells["issuer"] or None,
            valid_from=values.optional_day(cells["valid_from"], "valid_from"),
            valid_to=values.optional_day(cells["valid_to"], "valid_to"),
        ),
        effective_on=values.SINCE_EVER,
    )
