"""What one service says, every service that hears it can read; nothing delicate travels."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cxbank_local.contracts.breaking import resolve
from cxbank_local.contracts.documents import SERVICES, asyncapi, event_schema, heard, said

# What never travels in an event (`common.md`, Events), and what a log or a topic would keep for ever.
DELICATE = re.compile(
    r"(^|_)(name|legal_name|email|phone|mobile|address|contact_point|text|comment|note|secret|password|token|otp"
    r"|birth_date|identifier_value|card_number|account_number|reason_text|risk_level)$"
)
EXTERNAL = "cxbank.external."
# The suite's contract names these, and a listener stands ready; whoever begins to say one takes it out here.
AWAITED = {
    *(f"cxbank.channel-router.appointment_{one}.v1" for one in ("booked", "moved", "cancelled", "kept", "missed")),
    "cxbank.channel-router.journey_handed_off.v1",
    "cxbank.channel-router.journey_step_done.v1",
    "cxbank.channel-router.ticket_transferred.v1",
    "cxbank.channel-router.decision_made.v1",
    "cxbank.channel-router.journey_abandoned.v1",
    "cxbank.channel-router.journey_finished.v1",
    "cxbank.channel-router.journey_started.v1",
    "cxbank.channel-router.override_made.v1",
    "cxbank.channel-router.reminder_due.v1",
    "cxbank.feedback.case_changed.v1",
    "cxbank.feedback.case_closed.v1",
    "cxbank.feedback.case_opened.v1",
    "cxbank.feedback.notice_due.v1",
    "cxbank.feedback.survey_answered.v1",
    "cxbank.feedback.survey_invitation_due.v1",
    "cxbank.risk.customer_level_changed.v1",
    "cxbank.risk.customer_notice_due.v1",
}


def example(schema: Mapping[str, Any], document: Mapping[str, Any], *, whole: bool) -> Any:
    """A value that fits a schema: everything it may hold, or only what it must."""
    schema = resolve(schema, document)
    if "const" in schema or "enum" in schema:
        return schema.get("const", next(iter(schema.get("enum", [None]))))
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if alternatives:
        empty = [one for one in alternatives if one.get("type") == "null"]
        filled = [one for one in alternatives if one.get("type") != "null"]
        return example((filled if whole or not empty else empty)[0], document, whole=whole)
    if schema.get("type") == "object":
        names = schema.get("properties", {}) if whole else schema.get("required", ())
        return {name: example(schema["properties"][name], document, whole=whole) for name in names}
    if schema.get("type") == "array":
        return [example(schema.get("items", {}), document, whole=whole)] if whole else []
    return _scalar(schema)


def _scalar(schema: Mapping[str, Any]) -> Any:
    formats = {
        "uuid": "01936e00-0000-7000-8000-000000000001",
        "date-time": "2026-11-24T08:00:00Z",
        "date": "2026-11-24",
    }
    texts = {"string": formats.get(str(schema.get("format")), "12.50" if "pattern" in schema else "x")}
    return {"integer": 1, "number": 1.5, "boolean": True, "null": None, **texts}.get(str(schema.get("type")))


def pairs() -> list[Any]:
    """Every (listener, event type) between our own services."""
    return [
        pytest.param(listener, name, id=f"{listener} hears {name}")
        for listener in SERVICES
        for name in heard(listener)
        if not name.startswith(EXTERNAL) and name not in AWAITED
    ]


def test_what_is_awaited_is_listened_for_and_not_said_yet() -> None:
    said_by_now = {name for service in SERVICES for name in said(service)}
    listened_for = {name for service in SERVICES for name in heard(service)}
    assert AWAITED & said_by_now == set()
    assert listened_for >= AWAITED


@pytest.mark.parametrize(("listener", "name"), pairs())
def test_what_is_said_can_be_heard(listener: str, name: str) -> None:
    sayer = name.split(".")[1]
    spoken = said(sayer)
    assert name in spoken, f"{sayer} never says {name}"
    schema = event_schema(name, spoken[name])
    for model in heard(listener)[name]:
        for whole in (True, False):
            model.model_validate(example(schema, schema, whole=whole))


@pytest.mark.parametrize(("listener", "name"), pairs())
def test_a_listener_needs_nothing_that_may_be_missing(listener: str, name: str) -> None:
    schema = event_schema(name, said(name.split(".")[1])[name])
    fields = [field for model in heard(listener)[name] for field in model.model_fields.items()]
    needed = {field.alias or key for key, field in fields if field.is_required()}
    assert needed <= set(schema.get("required", ())), f"{listener} needs what {name} may leave out"


@pytest.mark.parametrize("service", SERVICES)
def test_every_event_is_named_as_the_house_names_events(service: str) -> None:
    names = set(said(service))
    assert names
    assert all(re.fullmatch(rf"cxbank\.{service}\.[a-z]+(_[a-z]+)*\.v[1-9]", name) for name in names)


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_delicate_travels_in_an_event(service: str) -> None:
    faults = []
    for name, model in said(service).items():
        schema = event_schema(name, model)
        for part in [schema, *schema.get("$defs", {}).values()]:
            faults += [f"{name}: {field}" for field in part.get("properties", {}) if DELICATE.search(field)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("service", SERVICES)
def test_the_asyncapi_document_holds_together(service: str) -> None:
    """Every reference leads somewhere, and what is sent goes to the service's own topic only."""
    document = asyncapi(service)

    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    for reference in references(document):
        resolve({"$ref": reference}, document)
    sent = [one["channel"]["$ref"] for one in document["operations"].values() if one["action"] == "send"]
    assert [resolve({"$ref": one}, document)["address"] for one in sent] == [f"cxbank.{service}.events"]
