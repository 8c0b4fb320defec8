"""What is masked, what a view leaves out, when an authorisation holds, and what a customer's own log keeps quiet."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.disclosure.domain import (
    CHOSEN,
    SHOWN,
    Grant,
    GrantState,
    Sensitive,
    Shape,
    mask_contact,
    mask_identifier,
    mask_name,
    tells,
)
from customer.parties.schemas import Customer

START = datetime(2026, 11, 25, tzinfo=UTC)
# What says nothing of a person by itself. A field that stands neither here nor among the chosen ones has no mask yet.
OPEN_TO_ALL = {"id", "version", "kind", "state", "tier", "created_at", "updated_at", "masked", "withheld", "leader_id"}


def test_every_field_of_a_customer_is_either_open_to_all_or_masked_and_chosen() -> None:
    assert set(Customer.model_fields) <= OPEN_TO_ALL | CHOSEN
    assert {one.value for one in Sensitive} <= CHOSEN
    assert set(SHOWN) == set(Shape)
    assert all(shown < CHOSEN for shown in SHOWN.values())


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("张伟", "张***"),
        ("欧阳娜娜", "欧***"),
        ("Anna Maria Smith", "A*** M*** S***"),
        ("Madonna", "M***"),
        ("x", "x***"),
    ],
)
def test_a_name_keeps_first_letters_and_hides_its_length(text: str, mask: str) -> None:
    assert mask_name(text) == mask


@pytest.mark.parametrize(
    ("kind", "text", "mask"),
    [
        ("phone", "+8613800001234", "***1234"),
        ("phone", "+4912345", "***"),
        ("email", "li.na@example.com", "l***@example.com"),
        ("wechat", "lina1990", "***"),
        ("postal", "1 Nanjing Road", "***"),
    ],
)
def test_a_contact_point_keeps_what_a_customer_can_be_asked_for(kind: str, text: str, mask: str) -> None:
    assert mask_contact(kind, text) == mask


@settings(max_examples=200, deadline=None)
@given(st.from_regex(r"[A-Z0-9]{1,24}", fullmatch=True))
def test_a_masked_identifier_shows_less_than_half(text: str) -> None:
    shown = mask_identifier(text).removeprefix("***")
    assert text.endswith(shown)
    assert len(shown) * 2 < len(text) or not shown


def grant(**other: object) -> Grant:
    told = {
        "id": UUID(int=1),
        "reader": "anna",
        "purpose": "servicing",
        "fields": frozenset({"legal_name"}),
        "change": False,
        "confirm_before": START + timedelta(minutes=10),
        "attempts": 0,
        "confirmed_at": None,
        "expires_at": None,
        "revoked_at": None,
    }
    return Grant(**(told | other))  # type: ignore[arg-type]  # the defaults above have the right types


def test_an_authorisation_ends_at_the_very_instant_it_says() -> None:
    end = START + timedelta(minutes=15)
    active = grant(confirmed_at=START, expires_at=end)
    assert active.state(end - timedelta(microseconds=1), 5) is GrantState.ACTIVE
    assert active.state(end, 5) is GrantState.EXPIRED
    assert grant(confirmed_at=START, expires_at=end, revoked_at=START).state(START, 5) is GrantState.REVOKED
    assert grant().state(START + timedelta(minutes=10), 5) is GrantState.EXPIRED
    assert grant(attempts=5).state(START, 5) is GrantState.LOCKED
    assert grant(attempts=4).state(START, 5) is GrantState.REQUESTED


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"actor": "staff", "sub": "anna", "detail": {"purpose": "servicing"}}, True),
        ({"actor": "staff", "sub": "anna", "detail": {}}, True),
        ({"actor": "staff", "sub": "anna", "detail": {"view": "risk"}}, False),
        ({"actor": "staff", "sub": "anna", "detail": {"purpose": "advice,fraud_inquiry"}}, False),
        ({"actor": "staff", "sub": "anna", "detail": {"purpose": "money_at_risk", "glass": True}}, False),
        ({"actor": "service", "sub": "risk", "detail": None}, False),
        ({"actor": "service", "sub": "feedback", "detail": None}, True),
        ({"actor": "customer", "sub": "risk", "detail": {}}, True),
    ],
)
def test_a_customers_log_is_quiet_about_what_would_tip_them_off(entry: dict[str, object], *, told: bool) -> None:
    assert tells(entry) is told
