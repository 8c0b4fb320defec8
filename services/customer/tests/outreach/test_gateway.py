"""The bank's gateway on its bad days: it fails, stalls, answers twice, drops repeats by message id, and counts both."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import httpx
import pytest

from customer.outreach.clients import WebhookGateway
from customer.outreach.domain.messages import Channel
from customer.outreach.timers import Courier
from customer.routing.usecases import channels_barred
from shared import clock
from shared.http import Outside
from shared.testing.service import Service

NOON: Final = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0)
MOODS: Final = ("well", "fails", "stalls", "takes it and fails", "answers twice")
STATUSES: Final = {"well": [202], "fails": [503], "takes it and fails": [500], "answers twice": [202, 202]}
PATIENCE: Final = 0.2
PEOPLE: Final = 24


@dataclass
class BankGateway:
    """Hands a message on under its id once; whatever comes again under that id is dropped, and counted too."""

    moods: Random
    handed_on: dict[str, str] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    in_mood: Counter[str] = field(default_factory=Counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, as the mood of the moment has it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        body = json.loads(await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0])))
        mood = self.moods.choice(MOODS)
        self.in_mood[mood] += 1
        if mood != "fails":
            new = body["message_id"] not in self.handed_on
            self.handed_on.setdefault(body["message_id"], body["to"])
            self.seen["taken" if new else "dropped"] += 1
        if mood == "stalls":
            await asyncio.sleep(2 * PATIENCE)
        for status in STATUSES.get(mood, []):
            writer.write(f"HTTP/1.1 {status} Told\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()


@pytest.fixture(params=[1, 2])
async def bank(service: Service, request: Any) -> AsyncIterator[tuple[BankGateway, list[Courier]]]:
    """A gateway with moods, and three couriers that wait a fifth of a second for it."""
    made = BankGateway(Random(request.param))  # noqa: S311  # moods to be had again
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    settings: Any = service.world.settings
    url = f"http://localhost:{server.sockets[0].getsockname()[1]}/hook"
    gateway = WebhookGateway(settings.model_copy(update={"gateway_url": url}))
    await gateway.close()
    gateway._outside = Outside(httpx.Timeout(PATIENCE))
    yield made, [Courier(service.world, {Channel.SMS: gateway}, channels_barred) for _ in range(3)]
    await gateway.close()
    server.close()
    await server.wait_closed()


async def test_every_message_is_handed_on_once_however_often_it_had_to_be_brought(
    staff: Any,
    reporter: Any,
    register: Any,
    submit: Any,
    service: Service,
    bank: tuple[BankGateway, list[Courier]],
) -> None:
    gateway, couriers = bank
    with clock.frozen(NOON) as held:
        people = [await register(str(number)) for number in range(PEOPLE)]
        ids = [(await submit(who, channels=["sms"], urgency="urgent"))["id"] for who in people]
        for _ in range(90):
            await asyncio.gather(*(one.once() for one in couriers))
            held.move(timedelta(minutes=5))
        # Each mood came up, so that what follows was not had for nothing.
        assert set(gateway.in_mood) == set(MOODS)
        assert sorted(gateway.handed_on) == sorted(ids)
        assert gateway.seen["taken"] == PEOPLE
        assert gateway.seen["dropped"] == gateway.in_mood.total() - gateway.in_mood["fails"] - PEOPLE > 0
        # It tells of each delivery twice as well, at one moment.
        receipt = {"channel": "sms", "state": "delivered", "occurred_at": held.at.isoformat()}
        told = [reporter.post(f"/v1/messages/{one}/receipts", json=receipt) for one in ids * 2]
        assert {one.status_code for one in await asyncio.gather(*told)} == {200}
        states = [(await staff.get(f"/v1/messages/{one}")).json()["state"] for one in ids]
    assert states == ["delivered"] * PEOPLE
    said = Counter(dict(one.headers)["ce_type"].decode().split(".")[2] for one in await service.relay())
    assert (said["message_sent"], said["message_delivered"], said["message_failed"]) == (PEOPLE, PEOPLE, 0)
