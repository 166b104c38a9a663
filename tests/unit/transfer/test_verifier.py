"""The offline verifier: what it needs, what it takes, what it says of what it could not check."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ledger.record import instant_text
from signing.note import Checkpoint, SignedNote
from signing.truststore import KnownBundles
from tests.dossiers import Payload, sealed, simple, store_of, trust_of
from tests.provinces import NOW, Province
from transfer import disclosure
from transfer.checks import STEPS, Report
from transfer.verifier import is_ours, verify

pytestmark = pytest.mark.unit

ORIGIN, RECEIVER = Province("31"), Province("22")
PAYLOAD = simple(ORIGIN, RECEIVER, signer=ORIGIN.teacher)
TRUST = trust_of(ORIGIN, RECEIVER)
SEALED = sealed(PAYLOAD, ORIGIN, RECEIVER)


def shown(payload: Payload = PAYLOAD, *, by: Province = ORIGIN, **changed: Any) -> bytes:
    """The disclosed form of a payload."""
    aud = {"inspector": "Thanh tra Lê Thị Hoa", "disclosed_at": instant_text(NOW)}
    return disclosure.write({**payload, "iss": str(by.id), "aud": aud, **changed}, by.seal)


def opened(data: bytes, trust: KnownBundles = TRUST) -> Report:
    return verify(data, trust=trust, key=RECEIVER.encryption, now=NOW)


def checked(report: Report) -> list[int]:
    return [step.n for step in report.steps if step.ok]


def reasons(report: Report) -> dict[int, str | None]:
    return {step.n: step.reason for step in report.steps if step.ok is None}


def failed(report: Report) -> tuple[int, str] | None:
    return (report.failure.step, report.failure.code) if report.failure else None


def test_a_sealed_record_with_its_key_is_checked_but_for_the_receivers_own_records() -> None:
    report = opened(SEALED)
    assert report.ok
    assert checked(report) == [1, *range(3, 13)]
    assert reasons(report) == {2: "no_records", 13: "no_records"}


def test_a_sealed_record_without_its_key_is_checked_outside_only() -> None:
    report = verify(SEALED, trust=TRUST, now=NOW)
    assert report.ok
    assert checked(report) == [1, 3]
    assert reasons(report) == {2: "no_records"} | dict.fromkeys(range(4, 14), "no_key")
    assert report.dossier is None


def test_a_key_is_looked_for_by_its_id() -> None:
    keys = {RECEIVER.encryption.key_id: RECEIVER.encryption}
    assert verify(SEALED, trust=TRUST, key=keys.get, now=NOW).dossier is not None
    assert verify(SEALED, trust=TRUST, key=ORIGIN.encryption, now=NOW).dossier is None


def test_a_disclosed_record_is_checked_by_anybody_without_a_key() -> None:
    report = verify(shown(), trust=TRUST, now=NOW)
    assert report.ok
    assert checked(report) == [1, 3, *range(5, 13)]
    assert reasons(report) == {2: "no_records", 4: "not_sealed", 13: "no_records"}
    assert [step.name for step in report.steps] == list(STEPS)


def test_the_receiver_can_show_what_it_was_sent_too() -> None:
    assert verify(shown(by=RECEIVER), trust=TRUST, now=NOW).ok


def test_a_stranger_to_the_record_cannot_show_it() -> None:
    third = Province("01")
    trust = trust_of(ORIGIN, RECEIVER, third)
    report = verify(shown(by=third), trust=trust, now=NOW)
    assert failed(report) == (8, "broken_custody_chain")


def test_a_record_that_was_sent_is_no_disclosed_one_once_taken_out_of_its_seal() -> None:
    report = verify(disclosure.write(PAYLOAD, ORIGIN.seal), trust=TRUST, now=NOW)
    assert failed(report) == (7, "wrong_addressee")


def test_a_disclosed_record_cannot_be_sealed_and_sent() -> None:
    aud = {"inspector": "Lê Thị Hoa", "disclosed_at": instant_text(NOW)}
    assert failed(opened(sealed({**PAYLOAD, "aud": aud}, ORIGIN, RECEIVER))) == (
        7,
        "wrong_addressee",
    )


@pytest.mark.parametrize(
    ("data", "step", "code"),
    [
        (shown()[:-1], 5, "decompression_limit"),
        (shown()[:60], 1, "malformed"),
        (b"HBD2" + shown()[4:], 1, "unsupported_version"),
        (shown().replace(b'"v":1', b'"v":2', 1), 1, "unsupported_version"),
        (shown().replace(b'"v":1', b'"v": 1', 1), 1, "malformed"),
        (shown(transfer_id=PAYLOAD["pupil"]), 8, "broken_custody_chain"),
        (shown().replace(str(ORIGIN.id).encode(), str(RECEIVER.id).encode(), 1), 6, None),
    ],
    ids=["short", "header cut", "later form", "later header", "spaced", "another case", "signer"],
)
def test_a_damaged_disclosed_record_is_refused(data: bytes, step: int, code: str | None) -> None:
    failure = verify(data, trust=TRUST, now=NOW).failure
    assert failure is not None
    assert failure.step == step
    assert code in (failure.code, None)


def test_a_file_that_is_nobodys_is_known_from_one_that_is_damaged() -> None:
    assert is_ours(SEALED)
    assert is_ours(shown())
    assert not is_ours(b"%PDF-1.7")
    assert failed(opened(b"%PDF-1.7")) == (1, "malformed")


def test_steps_after_a_failure_say_that_it_is_the_reason() -> None:
    report = opened(sealed({**PAYLOAD, "hops": []}, ORIGIN, RECEIVER))
    assert failed(report) == (5, "bad_json")
    assert set(reasons(report).values()) == {"no_records", "after_failure"}
    assert [step.n for step in report.steps] == list(range(1, 14))


def test_the_checkpoint_shown_is_the_one_in_the_file() -> None:
    report = opened(SEALED)
    note = SignedNote.parse(PAYLOAD["hops"][0]["inclusion"]["checkpoint"])
    assert report.shown[0].checkpoint == Checkpoint.parse(note.text)


WITHOUT = ("psycopg", "nats", "sqlalchemy", "eventsourcing", "psycopg_pool", "click", "rich")


def test_a_program_that_verifies_needs_no_database_and_no_server(tmp_path: Path) -> None:
    store_of(tmp_path / "trust", ORIGIN, RECEIVER)
    (tmp_path / "a.hbd").write_bytes(shown())
    program = f"""
import sys
from pathlib import Path
from signing.truststore import TrustStore
from transfer.verifier import verify
report = verify(Path({str(tmp_path / "a.hbd")!r}).read_bytes(),
                trust=TrustStore(Path({str(tmp_path / "trust")!r})))
assert report.ok, report.failure
found = [name for name in {WITHOUT!r} if name in sys.modules]
assert not found, found
"""
    root = str(Path(__file__).resolve().parents[3])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
