"""Versions at the edge: `ETag` on every mutable resource, `If-Match` on every change of one."""

import re
from typing import Annotated, Any, Protocol

from fastapi import Depends, Header, Response
from pydantic import BaseModel

from shared.problems import FieldError, Malformed, PreconditionFailed, PreconditionRequired

_TAG = re.compile(r'"([1-9][0-9]{0,9})"')


class _Answered(Protocol):
    @property
    def view(self) -> Any: ...
    @property
    def replayed(self) -> bool: ...
    @property
    def status(self) -> int: ...


def etag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


async def _match(
    if_match: Annotated[str | None, Header(description="the ETag of the version to change")] = None,
) -> int:
    if if_match is None:
        raise PreconditionRequired("Send If-Match with the version you saw.")
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise Malformed(errors=[FieldError("/header/if-match", "etag", "not an entity tag of ours")])
    return int(found[1])


IfMatch = Annotated[int, Depends(_match)]


def check_version(match: int, version: int) -> None:
    """Raise PreconditionFailed unless the caller saw the present version."""
    if match != version:
        raise PreconditionFailed("It has changed since; read it again.", headers={"ETag": etag(version)})


def with_etag(view: BaseModel, *, version: int, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The view as JSON, serialised once, with its entity tag."""
    return Response(
        view.__pydantic_serializer__.to_json(view),
        status_code=status,
        headers={"ETag": etag(version), **(headers or {})},
        media_type="application/json",
    )


def created(answer: _Answered, *, location: str, version: int) -> Response:
    """201 with `Location` for what was made; a repeat says so and is 200 for a natural key."""
    headers = {"Location": location}
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return with_etag(answer.view, version=version, status=answer.status, headers=headers)
