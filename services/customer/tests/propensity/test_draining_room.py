"""The training room of draining accounts: made on one year, kept, asked about another file of the same shape."""

import csv
import json
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from customer.propensity.training import evaluate, train
from customer.propensity.usecases import ModelRefused, folder_of, load_draining

FILE = "accounts/transactions.csv.gz"
COLUMNS = ("account_id", "date", "type", "operation", "amount", "balance", "k_symbol")


def lines(seed: int, accounts: int = 120) -> list[dict[str, str]]:
    """Accounts of fourteen months; the restless ones let their balance sink before it is gone."""
    chance = random.Random(seed)  # noqa: S311  # reproducible, not secret
    found = []
    for account in range(accounts):
        balance, sinking = 1_000.0, chance.randrange(60, 700)
        for step in range(0, 425, 5):
            before = balance
            level = 1_000.0 if step < sinking else max(60.0, 1_000 - 12 * (step - sinking))
            balance = level * chance.uniform(0.9, 1.1)
            day = date(1993, 1, 1) + timedelta(days=step)
            kind = "credit" if balance > before else "withdrawal"
            row = (str(account), str(day), kind, "in_cash", f"{abs(balance - before):.2f}", f"{balance:.2f}", "")
            found.append(dict(zip(COLUMNS, row, strict=True)))
    return found


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("customer.propensity.training.accounts.FILE", "accounts/transactions.csv")
    written(tmp_path / "accounts/transactions.csv", lines(1))
    assert train(tmp_path, tmp_path / "models", lambda _: None, model="draining")
    return tmp_path


def test_a_kept_model_names_its_rows_and_scores_and_tells_other_accounts_apart(room: Path) -> None:
    kept = load_draining(folder_of(room / "models", "draining"))
    assert kept.data["rows"] == len(lines(1))
    assert 0.7 < kept.scores["auc"][0] <= 1
    said: list[str] = []
    other = written(room / "accounts/others.csv", lines(2))
    assert evaluate(room, room / "models", said.append, model="draining", file=other)
    told = "\n".join(said)
    assert "judged on 1993-12-01" in told
    assert "do nothing of their own for 60 days" in told
    assert "very rows" not in told


def test_the_same_rows_in_another_order_are_known_again(room: Path) -> None:
    said: list[str] = []
    turned = written(room / "accounts/turned.csv", lines(1)[::-1])
    evaluate(room, room / "models", said.append, model="draining", file=turned)
    assert any("the very rows" in line for line in said)


@pytest.mark.parametrize(
    ("field", "value"),
    [("features", ["age"]), ("weights", [1.0]), ("spread", [0.0] * 7), ("centre", ["x"] * 7), ("format", 9)],
)
def test_a_model_that_is_not_what_it_says_is_refused(room: Path, field: str, value: object) -> None:
    folder = folder_of(room / "models", "draining")
    told = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(told | {field: value}))
    with pytest.raises(ModelRefused):
        load_draining(folder)


def test_a_file_in_which_nobody_drains_or_that_cannot_be_read_is_said_and_fails(room: Path) -> None:
    said: list[str] = []
    still = [row | {"balance": "500", "amount": "1"} for row in lines(1)]
    assert not evaluate(
        room, room / "models", said.append, model="draining", file=written(room / "accounts/still.csv", still)
    )
    assert "no account drains" in said[-1]
    broken = written(room / "accounts/broken.csv", [row | {"balance": "much"} for row in lines(1)])
    assert not evaluate(room, room / "models", said.append, model="draining", file=broken)
    assert said[-1].startswith("refused")
    assert "much" not in said[-1]
