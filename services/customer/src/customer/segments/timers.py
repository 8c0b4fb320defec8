"""What segments do by time: every second everybody who is due is told, whether something happened to them or not."""

from functools import partial

from customer.segments import usecases
from shared.jobs.turns import Part, take_turns
from shared.world import World


def settling(world: World) -> Part:
    """A part of the worker, apart from its timers: telling many takes seconds, in which those must not wait."""
    return partial(take_turns, once=partial(usecases.settle, world), failure="segments_failed")
