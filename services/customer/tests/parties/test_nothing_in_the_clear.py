"""Personal values stand nowhere in the clear: no table, no message, no log, no answer to a mistake."""

import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from shared import clock
from shared.telemetry import configure
from shared.testing.service import Service

SCOPES = ("customer.customers:write", "customer.customers:read", "customer.lookups:read")
Dump = Callable[[Service], Awaitable[bytes]]
Search = Callable[[bytes, Iterable[str]], list[str]]

NAMES = ("欧阳娜娜", "Aurelio Quintanilla", "司马相如", "Brunhilde Österreicher")
PHONES = ("+8613712345670", "+4915112345671", "+8613712345672", "+4366412345673")
NUMBERS = ("11010519491231002X", "C01X00T478", "310101199001011234", "P7654321A")
PLACES = ("某某路一百零一号", "Hauptallee 77, Wien", "未名湖北岸三号院", "Seestraße 5, Bregenz")
WORK = ("古琴演奏家", "glaciologist", "辞赋作者", "cheesemonger")
SECRETS = (*NAMES, *PHONES, *NUMBERS, *PLACES, *WORK, "oyang.nana@example.com")


def person(number: int, **other: Any) -> dict[str, Any]:
    points = [{"kind": "phone", "value": PHONES[number]}, {"kind": "postal", "value": PLACES[number]}]
    return {
        "kind": "individual",
        "legal_name": NAMES[number],
        "birth_date": "1984-03-01",
        "contact_points": [*points, {"kind": "email", "value": "oyang.nana@example.com"}],
        "identifiers": [{"type": "id", "issuer": "CN", "value": NUMBERS[number]}],
        "occupation": WORK[number],
        "region": "CN-BJ",
    } | other


@pytest.fixture
async def gateway(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="client", sub="anna")


async def bring(service: Service, gateway: httpx.AsyncClient, *rows: dict[str, Any]) -> httpx.Response:
    body = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    head = {"content-type": "application/x-ndjson"}
    taken = await gateway.post("/v1/customers/imports", content=body.encode(), headers=head)
    assert taken.status_code == 202
    return taken


async def test_the_search_finds_what_is_there(service: Service, stored: Dump, unsealed: Search) -> None:
    async with service.world.db.begin() as tx:
        plain = "INSERT INTO timer VALUES ('a', 'a', now(), null, jsonb_build_object('who', CAST(:who AS text)))"
        await tx.execute(text(plain), {"who": NAMES[0]})
        packed = "INSERT INTO gate VALUES (CAST(:key AS bytea), '', true, gen_random_uuid(), null, null, null, now())"
        await tx.execute(text(packed), {"key": f"x{PHONES[0]}".encode()})
        coded = "INSERT INTO timer VALUES ('b', encode(CAST(:who AS bytea), 'base64'), now(), null, '{}')"
        await tx.execute(text(coded), {"who": f"ab{NUMBERS[0]}".encode()})
    assert unsealed(await stored(service), SECRETS) == [NAMES[0], PHONES[0], NUMBERS[0]]


