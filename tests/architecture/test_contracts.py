"""The import contracts of pyproject.toml name what the tree holds: every capability, repository and table room."""

import tomllib
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("customer", "feedback", "channel_router", "risk", "kpi")
OWN = ("repository", "tables")


def _contracts(kind: str) -> list[dict[str, Any]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = project["tool"]["importlinter"]["contracts"]
    return [contract for contract in found if contract["type"] == kind]


def _package(service: str) -> Path:
    return ROOT / "services" / service.replace("_", "-") / "src" / service


def _capabilities(service: str) -> set[str]:
    return {path.parent.name for path in _package(service).glob("*/__init__.py")}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Who imports whom, in all services and what they stand on."""
    return grimp.build_graph("shared", *SERVICES, cache_dir=None, include_external_packages=True)


@pytest.mark.parametrize("service", SERVICES)
def test_every_capability_has_its_place_in_the_layers(service: str) -> None:
    layered = [contract for contract in _contracts("layers") if contract["containers"] == [service]]
    assert len(layered) == 1, f"one layers contract for {service}"
    assert layered[0]["exhaustive"], "a layer contract that is not exhaustive stays kept while it is violated"
    named = {part.strip(" ()") for layer in layered[0]["layers"] for part in layer.split("|")}
    assert named - {"main", "worker", "storage", "settings"} == _capabilities(service)


def test_every_room_of_the_house_stands_in_the_one_contract_of_rooms() -> None:
    (rooms,) = [contract for contract in _contracts("layers") if len(contract["containers"]) > 1]
    assert rooms["exhaustive"]
    assert rooms["containers"] == [f"{service}.*" for service in SERVICES]
    assert all(part.strip().startswith("(") for layer in rooms["layers"] for part in layer.split("|"))


@pytest.mark.parametrize("service", SERVICES)
def test_every_capability_protects_the_sql_it_has(service: str) -> None:
    held = {
        tuple(contract["allowed_importers"]): set(contract["protected_modules"])
        for contract in _contracts("protected")
        if contract["protected_modules"][0].startswith(f"{service}.")
    }
    present: dict[tuple[str, ...], set[str]] = {}
    for capability in _capabilities(service):
        folder = _package(service) / capability
        rooms = {room for room in OWN if (folder / f"{room}.py").exists() or (folder / room).is_dir()}
        if rooms:
            present[(f"{service}.{capability}",)] = {f"{service}.{capability}.{room}" for room in rooms}
    assert held == present


@pytest.mark.parametrize("service", SERVICES)
def test_every_table_room_is_known_to_the_front_door(service: str, graph: grimp.ImportGraph) -> None:
    """Alembic sees the tables of the modules that `main` imports, and no others."""
    rooms = sorted(module for module in graph.modules if module.startswith(f"{service}.") and ".tables" in module)
    unseen = [room for room in rooms if graph.find_shortest_chain(f"{service}.main", room) is None]
    assert not unseen


def test_only_the_houses_own_door_reaches_kafka(graph: grimp.ImportGraph) -> None:
    assert graph.find_modules_that_directly_import("aiokafka") <= {"shared.events.kafka"}


def test_only_the_database_rooms_reach_the_driver(graph: grimp.ImportGraph) -> None:
    services = {m for m in graph.find_modules_that_directly_import("asyncpg") if not m.startswith("shared.")}
    assert not services


def test_clock_is_the_only_source_of_time_and_identity(graph: grimp.ImportGraph) -> None:
    """`datetime.now`, `time.time` and `uuid4` stay out of the services: a test could not hold them still."""
    faults = []
    for service in SERVICES:
        for path in sorted(_package(service).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            faults += [
                f"{path.relative_to(ROOT)}: {word}"
                for word in ("datetime.now(", "datetime.utcnow(", "time.time(", "uuid4(", "uuid1(", "func.now(")
                if word in text
            ]
    assert not faults, "\n".join(faults)
