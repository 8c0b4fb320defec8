"""What each service holds, counted in its own tables: the other side of every figure that was only heard."""

import asyncio
from collections.abc import Mapping

from sqlalchemy import text

from cxbank_local.administration import Service

# One row a count: what it is called, the service, its tables' own words.
_COUNTS: Mapping[str, Mapping[str, str]] = {
    "customer": {
        "customers": "SELECT count(*) FROM customer",
        "customers mass": "SELECT count(*) FROM customer WHERE tier = 'mass'",
        "customers affluent": "SELECT count(*) FROM customer WHERE tier = 'affluent'",
        "customers private": "SELECT count(*) FROM customer WHERE tier = 'private'",
        "restrictions heard": "SELECT count(*) FROM known_restriction",
    },
    "feedback": {
        "expressions": "SELECT count(*) FROM feedback",
        "customers heard": "SELECT count(*) FROM known_customer",
        "customers private": "SELECT count(*) FROM known_customer WHERE tier = 'private'",
    },
    "channel-router": {
        "places": "SELECT count(*) FROM place",
        "tickets": "SELECT count(*) FROM ticket",
        "customers heard": "SELECT count(*) FROM known_customer",
        "customers private": "SELECT count(*) FROM known_customer WHERE tier = 'private'",
        "restrictions heard": "SELECT count(*) FROM known_restriction",
    },
    "risk": {
        "screenings": "SELECT count(*) FROM screening",
        "screenings declined": "SELECT count(*) FROM screening WHERE outcome = 'decline'",
        "restrictions": "SELECT count(*) FROM restriction",
        "customers heard": "SELECT count(*) FROM known_customer",
    },
    "kpi": {
        "tickets heard": "SELECT count(*) FROM fact WHERE kind = 'ticket'",
        "expressions heard": "SELECT count(*) FROM fact WHERE kind = 'feedback'",
        "screenings heard": "SELECT count(*) FROM fact WHERE kind = 'screening'",
        "customers heard": "SELECT count(*) FROM fact WHERE kind = 'customer'",
        "restrictions heard": "SELECT count(*) FROM fact WHERE kind = 'restriction'",
    },
}

Holdings = dict[tuple[str, str], int]


async def holdings(services: Mapping[str, Service]) -> Holdings:
    """Counts by service and name."""

    async def of(service: Service) -> Holdings:
        async with service.world.db.read() as conn:
            return {
                (service.name, name): int((await conn.execute(text(query))).scalar_one())
                for name, query in _COUNTS[service.name].items()
            }

    counted: Holdings = {}
    for one in await asyncio.gather(*(of(service) for service in services.values())):
        counted |= one
    return counted
