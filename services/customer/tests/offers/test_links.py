"""Merged by mistake: offers are those of the person while records are linked, become what they would have been, and are listed."""

import json
from typing import Any

import httpx

from shared import clock
from shared.testing.service import Service


def told_of(answer: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    told = [one["service"] for one in answer["items"]]
    return told, {one["service"]: one["reason"]["code"] for one in answer["refused"]}


async def test_offers_of_linked_records_are_one_person_s_and_part_with_them(
    staff: httpx.AsyncClient,
    service: Service,
    define: Any,
    register: Any,
    ask: Any,
    say: Any,
    themself: Any,
    linked: Any,
) -> None:
    await define("help", rests_days=30)
    await define("saver", sells=True)
    await define("active", applicable="acts(30) >= 1")
    one, other = await register(), await register()
    before = [told_of(await ask(who)) for who in (one, other)]
    assert before[0] == (["help", "saver"], {"active": "not-applicable"})
    link = await linked(one, other)
    case = str(clock.new_id())
    data = json.dumps({"case_id": case, "customer_id": other, "category": "complaint"}).encode()
    await service.hear("cxbank.feedback.case_opened.v1", data, key=case, subject=case, id_=clock.new_id())
    visit = {"event_id": str(clock.new_id()), "customer_id": other, "kind": "visit", "channel": "branch"}
    made = await staff.post("/v1/interactions", json=visit | {"occurred_at": clock.now().isoformat()})
    assert made.status_code == 201, made.text
    decided = await ask(other)
    await say(other, "declined", "help", decided["id"])
    while_linked = await ask(one)
    assert told_of(while_linked) == (["active"], {"help": "rests", "saver": "open-complaint"})
    assert told_of(await ask(other)) == told_of(while_linked)
    own = await themself(one)
    assert (await own.get(f"/v1/customers/{other}/next-best-services?channel=app")).status_code == 200
    parted = await staff.delete(f"/v1/identity-links/{link['id']}", headers={"If-Match": f'"{link["version"]}"'})
    assert parted.status_code == 200, parted.text
    # What the other declined is learned by everybody: held against somebody to whom nothing happened.
    assert told_of(await ask(one)) == told_of(await ask(await register()))
    assert sorted(told_of(await ask(one))[0]) == before[0][0]
    assert told_of(await ask(other)) == (["active"], {"help": "rests", "saver": "open-complaint"})
    assert (await own.get(f"/v1/customers/{other}/next-best-services?channel=app")).status_code == 404
    reviews = (await staff.get(f"/v1/merge-reviews?identity_link_id={link['id']}&limit=100")).json()["items"]
    listed = {(row["kind"], row["resource_id"]) for row in reviews}
    assert {("offers.decide", decided["id"]), ("offers.decide", while_linked["id"])} <= listed
    assert "offers.answer" in {kind for kind, _ in listed}
