"""The rules are no decoration: in a copy of the tree, each of three well-known mistakes makes its check fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# `make check` runs these, beside the checks they are about.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PACKAGES = ("shared", "clients/python", "deploy/local", "services/*")
LEFT_BY_TOOLS = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "node_modules")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources and the rules, somewhere else."""
    root = tmp_path / "tree"
    for folder in ("shared", "clients", "deploy", "services", "tests"):
        shutil.copytree(ROOT / folder, root / folder, ignore=LEFT_BY_TOOLS)
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A check in the copy, which sees the copy's packages and not the installed ones."""
    sources = [str(path) for pattern in PACKAGES for path in root.glob(f"{pattern}/src")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sources), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True, check=False
    )


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """The import contracts in the copy."""
    lines = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    return run(root, "-c", lines, "--no-cache", "--no-logo")


def tree(root: Path) -> subprocess.CompletedProcess[str]:
    """The tests of the tree in the copy, without what those of the packages need."""
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=--import-mode=importlib"]
    return run(root, "-m", "pytest", *options, "tests/architecture/test_tree.py")


def test_the_tree_as_it_is_passes(copy: Path) -> None:
    assert lint(copy).returncode == 0, lint(copy).stdout
    assert tree(copy).returncode == 0, tree(copy).stdout


def test_an_unlisted_room_fails(copy: Path) -> None:
    room = copy / "services/customer/src/customer/parties/services.py"
    room.write_text('"""A room the house does not have."""\n', encoding="utf-8")
    linted, looked = lint(copy), tree(copy)
    assert linted.returncode != 0
    assert "Rooms of a capability are layered BROKEN" in linted.stdout
    assert looked.returncode != 0
    assert "parties/services.py: no such room" in looked.stdout


def test_a_foreign_repository_import_fails(copy: Path) -> None:
    room = copy / "services/customer/src/customer/privacy/usecases/erasing.py"
    room.write_text(f"{room.read_text(encoding='utf-8')}\nimport customer.parties.repository\n", encoding="utf-8")
    linted = lint(copy)
    assert linted.returncode != 0
    assert "The SQL of customer.parties is its own BROKEN" in linted.stdout


def test_another_services_import_fails(copy: Path) -> None:
    room = copy / "services/kpi/src/kpi/figures/domain/facts.py"
    room.write_text(f"{room.read_text(encoding='utf-8')}\nimport risk.settings\n", encoding="utf-8")
    linted = lint(copy)
    assert linted.returncode != 0
    assert "Services never import one another BROKEN" in linted.stdout


def test_a_package_file_among_tests_fails(copy: Path) -> None:
    (copy / "services/customer/tests/__init__.py").touch()
    looked = tree(copy)
    assert looked.returncode != 0
    assert "pytest would lose tests of equal names" in looked.stdout


def test_python_the_linter_cannot_see_fails(copy: Path) -> None:
    hidden = copy / "services/customer/src/customer/parties/domain_rules/rules.py"
    hidden.parent.mkdir()
    hidden.write_text('"""A module in a folder that is no package."""\nimport risk.settings\n', encoding="utf-8")
    assert lint(copy).returncode == 0, "the linter sees it now: this test, and the rule it guards, may go"
    assert tree(copy).returncode != 0
