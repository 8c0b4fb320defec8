"""Links over HTTP: by staff, on proof, within limits, undone whole or in part, heard once per member."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from sqlalchemy import select

from customer import storage
from shared.clock import new_id
from shared.events.envelope import Envelope
from shared.subjects import members, resolve
from shared.testing.service import Service

SCOPES = (
    "customer.customers:write",
    "customer.customers:read",
    "customer.lookups:read",
    "customer.identity-links:write",
    "customer.identity-links:read",
    "customer.merge-reviews:write",
    "customer.merge-reviews:read",
    "customer.erasures:write",
)
PROOF = [{"kind": "identity_document", "reference": "scan/2026/77"}]


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


async def people(client: httpx.AsyncClient, number: int, **other: Any) -> list[str]:
    """That many registered persons."""
    made = []
    for index in range(number):
        body = {"kind": "individual", "legal_name": f"张{index}", "external_ref": str(uuid4())} | other
        answer = await client.post("/v1/customers", json=body)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
    return made


async def link(
    client: httpx.AsyncClient, who: Sequence[str], leader: str | None = None, **other: Any
) -> httpx.Response:
    body = {"members": list(who), "leader": leader or who[0], "reason": "same_person", "evidence": PROOF}
    return await client.post("/v1/identity-links", json=body | {"external_ref": str(uuid4())} | other)


async def split(client: httpx.AsyncClient, made: Any, who: Sequence[str], **other: Any) -> httpx.Response:
    return await client.post(
        f"/v1/identity-links/{made['id']}/splits",
        json={"members": list(who), "reason": "linked_by_mistake", "external_ref": str(uuid4())} | other,
        headers={"If-Match": f'"{made["version"]}"'},
    )


async def said(service: Service) -> list[tuple[str, str, str, int]]:
    """Everything said of identity, by version: (name, member, leader, version)."""
    envelopes = [Envelope.of(record) for record in await service.relay()]
    found = [
        (one.type.split(".")[2], data["member"], data["leader"], data["version"])
        for one in envelopes
        if one.type.split(".")[2] in {"linked", "unlinked"}
        for data in [orjson.loads(one.data)]
    ]
    return sorted(found, key=lambda one: one[3])


async def test_linked_records_keep_their_rows_and_count_as_the_leader_chosen(staff: httpx.AsyncClient) -> None:
    a, b = await people(staff, 2)
    made = await link(staff, [a, b], leader=b)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/v1/identity-links/{made.json()['id']}"
    shown = (await staff.get(made.headers["location"])).json()
    assert (shown["leader"], shown["members"], shown["state"]) == (b, sorted([a, b]), "active")
    record = await staff.get(f"/v1/customers/{a}")
    assert (record.json()["id"], record.json()["leader_id"], record.headers["etag"]) == (a, b, '"2"')
    versions = (await staff.get(f"/v1/customers/{a}/history")).json()
    assert [(one["version"], one["customer"]["leader_id"]) for one in versions] == [(2, b), (1, None)]


async def test_it_is_said_once_per_member_with_the_version_of_the_set(
    service: Service, staff: httpx.AsyncClient
) -> None:
    a, b, c = await people(staff, 3)
    first = (await link(staff, [a, b])).json()
    second = (await link(staff, [b, c], leader=c)).json()
    await split(staff, second, [a])
    heard = await said(service)
    assert sorted(heard[:2]) == sorted([("linked", a, a, 1), ("linked", b, a, 1)])
    assert sorted(heard[2:5]) == sorted(("linked", one, c, 2) for one in (a, b, c))
    assert sorted(heard[5:]) == sorted([("unlinked", a, c, 3), ("linked", b, c, 3), ("linked", c, c, 3)])
    old = (await staff.get(f"/v1/identity-links/{first['id']}")).json()
    assert (old["state"], old["absorbed_by"], old["members"]) == ("absorbed", second["id"], [])


async def test_fifty_tasks_linking_one_pair_make_one_link(service: Service, staff: httpx.AsyncClient) -> None:
    a, b = await people(staff, 2)
    answers = await asyncio.gather(*(link(staff, [a, b] if n % 2 else [b, a], leader=a) for n in range(50)))
    assert sorted(one.status_code for one in answers) == [201] + [409] * 49
    assert {one.json()["type"] for one in answers if one.status_code == 409} == {"/problems/already-linked"}
    assert len(await said(service)) == 2


async def test_two_dissolutions_on_one_version_let_one_through(staff: httpx.AsyncClient) -> None:
    made = (await link(staff, await people(staff, 2))).json()
    path = f"/v1/identity-links/{made['id']}"
    answers = await asyncio.gather(*(staff.delete(path, headers={"If-Match": '"1"'}) for _ in range(10)))
    assert sorted(one.status_code for one in answers) == [200] + [412] * 9
    assert (await staff.delete(path, headers={"If-Match": '"2"'})).json()["type"] == "/problems/link-not-active"
    assert (await staff.delete(path)).status_code == 428


@pytest.mark.parametrize("kinds", [["phone"], ["email", "device", "name", "address", "phone"]])
async def test_hints_however_many_never_link(staff: httpx.AsyncClient, kinds: list[str]) -> None:
    who = await people(staff, 2)
    answer = await link(staff, who, evidence=[{"kind": kind, "reference": "r1"} for kind in kinds])
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/evidence-too-weak")
    assert (await staff.get(f"/v1/customers/{who[0]}")).json()["leader_id"] is None


async def test_only_a_person_of_the_bank_links(service: Service, staff: httpx.AsyncClient) -> None:
    who = await people(staff, 2)
    for actor in ("customer", "client", "service"):
        other = await service.client(*SCOPES, actor=actor, sub="x", customer_id=who[0])
        assert (await link(other, who)).status_code == 403


async def test_a_person_and_an_organisation_are_never_one(staff: httpx.AsyncClient) -> None:
    (person,) = await people(staff, 1)
    (firm,) = await people(staff, 1, kind="organisation", legal_name="张氏贸易")
    assert (await link(staff, [person, firm])).json()["type"] == "/problems/different-kinds"


async def test_unknown_erased_and_misnamed_members_are_refused(staff: httpx.AsyncClient) -> None:
    a, b = await people(staff, 2)
    assert (await link(staff, [a, str(new_id())])).status_code == 404
    assert (await link(staff, [a, b], leader=str(new_id()))).status_code == 422
    assert (await link(staff, [a, a])).status_code == 422
    await staff.post(f"/v1/customers/{b}/erasures", json={})
    assert (await link(staff, [a, b])).status_code == 410
    assert (await staff.get(f"/v1/customers/{a}")).headers["etag"] == '"1"'


async def test_an_identity_does_not_explode(service: Service, staff: httpx.AsyncClient) -> None:
    limits = {"identity_max_members": 3, "identity_links_per_day": 2}
    service.app.state.world = _with(service.world, **limits)
    who = await people(staff, 6)
    assert (await link(staff, who[:4])).json()["type"] == "/problems/identity-limit-reached"
    assert (await link(staff, who[:2])).status_code == 201
    assert (await link(staff, who[1:3])).status_code == 201
    often = await link(staff, who[:3], leader=who[2])
    assert (often.status_code, often.json()["type"]) == (429, "/problems/linked-too-often")
    assert 86_000 < int(often.headers["retry-after"]) <= 86_401
    assert (await link(staff, who[4:])).status_code == 201


def _with(world: Any, **changes: Any) -> Any:
    """The same surroundings under other settings."""
    return type(world)(world.settings.model_copy(update=changes), world.db, world.keyring, world.vault)


async def test_a_repeat_answers_the_same_link_and_a_repeated_split_the_same_split(staff: httpx.AsyncClient) -> None:
    a, b, c = await people(staff, 3)
    first = await link(staff, [a, b, c], external_ref="l1")
    again = await link(staff, [a, b, c], external_ref="l1")
    assert (again.status_code, again.json()) == (200, first.json())
    parted = await split(staff, first.json(), [b, c], external_ref="s1")
    assert parted.status_code == 201, parted.text
    repeat = await split(staff, first.json(), [b, c], external_ref="s1")
    assert (repeat.status_code, repeat.json()) == (200, parted.json())
    off = (await staff.get(f"/v1/identity-links/{parted.json()['split_off_id']}")).json()
    assert (off["members"], off["leader"], off["version"]) == (sorted([b, c]), min(b, c), 2)
    rest = (await staff.get(f"/v1/identity-links/{first.json()['id']}")).json()
    assert (rest["state"], rest["members"]) == ("dissolved", [])
    found = (await staff.get("/v1/identity-links", params={"member": a})).json()["items"]
    assert {one["id"] for one in found} == {off["id"], rest["id"]}


async def test_what_does_not_split_is_422_and_changes_nothing(staff: httpx.AsyncClient) -> None:
    a, b, c = await people(staff, 3)
    made = (await link(staff, [a, b])).json()
    for who, other in (([a, b], {}), ([c], {}), ([a], {"leader": b}), ([a], {"remaining_leader": c})):
        assert (await split(staff, made, who, **other)).status_code == 422
    assert (await staff.get(f"/v1/identity-links/{made['id']}")).json() == made


async def test_a_customers_token_reaches_what_counts_as_them_until_it_is_parted(
    service: Service, staff: httpx.AsyncClient
) -> None:
    a, b = await people(staff, 2)
    own = await service.client("customer.customers:read", actor="customer", customer_id=a)
    assert (await own.get(f"/v1/customers/{b}")).status_code == 404
    made = (await link(staff, [a, b], leader=b)).json()
    assert (await own.get(f"/v1/customers/{b}")).status_code == 200
    await staff.delete(f"/v1/identity-links/{made['id']}", headers={"If-Match": '"1"'})
    assert (await own.get(f"/v1/customers/{b}")).status_code == 404


async def test_a_look_up_leads_to_the_leader_once(staff: httpx.AsyncClient) -> None:
    a, b = await people(staff, 2, contact_points=[{"kind": "phone", "value": "+8613800000001"}])
    asked = {"contact_point": {"kind": "phone", "value": "+8613800000001"}}
    assert (await staff.post("/v1/customers/lookups", json=asked)).json()["customer_ids"] == sorted([a, b])
    await link(staff, [a, b], leader=b)
    assert (await staff.post("/v1/customers/lookups", json=asked)).json()["customer_ids"] == [b]


async def test_who_is_erased_leaves_the_set_and_the_oldest_of_the_rest_leads(
    service: Service, staff: httpx.AsyncClient
) -> None:
    a, b, c = await people(staff, 3)
    made = (await link(staff, [a, b, c], leader=c)).json()
    await staff.post(f"/v1/customers/{c}/erasures", json={})
    rest = (await staff.get(f"/v1/identity-links/{made['id']}")).json()
    assert (rest["leader"], rest["members"]) == (a, sorted([a, b]))
    assert ("unlinked", c, c, 2) in await said(service)


async def test_any_sequence_of_changes_leaves_what_a_naive_book_of_them_says(
    service: Service, staff: httpx.AsyncClient
) -> None:
    who, chance = await people(staff, 6), random.Random(7)  # noqa: S311  # a seed, not a secret
    service.app.state.world = _with(service.world, identity_links_per_day=1000)
    groups: list[set[str]] = [{one} for one in who]
    for _ in range(25):
        active = (await staff.get("/v1/identity-links", params={"state": "active"})).json()["items"]
        choice = chance.choice(["link", "split", "dissolve"]) if active else "link"
        if choice == "link":
            named = chance.sample(who, 2)
            done = await link(staff, named)
            met = [group for group in groups if group & set(named)]
            groups = [group for group in groups if group not in met] + [set().union(*met)]
            assert done.status_code in {201, 409}, done.text
        else:
            made = chance.choice(active)
            part = chance.sample(made["members"], chance.randint(1, len(made["members"]) - 1))
            groups.remove(set(made["members"]))
            if choice == "split":
                assert (await split(staff, made, part)).status_code == 201
                groups += [set(part), set(made["members"]) - set(part)]
            else:
                head = {"If-Match": f'"{made["version"]}"'}
                assert (await staff.delete(f"/v1/identity-links/{made['id']}", headers=head)).status_code == 200
                groups += [{one} for one in made["members"]]
        async with service.world.db.read() as conn:
            leaders = await resolve(conn, storage.LINKS, [UUID(one) for one in who])
        seen: dict[UUID, set[str]] = {}
        for one in who:
            seen.setdefault(leaders[UUID(one)], set()).add(one)
        assert sorted(map(sorted, seen.values())) == sorted(map(sorted, groups))
        assert all(str(leader) in group for leader, group in seen.items())


async def test_republishing_says_how_every_member_stands(service: Service, staff: httpx.AsyncClient) -> None:
    a, b, c = await people(staff, 3)
    made = (await link(staff, [a, b, c])).json()
    await split(staff, made, [b])
    told = [emit.event async for page in service.work.snapshots(service.world) for emit in page]
    links = {str(one.member): (str(one.leader), one.linked, one.version) for one in told if hasattr(one, "linked")}  # type: ignore[attr-defined]  # other snapshots have no member
    assert links == {a: (a, True, 2), b: (a, False, 2), c: (a, True, 2)}
    async with service.world.db.read() as conn:
        assert await members(conn, storage.LINKS, UUID(a)) == [UUID(a), UUID(c)]
        assert len((await conn.execute(select(storage.LINKS))).all()) == 3


async def test_a_restriction_of_one_record_holds_for_the_party_while_it_is_linked(
    service: Service, staff: httpx.AsyncClient
) -> None:
    a, b, c = await people(staff, 3)
    data = orjson.dumps({"restriction_id": new_id(), "customer_id": a, "occurred_at": "2026-11-24T00:00:00Z"})
    await service.hear("cxbank.risk.restriction_set.v1", data, key=a, subject="r", id_=new_id())
    made = (await link(staff, [a, b], leader=b)).json()
    assert [(await staff.get(f"/v1/customers/{one}")).json()["restricted"] for one in (a, b, c)] == [True, True, False]
    await staff.delete(f"/v1/identity-links/{made['id']}", headers={"If-Match": '"1"'})
    assert [(await staff.get(f"/v1/customers/{one}")).json()["restricted"] for one in (a, b, c)] == [True, False, False]
