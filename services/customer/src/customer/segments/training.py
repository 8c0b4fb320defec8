"""`make train` and `make evaluate` for clusters: found in accounts by the features the service reads, kept, watched for drift."""

import csv
import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from customer.interactions.domain.facts import Category, Channel, Fact, Kind
from customer.interactions.domain.features import FEATURES as SPECS
from customer.interactions.domain.features import features_at
from customer.segments.domain.clusters import (
    FEATURES,
    Clusters,
    Row,
    agreement,
    describe,
    drift,
    fit_clusters,
    separation,
)
from shared import clock

MODELS: Final = ("clusters",)
FILE: Final = "accounts/transactions.csv.gz"
FORMAT: Final = 1
# Found three months before the file ends, so that the quarter after tells how far customers moved.
_LATER: Final = timedelta(days=92)
_LANGUAGES: Final = ("en", "zh-Hans", "zh-Hant")
_COLUMNS: Final = ("account_id", "date", "type", "operation", "amount", "balance", "k_symbol")
_BY_BANK: Final = {"interest_credited", "payment_for_statement", "sanction_interest"}
_CHANNEL: Final = {
    "withdrawal_in_cash": Channel.BRANCH,
    "credit_in_cash": Channel.BRANCH,
    "credit_card_withdrawal": Channel.ATM,
}
_HALVINGS: Final = 20

Say = Callable[[str], None]


class UnfitFile(ValueError):
    """A file has not the shape this needs; never a value of it."""


def train(data: Path, models: Path, say: Say, model: str | None = None) -> bool:  # noqa: ARG001  # every training room has one form
    """Find the clusters, say who they are, and keep them with their scores; nothing is asked of the figures."""
    try:
        rows = _rows(data / FILE)
        found, told = _found(rows, say)
    except (UnfitFile, FileNotFoundError) as error:
        say(f"refused: {error}")
        return False
    folder = models / "customer" / "segments" / "clusters"
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "format": FORMAT,
        "trained_at": clock.now().isoformat(),
        "data": {"file": FILE, "rows": len(rows), "sha256": fingerprint(rows)},
        "clusters": asdict(found) | {"valid_from": found.valid_from.isoformat()},
        "profiles": describe(found, SPECS),
        "scores": told,
    }
    fresh = folder / "manifest.json.new"
    fresh.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(folder / "manifest.json")
    say(f"kept in {folder}\n")
    return True


def evaluate(data: Path, models: Path, say: Say, model: str | None = None, file: Path | None = None) -> bool:
    """Find them anew and score them; or, with `file`, place the accounts of another file in the clusters that were kept."""
    try:
        if file is None:
            _found(_rows(data / FILE), say)
            return True
        rows = _rows(file / FILE if file.is_dir() else file)
        if not rows or not set(_COLUMNS) <= set(rows[0]):
            return True  # another model's file
        given = Path(model) if model is not None and Path(model).is_dir() else None
        return _placed(rows, _kept(given or models / "customer" / "segments" / "clusters"), say)
    except (UnfitFile, FileNotFoundError) as error:
        say(f"refused: {error}")
        return False


def _found(rows: Sequence[Mapping[str, str]], say: Say) -> tuple[Clusters, dict[str, Any]]:
    accounts = facts_of(rows)
    last = max(fact.occurred_at for facts in accounts.values() for fact in facts)
    at = last - _LATER
    before = places(accounts, at)
    try:
        found = fit_clusters(before, at)
        low, middle, high = agreement(before, found, halvings=_HALVINGS)
    except ValueError as error:
        raise UnfitFile(str(error)) from None
    after = places(accounts, last)
    moved = drift(found, after)
    told: dict[str, Any] = {
        "silhouette": found.silhouette,
        "agreement": {"median": middle, "low": low, "high": high, "halvings": _HALVINGS},
        "drift": moved,
    }
    say(
        f"clusters: {len(found.centres)} among {len(before)} accounts as of {at:%Y-%m-%d}, on {', '.join(found.features)}"
    )
    _profiles(found, say)
    say(f"{'silhouette':<50} {found.silhouette:7.3f}")
    say(f"{'halves of the accounts agree (adjusted Rand)':<50} {middle:7.3f}  80 % of halvings {low:.3f} to {high:.3f}")
    say(f"{f'drift to {last:%Y-%m-%d} (stability index)':<50} {moved:7.3f}  {_moved(moved)}")
    return found, told


