"""Cards are told whatever the cause, once, in rising versions; the last word said of each is the card as it is read."""

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from customer import storage
from customer.routing import usecases
from customer.worker import work
from shared.events.envelope import Envelope
from shared.events.republish import republish
from shared.testing.service import Service
from shared.worker import work_until

TIERS = ("mass", "affluent", "private")
LANGUAGES = ("zh-Hans", "en", "fr")
NEEDS = ("wheelchair", "large_print")


async def same(bank: Any, who: str) -> dict[str, Any]:
    """The card as it is read, which the last event said of it must equal."""
    card = await bank.card(who)
    last = (await bank.said(who))[-1]
    names = ("version", "tier", "languages", "preferred_channels")
    assert {name: last[name] for name in names} == {name: card[name] for name in names}
    return dict(card)


async def test_a_card_is_said_once_registered_and_again_only_when_it_differs(bank: Any) -> None:
    who = await bank.register(languages=["en"])
    await bank.catch_up()
    assert [one["version"] for one in await bank.said(who)] == [1]
    await bank.change(who, region="CN-11")
    await bank.catch_up()
    assert len(await bank.said(who)) == 1
    await bank.change(who, tier="private")
    await bank.catch_up()
    assert [(one["version"], one["tier"]) for one in await bank.said(who)] == [(1, "mass"), (2, "private")]


async def test_what_is_delicate_travels_as_a_version_and_nothing_else(bank: Any) -> None:
    who = await bank.register()
    await bank.catch_up()
    await bank.change(who, accessibility_needs=["wheelchair"])
    await bank.catch_up()
    await bank.restricts(uuid4(), who, 1, "app")
    await bank.hears("risk.customer_level_changed", who, 1, customer_id=who, version=1)
    await bank.catch_up()
    said = await bank.said(who)
    assert [one.pop("version") for one in said] == [1, 2, 3, 4]
    for one in said:
        del one["occurred_at"], one["sequence"]
    assert said == [said[0]] * 4
    assert set(said[0]) == {"customer_id", "tier", "languages", "preferred_channels"}


async def test_every_kind_of_cause_reaches_the_card(bank: Any) -> None:
    who, journey, case, restriction = await bank.register(), uuid4(), uuid4(), uuid4()
    await bank.catch_up()
    told = {"journey_id": journey, "customer_id": who, "definition": "mortgage"}
    causes: list[tuple[Any, str, Any]] = [
        (bank.change(who, languages=["fr"]), "languages", ["fr"]),
        (bank.assess(who, "life-event", "health"), "vulnerabilities", ["health", "life-event"]),
        (bank.assess(who), "vulnerabilities", []),
        (bank.hears("channel-router.journey_started", journey, 1, **told), "open_journey", True),
        (bank.hears("channel-router.journey_finished", journey, 2, **told), "open_journey", False),
        (bank.case(case, who, category="enquiry"), "open_case", True),
        (bank.case(case, who, 2, name="changed", category="complaint"), "open_complaint", True),
        (bank.case(case, who, 3, name="closed"), "open_case", False),
        (bank.restricts(restriction, who, 1, "atm"), "alerts", ["restricted"]),
        (bank.restricts(restriction, who, 2, lifted=True), "alerts", []),
        (bank.change(who, state="active"), "alerts", []),
        (bank.change(who, state="dormant"), "alerts", ["dormant"]),
    ]
    for number, (cause, name, value) in enumerate(causes):
        before = (await bank.card(who))["version"]
        await cause
        await bank.catch_up()
        card = await same(bank, who)
        assert (name, card[name]) == (name, value)
        assert card["version"] - before == (0 if number == 10 else 1)


async def test_a_word_on_risk_alone_leaves_vulnerability_on_the_card_as_it_was(bank: Any) -> None:
    who = await bank.register()
    await bank.assess(who, "health")
    await bank.assess(who, risk_tolerance=3)
    await bank.catch_up()
    assert (await same(bank, who))["vulnerabilities"] == ["health"]


async def test_an_older_word_of_risk_does_not_undo_a_newer_one(bank: Any) -> None:
    who, restriction = await bank.register(), uuid4()
    await bank.restricts(restriction, who, 2, "app", lifted=True)
    await bank.restricts(restriction, who, 1, "app")
    await bank.hears("risk.customer_level_changed", who, 5, customer_id=who, version=5)
    await bank.hears("risk.customer_level_changed", who, 4, customer_id=who, version=4)
    card = await bank.card(who)
    assert (card["alerts"], card["risk_level"]["marks"]) == ([], [{"customer_id": who, "version": 5}])


