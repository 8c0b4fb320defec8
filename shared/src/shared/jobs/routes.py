"""HTTP of long work: an import is answered when every byte is stored; a job tells its progress."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from shared import clock
from shared.access import Caller
from shared.crypto import Subject
from shared.jobs.importer import Importer
from shared.jobs.schemas import Job
from shared.jobs.tables import JobTables
from shared.problems import FieldError, Malformed, NotFound, Problem, TooLarge, Unavailable
from shared.routing import Router
from shared.world import World

CHUNK: Final = 1 << 20
JOB: Final = "job"
_FORMATS: Final = {"application/x-ndjson": "ndjson", "application/ndjson": "ndjson", "text/csv": "csv"}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-ndjson": {
                "schema": {"type": "string", "description": "one body of the single route a line"}
            },
            "text/csv": {"schema": {"type": "string", "description": "a header, then one row a record"}},
        },
    }
}


class UnsupportedMediaType(Problem):
    """An import is NDJSON or CSV, plain or gzip."""

    status, title = 415, "Content type or encoding not taken"


async def _unpacked(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body, unpacked as it comes; a body that unpacks beyond the limit is refused before it fills anything."""
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in {"identity", "gzip"}:
        raise UnsupportedMediaType("Send it plain or gzip.")
    unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    size = 0
    async for piece in request.stream():
        data = piece
        while True:
            if unpack is not None:
                try:
                    data = unpack.decompress(data, CHUNK)
                except zlib.error:
                    raise Malformed(errors=[FieldError("", "gzip", "not gzip")]) from None
            size += len(data)
            if size > limit:
                raise TooLarge(f"At most {limit} bytes, unpacked.")
            if data:
                yield data
            if unpack is None or not unpack.unconsumed_tail:
                break
            data = unpack.unconsumed_tail
    if unpack is not None and not unpack.eof:
        raise Malformed(errors=[FieldError("", "gzip", "ends too early")])


async def _store(world: World, tables: JobTables, job_id: UUID, pieces: AsyncIterator[bytes]) -> tuple[int, int]:
    """Keep the body in sealed chunks, each in a short transaction of its own: a slow client holds no connection.

    While one is kept the next comes in; there are never more than two in memory.
    """
    buffer = bytearray()
    number = lines = 0
    ends_with_newline = True
    under_way: asyncio.Task[None] | None = None

    async def keep(place: int, data: bytes) -> None:
        row = clock.new_id()
        async with world.db.begin() as tx:
            key = (await world.vault.for_write(tx, [Subject(JOB, job_id)]))[Subject(JOB, job_id)]
            if key is None:
                raise Unavailable("The job was ended.")
            sealed = key.seal_bytes(data, row=row, field="job_chunk")
            await tx.execute(insert(tables.chunk).values(job_id=job_id, number=place, row_id=row, data=sealed))

    async def next_one(data: bytes) -> None:
        nonlocal number, under_way
        if under_way is not None:
            await under_way
        under_way = asyncio.create_task(keep(number, data))
        number += 1

    try:
        async for piece in pieces:
            buffer += piece
            lines += piece.count(b"\n")
            ends_with_newline = piece.endswith(b"\n")
            while len(buffer) >= CHUNK:
                await next_one(bytes(buffer[:CHUNK]))
                del buffer[:CHUNK]
        if buffer:
            await next_one(bytes(buffer))
    finally:
        # Nothing of a body that broke off is written after its answer.
        if under_way is not None:
            await under_way
    return number, lines + (not ends_with_newline)


