"""create_app(): lifespan, problems, health and metrics, so that every service answers alike."""

import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from shared import clock
from shared.access import Requirement, Verifier, public
from shared.crypto import Keyring, Vault
from shared.db import Database, as_problem
from shared.events.relay import Waker
from shared.http import json_fetcher
from shared.limits import limiter
from shared.middleware import Edge
from shared.problems import MEDIA_TYPE, FieldError, Malformed, NotFound, Problem, TooLarge, Unavailable
from shared.routing import Router
from shared.settings import ServiceSettings
from shared.short_way import App, ShortWays
from shared.telemetry import POOL_IN_USE, configure, log, trace_to
from shared.world import World

SKEW_SECONDS: Final = 0.5
_YOUNG: Final = 10_000
# FastAPI's own models of a validation error: ours are problem documents.
_FOREIGN_SCHEMAS: Final = ("HTTPValidationError", "ValidationError")


class Application(FastAPI):
    """FastAPI behind an edge; what is in order and asks for little goes the short way from there to its route."""

    def __init__(self, edge: Callable[[App], App], *, short: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self._edge = edge
        self._short = short

    def build_middleware_stack(self) -> App:
        """The edge first, then the short ways, then everything FastAPI puts before a route."""
        inner: App = super().build_middleware_stack()
        return self._edge(ShortWays(inner, self.routes, refuse) if self._short else inner)


def create_app(
    settings: ServiceSettings,
    routers: Sequence[APIRouter],
    *,
    keys: Table,
    version: str = "0.1.0",
    db: Database | None = None,
    keyring: Keyring | None = None,
    verifier: Verifier | None = None,
) -> FastAPI:
    """A service's application. What is not given is built from the settings when it starts, and closed when it ends.

    `keys` is the service's table of subject keys. Tests hand in their own database, keyring and verifier.
    """
    configure(settings.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.otlp_endpoint:
            trace_to(settings.otlp_endpoint, settings.service)
        own = db or Database(
            settings.database_url.get_secret_value(),
            pool_size=settings.pool_size,
            application_name=f"{settings.service}-api",
        )
        prepare(app, settings, own, keyring or Keyring.load(settings.keys_file), keys)
        app.state.verifier = verifier or Verifier(settings.issuer, settings.service, json_fetcher(settings.jwks_url))
        waker = Waker(own)
        waker.start()
        log.info("started", service=settings.service, role="api")
        yield
        await waker.stop()
        if db is None:
            await own.close()
        log.info("stopped", service=settings.service, role="api")

    app = Application(
        lambda inner: Edge(
            inner,
            max_body=settings.max_body_bytes,
            max_in_flight=settings.max_in_flight,
            limiter=limiter(settings.rate_limit) if settings.rate_limit else None,
        ),
        # FastAPI's own way is the one that is traced.
        short=not settings.otlp_endpoint,
        title=f"cxbank {settings.service}",
        version=version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        generate_unique_id_function=lambda route: route.name,
        # Its own measures are ours already; whether there is somebody to trace to is known before the first request.
        telemetry={"tracing": bool(settings.otlp_endpoint), "metrics": False, "logs": False},
    )
    for router in (health_routes(), *routers):
        app.include_router(router)
    install(app)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
    return app


def settle(young: int = _YOUNG) -> None:
    """What is there after the start stays: the collector looks only at what came since, whenever that is `young` objects.

    It took a fifth of a busy api's time to walk a hundred thousand objects of modules, models and routes again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(young, 20, 10)


def prepare(app: FastAPI, settings: ServiceSettings, db: Database, keyring: Keyring, keys: Table) -> World:
    """Put the world on the application's state."""
    vault = Vault(keyring, keys)
    world = World(settings, db, keyring, vault)
    app.state.settings = settings
    app.state.db = db
    app.state.keyring = keyring
    app.state.vault = vault
    app.state.world = world
    app.state.groups = {}
    return world


def health_routes() -> APIRouter:
    """Liveness, readiness and metrics: the same in every service, open to everyone who reaches the port."""
    router = Router(tags=["operations"], dependencies=[public()], include_in_schema=False)

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        """The process runs."""
        return {"status": "live"}

    @router.get("/health/ready")
    async def ready(request: Request) -> dict[str, str]:
        """The database answers and its clock agrees with ours; Kafka being away does not drain an api."""
        try:
            at = await request.app.state.db.ping()
        except Exception:  # noqa: BLE001  # whatever it is, the database did not answer
            raise Unavailable("The database cannot be reached.", missing=["database"]) from None
        if abs((at - clock.now()).total_seconds()) > SKEW_SECONDS:
            raise Unavailable("The database's clock differs from ours.", missing=["clock"])
        return {"status": "ready"}

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        """Prometheus' text format."""
        POOL_IN_USE.set(request.app.state.db.pool_in_use())
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def install(app: FastAPI) -> None:
    """Every error in one shape."""
    for kind, answer in _ANSWERS:
        app.add_exception_handler(kind, answer)


async def refuse(request: Request, error: Exception) -> Response:
    """The answer that `install` makes FastAPI give to an error."""
    answer = next(answer for kind, answer in _ANSWERS if isinstance(error, kind))
    return await answer(request, error)


def render(problem: Problem, request: Request, status: int | None = None) -> Response:
    """The problem document as an answer."""
    body = problem.body(request.url.path)
    if status is not None:
        body["status"] = status
    return Response(
        json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
        status_code=status or problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101  # what it is registered for
    return render(error, request)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # what it is registered for
    faults = [
        FieldError(_pointer(fault["loc"]), str(fault["type"]).replace("_", "-"), str(fault["msg"]))
        for fault in error.errors()[:100]
    ]
    return render(Malformed("The input does not fit.", errors=faults), request)


def _pointer(loc: Sequence[int | str]) -> str:
    parts = list(loc[1:] if loc and loc[0] == "body" else loc)
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1")[:80] for part in parts)


class MethodNotAllowed(Problem):
    """The path is known, the method is not."""

    status, title = 405, "Method not allowed"


class Unreadable(Problem):
    """The request cannot be read as HTTP."""

    status, title = 400, "Unreadable request"


_OF_STATUS: Final[dict[int, type[Problem]]] = {400: Unreadable, 404: NotFound, 405: MethodNotAllowed, 413: TooLarge}


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # what it is registered for
    known = _OF_STATUS.get(error.status_code, Problem)
    # Only the edge's own sentence is passed on; the framework's say less than the titles.
    detail = error.detail if known is TooLarge else ""
    return render(known(detail, headers=dict(error.headers or {})), request, error.status_code)


async def _database(request: Request, error: Exception) -> Response:
    problem = as_problem(error)
    return render(problem, request) if problem is not None else await _fault(request, error)


async def _fault(request: Request, error: Exception) -> Response:
    # The kind only: a message or a traceback may hold values.
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f"{where.tb_frame.f_code.co_name}:{where.tb_lineno}" if where is not None else ""
    log.error("fault", kind=type(error).__name__, place=place)
    return render(Problem(), request)


# The most particular first.
_ANSWERS: Final[tuple[tuple[type[Exception], Callable[[Request, Exception], Awaitable[Response]]], ...]] = (
    (Problem, _problem),
    (RequestValidationError, _invalid),
    (HTTPException, _http),
    (DBAPIError, _database),
    (Exception, _fault),
)


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is not None:
        return app.openapi_schema
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FOREIGN_SCHEMAS:
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM_SCHEMA
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    scopes = {(path, method): needed for path, method, needed in _scopes(app)}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            needed = scopes.get((path, method.upper()))
            if needed is not None:
                # Each of the list suffices by itself; the later ones open more of the answer.
                operation["security"] = [{"bearer": alternative} for alternative in needed]
    app.openapi_schema = document
    return document


def _scopes(app: FastAPI) -> list[tuple[str, str, list[list[str]]]]:
    return [
        (str(route.path_format), method, _alternatives(dependency.call))
        for route in iter_route_contexts(app.routes)
        for dependency in getattr(getattr(route, "dependant", None), "dependencies", ())
        if isinstance(dependency.call, Requirement)
        for method in route.methods or ()
    ]


def _alternatives(needed: Requirement) -> list[list[str]]:
    return [[needed.scope]] if needed.wider is None else [[needed.scope], [needed.scope, needed.wider]]


_PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "RFC 9457 problem details",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "description": "stable relative reference of the kind of problem"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def serve(make: Callable[[], FastAPI], settings: ServiceSettings) -> None:
    """Run the api until it is told to stop; requests under way are finished first."""

    def made() -> FastAPI:
        app = make()
        settle()
        return app

    uvicorn.run(
        made,
        factory=True,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=30,
    )
