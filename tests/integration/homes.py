"""Homes for tests, and the program other processes run on them: start, use, stop."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from services.embedded import Home, PostgresServer, servers, stop_all
from services.embedded.postgres_place import existing_place

REPOSITORY = Path(__file__).resolve().parents[2]


@contextmanager
def temporary_home() -> Iterator[Home]:
    """A home of a test's own, its servers stopped and everything deleted at the end."""
    home = Home(Path(tempfile.mkdtemp(prefix="hb-")))
    home.path.chmod(0o711)
    try:
        yield home
    finally:
        stop_all(home, force=True)
        home.remove()


def main(home: Home) -> None:
    """Print ``1``, the number of the user the server runs as, and ``stopped``."""
    with servers(home) as running, psycopg.connect(running.postgres.url("postgres")) as connection:
        row = connection.execute("SELECT 1").fetchone()
        place = existing_place(home)
        assert row is not None
        assert place is not None
        pid = (place.data / "postmaster.pid").read_text().splitlines()[0]
        print(row[0], psutil.Process(int(pid)).uids().effective)
    stop_all(home)
    assert not PostgresServer(home).running()
    print("stopped")


if __name__ == "__main__":
    main(Home(Path(sys.argv[1])))
