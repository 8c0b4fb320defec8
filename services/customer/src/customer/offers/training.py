"""`make evaluate S=customer MODEL=offers`: is the lift's interval honest, does learning pay, how far a model may be believed."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from customer.offers.domain.arbitration import Moment
from customer.offers.domain.engine import Question, decide
from customer.offers.domain.experiments import Arm, Experiment, arm_of
from customer.offers.domain.gates import Standing, Terms, Truths
from customer.offers.domain.learning import Counts, lot, propensity
from customer.offers.domain.services import Channel, Needs, Prior, Service, ServiceKind
from customer.offers.usecases.weighing import arbitrations
from customer.outreach.domain.campaigns import lift, wilson
from customer.outreach.domain.policy import Permission
from customer.outreach.usecases import policies

MODELS: Final = ("offers",)
_AT: Final = datetime(2026, 11, 25, 4, tzinfo=UTC)
_TIERS: Final = ("mass", "affluent", "private")
_KEYS: Final = ("card", "deposit", "fund", "alerts", "advice")
_YES: Final = Permission(UUID(int=1), None)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often an interval of 95 % held the true uplift, over so many repeats; the mean of what was estimated."""

    repeats: int
    coverage: float
    truth: float
    mean: float


@dataclass(frozen=True, slots=True)
class Learned:
    """Regret (acceptances missed against knowing everything, for one decision) and the error of the propensities.

    Early is the first tenth of the decisions, late the last.
    """

    regret_early: float
    regret_late: float
    error_early: float
    error_late: float


