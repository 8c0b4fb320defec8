"""The one gate of every creating write: a natural or header key, decided by a unique row in its transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final, Generic, NamedTuple, TypeVar
from uuid import UUID

import orjson
from fastapi import Header
from pydantic import BaseModel
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Insert,
    LargeBinary,
    MetaData,
    Result,
    Select,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    column,
    delete,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock
from shared.access import Caller
from shared.crypto import Keyring, Subject, Vault
from shared.db import unnest
from shared.problems import (
    ExternalRefConflict,
    Gone,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    Problem,
    RequestInFlight,
)

B = TypeVar("B", bound=BaseModel)
V = TypeVar("V", bound=BaseModel)

# IETF draft-ietf-httpapi-idempotency-key-header leaves the period to the server; ours stands in the contract.
HEADER_KEPT = timedelta(hours=48)
_CANONICAL: Final = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Required when the body has no natural key; a repeat within 48 h has the very first answer.",
    ),
]


class Gate(NamedTuple):
    """What makes two requests the same (`key`), and whether they also ask for the same (`content`)."""

    key: bytes
    content: bytes
    natural: bool


class Wish(NamedTuple, Generic[B]):
    """One caller's request to create: `id` is the resource's, kept over every retry of the group."""

    id: UUID
    body: B
    gate: Gate
    caller: Caller
    at: datetime


class Answer(NamedTuple, Generic[V]):
    """The resource, and whether it was made now, is a repeat by its natural key, or the first answer once more."""

    view: V
    replayed: bool = False
    natural: bool = True

    @property
    def status(self) -> int:
        """201 for what was made and for the first answer of a header key; 200 for a repeat by natural key."""
        return 200 if self.replayed and self.natural else 201


def gate_table(metadata: MetaData) -> Table:
    """The gate's table on a service's own metadata."""
    return Table(
        "gate",
        metadata,
        Column("key", LargeBinary, primary_key=True),
        Column("content", LargeBinary, nullable=False),
        Column("natural", Boolean, nullable=False),
        Column("resource_id", Uuid, nullable=False),
        Column("subject_kind", Text),
        Column("subject_id", Uuid),
        Column("answer", LargeBinary),
        Column("created_at", DateTime(timezone=True), nullable=False, index=True),
    )


def natural_key(body: Any, caller: Caller) -> tuple[str, ...] | None:
    """The body's most specific natural key: `event_id`, `source` + `source_ref`, or the caller's `external_ref`."""
    named = type(body).model_fields
    event_id = body.event_id if "event_id" in named else None
    if event_id is not None:
        return ("event_id", str(event_id))
    source_ref = body.source_ref if "source_ref" in named else None
    if source_ref is not None:
        return ("source", str(body.source), str(source_ref))
    external_ref = body.external_ref if "external_ref" in named else None
    if external_ref is not None:
        return ("external_ref", caller.sub, str(external_ref))
    return None


def gate_for(keyring: Keyring, resource: str, body: BaseModel, caller: Caller, header: str | None = None) -> Gate:
    """The gate of one request; raises IdempotencyKeyMissing where there is no key of either kind.

    With a natural key the header does not count at all. The content is the HMAC of the fields the sender set, after
    normalising, so that a CSV row and a JSON body of the same thing are equal.
    """
    natural = natural_key(body, caller)
    if natural is not None:
        name: tuple[str, ...] = (resource, *natural)
    elif header is not None:
        name = (resource, "header", caller.sub, header)
    else:
        raise IdempotencyKeyMissing("Send an Idempotency-Key, or a natural key in the body.")
    content = keyring.mac("gate", b"content:" + canonical(body))
    return Gate(keyring.mac("gate", orjson.dumps(name)), content, natural is not None)


def canonical(body: BaseModel) -> bytes:
    """What was set of a body, one text for what means the same: JSON with sorted names, as the model's own but in half the time."""
    try:
        return orjson.dumps(_set_of(body), default=_plain, option=_CANONICAL)
    except TypeError:
        return orjson.dumps(body.model_dump(mode="json", exclude_unset=True), option=orjson.OPT_SORT_KEYS)


