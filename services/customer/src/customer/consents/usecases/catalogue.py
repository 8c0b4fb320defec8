"""Purposes in versions: defined once, changed only by a next version, so that what was shown can always be shown again."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import repository
from customer.consents.domain import GdprBasis, Language, PiplBasis, Purpose
from customer.consents.problems import PurposeTaken, PurposeUnknown
from customer.consents.schemas import ChangePurpose, DefinePurpose, PurposeText, PurposeView
from customer.consents.usecases.noting import note_purpose
from shared import audit, clock
from shared.access import Caller
from shared.etags import check_version
from shared.problems import FieldError, Malformed, PreconditionFailed
from shared.world import World

_LISTS = ("channels", "data_categories", "sensitive_categories", "recipients")
_PLAIN = ("retention_days", "valid_days", "equivalent", "retired")


def purpose_of(row: Row[Any]) -> Purpose:
    """A version as the rules see it."""
    return Purpose(
        code=row.code,
        version=row.version,
        gdpr_basis=None if row.gdpr_basis is None else GdprBasis(row.gdpr_basis),
        pipl_basis=None if row.pipl_basis is None else PiplBasis(row.pipl_basis),
        channels=frozenset(row.channels),
        data_categories=frozenset(row.data_categories),
        sensitive_categories=frozenset(row.sensitive_categories),
        equivalent=row.equivalent,
        retired=row.retired,
        effective_from=row.effective_from,
    )


def view_of(row: Row[Any]) -> PurposeView:
    """A version as callers see it."""
    rule = purpose_of(row)
    return PurposeView(
        code=rule.code,
        version=rule.version,
        texts=row.texts,
        gdpr_basis=rule.gdpr_basis,
        pipl_basis=rule.pipl_basis,
        asks_consent=rule.asks,
        effective_from=rule.effective_from,
        recorded_at=row.recorded_at,
        **{name: list(getattr(row, name)) for name in _LISTS},
        **{name: getattr(row, name) for name in _PLAIN},
    )


def _plain(texts: Mapping[Language, PurposeText]) -> dict[str, Any]:
    return {language.value: text.model_dump() for language, text in texts.items()}


def columns_of(wish: DefinePurpose) -> dict[str, Any]:
    """The columns of a first version, without who wrote it and when."""
    return {
        "code": wish.code,
        "version": 1,
        "texts": _plain(wish.texts),
        "gdpr_basis": wish.gdpr_basis,
        "pipl_basis": wish.pipl_basis,
        "retention_days": wish.retention_days,
        "valid_days": wish.valid_days,
        "equivalent": False,
        "retired": False,
        "effective_from": wish.effective_from,
    } | {name: sorted(set(getattr(wish, name))) for name in _LISTS}


async def define_purpose(
    world: World, tx: AsyncConnection, wish: DefinePurpose, caller: Caller
) -> tuple[PurposeView, bool]:
    """Keep a purpose's first version; the same again is a repeat, other content under its code PurposeTaken."""
    at = clock.now()
    values = columns_of(wish)
    values["effective_from"] = values["effective_from"] or at
    if not await repository.insert_version(tx, values | {"recorded_at": at, "recorded_by": caller.sub}):
        rows = await repository.versions_of(tx, wish.code)
        fixed = values if wish.effective_from else {name: values[name] for name in values if name != "effective_from"}
        if any(rows[-1]._mapping[name] != value for name, value in fixed.items()):
            raise PurposeTaken("That code is known with other content; a change goes by PATCH.")
        return view_of(rows[0]), True
    await note_purpose(tx, wish.code, values["effective_from"])
    await _noted(world, tx, "purpose.define", wish.code, 1, caller)
    return view_of((await repository.versions_of(tx, wish.code))[0]), False


async def change_purpose(
    world: World, tx: AsyncConnection, code: str, wish: ChangePurpose, match: int, caller: Caller
) -> PurposeView:
    """Make the next version of a purpose out of the one the caller saw; a patch that changes nothing makes none."""
    rows = await repository.versions_of(tx, code)
    if not rows:
        raise PurposeUnknown()
    newest = rows[0]
    check_version(match, newest.version)
    before = dict(newest._mapping)
    after = before | _changes(wish)
    if all(before[name] == after[name] for name in wish.model_fields_set - {"equivalent", "effective_from"}):
        return view_of(newest)
    at = clock.now()
    day = wish.effective_from or at
    _check(after, day, earliest=max(at, newest.effective_from) if wish.effective_from else day)
    after |= {"version": newest.version + 1, "equivalent": wish.equivalent, "effective_from": day}
    if not await repository.insert_version(tx, after | {"recorded_at": at, "recorded_by": caller.sub}):
        raise PreconditionFailed("It has changed since; read it again.")
    await note_purpose(tx, code, day)
    await _noted(world, tx, "purpose.change", code, newest.version + 1, caller)
    return view_of((await repository.versions_of(tx, code))[0])


def _changes(wish: ChangePurpose) -> dict[str, Any]:
    told = {name: getattr(wish, name) for name in wish.model_fields_set - {"texts", "equivalent", "effective_from"}}
    told |= {name: sorted(set(told[name])) for name in _LISTS if name in told}
    if wish.texts is not None:
        told["texts"] = _plain(wish.texts)
    return told


def _check(after: Mapping[str, Any], day: Any, *, earliest: Any) -> None:
    faults: list[FieldError] = []
    if after["gdpr_basis"] is None and after["pipl_basis"] is None:
        faults.append(FieldError("/gdpr_basis", "missing", "a purpose has at least one legal basis"))
    if set(after["data_categories"]) & set(after["sensitive_categories"]):
        faults.append(FieldError("/sensitive_categories", "overlap", "a data category is either ordinary or sensitive"))
    if day < earliest:
        # What was decided yesterday was decided by the text of yesterday.
        faults.append(FieldError("/effective_from", "past", "a version begins now or later, and after the one before"))
    if faults:
        raise Malformed(errors=faults)


async def show_purpose(conn: AsyncConnection, code: str, version: int | None) -> PurposeView:
    """One version of a purpose, the newest where none is named."""
    for row in await repository.versions_of(conn, code):
        if version is None or row.version == version:
            return view_of(row)
    raise PurposeUnknown()


async def list_purposes(conn: AsyncConnection) -> list[PurposeView]:
    """All purposes in their newest version, by code."""
    return [view_of(row) for row in await repository.newest(conn)]


async def _noted(world: World, tx: AsyncConnection, act: str, code: str, version: int, caller: Caller) -> None:
    entry = audit.Entry(act, None, "purpose", None, caller, {"purpose": code, "version": version})
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
