"""A model is learnt from published rows, or from those clients whose receipt stands beside theirs; a manifest says which."""

import csv
from pathlib import Path
from uuid import uuid4

import pytest

from customer.propensity.domain.resting import RECEIPT, grounds_of
from customer.propensity.domain.rows import UnfitFile
from customer.propensity.training import read

PLAIN = [{"age": str(age)} for age in (30, 40, 50)]


def written(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as lines:
        sheet = csv.DictWriter(lines, list(rows[0]))
        sheet.writeheader()
        sheet.writerows(rows)
    return path


def test_published_rows_are_all_learnt_from_and_nobody_is_said_to_consent(tmp_path: Path) -> None:
    found = read(written(tmp_path, PLAIN))
    assert found == PLAIN
    assert grounds_of(found) == {"use": "models", "rests_on": "published data", "receipts": 0}


def test_a_client_without_a_receipt_is_not_learnt_from(tmp_path: Path) -> None:
    receipts = [str(uuid4()), " ", str(uuid4())]
    own = [row | {RECEIPT: receipt} for row, receipt in zip(PLAIN, receipts, strict=True)]
    found = read(written(tmp_path, own))
    assert [row["age"] for row in found] == ["30", "50"]
    assert grounds_of(found) == {"use": "models", "rests_on": "consent", "receipts": 2}


@pytest.mark.parametrize(("receipts", "reason"), [(["", "", ""], "no client"), (["yes", "", ""], "row 1")])
def test_a_file_in_which_nobody_consents_or_a_receipt_is_none_is_refused(
    tmp_path: Path, receipts: list[str], reason: str
) -> None:
    own = [row | {RECEIPT: receipt} for row, receipt in zip(PLAIN, receipts, strict=True)]
    with pytest.raises(UnfitFile, match=reason):
        read(written(tmp_path, own))
