"""The embedded PostgreSQL: passwords, no TCP, awkward paths, killed servers."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from services.embedded import Home, PostgresServer, servers, stop_all
from services.embedded.postgres_place import existing_place
from services.embedded.processes import wait_gone, working_in
from services.errors import HomeUnusable, ServerUnavailable
from tests.integration.homes import REPOSITORY, temporary_home

VIETNAMESE = "hồ sơ học sinh/dữ liệu của trường " + "dài " * 32


STRANGER = pwd.getpwnam("nobody").pw_uid


def _run_as(user: int, command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        user=user,
        group=user,
        extra_groups=[],
        cwd=REPOSITORY,
        env={
            "PATH": os.defpath,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), sysconfig.get_path("platlib")]),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def _python_for(user: int) -> str | None:
    """Ours, or one of the system of the same version: ours may lie where only root can read."""
    same = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, shutil.which(same, path="/usr/bin:/usr/local/bin")):
        with suppress(PermissionError):
            if python and _run_as(user, [python, "-c", "import services.embedded"]).returncode == 0:
                return python
    return None


@pytest.fixture
def home() -> Iterator[Home]:
    with temporary_home() as made:
        yield made


def _answer(server: PostgresServer, statement: str) -> object:
    address = server.start()
    with psycopg.connect(address.url("postgres")) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def _postmaster(home: Home) -> psutil.Process:
    place = existing_place(home)
    assert place is not None
    return psutil.Process(int((place.data / "postmaster.pid").read_text().splitlines()[0]))


def test_it_is_version_18_with_checksums_and_durable_commits(postgres: PostgresServer) -> None:
    assert str(_answer(postgres, "SHOW server_version")).startswith("18.")
    assert _answer(postgres, "SHOW data_checksums") == "on"
    assert _answer(postgres, "SHOW fsync") == "on"
    assert _answer(postgres, "SHOW synchronous_commit") == "on"


def test_it_listens_on_no_tcp_port(postgres: PostgresServer) -> None:
    assert _answer(postgres, "SHOW listen_addresses") == ""
    process = _postmaster(postgres.home)
    assert process.net_connections(kind="tcp") == []


def test_a_wrong_password_is_refused(postgres: PostgresServer) -> None:
    address = postgres.start()
    wrong = address.url("postgres", user=address.user, password="wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_the_password_is_not_shown_with_the_address(postgres: PostgresServer) -> None:
    address = postgres.start()
    assert address.password
    assert address.password not in repr(address)


def test_its_folders_are_private(postgres: PostgresServer) -> None:
    place = existing_place(postgres.home)
    assert place is not None
    for folder in (place.folder, place.data, postgres.start().socket_folder, postgres.home.keys):
        assert folder.stat().st_mode & 0o077 == 0, folder


def test_its_log_quotes_no_statement_and_no_row(postgres: PostgresServer, database: str) -> None:
    place = existing_place(postgres.home)
    assert place is not None
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE pupils (name text UNIQUE)")
        connection.execute("INSERT INTO pupils VALUES ('Nguyen Thi Mat')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO pupils VALUES (%s)", ["Nguyen Thi Mat"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO pupils VALUES ('Nguyen Thi Mat')")
    log = place.log.read_text("utf-8")
    assert "duplicate key" in log
    assert "Nguyen" not in log


def test_a_database_is_made_once(postgres: PostgresServer) -> None:
    assert postgres.create_database("made once") is True
    assert postgres.create_database("made once") is False
    postgres.drop_database("made once")
    assert postgres.create_database("made once") is True
    postgres.drop_database("made once")


def test_each_test_has_a_database_of_its_own(database: str) -> None:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    assert row[0].startswith("test_")


def test_it_starts_in_a_long_path_with_spaces_and_vietnamese_letters(home: Home) -> None:
    awkward = Home(home.path / VIETNAMESE.rstrip() / "nhà")
    assert len(os.fsencode(awkward.path)) > 150
    server = PostgresServer(awkward)
    try:
        assert _answer(server, "SELECT 'đ'") == "đ"
    finally:
        stop_all(awkward)
    assert not server.running()


def test_what_was_committed_is_there_after_the_server_was_killed(home: Home) -> None:
    server = PostgresServer(home)
    with psycopg.connect(server.start().url("postgres")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    postmaster = _postmaster(home)
    before = server.start()
    os.kill(postmaster.pid, signal.SIGKILL)
    assert wait_gone(postmaster, seconds=10)
    assert not server.running()
    assert _answer(server, "SELECT value FROM kept") == 7
    assert server.address() == before, "what outlived it finds the next one"


def test_a_server_that_was_told_to_end_has_the_same_address_again(home: Home) -> None:
    server = PostgresServer(home)
    before = server.start()
    postmaster = _postmaster(home)
    postmaster.send_signal(signal.SIGINT)
    assert wait_gone(postmaster, seconds=20)
    assert server.start() == before
    server.stop()
    assert server.start() == before


def test_a_socket_folder_that_somebody_else_uses_is_left_alone(home: Home) -> None:
    server = PostgresServer(home)
    before = server.start().socket_folder
    server.stop()
    before.mkdir()
    (before / "kept").touch()
    assert server.start().socket_folder != before
    (before / "kept").unlink()
    before.rmdir()


def test_a_stale_pid_file_naming_a_strangers_process_is_no_server(home: Home) -> None:
    server = PostgresServer(home)
    server.start()
    server.stop()
    place = existing_place(home)
    assert place is not None
    stale = f"{os.getppid()}\n{place.data}\n1\n5432\n/nowhere\n\n1 1\nready\n"
    (place.data / "postmaster.pid").write_text(stale)
    assert not server.running()
    assert _answer(server, "SELECT 1") == 1


def test_a_killed_set_up_is_done_again(home: Home) -> None:
    home.ensure()
    half = home.postgres / "initdb"
    home.postgres.mkdir()
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    (home.postgres / "initdb.password").write_text("old")
    assert _answer(PostgresServer(home), "SELECT 1") == 1
    assert not half.exists()
    assert not (home.postgres / "initdb.password").exists()


def test_stop_leaves_no_process_and_no_socket_folder(home: Home) -> None:
    server = PostgresServer(home)
    address = server.start()
    place = existing_place(home)
    assert place is not None
    assert working_in(place.data, name="postgres")
    server.stop()
    assert working_in(place.data, name="postgres") == []
    assert not address.socket_folder.exists()
    server.stop()  # a second stop is no error


def test_asking_a_stopped_server_for_a_database_says_so(home: Home) -> None:
    with pytest.raises(ServerUnavailable, match="start it first"):
        PostgresServer(home.ensure()).create_database("any")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
class TestAsRoot:
    def test_the_server_runs_as_the_system_user(self, postgres: PostgresServer) -> None:
        postgres.start()
        assert _postmaster(postgres.home).username() == "pgserver"

    def test_a_home_others_cannot_reach_keeps_its_parents_closed(self, home: Home) -> None:
        home.path.chmod(0o700)
        inner = Home(home.path / "inner")
        server = PostgresServer(inner)
        assert _answer(server, "SELECT 1") == 1
        assert home.path.stat().st_mode & 0o777 == 0o700
        outside = Path(inner.postgres_pointer.read_text())
        assert outside.is_dir()
        assert outside.stat().st_mode & 0o077 == 0
        stop_all(inner)
        inner.remove()
        assert not outside.exists()

    def test_a_copied_home_is_refused_and_a_moved_one_is_not(self, home: Home) -> None:
        home.path.chmod(0o700)
        first, second = Home(home.path / "first"), Home(home.path / "second")
        server = PostgresServer(first)
        server.start()
        server.stop()
        subprocess.run(["cp", "-a", first.path, second.path], check=True)
        with pytest.raises(HomeUnusable, match="is a copy of"):
            PostgresServer(second).start()
        first.path.rename(home.path / "gone")
        assert _answer(PostgresServer(second), "SELECT 1") == 1
        stop_all(second)
        second.remove()

    def test_an_ordinary_user_starts_and_stops_it_too(self) -> None:
        python = _python_for(STRANGER)
        if python is None:
            pytest.skip("another user cannot read this checkout or any Python of this version")
        with tempfile.TemporaryDirectory(prefix="hb-user-") as folder:
            os.chown(folder, STRANGER, STRANGER)
            done = _run_as(STRANGER, [python, "-m", "tests.integration.homes", folder])
            assert done.returncode == 0, done.stderr
            assert done.stdout.split() == ["1", str(STRANGER), "stopped"]

    def test_a_home_made_by_another_user_is_refused(self, home: Home) -> None:
        home.ensure()
        os.chown(home.path / "id", STRANGER, STRANGER)
        with pytest.raises(HomeUnusable, match="run the command as that user"), servers(home):
            pass
