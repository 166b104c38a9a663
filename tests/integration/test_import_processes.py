"""Imports by processes that meet, die or are interrupted: nothing lost, nothing twice."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from ledger import log
from ledger.events.pupil import PupilRegistered
from ledger.events.pupil_year import MarkEntered
from ledger.ledger import Ledger
from tests import school
from tests.integration import importing
from tests.integration.importing import big_folder, take

KEK = bytes(range(32))
PATIENCE = 60


def begin(url: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", importing.__name__, url, KEK.hex(), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def count(ledger: Ledger) -> Counter[str]:
    """Entries by topic; fails where two marks fill one slot of one stream."""
    topics: Counter[str] = Counter()
    slots: Counter[tuple[object, ...]] = Counter()
    with ledger.database.connection() as connection:
        for page in log.pages(connection, start=0, end=10**6):
            for entry in page:
                topics[entry.event.TOPIC] += 1
                if isinstance(entry.event, MarkEntered):
                    mark = entry.event
                    slots[entry.stream.id, mark.subject, mark.semester, mark.slot] += 1
    assert max(slots.values(), default=1) == 1
    return topics


def wait_until_appended(url: str, size: int) -> None:
    deadline = time.monotonic() + PATIENCE
    with psycopg.connect(url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            row = connection.execute("SELECT size FROM ledger.head").fetchone()
            assert row is not None
            if row[0] >= size:
                return
    pytest.fail(f"the other process had not appended {size} entries within {PATIENCE} s")


def test_two_imports_of_one_folder_at_once_append_every_line_once(
    database: str, tmp_path: Path
) -> None:
    folder, lines = big_folder(tmp_path / "big", pupils=450, columns=4)
    with school.new_ledger(database, kek=KEK) as ledger:
        both = [begin(database, folder) for _ in range(2)]
        answers = [json.loads(process.communicate(timeout=PATIENCE)[0]) for process in both]
        assert [answer["rejected"] for answer in answers] == [[], []]
        assert sum(answer["accepted"] for answer in answers) == lines
        assert sum(answer["unchanged"] for answer in answers) == lines
        topics = count(ledger)
    assert topics[PupilRegistered.TOPIC] == 450
    assert topics[MarkEntered.TOPIC] == 1800


def test_an_import_killed_in_the_middle_is_finished_by_giving_it_again(
    database: str, tmp_path: Path
) -> None:
    folder, lines = big_folder(tmp_path / "big", pupils=900, columns=8)
    with school.new_ledger(database, kek=KEK) as ledger:
        process = begin(database, folder)
        wait_until_appended(database, 2000)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == -signal.SIGKILL
        code, answer = take(ledger, folder)
        assert (code, answer["rejected"]) == (0, [])
        assert answer["unchanged"] > 0
        assert answer["accepted"] > 0
        assert answer["unchanged"] + answer["accepted"] == lines
        topics = count(ledger)
    assert topics[PupilRegistered.TOPIC] == 900
    assert topics[MarkEntered.TOPIC] == 7200
