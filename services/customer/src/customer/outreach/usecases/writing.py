"""Writing texts: each wish is the next version of its template; what was accepted with an older one keeps it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.outreach import repository
from customer.outreach.problems import TemplateUnknown
from customer.outreach.schemas import Template, WriteTemplate
from shared import audit
from shared.access import Caller
from shared.crypto import Subject
from shared.idempotency import Answer, Passage, Wish, wish_for
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
    said: dict[str, Any] = body.model_dump(mode="json", include={"texts", "channels"})
    values = {
        "id": wish.id,
        "key": body.key,
        "version": 1 if before is None else before.version + 1,
        "category": body.category,
        "purposes": sorted(set(body.purposes)),
        "texts": said,
        "places": body.fields(),
        "delicate": body.delicate,
        "created_at": wish.at,
        "created_by": wish.caller.sub,
    }
    if not await repository.insert_template(tx, values):
        return Conflict(
            "Somebody is writing the same template at this moment; try again.", headers={"Retry-After": "1"}
        )
    entry = audit.Entry("template.write", None, TEMPLATE, wish.id, wish.caller, {"key": body.key})
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return Template.model_validate(values | said)


async def write_shipped(world: World, tx: AsyncConnection, key: str, caller: Caller) -> Row[Any]:
    """The first version of a text that comes with the service, for a bank that has not written its own; the newest row."""
    text = Path(__file__).parents[1] / "data" / f"template_{key}.json"
    body = WriteTemplate.model_validate_json(text.read_bytes())
    # Somebody else may have written one at this moment: then theirs is the newest.
    await _write(world, tx, wish_for(world.keyring, TEMPLATE, body.model_copy(update={"external_ref": key}), caller))
    row = await repository.newest_template(tx, key)
    if row is None:
        raise TemplateUnknown()
    return row


async def newest_texts(conn: AsyncConnection, keys: Sequence[str]) -> dict[str, Template]:
    """The newest version of each of these templates; unknown ones are not in the answer."""
    return {key: template_of(row) for key, row in (await repository.newest_templates(conn, keys)).items()}


async def versions(conn: AsyncConnection, key: str) -> list[Template]:
    """All versions of a template, newest first, or TemplateUnknown."""
    rows = await repository.template_versions(conn, key)
    if not rows:
        raise TemplateUnknown()
    return [template_of(row) for row in rows]


def template_of(row: Row[Any]) -> Template:
    """A row as callers see it."""
    return Template.model_validate(dict(row._mapping) | row.texts)
