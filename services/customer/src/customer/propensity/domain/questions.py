"""The questions that are asked of a customer's data: from which columns, by which features, and how exact an answer must be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from customer.propensity.domain import credit, products
from customer.propensity.domain.measures import Floats, Labels
from customer.propensity.domain.rows import Row


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure must reach, what it aims at, and beyond what something leaks (numbers.md, E8 and E10)."""

    must: float
    aim: float
    suspicious: float | None = None

    def verdict(self, value: float) -> str:
        """In one word."""
        if self.suspicious is not None and value > self.suspicious:
            return "suspicious"
        return "aim" if value >= self.aim else "must" if value >= self.must else "missed"


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to features: their names, and how rows become a matrix (None where these rows do not allow it)."""

    name: str
    features: tuple[str, ...]
    build: Callable[[Sequence[Row]], Floats | None]


@dataclass(frozen=True, slots=True)
class Boosting:
    """How a forest is grown: gradient boosting on the log loss; `bag` forests that differ by seed are averaged."""

    rate: float
    trees: int
    leaves: int
    smallest_leaf: int
    shrinkage: float
    features_per_split: float
    bag: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question with a yes or no; the first variant whose features can be had answers it."""

    name: str
    asks: str
    file: str
    target: str
    columns: tuple[str, ...]
    left_out: Mapping[str, str]
    variants: tuple[Variant, ...]
    labels: Callable[[Sequence[Row]], Labels]
    boosting: Boosting
    in_order_of_time: bool
    area: Bar
    precision: Bar | None


def _dated(rows: Sequence[Row]) -> Floats | None:
    years = products.years(rows)
    return None if years is None else products.dated(rows, years)


PRODUCT: Final = Question(
    name="product",
    asks="will this client take a term deposit when called?",
    file="clients/bank_clients.csv.gz",
    target=products.TARGET,
    columns=products.COLUMNS,
    left_out={"duration": "known only when the call is over: it leaks the outcome", "row_id": "numbers the file"},
    variants=(
        Variant("dated", products.DATED, _dated),
        Variant("undated", products.UNDATED, products.undated),
    ),
    labels=products.labels,
    boosting=Boosting(rate=0.03, trees=350, leaves=13, smallest_leaf=20, shrinkage=8.0, features_per_split=0.3, bag=2),
    in_order_of_time=True,
    area=Bar(0.800, 0.812, 0.83),
    precision=Bar(0.50, 0.53),
)
DEFAULT: Final = Question(
    name="default",
    asks="will this client fail to pay next month?",
    file="credit/card_default.csv.gz",
    target=credit.TARGET,
    columns=credit.COLUMNS,
    left_out={"ID": "numbers the file"} | dict.fromkeys(credit.PROTECTED, "protected; used to test for fairness only"),
    variants=(Variant("plain", credit.FEATURES, credit.features),),
    labels=credit.labels,
    boosting=Boosting(rate=0.03, trees=300, leaves=15, smallest_leaf=40, shrinkage=20.0, features_per_split=0.2, bag=1),
    in_order_of_time=False,
    area=Bar(0.780, 0.787, 0.80),
    precision=None,
)
QUESTIONS: Final = {one.name: one for one in (PRODUCT, DEFAULT)}
