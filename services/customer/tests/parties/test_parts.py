"""Everything that is known of a party over HTTP: facts with their sources, parts with versions of their own."""

import asyncio
from typing import Any

import httpx
import orjson
import pytest

from shared.testing.service import Service

WRITE, READ, LOOK = "customer.customers:write", "customer.customers:read", "customer.lookups:read"
LI = {
    "kind": "individual",
    "legal_name": "李小龙",
    "name": {
        "family": "李",
        "given": "小龙",
        "order": "family_first",
        "family_latin": "Lee",
        "given_latin": "Siu Lung",
    },
    "preferred_name": "Bruce",
    "birth_date": "1990-11-27",
    "gender": 1,
    "occupation": "actor",
    "occupation_group": "professionals",
    "industry": "R90",
    "education": 6,
    "languages": ["zh-Hant", "en"],
    "accessibility_needs": ["large_print"],
    "home_branch": "hk-001",
    "relationship_manager": "rm-7",
    "declared_income_band": "i4",
    "declared_asset_band": "a3",
    "contact_points": [
        {
            "kind": "phone",
            "value": "138 0000 1234",
            "country": "CN",
            "verified": True,
            "preferred": True,
            "quiet_hours": {"start": "22:00", "end": "07:30", "zone": "Asia/Shanghai"},
        }
    ],
    "identifiers": [{"type": "passport", "issuer": "HK", "value": "K1234567", "expires_on": "2031-05-01"}],
    "addresses": [{"kind": "home", "lines": ["41 Cumberland Road"], "region": "HK", "country": "HK"}],
    "external_ref": "li",
}


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(WRITE, READ, LOOK, actor="client", sub="anna")


@pytest.fixture
async def li(staff: httpx.AsyncClient) -> Any:
    made = await staff.post("/v1/customers", json=LI)
    assert made.status_code == 201, made.text
    return made.json()


async def patch(staff: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    """A merge patch of what is there now."""
    version = next(one["version"] for one in [(await staff.get(path)).json()] if "version" in one)
    return await staff.patch(path, json=body, headers={"If-Match": f'"{version}"'})


async def test_everything_that_was_said_is_read_back(staff: httpx.AsyncClient, li: Any) -> None:
    shown = (await staff.get(f"/v1/customers/{li['id']}")).json()
    assert shown == li
    plain = {"kind", "legal_name", "name", "preferred_name", "gender", "occupation_group", "industry", "education"}
    plain |= {"languages", "accessibility_needs", "home_branch", "declared_income_band", "declared_asset_band"}
    assert {name: shown[name] for name in plain} == {name: LI[name] for name in plain}
    (phone,) = shown["contact_points"]
    assert (phone["value"], phone["preferred"], phone["verified_at"]) == ("+8613800001234", True, li["created_at"])
    assert phone["quiet_hours"]["zone"] == "Asia/Shanghai"
    assert shown["identifiers"][0]["expires_on"] == "2031-05-01"
    assert shown["addresses"][0]["lines"] == ["41 Cumberland Road"]


async def test_nothing_more_that_is_personal_stands_in_the_clear_or_in_an_event(
    service: Service, staff: httpx.AsyncClient, li: Any, stored: Any, unsealed: Any
) -> None:
    await staff.post(
        f"/v1/customers/{li['id']}/addresses", json={"kind": "work", "lines": ["Golden Harvest"], "country": "HK"}
    )
    await patch(staff, f"/v1/customers/{li['id']}", preferred_name="Siu", provenance={"source": "customer"})
    secrets = [
        "Bruce",
        "小龙",
        "Siu Lung",
        "Cumberland",
        "Golden Harvest",
        "K1234567",
        "large_print",
        '"22:00',  # with its quote: at ten in the evening every row has these digits
        "'22:00",
        "2031-05-01",
    ]
    assert unsealed(await stored(service), secrets) == []
    said = [orjson.loads(record.value) for record in await service.relay()]
    assert {(one["language"], one["home_branch"], one["occupation_group"]) for one in said} == {
        ("zh-Hant", "hk-001", "professionals")
    }


async def test_a_name_is_told_in_the_language_asked_for(staff: httpx.AsyncClient, li: Any) -> None:
    path = f"/v1/customers/{li['id']}/name"
    told = [(await staff.get(path, params={"language": one})).json()["legal"] for one in ("zh-Hant", "en")]
    assert told == ["李小龙", "Lee Siu Lung"]
    assert (await staff.get(path, params={"language": "chinese"})).status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"birth_date": "2999-01-01"},
        {"gender": 3},
        {"industry": "software"},
        {"education": 9},
        {"languages": ["english"]},
        {"declared_income_band": "i99"},
        {"incorporation_date": "2001-01-01"},
        {"name": {"given": "x", "order": "family_first"}},
        {"contact_points": [{"kind": "phone", "value": "12"}]},
        {
            "contact_points": [
                {"kind": "email", "value": "a@b.cn", "quiet_hours": {"start": "1", "end": "2", "zone": "x"}}
            ]
        },
        {
            "identifiers": [
                {"type": "t", "issuer": "i", "value": "v", "issued_on": "2020-01-02", "expires_on": "2020-01-01"}
            ]
        },
        {"addresses": [{"kind": "home", "lines": [], "country": "CN"}]},
        {"provenance": {"source": "rumour"}},
        {"provenance": {"source": "registry", "observed_at": "2999-01-01T00:00:00Z"}},
    ],
)
async def test_what_makes_no_sense_is_422_and_nothing_is_registered(staff: httpx.AsyncClient, wrong: Any) -> None:
    answer = await staff.post("/v1/customers", json=LI | wrong)
    assert answer.status_code == 422, answer.text
    assert (await staff.get("/v1/customers")).json()["items"] == []


