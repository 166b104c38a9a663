"""Signatures of sheets and closings, witnesses, and one log for everybody."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from signing.certificates import Purpose
from signing.jws import FileSigner
from signing.merkle import root_of
from signing.note import COSIGNATURE, NoteSigner
from signing.trust import Revocation
from signing.truststore import KnownBundles
from tests.dossiers import Payload, bundle_of, sealed, simple, trust_of
from tests.provinces import NOW, Province
from transfer import checks
from transfer.checks import Report
from transfer.dossier import Dossier
from transfer.message import Frame, Opened
from transfer.verifier import verify

pytestmark = pytest.mark.unit

YEAR = timedelta(days=365)
ORIGIN, RECEIVER = Province("31"), Province("22")
SIGNED = simple(ORIGIN, RECEIVER, signer=ORIGIN.teacher)
SIZE = SIGNED["hops"][0]["inclusion"]["index"] + 1


def check(payload: Payload, trust: KnownBundles | None = None) -> Report:
    return verify(
        sealed(payload, ORIGIN, RECEIVER),
        trust=trust or trust_of(ORIGIN, RECEIVER),
        key=RECEIVER.encryption,
        now=NOW,
    )


def outcome(report: Report) -> Any:
    """The failure, else how many parts are in which state."""
    if report.failure is not None:
        return report.failure.step, report.failure.code
    sheets = [found.state for found in report.evidence if found.part == "sheet"]
    return {state: sheets.count(state) for state in set(sheets)}


def signed_by(signer: FileSigner) -> Payload:
    """A fresh dossier whose sheets this signer signed."""
    return simple(ORIGIN, RECEIVER, signer=signer)


def person(**span: datetime) -> FileSigner:
    return ORIGIN.certified("Thầy Sơn", Purpose.PERSON, **span)


def test_what_a_teacher_signed_is_told_as_signed_and_by_whom() -> None:
    report = check(SIGNED)
    assert outcome(report) == {"signed": 6}
    assert {found.by for found in report.evidence if found.part == "sheet"} == {"Cô Lan"}
    assert [found.state for found in report.evidence if found.part == "closing"] == ["signed"]


def test_a_sheet_nobody_signed_is_told_as_unsigned_and_fails_nothing() -> None:
    assert outcome(check(simple(ORIGIN, RECEIVER))) == {"unsigned": 6}


@pytest.mark.parametrize(
    "signer",
    [
        ORIGIN.seal,
        RECEIVER.teacher,
        Province("31").teacher,
        person(not_after=datetime(2024, 1, 1, tzinfo=UTC)),
        person(not_before=datetime(2025, 1, 1, tzinfo=UTC)),
    ],
    ids=["a seal", "another ledger's", "a stranger's", "expired", "not yet valid"],
)
def test_a_sheet_signed_by_nobody_who_may_is_refused(signer: FileSigner) -> None:
    assert outcome(check(signed_by(signer))) == (11, "bad_sheet")


def changed(**sheet: Any) -> Payload:
    first, *rest = SIGNED["sheets"]
    return {**SIGNED, "sheets": [{**first, **sheet}, *rest]}


@pytest.mark.parametrize(
    "payload",
    [
        changed(signature=SIGNED["sheets"][1]["signature"]),
        changed(signature=SIGNED["closings"][0]["signature"]["value"]),
        changed(signature="bm8.bm8.bm8"),
        changed(signature=SIGNED["sheets"][0]["signature"][:-4]),
        changed(statement={**SIGNED["sheets"][0]["statement"], "ledger": str(RECEIVER.id)}),
        changed(index=1),
    ],
    ids=["another sheet's", "a closing's", "no JWS", "cut", "another ledger's", "another place"],
)
def test_a_false_signature_or_path_of_a_sheet_is_refused(payload: Payload) -> None:
    assert outcome(check(payload)) == (11, "bad_sheet")


def test_a_closing_under_a_false_signature_is_refused() -> None:
    (closing,) = SIGNED["closings"]
    signature = {**closing["signature"], "signed_at": "2025-01-01T00:00:00.000000Z"}
    payload = {**SIGNED, "closings": [{**closing, "signature": signature}]}
    assert outcome(check(payload)) == (11, "bad_sheet")


def revoking(signer: FileSigner, at: datetime, **bundle: Any) -> KnownBundles:
    serial = signer.chain[0].serial_number
    return trust_of(ORIGIN, RECEIVER, revoked=(Revocation(serial=f"{serial:x}", at=at),), **bundle)


def test_a_revocation_before_the_sheet_makes_its_signature_false() -> None:
    trust = revoking(ORIGIN.teacher, datetime(2024, 1, 1, tzinfo=UTC))
    assert outcome(check(SIGNED, trust)) == (11, "bad_sheet")


def test_a_later_revocation_costs_the_signature_its_worth_and_not_the_record() -> None:
    assert outcome(check(SIGNED, revoking(ORIGIN.teacher, NOW + YEAR))) == {"untimed": 6}


WITNESSES = [
    NoteSigner.generate("witness/a", kind=COSIGNATURE),
    NoteSigner.generate("witness/b", kind=COSIGNATURE),
    NoteSigner.generate("witness/c"),
]
KEYS = tuple(witness.verifier.vkey for witness in WITNESSES)


def witnessed(*signers: NoteSigner, at: datetime = NOW, payload: Payload = SIGNED) -> Payload:
    """The dossier with every checkpoint cosigned."""

    def cosigned(inclusion: Payload) -> Payload:
        size = int(inclusion["checkpoint"].split("\n")[1])
        return {**inclusion, "checkpoint": ORIGIN.checkpoint_note(size, signers=signers, at=at)}

    return {
        **payload,
        "hops": [{**hop, "inclusion": cosigned(hop["inclusion"])} for hop in payload["hops"]],
        "closings": [
            {**closing, "inclusion": cosigned(closing["inclusion"])}
            for closing in payload["closings"]
        ],
    }


@pytest.mark.parametrize(
    ("signers", "quorum", "sound"),
    [
        (WITNESSES[:2], 2, True),
        (WITNESSES[1:], 2, True),
        (WITNESSES[:1], 2, False),
        (WITNESSES[:1] * 3, 2, False),
        ([], 1, False),
        ([NoteSigner.generate("witness/a", kind=COSIGNATURE), WITNESSES[1]], 2, False),
        (WITNESSES, 3, True),
    ],
)
def test_as_many_witnesses_as_the_bundle_asks_for_must_have_signed(
    signers: list[NoteSigner], quorum: int, sound: bool
) -> None:
    trust = trust_of(ORIGIN, RECEIVER, witnesses=KEYS, quorum=quorum)
    found = outcome(check(witnessed(*signers), trust))
    assert found == ({"signed": 6} if sound else (10, "not_witnessed"))


def test_a_cosignature_of_another_checkpoint_or_time_is_none() -> None:
    trust = trust_of(ORIGIN, RECEIVER, witnesses=KEYS, quorum=1)
    payload = witnessed(WITNESSES[0])
    inclusion = payload["hops"][0]["inclusion"]
    text, line = inclusion["checkpoint"].rstrip("\n").rsplit("\n", 1)
    other = witnessed(WITNESSES[0], at=NOW + YEAR)["hops"][0]["inclusion"]["checkpoint"]
    stamp = other.rstrip("\n").rsplit("\n", 1)[1]
    for forged in (line[:-8] + "AAAAAAA=", stamp[:40] + line[40:]):
        inclusion["checkpoint"] = f"{text}\n{forged}\n"
        assert outcome(check(payload, trust)) == (10, "not_witnessed")


def test_a_foreign_bundle_asks_for_its_own_ledgers_only() -> None:
    ours = bundle_of(RECEIVER)[0]
    theirs = bundle_of(ORIGIN, witnesses=KEYS, quorum=1)[0]
    other = bundle_of(Province("01"), witnesses=KEYS, quorum=1)[0]
    assert outcome(check(SIGNED, KnownBundles([ours, bundle_of(ORIGIN)[0], other]))) == {
        "signed": 6
    }
    assert outcome(check(SIGNED, KnownBundles([ours, theirs]))) == (10, "not_witnessed")
    assert outcome(check(witnessed(WITNESSES[0]), KnownBundles([ours, theirs]))) == {"signed": 6}


def test_a_witnessed_checkpoint_proves_that_a_signature_is_older_than_a_revocation() -> None:
    policy: dict[str, Any] = {"witnesses": KEYS, "quorum": 2}
    payload = witnessed(*WITNESSES[:2])
    later = revoking(ORIGIN.teacher, NOW + YEAR, **policy)
    assert outcome(check(payload, later)) == {"signed": 6}
    before = revoking(ORIGIN.teacher, NOW - YEAR / 12, **policy)
    assert outcome(check(payload, before)) == {"untimed": 6}
    plain = witnessed(WITNESSES[1], WITNESSES[2])
    assert outcome(check(plain, later)) == {"untimed": 6}, "one witness told no time"


class Remembers:
    """A receiver that was shown some checkpoints before."""

    def __init__(self, roots: dict[int, bytes]) -> None:
        self.shown = roots

    def check_known(self, frame: Frame) -> None: ...

    def check_incarnation(self, sender: UUID, incarnation: int) -> None: ...

    def check_requested(self, opened: Opened) -> None: ...

    def roots(self, ledger: UUID, sizes: Collection[int], incarnation: int) -> dict[int, bytes]:
        assert (ledger, incarnation) == (ORIGIN.id, 1)
        return {size: root for size, root in self.shown.items() if size in sizes}

    def check_copies(self, dossier: Dossier) -> None: ...


def remembered(payload: Payload, roots: dict[int, bytes]) -> Report:
    return checks.verify_dossier(
        sealed(payload, ORIGIN, RECEIVER),
        trust=trust_of(ORIGIN, RECEIVER),
        key=lambda _: RECEIVER.encryption,
        receiver=RECEIVER.id,
        held=Remembers(roots),
        now=NOW,
    )


def root(size: int) -> bytes:
    """The origin's true root of a size."""
    return root_of(ORIGIN.leaves(size))


