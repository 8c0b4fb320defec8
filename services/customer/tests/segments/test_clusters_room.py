"""The training room of clusters: found in accounts, kept, and other accounts placed in what was kept."""

import csv
import json
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from customer.segments import training

COLUMNS = ("account_id", "date", "type", "operation", "amount", "balance", "k_symbol")


def lines(busy: int, quiet: int, seed: int = 4) -> list[dict[str, str]]:
    """Accounts of 200 days: the busy ones pay every four days and hold much, the quiet ones every thirty and hold little."""
    chance = random.Random(seed)  # noqa: S311  # reproducible, not secret
    found = []
    for number in range(busy + quiet):
        every, balance = (4, 90_000) if number < busy else (30, 900)
        for step in range(number % 4, 200, every):
            day = date(1993, 1, 1) + timedelta(days=step)
            row = (str(number), str(day), "withdrawal", "withdrawal_in_cash", f"{chance.randrange(90, 110)}.50")
            found.append(dict(zip(COLUMNS, (*row, str(balance + chance.randrange(50)), ""), strict=True)))
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
    monkeypatch.setattr(training, "FILE", "accounts/transactions.csv")
    monkeypatch.setattr(training, "_HALVINGS", 2)
    written(tmp_path / "accounts/transactions.csv", lines(20, 40))
    return tmp_path


def test_what_was_found_is_kept_with_its_rows_and_profiles_and_places_others(room: Path) -> None:
    said: list[str] = []
    assert training.train(room, room / "models", said.append)
    kept = json.loads((room / "models/customer/segments/clusters/manifest.json").read_text())
    assert kept["data"]["rows"] == len(lines(20, 40))
    assert set(kept["profiles"]["c1"]) == {"en", "zh-Hans", "zh-Hant"}
    assert any("zh-Hant" in line and "餘額" in line for line in said)
    other: list[str] = []
    file = written(room / "accounts/others.csv", lines(40, 20, seed=9))
    assert training.evaluate(room, room / "models", other.append, file=file)
    assert "another population" in other[-1], "twice as many busy ones"
    same: list[str] = []
    turned = written(room / "accounts/turned.csv", lines(20, 40)[::-1])
    assert training.evaluate(room, room / "models", same.append, file=turned)
    assert "the very rows" in same[0]


def test_a_broken_file_or_nothing_kept_is_said_and_fails_and_another_models_file_is_passed_over(room: Path) -> None:
    said: list[str] = []
    file = written(room / "accounts/broken.csv", [row | {"amount": "much"} for row in lines(2, 2)])
    assert not training.evaluate(room, room / "models", said.append, file=written(room / "a/b.csv", lines(2, 2)))
    assert "none kept" in said[-1]
    assert training.train(room, room / "models", lambda _: None)
    assert not training.evaluate(room, room / "models", said.append, file=file)
    assert "row 1" in said[-1]
    assert "much" not in said[-1]
    (room / "calls.csv").write_text("date,slot,calls\n1999-01-01,0,2\n")
    assert training.evaluate(room, room / "models", said.append, file=room / "calls.csv")


def test_what_the_bank_booked_is_no_act_and_a_day_has_no_hour() -> None:
    row = lines(1, 0)[0]
    (facts,) = training.facts_of([row, row | {"k_symbol": "interest_credited", "type": "credit"}]).values()
    assert [fact.attributes.get("initiated_by") for fact in facts] == [None, "bank"]
    assert all(fact.attributes["date_only"] for fact in facts)
    assert (facts[0].amount_minor, facts[0].channel) == (int(float(row["amount"]) * 100), "branch")
    (place,) = training.places({"1": facts}, facts[0].occurred_at)
    assert place["acts_90d"] == 1
