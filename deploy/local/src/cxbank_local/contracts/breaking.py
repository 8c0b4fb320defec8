"""What in a newer contract would break somebody who relied on the older one: pure comparison of two documents."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Document = Mapping[str, Any]
# Who is hurt by what: a sender by a narrower input, a reader by an output that lost or loosened something.
Direction = Literal["input", "output"]
# Parts of the two documents that are being compared already: a recursive model is followed once.
Pairs = frozenset[tuple[int, int]]

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


def breaks_of_api(old: Document, new: Document) -> list[str]:
    """Every break between two OpenAPI documents, as sentences that name the place."""
    return list(_Comparison(old, new).api())


def breaks_of_schema(old: Document, new: Document, where: str) -> list[str]:
    """Every break between two JSON Schemas of something we say (an event), as sentences."""
    return list(_Comparison(old, new).schema(old, new, where, "output"))


@dataclass(frozen=True)
class _Comparison:
    old: Document
    new: Document

    def api(self) -> Iterator[str]:
        for path, item in self.old.get("paths", {}).items():
            newer = self.new.get("paths", {}).get(path, {})
            for method in METHODS:
                if method not in item:
                    continue
                where = f"{method.upper()} {path}"
                if method in newer:
                    yield from self._operation(item[method], newer[method], where)
                else:
                    yield f"{where}: the route is gone"

    def _operation(self, old: Document, new: Document, where: str) -> Iterator[str]:
        yield from self._parameters(old, new, where)
        yield from self._body(old.get("requestBody"), new.get("requestBody"), where)
        for status, answer in old.get("responses", {}).items():
            if not status.startswith("2"):
                continue
            newer = new.get("responses", {}).get(status)
            if newer is None:
                yield f"{where}: it never answers {status} any more"
                continue
            yield from self._content(answer, newer, f"{where} {status}", "output")

    def _parameters(self, old: Document, new: Document, where: str) -> Iterator[str]:
        before = {(one["in"], one["name"]): one for one in old.get("parameters", ())}
        after = {(one["in"], one["name"]): one for one in new.get("parameters", ())}
        for key, parameter in before.items():
            place = f"{where} {key[0]} `{key[1]}`"
            if key not in after:
                yield f"{place}: the parameter is gone"
                continue
            if after[key].get("required") and not parameter.get("required"):
                yield f"{place}: it has become required"
            yield from self.schema(parameter.get("schema", {}), after[key].get("schema", {}), place, "input")
        for key in after.keys() - before.keys():
            if after[key].get("required"):
                yield f"{where} {key[0]} `{key[1]}`: a new required parameter"

    def _body(self, old: Document | None, new: Document | None, where: str) -> Iterator[str]:
        if old is None:
            if new is not None and new.get("required"):
                yield f"{where}: a body has become required"
            return
        if new is None:
            yield f"{where}: it takes no body any more"
            return
        if new.get("required") and not old.get("required"):
            yield f"{where}: the body has become required"
        yield from self._content(old, new, f"{where} body", "input")

    def _content(self, old: Document, new: Document, where: str, direction: Direction) -> Iterator[str]:
        for media, content in old.get("content", {}).items():
            newer = new.get("content", {}).get(media)
            if newer is None:
                yield f"{where}: {media} is gone"
            else:
                yield from self.schema(content.get("schema", {}), newer.get("schema", {}), where, direction)

    def schema(
        self, old: Document, new: Document, where: str, direction: Direction, seen: Pairs = frozenset()
    ) -> Iterator[str]:
        """Breaks between two schemas."""
        before, after = _kinds(old, self.old), _kinds(new, self.new)
        if "any" in before or "any" in after:
            if direction == "input" and "any" in before and "any" not in after:
                yield f"{where}: anything was taken, now only {_list(after)}"
            if direction == "output" and "any" in after and "any" not in before:
                yield f"{where}: it was {_list(before)}, now it can be anything"
            return
        lost = before.keys() - after.keys()
        gained = after.keys() - before.keys()
        if lost and (direction == "input" or not before.keys() & after.keys()):
            yield f"{where}: {_list(lost)} is not {'taken' if direction == 'input' else 'given'} any more"
        if gained and direction == "output" and before.keys() & after.keys():
            yield f"{where}: it can now be {_list(gained)}"
        for kind in sorted(before.keys() & after.keys()):
            yield from self._same_kind(before[kind], after[kind], where, direction, seen)

    def _same_kind(self, old: Document, new: Document, where: str, direction: Direction, seen: Pairs) -> Iterator[str]:
        if (id(old), id(new)) in seen:
            return
        seen |= {(id(old), id(new))}
        yield from _limits(old, new, where, direction)
        if "items" in old and "items" in new:
            yield from self.schema(old["items"], new["items"], f"{where}[]", direction, seen)
        before, after = old.get("properties", {}), new.get("properties", {})
        required, now_required = set(old.get("required", ())), set(new.get("required", ()))
        for name, property_ in before.items():
            if name not in after:
                yield f"{where}.{name}: the field is gone"
            else:
                yield from self.schema(property_, after[name], f"{where}.{name}", direction, seen)
        if direction == "input":
            for name in sorted(now_required - required):
                yield f"{where}.{name}: it has become required"
        else:
            for name in sorted(required - now_required):
                if name in after:
                    yield f"{where}.{name}: it may be missing now"


def _limits(old: Document, new: Document, where: str, direction: Direction) -> Iterator[str]:
    """Narrower limits hurt a sender; a reader has to live with wider ones, and with new values of an enumeration."""
    if old.get("format") != new.get("format"):
        yield f"{where}: the format was {old.get('format', 'free')}, now {new.get('format', 'free')}"
    if direction == "output":
        return
    before, after = _values(old), _values(new)
    if after is not None and (before is None or before - after):
        yield f"{where}: {_list(before - after if before else ['any value'])} is not taken any more"
    for limit in LOWER:
        if limit in new and new[limit] > old.get(limit, float("-inf")) and (new[limit] > 0 or "Length" not in limit):
            yield f"{where}: {limit} rose to {new[limit]}"
    for limit in UPPER:
        if limit in new and new[limit] < old.get(limit, float("inf")):
            yield f"{where}: {limit} fell to {new[limit]}"
    if new.get("pattern") not in (None, old.get("pattern")):
        yield f"{where}: the pattern is another"


def _values(schema: Document) -> set[str] | None:
    if "const" in schema:
        return {str(schema["const"])}
    return {str(value) for value in schema["enum"]} if "enum" in schema else None


def resolve(schema: Document, document: Document) -> Document:
    """What a `$ref` within the document stands for."""
    while "$ref" in schema:
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def _kinds(schema: Document, document: Document) -> dict[str, Document]:
    """The alternatives of a schema by their JSON type; objects of a union are told apart by their title."""
    schema = resolve(schema, document)
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if alternatives:
        many = sum("properties" in resolve(one, document) for one in alternatives) > 1
        found: dict[str, Document] = {}
        for one in alternatives:
            for name, part in _kinds(one, document).items():
                found[f"{name} {part.get('title', '')}" if many and name == "object" else name] = part
        return found
    if isinstance(schema.get("allOf"), list) and len(schema["allOf"]) == 1:
        return _kinds(schema["allOf"][0], document)
    kind: Any = schema.get("type")
    if kind is None and ("enum" in schema or "const" in schema):
        kind = "string"
    if kind is None:
        return {"any": schema}
    return dict.fromkeys([kind] if isinstance(kind, str) else kind, schema)


def _list(words: Any) -> str:
    return ", ".join(sorted(str(word) for word in words))
