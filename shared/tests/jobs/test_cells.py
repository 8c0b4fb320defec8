"""What a CSV row of paths says is what the JSON body says."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs.importer import by_path

names = st.text("abcdefgh_", min_size=1, max_size=6)
leaves = st.text(min_size=1, max_size=5)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, min_size=1, max_size=12) | st.dictionaries(names, inner, min_size=1, max_size=3),
    max_leaves=9,
)
bodies = st.dictionaries(names, trees, min_size=1, max_size=4)


def paths(node: Any, above: str = "") -> Iterator[tuple[str, str]]:
    """Every leaf of a body under its path."""
    if isinstance(node, str):
        yield above, node
        return
    parts = node.items() if isinstance(node, dict) else enumerate(node)
    for part, value in parts:
        yield from paths(value, f"{above}.{part}" if above else str(part))


@given(bodies, st.randoms(use_true_random=False))
def test_a_body_written_as_paths_in_any_order_of_columns_reads_as_itself(body: dict[str, Any], chance: Any) -> None:
    columns = list(paths(body))
    chance.shuffle(columns)
    assert by_path(dict(columns)) == body


def test_a_place_without_cells_is_not_in_the_list() -> None:
    assert by_path({"points.2.kind": "email", "points.10.kind": "phone"}) == {
        "points": [{"kind": "email"}, {"kind": "phone"}]
    }


@pytest.mark.parametrize(
    "cells",
    [{"a": "1", "a.b": "2"}, {"a.b": "2", "a": "1"}, {"a.0": "1", "a.0.b": "2"}],
    ids="+".join,
)
def test_a_path_that_ends_and_goes_on_is_refused(cells: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="path"):
        by_path(cells)


@pytest.mark.parametrize("name", [".".join("a" * 9_999), f"a.{'9' * 5_000}"])
def test_a_path_that_means_harm_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"path|digits"):
        by_path({name: "x", f"{name[:-1]}8": "y"})
