"""A forest of decision trees as plain arrays: scored with numpy alone, kept without any code in the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from customer.propensity.domain.measures import Floats

_ROWS_AT_ONCE = 1_000


class BrokenForest(ValueError):
    """The arrays are no forest: a child outside of it, a cycle, a feature there is not."""


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees laid end to end. Of a leaf both children are itself; a row goes left when `x <= threshold`.

    A missing value (NaN) goes left where `missing_left` says so. The score of a row is the sum of its leaves' values.
    """

    feature: NDArray[np.int32]
    threshold: Floats
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    value: Floats
    roots: NDArray[np.int32]

    def score(self, rows: Floats) -> Floats:
        """The sum over all trees, for each row of a (rows, features) matrix."""
        sums = np.empty(len(rows))
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = rows[start : start + _ROWS_AT_ONCE]
            at = np.broadcast_to(self.roots, (len(part), len(self.roots)))
            line = np.arange(len(part))[:, None]
            while True:
                seen = part[line, self.feature[at]]
                goes_left = np.where(np.isnan(seen), self.missing_left[at], seen <= self.threshold[at])
                below = np.where(goes_left, self.left[at], self.right[at])
                if np.array_equal(below, at):
                    break
                at = below
            sums[start : start + len(part)] = self.value[at].sum(axis=1)
        return sums

    def check(self, features: int) -> "Forest":
        """Itself, when every walk from a root ends: children lie behind their parent or are the node itself.

        Raises BrokenForest; a forest read from a file is checked before it is used.
        """
        size = len(self.feature)
        here = np.arange(size)
        leaf = (self.left == here) & (self.right == here)
        inner = (self.left > here) & (self.right > here) & (self.left < size) & (self.right < size)
        lengths = {len(getattr(self, one.name)) for one in fields(self) if one.name != "roots"}
        whole = lengths == {size} and bool((leaf | inner).all())
        within = size > 0 and self.feature.min() >= 0 and self.feature.max() < features
        rooted = len(self.roots) > 0 and self.roots.min() >= 0 and self.roots.max() < size
        if not (whole and within and rooted and np.isfinite(self.value).all()):
            raise BrokenForest("the arrays are no forest")
        return self

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What is kept of it, by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def forest_of(arrays: Mapping[str, NDArray[np.generic]], features: int) -> Forest:
    """The forest that was kept as these arrays; raises BrokenForest for what is none."""
    try:
        kept = Forest(
            feature=arrays["feature"].astype(np.int32),
            threshold=arrays["threshold"].astype(np.float64),
            left=arrays["left"].astype(np.int32),
            right=arrays["right"].astype(np.int32),
            missing_left=arrays["missing_left"].astype(np.bool_),
            value=arrays["value"].astype(np.float64),
            roots=arrays["roots"].astype(np.int32),
        )
    except KeyError as missing:
        raise BrokenForest(f"{missing} is missing") from None
    return kept.check(features)


def joined(forests: Sequence[Forest], weight: float) -> Forest:
    """One forest of many, every leaf's value times `weight`: an average when weight is one over their number."""
    starts = np.cumsum([0, *(len(one.feature) for one in forests)])[:-1].astype(np.int32)
    return Forest(
        feature=np.concatenate([one.feature for one in forests]),
        threshold=np.concatenate([one.threshold for one in forests]),
        left=np.concatenate([one.left + start for one, start in zip(forests, starts, strict=True)]),
        right=np.concatenate([one.right + start for one, start in zip(forests, starts, strict=True)]),
        missing_left=np.concatenate([one.missing_left for one in forests]),
        value=np.concatenate([one.value for one in forests]) * weight,
        roots=np.concatenate([one.roots + start for one, start in zip(forests, starts, strict=True)]),
    )
