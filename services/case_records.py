"""The two records of a transfer side by side ("Đúng học sinh này?"), and who else may be meant.

Personal: shown to the person who decides, and kept nowhere.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from ledger import enrolment
from ledger.case import Case
from ledger.errors import NotFound
from ledger.events.case import IdentityClaim
from ledger.events.pupil import PupilProfile
from ledger.identifiers import Bearing, borne_by, profiles_of
from ledger.pupil import Pupil
from ledger.reader import Reader
from projections.history import FoldEntry, fold_history
from projections.roster import chosen_key
from transfer import inbox
from transfer.cases import require_case
from transfer.checks import Report
from transfer.errors import CaseRefused, CheckFailed
from transfer.identity import carried_claim, carried_profile, claim_of
from transfer.matching import Candidate, candidates, open_requests
from transfer.office import Office

FIELDS = (
    *("full_name", "birth_date", "sex", "identifiers"),
    *("father_name", "mother_name", "guardian_name", "last_class"),
)
"""What a person compares. `identifiers` are [kind, value], without any school's own keys."""
_PARENTS = ("father_name", "mother_name", "guardian_name")


def compare(office: Office, case_id: UUID, pupil: UUID | None) -> dict[str, Any]:
    """{case, side, theirs, ours, differs, candidates}: theirs is the claim of a request, or the
    dossier that is here; ours the pupil named, else the case's. Either is None where unknown.

    Raises:
        NotFound: `unknown_case`, `unknown_pupil`.
    """
    report = _dossier(office, case_id)
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        case = require_case(reader, case_id)
        claim = _claim(office, reader, case, report)
        theirs = _theirs(claim, report)
        whom = pupil or case.pupil
        ours = own_record(reader, whom) if whom is not None else None
        found = candidates(reader, {case_id: claim}) if claim is not None else {}
        return {
            "case": str(case_id),
            "side": case.side,
            "pupil": str(whom) if whom else None,
            "theirs": theirs,
            "ours": ours,
            "differs": _differing(theirs, ours),
            "candidates": [shown(reader, one) for one in found.get(case_id, ())],
        }


def _dossier(office: Office, case_id: UUID) -> Report | None:
    """The dossier that waits for a decision, opened again; None where there is none."""
    try:
        return inbox.reopen(office, case_id)
    except (CaseRefused, CheckFailed):
        return None


def _claim(
    office: Office, reader: Reader, case: Case, report: Report | None
) -> IdentityClaim | None:
    if report is not None and report.dossier is not None:
        return carried_claim(report.dossier, report.entries)
    return claim_of(office, reader, case) if case.side == "origin" else None


def _theirs(claim: IdentityClaim | None, report: Report | None) -> dict[str, Any] | None:
    if claim is None:
        return None
    known: dict[str, Any] = dict.fromkeys(FIELDS)
    known |= claim.model_dump(include={"full_name", "birth_date", "sex"})
    known["identifiers"] = _numbers(claim.identifiers)
    if report is not None and report.dossier is not None:
        profile = carried_profile(report.dossier, report.entries)
        if profile is not None:
            known |= {name: getattr(profile, name) for name in _PARENTS}
        entries = [FoldEntry(e.ledger, e.stream, e.version, e.event) for e in report.entries]
        on = report.dossier.digest.on
        known["last_class"] = _last_class(
            fold_history(entries, pupil=report.dossier.pupil, on=on).own
        )
    return known


def own_record(reader: Reader, pupil: UUID) -> dict[str, Any]:
    """Our own record as it is compared. Raises NotFound(`unknown_pupil`)."""
    state = reader.pupils([pupil])[pupil]
    if state is None:
        raise NotFound("unknown_pupil", "no pupil is on record under this key")
    known: dict[str, Any] = dict.fromkeys(FIELDS)
    profile = profiles_of(reader, [pupil]).get(pupil)
    if profile is not None:
        known |= _profile(profile)
    borne = [b for b in borne_by(reader, [pupil]).get(pupil, ()) if b.kind != "local"]
    known["identifiers"] = _numbers([(bearing.kind, bearing.value) for bearing in borne])
    known["last_class"] = _last_class(state)
    known["grade"] = state.changes[-1].grade if state.changes else None
    return known


def _profile(profile: PupilProfile) -> dict[str, Any]:
    names = ("full_name", "birth_date", "sex", *_PARENTS)
    return {name: getattr(profile, name) for name in names}


def _numbers(numbers: Any) -> list[list[str]]:
    return sorted([kind, value] for kind, value in numbers)


def _last_class(pupil: Pupil) -> str | None:
    stays = [change for change in pupil.changes if change.kind in enrolment.ENTRIES]
    last = max(stays, key=lambda change: (change.on, change.seq), default=None)
    return last.class_code if last is not None else None


def _differing(theirs: Mapping[str, Any] | None, ours: Mapping[str, Any] | None) -> list[str]:
    """The fields that both sides state, and not alike. The class is another one by nature."""
    if theirs is None or ours is None:
        return []
    names = [name for name in FIELDS if name not in ("identifiers", "last_class")]
    found = [n for n in names if theirs[n] and ours[n] and theirs[n] != ours[n]]
    here, there = dict(ours["identifiers"]), dict(theirs["identifiers"])
    common = {tuple(n) for n in ours["identifiers"]} & {tuple(n) for n in theirs["identifiers"]}
    if (here.keys() & there.keys()) - {kind for kind, _ in common}:
        found.append("identifiers")
    return found


def shown(reader: Reader, candidate: Candidate) -> dict[str, Any]:
    """A suggestion: {pupil_id, pupil_key, full_name, birth_date, last_class, shares, released}."""
    state = reader.pupils([candidate.pupil])[candidate.pupil]
    profile = profiles_of(reader, [candidate.pupil]).get(candidate.pupil)
    borne = borne_by(reader, [candidate.pupil]).get(candidate.pupil, ())
    return {
        "pupil_id": str(candidate.pupil),
        "pupil_key": _own_key(borne),
        "full_name": profile.full_name if profile else None,
        "birth_date": profile.birth_date if profile else None,
        "last_class": _last_class(state) if state else None,
        "shares": list(candidate.shares),
        "released": state is not None and state.released is not None,
    }


def pupil_keys(office: Office, answers: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The school's own keys of the pupils that answers name by id, where they have one."""
    ids = {UUID(answer["pupil"]) for answer in answers if answer["pupil"]}
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        borne = borne_by(reader, sorted(ids))
    return {str(pupil): key for pupil, known in borne.items() if (key := _own_key(known))}


def _own_key(borne: Iterable[Bearing]) -> str | None:
    local = [{"kind": b.kind, "value": b.value, "issuer": b.issuer} for b in borne]
    return chosen_key([one for one in local if one["kind"] == "local"])


def suggestions(office: Office) -> dict[str, list[dict[str, Any]]]:
    """By case, the pupils of ours who may be meant in a request that nobody has answered."""
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        claims = {}
        for case in open_requests(reader):
            claim = claim_of(office, reader, case)
            if claim is not None:
                claims[case.id] = claim
        found = candidates(reader, claims)
        return {str(case): [shown(reader, one) for one in known] for case, known in found.items()}
