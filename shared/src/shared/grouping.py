"""Grouped writes and reads: callers who arrive together share one transaction, and each gets its own answer back."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import GROUP_LOCK_MS, LOCK_TIMEOUT_MS, Database, as_problem, is_contention, is_outage
from shared.problems import Problem, RequestInFlight, Unavailable

W = TypeVar("W")
R = TypeVar("R")

Verb = Callable[[AsyncConnection, Sequence[W]], Awaitable[Sequence[R | Problem]]]

MAX_ROWS = 500
IN_FLIGHT = 2
QUEUE = 2_000

# A busy row among 32 costs 39 ms with the short patience in the halves, 1,227 ms with the long one.
_HALVES_LOCK_MS = 5


async def _attempt(
    db: Database, verb: Verb[W, R], wishes: Sequence[W], patience_ms: int, looks: bool
) -> list[R | Problem]:
    async with db.look() if looks else db.begin(patience_ms=patience_ms) as tx:
        answers = list(await verb(tx, wishes))
    if len(answers) != len(wishes):
        raise AssertionError(f"{verb} answered {len(answers)} of {len(wishes)} wishes")
    return answers


async def run_in_groups(
    db: Database, verb: Verb[W, R], wishes: Sequence[W], *, patience_ms: int = GROUP_LOCK_MS, looks: bool = False
) -> list[R | Exception]:
    """Run `verb` over all wishes in one transaction; when that fails, halve, so that one bad row fails alone.

    A verb that `looks` only reads and records that it did.

    One answer to every failure (constraint, encoding, busy row, deadlock): the same wishes, with the same ids, are run
    again in halves, down to one; a row that still fails has its error as its answer. An outage is raised instead:
    nothing is wrong with the rows, and halving would ask a missing database five hundred times.
    """
    try:
        return [*await _attempt(db, verb, wishes, patience_ms, looks)]
    except Exception as error:
        if is_outage(error):
            raise
        if len(wishes) == 1:
            if not is_contention(error):
                return [error]
            if patience_ms < LOCK_TIMEOUT_MS:
                return await run_in_groups(db, verb, wishes, patience_ms=LOCK_TIMEOUT_MS, looks=looks)
            return [RequestInFlight("Someone is at work on the same thing; ask again.")]
    middle = len(wishes) // 2
    left = await run_in_groups(db, verb, wishes[:middle], patience_ms=_HALVES_LOCK_MS, looks=looks)
    right = await run_in_groups(db, verb, wishes[middle:], patience_ms=_HALVES_LOCK_MS, looks=looks)
    return left + right


class Grouped(Generic[W, R]):
    """One verb's queue: a group leaves as soon as a slot is free, so that nobody waits for company at low load."""

    def __init__(
        self,
        db: Database,
        verb: Verb[W, R],
        *,
        in_flight: int = IN_FLIGHT,
        max_rows: int = MAX_ROWS,
        queue: int = QUEUE,
        looks: bool = False,
    ) -> None:
        self._db = db
        self._looks = looks
        self._verb = verb
        self._slots = in_flight
        self._max_rows = max_rows
        self._queue = queue
        self._waiting: deque[tuple[W, asyncio.Future[R]]] = deque()
        self._groups: set[asyncio.Task[None]] = set()
        self._leaving = False

    async def __call__(self, wish: W) -> R:
        """Do `wish` with whoever else is here; raises the `Problem` that is this wish's own."""
        if len(self._waiting) >= self._queue:
            raise Unavailable("Too much is waiting at this moment.")
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((wish, future))
        if not self._leaving:
            # After this turn of the loop: whoever arrived in the same one comes along, and nobody waits for longer.
            self._leaving = True
            future.get_loop().call_soon(self._leave)
        return await future

    def _leave(self) -> None:
        self._leaving = False
        while self._waiting and len(self._groups) < self._slots:
            rows = min(len(self._waiting), self._max_rows)
            group = [self._waiting.popleft() for _ in range(rows)]
            task = asyncio.create_task(self._run(group))
            self._groups.add(task)
            task.add_done_callback(self._arrived)

    def _arrived(self, task: asyncio.Task[None]) -> None:
        self._groups.discard(task)
        self._leave()

    async def _run(self, group: list[tuple[W, asyncio.Future[R]]]) -> None:
        # A caller who went away is not asked for any more, but a wish already in a group is carried out.
        group = [(wish, future) for wish, future in group if not future.cancelled()]
        if not group:
            return
        try:
            answers = await run_in_groups(self._db, self._verb, [wish for wish, _ in group], looks=self._looks)
        except BaseException as error:
            refusal = (as_problem(error) or error) if isinstance(error, Exception) else Unavailable("Stopping.")
            for _, future in group:
                if not future.done():
                    future.set_exception(refusal)
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), answer in zip(group, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)


def grouped(
    verb: Callable[[Any, AsyncConnection, Sequence[Any]], Awaitable[Sequence[Any]]], *, looks: bool = False
) -> Any:
    """A dependency: this application's `Grouped` for `verb(world, tx, wishes)`, made at its first use.

    `looks` is for a verb that reads and records that it did, and writes nothing else (`Database.look`).
    """

    # Not a plain function: FastAPI would send each request to a thread for it, and half of the work were the way there.
    async def find(request: Request) -> Grouped[Any, Any]:
        groups: dict[Any, Grouped[Any, Any]] = request.app.state.groups
        known = groups.get(verb)
        if known is None:
            world = request.app.state.world
            known = groups[verb] = Grouped(world.db, partial(verb, world), looks=looks)
        return known

    return Depends(find)
