"""What a customer holds, what led to it, and where they heard of it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from customer.interactions.domain.activity import is_act_on_a_channel
from customer.interactions.domain.facts import Fact, Product, is_product_event, opens_product
from customer.interactions.domain.history import DAY, History
from customer.interactions.domain.specs import Feature, Value, counted, most, named, spans_of, told
from customer.interactions.domain.words import PRODUCTS

# How far back the path to a product is followed, and how many of its last steps are told.
_PATH_DAYS: Final = 90
_PATH_STEPS: Final = 8


def has_source(fact: Fact) -> bool:
    """Whether it says where the customer heard of us."""
    return isinstance(fact.attributes.get("source"), str)


def _held(history: History) -> Counter[str]:
    """How many of each product: the last word on each (product, account) holds."""
    last = {
        (str(fact.attributes["product"]), fact.attributes.get("account", "")): fact.attributes["change"]
        for fact in history.select(is_product_event).until(history.at)
    }
    return Counter(product for (product, _), change in last.items() if change != "closed")


def holds(product: Product) -> Feature:
    """Whether a product is held."""
    en, zh = PRODUCTS[product]
    spec = told(f"holds_{product}", f"holds {en}", f"持有{zh}")
    return Feature(spec, is_product_event, lambda history: _held(history)[product] > 0)


def _on_the_path(fact: Fact) -> bool:
    return is_act_on_a_channel(fact) or opens_product(fact)


def _path(history: History) -> Sequence[Fact]:
    """What the customer did in the ninety days before the last product was taken, in order."""
    taken = history.select(opens_product).last(history.at)
    if taken is None:
        return ()
    return history.select(is_act_on_a_channel).between(taken.occurred_at - _PATH_DAYS * DAY, taken.occurred_at)


def _decisions() -> Iterator[Feature]:
    def path(history: History) -> Value:
        steps = [channel for channel, _ in groupby(str(fact.channel) for fact in _path(history))]
        return ">".join(steps[-_PATH_STEPS:]) or None

    def days(history: History) -> Value:
        facts = _path(history)
        return (facts[-1].occurred_at - facts[0].occurred_at) // DAY if facts else None

    # Its borders hang on the product's own time, not on now: only what is still ahead can change it.
    spec = named(
        "decision_path",
        "channels",
        "channels used, in order, in the 90 days before the last product was taken; at most the last eight",
        "最近一次办理产品前90天内依次使用的渠道（至多最后八个）",
    )
    yield Feature(spec, _on_the_path, path)
    spec = counted(
        "decision_path_acts", "count", "acts on the path to the last product", "办理最近产品前路径上的行为次数"
    )
    yield Feature(spec, _on_the_path, lambda history: len(_path(history)) if _path(history) else None)
    spec = counted(
        "decision_path_days",
        "days",
        "whole days from the first to the last act on that path",
        "该路径首末行为间的整日数",
    )
    yield Feature(spec, _on_the_path, days)


def _sources() -> Iterator[Feature]:
    def heard(history: History) -> Counter[str]:
        return Counter(str(fact.attributes["source"]) for fact in history.window(has_source, 365))

    spec = named(
        "main_source_365d", "source", "where the customer mostly heard of us, last 365 days", "近365天主要信息来源"
    )
    yield Feature(spec, has_source, lambda history: most(heard(history)), spans_of(365))
    spec = counted("sources_365d", "count", "different sources of information, last 365 days", "近365天信息来源数")
    yield Feature(spec, has_source, lambda history: len(heard(history)), spans_of(365))


def features() -> Iterator[Feature]:
    """All of them."""
    spec = counted("products_held", "count", "products held", "持有产品数")
    yield Feature(spec, is_product_event, lambda history: sum(_held(history).values()))
    for product in PRODUCTS:
        yield holds(product)
    yield from _decisions()
    yield from _sources()
