"""The front door of the customer service: the list of what it can do."""

from typing import Any

from fastapi import FastAPI

from customer import storage
from customer.campaigns import routes as campaigns
from customer.consents import routes as consents
from customer.disclosure import routes as disclosure
from customer.identity import routes as identity
from customer.insights import routes as insights
from customer.interactions import routes as interactions
from customer.offers import routes as offers
from customer.offers.usecases import PROFILE_PART as OFFERS_PART
from customer.outreach import routes as outreach
from customer.outreach.usecases import PROFILE_PART as MESSAGES_PART
from customer.parties import routes as parties
from customer.parties.access import CanRead
from customer.privacy import routes as privacy
from customer.relationships import routes as relationships
from customer.routing import routes as routing
from customer.routing.usecases import channels_barred
from customer.segments import routes as segments
from customer.segments.usecases import PROFILE_PART, fifths
from customer.settings import Settings
from shared.app import create_app, serve
from shared.jobs.routes import jobs_router
from shared.webhooks.routes import webhooks_router


def app(settings: Settings | None = None, **world: Any) -> FastAPI:
    """The application; settings come from the environment where none are given. `world` is what a test hands in."""
    routers = [
        disclosure.router,
        parties.router,
        consents.router,
        *interactions.routers([PROFILE_PART, OFFERS_PART, MESSAGES_PART], fifths),
        outreach.router,
        outreach.templates_router,
        campaigns.router,
        segments.router,
        *offers.routers(channels_barred),
        identity.router,
        identity.reviews_router,
        *insights.routers(),
        identity.candidates_router,
        relationships.router,
        routing.router,
        privacy.router,
        privacy.requests_router,
        privacy.holds_router,
        jobs_router(storage.JOBS, CanRead),
        webhooks_router(storage, "customer"),
    ]
    return create_app(settings or Settings(), routers, keys=storage.KEYS, **world)


def main() -> None:
    """Run the api."""
    settings = Settings()
    serve(lambda: app(settings), settings)


if __name__ == "__main__":
    main()
