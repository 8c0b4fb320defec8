"""`make train S=customer` and `make evaluate S=customer` for propensity: product and default, scored on rows not seen."""

import csv
import gzip
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from customer.propensity.domain import intervals, measures
from customer.propensity.domain.questions import QUESTIONS, Question
from customer.propensity.domain.resting import grounds_of, permitted
from customer.propensity.domain.rows import Row, UnfitFile, fingerprint
from customer.propensity.training import accounts, reporting
from customer.propensity.training.boosting import grown
from customer.propensity.training.traits import fairness_lines
from customer.propensity.training.validating import Validation, cross_validated, forward
from customer.propensity.usecases import (
    Model,
    ModelRefused,
    folder_of,
    keep,
    keep_draining,
    load,
    load_draining,
)
from customer.propensity.usecases.draining import NAME as DRAINING
from shared import clock

MODELS: Final = (*QUESTIONS, DRAINING)
_EVALUATION_SEED: Final = 2_026

Say = Callable[[str], None]


def read(path: Path) -> list[Row]:
    """The rows of a CSV file, gzip or not, from which may be learnt."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as lines:
        return permitted(list(csv.DictReader(lines)))


def train(data: Path, models: Path, say: Say, model: str | None = None) -> bool:
    """Grow, calibrate, score and keep the models; whether every "must" was met."""
    return _or_said(say, lambda: _train(data, models, say, model))


def evaluate(data: Path, models: Path, say: Say, model: str | None = None, file: Path | None = None) -> bool:
    """Cross-validate anew, with other folds than training had; or score another file by the models that were kept.

    `file` is a CSV of the same shape, or a folder laid out as the data folder; `model` is a name or the folder of a kept
    model. Whether every "must" was met; a file or a model that cannot be used is said and counts as not met.
    """
    if file is not None:
        return _or_said(say, lambda: _score_file(models, say, model, file))
    return _or_said(say, lambda: _evaluate(data, say, model))


def _or_said(say: Say, work: Callable[[], bool]) -> bool:
    try:
        return work()
    except (UnfitFile, ModelRefused, measures.OneClass, FileNotFoundError) as error:
        say(f"refused: {error}")
        return False


def _train(data: Path, models: Path, say: Say, model: str | None) -> bool:
    held = True
    for question in _chosen(model):
        rows = read(data / question.file)
        labels = question.labels(rows)
        say(f"{question.name}: {question.asks} {len(rows):,} rows, {labels.mean():.1%} yes")
        say(reporting.HEAD)
        scorers, scores = {}, {}
        for place, variant in enumerate(question.variants):
            matrix = variant.build(rows)
            if matrix is None:
                raise UnfitFile(f"{question.file}: its rows do not allow the features '{variant.name}'")
            found = cross_validated(matrix, labels, question.boosting, repeats=2 if place == 0 else 1)
            for told in reporting.validation_lines(question, variant.name, found, judged=place == 0):
                say(told)
            fitted = grown(matrix, labels, question.boosting, seed=0)
            scorers[variant.name] = type(fitted)(fitted.forest, fitted.offset, found.calibration)
            scores[variant.name] = _kept(found)
            held &= place > 0 or not reporting.missed(question, found.area.value, found.precision.value)
        made = Model(
            question=question,
            scorers=scorers,
            trained_at=clock.now(),
            data={
                "file": question.file,
                "rows": len(rows),
                "sha256": fingerprint(rows, [*question.columns, question.target]),
                "grounds": grounds_of(rows),
            },
            libraries={name: version(name) for name in ("numpy", "scipy", "scikit-learn")}
            | {"python": platform.python_version()},
            scores=scores,
        )
        say(f"kept in {keep(models, made)}\n")
    if _draining(model):
        made_of, better = accounts.trained(read(data / accounts.FILE), accounts.FILE, say)
        say(f"kept in {keep_draining(models, made_of)}\n")
        held &= better
    return held


def _evaluate(data: Path, say: Say, model: str | None) -> bool:
    held = True
    say(reporting.HEAD)
    for question in _chosen(model):
        rows = read(data / question.file)
        labels, variant = question.labels(rows), question.variants[0]
        matrix = variant.build(rows)
        if matrix is None:
            raise UnfitFile(f"{question.file}: its rows do not allow the features '{variant.name}'")
        found = cross_validated(matrix, labels, question.boosting, repeats=2, seed=_EVALUATION_SEED)
        told = reporting.validation_lines(question, variant.name, found, judged=True)
        if question.in_order_of_time:
            for one in question.variants:
                rebuilt = one.build(rows)
                if rebuilt is not None:
                    told += reporting.forward_lines(question, one.name, forward(rebuilt, labels, question.boosting))
        for line in told + fairness_lines(question, rows, labels, found.probabilities):
            say(line)
        held &= not reporting.missed(question, found.area.value, found.precision.value)
    if _draining(model):
        held &= accounts.trained(read(data / accounts.FILE), accounts.FILE, say)[1]
    return held


def _score_file(models: Path, say: Say, model: str | None, file: Path) -> bool:
    held, scored = True, 0
    say(reporting.HEAD)
    for question in _chosen(model):
        path = file / question.file if file.is_dir() else file
        rows = read(path)
        fits = bool(rows) and {*question.columns, question.target} <= set(rows[0])
        if model is None and not fits and not file.is_dir():
            continue
        folder = Path(model) if model is not None and Path(model).is_dir() else folder_of(models, question.name)
        kept, scored = load(folder, question.name), scored + 1
        labels = question.labels(rows)
        variant, chances = kept.answer(rows)
        label = f"{question.name}/{variant}"
        area = intervals.delong(labels, chances)
        size = max(1, int(len(rows) * 0.1))
        precision = measures.precision_at_top(labels, chances)
        say(reporting.line(label, f"AUC of {len(rows):,} rows", area, question.area))
        say(
            reporting.line(
                label, "precision in the top tenth", intervals.wilson(precision * size, size), question.precision
            )
        )
        say(reporting.plain(label, "expected calibration error", measures.expected_calibration_error(labels, chances)))
        say(reporting.plain(label, "Brier score", measures.brier(labels, chances)))
        for step in measures.reliability(labels, chances):
            say(f"{label:<18} promised {step.predicted:7.4f}  came {step.observed:7.4f}  of {step.size:,}")
        if fingerprint(rows, [*question.columns, question.target]) == kept.data["sha256"]:
            say(f"{label:<18} these are the very rows it was trained on: the figures say nothing of others")
        held &= not reporting.missed(question, area.value, precision)
    if _draining(model) and (file.is_dir() or accounts.fits(read(file))):
        folder = Path(model) if model is not None and Path(model).is_dir() else folder_of(models, DRAINING)
        path = file / accounts.FILE if file.is_dir() else file
        held &= accounts.scored(read(path), load_draining(folder), say)
        scored += 1
    if not scored:
        raise UnfitFile(f"{file.name} has the shape of no model: {', '.join(MODELS)}")
    return held


def _chosen(model: str | None) -> list[Question]:
    if model is None:
        return list(QUESTIONS.values())
    name = Path(model).name
    if name == DRAINING:
        return []
    if name not in QUESTIONS:
        raise ModelRefused(f"no such model: {name}; there are {', '.join(QUESTIONS)}")
    return [QUESTIONS[name]]


def _draining(model: str | None) -> bool:
    return model is None or Path(model).name == DRAINING


def _kept(found: Validation) -> dict[str, Any]:
    """The scores as they stand in a manifest."""
    return {
        "auc": [found.area.value, found.area.low, found.area.high, found.area.method],
        "auc_pooled": [found.pooled.value, found.pooled.low, found.pooled.high, found.pooled.method],
        "precision_top_tenth": [
            found.precision.value,
            found.precision.low,
            found.precision.high,
            found.precision.method,
        ],
        "expected_calibration_error": found.calibration_error,
        "brier": found.brier,
    }
