"""Each benchmark runs through on a real server at tiny sizes and cleans up; nothing is timed."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.bench import append, roster, sheet, transfer, verification


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hb-b-"))
    folder.chmod(0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder)


def test_append_writes_the_same_events_through_every_contender(temporary: Path) -> None:
    sizes = append.Sizes(classes=2, preloaded=2, transactions=2, runs=5)
    found = append.measure(sizes, say=lambda line: None)
    assert set(found["baselines"]) == {"seam", "library", "bare_insert", "bare_copy"}
    assert found["sizes"]["entries_before"] == 2 * 2 * 45
    assert len(found["runs"]) == 5
    json.dumps(found)
    assert list(temporary.iterdir()) == []


def test_a_sheet_stores_its_marks_and_itself_and_so_does_the_baseline(temporary: Path) -> None:
    sizes = sheet.Sizes(pupils=6, years=3, marks=4, runs=5, warm=1)
    found = sheet.measure(sizes, say=lambda line: None)
    assert found["sizes"]["entries_per_sheet"] == 7
    assert found["ratios"].keys() == {"bare_insert"}
    assert list(temporary.iterdir()) == []


def test_a_roster_shows_the_whole_class_at_the_position_before_the_late_news(
    temporary: Path,
) -> None:
    sizes = roster.Sizes(pupils=900, small=450, runs=5, warm=1)
    found = roster.measure(sizes, say=lambda line: None)
    assert set(found["baselines"]) == {"bare_select", "small_ledger"}
    assert found["sizes"]["large"]["pupils"] == 900
    assert found["decryption_ms"].keys() == {"large", "small"}
    assert list(temporary.iterdir()) == []


def test_transfers_go_through_both_agents_and_the_same_bytes_through_the_baseline(
    temporary: Path,
) -> None:
    sizes = transfer.Sizes(dossiers=1, runs=5)
    found = transfer.measure(sizes, say=lambda line: None)
    assert found["ratios"].keys() == {"bare"}
    assert found["sizes"]["entries"] == 100
    assert found["memory"]["dossiers"] == 6
    assert list(temporary.iterdir()) == []


def test_a_long_record_is_verified_imported_and_decoded(temporary: Path) -> None:
    sizes = verification.Sizes(years=2, marks=3, small=2, runs=5)
    found = verification.measure(sizes, say=lambda line: None)
    assert found["ratios"].keys() == {"decoding"}
    assert found["sizes"]["entries"] == 2 + 2 * (1 + 1 + 3)
    assert found["small"]["entries"] == 100
    assert list(temporary.iterdir()) == []