async def test_an_organisation_is_incorporated_not_born(staff: httpx.AsyncClient) -> None:
    firm = {"kind": "organisation", "legal_name": "Acme", "incorporation_date": "1999-09-09", "external_ref": "acme"}
    made = (await staff.post("/v1/customers", json=firm)).json()
    assert (made["birth_date"], made["incorporation_date"], made["age_band"]) == ("1999-09-09", "1999-09-09", None)
    changed = await patch(staff, f"/v1/customers/{made['id']}", incorporation_date="1999-09-10")
    assert (changed.json()["birth_date"], changed.json()["incorporation_date"]) == ("1999-09-10", "1999-09-10")


async def test_a_better_source_holds_a_field_and_a_lesser_claim_is_kept_beside_it(
    staff: httpx.AsyncClient, li: Any
) -> None:
    path = f"/v1/customers/{li['id']}"
    proven = await patch(staff, path, legal_name="李振藩", provenance={"source": "identity_document"})
    assert proven.json()["legal_name"] == "李振藩"
    refused = await patch(staff, path, legal_name="李三", tier="private")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/outranked")
    assert refused.json()["errors"][0]["pointer"] == "/legal_name"
    heard = await patch(staff, path, legal_name="李四", provenance={"source": "third_party", "confidence": 0.4})
    assert (heard.status_code, heard.json()["legal_name"], heard.json()["tier"]) == (200, "李振藩", "mass")
    told = {one["field"]: one["claims"] for one in (await staff.get(f"{path}/provenance")).json()}
    assert {(one["source"], one["value"], one["holds"]) for one in told["legal_name"]} == {
        ("identity_document", "李振藩", True),
        ("bank", "李小龙", False),
        ("third_party", "李四", False),
    }
    assert [(one["source"], one["at"], one["holds"]) for one in told["gender"]] == [("bank", li["created_at"], True)]
    better = await patch(staff, path, legal_name="李小龍", provenance={"source": "registry"})
    assert better.json()["legal_name"] == "李小龍"


async def test_an_import_that_names_its_source_yields_to_the_bank_whatever_came_first(
    staff: httpx.AsyncClient,
) -> None:
    body = {"kind": "individual", "legal_name": "王五", "region": "CN-SH", "external_ref": "w"}
    made = (await staff.post("/v1/customers", json=body | {"provenance": {"source": "import"}})).json()
    path = f"/v1/customers/{made['id']}"
    assert (await patch(staff, path, region="CN-BJ")).json()["region"] == "CN-BJ"
    again = await patch(staff, path, region="CN-GD", provenance={"source": "import"})
    assert again.json()["region"] == "CN-BJ"


