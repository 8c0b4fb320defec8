"""N11 and N12: what the whole suite takes while nothing happens, and how long it takes to be there."""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import psutil

from cxbank_local.bench.rows import Row
from cxbank_local.state import CHECKOUT, State
from cxbank_local.suite import Suite

IDLE_SECONDS: Final = 20.0
_SHIFT: Final = 900


def _everything(suite: Suite) -> list[psutil.Process]:
    pids = [pid for role in suite.roles() if (pid := suite.pid(role)) is not None]
    engines = [engine.pid for engine in (suite.postgres, suite.broker) if engine is not None and engine.pid is not None]
    found = [psutil.Process(pid) for pid in (*pids, *engines)]
    return found + [child for one in found for child in one.children(recursive=True)]


def idle_row(suite: Suite) -> Row:
    """Proportional set size and CPU of ten roles, PostgreSQL and the broker while nobody asks for anything."""
    time.sleep(5)
    processes = _everything(suite)
    before = sum(sum(one.cpu_times()[:2]) for one in processes)
    time.sleep(IDLE_SECONDS)
    spent = sum(sum(one.cpu_times()[:2]) for one in processes) - before
    size = sum(one.memory_full_info().pss for one in processes) / 1e9
    share = 100 * spent / IDLE_SECONDS
    what = f"the whole suite idle, {len(processes)} processes"
    ours = f"{size:.2f} GB, {share:.1f} % of a core"
    return Row("N11", what, "", ours, None, "", "", "", "≤ 1.2 GB, ≤ 15 %", size <= 1.2 and share <= 15)


def warm_row(folder: Path) -> Row:
    """From nothing but the installed packages to ten ready roles, twice; the second time the data is there."""
    times = []
    for _ in range(2):
        suite = Suite(State.load(folder, _SHIFT))
        began = time.perf_counter()
        suite.start()
        times.append(time.perf_counter() - began)
        suite.stop()
    ours = f"{times[1]:.1f} s ({times[0]:.1f} s with new databases)"
    return Row("N12", "`make up`, warm, to all ready", "", ours, None, "", "", "", "≤ 20 s", times[1] <= 20)


def fresh_row() -> Row:
    """From a fresh clone with only Python and make to ten ready roles, every package installed on the way."""
    folder = Path(tempfile.mkdtemp(prefix="cxbank-fresh-", dir="/var/tmp"))
    folder.chmod(0o755)
    clone = folder / "clone"
    subprocess.run(["git", "clone", "-q", str(CHECKOUT), str(clone)], check=True)  # noqa: S603, S607  # our own command line
    began = time.perf_counter()
    up = "import sys; from cxbank_local.bench.footprint import start_once; start_once(sys.argv[1])"
    try:
        python = f"PYTHON={sys.base_prefix}/bin/python3.11"
        subprocess.run(["make", "-C", str(clone), "install", python], check=True, capture_output=True)  # noqa: S603, S607  # our own command line
        command = [str(clone / ".venv/bin/python"), "-c", up, str(folder / "state")]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # our own command line
        seconds = time.perf_counter() - began
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    what = "fresh clone: install and up, to all ready"
    return Row("N12", what, "", f"{seconds:.0f} s", None, "", "", "", "≤ 3 min", seconds <= 180)


def start_once(folder: str) -> None:
    """Start a suite with a new state, and stop it again."""
    suite = Suite(State.load(Path(folder), _SHIFT))
    suite.start()
    suite.stop()
