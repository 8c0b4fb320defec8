"""The feedback service's own knobs on top of what every service has."""

from typing import ClassVar

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment of the feedback service."""

    service: ClassVar[str] = "feedback"

    port: int = 8002
    worker_port: int = 9002
