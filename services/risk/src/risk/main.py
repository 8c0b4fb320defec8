"""The front door of the risk service: the list of what it can do."""

from typing import Any

from fastapi import FastAPI

from risk import storage
from risk.screening import routes as screening
from risk.screening.access import CanRead
from risk.screening.usecases.customers import gather
from risk.settings import Settings
from shared.app import create_app, serve
from shared.exports import exports_router
from shared.jobs.routes import jobs_router
from shared.webhooks.routes import webhooks_router


def app(settings: Settings | None = None, **world: Any) -> FastAPI:
    """The application; settings come from the environment where none are given. `world` is what a test hands in."""
    routers = [
        screening.router,
        screening.restrictions_router,
        jobs_router(storage.JOBS, CanRead),
        webhooks_router(storage, "risk"),
        exports_router(storage, "risk", gather),
    ]
    return create_app(settings or Settings(), routers, keys=storage.KEYS, **world)


def main() -> None:
    """Run the api."""
    settings = Settings()
    serve(lambda: app(settings), settings)


if __name__ == "__main__":
    main()
