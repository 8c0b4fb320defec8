"""The risk service's own knobs on top of what every service has."""

from typing import ClassVar

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment of the risk service."""

    service: ClassVar[str] = "risk"

    port: int = 8004
    worker_port: int = 9004
