"""The back door of the channel-router service: the list of what it does by itself."""

from collections.abc import AsyncIterator, Sequence

from channel_router import storage
from channel_router.queue import consumers as queue
from channel_router.queue.routes import TICKETS
from channel_router.queue.usecases import forget
from channel_router.settings import Settings
from channel_router.supply.events import PlaceSnapshot
from channel_router.supply.routes import PLACES
from channel_router.supply.usecases import everywhere, said_of
from shared import erasure, exports, subjects
from shared.events.consumer import Handlers
from shared.events.envelope import Emit
from shared.worker import Work, serve_worker, topic_of
from shared.world import World


async def snapshots(world: World) -> AsyncIterator[Sequence[Emit]]:
    """Every place as it is now, page by page."""
    async for page in everywhere(world):
        yield [said_of(PlaceSnapshot, view) for view in page]


def work(world: World) -> Work:
    """What this worker does in that world."""
    handlers = Handlers()
    queue.listen(handlers, world)
    erasure.listen(handlers, world, storage.EVENTS, storage.SOURCE, forget)
    subjects.listen(handlers, storage.LINKS)
    exports.listen(handlers, world, storage.EVENTS, storage.SOURCE, storage.EXPORTS)
    return Work(
        storage=storage,
        handlers=handlers,
        topics=[topic_of(one) for one in ("customer", "risk")],
        importers=[PLACES, TICKETS],
        forget=forget,
        snapshots=snapshots,
    )


def main() -> None:
    """Run the worker."""
    serve_worker(Settings(), work, storage.KEYS)


if __name__ == "__main__":
    main()
