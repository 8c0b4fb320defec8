"""Logs, metrics and opt-in traces: constant event names, ids instead of values, one list of what is never printed."""

import logging
import re
import secrets
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, Final

import orjson
import structlog
from prometheus_client import Counter, Gauge, Histogram

request_id_var: ContextVar[str | None] = ContextVar("request_id", default=None)
traceparent_var: ContextVar[str | None] = ContextVar("traceparent", default=None)

_TRACEPARENT: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
REDACTED: Final = frozenset(
    [
        "legal_name",
        "birth_date",
        "occupation",
        "value",
        "text",
        "authorization",
        "password",
        "secret",
        "token",
        "contact_points",
        "identifiers",
        "name",
        "phone",
        "email",
        "address",
        "amount",
        "attributes",
        "body",
        "payload",
    ]  # reads as the list it is
)

REQUESTS = Counter("http_requests_total", "Answers by route and status", ["method", "route", "status"])
DURATION = Histogram(
    "http_request_duration_seconds",
    "Time from the first byte asked to the last byte answered",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
POOL_IN_USE = Gauge("db_pool_in_use", "Connections taken from the pool")


def traceparent(incoming: str | None) -> str:
    """A W3C trace context for this request: the caller's trace carried on, or a new one, not sampled."""
    if incoming is not None and _TRACEPARENT.fullmatch(incoming):
        return incoming
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in event.keys() & REDACTED:
        event[name] = "…"
    return event


def _context(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    request_id, trace = request_id_var.get(), traceparent_var.get()
    if request_id is not None:
        event.setdefault("request_id", request_id)
    if trace is not None:
        event.setdefault("trace_id", trace.split("-")[1])
    return event


def _render(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    return orjson.dumps(event, default=str).decode()


class _Plain(logging.Handler):
    """What libraries log, as our JSON lines: the message's constant part only, never its arguments or a traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        log.log(record.levelno, "library_said", logger_name=record.name, said=str(record.msg)[:200], error=cause)


def configure(level: str = "info") -> None:
    """Set logging up once for a process: JSON lines on standard output."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _context,
            _redact,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Plain()]
    root.setLevel(max(number, logging.WARNING))


def trace_to(endpoint: str, service: str) -> None:
    """Export traces by OTLP; imported only when an endpoint is set."""
    from opentelemetry import trace  # noqa: PLC0415  # opt-in: idle processes do not pay for it
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)


log: Any = structlog.get_logger()
