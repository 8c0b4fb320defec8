"""Paths of an OpenAPI document -> the text of one client class, a method for each operation."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cxbank_local.contracts.client.models import is_page
from cxbank_local.contracts.client.types import (
    Schema,
    Side,
    class_name,
    field_name,
    python_type,
    reached,
    refs,
    text_of,
)

METHODS = ("get", "post", "put", "patch", "delete")
JSON, ROWS = "application/json", ("application/x-ndjson", "text/csv", "application/gzip", "application/octet-stream")
HEAD = '''"""Generated: the operations of {service}, one method each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import TypeAdapter

from cxbank_client.answers import Page
from cxbank_client.jobs import ended
from cxbank_client.{package} import models
from cxbank_client.transport import Rows, Transport


class {client}(Transport):
    """The {service} service. Every method raises `cxbank_client.problems.Problem` for an answer that is no success."""
'''


@dataclass
class Operation:
    """One operation of a document, as far as a client needs it."""

    method: str
    path: str
    details: Mapping[str, Any]
    components: Mapping[str, Schema]
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = operation_name(self.details, self.method, self.path)

    @property
    def body(self) -> Schema | None:
        """The schema of a JSON body."""
        found: Schema | None = self.details.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema")
        return found

    @property
    def rows(self) -> str | None:
        """The media type of a streamed body."""
        content = self.details.get("requestBody", {}).get("content", {})
        return next((media for media in ROWS if media in content), None) if JSON not in content else None

    @property
    def success(self) -> Mapping[str, Any]:
        """The content of the first success, by media type."""
        for status, answer in sorted(self.details.get("responses", {}).items()):
            if status.startswith("2"):
                content: Mapping[str, Any] = answer.get("content", {})
                return content
        return {}

    def parameters(self, place: str) -> list[Mapping[str, Any]]:
        """The parameters of one place: path, query, header."""
        return [one for one in self.details.get("parameters", ()) if one["in"] == place]

    def sides(self) -> dict[str, Side]:
        """The components this operation needs, and whether they are sent or told."""
        told: dict[str, Side] = dict.fromkeys(reached(self.success, self.components), "output")
        sent = [self.body or {}, *(one.get("schema", {}) for one in self.details.get("parameters", ()))]
        found: dict[str, Side] = dict.fromkeys(reached(sent, self.components), "input")
        return found | told


def operation_name(details: Mapping[str, Any], method: str, path: str) -> str:
    """The route's own name: FastAPI's default id carries the path and the method behind it."""
    name = str(details.get("operationId") or f"{method}_{path}")
    tail = re.sub(r"\W", "_", f"{path}_{method}")
    return re.sub(r"\W", "_", name.removesuffix(tail).strip("_") or name)


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """The operations of the versioned contract, in the order of their paths."""
    components = document.get("components", {}).get("schemas", {})
    return [
        Operation(method, path, item[method], components)
        for path, item in sorted(document.get("paths", {}).items())
        for method in METHODS
        if method in item and path.startswith("/v")
    ]


def client_module(service: str, document: Mapping[str, Any]) -> str:
    """The module of one service's client."""
    package = service.replace("-", "_")
    found = operations(document)
    parts = [HEAD.format(service=service, package=package, client=client_name(service))]
    parts += [text for operation in found for text in _methods(operation)]
    job = next((one for one in found if one.method == "get" and re.fullmatch(r"/v1/jobs/\{\w+\}", one.path)), None)
    if job is not None:
        parts.append(_waiting(job))
    return "\n".join(parts)


def client_name(service: str) -> str:
    """`channel-router` → `ChannelRouter`."""
    return class_name(service)


def _type(schema: Schema, operation: Operation, side: Side) -> str:
    """An annotation in the client's module: the models are met as `models.X`."""
    text = python_type(schema, side, operation.components)
    names = {class_name(name) for name in refs(schema)} | {class_name(name) for name in operation.sides()}
    for page in [name for name in reached(schema, operation.components) if is_page(operation.components[name])]:
        items = operation.components[page]["properties"]["items"]["items"]
        text = re.sub(rf"\b{class_name(page)}\b", f"Page[{python_type(items, side, operation.components)}]", text)
        names.discard(class_name(page))
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<![\w.'\"]){name}\b(?!['\"])", f"models.{name}", text)
    return text


def _methods(operation: Operation) -> Iterator[str]:
    media = next(iter(operation.success), JSON)
    if operation.rows:
        yield _upload(operation)
    elif operation.method == "get" and media in ROWS:
        yield _stream(operation)
    elif media == JSON:
        yield _call(operation)
        if _is_list(operation):
            yield _iteration(operation)


def _is_list(operation: Operation) -> bool:
    schema = operation.success.get(JSON, {}).get("schema", {})
    return (any(is_page(operation.components[name]) for name in refs(schema) if name in operation.components)) and any(
        one["name"] == "cursor" for one in operation.parameters("query")
    )


def _path(operation: Operation) -> str:
    path = operation.path
    for one in operation.parameters("path"):
        path = path.replace(f"{{{one['name']}}}", f"{{{field_name(one['name'])}}}")
    return f"f{path!r}" if "{" in path else repr(path)


def _arguments(operation: Operation, *, without: tuple[str, ...] = ()) -> tuple[list[str], list[str], str, str]:
    """Positional and keyword arguments, and the expressions for query and headers."""
    fixed = [
        f"{field_name(one['name'])}: {_type(one['schema'], operation, 'input')}" for one in operation.parameters("path")
    ]
    named, query, headers = [], [], []
    for one in operation.parameters("query"):
        if one["name"] not in without:
            named.append(_optional(field_name(one["name"]), one, operation))
        query.append(f"{one['name']!r}: {field_name(one['name'])}")
    for one in operation.parameters("header"):
        wire = one["name"].title()
        if wire == "If-Match":
            named.append("if_match: int")
            headers.append("'If-Match': f'\"{if_match}\"'")
        elif wire == "Idempotency-Key":
            named.append("idempotency_key: str | None = None")
            headers.append("'Idempotency-Key': idempotency_key")
        elif wire not in {"Authorization", "Traceparent", "X-Request-Id", "Content-Type", "Content-Encoding"}:
            named.append(_optional(field_name(one["name"].replace("-", "_").lower()), one, operation))
            headers.append(f"{one['name']!r}: {field_name(one['name'].replace('-', '_').lower())}")
    named.sort(key=lambda argument: " = " in argument)
    return fixed, named, f"{{{', '.join(query)}}}" if query else "", f"{{{', '.join(headers)}}}" if headers else ""


def _optional(name: str, parameter: Mapping[str, Any], operation: Operation) -> str:
    kind = _type(parameter.get("schema", {}), operation, "input")
    if parameter.get("required"):
        return f"{name}: {kind}"
    return f"{name}: {kind if kind == 'Any' or 'None' in kind.split(' | ') else f'{kind} | None'} = None"


def _signature(name: str, fixed: list[str], named: list[str], answer: str, *, kind: str = "async def") -> str:
    arguments = ["self", *fixed, *(["*", *named] if named else [])]
    return f"    {kind} {name}({', '.join(arguments)}) -> {answer}:"


def _doc(operation: Operation, extra: str = "") -> str:
    described = str(operation.details.get("description") or operation.details.get("summary") or operation.name)
    return text_of(f"{described}\n\n{extra}" if extra else described, "        ")


def _call(operation: Operation) -> str:
    fixed, named, query, headers = _arguments(operation)
    schema = operation.success.get(JSON, {}).get("schema")
    answer = _type(schema, operation, "output") if schema is not None else "None"
    words = [repr(operation.method.upper()), _path(operation), _reader(answer)]
    if operation.body is not None:
        fixed.append(f"body: {_type(operation.body, operation, 'input')}")
        words.append("body=body")
    words += [f"query={query}"] * bool(query) + [f"headers={headers}"] * bool(headers)
    if "Idempotency-Key" in headers:
        words.append("keyed=True")
    returned = (
        f"return await self._ask({', '.join(words)})" if answer != "None" else f"await self._ask({', '.join(words)})"
    )
    return "\n".join([_signature(operation.name, fixed, named, answer), _doc(operation), f"        {returned}", ""])


def iteration_name(name: str) -> str:
    """`list_customers` → `all_customers`."""
    return f"all_{name.removeprefix('list_')}"


def _reader(answer: str) -> str:
    """The type to read an answer with; a union or None is no type of its own and needs an adapter."""
    return f"TypeAdapter({answer})" if " | " in answer or answer in ("None", "Any") else answer


def _iteration(operation: Operation) -> str:
    fixed, named, _, _ = _arguments(operation, without=("cursor",))
    schema = operation.success[JSON]["schema"]
    item = _type(schema, operation, "output").removeprefix("Page[").removesuffix("]")
    given = [argument.split(":")[0] for argument in fixed] + [
        f"{name}={name}" for name in (argument.split(":")[0] for argument in named)
    ]
    call = f"lambda at: self.{operation.name}({', '.join([*given, 'cursor=at'])})"
    return "\n".join(
        [
            _signature(iteration_name(operation.name), fixed, named, f"AsyncIterator[{item}]", kind="def"),
            text_of(f"Every item of `{operation.name}`, page by page, as they are needed.", "        "),
            f"        return self._pages({call}, None)",
            "",
        ]
    )


def _upload(operation: Operation) -> str:
    fixed, named, query, headers = _arguments(operation)
    answer = _type(operation.success.get(JSON, {}).get("schema", {}), operation, "output")
    words = [_path(operation), _reader(answer), "rows", "media=media", "pack=pack"]
    words += [f"query={query}"] * bool(query) + [f"headers={headers}"] * bool(headers)
    named = [*named, f"media: str = {operation.rows!r}", "pack: bool = False"]
    text = (
        "`rows` are bytes, or an async iterator of bytes that is sent as it comes (`cxbank_client.rows.ndjson` makes one "
        "of models); `pack` sends them as gzip. The job tells the rest."
    )
    return "\n".join(
        [
            _signature(operation.name, [*fixed, "rows: Rows"], named, answer),
            _doc(operation, text),
            f"        return await self._upload({', '.join(words)})",
            "",
        ]
    )


def _stream(operation: Operation) -> str:
    fixed, named, query, _ = _arguments(operation)
    words = [_path(operation)] + [f"query={query}"] * bool(query)
    return "\n".join(
        [
            _signature(operation.name, fixed, named, "AsyncIterator[str]", kind="def"),
            _doc(operation),
            f"        return self._lines({', '.join(words)})",
            "",
        ]
    )


def _waiting(job: Operation) -> str:
    answer = _type(job.success[JSON]["schema"], job, "output")
    return f'''    async def wait_for_job(
        self, job_id: UUID, *, within: float = 600, watch: Callable[[{answer}], None] | None = None
    ) -> {answer}:
        """The job once it has ended; `watch` is told how it stands meanwhile."""
        return await ended(lambda: self.{job.name}(job_id), within=within, watch=watch)
'''
