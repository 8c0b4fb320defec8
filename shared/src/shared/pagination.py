"""Keyset pages, newest first: an opaque, signed cursor that is bound to route, filters and caller."""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Query, Request
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Row, Select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.problems import FieldError, Malformed
from shared.schemas import View

T = TypeVar("T", bound=BaseModel)

Limit = Annotated[int, Query(ge=1, le=500, description="items a page at most")]
_MAC = 16


class Page(View, Generic[T]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins, and the seal under which the next one's beginning is given out."""

    seal: Callable[[datetime, UUID], str]
    after: tuple[datetime, UUID] | None


def _bad() -> Malformed:
    return Malformed(errors=[FieldError("/query/cursor", "cursor", "not a cursor of this list")])


def _position(
    request: Request, cursor: Annotated[str | None, Query(max_length=300, description="from the page before")] = None
) -> Position:
    keyring = request.app.state.keyring
    filters = sorted(
        (name, value) for name, value in request.query_params.multi_items() if name not in {"cursor", "limit"}
    )
    # Set by the check of the caller, which stands before the cursor in every signature.
    bound = orjson.dumps([request.url.path, filters, request.scope["state"].get("sub", "")])

    def mac(data: bytes) -> bytes:
        return bytes(keyring.mac("cursor", bound + data)[:_MAC])

    def seal(at: datetime, identity: UUID) -> str:
        data = orjson.dumps([at.isoformat(), identity.hex])
        return base64.urlsafe_b64encode(mac(data) + data).decode().rstrip("=")

    if cursor is None:
        return Position(seal, None)
    try:
        blob = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        tag, data = blob[:_MAC], blob[_MAC:]
        if not hmac.compare_digest(tag, mac(data)):
            raise _bad()
        at, identity = orjson.loads(data)
        return Position(seal, (datetime.fromisoformat(at), UUID(hex=identity)))
    except (ValueError, TypeError):
        raise _bad() from None


Cursor = Annotated[Position, Depends(_position)]


async def keyset(
    conn: AsyncConnection,
    chosen: Select[Any],
    columns: tuple[ColumnElement[Any], ColumnElement[Any]],
    cursor: Position,
    limit: int,
    shape: Callable[[Row[Any]], T],
) -> Page[T]:
    """One page of `chosen`, newest first by (time, id); `shape` makes an item of a row.

    One row more than asked is read to know whether another page follows; there are no totals.
    """
    time_column, id_column = columns
    if cursor.after is not None:
        chosen = chosen.where(tuple_(time_column, id_column) < tuple_(*cursor.after))
    rows = (await conn.execute(chosen.order_by(time_column.desc(), id_column.desc()).limit(limit + 1))).all()
    kept = rows[:limit]
    following = None
    if len(rows) > limit:
        last = kept[-1]._mapping
        following = cursor.seal(last[time_column.key or ""], last[id_column.key or ""])
    return Page(items=[shape(row) for row in kept], next_cursor=following)


def as_it_is(shape: type[T]) -> Callable[[Row[Any]], T]:
    """A row whose columns are the members of the item."""
    return lambda row: shape.model_validate(dict(row._mapping))
