"""What one machine's suite remembers: where its data is, which ports and which secrets it was given."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from shared.crypto import Keyring, rotated
from shared.testing.engines import state_folder

CHECKOUT: Final = Path(__file__).resolve().parents[4]
ServiceName = Literal["customer", "feedback", "channel-router", "risk", "kpi"]
SERVICES: Final = ("customer", "feedback", "channel-router", "risk", "kpi")
ROLES: Final = tuple((service, role) for service in SERVICES for role in ("api", "worker"))


def package(service: str) -> str:
    """The importable name of a service."""
    return service.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens on loopback; all move together by `CXBANK_PORT_SHIFT`."""

    shift: int = 0

    def of(self, service: str, role: str) -> int:
        """8001–8005 for the apis, 9001–9005 for the workers' health and metrics."""
        return (8001 if role == "api" else 9001) + SERVICES.index(service) + self.shift

    @property
    def issuer(self) -> int:
        """The development issuer."""
        return 8010 + self.shift

    @property
    def postgres(self) -> int:
        """The embedded PostgreSQL."""
        return 8020 + self.shift

    @property
    def broker(self) -> int:
        """The broker, embedded or Apache Kafka."""
        return 8030 + self.shift

    @property
    def controller(self) -> int:
        """Apache Kafka's controller."""
        return 8031 + self.shift


@dataclass
class State:
    """The folder with data, logs and secrets; made at the first start, the same ever after."""

    folder: Path
    ports: Ports
    secrets: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path | None = None, shift: int | None = None) -> "State":
        """What was kept, completed by what is new."""
        chosen = folder or Path(os.environ.get("CXBANK_STATE") or state_folder(CHECKOUT))
        moved = shift if shift is not None else int(os.environ.get("CXBANK_PORT_SHIFT", "0"))
        state = cls(chosen, Ports(moved))
        chosen.mkdir(parents=True, exist_ok=True)
        kept = chosen / "secrets.json"
        if kept.exists():
            state.secrets = json.loads(kept.read_text())
        names = [
            "postgres",
            "client:demo",
            *(f"{kind}:{one}" for one in SERVICES for kind in ("migrator", "app", "client")),
        ]
        missing = [name for name in names if name not in state.secrets]
        if missing:
            state.secrets |= {name: secrets.token_urlsafe(24) for name in missing}
            _private(kept, json.dumps(state.secrets, indent=1))
        for service in SERVICES:
            keys = state.keys_file(service)
            if not keys.exists():
                keys.parent.mkdir(parents=True, exist_ok=True)
                _private(keys, json.dumps(Keyring.generate()))
        return state

    def keys_file(self, service: str) -> Path:
        """A service's master and HMAC keys: apart from its data."""
        return self.folder / "keys" / f"{service}.json"

    def rotate_master(self, service: str) -> None:
        """Give a service a new master key that is current from now on, beside those it has."""
        keys = self.keys_file(service)
        _private(keys, json.dumps(rotated(json.loads(keys.read_text()))))

    @property
    def ledger(self) -> Path:
        """The erasure ledger: apart from every database."""
        return self.folder / "erasures.ndjson"

    @property
    def logs(self) -> Path:
        """What every process had to say."""
        return self.folder / "logs"

    @property
    def running(self) -> Path:
        """Who runs at this moment, by process id."""
        return self.folder / "running.json"

    def note(self, **told: Any) -> None:
        """Write down who runs."""
        _private(self.running, json.dumps({"ports": asdict(self.ports), **told}, indent=1))

    def noted(self) -> dict[str, Any] | None:
        """Who ran when it was last written down; None when nothing does."""
        try:
            told: dict[str, Any] = json.loads(self.running.read_text())
        except (OSError, ValueError):
            return None
        return told


def _private(path: Path, text: str) -> None:
    """Written whole or not at all, readable by its owner only."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)
