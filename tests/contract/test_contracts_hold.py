"""The committed contracts and the client are what the code says, and a break is refused."""

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxbank_local.contracts import files
from cxbank_local.contracts.__main__ import check
from cxbank_local.contracts.documents import SERVICES

ROOT = Path(__file__).parents[2]


def test_the_contracts_and_the_client_are_as_the_code_says() -> None:
    assert check(ROOT) == []


def kept(service: str) -> files.Contract:
    """The contract as the tree has it."""
    found = files.kept(ROOT, service)
    assert found is not None
    return found


def first_answer(api: dict[str, Any]) -> dict[str, Any]:
    """The component that the first POST with a typed answer tells."""
    for _, item in sorted(api["paths"].items()):
        schema = item.get("post", {}).get("responses", {}).get("201", {}).get("content", {})
        reference = schema.get("application/json", {}).get("schema", {}).get("$ref")
        if reference:
            found: dict[str, Any] = api["components"]["schemas"][reference.rsplit("/", 1)[-1]]
            return found
    raise AssertionError("no service without a typed answer")


@pytest.mark.parametrize("service", ["customer", "feedback", "risk"])
def test_a_removed_field_of_an_answer_is_a_break(service: str) -> None:
    old = kept(service)
    api = copy.deepcopy(dict(old.api))
    answer = first_answer(api)
    gone = sorted(answer["properties"])[0]
    del answer["properties"][gone]
    found = files.breaks(old, replace(old, api=api), ROOT)
    assert any(one.endswith(f".{gone}: the field is gone") for one in found), found


@pytest.mark.parametrize("service", SERVICES)
def test_a_removed_route_or_event_is_a_break(service: str) -> None:
    old = kept(service)
    path, name = sorted(old.api["paths"])[0], sorted(old.events)[0]
    api = {**old.api, "paths": {one: item for one, item in old.api["paths"].items() if one != path}}
    events = {one: schema for one, schema in old.events.items() if one != name}
    found = files.breaks(old, replace(old, api=api, events=events), ROOT)
    assert any(f"{path}: the route is gone" in one for one in found), found
    assert f"{service}: {name}: the event is gone" in found


def test_a_break_is_let_through_only_with_its_reason_written_down(tmp_path: Path) -> None:
    old = kept("kpi")
    folder = tmp_path / old.folder
    shutil.copytree(ROOT / old.folder, folder)
    name = sorted(old.events)[0]
    newer = replace(old, events={one: schema for one, schema in old.events.items() if one != name})
    assert files.breaks(old, newer, tmp_path)
    accepted = {f"{name}: the event is gone": "nobody ever heard it"}
    (folder / files.ACCEPTED).write_text(json.dumps(accepted), encoding="utf-8")
    assert files.breaks(old, newer, tmp_path) == []


def test_writing_leaves_no_difference_and_removes_what_nothing_makes(tmp_path: Path) -> None:
    texts = {Path("made/a.json"): "{}\n", Path("made/b.json"): "[]\n"}
    owned = [Path("made")]
    (tmp_path / "made").mkdir()
    (tmp_path / "made/old.json").write_text("{}", encoding="utf-8")
    assert files.differences(tmp_path, texts, owned)
    assert len(files.write(tmp_path, texts, owned)) == 3
    assert files.differences(tmp_path, texts, owned) == []
    assert files.write(tmp_path, texts, owned) == []
