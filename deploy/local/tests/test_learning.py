"""The training rooms of a service are found by their name, and what cannot be done is said."""

import gzip
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cxbank_local import learning
from cxbank_local.cli import app


def test_the_rooms_of_a_service_offer_models_of_different_names() -> None:
    names = [name for room in learning.rooms("customer") for name in room.MODELS]
    assert {"product", "default"} <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["train", "customer", "--model", "weather"], "no model 'weather'"),
        (["train", "customer", "--data", "not-there"], "real data is needed"),
        (["evaluate", "customer", "--file", "not-there.csv"], "no such file"),
    ],
)
def test_what_cannot_be_done_is_said_and_fails(words: list[str], told: str, tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, [*words, "--models", str(tmp_path)])
    assert answer.exit_code == 1
    assert told in answer.output


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("packed.csv", gzip.compress(b"a,b\n1,2\n")),
        ("plain.csv.gz", b"a,b\n1,2\n"),
        ("cut.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99)[:-9]),
        ("latin.csv", "a,b\n1,Zürich\n".encode("latin-1")),
        ("zeros.csv", b"a,b\n1,\0\n"),
    ],
    # Packed bytes hold the second they were packed in: as a name they would differ between the processes of one run.
    ids=["packed", "plain-named-packed", "cut", "latin", "zeros"],
)
def test_a_file_that_cannot_be_read_is_said_in_a_sentence_and_not_repeated(
    name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    words = ["evaluate", "customer", "--model", "default", "--file", str(tmp_path / name), "--models", str(tmp_path)]
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 1
    assert f"{name} is no text in UTF-8" in answer.output
    assert isinstance(answer.exception, SystemExit)
    assert "Z" not in answer.output
