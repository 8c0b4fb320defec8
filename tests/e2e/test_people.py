"""Two stories of people over ten processes: merged by mistake, and forgotten as far as the law allows."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from cxbank_local.state import SERVICES
from shared import clock
from shared.testing.clear import unsealed

pytestmark = pytest.mark.slow

_PATIENCE: Final = 60.0
_FEATURES: Final = ("acts_30d", "count_login_30d", "digital_share_90d")


def made(answer: httpx.Response) -> str:
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def told(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def soon(look: Callable[[], Any], want: Any) -> None:
    """Wait until something that follows from an event is as it should be; a segment is told within seconds."""
    end = time.monotonic() + _PATIENCE
    while (found := look()) != want and time.monotonic() < end:
        time.sleep(0.25)
    assert found == want


# ---- Story 6: merged by mistake


class Family:
    """Three records: who is restricted and busy, who shares a phone with them, and somebody like the second, never linked."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage
        self.mark = uuid4().hex[:8]
        self.at = clock.now() - timedelta(seconds=1)
        phone = {"kind": "phone", "value": "+8613900000017"}
        self.busy, self.second, self.control = (
            made(self.ask("customer", "/v1/customers", self.person(number, phone))) for number in range(3)
        )
        self.places = {
            who: made(
                self.ask("channel-router", "/v1/places", {"kind": "branch", "external_ref": f"{self.mark}-{who}"})
            )
            for who in (self.second, self.control)
        }
        rule = {
            "key": f"busy_{self.mark}",
            "rule": "count_login(30) >= 3",
            "names": {"en": "Busy", "zh-Hans": "常来", "zh-Hant": "常來"},
        }
        self.segment = made(self.ask("customer", "/v1/segments", rule))
        told(stage.ask("customer", "POST", "/v1/services/presets"))
        for who, logins in ((self.busy, 3), (self.second, 1), (self.control, 1)):
            for number in range(logins):
                self.login(who, number)

    def person(self, number: int, phone: dict[str, str]) -> dict[str, Any]:
        body = {"kind": "individual", "legal_name": f"王{number}", "external_ref": f"{self.mark}-{number}"}
        tier = {"tier_hint": "private" if number == 0 else "mass"}
        return body | tier | ({"contact_points": [phone]} if number < 2 else {})

    def ask(self, service: str, path: str, body: dict[str, Any]) -> httpx.Response:
        answer: httpx.Response = self.stage.ask(service, "POST", path, json=body)
        return answer

    def read(self, service: str, path: str, **query: Any) -> Any:
        return told(self.stage.ask(service, "GET", path, params=query))

    def login(self, who: str, number: int) -> None:
        body = {"event_id": f"{self.mark}-{who}-{number}", "customer_id": who, "kind": "login", "channel": "app"}
        made(self.ask("customer", "/v1/interactions", body | {"occurred_at": self.moment(number)}))

    def moment(self, number: int = 0) -> str:
        return (self.at - timedelta(minutes=number)).isoformat()

    def screen(self, who: str, device: str = "own") -> Any:
        body = {"event_id": uuid4().hex, "kind": "transaction", "customer_id": who, "occurred_at": self.moment()}
        answer = self.ask("risk", "/v1/screenings", body | {"attributes": {"device": f"{self.mark}-{device}-{who}"}})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def restrict(self) -> str:
        """Ten events within a minute at a device that three customers share: declined."""
        at_device = {"attributes": {"device": f"{self.mark}-till"}}
        for who in (str(uuid4()), str(uuid4()), *([self.busy] * 10)):
            body = {"event_id": uuid4().hex, "kind": "transaction", "customer_id": who, "occurred_at": self.moment()}
            answer = self.ask("risk", "/v1/screenings", body | at_device)
        ((standing),) = answer.json()["restrictions"]
        return str(standing["id"])

    def draw(self) -> str:
        """A ticket of the second, and one of the control at a place of their own."""
        drawn = {}
        for who, place in self.places.items():
            ticket = {"place_id": place, "need": "cash", "customer_id": who, "external_ref": uuid4().hex}
            drawn[who] = made(self.ask("channel-router", "/v1/tickets", ticket))
        return drawn[self.second]

    def profile(self, who: str) -> dict[str, Any]:
        features = self.read("customer", f"/v1/customers/{who}/profile", features=list(_FEATURES))["features"]
        return {name: features[name]["value"] for name in _FEATURES}

    def in_segment(self, who: str) -> bool:
        items = self.read("customer", f"/v1/customers/{who}/segments")["items"]
        return self.segment in {one["segment_id"] for one in items}

    def called_back(self, who: str) -> bool:
        """Whether a call back is offered on the phone, which no restriction bars: to whoever told the bank something."""
        told = self.read("customer", f"/v1/customers/{who}/next-best-services", channel="phone", limit=20)
        return "call_back" in {one["service"] for one in told["items"]}

    def registered(self) -> int:
        day = datetime.now(UTC).date()
        period = {"from": (day - timedelta(days=3)).isoformat(), "to": (day + timedelta(days=3)).isoformat()}
        items = self.read("kpi", "/v1/figures", metric="customers_registered", **period)["items"]
        return sum(one["numerator"] for one in items)


