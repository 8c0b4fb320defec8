"""The catalogue: entries in versions that begin at an instant, checked when they are written; what was in force stays told."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import usecases as consents
from customer.offers import repository
from customer.offers.domain.services import Service
from customer.offers.problems import ServiceTaken, ServiceUnknown
from customer.offers.schemas import ChangeService, DefineService, Entry, ServiceView, service_view
from customer.offers.usecases.weighing import arbitration_at
from customer.segments import usecases as segments
from shared import audit, clock
from shared.access import Caller
from shared.etags import check_version
from shared.problems import FieldError, Malformed, PreconditionFailed
from shared.world import World

PRESETS: Final = "services_2026_11.json"
# What some of them said before, for entries that were adopted then and that nobody changed.
FORMER: Final = "services_2026_11_former.json"
_CONDITIONS: Final = ("eligible", "applicable")


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry in force: as the rules see it, and as it is written down."""

    service: Service
    entry: Entry


def view_of(row: Row[Any]) -> ServiceView:
    """A version as it is shown."""
    return service_view(row.key, row.version, row, Entry.model_validate(row.definition))


async def listed_at(conn: AsyncConnection, at: datetime) -> list[Listed]:
    """Every entry that is in force and not archived at that instant, by key."""
    told = []
    for row in await repository.in_force(conn, at):
        if row.state == "active":
            entry = Entry.model_validate(row.definition)
            told.append(Listed(entry.service(row.key, row.version), entry))
    return told


async def define_service(
    world: World, tx: AsyncConnection, wish: DefineService, caller: Caller
) -> tuple[ServiceView, bool]:
    """Keep an entry's first version; the same again is a repeat, other content under its key ServiceTaken."""
    at = clock.now()
    definition = _defined(wish)
    known = await repository.versions_of(tx, wish.key)
    if not known:
        await _check(tx, Entry.model_validate(definition), at)
        _not_past(wish.effective_from, at)
        values = {
            "key": wish.key,
            "version": 1,
            "state": "active",
            "definition": definition,
            "effective_from": wish.effective_from or at,
            "recorded_at": at,
            "recorded_by": caller.sub,
        }
        if await repository.insert_version(tx, values):
            await _noted(world, tx, "service.define", wish.key, 1, caller)
            return view_of((await repository.versions_of(tx, wish.key))[0]), False
        known = await repository.versions_of(tx, wish.key)
    first = known[-1]
    if _kept(first) != definition or wish.effective_from not in {None, first.effective_from}:
        raise ServiceTaken("That key is known with other content; a change goes by PATCH.")
    return view_of(known[0]), True


async def change_service(
    world: World, tx: AsyncConnection, key: str, wish: ChangeService, match: int, caller: Caller
) -> ServiceView:
    """Make the next version out of the one the caller saw; a patch that changes nothing makes none."""
    rows = await repository.versions_of(tx, key)
    if not rows:
        raise ServiceUnknown()
    before = rows[0]
    check_version(match, before.version)
    patch = wish.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"state", "effective_from"})
    definition = _plain(_entry(_merged(before.definition, patch)))
    state = wish.state or before.state
    if definition == _kept(before) and state == before.state:
        return view_of(before)
    await _check(tx, Entry.model_validate(definition), clock.now())
    view = await _followed(world, tx, before, definition, state, wish.effective_from, caller)
    if view is None:
        raise PreconditionFailed("It has changed since; read it again.")
    return view


async def _followed(
    world: World,
    tx: AsyncConnection,
    before: Row[Any],
    definition: Mapping[str, Any],
    state: str,
    effective_from: datetime | None,
    caller: Caller,
) -> ServiceView | None:
    """The version after that one, kept; None where somebody was faster."""
    at = clock.now()
    earliest = max(at, before.effective_from)
    _not_past(effective_from, earliest)
    values = {
        "key": before.key,
        "version": before.version + 1,
        "state": state,
        "definition": definition,
        # Never before the version it replaces: of two in force the later begun one holds.
        "effective_from": effective_from or earliest,
        "recorded_at": at,
        "recorded_by": caller.sub,
    }
    if not await repository.insert_version(tx, values):
        return None
    await _noted(world, tx, "service.change", before.key, before.version + 1, caller)
    return view_of((await repository.versions_of(tx, before.key))[0])


