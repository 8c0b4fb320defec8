"""Raw files for where there are none: shapes of the real ones, seeded, with rates taken from published facts."""

import csv
import gzip
import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from cxbank_local.demo import sources

# Technion "Anonymous Bank", January 1999: of the queued 18.2 % hung up, mean wait 68.4 s, mean service 183.5 s.
HANG_SHARE: Final = 0.182
MEAN_WAIT: Final = 68.4
MEAN_SERVICE: Final = 183.5
CLIENTS: Final = 5_000
PLACES: Final = 500
CALLS: Final = 1_600
COMPLAINTS: Final = 500
JOBS: Final = ("management", "technician", "services", "retired", "admin.", "blue-collar", "student", "entrepreneur")
PRODUCTS: Final = ("Checking or savings account", "Credit card", "Mortgage", "Debt collection")
WORDS: Final = (
    "The card was charged twice and nobody answers my letters.",
    "I waited in the branch for an hour although I had an appointment.",
    "网上银行转账失败,客服一直没有回复。",
    "The fee was never explained to me when I opened the account.",
    "櫃檯人員很有耐心,但是手續太多。",
)


def _write(folder: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _calls(chance: random.Random) -> Iterable[Sequence[object]]:
    stamp = sources.CALL_DAY.strftime("%y%m%d")
    zero = "0:00:00"
    for number in range(CALLS):
        entered = chance.uniform(7 * 3600, 22 * 3600)
        left = entered + chance.uniform(3, 20)
        head = ("AA0101", number, 0, 0, chance.choice(("PS", "NW", "IN")), stamp, _clock(entered), _clock(left), 0)
        if chance.random() < 0.5:
            started = left + 1
            ended = started + chance.expovariate(1 / MEAN_SERVICE)
            yield (*head, zero, zero, 0, "AGENT", _clock(started), _clock(ended), 0, "A")
            continue
        waited = left + chance.expovariate(1 / MEAN_WAIT)
        if chance.random() < HANG_SHARE:
            yield (*head, _clock(left), _clock(waited), 0, "HANG", zero, zero, 0, "NO_SERVER")
        else:
            ended = waited + chance.expovariate(1 / MEAN_SERVICE)
            yield (*head, _clock(left), _clock(waited), 0, "AGENT", _clock(waited), _clock(ended), 0, "A")


def write(folder: Path, *, seed: int = 20_261_124) -> None:
    """Write every file that `sources` reads into `folder`."""
    chance = random.Random(seed)  # noqa: S311  # a simulation has to be the same every time
    _write(
        folder,
        sources.CLIENTS,
        ("row_id", "age", "job", "balance"),
        (
            (
                row,
                min(95, max(18, round(chance.gauss(41, 11)))),
                chance.choice(JOBS),
                round(chance.lognormvariate(6, 1.6)),
            )
            for row in range(CLIENTS)
        ),
    )
    header = ("@id", "name", "name:en", "name:ar", "brand", "operator", "opening_hours", "wheelchair", "lat", "lon")
    for kind, name in sources.PLACES:
        spots = [
            (
                f"node/{kind}{number}",
                f"{kind} {number}",
                f"{kind.title()} {number}",
                "",
                "",
                "Bank",
                "Mo-Fr 09:00-12:00,13:30-17:00" if kind == "branch" else "24/7",
                chance.choice(("", "yes", "no")),
                round(chance.uniform(28, 31.5), 6),
                round(chance.uniform(30, 34.9), 6),
            )
            for number in range(PLACES)
        ]
        _write(folder, name, header, spots)
    columns = (
        "vru+line,call_id,customer_id,priority,type,date,vru_entry,vru_exit,vru_time,q_start,q_exit,q_time,outcome"
    )
    _write(folder, sources.CALLS, [*columns.split(","), "ser_start", "ser_exit", "ser_time", "server"], _calls(chance))
    _write(
        folder,
        sources.NARRATIVES,
        ("complaint_id", "date_received", "product", "narrative"),
        (
            (
                number,
                date(2024, 1, 1) + timedelta(days=chance.randrange(365)),
                chance.choice(PRODUCTS),
                chance.choice(WORDS),
            )
            for number in range(COMPLAINTS)
        ),
    )
    start = datetime.fromisoformat(sources.SCREENED_DAY)
    _write(
        folder,
        sources.TRANSACTIONS,
        ("TRANSACTION_ID", "TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT"),
        (
            (
                number,
                start + timedelta(seconds=number * 17 % 86_400),
                chance.randrange(1_000),
                chance.randrange(2_000),
                f"{chance.lognormvariate(3.5, 0.9):.2f}",
            )
            for number in range(sources.SCREENED)
        ),
    )
