"""Many at once: a decision that began after a withdrawal was acknowledged never allows, in whichever process."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import httpx
from sqlalchemy import text

from shared import clock
from shared.subjects import learn_links
from shared.testing.service import Service

Say = Callable[..., Awaitable[httpx.Response]]
YES = {"purpose": "marketing", "decision": "granted", "language": "en", "evidence": {"method": "click"}}
NO = {"purpose": "marketing", "decision": "withdrawn"}
TASKS = 50


async def test_no_decision_begun_after_a_withdrawal_was_acknowledged_allows(
    service: Service, twin: Service, staff: httpx.AsyncClient, own: httpx.AsyncClient, say: Say, who: str
) -> None:
    there = await twin.client("customer.consent-decisions:read", actor="client", sub="gateway")
    withdrawn = asyncio.Event()
    before: list[str] = []
    after: list[str] = []

    async def decide(client: httpx.AsyncClient, turns: int) -> None:
        for _ in range(turns):
            late = withdrawn.is_set()
            body = {"customer_id": who, "purpose": "marketing", "channel": "email"}
            answer = (await client.post("/v1/consent-decisions", json=body)).json()
            (after if late else before).append(answer["decision"])

    async def withdraw() -> None:
        await asyncio.sleep(0.05)
        assert (await say(own, NO)).status_code == 201
        withdrawn.set()

    assert (await say(own, YES)).status_code == 201
    askers = [decide(client, 8) for client in (staff, there) for _ in range(TASKS // 2)]
    await asyncio.gather(withdraw(), *askers)
    await asyncio.gather(*(decide(client, 1) for client in (staff, there)))
    assert "allow" in before
    assert len(after) >= 2
    assert set(after) == {"deny"}


async def test_fifty_words_at_once_leave_one_head_that_is_the_fold_of_the_ledger(
    service: Service, staff: httpx.AsyncClient, own: httpx.AsyncClient, say: Say, who: str
) -> None:
    words = [(YES if number % 2 else NO) | {"channels": ["email"]} for number in range(TASKS)]
    said = await asyncio.gather(*(say(one, word) for one, word in zip((staff, own) * TASKS, words, strict=False)))
    assert {one.status_code for one in said} == {201}
    fold = "SELECT id FROM consent_record ORDER BY occurred_at DESC, (word <> 'granted') DESC, id DESC LIMIT 1"
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM consent_record"))).scalar_one() == TASKS
        heads = list((await conn.execute(text("SELECT record_id FROM consent_head"))).scalars())
        assert heads == [(await conn.execute(text(fold))).scalar_one()]


async def test_linked_customers_are_one_person_and_apart_again_when_unlinked(
    service: Service, staff: httpx.AsyncClient, say: Say, who: str, ask: Callable[..., Awaitable[tuple[str, str]]]
) -> None:
    body = {"kind": "individual", "legal_name": "王芳", "external_ref": "crm-2"}
    twin_id = (await staff.post("/v1/customers", json=body)).json()["id"]
    await say(staff, YES)

    async def link(version: int, *, linked: bool) -> None:
        async with service.world.db.begin() as tx:
            row = {"member": twin_id, "leader": who, "version": version, "linked": linked}
            await learn_links(tx, service.work.storage.LINKS, [row])  # type: ignore[attr-defined]  # the protocol names fewer

    assert await ask(of=twin_id) == ("deny", "no-consent")
    await link(1, linked=True)
    assert await ask(of=twin_id) == ("allow", "consent-granted")
    await say(staff, NO, of=twin_id)
    assert await ask() == ("deny", "consent-withdrawn")
    await link(2, linked=False)
    assert await ask() == ("allow", "consent-granted")


async def test_a_file_of_words_lands_once_and_names_what_does_not_fit(
    service: Service, staff: httpx.AsyncClient, who: str
) -> None:
    head = "customer_id,purpose,decision,purpose_version,language,channels,method,occurred_at,external_ref"
    long_ago = "2026-02-01T00:00:00+08:00"
    rows = [
        f"{who},marketing,granted,1,zh-Hans,email;sms,letter,{long_ago},w-1",
        f"{clock.new_id()},marketing,granted,1,zh-Hans,email,letter,{long_ago},w-2",
        f"{who},marketing,granted,1,zh-Hans,fax,letter,{long_ago},w-3",
        f"{who},marketing,granted,1,,email,letter,{long_ago},w-4",
    ]
    for expected in ([1, 0, 3], [0, 1, 3]):
        taken = await staff.post(
            "/v1/consents/imports", content="\n".join([head, *rows]), headers={"content-type": "text/csv"}
        )
        await service.run_jobs()
        job = (await staff.get(taken.headers["location"])).json()
        assert [job["created"], job["unchanged"], job["rejected"]] == expected
    lines = (await staff.get(taken.headers["location"] + "/rejects")).text.splitlines()
    rejects = {one["line"]: (one["code"], one["pointer"]) for one in map(json.loads, lines)}
    assert rejects[3] == ("customer-unknown", "")
    assert rejects[4] == ("malformed", "/channels")
    (item,) = (await staff.get(f"/v1/customers/{who}/consents/history")).json()["items"]
    assert (item["given_by"], item["channels"], item["occurred_at"]) == (
        "import",
        ["email", "sms"],
        "2026-01-31T16:00:00Z",
    )


async def test_how_and_where_somebody_consented_is_nowhere_in_the_clear(
    service: Service,
    own: httpx.AsyncClient,
    say: Say,
    stored: Callable[[Service], Awaitable[bytes]],
    unsealed: Callable[[bytes, list[str]], list[str]],
) -> None:
    place = "branch:Nanjing-Road-17"
    await say(own, YES | {"evidence": {"method": "signature", "place": place}})
    assert unsealed(await stored(service), [place]) == []
