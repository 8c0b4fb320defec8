"""What a campaign came to equals a count by hand, over random histories: late, repeated, linked, erased, suppressed."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from customer.outreach.domain.campaigns import HOLDOUT, Variant, assigned, lift, wilson
from customer.outreach.timers import Courier
from shared import clock

# Of tomorrow: a segment holds from when it was defined.
NOON = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0) + timedelta(days=1)
PAIR = [Variant("a", 1), Variant("b", 2)]
DAYS = timedelta(days=2)


@dataclass
class Person:
    """Somebody as the test knows them: all ids they have, whether they allow e-mail, what they did and when."""

    ids: list[str]
    allows: bool
    did: list[tuple[str, datetime]] = field(default_factory=list)
    receipt: str = "sent"

    @property
    def counted(self) -> str:
        """The id they are counted under."""
        return min(self.ids)


def by_hand(campaign: dict[str, Any], people: list[Person], since: datetime) -> dict[str, Counter[str]]:
    """Everybody once in the group drawn, whatever became of the message; a login in the two days counts once."""
    groups: dict[str, Counter[str]] = {"a": Counter(), "b": Counter(), HOLDOUT: Counter()}
    for one in people:
        arm = assigned(UUID(campaign["id"]), UUID(one.counted), 40, PAIR)
        here = groups[arm]
        here["assigned"] += 1
        here["converted"] += any(kind == "login" and since <= at < since + DAYS for kind, at in one.did)
        if arm == HOLDOUT:
            continue
        here["suppressed"] += not one.allows
        here["sent"] += one.allows
        here["delivered"] += one.allows and one.receipt in {"delivered", "read"}
        here["read"] += one.allows and one.receipt == "read"
    return groups


async def write_history(
    staff: httpx.AsyncClient, dice: random.Random, people: list[Person], since: datetime, many: int
) -> None:
    """Things people did around the window, to the second at its edges, told in any order and some of them twice."""
    edges = [since - timedelta(seconds=1), since, since + DAYS - timedelta(seconds=1), since + DAYS]
    told = []
    for _ in range(many):
        person = dice.choice(people)
        kind = dice.choice(["login", "login", "visit"])
        spread = since + timedelta(seconds=dice.randrange(-86_400, 3 * 86_400))
        at = dice.choice([*edges, spread, spread])
        person.did.append((kind, at))
        body = {"kind": kind, "customer_id": dice.choice(person.ids), "occurred_at": at.isoformat()}
        told += [body | {"event_id": str(clock.new_id())}] * dice.choice([1, 1, 2])
    dice.shuffle(told)
    for body in told:
        assert (await staff.post("/v1/interactions", json=body)).status_code in {200, 201}


async def link(staff: httpx.AsyncClient, members: list[str]) -> None:
    proof = [{"kind": "identity_document", "reference": "scan/1"}]
    body = {"members": members, "leader": members[-1], "reason": "same_person", "evidence": proof}
    made = await staff.post("/v1/identity-links", json=body | {"external_ref": members[0]})
    assert made.status_code == 201, made.text


@pytest.mark.parametrize("seed", [1, 2])
async def test_results_equal_a_count_by_hand_whatever_happened(
    staff: Any,
    reporter: Any,
    register: Any,
    plan: Any,
    go: Callable[[], Awaitable[None]],
    courier: Courier,
    seed: int,
) -> None:
    dice = random.Random(seed)  # noqa: S311  # a test's dice
    with clock.frozen(NOON) as held:
        people = []
        for one in range(24):
            allows = dice.random() < 0.7
            who = await register(str(one), points=("email",), consent=("email",) if allows else ())
            people.append(Person([who], allows, receipt=dice.choice(["sent", "delivered", "read"])))
        made = await plan(holdout_percent=40)
        held.move(timedelta(seconds=1))
        await go()
        while await courier.once():
            continue
        since = datetime.fromisoformat((await staff.get(f"/v1/campaigns/{made['id']}")).json()["launched_at"])
        await report(staff, reporter, made, people)
        held.move(timedelta(days=4))
        await write_history(staff, dice, people, since, 30)
        # Two turn out to be one, two are erased, and then more becomes known of those who are left.
        first, second, *others = people
        await link(staff, first.ids + second.ids)
        merged = Person(first.ids + second.ids, first.allows, first.did + second.did, first.receipt)
        gone, left = others[:2], [merged, *others[2:]]
        for person in gone:
            assert (await staff.post(f"/v1/customers/{person.ids[0]}/erasures", json={})).status_code == 201
        await write_history(staff, dice, left, since, 30)
        told = (await staff.get(f"/v1/campaigns/{made['id']}/results")).json()
    expected = by_hand(made, [*gone, *left], since)
    assert sum(one["converted"] for one in expected.values()) > 3, "a history in which nothing happens proves nothing"
    for group in [*told["variants"], told["holdout"]]:
        counted = Counter({name: group[name] for name in ("assigned", "converted", "sent", "delivered", "read")})
        counted["suppressed"] = group["suppressed"].get("no-consent", 0)
        assert counted == expected[group["name"]], group["name"]
    check_rates(told)


async def report(staff: Any, reporter: Any, campaign: dict[str, Any], people: list[Person]) -> None:
    """Let the gateway tell what became of what it took."""
    wanted = {person.ids[0]: person.receipt for person in people}
    listed = (await staff.get("/v1/messages", params={"campaign_id": campaign["id"], "limit": 100})).json()["items"]
    for one in listed:
        if one["state"] == "sent" and wanted[one["customer_id"]] != "sent":
            body = {"channel": "email", "state": wanted[one["customer_id"]], "occurred_at": NOON.isoformat()}
            assert (await reporter.post(f"/v1/messages/{one['id']}/receipts", json=body)).status_code == 200


def check_rates(told: dict[str, Any]) -> None:
    held = told["holdout"]
    # The draw goes by ids, which differ from run to run: a small group may have nobody in it.
    for group in [one for one in [*told["variants"], told["addressed"]] if one["assigned"]]:
        n, converted = group["assigned"], group["converted"]
        assert group["rate"] == pytest.approx(converted / n)
        assert (group["rate_low"], group["rate_high"]) == pytest.approx(wilson(converted, n))
        gain = lift(converted, n, held["converted"], held["assigned"])
        assert (group["lift"], group["lift_low"], group["lift_high"]) == pytest.approx(
            (gain.difference, gain.low, gain.high)
        )
    assert (held["lift"], held["lift_low"]) == (None, None)
