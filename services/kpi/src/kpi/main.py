"""The front door of the kpi service: the list of what it can do."""

from typing import Any

from fastapi import FastAPI

from kpi import storage
from kpi.figures import routes as figures
from kpi.figures.usecases import gather
from kpi.settings import Settings
from shared.app import create_app, serve
from shared.exports import exports_router
from shared.webhooks.routes import webhooks_router


def app(settings: Settings | None = None, **world: Any) -> FastAPI:
    """The application; settings come from the environment where none are given. `world` is what a test hands in."""
    routers = [figures.router, webhooks_router(storage, "kpi"), exports_router(storage, "kpi", gather)]
    return create_app(settings or Settings(), routers, keys=storage.KEYS, **world)


def main() -> None:
    """Run the api."""
    settings = Settings()
    serve(lambda: app(settings), settings)


if __name__ == "__main__":
    main()
