"""What stands under a rate of `make bench` is reached the short way: FastAPI's own took longer than a row's part of its group."""

import importlib
from typing import Any

import pytest

from shared.short_way import short_ways

HOT = [
    ("customer.parties.routes", "register_customer"),
    ("customer.parties.routes", "show_customer"),
    ("customer.routing.routes", "show_routing_profile"),
    ("customer.consents.routes", "decide_consent"),
    ("customer.interactions.routes", "record_interaction"),
    ("feedback.intake.routes", "submit_feedback"),
    ("feedback.intake.routes", "show_feedback"),
    ("channel_router.queue.routes", "open_ticket"),
    ("channel_router.queue.routes", "show_ticket"),
]


@pytest.mark.parametrize(("module", "name"), HOT)
def test_a_hot_route_is_reached_the_short_way(module: str, name: str) -> None:
    router: Any = importlib.import_module(module).router
    assert name in {way.route.name for _, _, way in short_ways(router.routes)}