def _placed(rows: Sequence[Mapping[str, str]], kept: Mapping[str, Any], say: Say) -> bool:
    found: Clusters = kept["clusters"]
    accounts = facts_of(rows)
    last = max(fact.occurred_at for facts in accounts.values() for fact in facts)
    known = places(accounts, last)
    if fingerprint(rows) == kept["sha256"]:
        say("these are the very rows they were found in: the figures say nothing of others")
    if len(known) < 2:
        raise UnfitFile("too few accounts to place")
    moved = drift(found, known)
    say(f"clusters: {len(known)} accounts as of {last:%Y-%m-%d} placed in {len(found.centres)} that were kept")
    for number, share in enumerate(found.shares, start=1):
        now = sum(found.of(row) == f"c{number}" for row in known) / len(known)
        say(f"  c{number}  {share:6.1%} when found  {now:6.1%} here")
    say(
        f"silhouette                                  {separation(found, known):7.3f}  {found.silhouette:.3f} when found"
    )
    say(f"drift (stability index)                     {moved:7.3f}  {_moved(moved)}")
    return True


def _profiles(found: Clusters, say: Say) -> None:
    for name, share in zip(told := describe(found, SPECS), found.shares, strict=True):
        say(f"  {name}  {share:6.1%}")
        for language in _LANGUAGES:
            say(f"      {language:<8} {told[name][language]}")


def _moved(index: float) -> str:
    return "stable" if index < 0.1 else "moving" if index <= 0.25 else "another population"


def _kept(folder: Path) -> dict[str, Any]:
    try:
        told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise UnfitFile(f"{folder}: another format; find them again")
        parts = told["clusters"]
        found = Clusters(
            datetime.fromisoformat(parts["valid_from"]),
            tuple(map(str, parts["features"])),
            tuple(map(float, parts["means"])),
            tuple(map(float, parts["deviations"])),
            tuple(tuple(map(float, centre)) for centre in parts["centres"]),
            tuple(map(float, parts["shares"])),
            float(parts["silhouette"]),
            None if parts["reach"] is None else float(parts["reach"]),
        )
        if not set(found.features) <= set(FEATURES) or any(len(one) != len(found.features) for one in found.centres):
            raise UnfitFile(f"{folder}: its features are not those of this code; find them again")
        return {"clusters": found, "sha256": told["data"]["sha256"]}
    except FileNotFoundError:
        raise UnfitFile(f"{folder}: none kept; `make train S=customer MODEL=clusters` finds them") from None
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise UnfitFile(f"{folder}: unreadable ({type(error).__name__})") from error


def facts_of(rows: Sequence[Mapping[str, str]]) -> dict[str, list[Fact]]:
    """Postings as the service would keep them, by account; a day is told at noon and without its hour."""
    if not rows or not set(_COLUMNS) <= set(rows[0]):
        raise UnfitFile(f"columns are needed: {', '.join(_COLUMNS)}")
    found: dict[str, list[Fact]] = defaultdict(list)
    for number, row in enumerate(rows, start=1):
        try:
            day = date.fromisoformat(row["date"])
            amount, balance = (int(Decimal(row[name]) * 100) for name in ("amount", "balance"))
        except (ValueError, InvalidOperation):
            raise UnfitFile(f"row {number}: date, amount or balance cannot be read") from None
        said: dict[str, str | int | bool] = {
            "direction": "credit" if row["type"] == "credit" else "debit",
            "balance_minor": balance,
            "account": row["account_id"],
            "category": _category(row),
            "date_only": True,
            "sequence": number,
        }
        by_bank = row["k_symbol"] in _BY_BANK
        if by_bank:
            said["initiated_by"] = "bank"
        found[row["account_id"]].append(
            Fact(
                UUID(int=number),
                Kind.TRANSACTION,
                datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
                number,
                abs(amount),
                "CZK",
                None if by_bank else _CHANNEL.get(row["operation"]),
                said,
            )
        )
    return dict(found)


def _category(row: Mapping[str, str]) -> str:
    if row["k_symbol"] == "old_age_pension":
        return Category.PENSION
    return Category.CASH if "cash" in row["operation"] or "card" in row["operation"] else Category.OTHER


def places(accounts: Mapping[str, Sequence[Fact]], at: datetime) -> list[Row]:
    """What the accounts that had begun by then are like at that instant, by the features the service reads."""
    return [
        {name: one.value for name, one in features_at(known, at, FEATURES).items()}
        for facts in accounts.values()
        if (known := [fact for fact in facts if fact.occurred_at <= at])
    ]


def fingerprint(rows: Sequence[Mapping[str, str]]) -> str:
    """SHA-256 of what is read of the rows, in whatever order they stand."""
    digest = hashlib.sha256()
    for line in sorted(json.dumps([row[name] for name in _COLUMNS]) for row in rows):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _rows(path: Path) -> list[dict[str, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))
