"""The front door of the feedback service: the list of what it can do."""

from typing import Any

from fastapi import FastAPI

from feedback import storage
from feedback.intake import routes as intake
from feedback.intake.access import CanRead
from feedback.intake.usecases import gather
from feedback.settings import Settings
from shared.app import create_app, serve
from shared.exports import exports_router
from shared.jobs.routes import jobs_router
from shared.webhooks.routes import webhooks_router


def app(settings: Settings | None = None, **world: Any) -> FastAPI:
    """The application; settings come from the environment where none are given. `world` is what a test hands in."""
    routers = [
        intake.router,
        jobs_router(storage.JOBS, CanRead),
        webhooks_router(storage, "feedback"),
        exports_router(storage, "feedback", gather),
    ]
    return create_app(settings or Settings(), routers, keys=storage.KEYS, **world)


def main() -> None:
    """Run the api."""
    settings = Settings()
    serve(lambda: app(settings), settings)


if __name__ == "__main__":
    main()
