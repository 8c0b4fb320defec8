"""The model of draining accounts on disk: its few numbers, what they were made from, and how they did, in one JSON file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from customer.propensity.domain.draining import FEATURES, Logistic
from customer.propensity.usecases.keeping import ModelRefused, folder_of

NAME: Final = "draining"
FORMAT: Final = 1
_MANIFEST: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class Draining:
    """A fitted model; `scores` are those of its training, `data` names its rows by number and SHA-256."""

    logistic: Logistic
    trained_at: datetime
    data: Mapping[str, Any]
    scores: Mapping[str, Any]


def keep_draining(models: Path, model: Draining) -> Path:
    """Write the model by rename: a crash leaves the old one or the new one."""
    folder = folder_of(models, NAME)
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "format": FORMAT,
        "question": NAME,
        "features": list(FEATURES),
        "centre": model.logistic.centre.tolist(),
        "spread": model.logistic.spread.tolist(),
        "weights": model.logistic.weights.tolist(),
        "trained_at": model.trained_at.isoformat(),
        "data": dict(model.data),
        "scores": dict(model.scores),
    }
    fresh = folder / f"{_MANIFEST}.new"
    fresh.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    fresh.replace(folder / _MANIFEST)
    return folder


def load_draining(folder: Path) -> Draining:
    """The model kept in a folder; raises ModelRefused, with the reason, for one that cannot answer."""
    try:
        told = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if told["format"] != FORMAT or told["question"] != NAME or told["features"] != list(FEATURES):
            raise ModelRefused(f"{folder}: its features are not those of this code; train it again")
        centre, spread, weights = (np.array(told[name], dtype=float) for name in ("centre", "spread", "weights"))
        if len(centre) != len(FEATURES) or len(spread) != len(FEATURES) or len(weights) != len(FEATURES) + 1:
            raise ModelRefused(f"{folder}: a number is missing")
        if not (np.isfinite([*centre, *spread, *weights]).all() and (spread > 0).all()):
            raise ModelRefused(f"{folder}: a number is none")
        trained_at = datetime.fromisoformat(told["trained_at"])
        return Draining(Logistic(centre, spread, weights), trained_at, told["data"], told["scores"])
    except FileNotFoundError:
        raise ModelRefused(f"{folder}: no model; `make train S=customer MODEL={NAME}` makes it") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ModelRefused(f"{folder}: unreadable ({type(error).__name__})") from error
