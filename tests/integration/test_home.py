"""The command line on a home of its own: what a person meets first."""

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.embedded import Home, stop_all

HOCBA = (sys.executable, "-m", "services.cli")


class Cli:
    """`hocba` in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "HOCBA_HOME": str(self.home), "HOCBA_LINGER": "20"}
        environment.pop("HOCBA_DEBUG", None)
        return subprocess.Popen(
            [*HOCBA, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=100)
        assert "Traceback" not in err, err
        return process.returncode, out, err

    def json(self, *arguments: str, code: int = 0) -> Any:
        found, out, err = self.run("--format", "json", *arguments)
        assert found == code, err
        return json.loads(out)


@pytest.fixture(scope="module")
def cli() -> Iterator[Cli]:
    home = Home(Path(tempfile.mkdtemp(prefix="hb-cli-")))
    try:
        yield Cli(home.path)
    finally:
        stop_all(home, force=True)
        home.remove()


def test_three_inits_at_once_make_two_ledgers(cli: Cli) -> None:
    started = [cli.start("init", "--province", province) for province in ("31", "31", "22")]
    ended = [(p.communicate(timeout=100)[1], p.returncode) for p in started]
    # The second init of 31 either helped the first to its end or came too late: never half.
    assert {code for _, code in ended} <= {0, 7}, ended
    assert cli.json("status", "--ledger", "31")["position"] == 2
    assert cli.json("status", "--ledger", "22")["position"] == 2


def test_what_is_not_there_is_said_with_what_is(cli: Cli) -> None:
    code, _, err = cli.run("status", "--ledger", "99")
    assert code == 5
    assert "22, 31" in err


def test_a_moment_in_the_future_is_wrong_usage_and_one_beyond_the_end_is_not_found(
    cli: Cli,
) -> None:
    roster = ("roster", "--ledger", "31", "--class", "X", "--on", "2025-01-01", "--known-at")
    assert cli.run(*roster, "2999-01-01T00:00:00+07:00")[0] == 2
    assert cli.run(*roster, "@999999")[0] == 5
    assert cli.run(*roster, "1999-01-01T00:00:00+07:00")[0] == 5
    assert cli.run(*roster, "yesterday")[0] == 2


def test_a_stranger_may_do_nothing(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("unit_code,kind,name\n31,province,Hải Phòng\n", "utf-8")
    code, _, err = cli.run("--account", "nobody", "import", str(tmp_path), "--ledger", "31")
    assert code == 6
    assert "nobody" in err


def test_a_oneroster_set_gives_the_rosters_that_its_enrollments_say(
    cli: Cli, vectors: Callable[[str], Path]
) -> None:
    folder = vectors("oneroster-1.1-csv")
    answer = cli.json("import", str(folder), "--ledger", "31")
    assert answer["rejected"] == []
    assert {w["reason"] for w in answer["warnings"]} == {"no_home"}
    again = cli.json("import", str(folder), "--ledger", "31")
    assert again["appended"] == 0
    with (folder / "enrollments.csv").open(encoding="utf-8", newline="") as file:
        stays = [row for row in csv.DictReader(file) if row["role"] == "student"]
    for section in {row["classSourcedId"] for row in stays}:
        for day in (date(2020, 10, 1), date(2020, 12, 18), date(2021, 1, 4), date(2021, 5, 28)):
            said = {
                row["userSourcedId"]: row["beginDate"]
                for row in stays
                if row["classSourcedId"] == section
                and date.fromisoformat(row["beginDate"]) <= day
                and day < date.fromisoformat(row["endDate"])
            }
            roster = cli.json("roster", "--ledger", "31", "--class", section, "--on", str(day))
            assert {p["pupil_key"]: p["entered_on"] for p in roster["pupils"]} == said
            assert roster["count"] == len(said)


def test_the_demo_tells_its_story_to_the_end() -> None:
    home = Home(Path(tempfile.mkdtemp(prefix="hb-demo-")))
    try:
        code, out, err = Cli(home.path).run("demo", "--fast", "--lang", "en")
        assert code == 0, err
        assert "Folded apart, the same." in out
        assert "What was printed before prints the same again." in out
        assert "wrong_root" in out
        assert "bug" not in out
    finally:
        stop_all(home, force=True)
        home.remove()
