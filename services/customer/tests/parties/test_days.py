"""A day is a day where the bank is: birthdays begin at its midnight, and what happened today there is not to come."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import orjson
import pytest

from shared import clock
from shared.testing.service import Service

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
HUMAN = {"kind": "individual", "legal_name": "张伟"}
FIRM = {"kind": "organisation", "legal_name": "Harbour Tea Ltd"}
CARD = {"type": "passport", "issuer": "CN", "value": "E12345678"}


def at_hour(hour: int) -> datetime:
    """That hour of a day soon where the bank is; never a 29 February, on which few are born."""
    day = clock.now().astimezone(ZONE).date() + DAY
    day += DAY * ((day.month, day.day) == (2, 29))
    return datetime(day.year, day.month, day.day, hour, 30, tzinfo=ZONE)


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    scopes = ("customer.customers:write", "customer.customers:read")
    return await service.client(*scopes, actor="client", sub="anna", lifetime=9 * 86_400)


async def register(staff: httpx.AsyncClient, who: dict[str, Any], ref: str = "a", **more: Any) -> httpx.Response:
    return await staff.post("/v1/customers", json=who | {"external_ref": ref} | more)


async def test_a_birthday_begins_at_the_midnight_of_the_bank(service: Service, staff: httpx.AsyncClient) -> None:
    morning = at_hour(6)
    assert morning.astimezone(UTC).date() == morning.date() - DAY, "in UTC it is still yesterday"
    born = {"birth_date": str(morning.date().replace(year=morning.year - 35))}
    with clock.frozen(morning - timedelta(hours=7)) as held:
        made = await register(staff, HUMAN, **born)
        assert made.json()["age_band"] == "25-34", "an hour before midnight"
        held.move(timedelta(hours=7))
        assert (await staff.get(made.headers["location"])).json()["age_band"] == "35-44"
        assert (await register(staff, HUMAN, "b", **born)).json()["age_band"] == "35-44"
        changed = await staff.patch(made.headers["location"], json={"tier": "private"}, headers={"If-Match": '"1"'})
        assert changed.json()["age_band"] == "35-44"
        said = [orjson.loads(record.value)["age_band"] for record in await service.relay()]
    assert sorted(said) == ["25-34", "35-44", "35-44"]


async def test_what_happened_today_where_the_bank_is_lies_in_the_past(staff: httpx.AsyncClient) -> None:
    morning = at_hour(6)
    today = str(morning.date())
    with clock.frozen(morning):
        firm = await register(staff, FIRM, "firm", incorporation_date=today)
        assert firm.status_code == 201, firm.text
        baby = await register(staff, HUMAN, "baby", birth_date=today, identifiers=[CARD | {"issued_on": today}])
        assert (baby.status_code, baby.json()["age_band"]) == (201, "0-17"), baby.text


def _evening() -> tuple[datetime, date]:
    """An evening of the bank, and the day after, which has begun in Kiribati."""
    evening = at_hour(20)
    return evening, evening.date() + DAY


async def test_tomorrow_is_to_come_even_where_it_has_begun_elsewhere(staff: httpx.AsyncClient) -> None:
    evening, tomorrow = _evening()
    day = str(tomorrow)
    with clock.frozen(evening):
        assert clock.latest_day() == tomorrow
        for ref, who, more, at in (
            ("a", HUMAN, {"birth_date": day}, "/birth_date"),
            ("b", FIRM, {"incorporation_date": day}, "/incorporation_date"),
            ("c", HUMAN, {"identifiers": [CARD, CARD | {"value": "E2", "issued_on": day}]}, "/identifiers/1/issued_on"),
        ):
            answer = await register(staff, who, ref, **more)
            assert answer.status_code == 422, answer.text
            assert [one["pointer"] for one in answer.json()["errors"]] == [at]
            assert (await register(staff, who, ref)).status_code == 201, "a refused one leaves nothing in its way"


async def test_no_change_of_a_record_names_a_day_to_come(staff: httpx.AsyncClient) -> None:
    evening, tomorrow = _evening()
    with clock.frozen(evening):
        who = (await register(staff, HUMAN, identifiers=[CARD])).json()
        where, head = f"/v1/customers/{who['id']}", {"If-Match": '"1"'}
        cards = f"{where}/identifiers"
        dated = {"issued_on": str(tomorrow)}
        answers = [
            await staff.patch(where, json={"birth_date": str(tomorrow)}, headers=head),
            await staff.post(cards, json=CARD | {"value": "E2"} | dated),
            await staff.patch(f"{cards}/{who['identifiers'][0]['id']}", json=dated, headers=head),
        ]
        assert [one.status_code for one in answers] == [422, 422, 422], [one.text for one in answers]
        assert (await staff.get(where)).json() == who
        assert (await staff.patch(where, json={"birth_date": str(evening.date())}, headers=head)).status_code == 200
