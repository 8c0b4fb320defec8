"""Of one party each contact point is there once, and one of a kind is preferred: at the door, in imports, at one moment."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from shared import clock
from shared.testing.service import Service

WRITE, READ = "customer.customers:write", "customer.customers:read"
LI = {"kind": "individual", "legal_name": "李雷"}
PHONE = {"kind": "phone", "value": "+8613800138000"}
OTHER = {"kind": "phone", "value": "+8613800138001"}
HOME = {"kind": "home", "lines": ["1 Road"], "country": "CN"}


@pytest.fixture
async def bank(service: Service) -> httpx.AsyncClient:
    return await service.client(WRITE, READ, actor="client", sub="crm")


async def made(bank: httpx.AsyncClient, **more: Any) -> Any:
    answer = await bank.post("/v1/customers", json=LI | {"external_ref": str(uuid4())} | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"contact_points": [PHONE, OTHER, PHONE]}, "/contact_points", "given-twice"),
    ({"contact_points": [PHONE, PHONE | {"verified": True}]}, "/contact_points", "given-twice"),
    ({"contact_points": [PHONE, {"kind": "phone", "value": "138 0013 8000", "country": "CN"}]}, "/contact_points", "given-twice"),
    ({"contact_points": [PHONE | {"preferred": True}, OTHER | {"preferred": True}]}, "/contact_points", "preferred-twice"),
    ({"addresses": [HOME, HOME | {"kind": "work"}, HOME]}, "/addresses", "given-twice"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "pointer", "code"), WRONG)
async def test_what_is_given_twice_is_told_where_without_the_value(
    bank: httpx.AsyncClient, wrong: Any, pointer: str, code: str
) -> None:
    answer = await bank.post("/v1/customers", json=LI | {"external_ref": "a"} | wrong)
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]
    assert "138" not in answer.text
    assert "Road" not in answer.text


async def test_two_kinds_may_each_have_a_preferred_one_and_one_value(bank: httpx.AsyncClient) -> None:
    points = [{"kind": kind, "value": "li", "preferred": True} for kind in ("wechat", "postal")]
    assert len((await made(bank, contact_points=points))["contact_points"]) == 2


async def test_an_import_rejects_the_line_and_keeps_the_others(service: Service, bank: httpx.AsyncClient) -> None:
    rows = [LI | {"external_ref": f"r{at}"} | wrong for at, (wrong, _, _) in enumerate(WRONG)]
    rows.insert(2, LI | {"external_ref": "good", "contact_points": [PHONE]})
    sent = await bank.post(
        "/v1/customers/imports",
        content=b"\n".join(map(orjson.dumps, rows)),
        headers={"Content-Type": "application/x-ndjson", "Idempotency-Key": "i"},
    )
    assert sent.status_code == 202, sent.text
    await service.run_jobs()
    job = (await bank.get(sent.headers["location"])).json()
    assert (job["created"], job["rejected"]) == (1, 5)
    rejects = (await bank.get(sent.headers["location"] + "/rejects")).text.splitlines()
    told = [orjson.loads(line) for line in rejects]
    assert [(one["line"], one["code"], one["pointer"]) for one in told] == [
        (line, code, pointer) for line, (_, pointer, code) in zip((1, 2, 4, 5, 6), WRONG, strict=True)
    ]


async def test_a_second_preferred_one_takes_the_place_of_the_first(bank: httpx.AsyncClient) -> None:
    who = await made(bank, contact_points=[PHONE | {"preferred": True}])
    path = f"/v1/customers/{who['id']}/contact-points"
    added = await bank.post(path, json=OTHER | {"preferred": True})
    assert added.status_code == 201
    shown = (await bank.get(f"/v1/customers/{who['id']}")).json()["contact_points"]
    assert [(one["preferred"], one["version"]) for one in shown] == [(False, 2), (True, 1)]


async def test_a_point_cannot_be_changed_into_another_that_is_there(bank: httpx.AsyncClient) -> None:
    who = await made(bank, contact_points=[PHONE, OTHER])
    second = who["contact_points"][1]["id"]
    path = f"/v1/customers/{who['id']}/contact-points/{second}"
    answer = await bank.patch(path, json={"value": "138 0013 8000", "country": "CN"}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/part-known-otherwise")
    assert (await bank.get(f"/v1/customers/{who['id']}")).json() == who


async def test_twenty_who_add_the_same_point_in_two_processes_add_it_once(
    service: Service, twin: Service, bank: httpx.AsyncClient
) -> None:
    who = await made(bank)
    other = await twin.client(WRITE, READ, actor="client", sub="app")
    path = f"/v1/customers/{who['id']}/contact-points"
    forms = [PHONE, {"kind": "phone", "value": "138-0013-8000", "country": "CN"}]
    answers = await asyncio.gather(*((bank, other)[at % 2].post(path, json=forms[at // 2 % 2]) for at in range(20)))
    assert sorted(one.status_code for one in answers) == [200] * 19 + [201]
    shown = (await bank.get(f"/v1/customers/{who['id']}")).json()
    assert (len(shown["contact_points"]), shown["version"]) == (1, 2)


async def test_two_who_change_two_points_into_one_value_at_the_same_moment_let_one_through(
    service: Service, twin: Service, bank: httpx.AsyncClient
) -> None:
    who = await made(bank, contact_points=[PHONE, OTHER])
    other = await twin.client(WRITE, READ, actor="client", sub="app")
    path, head = f"/v1/customers/{who['id']}/contact-points", {"If-Match": '"1"'}
    answers = await asyncio.gather(
        *(
            client.patch(f"{path}/{point['id']}", json={"value": "+8613800138009"}, headers=head)
            for client, point in zip((bank, other), who["contact_points"], strict=True)
        )
    )
    assert sorted(one.status_code for one in answers) == [200, 409]
    values = [one["value"] for one in (await bank.get(f"/v1/customers/{who['id']}")).json()["contact_points"]]
    assert len(set(values)) == 2


async def test_of_a_repeat_the_better_word_is_kept_and_a_worse_changes_nothing(bank: httpx.AsyncClient) -> None:
    old = {"source": "import", "observed_at": "2020-01-01T00:00:00Z"}
    who = await made(bank, contact_points=[PHONE | {"provenance": old}], addresses=[HOME | {"provenance": old}])
    for part, body in (("contact-points", PHONE), ("addresses", HOME)):
        path = f"/v1/customers/{who['id']}/{part}"
        for source, version in (("third_party", 1), ("registry", 2), ("customer", 2), ("registry", 2)):
            answer = await bank.post(path, json=body | {"provenance": {"source": source}})
            assert (answer.status_code, answer.json()["version"]) == (200, version), (part, source)
        newer = {"source": "registry", "observed_at": clock.now().isoformat()}
        for _ in range(2):
            answer = await bank.post(path, json=body | {"provenance": newer})
            assert answer.json()["version"] == 3, "a word with a time of its own, said twice"
        assert (await bank.post(path, json=body)).json()["provenance"]["source"] == "registry"


async def test_who_says_a_new_value_is_not_who_said_the_old_one(bank: httpx.AsyncClient) -> None:
    old = {"source": "registry", "observed_at": "2020-01-01T00:00:00Z"}
    who = await made(bank, contact_points=[PHONE | {"provenance": old}])
    path = f"/v1/customers/{who['id']}/contact-points/{who['contact_points'][0]['id']}"
    used = await bank.patch(path, json={"preferred": True}, headers={"If-Match": '"1"'})
    assert used.json()["provenance"]["source"] == "registry", "how it is used is another matter"
    before = clock.now()
    renewed = (await bank.patch(path, json={"value": "+8613800138001"}, headers={"If-Match": '"2"'})).json()
    assert renewed["provenance"]["source"] == "bank"
    assert renewed["provenance"]["at"] >= before.isoformat()[:19]
    unsaid = await bank.patch(path, json={"value": "+8613800138003", "provenance": None}, headers={"If-Match": '"3"'})
    assert unsaid.json()["provenance"]["source"] == "bank"
    back = await bank.patch(path, json={"value": "+8613800138001"}, headers={"If-Match": '"4"'})
    assert back.status_code == 200
    proven = await bank.post(path.rsplit("/", 1)[0], json=OTHER | {"preferred": True, "verified": True})
    assert proven.status_code == 409, "that somebody is reached there is said by a change, not by a repeat"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"legal_form": "limited_company"}, ""), ({"firm_size": "small"}, ""), ({"legal_form": "guild"}, "/legal_form"),
     ({"firm_size": 3}, "/firm_size")],
)  # fmt: skip
async def test_a_person_is_a_sole_trader_or_no_firm_at_all(bank: httpx.AsyncClient, body: Any, pointer: str) -> None:
    answer = await bank.post("/v1/customers", json=LI | {"external_ref": "a"} | body)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


async def test_a_sole_trader_and_a_small_firm_are_marked_and_a_mark_that_does_not_fit_is_refused(
    bank: httpx.AsyncClient,
) -> None:
    trader = await made(bank, legal_form="sole_trader", firm_size="micro", industry="G47")
    assert (trader["kind"], trader["legal_form"], trader["firm_size"]) == ("individual", "sole_trader", "micro")
    firm = await made(bank, kind="organisation", legal_form="limited_company", firm_size="small")
    assert (firm["legal_form"], firm["firm_size"]) == ("limited_company", "small")
    path, head = f"/v1/customers/{trader['id']}", {"If-Match": '"1"'}
    for body, field in (({"legal_form": "partnership"}, "/legal_form"), ({"legal_form": None}, "/firm_size")):
        answer = await bank.patch(path, json=body, headers=head)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, field)
    ended = await bank.patch(path, json={"legal_form": None, "firm_size": None}, headers=head)
    assert (ended.json()["legal_form"], ended.json()["firm_size"]) == (None, None)
    (first, *_) = reversed((await bank.get(f"{path}/history")).json())
    assert first["customer"]["legal_form"] == "sole_trader"


async def test_a_record_has_room_for_so_many_parts_however_many_come_at_once(
    service: Service, twin: Service, bank: httpx.AsyncClient
) -> None:
    points = [{"kind": "phone", "value": f"+86138001380{at:02}"} for at in range(25)]
    who = await made(bank, contact_points=points[:10])
    assert (
        await bank.post("/v1/customers", json=LI | {"external_ref": "many", "contact_points": points})
    ).status_code == 422
    other = await twin.client(WRITE, READ, actor="client", sub="app")
    path = f"/v1/customers/{who['id']}/contact-points"
    answers = await asyncio.gather(*((bank, other)[at % 2].post(path, json=one) for at, one in enumerate(points[10:])))
    assert sorted(one.status_code for one in answers) == [201] * 10 + [409] * 5
    assert {one.json()["type"] for one in answers if one.status_code == 409} == {"/problems/parts-full"}
    assert (await bank.post(path, json=points[0])).status_code == 200, "a repeat takes no room"


@pytest.mark.parametrize(
    "wrong",
    [[], {}, "phone", 7, None, [PHONE], {"kind": "phone"}, PHONE | {"value": 138}, PHONE | {"value": ["x"]},
     PHONE | {"preferred": "perhaps"},
     PHONE | {"kind": "fax"}, PHONE | {"provenance": "registry"}, PHONE | {"provenance": {"source": "rumour"}},
     PHONE | {"value": "+" + "1" * 400}, PHONE | {"unknown": 1}],
)  # fmt: skip
async def test_what_is_no_contact_point_is_refused_and_changes_nothing(bank: httpx.AsyncClient, wrong: Any) -> None:
    who = await made(bank)
    answer = await bank.post(f"/v1/customers/{who['id']}/contact-points", json=wrong)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    at_the_door = await bank.post("/v1/customers", json=LI | {"external_ref": "w", "contact_points": [wrong]})
    assert at_the_door.status_code == 422
    assert (await bank.get(f"/v1/customers/{who['id']}")).json() == who


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(bank: httpx.AsyncClient) -> None:
    huge = orjson.dumps(LI | {"external_ref": "h", "occupation": "x" * 20_000_000})
    answer = await bank.post("/v1/customers", content=huge, headers={"content-type": "application/json"})
    assert answer.status_code == 413
