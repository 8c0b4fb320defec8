"""A service on a loop of its own, asked from ordinary code: operation by operation of its contract, by every kind of caller."""

import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID, uuid4

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from shared.crypto import Keyring
from shared.testing.postgres import clone
from shared.testing.service import Service, running
from shared.testing.tokens import Issuer

METHODS: Final = ("get", "post", "put", "patch", "delete")
Actor = Literal["staff", "client", "customer", "service"]
ACTORS: Final[tuple[Actor, ...]] = ("staff", "client", "customer")
_IDENTITY: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, as the contract has it."""

    method: str
    path: str
    told: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def scope(self) -> str:
        """The scope it asks for; empty where everybody may."""
        asked = self.told.get("security") or [{"bearer": [""]}]
        scope: str = asked[0]["bearer"][0]
        return scope

    def takes(self, media: str) -> bool:
        """Whether it reads a body of this type."""
        return media in self.told.get("requestBody", {}).get("content", {})

    @property
    def url(self) -> str:
        """Its path about something nobody has heard of."""
        return re.sub(r"\{[^}]+\}", lambda _: str(uuid4()), self.path)

    def asked(self, document: Mapping[str, Any]) -> dict[str, str]:
        """The first value the contract names for each query parameter it requires."""
        asked = {}
        for part in self.told.get("parameters", ()):
            if part["in"] == "query" and part.get("required"):
                schema = part["schema"]
                if "$ref" in schema:
                    schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
                asked[part["name"]] = str(schema["enum"][0])
        return asked


@dataclass
class Live:
    """A running service. What it answers is remembered, so that later requests can be about things that are there."""

    service: Service
    portal: BlockingPortal
    # Who calls as `customer`.
    me: UUID = field(default_factory=uuid4)
    callers: dict[Actor, httpx.AsyncClient] = field(default_factory=dict)
    known: dict[str, list[str]] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """What the service says of itself now, whatever its committed contract says."""
        return self.service.app.openapi()

    def operations(self) -> list[Operation]:
        """Everything that can be asked."""
        return [
            Operation(method, path, told)
            for path, methods in self.document["paths"].items()
            for method, told in methods.items()
            if method in METHODS
        ]

    def scopes(self) -> list[str]:
        """Everything that can be allowed."""
        return sorted({one.scope for one in self.operations()} - {""})

    def head(
        self, actor: Actor = "staff", *, audience: str | None = None, scopes: Sequence[str] | None = None, **claims: Any
    ) -> dict[str, str]:
        """The header with a token, of this service and with every scope where nothing else is said."""
        whose = {"customer_id": self.me} if actor == "customer" else {}
        chosen = self.scopes() if scopes is None else scopes
        name = audience or self.service.name
        token = self.service.issuer.token(name, chosen, actor=actor, sub=f"live-{actor}", **(whose | claims))
        return {"Authorization": f"Bearer {token}"}

    def ask(self, actor: Actor, method: str, url: str, **given: Any) -> httpx.Response:
        """One request of that caller; a token in `headers` stands in place of the caller's own."""
        if actor not in self.callers:
            self.callers[actor] = self.portal.call(self._caller, actor)
        answer = self.portal.call(lambda: self.callers[actor].request(method, url, **given))
        where = answer.headers.get("location", "")
        if answer.is_success and _IDENTITY.search(where):
            self.known.setdefault(where.rsplit("/", 1)[0], []).append(where.rsplit("/", 1)[1])
        return answer

    async def _caller(self, actor: Actor) -> httpx.AsyncClient:
        client = await self.service.client()
        client.headers.update(self.head(actor))
        return client

    def about_known(self, path: str, number: int) -> str | None:
        """The path about the `number`th thing from the last that was made under it; None where there is none."""
        prefix, brace, rest = path.partition("/{")
        made = self.known.get(prefix, [])
        if not brace or not made or "/{" in rest:
            return None
        return f"{prefix}/{made[-1 - number % len(made)]}{rest.partition('}')[2]}"


@contextmanager
def living(folder: Path, admin: str, issuer: Issuer) -> Iterator[Live]:
    """The service of that folder over a fresh clone of its database, until the block ends."""
    package = folder.name.replace("-", "_")

    def part(room: str) -> Any:
        return importlib.import_module(f"{package}.{room}")

    with clone(admin, folder) as url, start_blocking_portal() as portal:
        made = running(
            url,
            settings=part("settings").Settings,
            app=part("main").app,
            work=part("worker").work,
            issuer=issuer,
            keyring=Keyring(Keyring.generate()),
        )
        with portal.wrap_async_context_manager(made) as service:
            yield Live(service, portal)
