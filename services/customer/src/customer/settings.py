"""The customer service's own knobs on top of what every service has."""

import json
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment of the customer service."""

    service: ClassVar[str] = "customer"

    port: int = 8001
    worker_port: int = 9001
    controller_name: str = Field("cxbank", description="who answers for the data, as a consent receipt names them")
    controller_contact: str | None = Field(None, description="where they are reached about it, on consent receipts")
    models: Path = Field(
        Path(".models"), description="where trained models are kept; each names the data it was made from"
    )
    default_language: Literal["zh-Hans", "zh-Hant", "en"] = Field(
        "zh-Hans", description="in which customers are written to who have not said otherwise"
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="the bank's mail relay, `smtp://host:port` or `smtps://user:password@host`; no e-mail where empty",
    )
    mail_from: str = Field("no-reply@bank.invalid", description="sender of e-mails")
    gateway_url: str | None = Field(
        None, description="the bank's own gateway for text, push and WeChat messages; none of them where empty"
    )
    gateway_secret: SecretStr | None = Field(None, description="signs what the gateway is sent (`whsec_…`)")
    message_give_up_hours: int = Field(
        72, ge=1, description="how long a silent gateway is tried, a barred channel waited for"
    )
    identity_max_members: int = Field(50, ge=2, le=500, description="records one identity may have at most")
    identity_largest_block: int = Field(
        50, ge=2, le=1000, description="records that may meet in one duplicate block; a larger block means nothing"
    )
    identity_links_per_day: int = Field(20, ge=1, description="how often one identity may be linked within 24 hours")
    access_request_seconds: int = Field(
        86_400, ge=60, description="how long a request to see a customer's values waits"
    )
    access_code_seconds: int = Field(600, ge=60, description="how long a one-time code for such a request holds")
    access_code_attempts: int = Field(5, ge=1, description="wrong codes after which a request is locked")
    access_codes_per_hour: int = Field(5, ge=1, description="codes a customer is sent within an hour at most")
    break_glass_seconds: int = Field(900, ge=60, description="how long a broken glass stays open")
    jurisdiction: str = Field("CN", description="whose retention duties and holidays hold: ISO 3166-1 alpha-2, or EU")
    privacy_regime: str = Field(
        "cn-personal-information", description="statutory profile by which privacy requests are clocked unless they say"
    )
    export_hours: int = Field(168, ge=1, description="how long a bundle of an access request may be fetched")
    backup_days: int = Field(
        30, ge=0, description="how long a backup is kept at most, as certificates of erasure state"
    )
    service_urls: dict[str, str] = Field(
        {}, description='where the other services are, as JSON: `{"feedback": "http://…", "channel-router": …}`'
    )
    insight_sample: int = Field(
        20_000, ge=100, description="customers over whom habits are counted: a random sample, everybody where not more"
    )
    fewest_people: int = Field(10, ge=2, description="counts of fewer people than this are hidden in insight")

    @field_validator("service_urls", mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        """Whoever hands settings in as texts, not by the environment, gives the same JSON."""
        return json.loads(value) if isinstance(value, str) else value