async def test_linked_records_have_one_card_and_parted_ones_their_own_again(bank: Any) -> None:
    a = await bank.register(languages=["en"])
    b = await bank.register(languages=["fr"], tier_hint="private")
    await bank.restricts(uuid4(), b, 1, "app")
    await bank.catch_up()
    alone = [await bank.card(one) for one in (a, b)]
    link = await bank.link(a, b)
    await bank.catch_up()
    one, other = [await same(bank, who) for who in (a, b)]
    assert one | {"customer_id": b, "version": other["version"]} == other
    assert (one["leader_id"], one["tier"], one["languages"], one["alerts"]) == (
        a,
        "private",
        ["en", "fr"],
        ["restricted"],
    )
    await bank.part(link)
    await bank.catch_up()
    parted = [await same(bank, who) for who in (a, b)]
    assert [card | {"version": 0} for card in parted] == [card | {"version": 0} for card in alone]
    assert [card["version"] for card in parted] == [card["version"] + 2 for card in alone]


async def test_erasing_one_record_takes_what_it_brought_off_the_others_card(bank: Any) -> None:
    a, b = await bank.register(), await bank.register(tier_hint="private")
    await bank.link(a, b)
    await bank.catch_up()
    assert (await same(bank, a))["tier"] == "private"
    await bank.staff.post(f"/v1/customers/{b}/erasures", json={})
    await bank.catch_up()
    card = await same(bank, a)
    assert (card["tier"], card["leader_id"]) == ("mass", None)


async def test_everybody_is_said_again_with_the_version_they_have(service: Service, bank: Any) -> None:
    a, b = await bank.register(), await bank.register()
    await bank.catch_up()
    async with service.world.db.begin() as tx:  # as it was before there were cards
        await tx.execute(text("DELETE FROM routing_card WHERE customer_id = :b"), {"b": b})
    pages = work(service.world).snapshots(service.world)
    await republish(service.world, storage.EVENTS, storage.SOURCE, pages)
    envelopes = [Envelope.of(record) for record in await service.relay()]
    snapshots = [one for one in envelopes if one.type == "cxbank.customer.routing_profile_snapshot.v1"]
    assert sorted((one.subject, one.sequence) for one in snapshots) == sorted(
        (f"routing-profile:{one}", 1) for one in (a, b)
    )


async def test_twenty_causes_at_once_in_two_processes_rise_one_by_one(
    service: Service, twin: Service, bank: Any
) -> None:
    """Each of twenty restrictions bars a channel of its own: none may be lost, no version said with two contents."""
    who = await bank.register()
    await bank.catch_up()
    twin.bus = service.bus
    there = type(bank)(twin, bank.staff, bank.router)
    causes = [(bank, there)[n % 2].restricts(uuid4(), who, 1, f"c{n:02}", beside=True) for n in range(20)]
    await asyncio.gather(*causes)
    card = await same(bank, who)
    assert [one["channel"] for one in card["barred_channels"]] == [f"c{n:02}" for n in range(20)]
    versions = [one["version"] for one in await bank.said(who)]
    assert versions == list(range(1, card["version"] + 1))


async def test_a_link_and_a_restriction_at_one_moment_are_both_on_both_cards(service: Service, bank: Any) -> None:
    """Whichever is heard first, in any of many races, the one that is heard last sees the other."""
    for _ in range(6):
        a, b = await bank.register(), await bank.register()
        await bank.catch_up()

        async def linked(a: str = a, b: str = b) -> None:
            await bank.link(a, b)
            await bank.catch_up()

        late = [bank.restricts(uuid4(), who, 1, at, beside=True) for who, at in ((b, "app"), (a, "web"))]
        await asyncio.gather(linked(), *late)
        cards = [await same(bank, one) for one in (a, b)]
        assert [[bar["channel"] for bar in card["barred_channels"]] for card in cards] == [["app", "web"]] * 2