class _Town:
    """People with a tier, what they do when offered something, and what they do by themselves."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311  # a town to be seen again
        rate = self._random.uniform
        self.offered = {(key, tier): rate(0.02, 0.4) for key in _KEYS for tier in _TIERS}
        self.alone = {place: chance * rate(0.1, 0.8) for place, chance in self.offered.items()}

    def person(self) -> tuple[UUID, str]:
        """Somebody new."""
        return UUID(int=self._random.getrandbits(128)), self._random.choices(_TIERS, (0.7, 0.25, 0.05))[0]

    def happens(self, chance: float) -> bool:
        """Whether what has that chance comes to pass."""
        return self._random.random() < chance


@cache
def _catalogue() -> tuple[Service, ...]:
    return tuple(
        Service(
            key=key,
            version=1,
            kind=ServiceKind.PRODUCT if place < 3 else ServiceKind.SERVICE,  # three of the five are sold
            sells=place < 3,  # the same
            purposes=("any",),
            channels=frozenset(),
            eligible="true",
            applicable="true",
            needs=Needs(),
            value=10_000,
            urgency=1,
            rests_days=0,
            prior=Prior(0.1, 10),
        )
        for place, key in enumerate(_KEYS)
    )


def _question(person: UUID, tier: str, counts: Mapping[str, Mapping[str, Counts]], *, draws: bool) -> Question:
    data = arbitrations()[-1]
    standing = Standing(
        at=_AT,
        zone=ZoneInfo("UTC"),
        truths={key: Truths(eligible=True, applicable=True) for key in _KEYS},
        permissions={"any": _YES},
    )
    likely = {
        one.key: propensity(
            one.prior,
            counts.get(one.key, {}),
            tier,
            data.weights.between,
            None,
            lot(data.experiment.id, person, one.key, _AT.date()) if draws else None,
        )
        for one in _catalogue()
    }
    return Question(person, Channel.APP, standing, Moment(), likely, 1, data.experiment.id, Arm.TREATED)


def _terms() -> Terms:
    return Terms(policies()[-1], arbitrations()[-1].cap())


def simulated(people: int, seed: int, *, draws: bool = True) -> Learned:
    """Offer one thing to each of so many people by what was learned from those before, and see how it gets on.

    With `draws` the order goes by a draw from what is believed, else by its mean.
    """
    town, services, terms = _Town(seed), _catalogue(), _terms()
    weights = arbitrations()[-1].rules()
    counts: dict[str, dict[str, Counts]] = {}
    regrets: list[float] = []
    errors: list[float] = []
    for _ in range(people):
        person, tier = town.person()
        question = _question(person, tier, counts, draws=draws)
        (offered,) = decide(services, question, terms, weights).offered
        key = offered.service.key
        true = town.offered[key, tier]
        regrets.append(max(town.offered[one, tier] for one in _KEYS) - true)
        errors.append(abs(offered.likely.mean - true))
        by_tier = counts.setdefault(key, {})
        by_tier[tier] = by_tier.get(tier, Counts()) + Counts(1, int(town.happens(true)))
    tenth = people // 10
    ends = [sum(one) / tenth for one in (regrets[:tenth], regrets[-tenth:], errors[:tenth], errors[-tenth:])]
    return Learned(*ends)


def covered(repeats: int, people: int, seed: int, holdout_percent: int = 20) -> Coverage:
    """Run the experiment so often on new people of one town whose true uplift is known, with the engine's own arms.

    Who qualifies takes it as the town does when offered, or alone when held out; the truth is the mean over who qualified.
    """
    town, services, terms = _Town(seed), _catalogue(), _terms()
    weights = arbitrations()[-1].rules()
    best = {
        tier: decide(services, _question(UUID(int=0), tier, {}, draws=False), terms, weights).qualified[0]
        for tier in _TIERS
    }
    shares = dict(zip(_TIERS, (0.7, 0.25, 0.05), strict=True))
    truth = sum(part * (town.offered[best[tier], tier] - town.alone[best[tier], tier]) for tier, part in shares.items())
    held, estimates = 0, []
    for repeat in range(repeats):
        trial = replace(
            Experiment(UUID(int=0), _AT, holdout_percent, 30),
            id=UUID(int=Random(seed + repeat).getrandbits(128)),  # noqa: S311  # the same
        )
        took = {arm: [0, 0] for arm in Arm}
        for _ in range(people):
            person, tier = town.person()
            arm = arm_of(trial, person)
            chances = town.offered if arm is Arm.TREATED else town.alone
            took[arm][0] += town.happens(chances[best[tier], tier])
            took[arm][1] += 1
        told = lift(*took[Arm.TREATED], *took[Arm.HELD_OUT])
        if told.low is not None and told.high is not None and told.difference is not None:
            held += told.low <= truth <= told.high
            estimates.append(told.difference)
    return Coverage(repeats, held / repeats, truth, math.fsum(estimates) / len(estimates))


def train(data: Path, models: Path, say: Say, model: str | None = None) -> bool:  # noqa: ARG001  # a training room's form
    """Nothing is made ahead: what is learned of offers is learned from their answers."""
    return True


def evaluate(data: Path, models: Path, say: Say, model: str | None = None, file: Path | None = None) -> bool:  # noqa: ARG001  # the same
    """Say how often the lift's interval covers, what learning gains, and a model's slope forward in time; is it honest?"""
    if file is not None:
        return True
    honest = True
    for seed in range(1, 6):
        told = covered(repeats=1_000, people=2_000, seed=seed)
        low, high = wilson(round(told.coverage * told.repeats), told.repeats)
        honest &= low <= 0.95 <= high or told.coverage > 0.95  # the nominal rate
        say(
            f"offers: town {seed}, true uplift {told.truth:+.4f}, mean estimate {told.mean:+.4f}, "
            f"95 % interval covers {told.coverage:.1%} [{low:.1%}, {high:.1%}] of {told.repeats:,}"
        )
        learned = simulated(people=20_000, seed=seed)
        say(
            f"offers: town {seed}, regret for a decision {learned.regret_early:.4f} in the first tenth, "
            f"{learned.regret_late:.4f} in the last; error of the propensity {learned.error_early:.4f}, {learned.error_late:.4f}"
        )
    for share, slope, error in slopes(data):
        say(f"offers: product model, slope in the fifth after {share:.0%} of the calls: {slope:.2f} +/- {error:.2f}")
    return honest


def slopes(data: Path) -> list[tuple[float, float, float]]:
    """How far the product model's log odds held good in the time after its training: cut, slope, standard error.

    A logistic regression of the outcome on the model's margin, in the fifth of the rows after each cut in time (Cox 1958).
    """
    import statsmodels.api as sm  # noqa: PLC0415  # heavy: for who evaluates only

    from customer.propensity.domain import products  # noqa: PLC0415  # the same
    from customer.propensity.domain.questions import PRODUCT  # noqa: PLC0415  # the same
    from customer.propensity.training import read  # noqa: PLC0415  # the same
    from customer.propensity.training.boosting import grown  # noqa: PLC0415  # the same
    from customer.propensity.training.validating import FORWARD_CUTS  # noqa: PLC0415  # the same

    rows = read(data / PRODUCT.file)
    labels, matrix = PRODUCT.labels(rows), products.undated(rows)
    told = []
    for share in FORWARD_CUTS:
        cut, end = int(len(labels) * share), int(len(labels) * min(1.0, share + 0.2))
        margins = grown(matrix[:cut], labels[:cut], PRODUCT.boosting, 0).margins(matrix[cut:end])
        fitted = sm.Logit(labels[cut:end], sm.add_constant(margins)).fit(disp=0)
        told.append((share, float(fitted.params[1]), float(fitted.bse[1])))
    return told
