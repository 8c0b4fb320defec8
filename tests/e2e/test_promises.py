"""What the suite promises to whoever is in it, once the demo has filled it: nobody in the clear, nobody back, all on record."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from cxbank_local.administration import Service
from cxbank_local.demo.people import Person, person
from cxbank_local.state import SERVICES
from shared import clock
from shared.events.bus import Message
from shared.events.envelope import CONTENT_TYPE
from shared.events.kafka import KafkaBus
from shared.testing.clear import unsealed
from shared.worker import topic_of

pytestmark = pytest.mark.slow

# Whoever is to be forgotten: known to all five services.
SOMEONE = Person("欧阳 Quintanilla-Österreicher", "+4366412345678", "quintanilla.oe@example.com", "OEAT19840301X")
WORDS = f"Bitte rufen Sie {SOMEONE.phone} an, oder schreiben Sie {SOMEONE.email}."


def values(one: Person) -> tuple[str, ...]:
    return (one.legal_name, one.phone.lstrip("+"), one.national_id)


def twenty() -> list[Person]:
    """Twenty of the demo's customers whose names are long enough that no chance could spell them.

    The demo's visitors have the phones of its first forty.
    """
    found: list[Person] = []
    row = 100
    while len(found) < 20:
        if len(person(row).legal_name.encode()) >= 9:
            found.append(person(row))
        row += 1
    return found


def test_the_search_would_find_them(stage: Any) -> None:
    """Planted in a table, in clear, in hex and in base64, they are found in the dump."""
    name, phone, number = values(twenty()[0])
    stage.sql(
        "kpi",
        "CREATE TABLE planted (a text, b bytea, c text)",
        f"INSERT INTO planted VALUES ('{name}', convert_to('x{phone}', 'UTF8'), encode('ab{number}', 'base64'))",
    )
    try:
        assert unsealed(stage.dumped("kpi"), values(twenty()[0])) == [name, phone, number]
    finally:
        stage.sql("kpi", "DROP TABLE planted")


@pytest.mark.parametrize("service", SERVICES)
def test_no_dump_of_a_database_names_any_of_twenty(stage: Any, service: str) -> None:
    found = stage.dumped(service)
    assert len(found) > 100_000
    assert [hit for one in twenty() for hit in unsealed(found, values(one))] == []


def test_no_topic_and_no_log_names_any_of_twenty(stage: Any) -> None:
    said, told = stage.topics(), stage.logs()
    assert len(said) > 1_000_000
    assert b'"event":"started"' in told
    for where in (said, told):
        assert [hit for one in twenty() for hit in unsealed(where, values(one))] == []


def test_the_customers_are_there_all_the_same(stage: Any) -> None:
    """The searches above look for people whom the front door knows."""
    for one in twenty()[:3]:
        point = {"kind": "phone", "value": one.phone}
        found = stage.ask("customer", "POST", "/v1/customers/lookups", json={"contact_point": point})
        # One, or more once a file has brought the same people under other keys.
        people = found.json()["customer_ids"]
        assert people
        for who in people:
            answer = stage.ask("customer", "GET", f"/v1/customers/{who}", actor="client")
            assert answer.json()["legal_name"] == one.legal_name


def test_a_new_master_key_wraps_every_data_key_and_the_running_services_read_on(stage: Any) -> None:
    before = {service: stage.sql(service, "SELECT DISTINCT master_id FROM subject_key") for service in SERVICES}
    ran = stage.command("keys", "rotate")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for service in SERVICES:
        masters = [
            row[0] for row in stage.sql(service, "SELECT DISTINCT master_id FROM subject_key WHERE wrapped IS NOT NULL")
        ]
        current = json.loads(stage.state.keys_file(service).read_text())["current"]
        assert masters in ([current], []), service
        assert current not in [row[0] for row in before[service]]
    assert stage.sql("customer", "SELECT count(*) FROM subject_key WHERE wrapped IS NOT NULL")[0][0] >= 5_000
    # Nobody has read these yet: no process has their keys in its memory.
    for one in twenty()[10:]:
        point = {"kind": "phone", "value": one.phone}
        found = stage.ask("customer", "POST", "/v1/customers/lookups", json={"contact_point": point})
        who = found.json()["customer_ids"][0]
        answer = stage.ask("customer", "GET", f"/v1/customers/{who}", actor="client")
        assert (answer.status_code, answer.json().get("legal_name")) == (200, one.legal_name)


@pytest.fixture(scope="module")
def someone(stage: Any) -> Iterator[dict[str, str]]:
    """Somebody all five services know, with the path of what each keeps of them; and a copy of the disk from before."""
    start = clock.new_id()
    who = made(
        stage.ask(
            "customer",
            "POST",
            "/v1/customers",
            json={
                "kind": "individual",
                "legal_name": SOMEONE.legal_name,
                "contact_points": [
                    {"kind": "phone", "value": SOMEONE.phone},
                    {"kind": "email", "value": SOMEONE.email},
                ],
                "identifiers": [{"type": "national_id", "issuer": "AT", "value": SOMEONE.national_id}],
                "external_ref": "e2e-someone",
            },
        )
    )
    place = stage.ask("channel-router", "GET", "/v1/places", params={"kind": "branch"}).json()["items"][0]["id"]
    paths = {"id": who, "customer": f"/v1/customers/{who}"}
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        "channel-router": ("/v1/tickets", {"place_id": place, "need": "cash", "external_ref": "e2e"}),
        "feedback": ("/v1/feedback", {"source": "app", "source_ref": "e2e", "text": WORDS, "rating": 2}),
        "risk": ("/v1/screenings", screened("e2e")),
    }
    for service, (path, body) in bodies.items():
        paths[service] = f"{path}/{made(stage.ask(service, 'POST', path, json=body | {'customer_id': who}))}"
    stage.settle(start)
    copy = stage.folder / "copy"
    stage.restart(lambda: subprocess.run(["cp", "-a", str(stage.data), str(copy)], check=True))
    for service, path in paths.items():
        if service != "id":
            assert stage.ask(service, "GET", path).status_code == 200
    yield paths
    shutil.rmtree(copy)


def made(answer: httpx.Response) -> str:
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def screened(event: str) -> dict[str, Any]:
    money = {"amount": "9.90", "currency": "EUR"}
    told = {"event_id": event, "kind": "transaction", "occurred_at": datetime.now(UTC).isoformat(), "amount": money}
    return told | {"attributes": {"account": SOMEONE.national_id}}


def forgotten(stage: Any, someone: dict[str, str]) -> None:
    """None of the five can say anything of them: no answer names them, no key, no row, no byte."""
    who = someone["id"]
    for service in ("customer", "feedback", "channel-router", "risk"):
        answer = stage.ask(service, "GET", someone[service])
        assert answer.status_code in {200, 410}, f"{service}: {answer.text}"
        # A ticket stays, of nobody; a process that has just read somebody's words knows for a minute that there were some.
        left = answer.json()
        assert answer.status_code == 410 or left["customer_id"] is None or left["text"] is None, f"{service}: {left}"
        assert unsealed(answer.content, [*values(SOMEONE), SOMEONE.email]) == [], service
    for service in SERVICES:
        kept = stage.sql(service, f"SELECT wrapped, erased_at FROM subject_key WHERE subject_id = '{who}'")
        assert [(row[0], row[1] is not None) for row in kept] == [(None, True)], service
        assert unsealed(stage.dumped(service), [*values(SOMEONE), SOMEONE.email]) == [], service
    for service in ("feedback", "channel-router", "risk"):
        assert stage.sql(service, f"SELECT 1 FROM known_customer WHERE customer_id = '{who}'") == [], service
    assert stage.sql("kpi", f"SELECT 1 FROM fact WHERE customer_id = '{who}' OR id = '{who}'") == []
    point = {"kind": "phone", "value": SOMEONE.phone}
    found = stage.ask("customer", "POST", "/v1/customers/lookups", json={"contact_point": point})
    assert found.json()["customer_ids"] == []
    assert unsealed(stage.topics() + stage.logs(), [*values(SOMEONE), SOMEONE.email]) == []


def test_an_erasure_makes_a_customer_unreadable_in_all_five(stage: Any, someone: dict[str, str]) -> None:
    path = f"{someone['customer']}/erasures"
    start = clock.new_id()
    assert stage.ask("customer", "POST", path, json={}).status_code == 201
    stage.settle(start)
    state = stage.ask("customer", "GET", path).json()
    assert state["state"] == "completed", state
    assert {one["service"] for one in state["confirmations"]} == set(SERVICES)
    forgotten(stage, someone)


def test_what_comes_late_brings_nobody_back(stage: Any, someone: dict[str, str]) -> None:
    """A late word of the customer's on every topic that tells of customers; and a late wish at every door."""
    who = UUID(someone["id"])
    late(stage, who)
    assert stage.ask("feedback", "POST", "/v1/feedback", json=said_late(who)).status_code == 410
    assert (
        stage.ask("risk", "POST", "/v1/screenings", json=screened("late") | {"customer_id": str(who)}).status_code
        == 410
    )
    forgotten(stage, someone)