async def take_import(request: Request, importer: Importer, tables: JobTables, caller: Caller) -> Response:
    """Store an import and answer 202 with its job, once every byte is committed."""
    world: World = request.app.state.world
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media not in _FORMATS:
        raise UnsupportedMediaType("Send application/x-ndjson or text/csv.")
    job_id = clock.new_id()
    row = {
        "id": job_id,
        "kind": importer.kind,
        "format": _FORMATS[media],
        "state": "receiving",
        "sub": caller.sub,
        "actor": caller.actor,
        "created_at": clock.now(),
    } | dict.fromkeys(("chunks", "total", "done", "created", "unchanged", "rejected"), 0)
    async with world.db.begin() as tx:
        await tx.execute(insert(tables.job).values(**row))
    chunks, lines = await _store(world, tables, job_id, _unpacked(request, world.settings.max_import_bytes))
    total = max(0, lines - 1) if media == "text/csv" else lines
    async with world.db.begin() as tx:
        ready = update(tables.job).where(tables.job.c.id == job_id).values(state="queued", chunks=chunks, total=total)
        stored = (await tx.execute(ready.returning(tables.job))).one()
    body = view_of(stored)
    return Response(
        body.__pydantic_serializer__.to_json(body),
        status_code=202,
        headers={"Location": f"/v1/jobs/{job_id}"},
        media_type="application/json",
    )


def import_route(router: APIRouter, importer: Importer, tables: JobTables, access: Any) -> None:
    """Add `POST …/imports` to a capability's router."""

    async def import_(request: Request, caller: access) -> Response:
        return await take_import(request, importer, tables, caller)

    import_.__name__ = f"import_{importer.kind}"
    import_.__doc__ = (
        f"Bring many {importer.kind} as NDJSON or CSV (gzip allowed), with their own times; 202 with a job once every "
        "byte is stored. Good rows land, bad ones are listed in the job's rejects; the same file again changes nothing."
    )
    router.add_api_route(
        "/imports", import_, methods=["POST"], status_code=202, response_model=Job, openapi_extra=dict(_BODY)
    )


def view_of(row: Any) -> Job:
    """A job's row as callers see it."""
    seconds = ((row.finished_at or clock.now()) - row.started_at).total_seconds() if row.started_at else 0.0
    rate = row.done / seconds if seconds > 0 and row.done else None
    left = max(0, row.total - row.done)
    return Job(
        id=row.id,
        kind=row.kind,
        state="queued" if row.state == "receiving" else row.state,
        total=row.total,
        done=row.done,
        created=row.created,
        unchanged=row.unchanged,
        rejected=row.rejected,
        rate=round(rate, 1) if rate else None,
        eta_seconds=(0.0 if row.finished_at else round(left / rate, 1)) if rate else None,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def jobs_router(tables: JobTables, access: Any) -> APIRouter:
    """`GET /v1/jobs/{id}` and its rejects; a caller sees their own jobs only."""
    router = Router(prefix="/v1/jobs", tags=["jobs"])

    async def own(request: Request, job_id: UUID, caller: Caller) -> Any:
        async with request.app.state.db.read() as conn:
            row = (await conn.execute(select(tables.job).where(tables.job.c.id == job_id))).one_or_none()
        if row is None or row.sub != caller.sub:
            raise NotFound()
        return row

    @router.get("/{job_id}", response_model=Job)
    async def show_job(request: Request, job_id: UUID, caller: access) -> Job:
        """How far a job has come."""
        return view_of(await own(request, job_id, caller))

    @router.get(
        "/{job_id}/rejects",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
    )
    async def list_rejects(request: Request, job_id: UUID, caller: access) -> StreamingResponse:
        """The rows that did not land, one JSON object a line: line, code, pointer; never the value."""
        await own(request, job_id, caller)
        return StreamingResponse(_rejects(request, tables, job_id), media_type="application/x-ndjson")

    return router


async def _rejects(request: Request, tables: JobTables, job_id: UUID) -> AsyncIterator[bytes]:

    last = 0
    while True:
        chosen = select(tables.reject).where(tables.reject.c.job_id == job_id, tables.reject.c.line > last)
        async with request.app.state.db.read() as conn:
            rows = (await conn.execute(chosen.order_by(tables.reject.c.line).limit(1_000))).all()
        for row in rows:
            yield orjson.dumps({"line": row.line, "code": row.code, "pointer": row.pointer}) + b"\n"
        if len(rows) < 1_000:
            return
        last = rows[-1].line
