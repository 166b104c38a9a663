"""`hocba transfer verify` as an inspector uses it: a file, a folder of trust bundles, no server."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ledger.record import instant_text
from services.cli import cli
from services.commands.verify_transfer import _write
from services.words import EVIDENCE, FAILURES, OUTCOMES, STEPS, UNCHECKED
from tests.dossiers import Payload, sealed, simple, store_of
from tests.provinces import NOW, Province
from transfer import disclosure

pytestmark = pytest.mark.unit

ORIGIN, RECEIVER = Province("31"), Province("22")
PAYLOAD = simple(ORIGIN, RECEIVER, signer=ORIGIN.teacher)
FORBIDDEN = ("merkle", "ledger", "commit", "hash", "json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store_of(tmp_path / "trust", ORIGIN, RECEIVER)
    (tmp_path / "receiver.key").write_bytes(RECEIVER.encryption.private_bytes())
    return tmp_path


def shown(payload: Payload = PAYLOAD) -> bytes:
    aud = {"inspector": "Lê Thị Hoa", "disclosed_at": instant_text(NOW)}
    return disclosure.write({**payload, "aud": aud}, ORIGIN.seal)


def verify(folder: Path, data: bytes, *more: str, trust: bool = True) -> Result:
    file = folder / "an.hbd"
    file.write_bytes(data)
    options = ["--home", str(folder / "home"), *(["--trust", str(folder / "trust")] * trust)]
    words = [*options, *more, "transfer", "verify", str(file)]
    return CliRunner().invoke(cli, words, standalone_mode=False, terminal_width=200)


def answer(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_disclosed_record_is_answered_with_its_way_and_who_signed_what(folder: Path) -> None:
    result = verify(folder, shown(), "--format", "json")
    assert result.return_value == 0
    told = answer(result)
    assert (told["ok"], told["form"], told["failure"]) == (True, "disclosed", None)
    assert (told["from"], told["to"], told["inspector"]) == ("31", None, "Lê Thị Hoa")
    assert told["custody"] == "22"
    assert told["entries"] == sum(len(stream["entries"]) for stream in PAYLOAD["streams"])
    (hop,) = told["hops"]
    assert (hop["from"], hop["to"], hop["day"]) == ("31", "22", "2025-02-28")
    assert hop["checkpoint_size"] == PAYLOAD["hops"][0]["inclusion"]["index"] + 1
    assert told["signatures"]["sheet"] == {
        "signed": 6,
        "unsigned": 0,
        "untimed": 0,
        "by": ["Cô Lan"],
    }
    assert {step["n"]: step["reason"] for step in told["steps"] if step["ok"] is None} == {
        2: "no_records",
        4: "not_sealed",
        13: "no_records",
    }


def test_a_sealed_record_without_a_key_says_so_and_fails_nothing(folder: Path) -> None:
    result = verify(folder, sealed(PAYLOAD, ORIGIN, RECEIVER), "--format", "json")
    told = answer(result)
    assert (result.return_value, told["form"], told["ok"]) == (0, "sealed", True)
    assert (told["pupil"], told["custody"], told["signatures"]) == (None, None, None)
    assert "Chưa mở" in verify(folder, sealed(PAYLOAD, ORIGIN, RECEIVER)).stderr


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (shown(), 0),
        (shown()[:-1], 10),
        (shown({**PAYLOAD, "digest": {**PAYLOAD["digest"], "value": "sha256:0"}}), 10),
        (b"%PDF-1.7", 3),
        (b"", 3),
    ],
)
def test_the_exit_code_tells_a_failure_from_a_file_of_somebody_else(
    folder: Path, data: bytes, code: int
) -> None:
    assert verify(folder, data).return_value == code


def test_without_a_trust_bundle_nothing_can_be_said(folder: Path) -> None:
    result = verify(folder, shown(), trust=False)
    assert getattr(result.exception, "code", None) == "no_trust"


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_clerk_reads_steps_reasons_and_one_sentence(folder: Path, lang: str) -> None:
    result = verify(folder, shown(), "--lang", lang)
    index = ("vi", "en").index(lang)
    for number, name in enumerate(STEPS.values(), 1):
        assert f"{number}" in result.stdout
        assert name[index] in result.stdout
    for why in ("no_records", "not_sealed"):
        assert f"{OUTCOMES['not_checked'][index]}: {UNCHECKED[why][index]}" in result.stdout
    assert OUTCOMES["sound_disclosed"][index] in result.stderr
    failed = verify(folder, shown()[:-1], "--lang", lang)
    assert FAILURES["decompression_limit"][index] in failed.stderr
    assert "✗" in failed.stdout


def test_no_sentence_for_clerks_uses_our_own_words() -> None:
    for table in (STEPS, FAILURES, UNCHECKED, EVIDENCE, OUTCOMES):
        for vietnamese, english in table.values():
            for word in FORBIDDEN:
                assert word not in f"{vietnamese} {english}".lower().split()


def test_what_is_disclosed_is_written_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "an.hbd"
    path.write_bytes(b"before")
    _write(path, b"after")
    assert path.read_bytes() == b"after"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["an.hbd"]