def test_merged_by_mistake_and_parted_again_in_every_service(stage: Any) -> None:
    start = clock.new_id()
    family = Family(stage)
    standing = family.restrict()
    words = {"source": "app", "source_ref": family.mark, "text": "谢谢", "customer_id": family.busy}
    made(family.ask("feedback", "/v1/feedback", words))
    drawn = [family.draw()]
    stage.settle(start)
    soon(lambda: [family.in_segment(one) for one in (family.busy, family.second)], [True, False])
    before, alone = family.registered(), family.profile(family.second)
    assert [family.called_back(one) for one in (family.busy, family.second)] == [True, False]

    start = clock.new_id()
    link = {
        "members": [family.busy, family.second],
        "leader": family.busy,
        "reason": "same_person",
        "evidence": [{"kind": "shared_contact_point", "reference": "phone"}],
    }
    weak = family.ask("customer", "/v1/identity-links", link | {"external_ref": f"{family.mark}-weak"})
    assert weak.status_code == 422, weak.text
    link |= {"evidence": [{"kind": "identity_document", "reference": "desk/7"}], "external_ref": family.mark}
    answer = family.ask("customer", "/v1/identity-links", link)
    linked = made(answer)
    stage.settle(start)
    start = clock.new_id()
    # They are one now: profile, segments, offers, screening, the queue, feedback and figures all say so.
    assert family.profile(family.second) == family.profile(family.busy) != alone
    soon(lambda: family.in_segment(family.second), want=True)
    meanwhile = family.screen(family.second)
    assert [one["id"] for one in meanwhile["restrictions"]] == [standing]
    assert meanwhile["outcome"] != "allow"
    drawn.append(family.draw())
    listed = family.read("feedback", "/v1/feedback", customer_id=family.second)["items"]
    assert [one["customer_id"] for one in listed] == [family.busy]
    assert family.registered() == before - 1
    assert family.called_back(family.second)

    # Told apart again: all of it is what it would have been, as it is for the one who was never linked.
    parted = stage.ask(
        "customer", "DELETE", f"/v1/identity-links/{linked}", headers={"If-Match": answer.headers["etag"]}
    )
    assert parted.status_code == 200, parted.text
    family.screen(family.control)
    stage.settle(start)
    soon(lambda: family.in_segment(family.second), want=False)
    assert family.in_segment(family.busy)
    assert family.profile(family.second) == family.profile(family.control)
    assert family.registered() == before
    assert [family.called_back(one) for one in (family.busy, family.second)] == [True, False]
    later = [family.screen(one) for one in (family.second, family.control)]
    assert [(one["outcome"], one["restrictions"]) for one in later] == [("allow", [])] * 2
    assert family.read("feedback", "/v1/feedback", customer_id=family.second)["items"] == []
    drawn.append(family.draw())
    positions = [family.read("channel-router", f"/v1/tickets/{one}")["position"] for one in drawn]
    assert positions == [2, 1, 3]

    # What was decided meanwhile stands, and is listed for a person.
    assert family.read("risk", f"/v1/screenings/{meanwhile['id']}")["outcome"] == meanwhile["outcome"]
    listed = family.read("customer", "/v1/merge-reviews", identity_link_id=linked)["items"]
    assert {(one["kind"], one["subject"], one["state"]) for one in listed} == {
        ("screened", family.second, "open"),
        ("offers.decide", family.second, "open"),
    }
    assert [one["resource_id"] for one in listed if one["service"] == "risk"] == [meanwhile["id"]]


# ---- Story 5: forget me

NAME: Final = "司徒 Quixote-Wolkenstein"
WORDS: Final = tuple(
    f"Meine Karte {number}{'x' * 9} wurde eingezogen, Filiale Zwickmühle {number * 7_919}." for number in range(12)
)
PHONES: Final = tuple(f"+43664555{number:04d}1" for number in range(8))
MAILS: Final = tuple(f"quixote.{number}.wolkenstein@example.com" for number in range(8))
ACCOUNTS: Final = tuple(f"AT61190430023457{number:04d}" for number in range(7))
PAPERS: Final = tuple(f"OEQX1984030{number}Z" for number in range(4))
# What a duty makes customer and risk keep, under seal; the words are nobody's to keep.
KEPT: Final = (NAME, *(one.lstrip("+") for one in PHONES), *MAILS, *PAPERS, *ACCOUNTS)


