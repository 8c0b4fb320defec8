"""Models on disk: arrays in an .npz without pickle and one manifest; a file that is not what its manifest says is refused."""

import hashlib
import io
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from customer.propensity.domain.forests import BrokenForest, forest_of
from customer.propensity.domain.questions import QUESTIONS
from customer.propensity.domain.scorers import Calibration, Scorer
from customer.propensity.usecases.models import Model

FORMAT: Final = 1
_MANIFEST, _ARRAYS = "manifest.json", "forests.npz"


class ModelRefused(Exception):
    """The file is missing, damaged, of another format, or made for other features than this code has."""


def folder_of(models: Path, question: str) -> Path:
    """Where the model of a question is kept."""
    return models / "customer" / "propensity" / question


def keep(models: Path, model: Model) -> Path:
    """Write a model; the manifest comes last and by rename, so that a crash leaves the old model or the new one."""
    folder = folder_of(models, model.question.name)
    folder.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    arrays: dict[str, NDArray[np.generic]] = {
        f"{variant}/{name}": array
        for variant, scorer in model.scorers.items()
        for name, array in scorer.forest.arrays().items()
    }
    np.savez_compressed(packed, allow_pickle=False, **cast(Any, arrays))
    data = packed.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    file = f"{digest[:16]}-{_ARRAYS}"
    manifest = {
        "format": FORMAT,
        "question": model.question.name,
        "asks": model.question.asks,
        "trained_at": model.trained_at.isoformat(),
        "data": dict(model.data),
        "libraries": dict(model.libraries),
        "left_out": dict(model.question.left_out),
        "variants": {
            variant.name: {
                "features": list(variant.features),
                "offset": model.scorers[variant.name].offset,
                "slope": model.scorers[variant.name].calibration.slope,
                "intercept": model.scorers[variant.name].calibration.intercept,
            }
            for variant in model.question.variants
        },
        "scores": dict(model.scores),
        "arrays": {"file": file, "sha256": digest},
    }
    # Named by its content: the old manifest goes on naming the old arrays until the new one replaces it.
    (folder / file).write_bytes(data)
    fresh = folder / f"{_MANIFEST}.new"
    fresh.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(folder / _MANIFEST)
    for stale in folder.glob(f"*-{_ARRAYS}"):
        if stale.name != file:
            stale.unlink()
    return folder


def load(folder: Path, question: str) -> Model:
    """The model kept in a folder for a question; raises ModelRefused, with the reason, for one that cannot answer it."""
    if question not in QUESTIONS:
        raise ModelRefused(f"no such question: {question}")
    asked = QUESTIONS[question]
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT or manifest["question"] != question:
            raise ModelRefused(f"{folder}: another format or another question")
        for variant in asked.variants:
            if manifest["variants"][variant.name]["features"] != list(variant.features):
                raise ModelRefused(f"{folder}: its features are not those of this code; train it again")
        packed = (folder / Path(manifest["arrays"]["file"]).name).read_bytes()
        if hashlib.sha256(packed).hexdigest() != manifest["arrays"]["sha256"]:
            raise ModelRefused(f"{folder}: the arrays are not those the manifest names")
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            scorers = {one.name: _scorer(one.name, len(one.features), manifest, arrays) for one in asked.variants}
        return Model(
            question=asked,
            scorers=scorers,
            trained_at=datetime.fromisoformat(manifest["trained_at"]),
            data=manifest["data"],
            libraries=manifest["libraries"],
            scores=manifest["scores"],
        )
    except FileNotFoundError:
        raise ModelRefused(f"{folder}: no model; `make train S=customer` makes it") from None
    except (KeyError, TypeError, ValueError, BadZipFile, BrokenForest) as error:
        raise ModelRefused(f"{folder}: unreadable ({type(error).__name__})") from error


def _scorer(variant: str, features: int, manifest: Mapping[str, Any], arrays: Mapping[str, Any]) -> Scorer:
    told = manifest["variants"][variant]
    named = {name.split("/", 1)[1]: arrays[name] for name in arrays if name.startswith(f"{variant}/")}
    return Scorer(
        forest=forest_of(named, features),
        offset=float(told["offset"]),
        calibration=Calibration(slope=float(told["slope"]), intercept=float(told["intercept"])),
    )
