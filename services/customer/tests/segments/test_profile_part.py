"""A customer's profile tells staff the segments the customer is in, since when and why, and the customer nothing of it."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx

from shared.testing.service import Service


async def test_a_profile_tells_staff_the_segments_with_since_and_why(
    service: Service,
    define: Callable[..., Awaitable[httpx.Response]],
    who: UUID,
    told: Callable[..., Awaitable[int]],
) -> None:
    await define("grown", "age >= 18 && tier == 'affluent'")
    await define("minor", "age < 18")
    await told()
    staff = await service.client("customer.profiles:read", actor="staff", sub="desk")
    profile = (await staff.get(f"/v1/customers/{who}/profile", params={"features": "tenure_days"})).json()
    (one,) = profile["sections"]["segments"]["items"]
    assert (one["segment"], one["member"], one["by"]) == ("grown", True, "rule")
    assert one["since"] is not None
    assert one["explanation"] is not None
    own = await service.client("customer.profiles:read", actor="customer", customer_id=str(who), sub="me")
    shown = (await own.get(f"/v1/customers/{who}/profile")).json()
    assert "segments" not in shown["sections"]