def _set_of(body: BaseModel) -> dict[str, Any]:
    known = body.__dict__
    return {name: known[name] for name in body.__pydantic_fields_set__}


def _plain(value: Any) -> Any:
    """What orjson does not know by itself; whatever else there may be is left to the model."""
    if isinstance(value, BaseModel):
        return _set_of(value)
    if isinstance(value, Set):
        # A set has another order in every process.
        return sorted(value)
    if isinstance(value, Decimal | UUID):  # the driver has a UUID of its own
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a body")


def wish_for(keyring: Keyring, resource: str, body: B, caller: Caller, header: str | None = None) -> Wish[B]:
    """A request as the verb takes it, with the id its resource will have."""
    return Wish(clock.new_id(), body, gate_for(keyring, resource, body, caller, header), caller, clock.now())


@cache
def _claim(table: Table) -> Insert:
    rows = unnest(
        "wish",
        key=LargeBinary,
        content=LargeBinary,
        natural=Boolean,
        resource_id=Uuid,
    )
    names = ["key", "content", "natural", "resource_id", "created_at"]
    at = bindparam("created_at", type_=DateTime(timezone=True))
    # Sorted, as every insert of a group: two groups with the same keys in another order would deadlock.
    chosen = select(*(rows.c[name] for name in names[:-1]), at).order_by(rows.c.key)
    return insert(table).from_select(names, chosen).on_conflict_do_nothing().returning(table.c.key)


@cache
def _known(table: Table) -> Select[Any]:
    return select(table).where(table.c.key == any_(bindparam("keys", type_=ARRAY(LargeBinary))))


async def claim(tx: AsyncConnection, table: Table, wishes: Sequence[Wish[Any]]) -> set[bytes]:
    """Take the gate keys of these wishes (each key once) that nobody has; which they are."""
    rows = await tx.execute(
        _claim(table),
        {
            "key": [wish.gate.key for wish in wishes],
            "content": [wish.gate.content for wish in wishes],
            "natural": [wish.gate.natural for wish in wishes],
            "resource_id": [wish.id for wish in wishes],
            "created_at": clock.now(),
        },
    )
    return set(rows.scalars())


def _refusal(natural: bool) -> Problem:
    if natural:
        return ExternalRefConflict("That key is known with other content; a change goes by PATCH.")
    return IdempotencyKeyReused("That Idempotency-Key was used with other content.")


