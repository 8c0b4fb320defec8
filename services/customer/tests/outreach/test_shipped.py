"""The texts that come with the service: whole, truthful about their basis, short, and adopted when somebody asks for them."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from opencc import OpenCC

from customer.outreach.consumers import USUAL
from customer.outreach.domain.messages import Category
from customer.outreach.domain.templates import rendered, shown
from customer.outreach.schemas import LANGUAGES, ShippedTemplate
from customer.outreach.timers import Courier
from customer.outreach.usecases import shipped
from shared import clock
from shared.testing.service import Service

FOLDER = Path(__file__).parents[2]
PAGE = FOLDER.parents[1] / "docs" / "message-templates.md"
PURPOSES = {
    one["code"]: one
    for one in json.loads((FOLDER / "src/customer/consents/data/purposes_2026_11.json").read_text(encoding="utf-8"))
}
CONSENT = "6(1)(a)"
# Four text messages of the longest kind, in which a letter takes two bytes: 67 each.
LONGEST = 4 * 67
TO_SIMPLIFIED, TO_TRADITIONAL = OpenCC("t2s"), OpenCC("s2tw")
EXAMPLES: dict[str, Any] = {"minutes": 15, "place": "Central Branch", "other_place": "Harbour Branch"}
every = pytest.mark.parametrize("text", shipped().values(), ids=lambda one: one.key)


def filled(text: ShippedTemplate, language: str) -> str:
    """The text as somebody would get it."""
    said = {one: EXAMPLES.get(one, "0F3A-77") for one in text.fields()}
    said |= {one: "2026-11-27T10:00:00+08:00" for one in said if one.endswith("_at")}
    said |= {one: "2026-11-27" for one in said if one.endswith("_on")}
    data = {"name": "王芳"} | shown(said, language, ZoneInfo("Asia/Shanghai"))
    return rendered(text.texts[language].body, data)


@every
def test_a_shipped_text_rests_on_what_its_kind_rests_on(text: ShippedTemplate) -> None:
    bases = {PURPOSES[one]["gdpr_basis"] for one in text.purposes}
    if text.category in {Category.SALES, Category.SURVEY}:
        assert bases == {CONSENT}, "what nobody needs is sent to who agreed"
    else:
        assert CONSENT not in bases, "what belongs to the service, or is a duty, waits for no consent"


@every
def test_a_shipped_text_is_short_and_whole_in_every_language(text: ShippedTemplate) -> None:
    assert set(text.texts) == set(LANGUAGES)
    for language in LANGUAGES:
        body = filled(text, language)
        assert "{" not in body
        assert len(body) <= (LONGEST if language == "en" else LONGEST // 2)
        assert text.texts[language].subject


@every
def test_a_shipped_text_is_written_in_the_script_it_says(text: ShippedTemplate) -> None:
    simplified, traditional = (text.texts[one].body for one in ("zh-Hans", "zh-Hant"))
    assert TO_SIMPLIFIED.convert(simplified) == simplified
    assert TO_TRADITIONAL.convert(traditional) == traditional
    assert TO_TRADITIONAL.convert(simplified) != simplified


@every
def test_a_shipped_text_tells_nobody_s_data_and_asks_for_none(text: ShippedTemplate) -> None:
    assert not {"amount", "balance", "account", "phone", "address"} & set(text.fields())
    if Category.SERVICE is text.category and "fraud_prevention" in text.purposes:
        assert text.delicate


def test_every_asker_has_texts_for_its_usual_purpose_or_with_one_only() -> None:
    for type_, (purpose, _) in USUAL.items():
        theirs = [one for one in shipped().values() if one.asked_by == type_]
        assert theirs, type_
        assert all(purpose in one.purposes or len(one.purposes) == 1 for one in theirs)
    for one in shipped().values():
        assert one.asked_by in USUAL or one.asked_by.startswith("POST /v1/")


def test_the_page_lists_the_texts_as_they_are() -> None:
    rows = [
        f"| `{one.key}` | {one.category} | {', '.join(one.purposes)} | {', '.join(f'`{place}`' for place in one.fields())} |"
        for one in shipped().values()
    ]
    said = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert sorted(said) == sorted(rows)


@pytest.mark.parametrize(
    ("language", "instant", "day"),
    [
        ("en", "Friday, November 27, 2026 10:00 AM", "November 27, 2026"),
        ("zh-Hans", "2026年11月27日星期五 10:00", "2026年11月27日"),
        ("zh-Hant", "2026年11月27日 星期五 上午10:00", "2026年11月27日"),
        ("xx", "2026-11-27T02:00:00Z", "2026-11-27"),
    ],
)
def test_times_are_shown_as_the_language_writes_them(language: str, instant: str, day: str) -> None:
    data = {"starts_at": "2026-11-27T02:00:00Z", "closes_on": "2026-11-27", "cat": "2026-11-27", "at": 1}
    told = shown(data, language, ZoneInfo("Asia/Shanghai"))
    assert told == {"starts_at": instant, "closes_on": day, "cat": "2026-11-27", "at": 1}


async def test_a_time_that_is_none_is_refused(staff: Any, register: Any, template: Any) -> None:
    wording = {"subject": "s", "body": "{{ starts_at }} {{ closes_on }}"}
    made = template("timed", texts=dict.fromkeys(LANGUAGES, wording))
    assert (await staff.post("/v1/message-templates", json=made)).status_code == 201
    wish = {"customer_id": await register(), "template": "timed", "purpose": "servicing", "external_ref": "t"}
    good = {"starts_at": "2026-11-27T10:00:00Z", "closes_on": "2026-11-30"}
    bad = [("starts_at", one) for one in ("tomorrow", "2026-11-27T10:00:00", "9999-12-32T00:00:00Z", 7, True)]
    for place, value in [*bad, ("closes_on", "2026-11-31"), ("closes_on", "")]:
        answer = await staff.post("/v1/messages", json=wish | {"data": good | {place: value}})
        assert answer.status_code == 422
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(f"/data/{place}", "not-a-time")]


async def test_a_shipped_text_is_adopted_once_however_many_ask_first(
    service: Service, staff: Any, register: Any, courier: Courier, mailbox: Any
) -> None:
    noon = datetime.now(UTC).replace(hour=4, minute=0)
    body: dict[str, Any] = {"template": "appointment_reminder", "purpose": "servicing"}
    body |= {"data": {"place": "Central", "starts_at": "2026-11-27T02:00:00Z"}, "channels": ["email"]}
    with clock.frozen(noon):
        people = [await register(f"p{one}", languages=["en"]) for one in range(6)]
        wishes = [body | {"customer_id": who, "external_ref": who} for who in people]
        answers = await asyncio.gather(*(staff.post("/v1/messages", json=wish) for wish in wishes))
        assert [one.status_code for one in answers] == [201] * 6
        await courier.once()
    kept = (await staff.get("/v1/message-templates/appointment_reminder")).json()
    assert [(one["version"], one["created_by"]) for one in kept] == [(1, "customer-courier")]
    assert len(mailbox.letters) == 6
    assert "at Central: Friday, November 27, 2026 10:00 AM." in mailbox.letters[0].get_content()


async def test_the_bank_s_own_text_of_a_key_stands_before_ours(staff: Any, register: Any, template: Any) -> None:
    assert (await staff.post("/v1/message-templates", json=template("ticket_soon"))).status_code == 201
    wish = {"customer_id": await register(), "template": "ticket_soon", "purpose": "servicing", "external_ref": "t"}
    assert (await staff.post("/v1/messages", json=wish | {"data": {"number": 7}})).status_code == 201
    (kept,) = (await staff.get("/v1/message-templates/ticket_soon")).json()
    assert kept["created_by"] == "anna"
