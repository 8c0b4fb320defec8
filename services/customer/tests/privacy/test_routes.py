"""Erasures over HTTP and by event: gone at once and for good, complete when all five services have confirmed."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from shared import clock
from shared.erasure import Ledger
from shared.events.envelope import Record
from shared.testing.service import Service

SCOPES = ("customer.customers:write", "customer.customers:read", "customer.lookups:read")
ERASE = ("customer.erasures:write", "customer.erasures:read")
OTHERS = ("feedback", "channel-router", "risk", "kpi")
WANG = {
    "kind": "individual",
    "legal_name": "王小明",
    "birth_date": "1990-01-01",
    "contact_points": [{"kind": "phone", "value": "+8613900001111"}],
    "identifiers": [{"type": "passport", "issuer": "CN", "value": "E12345678"}],
    "region": "CN-SH",
    "external_ref": "crm-1",
}


@pytest.fixture
async def gateway(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, *ERASE, actor="client", sub="anna")


async def register(client: httpx.AsyncClient, **other: Any) -> str:
    made = await client.post("/v1/customers", json=WANG | other)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def erase(client: httpx.AsyncClient, who: str | UUID) -> httpx.Response:
    return await client.post(f"/v1/customers/{who}/erasures", json={})


async def confirm(service: Service, request: str, who: str, by: str) -> None:
    data = json.dumps({"request_id": request, "customer_id": who, "occurred_at": "2026-11-24T00:00:00Z"}).encode()
    await service.hear(f"cxbank.{by}.erasure_confirmed.v1", data, key=who, subject=request, id_=clock.new_id())


async def said(service: Service, kind: str) -> list[Record]:
    wanted = f"cxbank.customer.{kind}.v1".encode()
    return [record for record in await service.relay() if dict(record.headers)["ce_type"] == wanted]


async def test_who_was_erased_is_gone_from_every_door(gateway: httpx.AsyncClient) -> None:
    who = await register(gateway)
    path = f"/v1/customers/{who}"
    changed = await gateway.patch(path, json={"legal_name": "王大明"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    asked = await erase(gateway, who)
    assert asked.status_code == 201, asked.text
    assert asked.headers["location"] == f"{path}/erasures"
    assert asked.json()["state"] == "requested"
    assert [one["service"] for one in asked.json()["confirmations"]] == ["customer"]
    answers = [
        await gateway.get(path),
        await gateway.get(path, params={"as_of": changed.json()["updated_at"]}),
        await gateway.get(f"{path}/history"),
        await gateway.patch(path, json={"tier": "private"}, headers={"If-Match": '"2"'}),
        await gateway.post("/v1/customers", json=WANG),
    ]
    assert [one.status_code for one in answers] == [410] * 5
    assert not any("明" in one.text or "1390000" in one.text for one in answers)
    for through in ({"contact_point": WANG["contact_points"][0]}, {"identifier": WANG["identifiers"][0]}):
        assert (await gateway.post("/v1/customers/lookups", json=through)).json() == {"customer_ids": []}
    assert (await gateway.get("/v1/customers")).json()["items"] == []


async def test_the_kept_answer_of_a_header_key_is_gone_too(gateway: httpx.AsyncClient) -> None:
    body = {name: value for name, value in WANG.items() if name != "external_ref"}
    head = {"Idempotency-Key": "k-1"}
    made = await gateway.post("/v1/customers", json=body, headers=head)
    assert (await gateway.post("/v1/customers", json=body, headers=head)).text == made.text
    await erase(gateway, made.json()["id"])
    again = await gateway.post("/v1/customers", json=body, headers=head)
    assert again.status_code == 410
    assert "王" not in again.text


async def test_a_second_process_with_the_key_in_its_cache_shows_nothing_either(
    service: Service, twin: Service, gateway: httpx.AsyncClient
) -> None:
    who = await register(gateway)
    elsewhere = await twin.client(*SCOPES, actor="client", sub="bob")
    assert (await elsewhere.get(f"/v1/customers/{who}")).status_code == 200
    assert (await elsewhere.get(f"/v1/customers/{who}/history")).status_code == 200
    await erase(gateway, who)
    assert (await elsewhere.get(f"/v1/customers/{who}")).status_code == 410
    assert (await elsewhere.get(f"/v1/customers/{who}/history")).status_code == 410


async def test_what_was_sealed_is_not_even_kept(service: Service, gateway: httpx.AsyncClient) -> None:
    who = await register(gateway)
    await gateway.patch(f"/v1/customers/{who}", json={"occupation": "pilot"}, headers={"If-Match": '"1"'})
    await erase(gateway, who)
    async with service.world.db.read() as conn:
        row = (await conn.execute(text("SELECT * FROM customer"))).one()
        key = (await conn.execute(text("SELECT * FROM subject_key"))).one()
        left = [
            (await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
            for table in ("contact_point", "identifier", "customer_history", "known_restriction")
        ]
    assert (row.legal_name, row.birth_date, row.occupation, row.region) == (b"", None, None, None)
    assert (key.wrapped, key.master_id, str(key.subject_id)) == (None, None, who)
    assert key.erased_at is not None
    assert left == [0, 0, 0, 0]


async def test_an_erasure_asked_for_again_is_the_same_one(service: Service, gateway: httpx.AsyncClient) -> None:
    who = await register(gateway)
    answers = await asyncio.gather(*(erase(gateway, who) for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [200] * 7 + [201]
    assert sum(one.headers.get("idempotent-replayed") == "true" for one in answers) == 7
    assert len({one.json()["id"] for one in answers}) == 1
    assert (await gateway.get(f"/v1/customers/{who}/erasures")).json() == answers[0].json()
    assert len(await said(service, "erasure_requested")) == 1


async def test_the_others_are_told_whom_to_forget_and_nothing_else(
    service: Service, gateway: httpx.AsyncClient
) -> None:
    who = await register(gateway)
    asked = (await erase(gateway, who)).json()
    (told,) = await said(service, "erasure_requested")
    assert json.loads(told.value).keys() == {"request_id", "customer_id", "kept", "occurred_at"}
    assert (json.loads(told.value)["request_id"], json.loads(told.value)["customer_id"]) == (asked["id"], who)
    assert told.key == who.encode()
    assert dict(told.headers)["ce_subject"] == asked["id"].encode()


async def test_the_last_of_five_confirmations_completes_it_and_is_said_once(
    service: Service, gateway: httpx.AsyncClient
) -> None:
    who = await register(gateway)
    asked = (await erase(gateway, who)).json()
    for by in OTHERS[:3] + OTHERS[:3]:
        await confirm(service, asked["id"], who, by)
    so_far = (await gateway.get(f"/v1/customers/{who}/erasures")).json()
    assert (so_far["state"], so_far["completed_at"], len(so_far["confirmations"])) == ("requested", None, 4)
    assert await said(service, "erasure_completed") == []
    for _ in range(2):
        await confirm(service, asked["id"], who, OTHERS[3])
    done = await gateway.get(f"/v1/customers/{who}/erasures")
    assert (done.json()["state"], done.headers["etag"]) == ("completed", '"5"')
    assert {one["service"] for one in done.json()["confirmations"]} == {"customer", *OTHERS}
    (told,) = await said(service, "erasure_completed")
    assert json.loads(told.value)["request_id"] == asked["id"]
    assert dict(told.headers)["ce_sequence"] == b"5"


async def test_a_confirmation_of_what_nobody_asked_for_here_is_let_go(service: Service) -> None:
    await confirm(service, str(uuid4()), str(uuid4()), "risk")
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM erasure_confirmation"))).scalar_one() == 0
        assert (await conn.execute(text("SELECT count(*) FROM parked"))).scalar_one() == 0


async def test_an_id_nobody_has_heard_of_becomes_a_tombstone(gateway: httpx.AsyncClient) -> None:
    who = uuid4()
    assert (await gateway.get(f"/v1/customers/{who}")).status_code == 404
    assert (await gateway.get(f"/v1/customers/{who}/erasures")).status_code == 404
    assert (await erase(gateway, who)).status_code == 201
    assert (await gateway.get(f"/v1/customers/{who}")).status_code == 410


async def test_an_import_does_not_bring_back_who_was_erased(service: Service, gateway: httpx.AsyncClient) -> None:
    await erase(gateway, await register(gateway))
    taken = await gateway.post(
        "/v1/customers/imports",
        content="\n".join(json.dumps(WANG | {"external_ref": ref}) for ref in ("crm-1", "crm-2")),
        headers={"content-type": "application/x-ndjson"},
    )
    await service.run_jobs()
    job = (await gateway.get(taken.headers["location"])).json()
    assert (job["created"], job["unchanged"], job["rejected"]) == (1, 0, 1)
    (reject,) = (await gateway.get(taken.headers["location"] + "/rejects")).text.splitlines()
    assert json.loads(reject) == {"line": 1, "code": "gone", "pointer": ""}


async def test_a_restriction_that_comes_late_brings_nothing_back(service: Service, gateway: httpx.AsyncClient) -> None:
    gone, stays = await register(gateway), await register(gateway, external_ref="crm-2", identifiers=[])
    for who in (gone, stays):
        early, late = str(uuid4()), str(uuid4())
        for restriction in (early, late):
            if restriction == late and who == gone:
                await erase(gateway, gone)
            data = json.dumps({"restriction_id": restriction, "customer_id": who}).encode()
            kind = "cxbank.risk.restriction_set.v1"
            await service.hear(kind, data, key=who, subject=restriction, id_=clock.new_id())
    async with service.world.db.read() as conn:
        kept = list((await conn.execute(text("SELECT customer_id::text FROM known_restriction"))).scalars())
    assert kept == [stays, stays], gone
    assert (await gateway.get(f"/v1/customers/{stays}")).json()["restricted"] is True
    assert (await gateway.get(f"/v1/customers/{gone}")).status_code == 410


async def test_a_newcomer_is_not_told_of_who_was_erased(service: Service, gateway: httpx.AsyncClient) -> None:
    gone, stays = await register(gateway), await register(gateway, external_ref="crm-2", identifiers=[])
    await erase(gateway, gone)
    told = [one.key async for page in service.work.snapshots(service.world) for one in page]
    assert {str(one) for one in told} == {stays}


async def test_every_erasure_is_noted_apart_from_the_database(
    service: Service, gateway: httpx.AsyncClient, ledger: Path
) -> None:
    who = await register(gateway)
    asked = (await erase(gateway, who)).json()
    for record in await said(service, "erasure_requested"):
        await service.consumer().hear([record], await service.bus.cluster_id())
    assert list(Ledger(ledger).read("customer")) == [(UUID(asked["id"]), UUID(who))]
    assert os.stat(ledger).st_mode & 0o077 == 0  # noqa: PTH116  # one look at a file of the test's own


@pytest.mark.parametrize("turn", range(3))
async def test_an_erasure_among_twenty_changes_leaves_nothing_to_read(
    service: Service, gateway: httpx.AsyncClient, turn: int
) -> None:
    who = await register(gateway)
    path = f"/v1/customers/{who}"

    async def change(number: int) -> int:
        for version in range(1, 5):
            head = {"If-Match": f'"{version}"'}
            answer = await gateway.patch(path, json={"legal_name": f"王{number}"}, headers=head)
            if answer.status_code != 412:
                return answer.status_code
        return 412

    changes = [asyncio.create_task(change(number)) for number in range(20)]
    reads = [asyncio.create_task(gateway.get(path)) for _ in range(20)]
    for _ in range(turn * 5):
        await asyncio.sleep(0)
    asked = await erase(gateway, who)
    assert asked.status_code == 201, asked.text
    assert set(await asyncio.gather(*changes)) <= {200, 410, 412}
    assert {one.status_code for one in await asyncio.gather(*reads)} <= {200, 410}
    assert (await gateway.get(path)).status_code == 410
    assert (await gateway.get(f"{path}/history")).status_code == 410
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM customer_history"))).scalar_one() == 0
        assert (await conn.execute(text("SELECT count(*) FROM subject_key WHERE wrapped IS NOT NULL"))).scalar() == 0


async def test_who_may_not_ask_is_told_so_and_another_customer_finds_nothing(
    service: Service, gateway: httpx.AsyncClient
) -> None:
    who = await register(gateway)
    path = f"/v1/customers/{who}/erasures"
    unscoped = await service.client(*SCOPES, actor="client", sub="bob")
    other = await service.client(*ERASE, actor="customer", sub="other", customer_id=uuid4())
    own = await service.client(*ERASE, actor="customer", sub="own", customer_id=UUID(who))
    nobody = {"Authorization": ""}
    assert (await gateway.post(path, json={}, headers=nobody)).status_code == 401
    assert (await erase(unscoped, who)).status_code == 403
    assert (await erase(other, who)).status_code == 404
    assert (await gateway.get(f"/v1/customers/{who}")).status_code == 200
    assert (await erase(own, who)).status_code == 201
    assert (await other.get(path)).status_code == 404
    assert (await own.get(path)).status_code == 200


async def test_an_erasure_that_cannot_be_recorded_is_not_done(service: Service, gateway: httpx.AsyncClient) -> None:
    who = await register(gateway)
    async with service.world.db.begin() as tx:
        await tx.execute(text("ALTER TABLE audit RENAME TO audit_away"))
    assert (await erase(gateway, who)).status_code == 503
    async with service.world.db.begin() as tx:
        await tx.execute(text("ALTER TABLE audit_away RENAME TO audit"))
    assert (await gateway.get(f"/v1/customers/{who}")).json()["legal_name"] == "王小明"
    assert await said(service, "erasure_requested") == []
