"""Writes the golden bytes: one stored entry for every topic, and the hashes above it.

Run `python -m tests.golden.make` after a topic was added: what is in the files already stays as it
is. `python -m tests.golden.make TOPIC...` writes those again, which is right only for a topic
that was never released. Randomness, keys and ids are fixed, so that the files are reproducible.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

from ledger import envelope, log, sheet
from ledger.envelope import DataKey
from ledger.event import CATEGORIES, Category, Event, Note, Provenance, Who
from ledger.events import (
    case,
    ministry,
    pupil,
    pupil_year,
    recovery,
    register,
    school_class,
    settings,
    staff,
    supplement,
    unit,
)
from signing import aead
from signing.note import Checkpoint, NoteSigner, sign_note

FOLDER = Path(__file__).parent
ENTRIES = FOLDER / "entries_v1.json"
HASHES = FOLDER / "hashes_v1.json"

LEDGER = UUID("019e0000-0000-7000-8000-000000000001")
OTHER_LEDGER = UUID("019e0000-0000-7000-8000-000000000002")
PUPIL = UUID("019e0000-0000-7000-8000-00000000000a")
OTHER_PUPIL = UUID("019e0000-0000-7000-8000-00000000000b")
CASE = UUID("019e0000-0000-7000-8000-00000000000c")
STREAM = UUID("019e0000-0000-5000-8000-00000000000d")
DAY = date(2025, 1, 15)
INSTANT = datetime(2025, 1, 15, 3, 0, 0, 123456, tzinfo=UTC)
WHO = Who(
    recorded_by="operator",
    on_behalf_of="GV1",
    provenance=Provenance(kind="file", name="marks.csv", sha256="ab" * 32),
)
NOTE = Note(text="Chép nhầm điểm")
PLACE = pupil.Place(text="Xã An Lão", code="11359")
PROFILE = pupil.PupilProfile(
    full_name="Nguyễn Thị Hoà",
    sort_name=None,
    birth_date="2012-03-04",
    sex="nu",
    ethnicity="Kinh",
    nationality="VN",
    birth_place=PLACE,
    home_town=PLACE,
    residence=PLACE,
    father_name="Nguyễn Văn An",
    mother_name=None,
    guardian_name=None,
    disability=None,
    policy_category=None,
    register_number="SDB-1",
)
TEACHER = staff.StaffProfile(
    full_name="Trần Văn Bình", birth_date="1980", sex="nam", personal_id="031080001234"
)
CLAIM = case.IdentityClaim(
    full_name="Nguyễn Thị Hoà",
    birth_date="2012-03-04",
    sex="nu",
    identifiers=(("personal_id", "031312004567"),),
)
REMEDY = staff.Remedy(remedy="đối chiếu giấy khai sinh", note=None)
FACTS: dict[type[Event], dict[str, Any]] = {
    unit.LedgerOpened: {
        "ledger_id": LEDGER,
        "name": "31",
        "province_code": "31",
        "province_name": "Hải Phòng",
    },
    unit.UnitOpened: {
        "code": "S1",
        "kind": "school",
        "name": "THCS Lê Lợi",
        "parent_code": "31",
        "levels": ("THCS", "THPT"),
    },
    unit.UnitChanged: {"code": "S1", "name": "THCS A", "parent_code": None, "levels": ()},
    unit.UnitClosed: {"code": "S1", "successor": "S2", "closed_on": DAY},
    unit.UnitRecoded: {"code": "S1", "new_code": "S1-NEW"},
    unit.ReportSubmitted: {
        "report": "headcount",
        "preset": "start_of_year",
        "unit_code": "S1",
        "school_year": "2024-2025",
        "on": DAY,
        "position": 41,
        "size": 42,
        "root": "ab" * 32,
        "digest": "sha256:" + "ef" * 32,
        "head": "GV1",
        "replaces": 0,
    },
    settings.RulesChosen: {
        "regulation": "TT43_2021",
        "school_year": "2024-2025",
        "strategy": "substitution",
        "subjects_at": (5, 5, 5),
        "source": "CV 1/SGDĐT",
    },
    settings.TermsDated: {
        "school_year": "2024-2025",
        "term_2_from": DAY,
        "summer_from": DAY,
        "source": "QĐ 1/UBND",
    },
    settings.DeadlineSet: {
        "report": "headcount",
        "preset": "start_of_year",
        "level": "THCS",
        "school_year": "2024-2025",
        "due_on": DAY,
        "source": "CV 2/SGDĐT",
    },
    settings.CommentPhraseSet: {"code": "N01", "subject": "TOAN", "text": "Nắm chắc kiến thức"},
    school_class.ClassOpened: {
        "code": "7A1",
        "school_code": "S1",
        "school_year": "2024-2025",
        "grade": 7,
        "name": "7A1",
        "programme": "GDPT2018",
        "gathering": "homeroom",
    },
    school_class.ClassChanged: {"grade": 7, "name": "7A2", "programme": "GDPT2018"},
    school_class.TeacherAssigned: {"subject": "TOAN", "staff_code": "GV1", "until": DAY},
    school_class.GradeSheetSubmitted: {
        "sheet": "7A1/TOAN/1/TX1/2025-01-15",
        "subject": "TOAN",
        "semester": 1,
        "slot": "TX1",
        "count": 45,
        "root": "cd" * 32,
        "signature": None,
    },
    school_class.ClassClosed: {"successors": ("7A2", "7A3")},
    school_class.ClassTurned: {
        "turn": CASE,
        "to_school_year": "2025-2026",
        "entries": 3,
        "promoted": 1,
        "retained": 0,
        "completed": 1,
        "waiting": 1,
    },
    school_class.ClassTurnUndone: {"turn": CASE, "retracted": 2, "kept": 0},
    school_class.MonthConfirmed: {"month": "2025-01", "present": 20, "absent": 1},
    staff.StaffRegistered: {
        "code": "GV1",
        "unit_code": "S1",
        "level": "THCS",
        "role": "teacher",
        "statutory": TEACHER,
    },
    staff.StaffChanged: {"unit_code": "S1", "level": None, "role": None, "statutory": TEACHER},
    staff.StaffIdentityChecked: {"status": "matched", "checked_at": INSTANT, "statutory": None},
    staff.StaffIdentityFollowedUp: {
        "cause": "name_differs",
        "due_on": DAY,
        "responsible": "GV2",
        "outcome": "open",
        "statutory": REMEDY,
    },
    staff.AccountOpened: {"name": "operator", "staff_code": "GV1"},
    staff.RoleGranted: {"role": "operator", "unit_code": None},
    pupil.PupilRegistered: {
        "pupil_id": PUPIL,
        "statutory": PROFILE,
        "voluntary": pupil.PupilContacts(guardian_phone="0912345678"),
    },
    pupil.PupilDetailsChanged: {"statutory": PROFILE, "voluntary": None},
    pupil.IdentifierAssigned: {
        "kind": "local",
        "valid_to": DAY,
        "statutory": pupil.Identifier(kind="local", value="P1", issuer="default"),
    },
    pupil.IdentityChecked: {"status": "mismatched", "checked_at": INSTANT, "statutory": NOTE},
    pupil.IdentityConflictFound: {"code": "number_of_another_pupil", "other": OTHER_PUPIL},
    pupil.IdentifierEnded: {
        "kind": "visa",
        "statutory": pupil.Identifier(kind="visa", value="V1", issuer=None),
    },
    pupil.IdentifierRestated: {
        "kind": "visa",
        "valid_to": DAY,
        "statutory": pupil.Identifier(kind="visa", value="V1", issuer="VN"),
    },
    pupil.IdentityFollowedUp: {
        "cause": "birth_date_differs",
        "due_on": None,
        "responsible": None,
        "outcome": "mended",
        "statutory": REMEDY,
    },
    pupil.ConfirmedDistinct: {"other": OTHER_PUPIL, "statutory": NOTE},
    pupil.HealthMeasured: {
        "statutory": pupil.Measurement(
            height_cm="109.5",
            weight_kg="17.2",
            position="standing",
            vision_left="10/10",
            vision_right=None,
            findings=None,
            notes="khám đầu năm",
        )
    },
    pupil.PresenceConfirmed: {
        "class_code": "L1",
        "month": "2025-01",
        "present": False,
        "last_seen_on": DAY,
    },
    pupil.ChangeRetracted: {"retracts": 4, "statutory": NOTE},
    pupil.PupilLinked: {
        "other": OTHER_PUPIL,
        "other_ledger": OTHER_LEDGER,
        "case": CASE,
        "statutory": None,
    },
    pupil.PupilUnlinked: {"other": OTHER_PUPIL, "statutory": NOTE},
    pupil.PupilEnrolled: {
        "kind": "mid_year",
        "school_code": "S1",
        "class_code": "7A1",
        "school_year": "2024-2025",
        "grade": 7,
        "programme": "GDPT2018",
        "statutory": NOTE,
    },
    pupil.SectionJoined: {
        "school_code": "S1",
        "class_code": "TIN-1",
        "school_year": "2024-2025",
        "until": DAY,
    },
    pupil.PupilStatusChanged: {
        "kind": "suspend",
        "school_code": "S1",
        "reason_code": "02",
        "statutory": NOTE,
    },
    pupil.Released: {
        "case": CASE,
        "to_ledger": OTHER_LEDGER,
        "to_school": "S9",
        "root": "ef" * 32,
        "entries": 12,
        "streams": ((PUPIL, 4), (STREAM, 8)),
        "digest": "sha256:" + "01" * 32,
        "last_day": DAY,
    },
    pupil.ReleaseUndone: {"case": CASE},
    pupil.CustodyRuled: {"case": CASE, "custodian": OTHER_LEDGER},
    pupil.PapersAccepted: {"case": CASE},
    pupil.TransferAccepted: {
        "case": CASE,
        "from_ledger": OTHER_LEDGER,
        "sender_pupil": OTHER_PUPIL,
        "root": "ef" * 32,
        "digest": "sha256:" + "01" * 32,
        "covered": (((OTHER_PUPIL, 4), (STREAM, 8)),),
    },
    pupil.SupplementDecided: {
        "case": CASE,
        "author": OTHER_LEDGER,
        "number": 2,
        "accepted": (CASE,),
        "refused": ((OTHER_PUPIL, "not_accepted"),),
    },
    pupil_year.PupilYearOpened: {
        "pupil_id": PUPIL,
        "school_year": "2024-2025",
        "grade": 7,
        "programme": "GDPT2018",
        "regulation": "TT22_2021",
        "school_code": "S1",
        "class_code": "7A1",
    },
    pupil_year.MarkEntered: {
        "school_code": "S1",
        "class_code": "7A1",
        "subject": "NGOAINGU1",
        "form": "score",
        "semester": 1,
        "slot": "TX1",
        "value": "8.0",
        "required": ("TX1", "TX2", "GK", "CK"),
        "components": (pupil_year.Component(name="nghe", value="7.0", weight=1),),
        "sheet": "7A1/NGOAINGU1/1/TX1/2025-01-15",
        "salt": "0f" * 16,
    },
    pupil_year.MarkCorrected: {
        "school_code": "S1",
        "subject": "TOAN",
        "semester": 1,
        "slot": "TX1",
        "value": "9.0",
        "old_value": "8.0",
        "corrects": 2,
        "statutory": NOTE,
    },
    pupil_year.CommentWritten: {
        "school_code": "S1",
        "subject": None,
        "time": "CN",
        "statutory": NOTE,
    },
    pupil_year.ConductAssessed: {"school_code": "S1", "period": "HK1", "level": "T"},
    pupil_year.AbsencesCounted: {
        "school_code": "S1",
        "period": "HK1",
        "excused": 3,
        "unexcused": 0,
    },
    pupil_year.PeriodClosed: {
        "period": "HK1",
        "regulation": "TT22_2021",
        "strategy": "removal_any_subject",
        "results": {"TOAN": "8.1", "GDTC": "Đ", "TINHOC": None},
        "missing": ("TINHOC/CK",),
        "study": None,
        "adjusted": False,
        "conduct": "T",
    },
    pupil_year.PeriodReopened: {"period": "HK1", "statutory": NOTE},
    pupil_year.YearDecision: {
        "kind": "reassess",
        "subject": "TOAN",
        "value": "5.0",
        "statutory": None,
    },
    pupil_year.QualityAssessed: {
        "school_code": "S1",
        "time": "CN",
        "item": "YEUNUOC",
        "level": "T",
    },
    pupil_year.SubjectExempted: {
        "subject": "GDTC",
        "period": "HK1",
        "part": "practice",
        "statutory": NOTE,
    },
    pupil_year.AssessmentAdapted: {
        "levels_asked": False,
        "left_out": ("NGOAINGU1",),
        "statutory": NOTE,
    },
    pupil_year.ElectivesChosen: {"subjects": ("HOAHOC", "VATLI")},
    pupil_year.MentionRecorded: {"kind": "award", "code": "outstanding", "statutory": NOTE},
    pupil_year.PaperYearOpened: {
        "pupil_id": PUPIL,
        "school_year": "2019-2020",
        "grade": 2,
        "programme": "GDPT2006",
        "regulation": "TT22_2016",
    },
    pupil_year.PaperResultTaken: {
        "kind": "mark",
        "subject": "TOAN",
        "form": "test",
        "semester": None,
        "slot": "KT_CN",
        "value": "9",
        "required": ("CN", "KT_CN"),
        "school_name": "TH Kim Đồng",
        "province_code": "30",
        "country": "VN",
        "scan_sha256": "12" * 32,
        "attested_by": "GV1",
        "checked_by": "GV2",
        "corrects": None,
        "statutory": None,
    },
    pupil_year.ExchangeRecordSent: {
        "exchange": "TTDLQG",
        "record": CASE,
        "event": "NEW",
        "record_version": 1,
        "digest": "sha256:" + "34" * 32,
    },
    pupil_year.Proposed: {
        "proposal": CASE,
        "topic": "ledger.ConductAssessed.v1",
        "facts": {"school_code": None, "period": "HK2", "level": "K"},
        "statutory": None,
    },
    case.ApplicationReceived: {
        "case": CASE,
        "pupil": PUPIL,
        "from_ledger": OTHER_LEDGER,
        "school_code": "S9",
        "first_day": DAY,
        "applicant": "guardian",
        "ground": "moved_house",
        "law": "TT15_2026",
        "due_on": DAY,
        "statutory": case.Application(
            applicant_name="Trần Thị Bà", documents=("Đơn xin chuyển trường",), text="Chuyển nhà"
        ),
    },
    case.ApplicationDecided: {
        "case": CASE,
        "decision": "refused",
        "number": "12/QĐ-THCS",
        "reason": "no_place",
        "statutory": NOTE,
    },
    case.IdentityConfirmed: {"case": CASE, "pupil": PUPIL, "differs": ("full_name", "sex")},
    case.TransferHeld: {"case": CASE, "document": "15/CV-TA", "statutory": NOTE},
    case.HoldLifted: {"case": CASE, "document": "16/CV-TA"},
    case.ReturnOffered: {
        "case": CASE,
        "returns": OTHER_PUPIL,
        "pupil": PUPIL,
        "to_ledger": OTHER_LEDGER,
        "their_pupil": OTHER_PUPIL,
        "reason": "withdrawn",
    },
    case.ReturnReceived: {
        "case": CASE,
        "returns": OTHER_PUPIL,
        "pupil": PUPIL,
        "from_ledger": OTHER_LEDGER,
        "their_pupil": OTHER_PUPIL,
    },
    case.RecallAsked: {"case": CASE, "reason": "wrong_pupil", "statutory": NOTE},
    case.RecallReceived: {"case": CASE, "from_ledger": OTHER_LEDGER, "reason": "wrong_pupil"},
    case.CancelReceived: {"case": CASE, "to_ledger": OTHER_LEDGER, "reason": "withdrawn"},
    case.TransferRequested: {
        "case": CASE,
        "from_ledger": OTHER_LEDGER,
        "pupil": PUPIL,
        "school_code": "S1",
        "encryption_key": "AAAA",
        "statutory": CLAIM,
    },
    case.RequestReceived: {
        "case": CASE,
        "to_ledger": OTHER_LEDGER,
        "their_pupil": OTHER_PUPIL,
        "school_code": "S9",
        "encryption_key": "AAAA",
        "statutory": CLAIM,
    },
    case.MoveRequested: {
        "case": CASE,
        "pupil": PUPIL,
        "from_school": "S1",
        "school_code": "S2",
        "class_code": "7B2",
    },
    case.MoveConsented: {"case": CASE},
    case.LeftForPaper: {
        "case": CASE,
        "pupil": PUPIL,
        "school_code": "S1",
        "last_day": date(2025, 2, 28),
        "abroad": True,
        "statutory": Note(text="Trường ở Berlin"),
    },
    case.CaseReleased: {
        "case": CASE,
        "pupil": PUPIL,
        "to_ledger": OTHER_LEDGER,
        "last_day": DAY,
        "root": "ef" * 32,
        "digest": "sha256:" + "01" * 32,
    },
    case.RequestDeclined: {"case": CASE, "reason": "already_released", "moved_to": OTHER_LEDGER},
    case.DossierReceived: {
        "case": CASE,
        "from_ledger": OTHER_LEDGER,
        "their_pupil": OTHER_PUPIL,
        "message": str(CASE),
        "payload_sha256": "23" * 32,
        "root": "ef" * 32,
        "digest": "sha256:" + "01" * 32,
        "entries": 12,
    },
    case.ProblemNoted: {
        "case": CASE,
        "message": str(CASE),
        "step": 7,
        "code": "bad_proof",
        "direction": "received",
    },
    case.DossierReissued: {"case": CASE, "issue": 2},
    case.ReceiptReceived: {"case": CASE, "payload_sha256": "23" * 32},
    case.CaseDecided: {
        "case": CASE,
        "decision": "rejected",
        "pupil": None,
        "digest": None,
        "reason": "not_expected",
        "statutory": NOTE,
    },
    supplement.SupplementAwaited: {
        "case": CASE,
        "author": OTHER_LEDGER,
        "proposals": (STREAM,),
    },
    supplement.AwaitedSupplementCame: {
        "case": CASE,
        "author": OTHER_LEDGER,
        "proposals": (STREAM,),
    },
    case.PeerRestored: {"case": CASE, "incarnation": 2, "issue": 3},
    case.CaseRestored: {
        "case": CASE,
        "told_by": OTHER_LEDGER,
        "side": "receiver",
        "state": "requested",
        "bound": "accepted",
        "pupil": PUPIL,
        "their_pupil": OTHER_PUPIL,
        "school_code": "S1",
        "first_day": DAY,
        "root": "01" * 32,
        "digest": "sha256:" + "01" * 32,
        "issue": 1,
        "returns": None,
        "reason": None,
    },
    recovery.RecoveryBegun: {"incarnation": 2, "signed_size": 812, "signed_root": "01" * 32},
    recovery.PeerIncarnationHeard: {"peer": OTHER_LEDGER, "incarnation": 2},
    recovery.RecoveryEnded: {
        "incarnation": 2,
        "restored": 12,
        "ruled": (("22", "12/QĐ-BGDĐT"),),
    },
    case.DecisionReceived: {
        "case": CASE,
        "decision": "accepted",
        "digest": "sha256:" + "01" * 32,
        "reason": None,
    },
    ministry.RulingReceived: {
        "case": CASE,
        "side": "receiver",
        "other_ledger": OTHER_LEDGER,
        "custodian": OTHER_LEDGER,
        "number": "12/QĐ-BGDĐT",
        "sha256": "45" * 32,
    },
    ministry.RulingDisputed: {
        "case": CASE,
        "custodian": LEDGER,
        "number": "13/QĐ-BGDĐT",
        "sha256": "67" * 32,
    },
    ministry.RegisterAsked: {"case": CASE, "told": "released"},
    ministry.RegisterAnswered: {
        "case": CASE,
        "answer": "conflict",
        "other_transfer": OTHER_PUPIL,
        "other_ledger": OTHER_LEDGER,
    },
    case.MessageReissued: {"case": CASE, "kind": "recall", "issue": 2, "code": "cannot_decrypt"},
    register.CustodyTold: {
        "token": "89" * 32,
        "transfer": CASE,
        "from_ledger": LEDGER,
        "to_ledger": OTHER_LEDGER,
        "root": "ef" * 32,
        "told": "released",
        "told_by": LEDGER,
    },
    register.RulingCounted: {"token": "89" * 32, "transfer": CASE, "custodian": OTHER_LEDGER},
    register.TransferNamed: {"transfer": CASE, "token": "89" * 32},
    register.RulingIssued: {
        "transfer": CASE,
        "origin": LEDGER,
        "receiver": OTHER_LEDGER,
        "custodian": OTHER_LEDGER,
        "number": "12/QĐ-BGDĐT",
        "ground": "receiver_dead",
        "sha256": "45" * 32,
    },
    case.DossierDisclosed: {"case": CASE, "sha256": "45" * 32, "statutory": NOTE},
    supplement.SupplementSent: {
        "case": CASE,
        "number": 2,
        "to_ledger": OTHER_LEDGER,
        "via": OTHER_PUPIL,
        "proposals": (CASE, OTHER_PUPIL),
    },
    supplement.SupplementReceived: {
        "case": CASE,
        "number": 2,
        "author": OTHER_LEDGER,
        "pupil": PUPIL,
        "their_pupil": OTHER_PUPIL,
        "message": str(CASE),
        "payload_sha256": "23" * 32,
        "proposals": (CASE, OTHER_PUPIL),
    },
    supplement.SupplementAnswered: {
        "case": CASE,
        "number": 2,
        "outcome": "failed",
        "code": "missing_entry",
    },
    supplement.MovedOn: {"case": CASE, "to_ledger": OTHER_LEDGER, "via": OTHER_PUPIL},
}
"""One example of every event; every optional field is set in some of them."""


class FixedKeys:
    """Two keys, one of each category, whoever it is about."""

    def __init__(self) -> None:
        self._keys = {
            category: DataKey(
                UUID(int=number),
                bytes([number]) * 32,
                aead.commitment(bytes([number]) * 32, UUID(int=number).bytes),
            )
            for number, category in enumerate(CATEGORIES, 1)
        }

    def key_for(self, person: UUID, category: Category) -> DataKey:
        """The category's key."""
        del person
        return self._keys[category]

    def key(self, key_id: UUID) -> DataKey | None:
        """The key by id."""
        return next((key for key in self._keys.values() if key.id == key_id), None)


