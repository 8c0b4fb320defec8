"""A subscriber is told of every event it asked for, signed, until it has taken it; whoever fails waits or is parked."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import ValidationError

from cxbank_client.webhooks import verified
from shared import clock
from shared.webhooks import delivery
from shared.webhooks.signing import signed_headers

TYPE = "cxbank.hooked.happened.v1"


async def subscribe(client: httpx.AsyncClient, url: str, *types: str, **more: Any) -> dict[str, Any]:
    answer = await client.post("/v1/webhooks", json={"url": url, "types": types or [TYPE], "external_ref": "a", **more})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def drain(hooked: Any) -> None:
    for _ in range(20):
        if not await hooked.sender.once():
            return
    raise AssertionError("it never came to rest")


async def states(client: httpx.AsyncClient, webhook: dict[str, Any]) -> list[str]:
    page = (await client.get(f"/v1/webhooks/{webhook['id']}/deliveries")).json()
    return [one["state"] for one in page["items"]]


async def test_a_subscriber_is_told_once_of_each_event_since_it_subscribed(start: Any, outsider: Any) -> None:
    hooked = await start()
    await hooked.say(1)
    client = hooked.caller()
    webhook = await subscribe(client, outsider.url)
    await hooked.say(2, 3)
    await drain(hooked)
    told = [json.loads(body) for _, body in outsider.got]
    assert sorted(one["data"]["number"] for one in told) == [2, 3]
    assert {(one["type"], one["source"], one["specversion"]) for one in told} == {(TYPE, "/cxbank/hooked", "1.0")}
    assert await states(client, webhook) == ["delivered", "delivered"]


async def test_a_delivery_verifies_and_a_changed_or_old_one_does_not(start: Any, outsider: Any) -> None:
    hooked = await start()
    webhook = await subscribe(hooked.caller(), outsider.url)
    await hooked.say(1)
    await drain(hooked)
    ((headers, body),) = outsider.got
    now, secret = clock.now(), webhook["secret"]
    assert verified(secret, headers, body, now)
    assert not verified(secret, headers, body + b" ", now)
    assert not verified(secret, headers | {"webhook-id": "another"}, body, now)
    assert not verified(secret, headers, body, now + timedelta(seconds=302))
    # The specification's own formula, apart from our code.
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, content, "sha256").digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_the_signature_is_the_one_of_the_specification_s_example() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = clock.time_of(UUID(int=1_614_265_330_000 << 80))
    headers = signed_headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_host_that_is_away_is_left_alone_and_gets_everything_when_it_is_back(start: Any, outsider: Any) -> None:
    hooked = await start()
    client = hooked.caller()
    webhook = await subscribe(client, outsider.url)
    await hooked.say(*range(60))
    outsider.statuses = [500] * 30 + [None] * 20
    assert await hooked.sender.once() == 50
    assert await hooked.sender.once() == 0
    shown = (await client.get(f"/v1/webhooks/{webhook['id']}")).json()
    assert (shown["failures"], shown["retry_at"] is not None) == (1, True)
    outsider.got.clear()
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        await drain(hooked)
    assert sorted(json.loads(body)["data"]["number"] for _, body in outsider.got) == list(range(60))
    assert (await client.get(f"/v1/webhooks/{webhook['id']}")).json()["failures"] == 0


async def test_retry_after_is_heeded(start: Any, outsider: Any) -> None:
    hooked = await start()
    await subscribe(hooked.caller(), outsider.url)
    await hooked.say(1)
    outsider.statuses, outsider.heads = [429], {"Retry-After": "600"}
    await hooked.sender.once()
    with clock.frozen(clock.now() + timedelta(seconds=590)):
        assert await hooked.sender.once() == 0
    with clock.frozen(clock.now() + timedelta(seconds=601)):
        assert await hooked.sender.once() == 1


async def test_one_event_that_is_refused_parks_alone_and_can_be_replayed(start: Any, outsider: Any) -> None:
    hooked = await start()
    client = hooked.caller()
    webhook = await subscribe(client, outsider.url)
    await hooked.say(1)
    with clock.frozen(clock.now()) as held:
        for _ in range(delivery.ATTEMPTS):
            outsider.statuses = [400]
            assert await hooked.sender.once() == 1
            held.move(timedelta(hours=2))
        assert await states(client, webhook) == ["parked"]
        await hooked.say(2)
        await drain(hooked)
        assert sorted(await states(client, webhook)) == ["delivered", "parked"]
        answer = await client.post(f"/v1/webhooks/{webhook['id']}/replays", json={})
        assert answer.json() == {"deliveries": 1}
        await drain(hooked)
    assert await states(client, webhook) == ["delivered", "delivered"]


async def test_a_subscriber_that_is_gone_ends_its_subscription(start: Any, outsider: Any) -> None:
    hooked = await start()
    client = hooked.caller()
    webhook = await subscribe(client, outsider.url)
    await hooked.say(1)
    outsider.statuses = [410]
    await hooked.sender.once()
    assert (await client.get(f"/v1/webhooks/{webhook['id']}")).json()["state"] == "ended"
    await hooked.say(2)
    assert await states(client, webhook) == ["parked"]


async def test_what_is_not_taken_for_a_day_is_parked_and_goes_with_its_event(start: Any, outsider: Any) -> None:
    hooked = await start()
    client = hooked.caller()
    webhook = await subscribe(client, outsider.url)
    await hooked.say(1)
    for hours, expected in ((23, ["waiting"]), (25, ["parked"]), (24 * 8 + 1, [])):
        with clock.frozen(clock.now() + timedelta(hours=hours)):
            async with hooked.world.db.begin() as tx:
                await hooked.sender.upkeep(tx)
        assert await states(client, webhook) == expected


async def test_a_worker_killed_while_sending_sends_again_after_the_lease(start: Any, outsider: Any) -> None:
    hooked = await start()
    await subscribe(hooked.caller(), outsider.url)
    await hooked.say(1)
    assert len(await hooked.sender._claim()) == 1
    assert await hooked.sender.once() == 0
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        assert await hooked.sender.once() == 1
    assert len(outsider.got) == 1


async def test_a_log_that_is_filled_again_delivers_nothing_twice(start: Any, outsider: Any) -> None:
    hooked = await start()
    await subscribe(hooked.caller(), outsider.url, "*")
    await hooked.say(1, 2)
    await drain(hooked)
    hooked.bus.destroy()
    await hooked.say(3)
    await drain(hooked)
    assert sorted(json.loads(body)["data"]["number"] for _, body in outsider.got) == [1, 2, 3]


async def test_a_former_secret_signs_beside_the_new_one_for_a_day(start: Any, outsider: Any) -> None:
    hooked = await start()
    client = hooked.caller()
    first = await subscribe(client, outsider.url)
    answer = await client.post(f"/v1/webhooks/{first['id']}/secrets", headers={"If-Match": '"1"'})
    second = answer.json()["secret"]
    assert second != first["secret"]
    await hooked.say(1)
    await drain(hooked)
    ((headers, body),) = outsider.got
    assert all(verified(one, headers, body, clock.now()) for one in (first["secret"], second))
    with clock.frozen(clock.now() + timedelta(hours=25)):
        await client.post(f"/v1/webhooks/{first['id']}/replays", json={"since": "2026-01-01T00:00:00Z"})
        await drain(hooked)
        headers, body = outsider.got[-1]
        assert verified(second, headers, body, clock.now())
        assert not verified(first["secret"], headers, body, clock.now())


async def test_the_secret_is_told_once_and_kept_under_seal(start: Any, outsider: Any) -> None:
    hooked = await start()
    client = hooked.caller()
    webhook = await subscribe(client, outsider.url)
    again = await client.post("/v1/webhooks", json={"url": outsider.url, "types": [TYPE], "external_ref": "a"})
    assert (again.status_code, again.json()["id"], again.json()["secret"]) == (200, webhook["id"], None)
    assert (await client.get(f"/v1/webhooks/{webhook['id']}")).json()["secret"] is None
    async with hooked.world.db.read() as conn:
        (blob,) = (await conn.exec_driver_sql("SELECT secret FROM webhook")).scalars()
    assert webhook["secret"].encode() not in blob


async def test_a_client_sees_its_own_subscriptions_only(start: Any, outsider: Any) -> None:
    hooked = await start()
    webhook = await subscribe(hooked.caller(), outsider.url)
    other = hooked.caller(sub="another")
    assert (await other.get(f"/v1/webhooks/{webhook['id']}")).status_code == 404
    assert (await other.get("/v1/webhooks")).json()["items"] == []
    assert (await hooked.caller(actor="staff", sub="anna").get("/v1/webhooks")).json()["items"] != []
    assert (
        await hooked.caller(actor="customer", customer_id=str(clock.new_id())).get("/v1/webhooks")
    ).status_code == 403


async def test_a_subscription_is_changed_on_its_version_and_ended(start: Any, outsider: Any) -> None:
    hooked = await start()
    client = hooked.caller()
    webhook = await subscribe(client, outsider.url)
    path = f"/v1/webhooks/{webhook['id']}"
    assert (await client.patch(path, json={"state": "paused"})).status_code == 428
    assert (await client.patch(path, json={"state": "paused"}, headers={"If-Match": '"7"'})).status_code == 412
    assert (await client.patch(path, json={"state": "ended"}, headers={"If-Match": '"1"'})).status_code == 422
    assert (await client.patch(path, json={"state": "paused"}, headers={"If-Match": '"1"'})).json()["version"] == 2
    await hooked.say(1)
    assert await hooked.sender.once() == 0
    await client.patch(path, json={"state": "active"}, headers={"If-Match": '"2"'})
    assert await hooked.sender.once() == 1
    assert (await client.delete(path, headers={"If-Match": '"3"'})).status_code == 204
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("url", "types", "pointer"),
    [
        ("https://evil.example/x", [TYPE], "/url"),
        ("ftp://localhost/x", [TYPE], "/url"),
        ("http://user:secret@localhost/x", [TYPE], "/url"),
        ("http://localhost:99999/x", [TYPE], "/url"),
        ("http://localhost/x#part", [TYPE], "/url"),
        ("http://localhost/x", ["cxbank.hooked.never.v1"], "/types/0"),
    ],
)
async def test_what_could_never_be_delivered_is_refused_when_it_is_asked_for(
    start: Any, url: str, types: list[str], pointer: str
) -> None:
    hooked = await start()
    answer = await hooked.caller().post("/v1/webhooks", json={"url": url, "types": types, "external_ref": "a"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert "secret" not in answer.text


async def test_a_listed_name_that_leads_inside_is_never_called(start: Any, outsider: Any) -> None:
    hooked = await start()
    client = hooked.caller()
    webhook = await subscribe(client, outsider.url)
    await hooked.say(1)
    strict = delivery.Sender(hooked.world, hooked.sender._storage)
    strict._inside = False
    assert await strict.once() == 1
    await strict.close()
    assert outsider.got == []
    (waiting,) = (await client.get(f"/v1/webhooks/{webhook['id']}/deliveries")).json()["items"]
    assert (waiting["state"], waiting["cause"]) == ("waiting", "only https")


async def test_reaching_inside_is_refused_in_production() -> None:
    from shared.settings import ServiceSettings  # noqa: PLC0415  # only here

    with pytest.raises(ValidationError, match="webhook_inside"):
        ServiceSettings(database_url="postgresql://x", keys_file="x", webhook_inside=True)
