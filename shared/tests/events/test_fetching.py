"""Test processes that need Apache Kafka at one moment all find the whole of it."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.testing import kafka

# Brings what the look is for first, and the rest a while later, as Maven does in the order of the alphabet.
MAVEN = """#!/bin/sh
for word in "$@"; do case "$word" in -DoutputDirectory=*) to="${word#-DoutputDirectory=}";; esac; done
touch "$to/kafka_2.13-4.3.0.jar"; sleep 0.3; touch "$to/scala-library-2.13.18.jar"
"""


def test_whoever_looks_while_another_brings_it_sees_all_of_it_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in (("mvn", MAVEN), ("java", "#!/bin/sh\n")):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(content)
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    jars = tmp_path / "jars"

    def found(_: int) -> set[str]:
        return {jar.name for jar in kafka.fetch(tmp_path / "pom.xml", jars).iterdir()}

    with ThreadPoolExecutor(8) as together:
        first = together.submit(found, 0)
        time.sleep(0.15)
        seen = [*together.map(found, range(7)), first.result()]
    assert seen == [{"kafka_2.13-4.3.0.jar", "scala-library-2.13.18.jar"}] * 8
    assert {one.name for one in tmp_path.iterdir()} == {"bin", "jars"}
