"""What cards do by time: once a day, and from the start of a worker on, those are told who have none."""

from functools import partial
from typing import Final

from customer.routing import usecases
from shared.jobs.turns import Part, take_turns
from shared.world import World

LOOK_SECONDS: Final = 30.0


def completing(world: World) -> Part:
    """A part of the worker: where a bank had its customers before it had cards, telling all takes minutes."""
    once = partial(usecases.complete_cards, world, usecases.Walk())
    return partial(take_turns, once=once, failure="cards_failed", seconds=LOOK_SECONDS)
