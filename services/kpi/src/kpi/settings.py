"""The kpi service's own knobs on top of what every service has."""

from typing import ClassVar

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment of the kpi service."""

    service: ClassVar[str] = "kpi"

    port: int = 8005
    worker_port: int = 9005
