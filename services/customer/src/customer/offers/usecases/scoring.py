"""Asking the trained models about customers: each is loaded when first asked for; without one nobody is scored by it."""

import asyncio
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from customer.propensity.domain import credit, products
from customer.propensity.domain.rows import Row
from customer.propensity.usecases import Model, ModelRefused, folder_of, load
from customer.settings import Settings
from shared.telemetry import log
from shared.world import World

PRODUCT: Final = "product"
DEFAULT: Final = "default"


@cache
def _model(folder: Path, question: str) -> Model | None:
    place = folder_of(folder, question)
    if not place.exists():
        return None
    try:
        return load(place, question)
    except ModelRefused as refused:
        log.warning("model_refused", question=question, reason=str(refused))
        return None


async def chances(world: World, question: str, rows: Sequence[Row]) -> list[float | None]:
    """What a model says of each row; None for all of them where there is no model, or one that is not what it says."""
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service is started with its own settings
    if not rows:
        return []
    # Reading a model takes as long as hundreds of answers: other callers go on meanwhile.
    model = await asyncio.to_thread(_model, settings.models, question)
    if model is None:
        return [None] * len(rows)
    # Customers have no place in a file's order of days: the features without a year are theirs.
    build, variant = (products.undated, "undated") if question == PRODUCT else (credit.features, "plain")
    return [float(one) for one in model.scorers[variant].probabilities(build(rows))]
