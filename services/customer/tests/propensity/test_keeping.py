"""A kept model answers as the one that was made; anything else in its place is refused."""

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from customer.propensity.domain import intervals
from customer.propensity.domain.credit import COLUMNS, TARGET
from customer.propensity.domain.questions import DEFAULT
from customer.propensity.domain.rows import fingerprint
from customer.propensity.domain.scorers import Calibration, Scorer
from customer.propensity.training import evaluate
from customer.propensity.training.boosting import grown
from customer.propensity.usecases import Model, ModelRefused, folder_of, keep, load

ROWS = [
    {name: str((seed * 7 + place * 3) % 11) for place, name in enumerate(COLUMNS)}
    | {"LIMIT_BAL": str(1_000 + seed), TARGET: str(int(seed % 3 == 0))}
    for seed in range(200)
]


@pytest.fixture(scope="module")
def model() -> Model:
    """A small model, really grown."""
    matrix = DEFAULT.variants[0].build(ROWS)
    assert matrix is not None
    grew = grown(matrix, DEFAULT.labels(ROWS), replace(DEFAULT.boosting, trees=5), 0)
    return Model(
        question=DEFAULT,
        scorers={"plain": Scorer(grew.forest, grew.offset, Calibration(0.9, 0.1))},
        trained_at=datetime(2026, 11, 25, tzinfo=UTC),
        data={"rows": len(ROWS), "sha256": "0" * 64},
        libraries={},
        scores={},
    )


@pytest.fixture
def folder(tmp_path: Path, model: Model) -> Path:
    return keep(tmp_path, model)


def test_a_kept_model_answers_as_before(folder: Path, model: Model) -> None:
    again = load(folder, "default")
    np.testing.assert_array_equal(again.answer(ROWS)[1], model.answer(ROWS)[1])
    assert (again.trained_at, again.data) == (model.trained_at, model.data)


def test_keeping_twice_leaves_one_set_of_arrays(tmp_path: Path, folder: Path, model: Model) -> None:
    changed = Scorer(model.scorers["plain"].forest, 0.5)
    keep(tmp_path, Model(DEFAULT, {"plain": changed}, model.trained_at, {}, {}, {}))
    assert len(list(folder.glob("*.npz"))) == 1
    assert load(folder, "default").scorers["plain"].offset == 0.5


def arrays(folder: Path) -> Path:
    (found,) = folder.glob("*.npz")
    return found


def flip_a_byte(folder: Path) -> None:
    data = bytearray(arrays(folder).read_bytes())
    data[len(data) // 2] ^= 1
    arrays(folder).write_bytes(bytes(data))


def put_a_pickle_there(folder: Path) -> None:
    arrays(folder).write_bytes(b"\x80\x04cposix\nsystem\n.")


def rename_a_feature(folder: Path) -> None:
    told = json.loads((folder / "manifest.json").read_text())
    told["variants"]["plain"]["features"][0] = "age"
    (folder / "manifest.json").write_text(json.dumps(told))


def name_another_format(folder: Path) -> None:
    told = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(told | {"format": 99}))


def cut_the_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text((folder / "manifest.json").read_text()[:40])


def lose_the_arrays(folder: Path) -> None:
    arrays(folder).unlink()


@pytest.mark.parametrize(
    "harm",
    [flip_a_byte, put_a_pickle_there, rename_a_feature, name_another_format, cut_the_manifest, lose_the_arrays],
    ids=lambda harm: harm.__name__,
)
def test_a_model_that_is_not_what_it_says_is_refused(folder: Path, harm: object) -> None:
    assert callable(harm)
    harm(folder)
    with pytest.raises(ModelRefused):
        load(folder, "default")


def test_another_questions_model_is_refused(folder: Path) -> None:
    with pytest.raises(ModelRefused):
        load(folder, "product")


def test_evaluating_without_a_model_or_with_a_file_of_no_shape_is_said_and_fails(tmp_path: Path) -> None:
    said: list[str] = []
    file = tmp_path / "rows.csv"
    file.write_text("a,b\n1,2\n")
    assert not evaluate(tmp_path, tmp_path, said.append, file=file)
    assert "the shape of no model" in said[-1]
    file.write_text(",".join([*COLUMNS, TARGET]) + "\n" + ",".join("1" for _ in [*COLUMNS, TARGET]) + "\n")
    assert not evaluate(tmp_path, tmp_path, said.append, model="default", file=file)
    assert "make train S=customer" in said[-1]
    assert folder_of(tmp_path, "default").name in said[-1]


def test_another_file_of_the_same_shape_is_scored_and_the_rows_it_was_made_from_are_known_again(
    tmp_path: Path, model: Model
) -> None:
    columns = [*COLUMNS, TARGET]
    keep(tmp_path, replace(model, data={"rows": len(ROWS), "sha256": fingerprint(ROWS, columns)}))
    for rows, known in ((ROWS[::-1], True), (ROWS[:150], False)):
        file, said = tmp_path / "next_year.csv", list[str]()
        with file.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.DictWriter(out, columns[::-1])
            writer.writeheader()
            writer.writerows(rows)
        evaluate(tmp_path / "nothing", tmp_path, said.append, model="default", file=file)
        area = intervals.delong(DEFAULT.labels(rows), model.answer(rows)[1])
        (told,) = [line for line in said if f"AUC of {len(rows)} rows" in line]
        assert f"{area.value:.4f}  {area.low:.4f} to {area.high:.4f}" in told
        assert any("the very rows it was trained on" in line for line in said) is known


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "there are no rows"),
        ([row for row in ROWS if row[TARGET] == "0"], "both classes are needed"),
        ([ROWS[0] | {TARGET: "maybe"}], f"row 1: {TARGET}"),
        ([ROWS[0], ROWS[1] | {"LIMIT_BAL": "much"}], "row 2: LIMIT_BAL is no number"),
    ],
)
def test_a_file_that_cannot_be_scored_is_said_and_fails(
    tmp_path: Path, model: Model, rows: list[dict[str, str]], told: str
) -> None:
    keep(tmp_path, model)
    file, said = tmp_path / "rows.csv", list[str]()
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [*COLUMNS, TARGET])
        writer.writeheader()
        writer.writerows(rows)
    assert not evaluate(tmp_path, tmp_path, said.append, model="default", file=file)
    assert said[-1].startswith("refused: ")
    assert told in said[-1]
    assert "maybe" not in said[-1]
