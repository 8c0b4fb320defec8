"""N1 and N9: durable writes and audited reads of one route, alternated with an echo of the same body and answer."""

import itertools
import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import psutil

from cxbank_local.bench.alone import alone
from cxbank_local.bench.floors import echo
from cxbank_local.bench.load import Measured, request, run
from cxbank_local.bench.rows import Row
from cxbank_local.issuer import scopes_of
from cxbank_local.suite import Suite
from shared import clock

CALLERS: Final = 32
ROUNDS: Final = 5
SECONDS: Final = 4.0
WARM_SECONDS: Final = 2.0
GRANT: Final = {
    "purpose": "marketing",
    "decision": "granted",
    "channels": ["email"],
    "language": "en",
    "evidence": {"method": "click"},
}


@dataclass(frozen=True, slots=True)
class Route:
    """What is measured: a service's route, its bodies, and what it must reach of its echo."""

    number: str
    name: str
    service: str
    path: str
    bodies: Callable[[], Mapping[str, Any]]
    must: float
    what: str = "durable"


@dataclass
class _Round:
    ours: list[Measured] = field(default_factory=list)
    floor: list[Measured] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def customer_body() -> Mapping[str, Any]:
    """A person with a phone, an address and an identity number, never seen before."""
    mark = uuid4()
    return {
        "kind": "individual",
        "legal_name": "Benchmark Caller",
        "birth_date": "1980-02-03",
        "contact_points": [
            {"kind": "email", "value": f"{mark.hex}@example.com"},
            {"kind": "phone", "value": f"+86139{mark.int % 10**8:08d}"},
        ],
        "identifiers": [{"type": "national_id", "issuer": "CN", "value": mark.hex[:18]}],
        "region": "CN",
        "tier_hint": "mass",
        "external_ref": mark.hex,
    }


def feedback_body() -> Mapping[str, Any]:
    """Some words and a rating, never said before."""
    return {
        "source": "app",
        "source_ref": uuid4().hex,
        "rating": 4,
        "language": "en",
        "text": "The new app is quicker, but I was asked for my phone number twice.",
    }


def interaction_body(ids: Sequence[str]) -> Callable[[], Mapping[str, Any]]:
    """A card payment of one of these customers, in turn."""
    turn = itertools.cycle(ids)
    return lambda: {
        "customer_id": next(turn),
        "kind": "transaction",
        "event_id": uuid4().hex,
        "occurred_at": clock.now().isoformat(),
        "channel": "app",
        "amount": {"amount": "12.50", "currency": "CNY"},
        "direction": "debit",
        "category": "groceries",
    }


def ticket_body(places: Sequence[str]) -> Callable[[], Mapping[str, Any]]:
    """A ticket at one of a bank's places, in turn."""
    turn = itertools.cycle(places)
    return lambda: {"place_id": next(turn), "need": "account.open", "channel": "branch", "external_ref": uuid4().hex}


def decision_body(ids: Sequence[str]) -> Callable[[], Mapping[str, Any]]:
    """Whether one of these customers may be told of an offer."""
    turn = itertools.cycle(ids)
    return lambda: {"customer_id": next(turn), "purpose": "marketing", "channel": "email"}


def head(suite: Suite, service: str) -> dict[str, str]:
    """A caller's head for a service."""
    token = suite.issuer.token(service, " ".join(scopes_of(service)), sub="bench", actor="staff", lifetime=7_200)
    return {"Authorization": f"Bearer {token}"}


def posts(url: str, headers: Mapping[str, str], bodies: Callable[[], Mapping[str, Any]]) -> Iterator[bytes]:
    """Requests without end, each with a body of its own."""
    return (request("POST", url, headers, json.dumps(bodies()).encode()) for _ in itertools.count())


def gets(urls: list[str], headers: Mapping[str, str]) -> Iterator[bytes]:
    """These addresses in turn, without end."""
    return itertools.cycle([request("GET", url, headers) for url in urls])