async def test_a_link_that_is_heard_while_a_restriction_waits_is_seen_when_it_goes_on(
    service: Service, bank: Any
) -> None:
    """risk's word about two people waits for the first one's card; meanwhile the second is linked, and that is heard."""
    busy, a, b = await bank.register(), await bank.register(), await bank.register()
    await bank.catch_up()
    said = [
        {"restriction_id": uuid4(), "customer_id": UUID(one), "version": 1, "in_force": True, "channels": ["app"]}
        for one in (busy, b)
    ]

    async def heard() -> None:
        async with service.world.db.begin(patience_ms=20_000) as tx:
            await usecases.learn_from_risk(service.world, tx, said, [])

    async with service.world.db.begin() as holder:
        await holder.execute(text("SELECT 1 FROM routing_card WHERE customer_id = :who FOR UPDATE"), {"who": busy})
        waiting = asyncio.create_task(heard())
        await asyncio.wait_for(somebody_waits(service), 20)
        await bank.link(a, b)
        await bank.catch_up()
        assert (await bank.card(b))["alerts"] == []
    await waiting
    assert [(await same(bank, one))["alerts"] for one in (busy, a, b)] == [["restricted"]] * 3


async def somebody_waits(service: Service) -> None:
    """Until somebody in this test's database waits for a lock."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    waits = 0
    while waits == 0:
        async with service.world.db.read() as conn:
            waits = int((await conn.execute(text(asked))).scalar_one())


async def test_with_everything_running_a_card_is_said_within_a_second(service: Service, bank: Any) -> None:
    """Relay, bus and ears as a worker runs them; the quickest of five, for other people use this machine too."""
    who = await bank.register()
    stopping = asyncio.Event()
    worker = asyncio.create_task(work_until(service.world, service.bus, service.work, stopping))
    try:
        waits = [await waited(service, bank, who, tier) for tier in ("affluent", "private", "mass", "private", "mass")]
    finally:
        stopping.set()
        await worker
    assert min(waits) < 1.0, waits


async def waited(service: Service, bank: Any, who: str, tier: str) -> float:
    """Seconds from a change to the event that tells of it."""
    await bank.change(who, tier=tier)
    began = time.monotonic()
    async with asyncio.timeout(20):
        while last_tier(service, who) != tier:  # noqa: ASYNC110  # the bus has no bell for us
            await asyncio.sleep(0.01)
    return time.monotonic() - began


def last_tier(service: Service, who: str) -> str | None:
    """What was said last of a card, as anybody on the bus can hear it."""
    envelopes = [Envelope.of(record) for log in service.bus.logs.values() for record in log]
    said = [orjson.loads(one.data) for one in envelopes if one.subject == f"routing-profile:{who}"]
    return max(said, key=lambda one: int(one["version"]), default={"tier": None})["tier"]


class Twin:
    """What a card must say, worked out from the list of what happened, by rules written a second time."""

    def __init__(self, people: Sequence[str]) -> None:
        self.facts: dict[str, dict[str, Any]] = {one: {"tier": "mass", "languages": [], "needs": []} for one in people}
        self.bars: dict[UUID, tuple[str, str]] = {}
        self.cases: dict[UUID, str] = {}
        self.levels: dict[str, int] = {}
        self.said: dict[tuple[str, str], str] = {}
        self.drivers: dict[str, list[str]] = {}
        self.together: list[str] = []

    def of(self, who: str) -> dict[str, Any]:
        circle = self.together if who in self.together else [who]
        ordered = [circle[0], *sorted(circle[1:])]
        facts = [self.facts[one] for one in ordered]
        barred = {(channel, "risk_restriction") for owner, channel in self.bars.values() if owner in circle}
        spoken = {(channel, word) for (one, channel), word in self.said.items() if one in circle}
        barred |= {
            (at, "customer_refusal") for at, word in spoken if word == "refused" and (at, "granted") not in spoken
        }
        open_case = any(owner in circle for owner in self.cases.values())
        restricted = any(owner in circle for owner, _ in self.bars.values())
        return {
            "leader_id": circle[0] if len(circle) > 1 else None,
            "tier": max((one["tier"] for one in facts), key=TIERS.index),
            "languages": list(dict.fromkeys(language for one in facts for language in one["languages"])),
            "vulnerabilities": sorted({driver for one in circle for driver in self.drivers.get(one, ())}),
            "accessibility_needs": sorted({need for one in facts for need in one["needs"]}),
            "barred_channels": sorted(barred),
            "alerts": ["restricted"] * restricted + ["complaint_open"] * open_case,
            "open_case": open_case,
            "marks": {one: self.levels[one] for one in circle if one in self.levels},
        }


async def happen(dice: random.Random, bank: Any, twin: Twin, people: Sequence[str]) -> None:
    """One of the causes, to somebody, in the bank and in the twin."""
    who = dice.choice(people)
    match dice.randrange(8):
        case 0:
            tier = dice.choice(TIERS)
            languages = dice.sample(LANGUAGES, dice.randrange(3))
            needs = dice.sample(NEEDS, dice.randrange(3))
            await bank.change(who, tier=tier, languages=languages, accessibility_needs=needs)
            twin.facts[who] = {"tier": tier, "languages": languages, "needs": needs}
        case 1:
            restriction, channel = uuid4(), dice.choice(("app", "web"))
            await bank.restricts(restriction, who, 1, channel)
            twin.bars[restriction] = (who, channel)
        case 2 if twin.bars:
            restriction = dice.choice(list(twin.bars))
            owner, channel = twin.bars.pop(restriction)
            await bank.restricts(restriction, owner, 2, channel, lifted=True)
        case 3:
            case = uuid4()
            await bank.case(case, who, category="complaint")
            twin.cases[case] = who
        case 4 if twin.cases:
            case = dice.choice(list(twin.cases))
            await bank.case(case, twin.cases.pop(case), 2, name="closed")
        case 5:
            word, channel = dice.choice(("refused", "granted")), dice.choice(("email", "sms"))
            await bank.word(who, word, [channel])
            twin.said[who, channel] = word
        case 6:
            twin.drivers[who] = dice.sample(("health", "resilience", "capability"), dice.randrange(3))
            await bank.assess(who, *twin.drivers[who])
        case _:
            twin.levels[who] = twin.levels.get(who, 0) + 1
            await bank.hears(
                "risk.customer_level_changed", who, twin.levels[who], customer_id=who, version=twin.levels[who]
            )


@pytest.mark.parametrize("seed", range(4))
async def test_after_any_sequence_of_causes_the_card_is_what_the_causes_say(bank: Any, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  # a test's dice
    people = [await bank.register() for _ in range(3)]
    twin, link = Twin(people), None
    for _ in range(14):
        if dice.random() < 0.25:
            if link is None:
                twin.together = dice.sample(people, 2)
                link = await bank.link(*twin.together)
            else:
                await bank.part(link)
                twin.together, link = [], None
        else:
            await happen(dice, bank, twin, people)
        if dice.random() < 0.6:  # several may be heard at once
            await bank.catch_up()
    await bank.catch_up()
    for who in people:
        card = await same(bank, who)
        marks = {one["customer_id"]: one["version"] for one in (card["risk_level"] or {"marks": []})["marks"]}
        told = card | {"barred_channels": [(one["channel"], one["reason"]) for one in card["barred_channels"]]}
        assert {name: told.get(name) for name in twin.of(who)} | {"marks": marks} == twin.of(who)
        versions = [one["version"] for one in await bank.said(who)]
        assert versions == list(range(1, len(versions) + 1))


async def test_a_profile_shows_open_cases_and_journeys_of_every_record(service: Service, bank: Any) -> None:
    a, b = await bank.register(), await bank.register()
    await bank.link(a, b)
    case, journey = uuid4(), uuid4()
    await bank.case(case, b, category="complaint")
    told = {"journey_id": journey, "customer_id": a, "definition": "mortgage"}
    await bank.hears("channel-router.journey_started", journey, 1, **told)
    await bank.case(uuid4(), await bank.register(), category="complaint")
    staff = await service.client("customer.profiles:read", actor="staff", sub="desk")
    own = await service.client("customer.profiles:read", actor="customer", customer_id=a, sub="me")
    query = {"features": "tenure_days"}
    shown, seen = [
        (await one.get(f"/v1/customers/{a}/profile", params=query)).json()["sections"] for one in (staff, own)
    ]
    assert shown["open_cases"]["items"] == [{"id": str(case), "category": "complaint"}]
    assert shown["journeys"]["items"] == [{"id": str(journey), "category": "mortgage"}]
    assert [seen[name]["items"] for name in ("open_cases", "journeys")] == [[{"id": str(case)}], [{"id": str(journey)}]]
