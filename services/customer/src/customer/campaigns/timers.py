"""What campaigns do by time: begin, draw their people, write to them at their pace, end; every second what is due."""

from functools import partial

from customer.campaigns import usecases
from shared.jobs.turns import Part, take_turns
from shared.world import World


def stepping(world: World) -> Part:
    """A part of the worker; each step has a transaction of its own, so that a crash loses one step and repeats none."""
    return partial(take_turns, once=partial(usecases.step, world), failure="campaigns_failed")