async def test_whoever_reads_every_row_and_message_reads_nobody(
    service: Service, gateway: httpx.AsyncClient, stored: Dump, unsealed: Search
) -> None:
    made = await gateway.post("/v1/customers", json=person(0), headers={"Idempotency-Key": "k-1"})
    assert made.status_code == 201, made.text
    path = made.headers["location"]
    changed = await gateway.patch(path, json={"occupation": WORK[3]}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    assert (await gateway.get(path)).json()["legal_name"] == NAMES[0]
    assert len((await gateway.get(f"{path}/history")).json()) == 2
    found = await gateway.post("/v1/customers/lookups", json={"contact_point": person(0)["contact_points"][0]})
    assert len(found.json()["customer_ids"]) == 1
    assert (await gateway.post("/v1/customers", json=person(1, external_ref="crm-1"))).status_code == 201
    taken = await bring(service, gateway, person(2, external_ref="crm-2"), person(3, external_ref="crm-3"))
    waiting = await stored(service)
    await service.run_jobs()
    assert (await gateway.get(taken.headers["location"])).json()["created"] == 2
    assert unsealed(waiting, SECRETS) == []
    assert unsealed(await stored(service), SECRETS) == []


async def mistakes(service: Service, gateway: httpx.AsyncClient) -> list[httpx.Response]:
    """What is answered when each door is given personal values that it must refuse, or cannot keep."""
    known = await gateway.post("/v1/customers", json=person(0, external_ref="crm-0"))
    refused = [
        await gateway.post("/v1/customers", json=person(1, **fault))
        for fault in (
            {"external_ref": "x", "kind": NAMES[1]},
            {"external_ref": "x", "birth_date": PHONES[1]},
            {"external_ref": "x", "region": NUMBERS[1]},
            {"external_ref": "x", "legal_name": [NAMES[1]]},
            {"external_ref": "x", "unknown": PLACES[1]},
            {"external_ref": "x", "contact_points": [{"kind": "phone", "value": NAMES[1]}]},
            {"external_ref": "x", "contact_points": [{"kind": "email", "value": PLACES[1]}]},
            {"external_ref": "x", "identifiers": NUMBERS[1]},
            {},
        )
    ]
    taken = [
        await gateway.post("/v1/customers", json=person(1, external_ref="crm-0")),
        await gateway.post("/v1/customers", json=person(1, external_ref="y", identifiers=person(0)["identifiers"])),
    ]
    rows = [person(2, external_ref="z", kind=NAMES[2]), person(2, external_ref="crm-0")]
    job = await bring(service, gateway, *rows, {"legal_name": NAMES[2], "phone": PHONES[2]})
    await service.run_jobs()
    rejects = await gateway.get(job.headers["location"] + "/rejects")
    async with service.world.db.begin() as tx:
        await tx.execute(text("ALTER TABLE customer ADD CONSTRAINT never_again CHECK (false) NOT VALID"))
        await tx.execute(text("ALTER TABLE known_restriction ADD CONSTRAINT never_again CHECK (false) NOT VALID"))
    broken = [
        await gateway.post("/v1/customers", json=person(3, external_ref="grouped")),
        await gateway.patch(known.headers["location"], json={"legal_name": NAMES[3]}, headers={"If-Match": '"1"'}),
    ]
    job = await bring(service, gateway, person(3, external_ref="imported"))
    await service.run_jobs()
    not_stored = await gateway.get(job.headers["location"] + "/rejects")
    data = json.dumps({"restriction_id": str(uuid4()), "customer_id": known.json()["id"]}).encode()
    await service.hear("cxbank.risk.restriction_set.v1", data, key="k", subject="s", id_=clock.new_id())
    return [*refused, *taken, *broken, rejects, not_stored]


async def test_an_error_through_any_door_names_nobody(
    service: Service,
    gateway: httpx.AsyncClient,
    capsys: pytest.CaptureFixture[str],
    stored: Dump,
    unsealed: Search,
    postgres_log: Callable[[], str],
) -> None:
    configure("debug")
    try:
        answers = await mistakes(service, gateway)
    finally:
        # The capture ends before the service does, which would say so into a closed file.
        configure("error")
    assert [one.status_code for one in answers] == [422] * 9 + [409] * 2 + [500] * 2 + [200] * 2
    codes = [json.loads(line)["code"] for one in answers[-2:] for line in one.text.splitlines()]
    assert codes == ["enum", "external-ref-conflict", "missing", "not-stored"]
    logged, server = capsys.readouterr().out, postgres_log()
    assert logged.count('"event":"fault"') == 2
    assert "event_parked" in logged
    assert "never_again" in server
    for where in ("\n".join(one.text for one in answers), logged, server):
        assert unsealed(where.encode(), SECRETS) == []
    assert unsealed(await stored(service), SECRETS) == []
