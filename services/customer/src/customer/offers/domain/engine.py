"""One decision from beginning to end: gates, then the order, then the arm of the experiment; every entry is accounted for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from customer.offers.domain.arbitration import Moment, Score, Weights, ranked, score
from customer.offers.domain.experiments import Arm, drawn
from customer.offers.domain.gates import Reason, Refusal, Stage, Standing, Terms, refused
from customer.offers.domain.learning import Propensity
from customer.offers.domain.services import Channel, Service


@dataclass(frozen=True, slots=True)
class Question:
    """For whom and where: the customer as they stand, and how many entries may be offered at most."""

    customer_id: UUID
    channel: Channel
    standing: Standing
    moment: Moment
    likely: Mapping[str, Propensity]
    most: int
    experiment_id: UUID
    arm: Arm


@dataclass(frozen=True, slots=True)
class Offered:
    """An entry that is offered, with what it was worth; who is held out is offered in an order drawn by lot."""

    service: Service
    score: Score
    likely: Propensity


@dataclass(frozen=True, slots=True)
class Decision:
    """What is offered, in order; why every other entry is not; and which would be if nobody were held out."""

    offered: tuple[Offered, ...]
    refused: Mapping[str, Refusal]
    qualified: tuple[str, ...]


def decide(services: Sequence[Service], question: Question, terms: Terms, weights: Weights) -> Decision:
    """The next best services of one customer, the same for one state and one instant.

    Who is held out gets no arbitration: nothing that sells, and of the rest as many, in an order drawn by lot. `qualified` is
    what they would have been offered, so that they are compared with those who were (a ghost offer: Johnson, Lewis and
    Nubbemeyer, "Ghost Ads", Journal of Marketing Research 2017).
    """
    channel = question.channel
    refusals = {one.key: refused(one, channel, question.standing, terms) for one in services}
    passed = [one for one in services if refusals[one.key] is None]
    by_key = {one.key: one for one in passed}
    scores = {one.key: score(one, channel, question.moment, question.likely[one.key], weights) for one in passed}
    order = ranked(scores, passed)
    qualified = order[: question.most]
    told = {key: one for key, one in refusals.items() if one is not None}
    if question.arm is Arm.HELD_OUT:
        told |= {key: Refusal(Stage.EXPERIMENT, Reason.HELD_OUT) for key in order if by_key[key].sells}
        order = drawn(question.experiment_id, question.customer_id, [key for key in order if not by_key[key].sells])
    chosen = order[: question.most]
    told |= {key: Refusal(Stage.ARBITRATION, Reason.OUTRANKED) for key in order[question.most :]}
    offered = tuple(Offered(by_key[key], scores[key], question.likely[key]) for key in chosen)
    return Decision(offered, told, tuple(qualified))
