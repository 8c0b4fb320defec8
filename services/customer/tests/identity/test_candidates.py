"""Duplicate candidates over events and HTTP: found by the worker, decided by a person, never linked by themselves."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from sqlalchemy import text

from customer.identity.usecases import find_duplicates
from shared.clock import new_id
from shared.testing.service import Service

SCOPES = (
    *("customer.customers:write", "customer.customers:read", "customer.erasures:write"),
    *("customer.identity-links:write", "customer.identity-links:read"),
    *("customer.duplicate-candidates:read", "customer.duplicate-candidates:write"),
)
PROOF = [{"kind": "identity_document", "reference": "scan/9"}]
ZHANG = {"kind": "individual", "legal_name": "张伟", "birth_date": "1984-03-01", "region": "CN-BJ", "gender": 1}
EMAIL = [{"kind": "email", "value": "zhang.wei@example.com"}]
PHONE = [{"kind": "phone", "value": "+8613800001234"}]


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


async def party(service: Service, staff: httpx.AsyncClient, **more: Any) -> str:
    """Register somebody, and let the worker hear of it."""
    made = await staff.post("/v1/customers", json=ZHANG | {"external_ref": str(uuid4())} | more)
    assert made.status_code == 201, made.text
    await heard(service, made.json()["id"], "registered")
    identity: str = made.json()["id"]
    return identity


async def heard(service: Service, who: str, name: str) -> None:
    data = orjson.dumps(
        {"customer_id": who, "kind": "individual", "state": "prospect", "tier": "mass", "age_band": None}
    )
    told = orjson.loads(data) | {"region": None, "version": 1, "occurred_at": "2026-11-24T00:00:00Z"}
    await service.hear(f"cxbank.customer.{name}.v1", orjson.dumps(told), key=who, subject=who, id_=new_id())


async def candidates(staff: httpx.AsyncClient, **filters: str) -> list[Any]:
    found: list[Any] = (await staff.get("/v1/duplicate-candidates", params=filters)).json()["items"]
    return found


async def decide(staff: httpx.AsyncClient, found: Any, **body: Any) -> httpx.Response:
    head = {"If-Match": f'"{found["version"]}"'}
    return await staff.patch(f"/v1/duplicate-candidates/{found['id']}", json=body, headers=head)


async def test_a_second_record_in_another_script_is_listed_with_its_reasons(
    service: Service, staff: httpx.AsyncClient
) -> None:
    one = await party(service, staff, contact_points=EMAIL)
    other = await party(service, staff, legal_name="Wei ZHANG", contact_points=EMAIL)
    (found,) = await candidates(staff)
    assert (found["one"], found["other"], found["band"], found["state"]) == (one, other, "likely", "open")
    told = {reason["field"]: reason["level"] for reason in found["reasons"]}
    assert told == {"name": "same_sound", "birth_date": "same", "email": "same", "region": "same", "gender": "same"}
    assert (await staff.get(f"/v1/customers/{one}")).json()["leader_id"] is None


async def test_two_people_at_one_phone_are_a_candidate_and_never_linked(
    service: Service, staff: httpx.AsyncClient
) -> None:
    await party(service, staff, contact_points=PHONE)
    await party(service, staff, legal_name="李芳", birth_date="1986-07-09", gender=2, contact_points=PHONE)
    (found,) = await candidates(staff, band="possible")
    assert found["probability"] < 0.5
    assert (await staff.get("/v1/identity-links")).json()["items"] == []


async def test_strangers_are_not_listed(service: Service, staff: httpx.AsyncClient) -> None:
    await party(service, staff)
    await party(service, staff, legal_name="张强", birth_date="1984-11-20", region="CN-GD")
    assert await candidates(staff) == []


async def test_a_switchboard_brings_nobody_together(service: Service, staff: httpx.AsyncClient) -> None:
    most = service.world.settings.identity_largest_block  # type: ignore[attr-defined]  # this service's own setting
    names = [{"legal_name": f"客{number}", "birth_date": None} for number in range(most + 1)]
    made = [
        (
            await staff.post(
                "/v1/customers", json=ZHANG | name | {"contact_points": PHONE, "external_ref": name["legal_name"]}
            )
        )
        for name in names
    ]
    async with service.world.db.begin() as tx:
        await find_duplicates(service.world, tx, [UUID(one.json()["id"]) for one in made])
    assert await candidates(staff) == []


async def test_to_confirm_is_to_link_and_needs_its_proof(service: Service, staff: httpx.AsyncClient) -> None:
    one = await party(service, staff, contact_points=EMAIL)
    other = await party(service, staff, legal_name="張偉", contact_points=EMAIL)
    (found,) = await candidates(staff)
    assert (await decide(staff, found, state="confirmed")).status_code == 422
    weak = [{"kind": "email", "reference": "e"}]
    hint = await decide(staff, found, state="confirmed", leader=other, reason="same_person", evidence=weak)
    assert hint.json()["type"] == "/problems/evidence-too-weak"
    done = await decide(staff, found, state="confirmed", leader=other, reason="same_person", evidence=PROOF)
    assert (done.status_code, done.json()["state"], done.json()["decided_by"]) == (200, "confirmed", "anna"), done.text
    assert (await staff.get(f"/v1/customers/{one}")).json()["leader_id"] == other
    again = await decide(staff, done.json(), state="rejected")
    assert again.json()["type"] == "/problems/candidate-decided"
    link = (await staff.get(f"/v1/identity-links/{done.json()['identity_link_id']}")).json()
    await staff.delete(f"/v1/identity-links/{link['id']}", headers={"If-Match": f'"{link["version"]}"'})
    assert [one["state"] for one in await candidates(staff)] == ["rejected"]


async def test_what_was_rejected_stays_so_and_what_no_longer_looks_alike_is_not_listed(
    service: Service, staff: httpx.AsyncClient
) -> None:
    one = await party(service, staff, contact_points=EMAIL)
    await party(service, staff, contact_points=EMAIL)
    third = await party(service, staff, legal_name="张薇", contact_points=EMAIL)
    (found,) = [row for row in await candidates(staff) if third not in {row["one"], row["other"]}]
    rejected = await decide(staff, found, state="rejected")
    assert (rejected.status_code, rejected.json()["state"]) == (200, "rejected")
    assert (await decide(staff, found, state="rejected")).status_code == 412
    await heard(service, one, "changed")
    assert len(await candidates(staff, state="rejected")) == 1
    bank = await service.client(*SCOPES, actor="client", sub="core")
    (point,) = (await bank.get(f"/v1/customers/{third}")).json()["contact_points"]
    gone = await bank.delete(f"/v1/customers/{third}/contact-points/{point['id']}", headers={"If-Match": '"1"'})
    assert gone.status_code == 204, gone.text
    await heard(service, third, "changed")
    told = [reason for row in await candidates(staff, customer_id=third) for reason in row["reasons"]]
    assert all(reason["field"] != "email" for reason in told)


async def test_erasure_leaves_no_block_and_no_candidate_and_a_late_event_brings_none_back(
    service: Service, staff: httpx.AsyncClient
) -> None:
    one = await party(service, staff, contact_points=EMAIL)
    await party(service, staff, contact_points=EMAIL)
    assert len(await candidates(staff)) == 1
    answer = await staff.post(f"/v1/customers/{one}/erasures", json={})
    assert answer.status_code in {200, 201}, answer.text
    await heard(service, one, "changed")
    assert await candidates(staff) == []
    async with service.world.db.read() as conn:
        rows = await conn.execute(
            text("SELECT count(*) FROM duplicate_block WHERE customer_id = :id"), {"id": UUID(one)}
        )
        assert rows.scalar_one() == 0


async def test_nothing_of_a_block_or_a_reason_can_be_read_as_a_value(
    service: Service, staff: httpx.AsyncClient, stored: Any, unsealed: Any
) -> None:
    await party(service, staff, contact_points=EMAIL + PHONE)
    await party(service, staff, contact_points=EMAIL + PHONE)
    assert unsealed(await stored(service), ["张伟", "zhang.wei@example.com", "+8613800001234", "zan|1984"]) == []
