"""Rows of a file, read strictly, and their fingerprint: the same rows in any order of lines and columns have the same."""

import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np

from customer.propensity.domain.measures import Floats, Labels

Row = Mapping[str, str]


class UnfitFile(ValueError):
    """A file has not the shape a model needs; says column and row, never a value."""


def need_columns(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Raises UnfitFile when there are no rows or a column is missing."""
    if not rows:
        raise UnfitFile("there are no rows")
    missing = [name for name in columns if name not in rows[0]]
    if missing:
        raise UnfitFile(f"columns are missing: {', '.join(missing)}")


def numbers(rows: Sequence[Row], column: str) -> Floats:
    """A column of numbers; raises UnfitFile for one that is none."""
    found = np.empty(len(rows))
    for index, row in enumerate(rows):
        try:
            found[index] = float(row[column])
        except (TypeError, ValueError):
            raise UnfitFile(f"row {index + 1}: {column} is no number") from None
    if not np.isfinite(found).all():
        raise UnfitFile(f"row {int(np.argmin(np.isfinite(found))) + 1}: {column} is not finite")
    return found


def codes(rows: Sequence[Row], column: str, known: Mapping[str, float]) -> Floats:
    """A column of words as numbers; raises UnfitFile for a word that is not known."""
    found = np.empty(len(rows))
    for index, row in enumerate(rows):
        code = known.get(row[column] or "")
        if code is None:
            raise UnfitFile(f"row {index + 1}: {column} holds a word that is not known")
        found[index] = code
    return found


def flags(rows: Sequence[Row], column: str, positive: str, negative: str) -> Labels:
    """A column of two words as 1 and 0."""
    return codes(rows, column, {positive: 1.0, negative: 0.0}).astype(np.int64)


def fingerprint(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """SHA-256 over the values of these columns, sorted by name within a row, the rows sorted: order and packing do not matter."""
    names = sorted(columns)
    lines = sorted(json.dumps([(row[name] or "").strip() for name in names], ensure_ascii=False) for row in rows)
    digest = hashlib.sha256(json.dumps(names).encode())
    for line in lines:
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
