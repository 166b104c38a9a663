"""What was signed and proven of a record goes with it to a third ledger, and to an inspector."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import ids, log
from ledger.errors import NotFound, Refused
from ledger.events.case import DossierDisclosed
from ledger.gradebook import enter_marks
from ledger.sheet import signed_by
from ledger.year_commands import decision
from ledger.year_lines import YearLine, write_years
from services.verification import print_verification, verification_answer
from signing import certificates
from signing.certificates import Purpose
from signing.jws import FileSigner
from signing.trust import TrustBundle, public_key
from signing.truststore import TrustStore
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.files import released_to_file
from tests.integration.transfer.forge import forger
from tests.integration.transfer.story import (
    FIRST_TERM,
    LAST_DAY,
    SECOND_TERM_LATER,
    TODAY,
    ask,
    at_receiver,
    case_of,
    cells,
    enter,
    let_go,
    post,
    rows,
    sealed,
    take_in,
)
from tests.integration.transfer.test_hops import SECOND_LEAVING, arrive, move
from tests.school import YEAR, class_of, enrol, numbered, register, sound
from transfer import by_file, inbox, message
from transfer.cases import all_cases
from transfer.checks import Report
from transfer.disclosing import disclose
from transfer.errors import CaseRefused, CheckFailed
from transfer.verifier import verify

NAME = "Thanh tra Lê Thị Hoa"
DAY = timedelta(days=1)


def teacher_of(side: Side, sides: Collection[Side], folder: Path) -> tuple[FileSigner, list[Side]]:
    """A teacher of `side` who can sign, and the sides with a trust bundle that knows of it."""
    now = datetime.now(UTC)
    span = {"not_before": now - DAY, "not_after": now + DAY}
    authority = certificates.make_authority("School board", **span)
    person = certificates.issue_seal(
        authority,
        common_name="Cô Lan",
        ledger_id=side.office.ledger.id,
        purpose=Purpose.PERSON,
        **span,
    )
    root = certificates.dump_pem([authority.certificate])
    bundle, key = side.office.trust.latest(), Ed25519PrivateKey.generate()
    ledgers = tuple(
        known.model_copy(update={"seal_root": known.seal_root + root})
        if known.id == side.office.ledger.id
        else known
        for known in bundle.ledgers
    )
    values = {name: getattr(bundle, name) for name in TrustBundle.model_fields}
    values |= {"version": 1, "signers": (public_key(key),), "threshold": 1, "ledgers": ledgers}
    store = TrustStore.create(folder / "trust", TrustBundle.model_validate(values), [key])
    return FileSigner(person.key, person.chain), [
        replace(known, office=replace(known.office, trust=store)) for known in sides
    ]


def at_school(side: Side, signer: FileSigner) -> UUID:
    """A pupil whose first term the teacher signed, sheet by sheet, and the school closed."""
    ledger = side.office.ledger
    leaver, *_ = class_of(ledger, 2)
    signing = partial(enter_marks, sign=signed_by(signer))
    sound(ledger.carry_out(signing, numbered(cells(leaver, "7A1", FIRST_TERM)), who=side.who))
    close = decision(
        kind="close_semester_1", subject=None, value=None, legal_ground=None, on=LAST_DAY
    )
    line = YearLine(pupil=leaver, school_year=YEAR, decide=close, needs_results=True, on=LAST_DAY)
    sound(ledger.carry_out(write_years, numbered([line]), who=side.who))
    return leaver


def told(report: Report, ledger: UUID) -> dict[str, list[str]]:
    """The states of a ledger's parts."""
    assert report.failure is None, report.failure
    found: dict[str, list[str]] = {}
    for evidence in report.evidence:
        if evidence.ledger == ledger:
            found.setdefault(evidence.part, []).append(evidence.state)
    return found


def show(side: Side, case: UUID) -> bytes:
    return disclose(side.office, case, to=NAME, now=datetime.now(UTC), today=TODAY, who=side.who)


def test_what_a_teacher_signed_is_proven_to_a_third_ledger_and_to_an_inspector(
    three: list[Side], tmp_path: Path
) -> None:
    signer, (first, second, third) = teacher_of(three[0], three, tmp_path)
    leaver, there = at_school(first, signer), at_receiver(second)
    to_second = ask(second, there, first)
    move(first, second, to_second, leaver=leaver, arrival=there)
    enter(second, there, "7B2", SECOND_TERM_LATER)
    here = arrive(third)
    to_third = ask(third, here, second, school="S5")
    post(second, sealed(third, to_third, "request"))
    let_go(second, to_third, there, last_day=SECOND_LEAVING)
    assert post(third, sealed(second, to_third, "dossier")).outcome == "done"
    origin = first.office.ledger.id
    proven = {
        "naming": ["signed"],
        "sheet": ["signed"] * len(FIRST_TERM),
        "closing": ["signed"],
    }
    arrived = inbox.reopen(third.office, to_third)
    assert told(arrived, origin) == proven
    trust = third.office.trust
    shown = [
        (show(first, to_second), to_second),
        (show(second, to_second), to_second),
        (show(second, to_third), to_third),
        (show(third, to_third), to_third),
    ]
    take_in(third, to_third, here)
    shown.append((show(third, to_third), to_third))
    for data, case in shown:
        report = verify(data, trust=trust)
        assert told(report, origin) == proven
        assert report.dossier is not None
        assert report.dossier.last_hop.root == case_of(second, case).root
        assert report.dossier.digest.value == case_of(second, case).digest


