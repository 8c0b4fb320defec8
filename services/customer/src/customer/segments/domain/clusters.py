"""Clusters found in data: k-means on standardised features, told in words a person can read, watched for drift, frozen."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log
from typing import Final, Literal

from customer.segments.domain.readings import Described, Reading, Said, Spec, Value, earliest

Language = Literal["en", "zh-Hans", "zh-Hant"]
Row = Mapping[str, Value]

CLUSTER: Final = "cluster"
FOUND: Final[Mapping[str, Spec]] = {
    CLUSTER: Described(
        CLUSTER, "string", "", {"en": "cluster found in data: c1, c2, …", "zh-Hans": "数据聚类：c1、c2……"}
    )
}
# What the customers of a bank differ by: money, rhythm, channels, holdings. All exact features of the interactions.
FEATURES: Final = (
    "acts_90d",
    "recency_days",
    "monetary_365d",
    "balance",
    "products_held",
    "digital_share_90d",
    "inflow_coverage_90d",
    "weekend_share_90d",
)
# The features' own descriptions are in two languages; what Hong Kong reads is written out, for no table of characters
# writes it (客户 is 客戶 there, 数字 is 數碼).
TRADITIONAL: Final[Mapping[str, str]] = {
    "acts_90d": "近90天客戶行為次數",
    "recency_days": "距客戶最近一次行為的整日數",
    "monetary_365d": "近365天客戶交易總額",
    "balance": "所有賬戶最近已知餘額合計",
    "products_held": "持有產品數",
    "digital_share_90d": "近90天數碼渠道行為佔比",
    "inflow_coverage_90d": "近90天流入流出比",
    "weekend_share_90d": "近90天週末行為佔比",
}
# On the accounts of a Czech bank this turns a cluster of three into none, and halves of the customers agree more.
_REACH: Final = 3.0
# A share below this is taken as this, or one empty cluster would make the index infinite.
_LEAST: Final = 1e-4
_WORDS: Final[tuple[tuple[float, Mapping[Language, str]], ...]] = (
    (1.5, {"en": "very high", "zh-Hans": "很高", "zh-Hant": "很高"}),
    (0.5, {"en": "high", "zh-Hans": "偏高", "zh-Hant": "偏高"}),
    (-0.5, {"en": "average", "zh-Hans": "一般", "zh-Hant": "一般"}),
    (-1.5, {"en": "low", "zh-Hans": "偏低", "zh-Hant": "偏低"}),
    (float("-inf"), {"en": "very low", "zh-Hans": "很低", "zh-Hant": "很低"}),
)
_AVERAGE: Final[Mapping[Language, str]] = {
    "en": "like the average customer",
    "zh-Hans": "与平均客户相近",
    "zh-Hant": "與平均客戶相近",
}


@dataclass(frozen=True, slots=True)
class Clusters:
    """A frozen partition: in force from `valid_from` until the next. Centres are in standard deviations from the mean.

    Clusters are named `c1`, `c2`, … by their size when they were found; `shares` are those sizes, of one. Nobody stands
    further out than `reach` deviations, so that a handful of the very rich pull no centre away; None where they were
    found without that.
    """

    valid_from: datetime
    features: tuple[str, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    centres: tuple[tuple[float, ...], ...]
    shares: tuple[float, ...]
    silhouette: float
    reach: float | None = None

    def place(self, row: Row) -> tuple[float, ...]:
        """A customer in standard deviations; what is not known of them is taken as average."""
        return tuple(
            0.0 if (value := _number(row.get(name))) is None else self._within((value - mean) / deviation)
            for name, mean, deviation in zip(self.features, self.means, self.deviations, strict=True)
        )

    def _within(self, height: float) -> float:
        return height if self.reach is None else max(-self.reach, min(self.reach, height))

    def of(self, row: Row) -> str:
        """The cluster whose centre is nearest; of equally near ones the larger."""
        place = self.place(row)
        distances = [sum((a - b) ** 2 for a, b in zip(place, centre, strict=True)) for centre in self.centres]
        return f"c{distances.index(min(distances)) + 1}"


def _number(value: Value) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)


def fit_clusters(
    rows: Sequence[Row],
    valid_from: datetime,
    *,
    features: Sequence[str] = FEATURES,
    counts: Iterable[int] = range(3, 9),
    seed: int = 0,
) -> Clusters:
    """The partition of these customers with the best mean silhouette (Rousseeuw 1987) among these numbers of clusters.

    Features that do not vary are left out. Raises ValueError where there are too few customers to part.
    """
    import numpy as np  # heavy, and only found clusters need them  # noqa: PLC0415
    from sklearn.cluster import KMeans  # noqa: PLC0415
    from sklearn.metrics import silhouette_score  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  # comes with scikit-learn

    raw = np.array([[_number(row.get(name)) for name in features] for row in rows], dtype=float)
    if len(raw) < 20:
        raise ValueError("too few customers to find clusters in")
    known = ~np.isnan(raw).all(axis=0)
    means = np.zeros(len(features))
    means[known] = np.nanmean(raw[:, known], axis=0)
    deviations = np.zeros(len(features))
    deviations[known] = np.nanstd(raw[:, known], axis=0)
    kept = np.flatnonzero(deviations > 0)
    if len(kept) == 0:
        raise ValueError("these customers do not differ")
    places = np.clip(np.nan_to_num((raw[:, kept] - means[kept]) / deviations[kept]), -_REACH, _REACH)
    distinct = len(np.unique(places, axis=0))
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for count in counts:
        if count >= distinct:
            break
        # One thread: they would wait for one another longer than they work, on some thousand rows.
        with threadpool_limits(1):
            model = KMeans(n_clusters=count, n_init=10, random_state=seed).fit(places)
        score = float(silhouette_score(places, model.labels_, sample_size=min(len(places), 2_000), random_state=seed))
        if best is None or score > best[0]:
            best = (score, model.cluster_centers_, np.bincount(model.labels_, minlength=count))
    if best is None:
        raise ValueError("these customers do not differ enough")
    score, centres, sizes = best
    order = np.argsort(-sizes, kind="stable")
    return Clusters(
        valid_from,
        tuple(features[int(place)] for place in kept),
        tuple(float(mean) for mean in means[kept]),
        tuple(float(deviation) for deviation in deviations[kept]),
        tuple(tuple(float(one) for one in centres[place]) for place in order),
        tuple(float(sizes[place] / len(places)) for place in order),
        score,
        _REACH,
    )


def agreement(
    rows: Sequence[Row], clusters: Clusters, *, halvings: int = 20, seed: int = 0
) -> tuple[float, float, float]:
    """Whether two halves of the customers would have led to the same clusters: a tenth, the median, nine tenths of halvings.

    Each half is parted into as many clusters by the same features; both partitions then place everybody, and the
    adjusted Rand index (Hubert and Arabie 1985) compares them: one is the same partition, nought is chance.
    """
    import numpy as np  # noqa: PLC0415  # heavy, as above
    from sklearn.metrics import adjusted_rand_score  # noqa: PLC0415

    chance = np.random.default_rng(seed)
    told = []
    for number in range(halvings):
        order = chance.permutation(len(rows))
        halves = (order[: len(rows) // 2], order[len(rows) // 2 :])
        placed = []
        for half in halves:
            part = [rows[at] for at in half]
            count = (len(clusters.centres),)
            found = fit_clusters(part, clusters.valid_from, features=clusters.features, counts=count, seed=number)
            placed.append([found.of(row) for row in rows])
        told.append(float(adjusted_rand_score(*placed)))
    low, middle, high = np.quantile(told, [0.1, 0.5, 0.9])
    return float(low), float(middle), float(high)


def separation(clusters: Clusters, rows: Sequence[Row]) -> float:
    """The mean silhouette of these customers in clusters that were found in others; nought where all are in one."""
    from sklearn.metrics import silhouette_score  # noqa: PLC0415  # heavy, as above

    names = [clusters.of(row) for row in rows]
    if not 1 < len(set(names)) < len(names):
        return 0.0
    return float(silhouette_score([clusters.place(row) for row in rows], names, random_state=0))


def describe(clusters: Clusters, specs: Mapping[str, Spec]) -> dict[str, dict[Language, str]]:
    """Each cluster in a sentence: what sets it apart from the average customer, the strongest first, in every language."""
    told: dict[str, dict[Language, str]] = {}
    for number, centre in enumerate(clusters.centres, start=1):
        marks = sorted(zip(centre, clusters.features, strict=True), key=lambda mark: -abs(mark[0]))
        strong = [(height, name) for height, name in marks if abs(height) >= 0.5][:4]
        told[f"c{number}"] = {language: _sentence(strong, specs, language) for language in _AVERAGE}
    return told


def _sentence(strong: Sequence[tuple[float, str]], specs: Mapping[str, Spec], language: Language) -> str:
    if not strong:
        return _AVERAGE[language]
    if language == "en":
        return "; ".join(f"{_word(height, language)}: {specs[name].description['en']}" for height, name in strong)
    simplified = {name: specs[name].description["zh-Hans"] for _, name in strong}
    names = simplified if language == "zh-Hans" else {name: TRADITIONAL[name] for name in simplified}
    return "；".join(f"{names[name]}{_word(height, language)}" for height, name in strong)


def _word(height: float, language: Language) -> str:
    return next(words[language] for least, words in _WORDS if height >= least)


def stability(expected: Sequence[float], found: Sequence[float]) -> float:
    """The population stability index: the sum of (found - expected) · ln(found / expected) over the shares.

    By the convention of scorecards (Siddiqi 2006): below 0.1 stable, up to 0.25 moving, above it another population.
    """
    pairs = [(max(one, _LEAST), max(other, _LEAST)) for one, other in zip(expected, found, strict=True)]
    return sum((other - one) * log(other / one) for one, other in pairs)


def drift(clusters: Clusters, rows: Sequence[Row]) -> float:
    """How far these customers have moved between the clusters since they were found; raises ValueError for nobody."""
    if not rows:
        raise ValueError("nobody to compare with")
    found = [clusters.of(row) for row in rows]
    names = [f"c{number}" for number in range(1, len(clusters.centres) + 1)]
    return stability(clusters.shares, [found.count(name) / len(found) for name in names])


def cluster_at(
    versions: Sequence[Clusters], read: Callable[[frozenset[str]], Mapping[str, Reading]], at: datetime
) -> Said:
    """The cluster of a customer by the version in force at that instant, until a reading ends or another version begins."""
    current = next((one for one in reversed(versions) if one.valid_from <= at), None)
    following = min((one.valid_from for one in versions if one.valid_from > at), default=None)
    if current is None:
        return Said(None, following)
    readings = read(frozenset(current.features))
    ends = earliest(following, *(reading.valid_until for reading in readings.values()))
    return Said(current.of({name: reading.value for name, reading in readings.items()}), ends)
