"""What customers take by themselves: counted in both arms for who qualified, for the offer that stood open, and once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from customer.offers.domain.services import Outcome
from customer.offers.domain.takings import Shown, accepted_by, taken_at
from customer.offers.usecases import hear_takings, show_lift, weighing
from shared import clock
from shared.testing.service import Service

NOW = datetime.fromisoformat("2026-11-25T04:00:00+00:00")
DAYS = 30
CatchUp = Callable[[], Awaitable[None]]
Open = Callable[..., Awaitable[None]]


@pytest.fixture
def catch_up(service: Service) -> CatchUp:
    """Say and hear this service's own events until there are none."""
    heard: dict[tuple[str, int], int] = {}

    async def caught_up() -> None:
        fresh = True
        while fresh:
            await service.relay()
            fresh = False
            for place, log in sorted(service.bus.logs.items()):
                begin = heard.get(place, 0)
                if place[0] == "cxbank.customer.events" and len(log) > begin:
                    fresh, heard[place] = True, len(log)
                    await service.consumer().hear(log[begin:], await service.bus.cluster_id())

    return caught_up


@pytest.fixture
def opens(staff: httpx.AsyncClient) -> Open:
    """Let somebody open a product."""

    async def opened(who: str, at: datetime | None = None, **more: Any) -> None:
        body = {
            "event_id": str(clock.new_id()),
            "customer_id": who,
            "kind": "account_changed",
            "product": "savings",
            "change": "opened",
            "occurred_at": (at or clock.now()).isoformat(),
        }
        answer = await staff.post("/v1/interactions", json=body | more)
        assert answer.status_code in {200, 201}, answer.text

    return opened


async def found(service: Service, sql: str) -> list[tuple[Any, ...]]:
    async with service.world.db.read() as conn:
        return [tuple(row) for row in await conn.execute(text(sql))]


COUNTS = "SELECT shown, accepted, declined, ignored FROM offer_count WHERE service = 'saver'"
TAKEN = "SELECT count(*) FROM offer_exposure WHERE service = 'saver' AND accepted_at >= qualified_at"


def day(number: int) -> datetime:
    return NOW + timedelta(days=number)


shows = st.lists(
    st.tuples(st.integers(0, 80), st.sampled_from(Outcome), st.integers(0, 5)), max_size=5, unique_by=lambda one: one[0]
)


def made(told: list[tuple[int, Outcome, int]]) -> list[Shown]:
    return [
        Shown(UUID(int=place), day(at), outcome, None if outcome is Outcome.SHOWN else day(at) + timedelta(hours=more))
        for place, (at, outcome, more) in enumerate(told)
    ]


@settings(max_examples=400, deadline=None)
@given(shows, st.lists(st.integers(0, 110), max_size=5))
def test_an_opening_counts_for_the_last_offer_that_stood_open_by_the_plainest_reading(
    told: list[tuple[int, Outcome, int]], numbers: list[int]
) -> None:
    shown = made(told)
    # Half an hour past the hour: never the very instant at which an answer was given in words.
    openings = [day(one) + timedelta(minutes=30) for one in numbers]
    expected: dict[UUID, datetime] = {}
    for one in sorted(openings):
        lately = sorted((offer.at, offer) for offer in shown if timedelta(0) <= one - offer.at < timedelta(days=DAYS))
        yes = [offer for _, offer in lately if offer.outcome is Outcome.ACCEPTED]
        if lately and not yes and lately[-1][1].outcome is Outcome.SHOWN:
            expected.setdefault(lately[-1][1].id, one)
    assert dict(accepted_by(openings, shown, DAYS)) == expected


@settings(max_examples=400, deadline=None)
@given(shows, st.lists(st.integers(0, 110), max_size=4), st.randoms(use_true_random=False))
def test_in_whatever_order_openings_are_heard_the_same_offers_count_each_once(
    told: list[tuple[int, Outcome, int]], numbers: list[int], random: Random
) -> None:
    shown = made(told)
    openings = [day(one) + timedelta(minutes=30) for one in numbers]
    whole = {one for one, _ in accepted_by(openings, shown, DAYS)}
    heard: list[datetime] = []
    stands = {one.id: one for one in shown}
    accepted: list[UUID] = []
    for one in random.sample(openings, len(openings)) * 2:
        heard.append(one)
        for offer, at in accepted_by(heard, list(stands.values()), DAYS):
            accepted.append(offer)
            stands[offer] = Shown(offer, stands[offer].at, Outcome.ACCEPTED, at)
    assert sorted(accepted) == sorted(whole)


def test_who_takes_it_at_the_instant_of_qualifying_counts_and_at_the_end_of_the_window_does_not() -> None:
    assert taken_at([day(0)], day(0), DAYS) == day(0)
    assert taken_at([day(30)], day(0), DAYS) is None
    assert taken_at([day(31), day(7), day(3), day(-1)], day(0), DAYS) == day(3)
    assert taken_at([day(0)], None, DAYS) is None