def known_to_all(stage: Any) -> str:
    """A customer whose relation runs, with forty values over all five services."""
    points = [{"kind": "phone", "value": one} for one in PHONES] + [{"kind": "email", "value": one} for one in MAILS]
    body = {"kind": "individual", "legal_name": NAME, "contact_points": points, "external_ref": "story-5"}
    papers = [{"type": "national_id", "issuer": f"A{place}", "value": one} for place, one in enumerate(PAPERS)]
    who = made(stage.ask("customer", "POST", "/v1/customers", json=body | {"identifiers": papers}))
    path = f"/v1/customers/{who}"
    active = stage.ask("customer", "PATCH", path, json={"state": "active"}, headers={"If-Match": '"1"'})
    assert active.status_code == 200, active.text
    for place, text in enumerate(WORDS):
        said = {"source": "app", "source_ref": f"story-5-{place}", "text": text, "customer_id": who}
        made(stage.ask("feedback", "POST", "/v1/feedback", json=said))
    for place, account in enumerate(ACCOUNTS):
        event = {"event_id": f"story-5-{place}", "kind": "transaction", "customer_id": who}
        spent = {"occurred_at": clock.now().isoformat(), "amount": {"amount": "9.90", "currency": "EUR"}}
        seen = event | spent | {"attributes": {"account": account}}
        made(stage.ask("risk", "POST", "/v1/screenings", json=seen))
    desk = {"kind": "branch", "zone": "UTC", "external_ref": "story-5"}
    branch = made(stage.ask("channel-router", "POST", "/v1/places", json=desk))
    ticket = {"place_id": branch, "need": "cash", "customer_id": who, "external_ref": "story-5"}
    made(stage.ask("channel-router", "POST", "/v1/tickets", json=ticket))
    return who


def request(stage: Any, who: str, right: str, reference: str) -> str:
    body = {"customer_id": who, "kind": right, "identity_method": "passport", "external_ref": reference}
    return made(stage.ask("customer", "POST", "/v1/privacy-requests", json=body))


def exported(stage: Any, who: str, reference: str) -> bytes:
    """Everything all five services hand over of somebody."""
    asked = request(stage, who, "access", reference)
    path = f"/v1/privacy-requests/{asked}"
    soon(lambda: told(stage.ask("customer", "GET", path))["state"], "completed")
    bundle = stage.ask("customer", "GET", f"{path}/bundle")
    assert bundle.status_code == 200, bundle.text
    return bytes(bundle.content)


def test_forget_me_is_refused_in_part_done_in_the_rest_and_certified(stage: Any) -> None:
    everything = (*KEPT, *WORDS)
    assert len(everything) == 40
    start = clock.new_id()
    who = known_to_all(stage)
    stage.settle(start)
    # The search knows what it looks for: the bundle of before has the words, and says them in the clear.
    assert set(unsealed(exported(stage, who, "before"), everything)) >= {NAME, *WORDS}

    start = clock.new_id()
    asked = request(stage, who, "erasure", "forget-me")
    stage.settle(start)
    path = f"/v1/privacy-requests/{asked}"
    soon(lambda: told(stage.ask("customer", "GET", path))["state"], "partly_refused")
    certificate = told(stage.ask("customer", "GET", f"{path}/certificate"))
    lines = {one["service"]: one for one in certificate["services"]}
    assert list(lines) == list(SERVICES)
    assert all(one["confirmed_at"] for one in lines.values())
    rules = {service: [rule["rule"] for rule in one["stays_by"]] for service, one in lines.items()}
    assert rules == {one: ["aml-records-cn"] if one in {"customer", "risk"} else [] for one in SERVICES}
    assert lines["channel-router"]["removed"]["ticket"] == 1
    assert lines["kpi"]["removed"]["fact"] >= 20
    assert lines["feedback"]["left"]["feedback"] == 12
    assert lines["risk"]["removed"] == {}
    assert lines["risk"]["left"]["screening"] == 7
    assert certificate["backups_gone_at"] > certificate["answered_at"]

    for service in SERVICES:
        held = stage.sql(service, f"SELECT wrapped IS NOT NULL FROM subject_key WHERE subject_id = '{who}'")
        assert [row[0] for row in held] == ([True] if service in {"customer", "risk"} else [False]), service
        assert unsealed(stage.dumped(service), everything) == [], service
    assert unsealed(stage.topics() + stage.logs(), everything) == []
    # What is handed over from now on is what the law keeps; the words, the ticket and the figures are nobody's any more.
    after = exported(stage, who, "after")
    assert unsealed(after, WORDS) == []
    assert {json.loads(line)["service"] for line in after.splitlines()} == {"customer", "risk"}
    still = stage.ask("customer", "GET", f"/v1/customers/{who}", actor="client")
    assert told(still)["legal_name"] == NAME
    ran = stage.command("audit", "verify")
    assert ran.returncode == 0, ran.stdout
