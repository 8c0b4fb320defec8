"""The customer service's own knobs on top of what every service has."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

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
