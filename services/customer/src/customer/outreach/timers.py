"""The courier: decides what is due, hands it over outside any transaction, notes what became of it; many may run."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.disclosure import usecases as disclosure
from customer.outreach import usecases
from customer.outreach.clients import Gateway, close_all
from customer.outreach.domain.messages import Channel, Job, Outcome
from shared.jobs.turns import take_turns
from shared.telemetry import log
from shared.world import World

BATCH: Final = 50
FORGET_MARKS: Final = "forget_contact_marks"


class Courier:
    """A part of the worker. A crash between a hand-over and its note sends again, under the same message id."""

    def __init__(self, world: World, gateways: Mapping[Channel, Gateway], barred: usecases.Barred) -> None:
        self._world = world
        self._gateways = gateways
        self._barred = barred

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop."""
        try:
            await take_turns(stopping, self.once, failure="courier_failed")
        finally:
            await close_all(self._gateways)

    async def once(self) -> int:
        """Take over codes that wait, decide and send a batch of what is due; how many were handed to gateways."""
        if await disclosure.codes_wait(self._world):
            async with self._world.db.begin() as tx:
                await usecases.accept_codes(self._world, tx)
        if not await usecases.anything_due(self._world):
            return 0
        async with self._world.db.begin() as tx:
            jobs = await usecases.take(self._world, tx, frozenset(self._gateways), self._barred, BATCH)
        await asyncio.gather(*(self._carry(job) for job in jobs))
        return len(jobs)

    async def _carry(self, job: Job) -> None:
        try:
            outcome = await self._gateways[job.channel].deliver(job)
        except Exception as error:  # noqa: BLE001  # one letter must not stop the others
            # A fault of ours: nobody knows how far the letter came.
            log.error("message_hand_over_failed", channel=job.channel, kind=type(error).__name__)
            outcome = Outcome.UNKNOWN
        async with self._world.db.begin() as tx:
            await usecases.record(self._world, tx, job, outcome)


async def forget_contact_marks(tx: AsyncConnection, _: Mapping[str, Any]) -> None:
    """Drop what no cap counts any more."""
    await usecases.forget_marks(tx)
