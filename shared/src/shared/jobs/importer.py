"""One kind of import: how a row becomes a wish, and which verb carries it out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.access import Caller
from shared.crypto import Keyring
from shared.idempotency import Wish, gate_for
from shared.jobs.parsing import Line
from shared.problems import IdempotencyKeyMissing, Problem
from shared.routing import check_json
from shared.world import World

_DEEPEST: Final = 10

Verb = Callable[[World, AsyncConnection, Sequence[Wish[Any]]], Any]


def as_they_are(cells: dict[str, str]) -> dict[str, Any]:
    """The cells of a CSV row as the fields of a body: right where no field is a list or an object."""
    return dict(cells)


def by_path(cells: dict[str, str]) -> dict[str, Any]:
    """The cells of a CSV row under names that are paths: `address.city` is a field of an object, `points.0.kind` of a list.

    Numbers give the order of a list, and a place whose cells are all empty is not in it. Raises ValueError where one path
    goes on where another ends.
    """
    tree: dict[str, Any] = {}
    for name, cell in cells.items():
        *above, last = name.split(".")
        if len(above) >= _DEEPEST:
            raise ValueError("a path too deep for any body")
        node = tree
        for part in above:
            inner = node.setdefault(part, {})
            if isinstance(inner, str):
                raise ValueError("a path goes on where another ends")  # noqa: TRY004  # the row is wrong, not its type
            node = inner
        if last in node:
            raise ValueError("a path ends where another goes on")
        node[last] = cell
    return {name: _listed(value) for name, value in tree.items()}


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if all(part.isdecimal() and part.isascii() for part in node):
        return [_listed(node[part]) for part in sorted(node, key=int)]
    return {part: _listed(value) for part, value in node.items()}


@dataclass(frozen=True, slots=True)
class Importer:
    """`kind` names the job, `resource` the gate's type, `model` the body of the single route, `verb` what it calls.

    `group` lines are one transaction, whose rows nobody else can change meanwhile: more where a line is quickly done.
    """

    kind: str
    resource: str
    model: type[BaseModel]
    verb: Verb
    cells: Callable[[dict[str, str]], dict[str, Any]] = as_they_are
    group: int = 500


@dataclass(frozen=True, slots=True)
class Reject:
    """Why a row did not land: its line, a code, and where in it; never its value."""

    line: int
    code: str
    pointer: str


def wish_of(
    importer: Importer, keyring: Keyring, line: Line, caller: Caller, identity: UUID, at: datetime
) -> Wish[Any] | Reject:
    """The row as the verb takes it, under this id at this instant, or why it cannot be."""
    if line.fault is not None or line.data is None:
        return Reject(line.number, line.fault or "empty", "")
    try:
        if isinstance(line.data, bytes):
            check_json(line.data)
            body = importer.model.model_validate_json(line.data)
        else:
            body = importer.model.model_validate(importer.cells(line.data))
        return Wish(identity, body, gate_for(keyring, importer.resource, body, caller), caller, at)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        pointer = "".join(f"/{part}" for part in fault["loc"])
        code = "malformed" if fault["type"] == "json_invalid" else str(fault["type"]).replace("_", "-")
        return Reject(line.number, code, pointer[:200])
    except IdempotencyKeyMissing:
        return Reject(line.number, "key-missing", "")
    except ValueError:
        return Reject(line.number, "malformed", "")


def reject_of(line: int, error: Exception) -> Reject:
    """Why the verb did not take the row."""
    if isinstance(error, Problem):
        pointer = error.errors[0].pointer if error.errors else ""
        return Reject(line, error.code(), pointer)
    return Reject(line, "not-stored", "")
