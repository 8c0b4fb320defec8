"""The front door of the channel-router service: the list of what it can do."""

from typing import Any

from fastapi import FastAPI

from channel_router import storage
from channel_router.queue import routes as queue
from channel_router.queue.access import CanRead
from channel_router.queue.usecases import gather
from channel_router.settings import Settings
from channel_router.supply import routes as supply
from shared.app import create_app, serve
from shared.exports import exports_router
from shared.jobs.routes import jobs_router
from shared.webhooks.routes import webhooks_router


def app(settings: Settings | None = None, **world: Any) -> FastAPI:
    """The application; settings come from the environment where none are given. `world` is what a test hands in."""
    routers = [
        supply.router,
        queue.router,
        jobs_router(storage.JOBS, CanRead),
        webhooks_router(storage, "channel-router"),
        exports_router(storage, "channel-router", gather),
    ]
    return create_app(settings or Settings(), routers, keys=storage.KEYS, **world)


def main() -> None:
    """Run the api."""
    settings = Settings()
    serve(lambda: app(settings), settings)


if __name__ == "__main__":
    main()