def said_late(who: UUID) -> dict[str, Any]:
    return {"source": "app", "source_ref": "late", "text": WORDS, "customer_id": str(who)}


def late(stage: Any, who: UUID) -> None:
    """Send `changed` of a later version, and a transaction from the bank's own systems; wait until both were heard."""
    told = {"customer_id": str(who), "tier": "private", "state": "active", "kind": "individual", "version": 99}
    now = datetime.now(UTC).isoformat()
    spent = screened(f"core-{uuid4()}") | {"customer_id": str(who), "account": "a"}
    del spent["kind"], spent["attributes"]
    messages = [
        ("/cxbank/customer", "cxbank.customer.changed.v1", topic_of("customer"), told | {"occurred_at": now}),
        ("/bank/core", "cxbank.external.transaction.v1", "", spent),
    ]

    async def send(services: dict[str, Service]) -> None:
        settings: Any = services["risk"].world.settings
        epoch = await epoch_of(services["customer"])
        bus = KafkaBus(settings)
        identities = []
        try:
            for source, kind, topic, data in messages:
                identities.append(str(clock.new_id()))
                head = {
                    "ce_specversion": "1.0",
                    "ce_id": identities[-1],
                    "ce_source": source,
                    "ce_type": kind,
                    "ce_time": now,
                    "ce_subject": str(who),
                    "ce_sequence": "99",
                    "content-type": CONTENT_TYPE,
                } | ({"ce_epoch": str(epoch)} if topic else {})
                headers = [(name, value.encode()) for name, value in head.items()]
                where = topic or settings.external_topic
                await bus.send([Message(where, str(who).encode(), json.dumps(data).encode(), headers)])
        finally:
            await bus.stop()
        for listener in ("feedback", "channel-router", "risk", "kpi"):
            await heard(services[listener], identities[0])

    stage.within(send)


