"""Each of the five services, running over a database of the test module's own; and what a refusal has to look like."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.testing.live import Live, living
from shared.testing.tokens import Issuer

SERVICES = Path(__file__).parents[2] / "services"


@pytest.fixture(scope="module", params=sorted(one.name for one in SERVICES.iterdir() if (one / "migrations").exists()))
def live(request: pytest.FixtureRequest, postgres: str, issuer: Issuer) -> Iterator[Live]:
    with living(SERVICES / request.param, postgres, issuer) as made:
        yield made


@pytest.fixture(scope="session")
def refused() -> Callable[[httpx.Response], dict[str, Any]]:
    """The problem document of an answer that is no success (RFC 9457): whole, of our kinds, and without a trace."""

    def read(answer: httpx.Response) -> dict[str, Any]:
        assert answer.headers["content-type"] == "application/problem+json", f"{answer.status_code} {answer.text[:300]}"
        told: dict[str, Any] = answer.json()
        assert {"type", "title", "status", "detail", "instance"} <= told.keys()
        assert told["status"] == answer.status_code
        assert told["type"].startswith("/problems/")
        assert "Traceback" not in answer.text
        return told

    return read
