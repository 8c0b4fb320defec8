"""The back door of the customer service: the list of what it does by itself."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

from customer import storage
from customer.campaigns import timers as campaigns
from customer.consents.routes import CONSENTS
from customer.identity import consumers as identity
from customer.identity.usecases import everybody as everybody_linked
from customer.identity.usecases import said_again
from customer.insights import consumers as insights
from customer.insights.timers import Remaking, judging
from customer.interactions import consumers as interactions
from customer.interactions.routes import INTERACTIONS
from customer.matters import consumers as matters
from customer.offers import consumers as offers
from customer.outreach import consumers as outreach
from customer.outreach.clients import gateways
from customer.outreach.timers import FORGET_MARKS, Courier, forget_contact_marks
from customer.parties import consumers as parties
from customer.parties import timers as party_timers
from customer.parties.events import CustomerSnapshot
from customer.parties.routes import PARTIES
from customer.parties.usecases import everybody, said_of
from customer.privacy import consumers as privacy
from customer.privacy import timers as privacy_timers
from customer.privacy.usecases import forget
from customer.routing import consumers as routing
from customer.routing.timers import completing
from customer.routing.usecases import channels_barred
from customer.routing.usecases import everybody as every_card
from customer.segments import consumers as segments_heard
from customer.segments import timers as segments
from customer.segments.usecases import everybody_in
from customer.settings import Settings
from shared import clock
from shared.erasure import Ledger, keep_ledger
from shared.events.consumer import Handlers
from shared.events.envelope import Emit
from shared.worker import Work, serve_worker, topic_of
from shared.world import World


async def snapshots(world: World) -> AsyncIterator[Sequence[Emit]]:
    """Every party as it is now, whom every linked one counts as, every card, and what segments each is in, page by page."""
    async for page in everybody(world):
        yield [said_of(CustomerSnapshot, view) for view in page]
    async for rows in everybody_linked(world):
        yield [said_again(row, clock.now()) for row in rows]
    async for cards in every_card(world):
        yield cards
    async for said in everybody_in(world):
        yield said


def work(world: World) -> Work:
    """What this worker does in that world."""
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service is started with its own settings
    handlers = Handlers()
    parties.listen(handlers, world)
    interactions.listen(handlers, world)
    matters.listen(handlers, world)
    routing.listen(handlers, world)
    outreach.listen(handlers, world)
    offers.listen(handlers, world)
    identity.listen(handlers, world)
    segments_heard.listen(handlers)
    insights.listen(handlers, world)
    privacy.listen(handlers, world)
    if world.settings.erasure_ledger is not None:
        keep_ledger(handlers, Ledger(world.settings.erasure_ledger))
    return Work(
        storage=storage,
        handlers=handlers,
        topics=[
            *(topic_of(one) for one in ("customer", "feedback", "channel-router", "risk", "kpi")),
            world.settings.external_topic,
        ],
        importers=[PARTIES, CONSENTS, INTERACTIONS],
        forget=partial(forget, world),
        snapshots=snapshots,
        acts={
            FORGET_MARKS: forget_contact_marks,
            **privacy_timers.acts(world),
        },
        every={
            FORGET_MARKS: 3_600,
            **privacy_timers.EVERY,
        },
        parts={
            "birthdays": party_timers.birthdays(world),
            "courier": Courier(world, gateways(settings), channels_barred).run,
            "insights": Remaking(world, settings.jurisdiction).run,
            "quality": judging(world),
            "cards": completing(world),
            "segments": segments.settling(world),
            "campaigns": campaigns.stepping(world),
        },
    )


def main() -> None:
    """Run the worker."""
    serve_worker(Settings(), work, storage.KEYS)


if __name__ == "__main__":
    main()