async def test_a_part_has_a_version_of_its_own_and_moves_the_partys(staff: httpx.AsyncClient, li: Any) -> None:
    path = f"/v1/customers/{li['id']}/contact-points"
    made = await staff.post(path, json={"kind": "phone", "value": "+85291234567", "preferred": True})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    again = await staff.post(path, json={"kind": "phone", "value": "+852 9123 4567", "preferred": True})
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    assert (await staff.post(path, json={"kind": "phone", "value": "+85291234567"})).status_code == 409
    one = f"{path}/{made.json()['id']}"
    moved = await staff.patch(one, json={"value": "+85261234567"}, headers={"If-Match": '"1"'})
    assert (moved.json()["value"], moved.json()["verified_at"], moved.headers["etag"]) == ("+85261234567", None, '"2"')
    proven = await staff.patch(one, json={"verified": True}, headers={"If-Match": '"2"'})
    assert proven.json()["verified_at"] is not None
    shown = (await staff.get(f"/v1/customers/{li['id']}")).json()
    assert [(c["value"], c["preferred"], c["version"]) for c in shown["contact_points"]] == [
        ("+8613800001234", False, 2),
        ("+85261234567", True, 3),
    ]
    assert shown["version"] == 4
    found = await staff.post(
        "/v1/customers/lookups", json={"contact_point": {"kind": "phone", "value": "+85261234567"}}
    )
    assert found.json()["customer_ids"] == [li["id"]]
    assert (await staff.delete(one, headers={"If-Match": '"2"'})).status_code == 412
    assert (await staff.delete(one, headers={"If-Match": '"3"'})).status_code == 204
    assert (await staff.delete(one, headers={"If-Match": '"3"'})).status_code == 404
    then = await staff.get(f"/v1/customers/{li['id']}", params={"as_of": shown["updated_at"]})
    assert [c["value"] for c in then.json()["contact_points"]] == ["+8613800001234", "+85261234567"]


async def test_two_changes_of_one_part_let_one_through(staff: httpx.AsyncClient, li: Any) -> None:
    one = f"/v1/customers/{li['id']}/identifiers/{li['identifiers'][0]['id']}"
    answers = await asyncio.gather(
        *(staff.patch(one, json={"expires_on": f"20{n}-01-01"}, headers={"If-Match": '"1"'}) for n in range(40, 60))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 19
    assert (await staff.patch(one, json={"expires_on": None})).status_code == 428


async def test_an_identifier_given_up_is_free_and_one_in_use_is_not(staff: httpx.AsyncClient, li: Any) -> None:
    other = (
        await staff.post("/v1/customers", json={"kind": "individual", "legal_name": "李", "external_ref": "o"})
    ).json()
    passport = {"type": "passport", "issuer": "HK", "value": "k123 4567"}
    taken = await staff.post(f"/v1/customers/{other['id']}/identifiers", json=passport)
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/identifier-taken")
    mine = f"/v1/customers/{li['id']}/identifiers/{li['identifiers'][0]['id']}"
    assert (await staff.delete(mine, headers={"If-Match": '"1"'})).status_code == 204
    assert (await staff.post(f"/v1/customers/{other['id']}/identifiers", json=passport)).status_code == 201


async def test_addresses_are_changed_and_taken_away(staff: httpx.AsyncClient, li: Any) -> None:
    path = f"/v1/customers/{li['id']}/addresses"
    one = f"{path}/{li['addresses'][0]['id']}"
    moved = await staff.patch(one, json={"lines": ["1 Nathan Road"], "region": None}, headers={"If-Match": '"1"'})
    assert (moved.json()["lines"], moved.json()["region"], moved.json()["version"]) == (["1 Nathan Road"], None, 2)
    assert (await staff.patch(one, json={"country": None}, headers={"If-Match": '"2"'})).status_code == 422
    same = await staff.post(path, json={"kind": "home", "lines": ["1 Nathan Road"], "country": "HK"})
    assert (same.status_code, same.json()["id"]) == (200, moved.json()["id"])
    assert (await staff.delete(one, headers={"If-Match": '"2"'})).status_code == 204
    assert (await staff.get(f"/v1/customers/{li['id']}")).json()["addresses"] == []


async def test_a_customer_changes_no_part_and_nobody_anothers(
    service: Service, staff: httpx.AsyncClient, li: Any
) -> None:
    own = await service.client(WRITE, READ, actor="customer", customer_id=li["id"])
    path = f"/v1/customers/{li['id']}"
    assert (await own.post(f"{path}/contact-points", json={"kind": "email", "value": "a@b.cn"})).status_code == 403
    assert (await own.get(f"{path}/provenance")).status_code == 403
    other = (
        await staff.post("/v1/customers", json={"kind": "individual", "legal_name": "李", "external_ref": "o"})
    ).json()
    wrong = f"/v1/customers/{other['id']}/contact-points/{li['contact_points'][0]['id']}"
    assert (await staff.patch(wrong, json={"preferred": False}, headers={"If-Match": '"1"'})).status_code == 404
