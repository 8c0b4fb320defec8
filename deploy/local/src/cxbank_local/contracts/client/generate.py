"""The contracts of all services -> the generated modules of the typed client, formatted as every source is."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cxbank_local.contracts.client.models import events_module, models_module
from cxbank_local.contracts.client.operations import client_module, client_name, operations
from cxbank_local.contracts.client.types import Side
from cxbank_local.contracts.files import Contract

PACKAGE = Path("clients/python/src/cxbank_client")


def folder_of(service: str) -> Path:
    """Where one service's part of the client is, within the tree."""
    return PACKAGE / service.replace("-", "_")


def client_files(root: Path, contracts: Sequence[Contract]) -> dict[Path, str]:
    """Path within the tree → text, for every generated module of the client."""
    texts: dict[Path, str] = {}
    for contract in contracts:
        sides: dict[str, Side] = {}
        for operation in operations(contract.api):
            for name, side in operation.sides().items():
                # What is both sent and told is read tolerantly.
                sides[name] = "output" if "output" in (side, sides.get(name)) else side
        folder = folder_of(contract.service)
        components = contract.api.get("components", {}).get("schemas", {})
        texts[folder / "__init__.py"] = ""
        texts[folder / "models.py"] = models_module(contract.service, components, sides)
        texts[folder / "client.py"] = client_module(contract.service, contract.api)
        texts[folder / "events.py"] = events_module(contract.service, contract.events)
    texts[PACKAGE / "__init__.py"] = _front(contracts)
    return {path: _formatted(root, path, text) if text else text for path, text in texts.items()}


def _front(contracts: Sequence[Contract]) -> str:
    found: Mapping[str, str] = {
        contract.service.replace("-", "_"): client_name(contract.service) for contract in contracts
    }
    lines = [
        '"""Generated: the typed client of the cxbank services; `async with Customer(address, token) as customer`."""',
        "",
    ]
    lines += [f"from cxbank_client.{package}.client import {name}" for package, name in sorted(found.items())]
    lines += [
        "from cxbank_client.problems import Problem, Unreachable",
        "from cxbank_client.tokens import ClientCredentials",
    ]
    names = sorted([*found.values(), "ClientCredentials", "Problem", "Unreachable"])
    return "\n".join([*lines, "", f"__all__ = {names!r}", ""])


def _formatted(root: Path, path: Path, text: str) -> str:
    """As `make check` wants it: names that are not needed go, the rest is laid out."""
    ruff = [sys.executable, "-m", "ruff"]
    name = ["--stdin-filename", str(path)]
    for words in (
        ["check", "--quiet", "--fix-only", "--select", "F401,I,UP,RUF022", *name, "-"],
        ["format", *name, "-"],
    ):
        # Our own tool on text we have just made.
        done = subprocess.run([*ruff, *words], input=text, capture_output=True, text=True, cwd=root, check=False)  # noqa: S603
        if done.returncode != 0:
            raise RuntimeError(f"{path} cannot be formatted: {done.stderr or done.stdout}")
        text = done.stdout
    return text
