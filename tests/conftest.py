"""What every test may ask for: servers on a short temporary home, a fresh database, the vectors."""

import os
import random
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from services.embedded import Home, NatsServer, PostgresServer, Servers, servers, stop_all

REPOSITORY = Path(__file__).resolve().parent.parent
VECTORS = REPOSITORY.parent / "shared" / "vectors"
FOLDER_MARKERS = ("unit", "integration", "simulation", "conformance")

# A failing example prints the decorator that repeats it; no deadline, because two busy cores are
# no reason to fail.
settings.register_profile("hocba", print_blob=True, deadline=None)
settings.load_profile("hocba")


# Where bytecode is forbidden, each of the hundreds of commands that tests run as processes would
# compile the whole house again: a fifth of its work. Here it is kept, aside from the source.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(REPOSITORY / ".pytest_cache" / "bytecode"))

# One seed for the whole run, the same in every worker: they inherit the environment.
SEED = os.environ.setdefault("HOCBA_SEED", str(random.SystemRandom().randrange(2**32)))


def pytest_report_header() -> str:
    """Print the seed of the simulations; HOCBA_SEED repeats a run."""
    return f"HOCBA_SEED={SEED}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the folder it lies in."""
    for item in items:
        for marker in FOLDER_MARKERS:
            if marker in item.path.relative_to(REPOSITORY).parts[:-1]:
                item.add_marker(marker)


@pytest.fixture(scope="session")
def embedded() -> Iterator[Servers]:
    """The servers of this test process, each started when first used and stopped at the end."""
    home = Home(Path(tempfile.mkdtemp(prefix="hb-test-")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOCBA_LINGER", "5")  # should this process be killed, they stop soon after
        try:
            with servers(home) as running:
                yield running
        finally:
            stop_all(home)
            home.remove()


@pytest.fixture(scope="session")
def postgres(embedded: Servers) -> PostgresServer:
    """A running PostgreSQL, one for each test process."""
    assert embedded.postgres.socket_folder.exists()
    return embedded.postgres_server


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """The superuser's URL of an empty database of this test's own."""
    name = f"test_{uuid.uuid4().hex}"
    postgres.create_database(name)
    address = postgres.address()
    assert address is not None
    yield address.url(name)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def nats_server(embedded: Servers) -> NatsServer:
    """A running NATS server, one for each test process; take accounts of your own in it."""
    assert embedded.nats.url
    return embedded.nats_server


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], Path]:
    """Return the path of an outside test vector, or skip the test where the data is absent."""

    def find(name: str) -> Path:
        path = VECTORS / name
        if not path.exists():
            pytest.skip(f"the outside test data ../shared/vectors/{name} is not here")
        return path

    return find
