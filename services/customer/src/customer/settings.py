"""The customer service's own knobs on top of what every service has."""

from typing import ClassVar

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment of the customer service."""

    service: ClassVar[str] = "customer"

    port: int = 8001
    worker_port: int = 9001
