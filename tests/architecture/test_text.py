"""Nothing in the tree names a registry, an address of packages or a path of somebody's machine."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SKIPPED = re.compile(
    r"^(\.git|\.venv|\.state|\.local|\.models|\.kafka|\.[a-z_]+_cache|\.hypothesis|__pycache__|node_modules)$"
    r"|^\.coverage|\.egg-info$"
)
# Put together here, so that this file does not break its own rule.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"),
        ("maven", "org"), ("maven", "apache", "org"), ("crates", "io"), ("golang", "org"), ("docker", "io"),
        ("ghcr", "io"), ("quay", "io"), ("gcr", "io"), ("deb", "debian", "org"), ("huggingface", "co"),
    )
]  # fmt: skip
SOMEBODYS = re.compile(r"(?<![\w.])/(?:home/\w+|root|work|Users/\w+)/|file:" + r"//|[A-Z]:\\Users")


def _files(folder: Path = ROOT) -> list[Path]:
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if SKIPPED.search(path.name):
            continue
        found += _files(path) if path.is_dir() else [path]
    return found


def _texts() -> list[tuple[Path, str]]:
    texts = []
    for path in _files():
        try:
            texts.append((path.relative_to(ROOT), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return texts


def test_no_registry_or_index_is_named() -> None:
    faults = [f"{path}: {host}" for path, text in _texts() for host in HOSTS if host in text]
    faults += [
        f"{path}: an index is chosen" for path, text in _texts() if re.search(r"--(extra-)?index-" + "url", text)
    ]
    assert not faults, "\n".join(faults)


def test_no_path_of_a_machine_is_written_down() -> None:
    faults = [f"{path}: {hit.group()}" for path, text in _texts() for hit in SOMEBODYS.finditer(text)]
    assert not faults, "\n".join(faults)


def test_requirements_hold_versions_and_hashes_only() -> None:
    faults = []
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            if re.match(r"    --hash=sha256:[0-9a-f]{64}( \\)?$", line) or not line.strip():
                continue
            if not re.match(r"[A-Za-z0-9_.\-]+(\[[a-z,]+\])?==[^\s/]+( ; [^/]+)? \\$", line):
                faults.append(f"{path.name}:{number}: {line}")
            elif line.startswith("cxbank-"):
                faults.append(f"{path.name}:{number}: a private name would be asked of a registry")
    assert not faults, "\n".join(faults)


def test_no_lock_file_with_addresses_is_kept() -> None:
    locks = {"package-lock.json", "pylock.toml", "poetry.lock", "Pipfile.lock", "yarn.lock", "pnpm-lock.yaml"}
    ignored = set((ROOT / ".gitignore").read_text(encoding="utf-8").split())
    faults = [str(path) for path in _files() if path.name in locks or path.suffix == ".lock"]
    assert not [fault for fault in faults if Path(fault).name not in ignored], faults
    assert {"uv.lock", "pylock.toml"} <= ignored


def test_every_services_own_list_is_a_part_of_the_whole() -> None:
    def pins(path: Path) -> set[str]:
        return {line.split(" ")[0] for line in path.read_text(encoding="utf-8").splitlines() if "==" in line}

    whole = pins(ROOT / "requirements/runtime.txt")
    parts = sorted((ROOT / "requirements").glob("runtime-*.txt"))
    assert len(parts) == 5
    for part in parts:
        assert pins(part) <= whole, part.name