async def epoch_of(speaker: Service) -> int:
    state = speaker.work.storage.EVENTS.relay_state
    async with speaker.world.db.read() as conn:
        (epoch,) = (await conn.execute(state.select().with_only_columns(state.c.epoch))).scalars()
    return int(epoch)


async def heard(listener: Service, identity: str) -> None:
    """Wait until a service has taken in an event."""
    inbox = listener.work.storage.EVENTS.inbox
    async with asyncio.timeout(30):
        while True:
            async with listener.world.db.read() as conn:
                if (await conn.execute(inbox.select().where(inbox.c.id == UUID(identity)))).first():
                    return
            await asyncio.sleep(0.1)


def test_a_restore_brings_them_back_and_the_replay_of_erasures_forgets_them_again(
    stage: Any, someone: dict[str, str]
) -> None:
    def restore() -> None:
        shutil.rmtree(stage.data)
        subprocess.run(["cp", "-a", str(stage.folder / "copy"), str(stage.data)], check=True)

    stage.restart(restore)
    back = stage.ask("customer", "GET", someone["customer"], actor="client")
    assert (back.status_code, back.json()["legal_name"]) == (200, SOMEONE.legal_name), (
        "the copy is older than the erasure"
    )
    ran = stage.command("erasures", "replay")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    forgotten(stage, someone)
    late(stage, UUID(someone["id"]))
    forgotten(stage, someone)


def verified(stage: Any, service: str) -> tuple[int, str]:
    ran = stage.command("audit", "verify", service)
    return ran.returncode, ran.stdout


def test_the_record_is_whole_after_all_this(stage: Any, someone: dict[str, str]) -> None:
    ran = stage.command("audit", "verify")
    assert ran.returncode == 0, ran.stdout
    for service in ("customer", "feedback", "channel-router", "risk"):
        assert f"{service}: 0 rows" not in ran.stdout


TAMPERED = {
    "changed": ("feedback", "UPDATE audit SET subject_id = gen_random_uuid() WHERE id = '{id}'"),
    "changed within": ("customer", r"UPDATE audit SET canonical = canonical || '\x20'::bytea WHERE id = '{id}'"),
    "deleted": ("risk", "DELETE FROM audit WHERE id = '{id}'"),
    "truncated": ("channel-router", "TRUNCATE audit"),
}


@pytest.mark.parametrize(("service", "statement"), TAMPERED.values(), ids=TAMPERED)
def test_whoever_tampers_with_the_record_is_found_and_the_row_is_named(
    stage: Any, someone: dict[str, str], service: str, statement: str
) -> None:
    (first, *_), (last, *_) = (
        stage.sql(service, f"SELECT id FROM audit ORDER BY id {way} LIMIT 1")[0] for way in ("ASC", "DESC")
    )
    assert verified(stage, service)[0] == 0
    stage.sql(service, statement.format(id=last))
    code, told = verified(stage, service)
    assert code == 1
    assert str(first if "TRUNCATE" in statement else last) in told, told[-2_000:]


def test_what_is_written_down_beside_the_data_names_nobody(stage: Any, someone: dict[str, str]) -> None:
    """The erasure ledger and what the suite notes of itself."""
    for path in (stage.state.ledger, Path(stage.state.running)):
        assert unsealed(path.read_bytes(), values(SOMEONE)) == []
