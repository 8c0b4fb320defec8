"""Every route says who may call it, and takes a connection only after the caller was checked."""

import importlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from fastapi import FastAPI
from fastapi.params import Depends
from fastapi.routing import RouteContext, iter_route_contexts

from shared.access import Open, Requirement
from shared.db import Read, Tx

SERVICES = ("customer", "feedback", "channel_router", "risk", "kpi")
# What machines ask that have no token: liveness, readiness, metrics, and the contract itself.
OPERATORS = {"/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs", "/redoc", "/docs/oauth2-redirect"}


@cache
def app_of(service: str) -> FastAPI:
    """The app of a service; nothing is started for it."""
    settings = importlib.import_module(f"{service}.settings").Settings(
        mode="test", database_url="postgresql://nobody@127.0.0.1/nothing", keys_file=Path("none")
    )
    found: FastAPI = importlib.import_module(f"{service}.main").app(settings)
    return found


def routes(service: str) -> Iterator[RouteContext]:
    """Its routes, however deep they were included."""
    yield from (one for one in iter_route_contexts(app_of(service).routes) if one.path not in OPERATORS)


def dependency(hint: Any) -> Any:
    """What an annotated parameter depends on, or None."""
    found = [one for one in get_args(hint)[1:] if isinstance(one, Depends)]
    return found[0].dependency if found else None


def parameters(endpoint: Callable[..., Any] | None) -> list[Any]:
    """The annotations of a route's parameters, in the order in which FastAPI resolves them."""
    assert endpoint is not None
    hints = get_type_hints(endpoint, include_extras=True)
    return [hints.get(name) for name in inspect.signature(endpoint).parameters]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_routes_and_every_one_says_who_may_call_it(service: str) -> None:
    found = list(routes(service))
    assert found
    silent = [
        f"{sorted(route.methods or ())} {route.path}"
        for route in found
        if sum(isinstance(dependency(hint), Requirement | Open) for hint in parameters(route.endpoint)) != 1
    ]
    assert not silent, "\n".join(silent)


@pytest.mark.parametrize("service", SERVICES)
def test_the_caller_is_checked_before_a_connection_is_taken(service: str) -> None:
    faults = []
    for route in routes(service):
        kinds = [
            "caller" if isinstance(dependency(hint), Requirement | Open) else "door"
            for hint in parameters(route.endpoint)
            if isinstance(dependency(hint), Requirement | Open) or hint in (Tx, Read)
        ]
        if "door" in kinds and kinds.index("door") < kinds.index("caller"):
            faults.append(f"{sorted(route.methods or ())} {route.path}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("service", SERVICES)
def test_every_scope_is_the_services_own(service: str) -> None:
    name = service.replace("_", "-")
    scopes = {
        scope
        for route in routes(service)
        for hint in parameters(route.endpoint)
        if isinstance(dependency(hint), Requirement)
        for scope in (dependency(hint).scope, dependency(hint).wider)
        if scope is not None
    }
    assert all(scope.startswith(f"{name}.") and scope.endswith((":read", ":write", ":approve")) for scope in scopes)


@pytest.mark.parametrize("service", SERVICES)
def test_no_two_operations_have_one_name(service: str) -> None:
    """A client has one method per operation, named after the route's function."""
    names = [str(route.name) for route in routes(service)]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)


@pytest.mark.parametrize("service", SERVICES)
def test_the_contract_says_which_scope_an_operation_needs(service: str) -> None:
    document = app_of(service).openapi()
    silent = [
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if not operation.get("security")
    ]
    assert not silent, "\n".join(silent)
