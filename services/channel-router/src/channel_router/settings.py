"""The channel-router service's own knobs on top of what every service has."""

from typing import ClassVar

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment of the channel-router service."""

    service: ClassVar[str] = "channel-router"

    port: int = 8003
    worker_port: int = 9003
