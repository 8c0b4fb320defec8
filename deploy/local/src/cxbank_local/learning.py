"""`cxbank train` and `cxbank evaluate`: the training rooms of a service, found by their name, run one after another."""

import gzip
import importlib
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol, cast

from cxbank_local.state import CHECKOUT, package

DEFAULT_DATA: Final = CHECKOUT.parent / "shared" / "data"
DEFAULT_MODELS: Final = CHECKOUT / ".models"

Say = Callable[[str], None]


class DataMissing(Exception):
    """There is no folder of real data, or a file is not there or not to be read."""


class TrainingRoom(Protocol):
    """What a capability's `training` room offers. True means that every "must" was met."""

    MODELS: tuple[str, ...]

    def train(self, data: Path, models: Path, say: Say, model: str | None = None) -> bool:
        """Make the models and keep them under `models`."""

    def evaluate(self, data: Path, models: Path, say: Say, model: str | None = None, file: Path | None = None) -> bool:
        """Score the models, on the data they were made from or on another file of the same shape."""


def rooms(service: str) -> Iterator[TrainingRoom]:
    """The training rooms of a service, in the order of their capabilities' names."""
    folder = CHECKOUT / "services" / service / "src" / package(service)
    found = {path.parent for path in folder.glob("*/training.py")} | {path.parent for path in folder.glob("*/training")}
    for capability in sorted(found):
        yield cast(TrainingRoom, importlib.import_module(f"{package(service)}.{capability.name}.training"))


def _chosen(service: str, model: str | None) -> list[TrainingRoom]:
    offered = list(rooms(service))
    chosen = [room for room in offered if model is None or Path(model).name in room.MODELS]
    if not chosen:
        names = ", ".join(name for room in offered for name in room.MODELS)
        raise DataMissing(f"{service} has no model {model!r}; it has: {names or 'none'}")
    return chosen


def train(service: str, say: Say, *, data: Path | None, models: Path | None, model: str | None) -> bool:
    """Make a service's models, all or one; whether every "must" was met."""
    # A list first: one model that falls short keeps no other from being made.
    held = [room.train(_data(data), models or DEFAULT_MODELS, say, model) for room in _chosen(service, model)]
    return all(held)


def evaluate(
    service: str, say: Say, *, data: Path | None, models: Path | None, model: str | None, file: Path | None
) -> bool:
    """Score a service's models, all or one; whether every "must" was met."""
    if file is not None and not file.exists():
        raise DataMissing(f"no such file: {file}")
    if file is not None and file.is_file():
        _read_through(file)
    folder = data or DEFAULT_DATA if file is not None else _data(data)
    held = [room.evaluate(folder, models or DEFAULT_MODELS, say, model, file) for room in _chosen(service, model)]
    return all(held)


def _read_through(file: Path) -> None:
    """Raises DataMissing for what no room could read as a text: said here once, and never any of it repeated."""
    opened = gzip.open if file.suffix == ".gz" else open
    try:
        with opened(file, "rt", encoding="utf-8") as lines:
            broken = any("\0" in line for line in lines)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        broken = True
    if broken:
        raise DataMissing(
            f"{file.name} is no text in UTF-8, or not packed as its name says (.gz is gzip, all else is plain)"
        )


def _data(data: Path | None) -> Path:
    folder = data or DEFAULT_DATA
    if not folder.is_dir():
        told = "CXBANK_DATA names none" if "CXBANK_DATA" in os.environ else "CXBANK_DATA is not set"
        raise DataMissing(f"the real data is needed and {told}: {folder}")
    return folder
