"""`python -m cxbank_local.contracts write|check`: the contracts and the client from the code, and what would break."""

import sys
from collections.abc import Sequence
from pathlib import Path

from cxbank_local.contracts import files
from cxbank_local.contracts.client.generate import PACKAGE, client_files, folder_of
from cxbank_local.contracts.documents import SERVICES, generated, settings_page
from cxbank_local.contracts.files import Contract

HINT = "a new version beside the old breaks nobody; a wanted break goes into contract/accepted.json, with its reason"


def made(root: Path) -> tuple[list[Contract], dict[Path, str], list[Path]]:
    """All contracts from the code, every file they become, and the folders in which nothing else may be."""
    contracts = [generated(service) for service in SERVICES]
    texts = {path: text for contract in contracts for path, text in contract.files().items()}
    texts[Path("docs/settings.md")] = settings_page()
    owned = [contract.folder / "events" for contract in contracts] + [folder_of(service) for service in SERVICES]
    return contracts, texts | client_files(root, contracts), owned


def check(root: Path) -> list[str]:
    """Everything that is wrong: breaks of what is kept or committed, and files that were not regenerated."""
    contracts, texts, owned = made(root)
    faults: list[str] = []
    for contract in contracts:
        for older in (files.kept(root, contract.service), files.committed(root, contract.service)):
            faults += [f"breaks: {one}" for one in files.breaks(older, contract, root)]
    faults = list(dict.fromkeys(faults))
    return faults + [f"run make contracts: {one}" for one in files.differences(root, texts, owned)]


def write(root: Path) -> tuple[list[Path], list[str]]:
    """The paths that changed; nothing is written where the newer contract would break somebody."""
    contracts, texts, owned = made(root)
    broken = [one for contract in contracts for one in files.breaks(files.kept(root, contract.service), contract, root)]
    return ([], broken) if broken else (files.write(root, texts, owned), [])


def main(words: Sequence[str]) -> int:
    """The command's exit status; what it found goes to the standard output."""
    root = Path.cwd()
    if list(words) == ["check"]:
        faults = check(root)
    elif list(words) == ["write"]:
        changed, faults = write(root)
        sys.stdout.writelines(f"{path}\n" for path in changed)
    else:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    if faults:
        sys.stdout.write(f"{HINT}\n" if not all(fault.startswith("run make") for fault in faults) else "")
    else:
        sys.stdout.write(f"contracts of {len(SERVICES)} services and {PACKAGE}: as the code says\n")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
