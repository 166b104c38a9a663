"""A ruling counts when an arbiter of the ministry of our own bundle signed it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing import canonical, jws
from signing.certificates import Authority, Purpose, dump_pem, issue_seal, make_authority
from signing.jws import FileSigner
from signing.note import NoteSigner
from signing.sealing import KeyPair
from signing.trust import EncryptionKey, Label, LedgerTrust, Revocation, TrustBundle, public_key
from signing.truststore import TrustStore
from transfer.errors import CheckFailed
from transfer.rulings import MAX_STATEMENT, Ruling, sign_ruling, verify_ruling

pytestmark = pytest.mark.unit

NOW = datetime(2026, 9, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MINISTRY, ORIGIN, RECEIVER = UUID(int=1), UUID(int=2), UUID(int=3)
SPAN = {"not_before": NOW - DAY, "not_after": NOW + DAY}
ROOTS = {
    ledger: make_authority(f"Root {ledger.int}", **SPAN) for ledger in (MINISTRY, ORIGIN, RECEIVER)
}
RULING = Ruling(
    v=1,
    kind="ruling",
    transfer_id=UUID(int=9),
    origin=ORIGIN,
    receiver=RECEIVER,
    custodian=ORIGIN,
    number="12/QĐ-BGDĐT",
    issued_at=NOW,
)


def signer(
    root: Authority = ROOTS[MINISTRY],
    ledger: UUID = MINISTRY,
    purpose: Purpose = Purpose.ARBITER,
) -> FileSigner:
    credential = issue_seal(root, common_name="x", ledger_id=ledger, purpose=purpose, **SPAN)
    return FileSigner(credential.key, credential.chain)


def trusted(ledger: UUID) -> LedgerTrust:
    return LedgerTrust(
        id=ledger,
        name=f"L{ledger.int}",
        labels=(Label(name="x", code="x", start=date(2025, 7, 1)),),
        checkpoint_key=NoteSigner.generate(f"example/{ledger.int}").verifier.vkey,
        seal_root=dump_pem([ROOTS[ledger].certificate]),
        nats_account=f"A{ledger.int}",
        encryption_key=EncryptionKey.of(KeyPair.generate().public_bytes()),
        incarnation=1,
        first_checkpoint=None,
    )


def store(folder: Path, **changes: Any) -> TrustStore:
    key = Ed25519PrivateKey.generate()
    values: dict[str, Any] = {
        "version": 1,
        "issued_at": NOW,
        "ledgers": tuple(map(trusted, ROOTS)),
        "witnesses": (),
        "quorum": 0,
        "revoked": (),
        "signers": (public_key(key),),
        "threshold": 1,
        "ministry": MINISTRY,
    }
    return TrustStore.create(folder, TrustBundle.model_validate(values | changes), [key])


@pytest.fixture
def trust(tmp_path: Path) -> TrustStore:
    return store(tmp_path / "trust")


def refused(data: bytes, trust: TrustStore, code: str) -> None:
    with pytest.raises(CheckFailed) as caught:
        verify_ruling(data, trust)
    assert caught.value.code == code


def test_a_ruling_comes_back_from_its_file(trust: TrustStore) -> None:
    assert verify_ruling(sign_ruling(RULING, signer()), trust) == RULING


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: signer(ROOTS[ORIGIN], ORIGIN), "untrusted_signer"),
        (lambda: signer(ROOTS[ORIGIN]), "untrusted_signer"),
        (lambda: signer(ledger=ORIGIN), "untrusted_signer"),
        (lambda: signer(purpose=Purpose.SEAL), "wrong_purpose"),
    ],
    ids=["a party's arbiter", "another root", "another ledger", "a seal"],
)
def test_nobody_but_an_arbiter_of_the_ministry_rules(
    trust: TrustStore, make: Callable[[], FileSigner], code: str
) -> None:
    refused(sign_ruling(RULING, make()), trust, code)


def test_a_second_signature_of_a_stranger_spoils_it(trust: TrustStore) -> None:
    both = jws.sign(RULING.encode(), [signer(), signer(ROOTS[ORIGIN], ORIGIN)])
    refused(both, trust, "untrusted_signer")


def test_where_the_bundle_names_no_ministry_nobody_rules(tmp_path: Path) -> None:
    refused(sign_ruling(RULING, signer()), store(tmp_path / "t", ministry=None), "unknown_sender")


def test_a_revoked_arbiter_does_not_rule_backdated_either(tmp_path: Path) -> None:
    arbiter = signer()
    serial = f"{arbiter.chain[0].serial_number:x}"
    later = Revocation(serial=serial, at=NOW + DAY)
    refused(sign_ruling(RULING, arbiter), store(tmp_path / "t", revoked=(later,)), "revoked_signer")


def test_a_ruling_of_a_time_without_certificate_is_untimed(trust: TrustStore) -> None:
    late = RULING.model_copy(update={"issued_at": NOW + 2 * DAY})
    refused(sign_ruling(late, signer()), trust, "untimed_signature")


@pytest.mark.parametrize(
    "change",
    [
        {"custodian": str(MINISTRY)},
        {"receiver": str(ORIGIN)},
        {"kind": "accept"},
        {"v": 2},
        {"v": True},
        {"number": ""},
        {"number": " 1"},
        {"more": 1},
        {"issued_at": "2026-09-01T00:00:00Z"},
        {"issued_at": None},
        {"issued_at": 1788220800},
        {"origin": str(ORIGIN).upper() + " "},
    ],
)
def test_a_signed_statement_that_is_no_ruling_is_refused(
    trust: TrustStore, change: dict[str, Any]
) -> None:
    payload = canonical.loads(RULING.encode()) | change
    refused(jws.sign(canonical.dumps(payload), [signer()]), trust, "bad_json")


def test_other_bytes_are_refused(trust: TrustStore) -> None:
    data = sign_ruling(RULING, signer())
    for other, code in (
        (b"", "malformed"),
        (b"HBT1", "malformed"),
        (data[:-1], "malformed"),
        (data.replace(b'"signature":"', b'"signature":"AAAA', 1), "bad_signature"),
        (jws.sign(b"[]", [signer()]), "bad_json"),
        (jws.sign(b"x", [signer()]), "bad_json"),
        (jws.sign(b"1" * (MAX_STATEMENT + 1), [signer()]), "too_large"),
    ):
        refused(other, trust, code)
