"""The ministry at the command line: register, ruling, files, and who the ministry is."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.homes import temporary_home
from tests.integration.scenario import Desk, Papers

YEAR = "2024-2025"


@pytest.fixture(scope="module")
def desks() -> Iterator[tuple[Desk, Desk, Desk]]:
    """Hải Phòng, Quảng Ninh and the ministry in one home."""
    with temporary_home() as home:
        ministry = Desk(home, "BGD")
        ministry.answer("init", "--role", "ministry", "--name", "BGD")
        sides = []
        for name, code in (("HP", "31"), ("QN", "22")):
            desk = Desk(home, name)
            desk.answer("init", "--province", code, "--name", name)
            papers = Papers()
            papers.province(code, name)
            papers.school(f"{name}-1", "THCS A", code, "THCS")
            papers.school_class("7A", f"{name}-1", YEAR, 7)
            if name == "HP":
                papers.pupil("P1")
                papers.pupil("P2")
                papers.enrol("P1", "7A", "2024-09-05")
                papers.enrol("P2", "7A", "2024-09-05")
            desk.sound(papers, home.path / f"files-{name}")
            sides.append(desk)
        yield sides[0], sides[1], ministry


def test_a_move_by_files_is_registered_by_files(
    desks: tuple[Desk, Desk, Desk], tmp_path: Path
) -> None:
    origin, receiver, ministry = desks
    record = str(tmp_path / "p1.hbt")
    moved = origin.answer("transfer", "export", "--pupil", "P1", "--to", "QN", "--out", record)
    case = moved["case"]
    assert moved["registered"] is False
    taken = receiver.answer("transfer", "import", record)
    assert (taken["state"], taken["registered"]) == ("accepted", False)
    assert receiver.answer("status")["register"]["unregistered"] == 1
    post = tmp_path / "post"
    sent = receiver.answer("transfer", "export", "--case", case, "--out", str(post))["files"]
    assert {(one["kind"], one["to"]) for one in sent} == {("accept", "HP"), ("register", "BGD")}
    told = next(one["file"] for one in sent if one["kind"] == "register")
    read = ministry.answer("transfer", "import", told)["files"]
    assert [(one["kind"], one["outcome"]) for one in read] == [("register", "done")]
    shown = ministry.answer("register", "list")
    assert (shown["tokens"], shown["transfers"], shown["conflicts"]) == (1, 1, [])
    answers = ministry.answer("transfer", "export", "--case", case, "--out", str(post))["files"]
    files = [one["file"] for one in answers]
    assert [one["outcome"] for one in receiver.answer("transfer", "import", *files)["files"]] == [
        "done"
    ]
    assert receiver.answer("transfer", "status", case)["registered"] is True
    code, refused = origin.run("transfer", "import", told, sent[0]["file"])
    assert code == 4, "one is for the ministry, the other is the origin's answer"
    assert {one["code"] for one in refused["files"]} == {None, "wrong_addressee"}
    (conflictless,) = {state["state"] for state in origin.answer("transfer", "list")["cases"]}
    assert conflictless == "accepted"


def test_the_register_shows_a_token_and_no_person(desks: tuple[Desk, Desk, Desk]) -> None:
    _, _, ministry = desks
    code, _ = ministry.run("register", "show", "zz")
    assert code == 5
    shown = ministry.answer("register", "show", "")
    assert len(shown["token"]) == 64
    assert shown["custodian"] == "QN"
    assert set(shown["told"][0]) == {"transfer", "from", "to", "event", "told_by", "root"}


def test_a_ruling_is_given_out_and_obeyed_as_a_file(
    desks: tuple[Desk, Desk, Desk], tmp_path: Path
) -> None:
    origin, _, ministry = desks
    case = origin.answer(
        "transfer", "export", "--pupil", "P2", "--to", "QN", "--out", str(tmp_path / "p2.hbt")
    )["case"]
    paper = str(tmp_path / "ruling.json")
    rule = (
        *("transfer", "rule", case, "--from", "HP", "--to", "QN", "--custodian", "HP"),
        *("--number", "12/QĐ-BGDĐT", "--ground", "receiver_dead", "--out", paper),
    )
    code, _ = origin.run(*rule)
    assert code == 5, "a province has no arbiter's key"
    assert ministry.answer(*rule)["custodian"] == "HP"
    assert ministry.answer("verify")["failures"] == []
    obeyed = origin.answer("transfer", "ruling", paper)
    assert obeyed["state"] == "rejected"
    assert obeyed["ruling"] == {"custodian": "HP", "number": "12/QĐ-BGDĐT"}
    roster = origin.answer("roster", "--class", "7A", "--on", "2025-01-01")
    assert "P2" in [pupil["pupil_key"] for pupil in roster["pupils"]]


def test_a_home_names_the_ministry_of_another_home_s_bundle(
    desks: tuple[Desk, Desk, Desk], tmp_path: Path
) -> None:
    home = desks[0].home
    folder = tmp_path / "theirs"
    shutil.copytree(home.path / "trust", folder)
    with temporary_home() as other:
        desk = Desk(other, "LS")
        desk.answer("init", "--province", "20", "--name", "LS")
        named = desk.answer("--trust", str(folder), "trust", "ministry", "BGD")
        assert named["ministry"] == "BGD"
        again, _ = desk.run("--trust", str(folder), "trust", "ministry", "BGD")
        assert again != 0, "it is named once"
        code, _ = desk.run("init", "--role", "ministry", "--name", "B2")
        assert code != 0, "a bundle has one ministry"


def test_init_wants_a_province_or_the_ministry(desks: tuple[Desk, Desk, Desk]) -> None:
    desk = desks[0]
    assert desk.run("init")[0] == 2
    assert desk.run("init", "--role", "ministry", "--province", "31")[0] == 2
