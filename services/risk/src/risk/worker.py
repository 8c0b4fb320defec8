"""The back door of the risk service: the list of what it does by itself."""

from collections.abc import AsyncIterator, Sequence

from risk import storage
from risk.screening import consumers as screening
from risk.screening import timers
from risk.screening.events import RestrictionSnapshot
from risk.screening.routes import SCREENINGS
from risk.screening.usecases.customers import forget
from risk.screening.usecases.restrictions import everything, said_of
from risk.settings import Settings
from shared import erasure, exports, subjects
from shared.events.consumer import Handlers
from shared.events.envelope import Emit
from shared.worker import Work, serve_worker, topic_of
from shared.world import World


async def snapshots(world: World) -> AsyncIterator[Sequence[Emit]]:
    """Every restriction as it is now, page by page."""
    async for page in everything(world):
        yield [said_of(RestrictionSnapshot, view) for view in page]


def work(world: World) -> Work:
    """What this worker does in that world."""
    handlers = Handlers()
    screening.listen(handlers, world)
    erasure.listen(handlers, world, storage.EVENTS, storage.SOURCE, forget)
    subjects.listen(handlers, storage.LINKS)
    exports.listen(handlers, world, storage.EVENTS, storage.SOURCE, storage.EXPORTS)
    return Work(
        storage=storage,
        handlers=handlers,
        topics=[topic_of("customer"), world.settings.external_topic],
        importers=[SCREENINGS],
        forget=forget,
        snapshots=snapshots,
        acts=timers.acts(world),
    )


def main() -> None:
    """Run the worker."""
    serve_worker(Settings(), work, storage.KEYS)


if __name__ == "__main__":
    main()
