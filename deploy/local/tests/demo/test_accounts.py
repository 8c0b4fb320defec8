"""The accounts' files as interactions: on a small made sample through the front door, features as the files say."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from customer.main import app
from customer.settings import Settings
from customer.worker import work
from cxbank_client.customer.client import Customer
from cxbank_client.rows import ndjson
from cxbank_local.demo import accounts
from cxbank_local.demo.behaviour import Expected, compared, expected
from cxbank_local.state import CHECKOUT
from shared.testing.service import running
from shared.testing.tokens import Issuer

SCOPES = (
    "customer.interactions:write",
    "customer.interactions:read",
    "customer.profiles:read",
    "customer.customers:read",
)
# Two owners and somebody who may only sign; the day of three bookings stands in an order that cannot be.
FILES = {
    "account": "account_id,district_id,frequency,date\n7,1,X,930101\n8,1,X,930315\n",
    "disp": "disp_id,client_id,account_id,type\n1,11,7,OWNER\n2,12,7,DISPONENT\n3,13,8,OWNER\n",
    "card": "card_id,disp_id,type,issued\n5,1,classic,940107 00:00:00\n",
    "loan": "loan_id,account_id,date,amount,duration,payments,status\n6,8,930705,96396,12,8033.00,B\n",
    "transactions": "trans_id,account_id,date,type,operation,amount,balance,k_symbol,bank,partner_account\n"
    "1,7,1993-01-01,credit,credit_in_cash,900.00,900.00,,,\n"
    "4,7,1994-02-28,withdrawal,withdrawal_in_cash,14.60,1085.50,payment_for_statement,,\n"
    "2,7,1994-02-28,credit,collection_from_other_bank,250.00,1150.00,,AB,1\n"
    "3,7,1994-02-28,withdrawal,remittance_to_other_bank,49.90,1100.10,household,YZ,2\n"
    "5,8,1994-03-01,credit,,3.50,-20.00,interest_credited,,\n"
    "9,8,1994-07-01,withdrawal_cash,withdrawal_in_cash,1.00,-21.00,,,\n",
}
AT = datetime(1994, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "accounts").mkdir()
    for name, text in FILES.items():
        (tmp_path / "accounts" / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    return tmp_path


def test_a_days_bookings_are_put_in_the_order_their_balances_tell(folder: Path) -> None:
    order = [(place, row["trans_id"]) for account, place, row in accounts.transactions(folder) if account == "7"]
    assert order == [(0, "1"), (0, "2"), (1, "3"), (2, "4")]


def test_what_the_bank_booked_is_the_banks_and_how_a_loan_ended_is_not_told(folder: Path) -> None:
    made = {row["event_id"]: row for row in accounts.interactions(folder)}
    assert made["accounts:4"]["initiated_by"] == made["accounts:5"]["initiated_by"] == "bank"
    assert (made["accounts:3"]["category"], made["accounts:2"]["category"]) == ("household", "income")
    assert "channel" not in made["accounts:4"]
    loan, card = made["accounts:loan:6"], made["accounts:card:5"]
    assert loan == loan | {"product": "loan", "occurred_at": "1993-07-05T12:00:00Z"}
    assert card["customer_id"] == made["accounts:account:7"]["customer_id"] == str(accounts.customer_of("11"))
    assert '"B"' not in repr(loan)


def test_copies_are_other_customers_other_events_and_the_same_for_the_same_seed(folder: Path) -> None:
    first, again = (list(accounts.synthetic(folder, 17, seed)) for seed in (1, 1))
    assert first == again
    assert len({row["event_id"] for row in first}) == 17
    real = {row["event_id"] for row in accounts.interactions(folder)}
    assert real.isdisjoint(row["event_id"] for row in first)
    assert first != list(accounts.synthetic(folder, 17, 2))


async def test_the_front_door_tells_the_features_the_files_hold_whoever_brings_them_twice(
    folder: Path, database_for: Callable[[Path], str], issuer: Issuer
) -> None:
    url = database_for(CHECKOUT / "services" / "customer")
    async with running(url, settings=Settings, app=app, work=work, issuer=issuer) as service:
        token = issuer.token("customer", SCOPES, actor="staff", sub="demo")
        http = await service.client(*SCOPES, actor="staff", sub="demo")
        for created in (10, 0):
            content = b"".join([piece async for piece in ndjson(list(accounts.interactions(folder)))])
            head = {"content-type": "application/x-ndjson"}
            taken = await http.post("/v1/interactions/imports", content=content, headers=head)
            await service.run_jobs()
            job = (await http.get(taken.headers["location"])).json()
            assert (job["created"], job["rejected"]) == (created, 0)
        async with Customer("http://test", token, transport=httpx.ASGITransport(service.app)) as customer:
            wanted = list(expected(folder, AT))
            assert [one.values["balance"] for one in wanted] == [108_550, -2_000]
            assert await compared(customer, wanted, AT) == []
            lies = [Expected(one.customer, {**one.values, "balance": 1}) for one in wanted]
            assert len(await compared(customer, lies, AT)) == 2
