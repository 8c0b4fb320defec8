"""Whatever fits the contract or does not is answered as it says: no 5xx, nothing undocumented, every refusal a problem."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException, Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.testing.live import ACTORS, Actor, Live

# Of each operation with a JSON body, and of each without, for each kind of caller: so many that fit the contract, and as many
# that do not.
EXAMPLES = {True: 40, False: 10}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
pytestmark = pytest.mark.slow
PAST = "2026-01-02T03:04:05Z"
Case = schemathesis.Case[Any]
Operation = schemathesis.APIOperation[Any, Any, Any, Any]


def sent(case: Case, live: Live, actor: Actor, number: int) -> tuple[str, dict[str, Any]]:
    """A case as it goes out; every other one is about things that are there, at the version they have, or is the caller's."""
    real = number % 2 == 1
    if real and isinstance(case.body, dict):
        known = {name: live.known.get(f"/v1/{name.removesuffix('_id')}s") for name in case.body if name.endswith("_id")}
        case.body |= {name: made[-1 - number % len(made)] for name, made in known.items() if made}
        case.body |= {name: PAST for name, value in case.body.items() if name.endswith("_at") and value is not None}
        if actor == "customer" and "customer_id" in case.body:
            case.body["customer_id"] = str(live.me)
    parts = case.as_transport_kwargs(base_url="http://test")
    # The tokens are ours.
    head = {name: value for name, value in parts["headers"].items() if name.lower() != "authorization"}
    url, there = parts["url"], live.about_known(case.operation.path, number) if real else None
    if case.method == "POST" and number % 4 and "Idempotency-Key" not in head:
        head["Idempotency-Key"] = uuid4().hex
    if there is not None:
        url = f"http://test{there}"
        if case.method == "PATCH" and number % 4 == 1:
            head["If-Match"] = live.ask("staff", "GET", there).headers.get("etag", '"1"')
    given = {"params": parts.get("params"), "json": parts.get("json"), "content": parts.get("data")}
    return url, {name: value for name, value in given.items() if value is not None} | {
        "headers": [(name, encoded(value)) for name, value in head.items()]
    }


def encoded(value: str | bytes) -> bytes:
    """A header as a careless client would send it."""
    return value if isinstance(value, bytes) else value.encode("utf-8", "replace")


BOUNDS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
Hold = Callable[[Case, int], None]


def faults_of(operation: Operation, hold: Hold) -> list[str]:
    """Run the cases that fit an operation and those that do not; the first fault of each."""
    faults = []
    for mode in schemathesis.GenerationMode:
        if mode.is_negative and not (operation.body or list(operation.iter_parameters())):
            continue  # nothing can be wrong with a request that has nothing in it
        bounds = settings(BOUNDS, max_examples=EXAMPLES[bool(operation.body)])
        checked = bounds(given(operation.as_strategy(mode), st.integers(0, 7))(hold))
        try:
            checked()
        except Unsatisfiable as fault:
            # Any text is a name, so that no request for it is wrong; a body can always be.
            if mode.is_positive or operation.body:
                faults.append(f"{operation.label}, {mode.value}: {fault}")
        except (FailureGroup, AssertionError, HypothesisException) as fault:
            faults.append(f"{operation.label}, {mode.value}: {fault}")
    return faults


@pytest.mark.parametrize("actor", ACTORS)
def test_every_operation_answers_as_its_contract_says(
    live: Live, actor: Actor, refused: Callable[[httpx.Response], dict[str, Any]]
) -> None:
    document = live.document
    # Tokens are ours to give: the generator would send its own in their place.
    paths = {
        path: {m: {**told, "security": []} for m, told in item.items()} for path, item in document["paths"].items()
    }
    contract = schemathesis.openapi.from_dict({**document, "paths": paths})
    answers: Counter[int] = Counter()
    opened: set[str] = set()

    people = live.known.get("/v1/customers")
    if actor == "customer" and people:
        live.me = UUID(people[-1])

    def hold(case: Case, number: int) -> None:
        url, parts = sent(case, live, actor, number)
        answer = live.ask(actor, case.method, url, **parts)
        answers[answer.status_code] += 1
        if answer.is_success:
            opened.add(case.operation.label)
        case.validate_response(answer, checks=CHECKS)
        if not answer.is_success:
            refused(answer)

    operations = [found.ok() for found in contract.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == len(live.operations()), "the contract has operations that cannot be read"
    faults = [fault for operation in operations for fault in faults_of(operation, hold)]
    print(f"{live.service.name} as {actor}: {dict(sorted(answers.items()))}")  # noqa: T201  # what `make fuzz` says
    assert not faults, "\n\n".join(faults)
    there = [one for one in live.operations() if "{" not in one.path or live.about_known(one.path, 0)]
    never = [str(one) for one in there if str(one) not in opened]
    if actor != "customer":
        assert len(never) <= len(there) // 2, f"too few requests got in to prove anything: {never}"