def test_an_opening_that_has_counted_counts_for_nothing_that_is_told_later_to_have_been_shown_before_it() -> None:
    counted = Shown(UUID(int=1), day(0), Outcome.ACCEPTED, day(5))
    late = Shown(UUID(int=2), day(3), Outcome.SHOWN)
    assert accepted_by([day(5)], [counted, late], DAYS) == []
    assert accepted_by([day(5), day(6)], [counted, late], DAYS) == [(late.id, day(6))]


async def test_an_offer_that_stood_open_counts_as_accepted_once_however_often_it_is_heard_or_also_said(
    service: Service, define: Any, register: Any, ask: Any, say: Any, opens: Open, catch_up: CatchUp
) -> None:
    await define("saver", sells=True, product="savings")
    one, late, no, never = [await register() for _ in range(4)]
    told = {who: (await ask(who))["id"] for who in (one, late, no, never)}
    await say(one, "shown", "saver", told[one])
    await say(no, "declined", "saver", told[no])
    shown_at = clock.now().isoformat()
    for who in (one, late, no, never):
        await opens(who, event_id=f"o-{who}")
    await catch_up()
    # The one who was not shown anything took it alone, and what was declined stays so: both count for the comparison.
    assert (await found(service, COUNTS), await found(service, TAKEN)) == ([(2, 1, 1, 0)], [(4,)])
    await say(late, "shown", "saver", told[late], occurred_at=shown_at)
    await catch_up()
    assert await found(service, COUNTS) == [(3, 2, 1, 0)]
    for who in (one, late):
        await opens(who, account="second")
    await say(one, "accepted", "saver", told[one])
    await catch_up()
    assert (await found(service, COUNTS), await found(service, TAKEN)) == ([(3, 2, 1, 0)], [(4,)])
    assert await found(service, "SELECT DISTINCT accepted FROM offer_tally WHERE service = 'saver'") == [(4,)]


async def test_six_who_hear_it_at_once_in_two_processes_count_it_once(
    service: Service, twin: Service, define: Any, register: Any, ask: Any, say: Any, opens: Open
) -> None:
    await define("saver", sells=True, product="savings")
    who = await register()
    await say(who, "shown", "saver", (await ask(who))["id"])
    await opens(who)

    async def hear(one: Service) -> None:
        async with one.world.db.begin() as tx:
            await hear_takings(one.world, tx, [UUID(who)])

    await asyncio.gather(*(hear(one) for one in (service, twin) for _ in range(3)))
    assert (await found(service, COUNTS), await found(service, TAKEN)) == ([(1, 1, 0, 0)], [(1,)])
    assert await found(service, "SELECT DISTINCT accepted FROM offer_tally WHERE service = 'saver'") == [(1,)]


async def test_what_the_control_group_takes_counts_for_the_comparison_and_nothing_is_learned_of_it(
    service: Service, define: Any, register: Any, ask: Any, opens: Open, catch_up: CatchUp, holdout: Any
) -> None:
    holdout(100)
    await define("saver", sells=True, product="savings")
    who, other, given = [await register() for _ in range(3)]
    for one in (who, other, given):
        assert (await ask(one))["arm"] == "held-out"
    await opens(who)
    await opens(other, product="loan")
    await opens(given, initiated_by="bank")
    await catch_up()
    assert await found(service, COUNTS) == await found(service, "SELECT id FROM offer") == []
    rows = await found(service, "SELECT customer_id, arm FROM offer_exposure WHERE accepted_at IS NOT NULL")
    assert rows == [(UUID(who), "held-out")]


async def test_what_a_linked_record_opens_the_person_takes_and_a_parting_lists_it_for_review(
    staff: httpx.AsyncClient,
    service: Service,
    define: Any,
    register: Any,
    ask: Any,
    opens: Open,
    catch_up: CatchUp,
    linked: Any,
) -> None:
    await define("saver", sells=True, product="savings")
    one, other = await register(), await register()
    await ask(one)
    await opens(other)
    await catch_up()
    assert await found(service, TAKEN) == [(0,)]
    made = await linked(one, other)
    await catch_up()
    assert await found(service, TAKEN) == [(1,)]
    parted = await staff.delete(f"/v1/identity-links/{made['id']}", headers={"If-Match": f'"{made["version"]}"'})
    assert parted.status_code == 200, parted.text
    reviews = (await staff.get(f"/v1/merge-reviews?identity_link_id={made['id']}&limit=100")).json()["items"]
    assert "offers.take" in {row["kind"] for row in reviews}