@dataclass(frozen=True)
class Passage(Generic[B, V]):
    """How one kind of resource passes the gate: made by `do`, found by `again`, its first answer kept for `view`.

    `do(wishes)` answers in order, a view or a Problem that has left no write; `again(ids)` gives the resources as they
    are now, without those that were erased; `subject` names whose key seals the kept answer of a header key.
    """

    table: Table
    vault: Vault
    view: type[V]
    do: Callable[[Sequence[Wish[B]]], Awaitable[Sequence[V | Problem]]]
    again: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, V]]]
    subject: Callable[[Wish[B], V], Subject]

    async def run(self, tx: AsyncConnection, wishes: Sequence[Wish[B]]) -> list[Answer[V] | Problem]:
        """Every wish's own answer, in order; gate rows, effects and kept answers are written in `tx` together.

        Wishes with one key are collapsed before any SQL: the first leads, equal ones get its answer, others the
        conflict; if the leader fails the next one leads, for it may differ.
        """
        answers: dict[int, Answer[V] | Problem] = {}
        queues: dict[bytes, list[int]] = {}
        for index, wish in enumerate(wishes):
            queues.setdefault(wish.gate.key, []).append(index)
        while queues:
            queues = await self._round(tx, wishes, queues, answers)
        return [answers[index] for index in range(len(wishes))]

    async def _round(
        self,
        tx: AsyncConnection,
        wishes: Sequence[Wish[B]],
        queues: dict[bytes, list[int]],
        answers: dict[int, Answer[V] | Problem],
    ) -> dict[bytes, list[int]]:
        leaders = {key: queue[0] for key, queue in queues.items()}
        claimed = await claim(tx, self.table, [wishes[index] for index in leaders.values()])
        fresh = [index for key, index in leaders.items() if key in claimed]
        if len(fresh) < len(leaders):
            others = {key: queues[key] for key in leaders if key not in claimed}
            answers |= await self._repeats(tx, wishes, others)
        left: dict[bytes, list[int]] = {}
        if not fresh:
            return left
        made = await self.do([wishes[index] for index in fresh])
        failed: list[bytes] = []
        kept: list[tuple[Wish[B], V]] = []
        for index, result in zip(fresh, made, strict=True):
            wish = wishes[index]
            followers = queues[wish.gate.key][1:]
            if isinstance(result, Problem):
                answers[index] = result
                failed.append(wish.gate.key)
                if followers:
                    left[wish.gate.key] = followers
                continue
            answers[index] = Answer(result, natural=wish.gate.natural)
            for follower in followers:
                same = wishes[follower].gate.content == wish.gate.content
                answers[follower] = (
                    Answer(result, replayed=True, natural=wish.gate.natural) if same else _refusal(wish.gate.natural)
                )
            if not wish.gate.natural:
                kept.append((wish, result))
        if failed:
            await tx.execute(delete(self.table).where(self.table.c.key.in_(failed)))
        if kept:
            await self._keep(tx, kept)
        return left

    async def _keep(self, tx: AsyncConnection, made: Sequence[tuple[Wish[B], V]]) -> None:
        subjects = [self.subject(wish, view) for wish, view in made]
        keys = await self.vault.for_write(tx, sorted(set(subjects)))
        for (wish, view), subject in zip(made, subjects, strict=True):
            data_key = keys[subject]
            if data_key is None:
                continue
            sealed = data_key.seal(view.model_dump_json(), row=wish.id, field="gate.answer")
            await tx.execute(
                update(self.table)
                .where(self.table.c.key == wish.gate.key)
                .values(answer=sealed, subject_kind=subject.kind, subject_id=subject.id)
            )

    async def _repeats(
        self, tx: AsyncConnection, wishes: Sequence[Wish[B]], queues: Mapping[bytes, list[int]]
    ) -> dict[int, Answer[V] | Problem]:
        # A second statement on purpose: the insert's own snapshot does not see a twin that committed while it waited.
        known = {row.key: row for row in await tx.execute(_known(self.table), {"keys": list(queues)})}
        answers: dict[int, Answer[V] | Problem] = {}
        same: list[tuple[int, Any]] = []
        for key, queue in queues.items():
            row = known.get(key)
            for index in queue:
                if row is None:  # its holder took it back after our insert had met it
                    answers[index] = RequestInFlight("The same request was just refused elsewhere; ask again.")
                elif wishes[index].gate.content == row.content:
                    same.append((index, row))
                else:
                    answers[index] = _refusal(row.natural)
        current = await self.again(sorted({row.resource_id for _, row in same if row.natural})) if same else {}
        for index, row in same:
            view = current.get(row.resource_id) if row.natural else await self._first(tx, row)
            answers[index] = (
                Gone("It was erased and will not come back.")
                if view is None
                else Answer(view, replayed=True, natural=row.natural)
            )
        return answers

    async def _first(self, tx: AsyncConnection, row: Any) -> V | None:
        if row.answer is None:
            return None
        subject = Subject(row.subject_kind, row.subject_id)
        data_key = (await self.vault.for_read(tx, [subject]))[subject]
        if data_key is None:
            return None
        return self.view.model_validate_json(data_key.open(row.answer, row=row.resource_id, field="gate.answer"))


async def forget_headers(tx: AsyncConnection, table: Table) -> int:
    """Drop header keys older than 48 h; natural keys live as long as their resource and its tombstone."""
    gone: Result[tuple[bytes]] = await tx.execute(
        delete(table)
        .where(table.c.natural.is_(False), table.c.created_at < clock.now() - HEADER_KEPT)
        .returning(column("key"))
    )
    return len(gone.all())
