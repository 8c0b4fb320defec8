"""One service's contract, made from its code: OpenAPI of its app, JSON Schemas and AsyncAPI of its events."""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from cxbank_local.contracts.files import Contract
from shared.crypto import Keyring, Vault
from shared.db import Database
from shared.erasure import ErasureRequested, confirmed_by
from shared.events.envelope import Event
from shared.exports import ExportRequested, ready_by
from shared.settings import table
from shared.worker import anchored_by
from shared.world import World

SERVICES = ("customer", "feedback", "channel-router", "risk", "kpi")
NOWHERE = "postgresql://nobody@127.0.0.1/nothing"
Document = dict[str, Any]
Models = Mapping[str, type[BaseModel]]


def package_of(service: str) -> str:
    """Python's name of a service."""
    return service.replace("-", "_")


def _settings(service: str) -> Any:
    """Settings of which only what is required is given; none of it shows in a document."""
    settings = importlib.import_module(f"{package_of(service)}.settings")
    return settings.Settings(mode="test", database_url=NOWHERE, keys_file=Path("none"))


def settings_page() -> str:
    """The operators' table of every setting, from the settings classes."""
    modules = [importlib.import_module(f"{package_of(service)}.settings") for service in SERVICES]
    head = "# Settings\n\nBy environment only; made by `make contracts` from the settings classes. Ports are per service.\n\n"
    return head + table([module.Settings for module in modules])


def openapi(service: str) -> Document:
    """The OpenAPI 3.1 document of a service's app; nothing is started for it."""
    main = importlib.import_module(f"{package_of(service)}.main")
    document: Document = main.app(_settings(service)).openapi()
    return document


def _rooms(service: str, room: str) -> list[ModuleType]:
    package = importlib.import_module(package_of(service))
    found = []
    for capability in pkgutil.iter_modules(package.__path__):
        if not capability.ispkg:
            continue
        inner = importlib.import_module(f"{package.__name__}.{capability.name}")
        for module in pkgutil.iter_modules(inner.__path__):
            if module.name == room:
                found += _tree(f"{inner.__name__}.{room}")
    return found


def _tree(name: str) -> list[ModuleType]:
    module = importlib.import_module(name)
    below = pkgutil.iter_modules(getattr(module, "__path__", ()))
    return [module, *(deeper for one in below for deeper in _tree(f"{name}.{one.name}"))]


def said(service: str) -> Models:
    """The events a service says, by `ce_type`: its capabilities' own, and what every service says of itself."""
    found: dict[str, type[BaseModel]] = {anchored_by(service).type: anchored_by(service)}
    if ErasureRequested.type in heard(service) and service != "customer":
        found[confirmed_by(service).type] = confirmed_by(service)
    if ExportRequested.type in heard(service):
        found[ready_by(service).type] = ready_by(service)
    for module in _rooms(service, "events"):
        for value in vars(module).values():
            name = getattr(value, "type", None)
            if isinstance(value, type) and issubclass(value, Event) and isinstance(name, str):
                found[name] = value
    return {name: found[name] for name in sorted(found) if name.startswith(f"cxbank.{service}.")}


@cache
def heard(service: str) -> Mapping[str, Sequence[type[BaseModel]]]:
    """What a service makes of the events it hears, by `ce_type`: the models its handlers are registered with."""
    package = package_of(service)
    storage = importlib.import_module(f"{package}.storage")
    keyring = Keyring(Keyring.generate())
    # Nothing is connected: a worker's list of handlers is drawn up in a world that is never entered.
    world = World(_settings(service), Database(NOWHERE), keyring, Vault(keyring, storage.KEYS))
    handlers = importlib.import_module(f"{package}.worker").work(world).handlers
    return {
        name: tuple(dict.fromkeys(handle.model for handle in handles))
        for name, handles in sorted(handlers.of_type.items())
    }


def event_schema(name: str, model: type[BaseModel]) -> Document:
    """The JSON Schema of an event's data; the id is a relative one, so that it names no host."""
    return {"$id": f"/events/{name}", **model.model_json_schema(mode="serialization")}


def asyncapi(service: str) -> Document:
    """The AsyncAPI 3.0 document: what the service sends on its own topic, what it receives on others."""
    channels: Document = {}
    operations: Document = {}
    messages: Document = {}
    schemas: Document = {}
    pairs = [("send", name, model) for name, model in said(service).items()]
    pairs += [("receive", name, models[0]) for name, models in heard(service).items()]
    for action, name, model in pairs:
        # An external system's event keeps the name of its topic, as any service's does.
        topic = f"cxbank.{name.split('.')[1]}.events"
        channel = channels.setdefault(topic.replace(".", "_"), {"address": topic, "messages": {}})
        key = name.replace(".", "_")
        channel["messages"][key] = {"$ref": f"#/components/messages/{key}"}
        schema = model.model_json_schema(mode="serialization", ref_template="#/components/schemas/" + key + "_{model}")
        schemas.update({f"{key}_{part}": inner for part, inner in schema.pop("$defs", {}).items()})
        messages[key] = {
            "name": name,
            "title": model.__name__,
            "summary": (model.__doc__ or name).strip().splitlines()[0],
            "contentType": "application/json",
            "headers": {"$ref": "#/components/schemas/cloudevents"},
            "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": schema},
        }
        operation = operations.setdefault(
            f"{action}_{topic.replace('.', '_')}",
            {"action": action, "channel": {"$ref": f"#/channels/{topic.replace('.', '_')}"}, "messages": []},
        )
        operation["messages"].append({"$ref": f"#/channels/{topic.replace('.', '_')}/messages/{key}"})
    return {
        "asyncapi": "3.0.0",
        "info": {"title": f"cxbank {service}", "version": "1.0.0", "description": _PURPOSE},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"cloudevents": _CLOUDEVENTS, **schemas}},
    }


def generated(service: str) -> Contract:
    """The contract of a service, from its code."""
    return Contract(
        service,
        openapi(service),
        asyncapi(service),
        {name: event_schema(name, model) for name, model in said(service).items()},
    )


_PURPOSE = "CloudEvents 1.0 over Kafka in binary mode: attributes as ce_* headers, the data as the record's JSON value."
_CLOUDEVENTS: Document = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "content-type"],
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid"},
        "ce_source": {"type": "string", "format": "uri-reference"},
        "ce_type": {"type": "string"},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_subject": {"type": "string"},
        "ce_sequence": {
            "type": "string",
            "description": "The version of the subject; counts within source and subject.",
        },
        "ce_epoch": {"type": "string", "description": "Rises when the topic's log was lost and filled again."},
        "content-type": {"type": "string", "const": "application/json"},
        "traceparent": {"type": "string"},
    },
}