async def test_of_somebody_erased_an_opening_says_nothing_and_stops_nobody_behind_it(
    staff: httpx.AsyncClient, service: Service, define: Any, register: Any, ask: Any, opens: Open, catch_up: CatchUp
) -> None:
    await define("saver", sells=True, product="savings")
    gone, here = await register(), await register()
    for who in (gone, here):
        await ask(who)
        await opens(who)
    assert (await staff.post(f"/v1/customers/{gone}/erasures", json={})).status_code == 201
    await catch_up()
    assert await found(service, "SELECT customer_id FROM offer_exposure WHERE accepted_at IS NOT NULL") == [
        (UUID(here),)
    ]


class Town:
    """People in both arms who qualified for what they open, or not; the twin counts them from the history alone."""

    def __init__(self, seed: int, people: list[str]) -> None:
        self.random, self.people, self.now = Random(seed), people, clock.now()  # noqa: S311  # a town to be seen again
        self.leader = {one: one for one in people}
        self.arm = {one: self.random.choice(("treated", "held-out")) for one in people}
        # Whole days, so that some fall on the very borders of a window.
        self.qualified = {
            (one, entry): self.random.choice((None, self.ago(80), self.ago(40), self.ago(20)))
            for one in people
            for entry in ("saver", "lender")
        }
        # Some said so in words before they qualified, or lately, which may be after the window.
        self.said = {place: self.random.choice((None, None, self.ago(85), self.ago(2))) for place in self.qualified}
        self.openings = [
            (self.random.choice(people), self.random.choice(("savings", "loan", "insurance")), self.ago(days), bank)
            for days in (100, 80, 50, 40, 30, 20, 10, 5, 1)
            for bank in (False, False, False, True)
        ]

    def ago(self, days: int) -> datetime:
        return self.now - timedelta(days=days)

    async def expose(self, service: Service) -> None:
        trial = weighing.experiment_at(self.now).id
        columns = "experiment_id, customer_id, person, service, arm, sells, first_at, qualified_at, accepted_at"
        sql = f"INSERT INTO offer_exposure ({columns}) VALUES (:trial, :who, :who, :entry, :arm, true, :first, :at, :said)"
        rows = [
            {"trial": trial, "who": UUID(one), "entry": entry, "arm": self.arm[one], "first": self.ago(90)}
            | {"at": at, "said": self.said[one, entry]}
            for (one, entry), at in self.qualified.items()
        ]
        async with service.world.db.begin() as tx:
            await tx.execute(text(sql), rows)

    def took(self, one: str, entry: str) -> bool:
        at, product = self.qualified[one, entry], {"saver": "savings", "lender": "loan"}[entry]
        said = self.said[one, entry]
        times = [
            when for who, what, when, bank in self.openings if what == product and not bank and self.same(who, one)
        ]
        return at is not None and any(
            at <= when < at + timedelta(days=DAYS) for when in (*times, *([] if said is None else [said]))
        )

    def same(self, one: str, other: str) -> bool:
        return self.leader[one] == self.leader[other]

    def expected(self) -> dict[tuple[str, str], tuple[int, int]]:
        told = {}
        for entry in ("saver", "lender"):
            for arm in ("treated", "held-out"):
                # Who counts as somebody else by now is in no arm.
                mine = [one for one in self.people if self.arm[one] == arm and self.leader[one] == one]
                mine = [one for one in mine if self.qualified[one, entry] is not None]
                told[entry, arm] = (len(mine), sum(self.took(one, entry) for one in mine))
        return told


@pytest.mark.parametrize("seed", range(3))
async def test_lift_with_takings_heard_in_any_order_is_the_count_by_hand(
    seed: int,
    service: Service,
    define: Any,
    register: Any,
    opens: Open,
    catch_up: CatchUp,
    linked: Any,
) -> None:
    await define("saver", sells=True, product="savings")
    await define("lender", sells=True, product="loan")
    town = Town(seed, [await register(allows=()) for _ in range(20)])
    await town.expose(service)
    steps: list[Any] = [*town.openings, *town.random.sample(town.openings, 6), "link", "link"]
    town.random.shuffle(steps)
    for step in steps:
        if step == "link":
            leader, member = town.random.sample([one for one in town.people if town.leader[one] == one], 2)
            town.leader = {one: leader if head == member else head for one, head in town.leader.items()}
            await linked(leader, member)
        else:
            who, product, at, bank = step
            more = {"initiated_by": "bank"} if bank else {}
            await opens(who, at, product=product, event_id=f"{town.openings.index(step)}", **more)
        if town.random.random() < 0.3:
            await catch_up()
    await catch_up()
    for _ in range(2):
        async with service.world.db.read() as conn:
            told = await show_lift(conn, None, None, zone="Asia/Shanghai", fewest=1, at=clock.now())
        items = {one.service: one for one in told.items}
        sides = {"treated": "treated", "held-out": "held_out"}
        for (entry, arm), counted in town.expected().items():
            side = getattr(items[entry], sides[arm])
            assert side is not None
            assert (side.people, side.took) == counted, (entry, arm)
        async with service.world.db.begin() as tx:
            await hear_takings(service.world, tx, [UUID(one) for one in town.people])
