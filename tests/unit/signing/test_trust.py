"""A trust bundle counts when enough pinned keys signed it, and never goes back."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from signing import canonical
from signing.certificates import dump_pem, make_authority
from signing.errors import TrustError
from signing.note import NoteSigner
from signing.sealing import KeyPair
from signing.trust import (
    EncryptionKey,
    Label,
    LedgerTrust,
    Revocation,
    TrustBundle,
    public_key,
    sign_bundle,
    verify_bundle,
)
from signing.truststore import TrustStore

pytestmark = pytest.mark.unit

NOW = datetime(2025, 9, 1, tzinfo=UTC)
KEYS = [Ed25519PrivateKey.generate() for _ in range(3)]
PUBLIC = tuple(map(public_key, KEYS))
ROOT = make_authority("Root", not_before=NOW, not_after=NOW + timedelta(days=1))


def ledger(number: int, name: str | None = None) -> LedgerTrust:
    label = name or str(number)
    return LedgerTrust(
        id=UUID(int=number),
        name=label,
        labels=(
            Label(name="old", code="33", start=date(2000, 1, 1)),
            Label(name="new", code="31", start=date(2025, 7, 1)),
        ),
        checkpoint_key=NoteSigner.generate(f"example/{label}").verifier.vkey,
        seal_root=dump_pem([ROOT.certificate]),
        nats_account=f"A{number}{label}",
        encryption_key=EncryptionKey.of(KeyPair.generate().public_bytes()),
        incarnation=1,
        first_checkpoint=None,
    )


def bundle(**changes: Any) -> TrustBundle:
    values: dict[str, Any] = {
        "version": 1,
        "issued_at": NOW,
        "ledgers": (ledger(31), ledger(22)),
        "witnesses": (),
        "quorum": 0,
        "revoked": (),
        "signers": PUBLIC,
        "threshold": 2,
    }
    return TrustBundle.model_validate(values | changes)


BUNDLE = bundle()


def check(data: bytes, *, threshold: int = 2, not_older_than: int = 1) -> TrustBundle:
    return verify_bundle(data, root_keys=PUBLIC, threshold=threshold, not_older_than=not_older_than)


def refused(data: bytes, code: str, **arguments: int) -> None:
    with pytest.raises(TrustError) as caught:
        check(data, **arguments)
    assert caught.value.code == code


def test_a_bundle_comes_back_from_its_file() -> None:
    data = sign_bundle(BUNDLE, KEYS[:2])
    assert check(data) == BUNDLE
    assert canonical.dumps(json.loads(data)) == data
    assert '"from":"2025-07-01"' in data.decode()


def test_a_bundle_from_before_there_was_a_ministry_keeps_its_bytes() -> None:
    data = sign_bundle(BUNDLE, KEYS[:2])
    assert set(json.loads(data)["bundle"]) == {
        "version", "issued_at", "ledgers", "witnesses", "quorum", "revoked", "signers", "threshold",
    }  # fmt: skip
    assert check(data).ministry is None


def test_a_bundle_names_its_ministry_by_the_ledger_s_id() -> None:
    named = bundle(ministry=UUID(int=22))
    data = sign_bundle(named, KEYS[:2])
    assert json.loads(data)["bundle"]["ministry"] == str(UUID(int=22))
    assert check(data) == named
    with pytest.raises(ValidationError, match="none of the bundle"):
        bundle(ministry=UUID(int=23))


def test_a_second_ministry_is_refused() -> None:
    first = BUNDLE.with_ledger(ledger(1), issued_at=NOW, ministry=True)
    assert first.ministry == UUID(int=1)
    assert first.with_ledger(ledger(2), issued_at=NOW).ministry == UUID(int=1)
    with pytest.raises(TrustError) as caught:
        first.with_ledger(ledger(2), issued_at=NOW, ministry=True)
    assert caught.value.code == "conflict"


def test_only_our_own_bundle_names_the_ministry(tmp_path: Path) -> None:
    TrustStore.create(tmp_path / "ours", BUNDLE, KEYS[:2])
    TrustStore.create(tmp_path / "theirs", bundle(ministry=UUID(int=22)), KEYS[:2])
    assert TrustStore(tmp_path / "ours", tmp_path / "theirs").ministry() is None
    found = TrustStore(tmp_path / "theirs", tmp_path / "ours").ministry()
    assert found is not None
    assert found.id == UUID(int=22)


def test_the_threshold_counts_different_pinned_keys() -> None:
    refused(sign_bundle(BUNDLE, KEYS[:1]), "not_signed")
    refused(sign_bundle(BUNDLE, [KEYS[0], KEYS[0]]), "not_signed")
    refused(sign_bundle(BUNDLE, [KEYS[0], Ed25519PrivateKey.generate()]), "not_signed")
    refused(sign_bundle(BUNDLE, []), "malformed", threshold=0)


def test_a_bundle_cannot_name_the_keys_that_sign_it() -> None:
    strange = Ed25519PrivateKey.generate()
    own = bundle(signers=(public_key(strange),), threshold=1)
    refused(sign_bundle(own, [strange]), "not_signed")


def test_an_older_version_is_refused() -> None:
    data = sign_bundle(BUNDLE, KEYS)
    refused(data, "rollback", not_older_than=2)


def test_an_altered_bundle_is_refused() -> None:
    data = json.loads(sign_bundle(BUNDLE, KEYS))
    data["bundle"]["version"] = 2
    refused(canonical.dumps(data), "not_signed")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"bundle":{}}',
        b'{"bundle":[],"signatures":[]}',
        b'{"bundle":{},"signatures":[1]}',
        b'{"bundle":{},"signatures":[{"key_id":1,"signature":""}]}',
        b'{"bundle":{},"bundle":{},"signatures":[]}',
    ],
)
def test_a_file_of_another_form_is_refused(data: bytes) -> None:
    refused(data, "malformed")


def truly_signed(body: dict[str, Any]) -> bytes:
    message = b"hocba.trust/1\x00" + canonical.dumps(body)
    entries = json.loads(sign_bundle(BUNDLE, KEYS))["signatures"]
    signatures = [
        {"key_id": entry["key_id"], "signature": base64.b64encode(key.sign(message)).decode()}
        for key, entry in zip(KEYS, entries, strict=True)
    ]
    return canonical.dumps({"bundle": body, "signatures": signatures})


@pytest.mark.parametrize(
    "changes",
    [
        {"surprise": 1},
        {"version": "1"},
        {"issued_at": "2025-09-01T00:00:00+00:00"},
        {"ministry": None},
    ],
)
def test_a_truly_signed_bundle_of_another_form_is_refused(changes: dict[str, Any]) -> None:
    body = BUNDLE.body()
    assert check(truly_signed(body)) == BUNDLE
    refused(truly_signed(body | changes), "malformed")


@pytest.mark.parametrize(
    "changes",
    [
        {"ledgers": (ledger(31), ledger(31, "other"))},
        {"ledgers": (ledger(31), ledger(22, "31"))},
        {"threshold": 4},
        {"threshold": 0},
        {"quorum": 1},
        {"version": 0},
        {"signers": (PUBLIC[0], PUBLIC[0])},
        {"signers": ("AAAA",)},
        {"signers": ("????",)},
        {"witnesses": ("nonsense",)},
        {"issued_at": NOW.replace(tzinfo=None)},
        {"issued_at": NOW.astimezone(timezone(timedelta(hours=7)))},
        {"revoked": ({"serial": "XYZ", "at": NOW},)},
    ],
)
def test_an_incoherent_bundle_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        bundle(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "has space"},
        {"name": ""},
        {"seal_root": "not pem"},
        {"checkpoint_key": "not a key"},
        {"nats_account": "a.b"},
        {"incarnation": 0},
        {"encryption_key": {"key_id": "0" * 32, "public": "AAAA"}},
    ],
)
def test_an_incoherent_ledger_cannot_be_made(changes: dict[str, Any]) -> None:
    values = ledger(31).model_dump()
    with pytest.raises(ValidationError):
        LedgerTrust.model_validate(values | changes)


def test_ledgers_are_found_by_id_and_by_name() -> None:
    assert BUNDLE.by_id(UUID(int=31)).name == "31"
    assert BUNDLE.by_name("22").id == UUID(int=22)
    with pytest.raises(TrustError) as by_id:
        BUNDLE.by_id(UUID(int=1))
    with pytest.raises(TrustError) as by_name:
        BUNDLE.by_name("1")
    assert by_id.value.code == by_name.value.code == "unknown_ledger"


def test_a_label_is_that_of_its_day() -> None:
    known = ledger(31)
    assert known.label_on(date(1999, 1, 1)) is None
    days = (date(2025, 6, 30), date(2025, 7, 1))
    labels = [known.label_on(day) for day in days]
    assert [label and label.code for label in labels] == ["33", "31"]
    assert known.verifier().vkey == known.checkpoint_key
    assert EncryptionKey.of(known.encryption_key.public_bytes()) == known.encryption_key


def test_the_earliest_revocation_counts() -> None:
    later = Revocation(serial="ff", at=NOW + timedelta(days=1))
    earlier = Revocation(serial="ff", at=NOW)
    assert bundle(revoked=(later, earlier)).revocations() == {255: NOW}


def test_a_ledger_more_is_a_new_version_and_a_name_is_never_reused() -> None:
    grown = BUNDLE.with_ledger(ledger(1), issued_at=NOW)
    assert (grown.version, len(grown.ledgers)) == (2, 3)
    for taken in (ledger(31, "new"), ledger(1, "31")):
        with pytest.raises(TrustError) as caught:
            BUNDLE.with_ledger(taken, issued_at=NOW)
        assert caught.value.code == "conflict"


def test_a_store_keeps_the_newest_version(tmp_path: Path) -> None:
    store = TrustStore.create(tmp_path / "trust", BUNDLE, KEYS)
    assert store.latest() == BUNDLE
    grown = store.add_ledger(ledger(1), KEYS, issued_at=NOW)
    again = TrustStore(tmp_path / "trust")
    assert again.latest() == grown
    assert again.by_name("1").id == UUID(int=1)
    assert again.by_id(UUID(int=22)).name == "22"
    assert check(again.latest_bytes()) == grown
    for name in ("7", "x"):
        with pytest.raises(TrustError) as caught:
            again.by_name(name)
        assert caught.value.code == "unknown_ledger"
    with pytest.raises(TrustError):
        again.by_id(UUID(int=7))


def test_a_store_takes_no_version_twice_and_none_that_is_lower(tmp_path: Path) -> None:
    store = TrustStore.create(tmp_path, BUNDLE, KEYS)
    with pytest.raises(TrustError) as caught:
        store.publish(BUNDLE, KEYS)
    assert caught.value.code == "rollback"


def test_a_store_takes_a_successor_only_from_the_keys_it_trusts(tmp_path: Path) -> None:
    store = TrustStore.create(tmp_path, BUNDLE, KEYS)
    new = Ed25519PrivateKey.generate()
    handed_over = bundle(version=2, ledgers=BUNDLE.ledgers, signers=(public_key(new),), threshold=1)
    with pytest.raises(TrustError) as caught:
        store.publish(handed_over, [new])
    assert caught.value.code == "not_signed"
    store.publish(handed_over, KEYS)
    third = bundle(version=3, ledgers=BUNDLE.ledgers, signers=(public_key(new),), threshold=1)
    with pytest.raises(TrustError):
        store.publish(third, KEYS)
    store.publish(third, [new])
    assert store.latest().version == 3


def test_a_successor_keeps_every_ledger_and_its_name(tmp_path: Path) -> None:
    store = TrustStore.create(tmp_path, BUNDLE, KEYS)
    for ledgers in ((BUNDLE.ledgers[0],), (BUNDLE.ledgers[0], ledger(22, "renamed"))):
        with pytest.raises(TrustError) as caught:
            store.publish(bundle(version=2, ledgers=ledgers), KEYS)
        assert caught.value.code == "conflict"
    assert store.latest() == BUNDLE


def test_the_pinned_root_is_written_once(tmp_path: Path) -> None:
    TrustStore.create(tmp_path, BUNDLE, KEYS)
    with pytest.raises(TrustError) as caught:
        TrustStore.create(tmp_path, BUNDLE, KEYS)
    assert caught.value.code == "conflict"


def test_other_directories_are_looked_up_too(tmp_path: Path) -> None:
    TrustStore.create(tmp_path / "ours", BUNDLE, KEYS)
    theirs = bundle(ledgers=(ledger(1), ledger(2, "22")))
    TrustStore.create(tmp_path / "theirs", theirs, KEYS)
    store = TrustStore(tmp_path / "ours", tmp_path / "theirs")
    assert store.by_name("1").id == store.by_id(UUID(int=1)).id == UUID(int=1)
    assert len(store.bundles()) == 2
    with pytest.raises(TrustError) as caught:
        store.by_name("22")
    assert caught.value.code == "conflict"


@pytest.mark.parametrize("root", [None, b"nonsense", b"[]", b'{"keys":[1],"threshold":1}'])
def test_a_directory_without_a_sound_root_is_refused(tmp_path: Path, root: bytes | None) -> None:
    if root is not None:
        (tmp_path / "root.json").write_bytes(root)
    with pytest.raises(TrustError):
        TrustStore(tmp_path).latest()


def test_a_root_without_a_bundle_says_so(tmp_path: Path) -> None:
    (tmp_path / "root.json").write_bytes(canonical.dumps({"keys": [PUBLIC[0]], "threshold": 1}))
    with pytest.raises(TrustError) as caught:
        TrustStore(tmp_path).latest()
    assert caught.value.code == "no_bundle"


def test_a_bundle_under_the_wrong_file_name_is_refused(tmp_path: Path) -> None:
    TrustStore.create(tmp_path, BUNDLE, KEYS)
    (tmp_path / "bundle-000002.json").write_bytes(sign_bundle(bundle(version=3), KEYS))
    with pytest.raises(TrustError, match="holds version 3"):
        TrustStore(tmp_path).latest()