def disclosures(side: Side, case: UUID) -> list[log.Entry]:
    stream = ids.case_stream(side.office.ledger.id, case)
    with side.office.ledger.database.connection() as connection:
        entries = log.of_streams(connection, [stream], size=None)
    return [entry for entry in entries if isinstance(entry.event, DossierDisclosed)]


@pytest.fixture
def exported(provinces: Provinces) -> tuple[Provinces, UUID, bytes]:
    """A dossier that went by file, with its case at the origin."""
    leaver, *_ = class_of(provinces.origin.office.ledger, 1)
    enter(provinces.origin, leaver, "7A1", FIRST_TERM)
    case, data = released_to_file(provinces.origin, leaver, to=provinces.receiver)
    return provinces, case, data


def test_a_disclosure_is_logged_with_the_digest_and_without_a_name(
    exported: tuple[Provinces, UUID, bytes],
) -> None:
    provinces, case, _ = exported
    origin = provinces.origin
    data = show(origin, case)
    (entry,) = disclosures(origin, case)
    assert isinstance(entry.event, DossierDisclosed)
    assert entry.event.sha256 == sha256(data).hexdigest()
    assert NAME.encode() not in entry.body
    assert case_of(origin, case).state == "released"
    assert NAME.encode() not in data, "the name stands compressed, not in the header"


def test_an_inspector_reads_name_and_marks_of_a_disclosed_record_and_of_no_sealed_one(
    exported: tuple[Provinces, UUID, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    provinces, case, sealed_record = exported
    office = provinces.receiver.office
    report = verify(show(provinces.origin, case), trust=office.trust)
    record = verification_answer(office.trust, report)["record"]
    assert record["full_name"]
    (year,) = record["years"]
    marks = {one["subject"]: one["semesters"]["1"]["marks"] for one in year["subjects"]}
    assert marks["TOAN"]["GK"] is not None
    print_verification(office.trust, report, "vi")
    shown = capsys.readouterr().out
    assert f"Xuất trình cho: {NAME}" in shown
    assert record["full_name"] in shown
    sealed_report = verify(sealed_record, trust=office.trust, key=office.encryption)
    assert sealed_report.ok
    assert verification_answer(office.trust, sealed_report)["record"] is None


def test_a_disclosed_record_cannot_be_taken_in(exported: tuple[Provinces, UUID, bytes]) -> None:
    provinces, case, _ = exported
    data = show(provinces.origin, case)
    receiver = provinces.receiver
    with pytest.raises(Refused) as refused:
        by_file.import_dossier(
            receiver.office, data, pupil=None, new=True, today=TODAY, who=receiver.who
        )
    assert refused.value.code == "disclosed_form"
    assert post(receiver, data).outcome == "dead"
    assert rows(receiver, "SELECT 1 FROM ledger.decision") == []


def test_nothing_is_shown_of_a_transfer_in_which_nothing_went_or_came(
    provinces: Provinces,
) -> None:
    receiver = provinces.receiver
    case = ask(receiver, at_receiver(receiver), provinces.origin)
    with pytest.raises(CaseRefused):
        show(receiver, case)
    with pytest.raises(NotFound):
        show(receiver, UUID(int=7))
    assert disclosures(receiver, case) == []


def test_a_second_dossier_to_the_same_receiver_goes_on_from_the_log_it_saw(
    exported: tuple[Provinces, UUID, bytes],
) -> None:
    provinces, _, data = exported
    origin, receiver = provinces.origin, provinces.receiver
    bring = partial(by_file.import_dossier, receiver.office, today=TODAY, who=receiver.who)
    bring(data, pupil=None, new=True)
    (other,) = register(origin.office.ledger, ["P9"])
    enrol(origin.office.ledger, [other])
    _, second = released_to_file(origin, other, to=receiver)
    report = inbox.open_dossier(receiver.office, second, by_file=True)
    assert report.failure is None
    (shown,) = report.shown
    known = rows(receiver, "SELECT size FROM ledger.peer_checkpoint")
    assert [(size,) for size in shown.consistent_with] == known
    assert shown.checkpoint.size > shown.consistent_with[0]


Release = Callable[[dict[str, str]], None]


def test_the_same_receiver_refuses_a_second_release_of_what_it_took_in(
    exported: tuple[Provinces, UUID, bytes],
) -> None:
    """The origin makes a log in which the first release never was, and releases again."""
    provinces, _, data = exported
    origin, receiver = provinces.origin, provinces.receiver
    bring = partial(by_file.import_dossier, receiver.office, today=TODAY, who=receiver.who)
    _, pupil = bring(data, pupil=None, new=True)
    frame = message.read_frame(data)
    opened = message.parse(frame, message.unseal(frame, receiver.office.encryption))
    again = ids.uuid7()
    payload = {**opened.payload, "transfer_id": str(again)}
    made = forger(origin, receiver, payload)
    second = made.rebuilt(lambda _: None, release={"case": str(again)})
    with pytest.raises(CheckFailed) as failed:
        bring(made.frame(second), pupil=pupil, new=False)
    assert (failed.value.step, failed.value.code) == (13, "conflicting_copy")
    with receiver.office.ledger.database.connection() as connection:
        assert [case.state for case in all_cases(connection)] == ["accepted"]