@contextmanager
def no_chance(seed: str) -> Iterator[None]:
    """Random bytes that are the same every time, for each seed."""
    count = 0

    def fixed(size: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.shake_256(f"{seed}/{count}".encode()).digest(size)

    with patch("os.urandom", fixed), patch("secrets.token_bytes", fixed):
        yield


def examples() -> dict[str, Event]:
    """One event of every topic."""
    return {
        event.TOPIC: event.model_validate({"effective_on": DAY, **facts})
        for event, facts in FACTS.items()
    }


def stored(event: Event) -> dict[str, Any]:
    """An event with its stored bytes (canonical JSON, so they are text) and their hash."""
    with no_chance(event.TOPIC):
        prepared = envelope.encode(
            event, author=LEDGER, stream=STREAM, who=WHO, person=PUPIL, keys=FixedKeys()
        )
    return {
        "event": event.model_dump(mode="json"),
        "body": prepared.body.decode(),
        "entry_hash": prepared.entry_hash.hex(),
    }


def hashes() -> dict[str, Any]:
    """The record, leaf, checkpoint and sheet root of fixed inputs."""
    record = log.record(
        ledger=LEDGER,
        stream=STREAM,
        version=3,
        topic="ledger.MarkEntered.v1",
        origin=log.Origin(41, INSTANT),
        entry_hash=bytes(range(32)),
    )
    signer = NoteSigner(f"hocba/ledger/{LEDGER}", bytes(range(32)))
    checkpoint = Checkpoint(signer.name, 42, bytes(range(32)))
    marks = [(PUPIL, "8.0", "00" * 16), (OTHER_PUPIL, "Đ", "0f" * 16)]
    return {
        "record": record,
        "leaf": log.leaf(INSTANT, record).hex(),
        "checkpoint": {
            "vkey": signer.verifier.vkey,
            "note": sign_note(checkpoint.text(), [signer]),
        },
        "sheet_root": sheet.sheet_root("7A1", "TOAN", 1, "TX1", DAY, marks).hex(),
    }


def write(path: Path, made: dict[str, Any], replaced: Callable[[str], bool]) -> None:
    """Adds to a golden file what is new in `made`; replaces what is named."""
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for name, value in made.items():
        if name not in known or replaced(name):
            known[name] = value
    text = json.dumps(dict(sorted(known.items())), ensure_ascii=False, indent=1)
    path.write_text(text + "\n", "utf-8")


def main(names: list[str]) -> None:
    """Writes both files; see the module."""
    made = {topic: stored(event) for topic, event in examples().items()}
    write(ENTRIES, made, names.__contains__)
    write(HASHES, hashes(), names.__contains__)


if __name__ == "__main__":
    main(sys.argv[1:])