async def show_service(conn: AsyncConnection, key: str, version: int | None) -> ServiceView:
    """One version of an entry, the newest where none is named; raises ServiceUnknown."""
    for row in await repository.versions_of(conn, key):
        if version is None or row.version == version:
            return view_of(row)
    raise ServiceUnknown()


async def list_services(conn: AsyncConnection) -> list[ServiceView]:
    """The whole catalogue in its newest versions, by key."""
    return [view_of(row) for row in await repository.newest(conn)]


@cache
def presets() -> tuple[DefineService, ...]:
    """The entries that come with the service, as data."""
    return _shipped(PRESETS)


@cache
def former_presets() -> tuple[DefineService, ...]:
    """What entries that came with the service said before they said what they say now; a key may come more than once."""
    return _shipped(FORMER)


def _shipped(name: str) -> tuple[DefineService, ...]:
    told = json.loads((files("customer.offers") / "data" / name).read_text(encoding="utf-8"))
    return tuple(DefineService.model_validate(row) for row in told)


async def adopt_presets(world: World, tx: AsyncConnection, caller: Caller) -> list[ServiceView]:
    """Define those presets whose keys nobody has taken yet, and take further those that are as they once came.

    One that was changed or archived by the bank stays as it is.
    """
    newest = {row.key: row for row in await repository.newest(tx)}
    former = [(one.key, _defined(one)) for one in former_presets()]
    made: list[ServiceView | None] = []
    for wish in presets():
        row = newest.get(wish.key)
        if row is None:
            made.append((await define_service(world, tx, wish, caller))[0])
        elif row.state == "active" and (wish.key, _kept(row)) in former:
            made.append(await _followed(world, tx, row, _defined(wish), row.state, None, caller))
    return [one for one in made if one is not None]


def _defined(wish: DefineService) -> dict[str, Any]:
    return _plain(_entry(wish.model_dump(mode="json", by_alias=True, exclude={"key", "effective_from"})))


def _entry(told: Mapping[str, Any]) -> Entry:
    try:
        return Entry.model_validate(told)
    except ValidationError as error:
        faults = [
            FieldError("".join(f"/{part}" for part in one["loc"]), one["type"], one["msg"]) for one in error.errors()
        ]
        raise Malformed(errors=faults) from None


def _merged(before: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7396 on what is kept: an object is merged, null goes back to what an entry has without it, all else replaces."""
    after = dict(before)
    for name, value in patch.items():
        inner = before.get(name)
        if value is None:
            after.pop(name, None)
        elif isinstance(value, dict) and isinstance(inner, dict):
            after[name] = _merged(inner, value)
        else:
            after[name] = value
    return after


def _plain(entry: Entry) -> dict[str, Any]:
    return entry.model_dump(mode="json", by_alias=True)


def _kept(row: Row[Any]) -> dict[str, Any]:
    """What a version says, in the form of today: a field that entries have got since is there too."""
    return _plain(Entry.model_validate(row.definition))


def _not_past(asked: datetime | None, earliest: datetime) -> None:
    if asked is not None and asked < earliest:
        # What was decided yesterday was decided by the catalogue of yesterday.
        fault = FieldError("/effective_from", "past", "a version begins now or later, and after the one before")
        raise Malformed(errors=[fault])


async def _check(conn: AsyncConnection, entry: Entry, at: datetime) -> None:
    """Raise what is wrong with an entry: purposes nobody has, values in another currency, unsound conditions."""
    known = {one.code for one in await consents.list_purposes(conn)}
    faults = [
        FieldError(f"/purposes/{place}", "unknown", "no such purpose")
        for place, code in enumerate(entry.purposes)
        if code not in known
    ]
    currency = arbitration_at(at).weights.unit.currency
    if entry.value.currency != currency:
        faults.append(FieldError("/value/currency", "currency", f"values are compared in {currency}"))
    if faults:
        raise Malformed(errors=faults)
    for name in _CONDITIONS:
        await segments.check_condition(conn, getattr(entry, name), f"/{name}")


async def _noted(world: World, tx: AsyncConnection, act: str, key: str, version: int, caller: Caller) -> None:
    entry = audit.Entry(act, None, "service", None, caller, {"service": key, "version": version})
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