def _cpu(pid: int | None) -> float:
    if pid is None:
        return 0.0
    spent = psutil.Process(pid).cpu_times()
    return float(spent.user + spent.system)


async def _round(
    seen: _Round, url: str, wires: Iterator[bytes], floor: str, echoes: Iterator[bytes], pid: int | None
) -> None:
    seen.floor.append(await run(floor, echoes, callers=CALLERS, seconds=SECONDS))
    before = _cpu(pid)
    ours = await run(url, wires, callers=CALLERS, seconds=SECONDS)
    seen.ours.append(ours)
    seen.cpu.append((_cpu(pid) - before) / max(1, len(ours.latencies)))


def _row(number: str, what: str, seen: _Round, must: float) -> Row:
    wrong = [status for one in (*seen.ours, *seen.floor) for status in one.statuses if not 200 <= status < 300]
    if wrong:
        raise RuntimeError(f"{what}: answers {sorted(set(wrong))} were among those measured")
    ratio = statistics.median(ours.rate / floor.rate for ours, floor in zip(seen.ours, seen.floor, strict=True))
    middle = statistics.median_low([one.rate for one in seen.ours])
    typical = next(one for one in seen.ours if one.rate == middle)
    floor_rate = statistics.median(one.rate for one in seen.floor)
    return Row(
        number,
        what,
        f"echo {floor_rate:,.0f}/s",
        f"{middle:,.0f}/s",
        ratio,
        f"{typical.quantile(0.5):.1f} ms",
        f"{typical.quantile(0.99):.1f} ms",
        f"{1e6 * statistics.median(seen.cpu):,.0f} µs",
        f"≥ {must} × echo",
        ratio >= must,
    )


async def write_row(suite: Suite, route: Route, answer: dict[str, Any]) -> Row:
    """Durable writes of one route beside their echo, in alternated rounds."""
    url = f"http://127.0.0.1:{suite.state.ports.of(route.service, 'api')}{route.path}"
    headers = head(suite, route.service)
    pid = suite.pid((route.service, "api"))
    with (
        echo(suite.state, route.name, answer, suite.issuer.name) as (floor, _),
        alone(suite, (route.service, "api")),
    ):
        wires, echoes = posts(url, headers, route.bodies), posts(floor, headers, route.bodies)
        await run(url, wires, callers=CALLERS, seconds=WARM_SECONDS)
        await run(floor, echoes, callers=CALLERS, seconds=WARM_SECONDS)
        seen = _Round()
        for _ in range(ROUNDS):
            await _round(seen, url, wires, floor, echoes, pid)
    return _row(route.number, f"`POST {route.path}`, {route.what}", seen, route.must)


async def read_row(
    suite: Suite, ids: list[str], answer: dict[str, Any], *, of: str = "", name: str = "customers"
) -> Row:
    """Reads of customers, opened and audited before the answer leaves, beside an echo of the same answer.

    `of` is what of them is read, such as `/routing-profile`; `name` the route's body that the echo takes.
    """
    address = f"http://127.0.0.1:{suite.state.ports.of('customer', 'api')}"
    headers = head(suite, "customer")
    # The echo asks for the scope of the write; the caller has both.
    with (
        echo(suite.state, name, answer, suite.issuer.name) as (floor, _),
        alone(suite, ("customer", "api")),
    ):
        wires = gets([f"{address}/v1/customers/{one}{of}" for one in ids], headers)
        echoes = gets([floor], headers)
        await run(address, wires, callers=CALLERS, seconds=WARM_SECONDS)
        await run(floor, echoes, callers=CALLERS, seconds=WARM_SECONDS)
        seen = _Round()
        for _ in range(ROUNDS):
            await _round(seen, address, wires, floor, echoes, suite.pid(("customer", "api")))
    return _row("N9", f"`GET /v1/customers/{{id}}{of}`, opened and audited", seen, 0.40)
