"""The fixtures of every test: real PostgreSQL and broker on loopback, one of each for a run, and callers with tokens."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shared.crypto import Keyring
    from shared.testing.engines import Broker, Postgres
    from shared.testing.tokens import Issuer

_ADMIN = "CXBANK_TEST_ADMIN_URL"
_LOG = "CXBANK_TEST_POSTGRES_LOG"
_FOLDER = "cxbank-test-"
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # a fresh folder of ours is made in it
_ROOM = 2 << 30
_run: dict[str, "Postgres"] = {}
_data: list[Path] = []


def _start_postgres() -> str:
    from shared.testing.engines import Postgres, free_port  # noqa: PLC0415  # a run without a database pays nothing

    folder = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=_scratch()))
    memory = _memory()
    if memory is None:
        server = Postgres(folder, free_port(), durable=False)
    else:
        _data.append(memory)
        server = Postgres(folder, free_port(), durable=False, data=memory / "data")
    server.start()
    _run["postgres"] = server
    os.environ[_ADMIN], os.environ[_LOG] = server.url, str(server.log)
    return server.url


def _scratch() -> str | None:
    """As root the server's own OS user must be able to enter."""
    return "/var/tmp" if os.geteuid() == 0 else None  # noqa: S108  # a fresh folder of ours is made in it


def _memory() -> Path | None:
    """A folder in memory where there is one with room: copying a database there takes a tenth of the time of a disk."""
    _let_go()
    if not os.access(_SHARED_MEMORY, os.W_OK) or shutil.disk_usage(_SHARED_MEMORY).free < _ROOM:
        return None
    folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-", dir=_SHARED_MEMORY))
    folder.chmod(0o755)
    return folder


def _let_go() -> None:
    """What a run that was killed left in memory would stay there: its folder names the process, which is no more."""
    from shared.testing.engines import alive  # noqa: PLC0415  # see above

    for folder in _SHARED_MEMORY.glob(f"{_FOLDER}*-*"):
        owner = folder.name.removeprefix(_FOLDER).split("-", 1)[0]
        if owner.isdecimal() and not alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def pytest_sessionstart(session: pytest.Session) -> None:
    """With several test processes the first one starts the server that all of them share."""
    processes = getattr(session.config.option, "numprocesses", None)
    if processes and "PYTEST_XDIST_WORKER" not in os.environ:
        _start_postgres()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Whoever started the server ends it."""
    del session
    server = _run.pop("postgres", None)
    if server is not None:
        server.stop()
        for folder in (server.folder, *_data):
            shutil.rmtree(folder, ignore_errors=True)
        _data.clear()
        for name in (_ADMIN, _LOG):
            os.environ.pop(name, None)


@pytest.fixture(scope="session")
def postgres() -> str:
    """The maintenance database's address of the run's PostgreSQL."""
    return os.environ.get(_ADMIN) or _start_postgres()


@pytest.fixture
def postgres_log(postgres: str) -> Callable[[], str]:
    """What that PostgreSQL has said so far, of every test of the run."""
    del postgres
    return lambda: Path(os.environ[_LOG]).read_text(errors="replace")


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """The address of a database of this test's own, without tables."""
    from shared.testing.postgres import empty  # noqa: PLC0415  # see above

    with empty(postgres) as url:
        yield url


@pytest.fixture
def database_for(postgres: str) -> Iterator[Callable[[Path], str]]:
    """Clones of a service's migrated database: call it with the service's folder."""
    from shared.testing.postgres import clone  # noqa: PLC0415  # see above

    with ExitStack() as stack:
        yield lambda service: stack.enter_context(clone(postgres, service))


@pytest.fixture
def keyring() -> "Keyring":
    """Fresh secrets."""
    from shared.crypto import Keyring  # noqa: PLC0415  # see above

    return Keyring(Keyring.generate())


@pytest.fixture(scope="session")
def issuer() -> "Issuer":
    """An identity provider of the test's own."""
    from shared.testing.tokens import Issuer  # noqa: PLC0415  # see above

    return Issuer()


@pytest.fixture(scope="session")
def broker() -> Iterator["Broker"]:
    """The embedded broker, empty, for this test process."""
    from shared.testing.engines import Broker, free_port  # noqa: PLC0415  # see above

    folder = Path(tempfile.mkdtemp(prefix="cxbank-broker-"))
    server = Broker(folder, free_port())
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)
