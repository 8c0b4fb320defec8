"""The tree is as the house planned it: rooms by name, small files, visible packages, promises in first lines."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("customer", "feedback", "channel-router", "risk", "kpi")
OUTER_ROOMS = {"__init__", "main", "worker", "settings", "storage"}
ROOMS = {
    "__init__", "routes", "consumers", "timers", "training", "usecases", "clients", "repository",
    "tables", "events", "schemas", "domain", "problems", "access",
}  # fmt: skip
STILL_ROOMS = {"data", "pages"}
FORBIDDEN = {"util", "utils", "helper", "helpers", "common", "base", "manager", "managers", "misc"}
MADE_BY_TOOLS = re.compile(r"^\.|^__pycache__$|\.egg-info$|^(build|dist|htmlcov|node_modules)$")
LONGEST = 400


def files(*suffixes: str, under: Path = ROOT) -> Iterator[Path]:
    """The files of the tree with one of these suffixes, without what tools leave behind."""
    for path in sorted(under.iterdir()):
        if MADE_BY_TOOLS.search(path.name) and path.name != ".ci":
            continue
        if path.is_dir():
            yield from files(*suffixes, under=path)
        elif path.suffix in suffixes:
            yield path


def told(faults: Iterator[str] | list[str]) -> str:
    """Faults as one text, so that a failure names them all at once."""
    return "\n".join(faults)


def packages() -> dict[str, Path]:
    """Python's name of each service, and where its package is."""
    return {
        name.replace("-", "_"): ROOT / "services" / name / "src" / name.replace("-", "_")
        for name in SERVICES
    }  # fmt: skip


def capabilities() -> list[Path]:
    """Every capability's folder."""
    return [
        folder
        for package in packages().values()
        for folder in sorted(package.iterdir())
        if folder.is_dir() and folder.name != "__pycache__"
    ]


def members() -> list[Path]:
    """The folders of the distributions."""
    return [ROOT / "shared", ROOT / "clients/python", ROOT / "deploy/local", *(ROOT / "services" / s for s in SERVICES)]


def test_a_service_has_the_outer_rooms_and_its_capabilities_and_nothing_else() -> None:
    faults = []
    for package in packages().values():
        present = {path.stem for path in package.glob("*.py")}
        faults += [f"{package.name}: {room} is missing" for room in OUTER_ROOMS - present]
        faults += [f"{package.name}: {room}.py is not an outer room" for room in present - OUTER_ROOMS]
    assert not faults, told(faults)


def test_a_room_has_one_of_the_houses_names_or_it_does_not_exist() -> None:
    faults = []
    for capability in capabilities():
        for path in sorted(capability.iterdir()):
            name = path.stem if path.suffix == ".py" else path.name
            allowed = ROOMS | (STILL_ROOMS if path.is_dir() else set())
            if name not in allowed and not MADE_BY_TOOLS.search(name):
                faults.append(f"{path.relative_to(ROOT)}: no such room")
    assert not faults, told(faults)


def test_rooms_without_python_hold_none() -> None:
    faults = [
        f"{path.relative_to(ROOT)}: Python under {folder}/"
        for capability in capabilities()
        for folder in STILL_ROOMS
        for path in (capability / folder).rglob("*.py")
    ]
    assert not faults, told(faults)


def test_no_file_needs_more_than_one_sitting() -> None:
    faults = []
    for path in files(".py", ".md", ".sh", ".js", ".css", ".html", ".yml", ".yaml", ".toml"):
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > LONGEST and not text.startswith('"""Generated'):
            faults.append(f"{path.relative_to(ROOT)}: {lines} lines")
    assert not faults, told(faults)


def test_tests_are_no_packages() -> None:
    faults = [
        f"{path.relative_to(ROOT)}: pytest would lose tests of equal names"
        for path in files(".py")
        if path.name == "__init__.py" and "tests" in path.relative_to(ROOT).parts
    ]
    assert not faults, told(faults)


def test_every_source_folder_is_a_package_the_linter_can_see() -> None:
    faults = []
    for member in members():
        for path in files(".py", under=member / "src"):
            folder = path.parent
            while folder != member / "src":
                if not (folder / "__init__.py").exists():
                    faults.append(f"{path.relative_to(ROOT)}: {folder.name}/ has no __init__.py")
                folder = folder.parent
    assert not faults, told(faults)


def test_python_lives_in_packages_tests_migrations_or_examples() -> None:
    faults = []
    for path in files(".py"):
        parts = path.relative_to(ROOT).parts
        if not {"src", "tests", "migrations", "examples"} & set(parts):
            faults.append(f"{path.relative_to(ROOT)}: outside of every package")
    assert not faults, told(faults)


def test_nothing_is_called_utils_or_manager() -> None:
    faults = []
    for path in files(".py"):
        parts = {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}
        faults += [f"{path.relative_to(ROOT)}: {name}" for name in parts & FORBIDDEN]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and re.search(r"(Manager|Helper|Utils?)$", node.name):
                faults.append(f"{path.relative_to(ROOT)}: class {node.name}")
    assert not faults, told(faults)


def test_a_files_first_line_is_its_promise() -> None:
    faults = []
    for path in files(".py"):
        text = path.read_text(encoding="utf-8")
        if path.name == "__init__.py" and not text.strip():
            continue
        if not re.match(r'r?"""\S.{9,}', text):
            faults.append(f"{path.relative_to(ROOT)}: no sentence in its first line")
    assert not faults, told(faults)


def test_importing_a_room_does_nothing() -> None:
    """No call stands alone at the top of a module, and none of engines, clients or settings is made there."""
    makers = {"create_async_engine", "Database", "AsyncClient", "Settings", "AIOKafkaProducer", "AIOKafkaConsumer"}
    faults = []
    for path in (path for member in members() for path in files(".py", under=member / "src")):
        if path.name == "__main__.py":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            value = node.value if isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign) else None
            if not isinstance(value, ast.Call):
                continue
            called = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
            if called in makers:
                faults.append(f"{path.relative_to(ROOT)}:{node.lineno}: {called}(…) at import time")
    assert not faults, told(faults)


@pytest.mark.parametrize("member", members(), ids=lambda path: path.name)
def test_a_distribution_is_named_after_its_folder_and_cannot_leak(member: Path) -> None:
    project = tomllib.loads((member / "pyproject.toml").read_text(encoding="utf-8"))
    name = "client" if member.parent.name == "clients" else member.name
    package = {"client": "cxbank_client", "local": "cxbank_local"}.get(name, name.replace("-", "_"))
    assert project["project"]["name"] == f"cxbank-{name}"
    assert "Private :: Do Not Upload" in project["project"]["classifiers"]
    assert project["project"]["requires-python"] == ">=3.11,<3.12"
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [f"src/{package}"]
    assert {path.name for path in (member / "src").iterdir() if not MADE_BY_TOOLS.search(path.name)} == {package}
