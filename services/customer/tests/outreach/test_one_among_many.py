"""One letter that cannot be made or handed over ends or waits by itself: those beside it in the batch go."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from customer.outreach.domain.messages import Channel, Job, Outcome
from customer.outreach.timers import Courier
from customer.routing.usecases import channels_barred
from shared import clock
from shared.testing.service import Service

NOON = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0)
PLACE = "{{ number }}"
DEEP = "{% if number %}" * 120 + "x" + "{% endif %}" * 120


class Clumsy:
    """A gateway with a fault for one person; it takes the others'."""

    def __init__(self) -> None:
        self.stumbles_over: set[str] = set()
        self.took: list[str] = []

    async def deliver(self, job: Job) -> Outcome:
        await asyncio.sleep(0)
        if str(job.customer_id) in self.stumbles_over:
            raise RuntimeError("a header of this letter cannot be written")
        self.took.append(str(job.message_id))
        return Outcome.TAKEN

    async def close(self) -> None:
        """There is nothing to give back."""


@pytest.fixture
def clumsy() -> Clumsy:
    return Clumsy()


@pytest.fixture
def courier(service: Service, clumsy: Clumsy) -> Courier:
    return Courier(service.world, {Channel.SMS: clumsy}, channels_barred)


async def stands(staff: Any, told: dict[str, Any]) -> tuple[str, str | None]:
    shown = (await staff.get(f"/v1/messages/{told['id']}")).json()
    return shown["state"], shown["reason"]


async def test_a_text_that_does_not_compile_fails_and_the_others_of_its_batch_go(
    service: Service, staff: Any, register: Any, submit: Any, template: Any, courier: Courier, clumsy: Clumsy
) -> None:
    wording = {"subject": "s", "body": DEEP}
    refused = template("deep", texts=dict.fromkeys(("zh-Hans", "zh-Hant", "en"), wording))
    assert (await staff.post("/v1/message-templates", json=refused)).status_code == 422
    assert (await staff.post("/v1/message-templates", json=template("deep"))).status_code == 201
    async with service.world.db.begin() as tx:
        # As somebody may have kept it before there was a limit.
        spoil = "UPDATE message_template SET texts = cast(replace(cast(texts AS text), :old, :new) AS jsonb)"
        await tx.execute(text(f"{spoil} WHERE key = 'deep'"), {"old": PLACE, "new": DEEP})
    with clock.frozen(NOON):
        who = await register(points=("phone",))
        bad = await submit(who, "deep")
        good = await submit(who)
        await courier.once()
        assert await stands(staff, bad) == ("failed", "no-text")
        assert await stands(staff, good) == ("sent", None)
    assert clumsy.took == [good["id"]]


async def test_a_fault_in_one_hand_over_stops_no_other_and_a_code_goes_once_at_most(
    staff: Any, register: Any, submit: Any, courier: Courier, clumsy: Clumsy
) -> None:
    with clock.frozen(NOON) as held:
        bad, good = await register("bad", points=("phone",)), await register("good", points=("phone",))
        clumsy.stumbles_over = {bad}
        told = await submit(bad)
        code = await submit(bad, "code", expires_at=(NOON + timedelta(minutes=5)).isoformat(), urgency="urgent")
        other = await submit(good)
        assert await courier.once() == 3
        assert await stands(staff, told) == ("accepted", "gateway-away")
        assert await stands(staff, code) == ("failed", "unknown-outcome")
        assert await stands(staff, other) == ("sent", None)
        clumsy.stumbles_over = set()
        held.move(timedelta(minutes=1))
        assert (await courier.once(), await stands(staff, told)) == (1, ("sent", None))
    assert clumsy.took == [other["id"], told["id"]]
