"""The back door of the kpi service: the list of what it does by itself."""

from collections.abc import AsyncIterator, Sequence

from kpi import storage
from kpi.figures import consumers as figures
from kpi.figures.usecases import forget
from kpi.settings import Settings
from shared import erasure, exports
from shared.events.consumer import Handlers
from shared.events.envelope import Emit
from shared.worker import Work, serve_worker, topic_of
from shared.world import World


async def snapshots(_: World) -> AsyncIterator[Sequence[Emit]]:
    """Nothing: what is known here was heard from others, who can say it again themselves."""
    yield []


def work(world: World) -> Work:
    """What this worker does in that world."""
    handlers = Handlers()
    figures.listen(handlers, world)
    erasure.listen(handlers, world, storage.EVENTS, storage.SOURCE, forget)
    exports.listen(handlers, world, storage.EVENTS, storage.SOURCE, storage.EXPORTS)
    return Work(
        storage=storage,
        handlers=handlers,
        topics=[topic_of(one) for one in ("customer", "feedback", "channel-router", "risk")],
        importers=[],
        forget=forget,
        snapshots=snapshots,
    )


def main() -> None:
    """Run the worker."""
    serve_worker(Settings(), work, storage.KEYS)


if __name__ == "__main__":
    main()
