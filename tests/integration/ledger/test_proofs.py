"""`hocba checkpoint`, `prove` and `verify` as somebody at a terminal meets them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from services.cli import main
from services.embedded import Home, servers
from services.ledgers import Ledgers
from signing import merkle
from signing.note import Checkpoint, verify_note
from tests.integration.homes import temporary_home


@dataclass(frozen=True)
class Desk:
    """A home with one fresh ledger, and its command line."""

    home: Home
    capture: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> tuple[int, str]:
        self.capture.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["--home", str(self.home.path), "--format", "json", *arguments])
        code = left.value.code
        assert isinstance(code, int)
        return code, self.capture.readouterr().out

    def answer(self, *arguments: str) -> dict[str, Any]:
        code, out = self.run(*arguments)
        assert code == 0
        document: dict[str, Any] = json.loads(out)
        return document

    def damage(self, statement: str) -> None:
        ledgers = Ledgers(self.home)
        with servers(self.home) as running:
            url = ledgers.url(running, ledgers.profile(None))
            with psycopg.connect(url) as connection:
                connection.execute("SET session_replication_role = replica")
                connection.execute(statement.encode())


@pytest.fixture
def desk(capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    with temporary_home() as home:
        made = Desk(home, capsys)
        made.answer("init", "--province", "31")
        yield made


def test_a_ledger_is_signed_proved_and_verified_and_damage_is_told_by_exit_code_10(
    desk: Desk,
) -> None:
    signed = desk.answer("checkpoint")
    ledgers = Ledgers(desk.home)
    verifier = ledgers.keys(ledgers.profile(None)).checkpoint.verifier
    text, _ = verify_note(signed["note"], [verifier])
    assert Checkpoint.parse(text).size == signed["size"] == 3
    assert Checkpoint.parse(text).root.hex() == signed["root"]

    proof = desk.answer("prove", "--entry", "@1")
    assert (proof["position"], proof["size"], proof["root"]) == (1, 3, signed["root"])
    merkle.verify_inclusion(
        index=1,
        size=3,
        leaf_hash=bytes.fromhex(proof["leaf"]),
        proof=[bytes.fromhex(digest) for digest in proof["proof"]],
        root=bytes.fromhex(proof["root"]),
    )
    assert desk.run("prove", "--entry", "3")[0] == 5
    assert desk.run("prove", "--entry", "first")[0] == 2

    found = desk.answer("verify")
    assert (found["size"], found["root"], found["checkpoints"]) == (3, signed["root"], 1)
    assert (found["entries_checked"], found["failures"]) == (3, [])
    assert all(projection["equal"] for projection in found["projections"])

    desk.damage("UPDATE ledger.entry SET body = body || ' '::bytea WHERE position = 2")
    code, out = desk.run("verify")
    failures = json.loads(out)["failures"]
    assert code == 10
    assert {(f["kind"], f["position"]) for f in failures} >= {("entry_hash", 2), ("checkpoint", 2)}
    assert all(set(failure) == {"kind", "position", "detail"} for failure in failures)
    assert desk.run("prove", "--entry", "2")[0] == 10


def test_a_database_older_than_its_checkpoint_is_a_conflict(desk: Desk) -> None:
    desk.answer("checkpoint")
    desk.damage("DELETE FROM ledger.checkpoint")
    desk.damage("DELETE FROM ledger.entry WHERE position = 2")
    desk.damage("UPDATE ledger.head SET size = 2")
    assert desk.run("checkpoint")[0] == 7
    assert "older than its last checkpoint" in desk.answer("status")["fork"]
    code, out = desk.run("verify")
    assert code == 10
    assert "witness" in {failure["kind"] for failure in json.loads(out)["failures"]}