def tied(size: int) -> Payload:
    """The dossier with a proof from the log's prefix (or continuation) of another size."""
    first, second = sorted([size, SIZE])
    proof = ORIGIN.consistency(first, second).model_dump(mode="json")
    (hop,) = SIGNED["hops"]
    return {**SIGNED, "hops": [{**hop, "consistency": {**proof, "size": size}}]}


def test_one_size_has_one_root() -> None:
    assert outcome(remembered(SIGNED, {SIZE: root(SIZE)})) == {"signed": 6}
    assert outcome(remembered(SIGNED, {SIZE: b"\x01" * 32})) == (10, "rollback")


@pytest.mark.parametrize("size", [1, 2, SIZE - 1, SIZE + 1, SIZE + 5])
def test_a_log_goes_on_from_what_it_showed_before_in_either_direction(size: int) -> None:
    simple(ORIGIN, RECEIVER)
    report = remembered(tied(size), {size: root(size)})
    assert report.ok
    assert report.shown[0].consistent_with == (size,)
    assert outcome(remembered(tied(size), {size: b"\x01" * 32})) == (10, "rollback")


def test_a_false_proof_of_one_log_is_a_rollback() -> None:
    (hop,) = tied(2)["hops"]
    proof = {**hop["consistency"], "proof": ["00" * 32]}
    payload = {**SIGNED, "hops": [{**hop, "consistency": proof}]}
    assert outcome(remembered(payload, {2: root(2)})) == (10, "rollback")


def test_where_no_proof_of_a_size_known_here_travels_nothing_is_said_of_it() -> None:
    report = remembered(SIGNED, {2: b"\x01" * 32})
    assert report.ok
    assert report.shown[0].consistent_with == ()


def test_the_first_checkpoint_of_the_trust_bundle_is_one_to_go_on_from() -> None:
    for said, expected in ((root(2), {"signed": 6}), (b"\x01" * 32, (10, "rollback"))):
        first = ORIGIN.checkpoint_note(2, root=said)
        trusted = ORIGIN.trusted.model_copy(update={"first_checkpoint": first})
        ledgers = (trusted, RECEIVER.trusted)
        assert outcome(check(tied(2), trust_of(ledgers=ledgers))) == expected


def test_two_checkpoints_of_one_size_in_one_file_must_agree() -> None:
    (closing,) = SIGNED["closings"]
    forged = {**closing["inclusion"], "checkpoint": ORIGIN.checkpoint_note(SIZE, root=b"\x01" * 32)}
    payload = {**SIGNED, "closings": [{**closing, "inclusion": forged}]}
    assert outcome(check(payload)) == (10, "rollback")
