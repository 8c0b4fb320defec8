"""Every setting of every service: from the environment only, frozen, secrets never printed, refused when they cannot hold."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """What all five services read; each adds its own knobs and its default ports."""

    model_config = SettingsConfigDict(env_prefix="CXBANK_", frozen=True, extra="ignore", hide_input_in_errors=True)

    service: ClassVar[str] = "service"

    mode: Literal["development", "test", "production"] = Field(
        "production", description="production refuses development tools"
    )
    host: str = Field("127.0.0.1", description="address the api and the worker's health listen on")
    port: int = Field(8000, description="port of the api")
    worker_port: int = Field(9000, description="port of the worker's health and metrics")
    database_url: SecretStr = Field(description="PostgreSQL as the application's role")
    migrator_url: SecretStr | None = Field(
        None, description="PostgreSQL as the role that owns the tables; keeps partitions"
    )
    pool_size: int = Field(8, ge=2, le=50, description="connections a process holds at most")
    brokers: str = Field("127.0.0.1:9092", description="Kafka bootstrap servers")
    kafka_idempotence: bool = Field(default=True, description="idempotent producer; off for the embedded broker")
    kafka_fetch_max_wait_ms: int = Field(500, description="longest wait of an idle fetch")
    kafka_idle_pause_ms: int = Field(
        0, ge=0, description="pause between fetches while nothing comes; for a broker that does not hold a fetch open"
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Kafka transport"
    )
    kafka_sasl_mechanism: str = Field("SCRAM-SHA-512", description="SASL mechanism")
    kafka_sasl_username: str | None = Field(None, description="SASL user")
    kafka_sasl_password: SecretStr | None = Field(None, description="SASL password")
    kafka_cafile: Path | None = Field(None, description="certificate authority of the brokers")
    external_topic: str = Field("cxbank.external.events", description="where the bank's own systems speak")
    issuer: str = Field("http://127.0.0.1:8010", description="`iss` of the tokens we accept")
    jwks_url: str = Field("http://127.0.0.1:8010/jwks", description="where the issuer's public keys are")
    token_url: str | None = Field(None, description="where this service gets its own tokens")
    client_id: str | None = Field(None, description="this service's client id")
    client_secret: SecretStr | None = Field(None, description="this service's client secret")
    keys_file: Path = Field(description="master and HMAC keys (file provider)")
    erasure_ledger: Path | None = Field(None, description="append-only file of erasures, kept apart from the databases")
    zone: str = Field("Asia/Shanghai", description="default IANA zone of a day")
    retention_hours: int = Field(168, ge=1, description="E: how long topics and outbox keep an event")
    inbox_hours: int = Field(360, description="how long the inbox remembers: at least 2E + 24 h")
    max_body_bytes: int = Field(1 << 20, description="largest body of an ordinary request")
    max_import_bytes: int = Field(1 << 30, description="largest body of an import, unpacked")
    max_in_flight: int = Field(1_000, description="requests a process works on at once; more is 503")
    rate_limit: str | None = Field(
        None, description="requests a caller may send, such as `600/minute`; none where empty"
    )
    webhook_hosts: str = Field(
        "", description="hosts webhooks may name, by comma: `api.example.com`, `*.example.com`; none where empty"
    )
    webhook_inside: bool = Field(
        default=False, description="let webhooks be plain http and reach private addresses; refused in production"
    )
    webhook_give_up_hours: int = Field(24, ge=1, description="how long a delivery is tried before it is parked")
    log_level: str = Field("info", description="least severe level that is logged")
    otlp_endpoint: str | None = Field(None, description="where traces go; none where empty")

    @model_validator(mode="after")
    def _retentions_fit(self) -> Self:
        if self.inbox_hours < 2 * self.retention_hours + 24:
            raise ValueError("inbox_hours must be at least 2 * retention_hours + 24, else a refill is counted twice")
        if self.webhook_inside and self.mode == "production":
            raise ValueError("webhook_inside is for development: production reaches no private address by webhook")
        return self

    def hosts_of_webhooks(self) -> list[str]:
        """The hosts webhooks may name."""
        return [one.strip() for one in self.webhook_hosts.split(",") if one.strip()]


def table(classes: Sequence[type[ServiceSettings]]) -> str:
    """One Markdown table of all settings, for the operators' page."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    seen: set[str] = set()
    for settings in classes:
        for name, field in settings.model_fields.items():
            if name in seen:
                continue
            seen.add(name)
            default = "required" if field.is_required() else f"`{field.default}`" if field.default is not None else ""
            rows.append(f"| `CXBANK_{name.upper()}` | {default} | {field.description or ''} |")
    return "\n".join(rows) + "\n"
