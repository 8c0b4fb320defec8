"""The engine against a twin that asks every question in the plainest way, over random catalogues, customers and instants."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from customer.interactions.domain.facts import Product
from customer.offers.domain.arbitration import Lever, Moment, Weights
from customer.offers.domain.engine import Decision, Question, decide
from customer.offers.domain.experiments import Arm
from customer.offers.domain.gates import Standing, Terms, Truths
from customer.offers.domain.learning import Counts, Leaning, lot, propensity
from customer.offers.domain.services import Channel, Needs, Prior, Service, ServiceKind
from customer.outreach.domain import messages
from customer.outreach.domain.messages import Category
from customer.outreach.domain.policy import Cap, ChannelRules, LastAct, Permission, Policy, ReplyWindow, Rest, Window

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 11, 25, 4, tzinfo=UTC)
EXPERIMENT, PERSON = UUID(int=1), UUID(int=2)
SALES = frozenset({Category.SALES})
REPLY = ReplyWindow(timedelta(hours=48), 5, frozenset({"message"}), frozenset(Category))
POLICY = Policy(
    "p",
    AT,
    Window(time(22), time(8)),
    (Cap(SALES, 2, 7),),
    {
        one: ChannelRules(
            1,
            {Category.SALES: Window(time(20), time(9))},
            falls_with=frozenset({"app"} if one == "push" else ()),
            reply=REPLY if one == "wechat" else None,
        )
        for one in messages.Channel
    },
)
TERMS = Terms(POLICY, Cap(SALES, 3, 7))
WEIGHTS = Weights(
    version="w",
    effective_from=AT,
    propensity=1.0,
    context=1.0,
    value=0.5,
    urgency=1.0,
    unit=10_000,
    between=50,
    explores=False,
    levers=(
        Lever(4.0, kind=ServiceKind.REMEDY, complaint_open=True),
        Lever(1.5, channel=Channel.APP),
        Lever(2.0, vulnerable=True),
    ),
)

YES = Permission(UUID(int=9), None)
KEYS = "abcdefgh"
UTC_ZONE = ZoneInfo("UTC")
NAPS = (Window(time(12), time(14)), Window(time(23), time(10)))


class World(Random):
    """A random catalogue and a random customer from one number, which says all that is needed to see a failure again."""

    def some(self, population: Iterable[Any], least: int = 0, most: int | None = None) -> list[Any]:
        pool = list(population)
        return self.sample(pool, self.randint(least, most or len(pool)))

    def instant(self) -> datetime:
        return AT + timedelta(hours=self.randint(-20 * 24, 10 * 24))

    def services(self) -> list[Service]:
        return [
            Service(
                key=key,
                version=1,
                kind=self.choice(list(ServiceKind)),
                sells=self.random() < 0.5,
                purposes=tuple(self.some("mps", 1)),
                channels=frozenset(self.some(Channel, 0, 5)) if self.random() < 0.2 else frozenset(),
                eligible="true",
                applicable="true",
                needs=Needs(
                    self.choice((None, None, None, 1, 3, 5)),
                    self.choice((None, None, None, 1, 2, 3)),
                    "CNY",
                    self.choice((None, None, None, 0.1, 0.3)),
                ),
                value=self.choice((10_000, 90_000)),
                urgency=self.randint(1, 5),
                rests_days=self.randint(0, 30),
                prior=Prior(self.choice((0.05, 0.1, 0.4)), 10),
                product=self.choice((None, None, Product.SAVINGS, Product.LOAN)),
            )
            for key in self.some(KEYS, 3)
        ]

    def standing(self) -> Standing:
        """Most gates are open, so that every one of them decides something now and then; some ends are this very instant."""
        at = self.instant()
        truths = (True,) * 8 + (None, False)
        return Standing(
            at=at,
            zone=ZONE,
            truths={key: Truths(self.choice(truths), self.choice(truths)) for key in KEYS},
            permissions={one: YES if self.random() < 0.9 else None for one in "mps"},
            held=frozenset(self.some(Product, 0, 2)),
            barred=frozenset(self.some(Channel, 0, 2)),
            vulnerable=self.random() < 0.2,
            restricted=self.random() < 0.1,
            complaint_open=self.random() < 0.2,
            tolerance=self.choice((None, 1, 3, 5, 5)),
            tolerance_until=self.choice((None, self.instant(), at)),
            income=self.choice((None, 1, 2, 3)),
            income_currency=self.choice(("CNY", "CNY", "EUR")),
            default_chance=self.choice((None, 0.05, 0.1, 0.2, 0.5)),
            rests={key: self.choice((self.instant(), at)) for key in self.some(KEYS, 0, 2)},
            sent=[(self.instant(), self.choice(list(Category))) for _ in range(self.randint(0, 6))],
            sold=[self.instant() for _ in range(self.randint(0, 8))],
            reachable=frozenset(self.some(Channel, 7)),
            quiet={one: (Rest(self.choice(NAPS), self.choice((ZONE, UTC_ZONE))),) for one in self.some(Channel, 0, 3)},
            last_acts={
                one: LastAct(at - self.choice((0, 47, 48)) * timedelta(hours=1), self.choice((0, 4, 5)))
                for one in self.some(Channel, 6)
            },
        )


@dataclass(frozen=True)
class Case:
    entries: list[Service]
    here: Standing
    channel: Channel
    arm: Arm
    most: int


def made(seed: int) -> Case:
    world = World(seed)
    return Case(
        world.services(), world.standing(), world.choice(list(Channel)), world.choice(list(Arm)), world.randint(1, 4)
    )


cases = st.integers(0, 2**32).map(made)


def clear(one: Service, channel: Channel, here: Standing) -> bool:
    """The twin: may it be offered at all? Every condition spelled out once more, none taken from the code."""
    local, written = here.at.astimezone(ZONE), channel in {"email", "sms", "push", "wechat"}
    rest = next(iter((here.quiet or {}).get(channel, ())), None)
    nap, clock = (None, ZONE) if rest is None else (rest.window, rest.zone)
    act = (here.last_acts or {}).get(channel)
    theirs = here.at.astimezone(clock)
    income = here.income if one.needs.income is not None and here.income_currency == "CNY" else None
    chance = here.default_chance if one.needs.default_chance is not None else None
    week = here.at - timedelta(days=7)
    lately = [at for at, kind in here.sent if kind == "sales" and at > week]
    shown = [at for at in here.sold if at > week]
    conditions = [
        not one.channels or channel in one.channels,
        channel not in here.barred and not (channel == "push" and "app" in here.barred),
        one.product is None or one.product not in here.held,
        here.truths[one.key].eligible is True,
        here.truths[one.key].applicable is True,
        all(here.permissions[purpose] is not None for purpose in one.purposes),
        one.key not in (here.rests or {}) or (here.rests or {})[one.key] <= here.at,
        not written or channel in here.reachable,
        channel != "wechat" or (act is not None and here.at - act.at < timedelta(hours=48) and act.answered < 5),
        not written or 8 <= theirs.hour < 22,
        not written or nap != NAPS[0] or not 12 <= theirs.hour < 14,
        not written or nap != NAPS[1] or 10 <= theirs.hour < 23,
        not (one.sells and (here.vulnerable or here.restricted or here.complaint_open)),
        not (one.sells and written) or (9 <= local.hour < 20 and len(lately) < 2),
        written or not one.sells or len(shown) < 3,
        one.needs.risk is None or (here.tolerance is not None and one.needs.risk <= here.tolerance),
        one.needs.risk is None or here.tolerance_until is None or here.tolerance_until > here.at,
        income is None or one.needs.income is None or income >= one.needs.income,
        chance is None or one.needs.default_chance is None or chance <= one.needs.default_chance,
        (one.needs.income is None and one.needs.default_chance is None) or not (income is None and chance is None),
    ]
    return all(conditions)


def worth(one: Service, channel: Channel, here: Standing) -> float:
    lever = (4.0 if one.kind == "remedy" and here.complaint_open else 1.0) * (1.5 if channel == "app" else 1.0)
    root = float((one.value / 10_000) ** 0.5)
    return one.prior.mean * lever * (2.0 if here.vulnerable else 1.0) * root * one.urgency


def decided(entries: list[Service], channel: Channel, here: Standing, arm: Arm, most: int = 3) -> Decision:
    likely = {one.key: propensity(one.prior, {}, "mass", 50, None) for one in entries}
    moment = Moment(here.complaint_open, here.vulnerable)
    return decide(entries, Question(PERSON, channel, here, moment, likely, most, EXPERIMENT, arm), TERMS, WEIGHTS)


@settings(max_examples=1_000, deadline=None)
@given(cases)
def test_what_is_offered_is_what_the_plainest_reading_offers(case: Case) -> None:
    entries, here, channel, most = case.entries, case.here, case.channel, case.most
    told = decided(entries, channel, here, case.arm, most)
    open_to = {one.key: one for one in entries if clear(one, channel, here)}
    best = sorted(open_to.values(), key=lambda one: (-round(worth(one, channel, here), 9), -one.urgency, one.key))
    assert list(told.qualified) == [one.key for one in best[:most]]
    names = [one.service.key for one in told.offered]
    if case.arm is Arm.TREATED:
        assert tuple(names) == told.qualified
    else:
        rest = {key for key, one in open_to.items() if not one.sells}
        assert set(names) <= rest
        assert len(names) == min(most, len(rest))


@settings(max_examples=300, deadline=None)
@given(cases)
def test_every_entry_is_offered_or_refused_with_a_reason_and_a_turn_of_the_list_changes_nothing(case: Case) -> None:
    entries, here, channel, arm = case.entries, case.here, case.channel, case.arm
    told = decided(entries, channel, here, arm)
    names = {one.service.key for one in told.offered}
    assert names | told.refused.keys() == {one.key for one in entries}
    assert not names & told.refused.keys()
    assert decided(entries[::-1], channel, here, arm) == told


@settings(max_examples=300, deadline=None)
@given(cases)
def test_a_refusal_that_names_its_end_ends_there_and_not_before(case: Case) -> None:
    entries, here, channel = case.entries, case.here, case.channel
    for key, refusal in decided(entries, channel, here, Arm.TREATED, 20).refused.items():
        if refusal.until is None:
            continue
        assert refusal.until > here.at
        before = decided(entries, channel, replace(here, at=refusal.until - timedelta(seconds=1)), Arm.TREATED, 20)
        assert key in before.refused
        after = decided(entries, channel, replace(here, at=refusal.until), Arm.TREATED, 20).refused.get(key)
        assert after is None or (after.reason, after.until) != (refusal.reason, refusal.until)


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99), st.floats(1, 100))
def test_a_cold_start_is_the_stated_prior_and_answers_move_it_towards_what_they_say(
    shown: int, accepted: int, mean: float, strength: float
) -> None:
    accepted = min(shown, accepted)
    prior = Prior(mean, strength)
    assert abs(propensity(prior, {}, "mass", 50, None).mean - mean) < 1e-12
    told = propensity(prior, {"mass": Counts(shown, accepted)}, "mass", 0, None).mean
    assert abs(told - (mean * strength + accepted) / (strength + shown)) < 1e-12
    low, high = sorted((mean, accepted / shown if shown else mean))
    leant = propensity(prior, {"private": Counts(shown, accepted)}, "mass", 50, None).mean
    assert low - 1e-12 <= leant <= high + 1e-12


def test_a_model_that_did_not_hold_good_forward_in_time_moves_nothing() -> None:
    prior = Prior(0.1, 10)
    sure = Leaning(chance=0.9, base=0.117, slope=0.0)
    assert abs(propensity(prior, {}, "mass", 50, sure).mean - 0.1) < 1e-12
    some, whole = (propensity(prior, {}, "mass", 50, replace(sure, slope=slope)).mean for slope in (0.19, 1.0))
    assert 0.1 < some < whole < 0.5


def test_a_draw_is_the_same_all_day_another_tomorrow_and_follows_what_is_believed() -> None:
    prior, day = Prior(0.1, 10), AT.date()
    many = [lot(EXPERIMENT, UUID(int=place), "a", day) for place in range(4_000)]
    assert many == [lot(EXPERIMENT, UUID(int=place), "a", day) for place in range(4_000)]
    assert lot(EXPERIMENT, PERSON, "a", day) != lot(EXPERIMENT, PERSON, "a", day + timedelta(days=1))
    draws = [propensity(prior, {}, "mass", 50, None, ticket).used for ticket in many]
    # Beta(1, 9): mean 0.1, variance 9 / 1100.
    assert abs(sum(draws) / len(draws) - 0.1) < 4 * (9 / 1_100 / len(draws)) ** 0.5
    sure = {"mass": Counts(100_000, 30_000)}
    assert all(abs(propensity(prior, sure, "mass", 50, None, ticket).used - 0.3) < 0.01 for ticket in many[:200])
