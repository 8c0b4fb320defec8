"""The raw files as rows of the front doors' imports: with their own times, keyed by where they come from."""

import csv
import gzip
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from cxbank_local.demo.people import person

CALL_CENTRE_REF: Final = "call-centre"
# The call centre's file has local times of a bank in Israel.
CALL_ZONE: Final = "Asia/Jerusalem"
CALL_DAY: Final = date(1999, 1, 5)
PLACE_ZONE: Final = "Africa/Cairo"
# The clients' file was collected from 2008 to 2010; an age is turned into a year of birth as of its end.
CLIENTS_AS_OF: Final = 2010
SCREENED_DAY: Final = "2018-04-21"
SCREENED: Final = 5_000
AFFLUENT_FROM, PRIVATE_FROM = 5_000, 20_000
CLIENTS: Final = "clients/bank_clients.csv.gz"
PLACES: Final = (("branch", "places/osm_cairo_sinai_banks.csv.gz"), ("atm", "places/osm_cairo_sinai_atms.csv.gz"))
CALLS: Final = "calls/january1999.csv.gz"
NARRATIVES: Final = "complaints/narratives.csv.gz"
TRANSACTIONS: Final = "fraud/simulated_card_28d.csv.gz"
FILES: Final = (CLIENTS, *(name for _, name in PLACES), CALLS, NARRATIVES, TRANSACTIONS)

Row = dict[str, Any]


def raw(folder: Path, name: str) -> Iterator[Mapping[str, str]]:
    """The rows of one file of the data folder, as they stand in it."""
    with gzip.open(folder / name, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def tier_of(balance: int) -> str:
    """The tier hint of a balance in euro: our own cut points, there are none in the file."""
    if balance >= PRIVATE_FROM:
        return "private"
    return "affluent" if balance >= AFFLUENT_FROM else "mass"


def customers(folder: Path) -> Iterator[Row]:
    """Every client of the bank, as a customer with a generated name, phone, e-mail and identity number."""
    for row in raw(folder, CLIENTS):
        number = int(row["row_id"])
        who = person(number)
        yield {
            "kind": "individual",
            "legal_name": who.legal_name,
            "birth_date": f"{CLIENTS_AS_OF - int(row['age']):04d}-01-01",
            "contact_points": [
                {"kind": "phone", "value": who.phone},
                {"kind": "email", "value": who.email},
            ],
            "identifiers": [{"type": "national_id", "issuer": "PT", "value": who.national_id}],
            "occupation": row["job"],
            "region": "PT",
            "tier_hint": tier_of(int(row["balance"])),
            "external_ref": f"client:{number}",
        }


def places(folder: Path) -> Iterator[Row]:
    """Every bank branch and ATM of the map, names by language, as dirty as the world is."""
    for kind, name in PLACES:
        for row in raw(folder, name):
            names = {"und": row["name"], "en": row["name:en"], "ar": row["name:ar"]}
            entry: Row = {
                "kind": kind,
                "names": {language: label for language, label in names.items() if label.strip()},
                "latitude": float(row["lat"]),
                "longitude": float(row["lon"]),
                "zone": PLACE_ZONE,
                "external_ref": f"osm:{row['@id']}",
            }
            if row["opening_hours"]:
                entry["opening_hours"] = row["opening_hours"]
            if row["operator"] or row["brand"]:
                entry["operator"] = row["operator"] or row["brand"]
            if row["wheelchair"] in {"yes", "designated", "no"}:
                entry["wheelchair"] = row["wheelchair"] != "no"
            yield entry


def call_centre() -> Row:
    """The one place the call centre's tickets belong to."""
    return {
        "kind": "contact_centre",
        "names": {"en": "Call centre", "zh-Hans": "呼叫中心", "zh-Hant": "客服中心"},
        "zone": CALL_ZONE,
        "external_ref": CALL_CENTRE_REF,
    }


def _instant(day: date, clock: str) -> datetime:
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return datetime.combine(day, time(), ZoneInfo(CALL_ZONE)) + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def tickets(folder: Path, place_id: str) -> Iterator[Row]:
    """One day's calls as past tickets: those an agent answered, and those who hung up in the queue.

    Left out are calls that never asked for an agent (hung up in the menu), phantom calls, and those without times of
    service. The exchange's clock and the agents' differ by a second: a call answered before it was queued was queued
    when it was answered.
    """
    stamp = CALL_DAY.strftime("%y%m%d")
    for index, row in enumerate(raw(folder, CALLS)):
        if row["date"] != stamp or row["outcome"] == "PHANTOM":
            continue
        queued, served = row["q_start"] != "0:00:00", row["ser_start"] != "0:00:00"
        entry: Row = {
            "external_ref": f"call:{index}",
            "place_id": place_id,
            "need": f"call.{row['type'].lower()}",
            "channel": "phone",
        }
        opened = _instant(CALL_DAY, row["q_start"] if queued else row["vru_exit"])
        if row["outcome"] == "AGENT" and served:
            called, ended = _instant(CALL_DAY, row["ser_start"]), _instant(CALL_DAY, row["ser_exit"])
            opened = min(opened, called)
            entry |= {"called_at": called.isoformat(), "served_at": max(ended, called).isoformat()}
        elif row["outcome"] == "HANG" and queued:
            entry["abandoned_at"] = max(_instant(CALL_DAY, row["q_exit"]), opened).isoformat()
        else:
            continue
        yield entry | {"opened_at": opened.isoformat()}


def complaints(folder: Path) -> Iterator[Row]:
    """Every complaint with its own words, as the regulator passed it on."""
    for row in raw(folder, NARRATIVES):
        received = datetime.combine(date.fromisoformat(row["date_received"]), time(12), UTC)
        yield {
            "source": "regulator",
            "source_ref": f"cfpb:{row['complaint_id']}",
            "text": row["narrative"].strip(),
            "language": "en",
            "subject": {"kind": "product", "id": row["product"][:120]},
            "captured_at": received.isoformat(),
        }


def screened(folder: Path) -> list[Mapping[str, str]]:
    """The raw card transactions that the demo screens: the first of the last day, in order of time."""
    day = (row for row in raw(folder, TRANSACTIONS) if row["TX_DATETIME"].startswith(SCREENED_DAY))
    return sorted(day, key=lambda row: (row["TX_DATETIME"], int(row["TRANSACTION_ID"])))[:SCREENED]


def screening(row: Mapping[str, str], customer_id: str) -> Row:
    """A card transaction as a screening of the customer who stands for the card."""
    return {
        "event_id": f"tx:{row['TRANSACTION_ID']}",
        "kind": "transaction",
        "customer_id": customer_id,
        "occurred_at": row["TX_DATETIME"].replace(" ", "T") + "+00:00",
        "amount": {"amount": f"{float(row['TX_AMOUNT']):.2f}", "currency": "EUR"},
        "attributes": {"place": f"terminal:{row['TERMINAL_ID']}", "account": f"card:{row['CUSTOMER_ID']}"},
    }
