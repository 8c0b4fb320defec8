"""Generated files against the tree: written when nothing breaks, compared when something is checked."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cxbank_local.contracts.breaking import breaks_of_api, breaks_of_schema

Document = Mapping[str, Any]
# Breaks somebody decided for, each with its reason: {"<sentence>": "<reason>"} beside the contract they change.
ACCEPTED = "accepted.json"


def rendered(document: Document) -> str:
    """A document as it is kept: sorted, so that a difference is a change of the contract and never of an order."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class Contract:
    """The documents of one service."""

    service: str
    api: Document
    asyncapi: Document
    events: Mapping[str, Document] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where they are kept, within the tree."""
        return Path("services") / self.service / "contract"

    def files(self) -> dict[Path, str]:
        """Path within the tree → text."""
        kept = {
            self.folder / "openapi.json": rendered(self.api),
            self.folder / "asyncapi.json": rendered(self.asyncapi),
        }
        return kept | {self.folder / "events" / f"{name}.json": rendered(one) for name, one in self.events.items()}


def kept(root: Path, service: str) -> Contract | None:
    """The contract of a service as the tree has it; None before its first generation."""
    folder = root / "services" / service / "contract"
    if not (folder / "openapi.json").exists():
        return None
    return Contract(
        service,
        json.loads((folder / "openapi.json").read_text(encoding="utf-8")),
        {},
        {
            path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in sorted((folder / "events").glob("*.json"))
        },
    )


def committed(root: Path, service: str, revision: str = "HEAD") -> Contract | None:
    """The contract of a service as git has it; None outside of a repository or before its first commit."""
    prefix = f"services/{service}/contract/"
    names = _git(root, "ls-tree", "-r", "--name-only", revision, prefix)
    if not names or f"{prefix}openapi.json" not in names.split():
        return None

    def shown(name: str) -> Document:
        found: Document = json.loads(_git(root, "show", f"{revision}:{name}") or "{}")
        return found

    events = [name for name in names.split() if name.startswith(f"{prefix}events/")]
    return Contract(service, shown(f"{prefix}openapi.json"), {}, {Path(name).stem: shown(name) for name in events})


def _git(root: Path, *words: str) -> str | None:
    try:
        # Fixed words and names of our own tree.
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603, S607
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def breaks(old: Contract | None, new: Contract, root: Path) -> list[str]:
    """What the newer contract breaks of the older one, without the breaks that were decided for."""
    if old is None:
        return []
    found = breaks_of_api(old.api, new.api)
    for name, schema in old.events.items():
        if name in new.events:
            found += breaks_of_schema(schema, new.events[name], name)
        else:
            found.append(f"{name}: the event is gone")
    path = root / new.folder / ACCEPTED
    accepted = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return [f"{new.service}: {one}" for one in found if one not in accepted]


def write(root: Path, files: Mapping[Path, str], owned: Iterable[Path]) -> list[Path]:
    """Write what differs and delete what is no longer made under the `owned` folders; the paths that changed."""
    changed = []
    for path, text in files.items():
        target = root / path
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            changed.append(path)
    for path in _left_over(root, files, owned):
        (root / path).unlink()
        changed.append(path)
    return changed


def differences(root: Path, files: Mapping[Path, str], owned: Iterable[Path]) -> list[str]:
    """How the tree differs from what would be written, one sentence for each file."""
    found = []
    for path, text in files.items():
        if not (root / path).exists():
            found.append(f"{path}: missing")
        elif (root / path).read_text(encoding="utf-8") != text:
            found.append(f"{path}: not what the code says")
    return found + [f"{path}: nothing makes it any more" for path in _left_over(root, files, owned)]


def _left_over(root: Path, files: Mapping[Path, str], owned: Iterable[Path]) -> Iterator[Path]:
    for folder in owned:
        for path in sorted((root / folder).rglob("*")) if (root / folder).is_dir() else ():
            relative = path.relative_to(root)
            if path.is_file() and relative not in files and "__pycache__" not in relative.parts:
                yield relative
