"""What parties do by time: say birthdays, from the midnight of the bank on, by one worker at a time."""

from functools import partial
from typing import Final

from customer.parties import usecases
from shared.jobs.turns import Part, take_turns
from shared.world import World

LOOK_SECONDS: Final = 30.0


def birthdays(world: World) -> Part:
    """A part of the worker, apart from its timers: opening everybody's birth date takes a minute or more."""
    once = partial(usecases.say_birthdays, world)
    return partial(take_turns, once=once, failure="birthdays_failed", seconds=LOOK_SECONDS)
