"""What README and CONTRIBUTING tell people to type or copy exists, and does what it says."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md")
PROGRAMS = re.compile(r"^\.venv/bin/(?P<words>.+)$")


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, flags=re.MULTILINE | re.DOTALL)
    return [re.sub(r"^ {3}", "", block, flags=re.MULTILINE) if block.startswith("   ") else block for block in found]


def commands() -> list[str]:
    """Every line of every shell block, once."""
    return sorted(
        {line.strip() for page in PAGES for block in blocks(page, "sh") for line in block.splitlines() if line}
    )


@pytest.mark.parametrize("page", PAGES)
def test_a_block_of_code_is_of_a_kind_that_is_tested(page: str) -> None:
    kinds = set(re.findall(r"^ *```(\w*)\n(?!$)", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert kinds - {""} <= {"sh", "python", "text"}


@pytest.mark.parametrize("page", PAGES)
def test_python_on_a_page_is_taken_from_an_example_that_is_run(page: str) -> None:
    examples = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs/examples").glob("*.py"))
    assert all(block in examples for block in blocks(page, "python"))


def recipe(command: str) -> list[str]:
    """The lines make would run for a command, without what only sets the environment up."""
    words = shlex.split(command)
    assert words[0] == "make", f"{command}: people are told to type make and nothing else"
    run = ["make", "--dry-run", "--old-file=.state/installed", *words[1:]]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [line.strip() for line in done.stdout.splitlines()]


@pytest.mark.parametrize("command", commands())
def test_a_command_is_a_target_whose_programs_exist(command: str) -> None:
    for line in recipe(command):
        found = PROGRAMS.match(line)
        if found is None:
            continue
        words = shlex.split(found["words"])
        assert (ROOT / ".venv/bin" / words[0]).exists(), line
        if words[0] == "cxbank":
            asked = [str(ROOT / ".venv/bin/cxbank"), words[1], "--help"]
            done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}: {done.stderr}"


def claims() -> list[tuple[str, str]]:
    """Each row of the tables by which services say how a claim is shown: the page, and the row."""
    found = []
    for page in sorted(ROOT.glob("services/*/README.md")):
        for part in re.findall(
            r"^## What is shown, and how$(.*?)^## ", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        ):
            found += [(page.parent.name, row) for row in re.findall(r"^\| (?!what \|)(.+) \|$", part, re.MULTILINE)]
    return found


def test_the_golden_service_says_how_what_it_claims_is_shown() -> None:
    assert [service for service, _ in claims()].count("customer") >= 20


@pytest.mark.parametrize(("service", "row"), claims())
def test_what_is_shown_is_shown_by_commands_that_name_what_is_there(service: str, row: str) -> None:
    told = re.findall(r"`([^`]+)`", row.rsplit(" | ", 1)[1])
    assert told, "nothing is said that shows it"
    for command in told:
        words = shlex.split(command)
        if words[0] == "make":
            test_a_command_is_a_target_whose_programs_exist(command)
            continue
        assert words[:2] == [".venv/bin/pytest", "-q"], command
        for target in words[2:]:
            path, *names = target.split("::")
            assert (ROOT / path).exists(), path
            assert not names or re.search(
                rf"^(async )?def {names[0]}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE
            )


def test_bare_make_prints_every_target_with_a_line() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\.PHONY: (\w+)$", text, flags=re.MULTILINE))
    printed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = dict(re.findall(r"^  make (\w+) +(\S.*)$", printed, flags=re.MULTILINE))
    assert set(lines) == targets
    assert {"install", "check", "test", "up", "down", "demo", "bench", "chaos", "fuzz", "kafka", "ci"} <= targets


def test_ci_runs_the_check_and_the_readmes_test_command() -> None:
    lines = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert "set -euo pipefail" in lines
    assert [line for line in lines if line.startswith("make")] == ["make check", "make test"]
    assert {"make check", "make test"} <= set(commands())
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_before_a_commit_the_check_runs_and_nothing_else() -> None:
    entries = re.findall(
        r"^ +entry: (.+)$", (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert entries == ["make check"]


def test_every_decision_is_one_page_with_the_same_parts() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert numbers == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        parts = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
        assert parts == ["Context", "Decision", "Consequences", "Alternatives", "Revisit when"], page.name
        assert text.count("\n") < 70, page.name


def test_links_between_our_pages_lead_somewhere() -> None:
    faults = []
    for page in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("services/*/README.md"),
        *ROOT.glob("deploy/**/*.md"),
    ]:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                faults.append(f"{page.relative_to(ROOT)} → {target}")
    assert not faults, "\n".join(faults)


def test_every_service_has_a_page_that_says_what_can_be_asked_and_how_it_is_run() -> None:
    faults = []
    for service in sorted(one.parent for one in ROOT.glob("services/*/pyproject.toml")):
        page = service / "README.md"
        parts = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE) if page.exists() else []
        faults += [f"{page.relative_to(ROOT)}: no {part}" for part in ("Routes", "Run and test") if part not in parts]
    assert not faults, "\n".join(faults)
