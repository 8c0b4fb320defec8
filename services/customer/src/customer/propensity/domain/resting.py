"""On what learning from the rows of a file rests: they are nobody's here, or each row names the receipt of its client's consent."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from customer.propensity.domain.rows import Row, UnfitFile

# The use as it is named among the uses of profiling, and the column in which clients of the bank's own carry their receipt.
USE: Final = "models"
RECEIPT: Final = "profiling_receipt_id"


def permitted(rows: Sequence[Row]) -> list[Row]:
    """The rows that may be learnt from: all of published data, of the bank's own clients those with a receipt.

    Raises UnfitFile where nobody's is left, or what stands there is no receipt: an export that went wrong is no consent.
    """
    if not rows or RECEIPT not in rows[0]:
        return list(rows)
    kept = [row for number, row in enumerate(rows, 1) if _carries(row, number)]
    if not kept:
        raise UnfitFile("no client in it consents to being learnt from")
    return kept


def _carries(row: Row, number: int) -> bool:
    said = (row[RECEIPT] or "").strip()
    try:
        return bool(said) and UUID(said) is not None
    except ValueError:
        raise UnfitFile(f"row {number}: {RECEIPT} is no receipt") from None


def grounds_of(rows: Sequence[Row]) -> Mapping[str, Any]:
    """How a manifest names that: the use with the number of receipts, or that the rows are no client's of the bank."""
    if rows and RECEIPT in rows[0]:
        return {"use": USE, "rests_on": "consent", "receipts": len({row[RECEIPT].strip() for row in rows})}
    return {"use": USE, "rests_on": "published data", "receipts": 0}
