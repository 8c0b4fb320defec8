"""The real Apache Kafka, one node in KRaft mode, where Java 17 and Maven are: the reference beside the embedded broker."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

from shared.testing.engines import EngineMissing, Process


def available() -> str | None:
    """What is missing for Apache Kafka on this machine, or None."""
    missing = [program for program in ("java", "mvn") if shutil.which(program) is None]
    return f"{' and '.join(missing)} not found" if missing else None


def fetch(pom: Path, jars: Path) -> Path:
    """Bring the broker's jars by Maven from the given pom, once; the folder of the jars.

    They come into a folder of this process and are moved whole: whoever else looks sees all of them or none.
    """
    lacking = available()
    if lacking:
        raise EngineMissing(f"Apache Kafka needs Java 17 and Maven: {lacking}")
    if not list(jars.glob("kafka_2.13-*.jar")):
        jars.parent.mkdir(parents=True, exist_ok=True)
        coming = Path(tempfile.mkdtemp(prefix=f"{jars.name}-", dir=jars.parent))
        try:
            command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={coming}"]
            ran = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # our own command line
            if ran.returncode:
                raise EngineMissing(f"Maven could not bring Apache Kafka: {ran.stdout.decode(errors='replace')[-800:]}")
            with contextlib.suppress(OSError):  # another process was first
                coming.rename(jars)
        finally:
            shutil.rmtree(coming, ignore_errors=True)
    return jars


class ApacheKafka(Process):
    """One node that is broker and controller at once; its log survives a restart unless it is wiped."""

    def __init__(self, folder: Path, port: int, controller_port: int, jars: Path) -> None:
        super().__init__(folder, "kafka")
        self.port = port
        self._controller = controller_port
        self._jars = jars

    @property
    def bootstrap(self) -> str:
        """Where clients begin."""
        return f"127.0.0.1:{self.port}"

    def _java(self, main: str, *arguments: str) -> list[str]:
        java = shutil.which("java") or "java"
        return [java, "-Xmx384m", "-Xms128m", "-XX:+UseSerialGC", "-cp", f"{self._jars}/*", main, *arguments]

    def _properties(self) -> Path:
        path = self.folder / "server.properties"
        lines = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.folder / "log"),
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        return path

    def start(self) -> None:
        """Format the log at the first time (a new cluster id), start, wait until it answers."""
        properties = self._properties()
        if not (self.folder / "log" / "meta.properties").exists():
            cluster = uuid.uuid4().hex[:22]
            command = self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties))
            ran = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # our own command line
            if ran.returncode:
                raise EngineMissing(f"Kafka's log cannot be formatted: {ran.stderr.decode(errors='replace')[-800:]}")
        self.spawn(self._java("kafka.Kafka", str(properties)), env={"PATH": os.environ.get("PATH", "")})
        self.await_port(self.port, patience=60)

    def stop(self) -> None:
        """End it; its log stays."""
        self.end(signal.SIGTERM, patience=20)

    def wipe(self) -> None:
        """End it without mercy and forget everything: the next start is another, empty cluster."""
        self.end(signal.SIGKILL)
        shutil.rmtree(self.folder / "log", ignore_errors=True)
