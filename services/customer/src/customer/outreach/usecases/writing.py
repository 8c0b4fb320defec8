"""Writing texts: each wish is the next version of its template; what was accepted with an older one keeps it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.outreach import repository
from customer.outreach.problems import TemplateUnknown
from customer.outreach.schemas import Template, WriteTemplate
from shared import audit
from shared.crypto import Subject
from shared.idempotency import Answer, Passage, Wish
from shared.problems import Conflict, Problem
from shared.world import World

TEMPLATE = "message_template"


async def write_template(world: World, tx: AsyncConnection, wish: Wish[WriteTemplate]) -> Answer[Template]:
    """Keep the next version of a template, once by its gate."""

    async def do(fresh: Sequence[Wish[WriteTemplate]]) -> Sequence[Template | Problem]:
        return [await _write(world, tx, one) for one in fresh]

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, Template]:
        return {row.id: template_of(row) for row in await repository.templates_by_ids(tx, ids)}

    passage = Passage(
        storage.GATE, world.vault, Template, do=do, again=again, subject=lambda one, _: Subject(TEMPLATE, one.id)
    )
    (answer,) = await passage.run(tx, [wish])
    if isinstance(answer, Problem):
        raise answer
    return answer


async def _write(world: World, tx: AsyncConnection, wish: Wish[WriteTemplate]) -> Template | Problem:
    body = wish.body
    before = await repository.newest_template(tx, body.key)
    if before is not None and before.category != body.category:
        return Conflict("A template keeps its category: caps and rules hang on it.")
    values = await keep_version(world, tx, wish, 1 if before is None else before.version + 1)
    if values is None:
        return Conflict(
            "Somebody is writing the same template at this moment; try again.", headers={"Retry-After": "1"}
        )
    return Template.model_validate(values | values["texts"])


async def keep_version(
    world: World, tx: AsyncConnection, wish: Wish[WriteTemplate], version: int
) -> dict[str, Any] | None:
    """Keep a text under this number of its key; its row, or None where somebody has taken the number."""
    body = wish.body
    values: dict[str, Any] = {
        "id": wish.id,
        "key": body.key,
        "version": version,
        "category": body.category,
        "purposes": sorted(set(body.purposes)),
        "texts": body.model_dump(mode="json", include={"texts", "channels"}),
        "places": body.fields(),
        "delicate": body.delicate,
        "created_at": wish.at,
        "created_by": wish.caller.sub,
    }
    if not await repository.insert_template(tx, values):
        return None
    entry = audit.Entry("template.write", None, TEMPLATE, wish.id, wish.caller, {"key": body.key})
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return values


async def versions(conn: AsyncConnection, key: str) -> list[Template]:
    """All versions of a template, newest first, or TemplateUnknown."""
    rows = await repository.template_versions(conn, key)
    if not rows:
        raise TemplateUnknown()
    return [template_of(row) for row in rows]


def template_of(row: Row[Any]) -> Template:
    """A row as callers see it."""
    return Template.model_validate(dict(row._mapping) | row.texts)
