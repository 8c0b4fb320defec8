"""Texts that come with the service: each is adopted as the first version of its key when somebody first asks for it."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.outreach import repository
from customer.outreach.schemas import ShippedTemplate, Template
from customer.outreach.usecases.planning import COURIER
from customer.outreach.usecases.writing import TEMPLATE, keep_version, template_of
from shared.idempotency import wish_for
from shared.world import World


@cache
def shipped() -> Mapping[str, ShippedTemplate]:
    """Every text that comes with the service, by key; checked as any other when first read."""
    folder = Path(__file__).parents[1] / "data"
    read = (ShippedTemplate.model_validate_json(path.read_bytes()) for path in sorted(folder.glob("template_*.json")))
    return {one.key: one for one in read}


async def texts_for(world: World, tx: AsyncConnection, keys: Sequence[str]) -> dict[str, Row[Any]]:
    """The newest version of each of these texts, adopting those that are shipped and not yet written; none for others.

    The bank's own text of a key stands before ours, also one that is written at this very moment.
    """
    newest = await repository.newest_templates(tx, keys)
    missing = sorted((set(keys) - newest.keys()) & shipped().keys())
    if not missing:
        return newest
    for key in missing:
        body = shipped()[key].model_copy(update={"external_ref": key})
        await keep_version(world, tx, wish_for(world.keyring, TEMPLATE, body, COURIER), 1)
    return newest | await repository.newest_templates(tx, missing)


async def newest_texts(world: World, tx: AsyncConnection, keys: Sequence[str]) -> dict[str, Template]:
    """The same as callers see them."""
    return {key: template_of(row) for key, row in (await texts_for(world, tx, keys)).items()}
