"""The environment of every process of the suite: the one place that knows which setting gets which value here."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cxbank_local.state import SERVICES, State, package


@dataclass(frozen=True, slots=True)
class Engines:
    """Which PostgreSQL and which brokers the suite runs on."""

    postgres: str
    brokers: str
    embedded_broker: bool


def database_url(state: State, engines: Engines, service: str, role: str) -> str:
    """A service's database as its `migrator` or its `app` role."""
    host = engines.postgres.rsplit("/", 1)[0].rsplit("@", 1)[-1]
    name = package(service)
    return f"postgresql://{name}_{role}:{state.secrets[f'{role}:{service}']}@{host}/cxbank_{name}"


def environment(state: State, engines: Engines, service: str) -> Mapping[str, str]:
    """What api and worker of a service are told."""
    ports = state.ports
    issuer = f"http://127.0.0.1:{ports.issuer}"
    told = {
        "mode": "development",
        "host": "127.0.0.1",
        "port": ports.of(service, "api"),
        "worker_port": ports.of(service, "worker"),
        "database_url": database_url(state, engines, service, "app"),
        "migrator_url": database_url(state, engines, service, "migrator"),
        "brokers": engines.brokers,
        "kafka_idempotence": not engines.embedded_broker,
        "kafka_fetch_max_wait_ms": 20 if engines.embedded_broker else 100,
        "kafka_idle_pause_ms": 450 if engines.embedded_broker else 0,
        "issuer": issuer,
        "jwks_url": f"{issuer}/jwks",
        "token_url": f"{issuer}/token",
        "client_id": service,
        "client_secret": state.secrets[f"client:{service}"],
        "keys_file": state.keys_file(service),
        "erasure_ledger": state.ledger,
        # A day is enough on a desk: the inbox then remembers three.
        "retention_hours": 24,
        "inbox_hours": 72,
        "service_urls": json.dumps({one: f"http://127.0.0.1:{ports.of(one, 'api')}" for one in SERVICES}),
    }
    kept = {
        name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "XDG_RUNTIME_DIR", "TZ"}
    }
    given = {name: value for name, value in os.environ.items() if name.startswith("CXBANK_LOG_")}
    return kept | given | {f"CXBANK_{name.upper()}": str(value) for name, value in told.items()}
