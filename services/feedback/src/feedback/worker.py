"""The back door of the feedback service: the list of what it does by itself."""

from collections.abc import AsyncIterator, Sequence

from feedback import storage
from feedback.intake import consumers as intake
from feedback.intake.events import FeedbackSnapshot
from feedback.intake.routes import EXPRESSIONS
from feedback.intake.usecases import everything, forget, said_of
from feedback.settings import Settings
from shared import erasure, exports, subjects
from shared.events.consumer import Handlers
from shared.events.envelope import Emit
from shared.worker import Work, serve_worker, topic_of
from shared.world import World


async def snapshots(world: World) -> AsyncIterator[Sequence[Emit]]:
    """Every expression, page by page."""
    async for page in everything(world):
        yield [said_of(FeedbackSnapshot, view) for view in page]


def work(world: World) -> Work:
    """What this worker does in that world."""
    handlers = Handlers()
    intake.listen(handlers, world)
    erasure.listen(handlers, world, storage.EVENTS, storage.SOURCE, forget)
    subjects.listen(handlers, storage.LINKS)
    exports.listen(handlers, world, storage.EVENTS, storage.SOURCE, storage.EXPORTS)
    return Work(
        storage=storage,
        handlers=handlers,
        topics=[topic_of(one) for one in ("customer",)],
        importers=[EXPRESSIONS],
        forget=forget,
        snapshots=snapshots,
    )


def main() -> None:
    """Run the worker."""
    serve_worker(Settings(), work, storage.KEYS)


if __name__ == "__main__":
    main()
