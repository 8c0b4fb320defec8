"""Who is calling, and may they: RFC 9068 bearer tokens verified against the issuer's rotating keys."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args
from uuid import UUID

import jwt
from fastapi import Depends, Request

from shared import clock
from shared.problems import Forbidden, NotFound, Unauthorized, Unavailable

Actor = Literal["client", "staff", "customer", "service"]

_ALGORITHMS: Final = ("RS256", "ES256", "PS256", "EdDSA")
_CACHED_TOKENS: Final = 10_000
_CACHED_SECONDS: Final = 300.0
_REFETCH_SECONDS: Final = 10.0
_FRESH_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, on whose behalf, and in which request."""

    sub: str
    actor: Actor
    scopes: frozenset[str]
    customer_id: UUID | None = None
    branch: str | None = None
    roles: frozenset[str] = frozenset()
    on_behalf_of: str | None = None
    request_id: str = ""
    traceparent: str | None = None

    def see(self, customer_id: UUID) -> None:
        """A customer reaches their own data only; another's is not told apart from none (NotFound).

        By the id they signed in with, for what goes to that very record; what they read `shared.subjects.reach` resolves.
        """
        if self.actor == "customer" and self.customer_id != customer_id:
            raise NotFound()


Fetch = Callable[[], Awaitable[Mapping[str, Any]]]


class Verifier:
    """Checks tokens for one audience; keys are fetched when an unknown one appears, and kept while the issuer is down."""

    def __init__(self, issuer: str, audience: str, fetch: Fetch) -> None:
        self._issuer = issuer
        self._audience = audience
        self._fetch = fetch
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = -_FRESH_SECONDS
        self._tried = -_REFETCH_SECONDS
        self._fetching = asyncio.Lock()
        self._known: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def verify(self, token: str) -> Caller:
        """The caller a token names; raises Unauthorized, saying why in general terms only."""
        mark = hashlib.sha256(token.encode()).digest()
        now = clock.now().timestamp()
        known = self._known.get(mark)
        if known is not None:
            if known[0] > now:
                return known[1]
            del self._known[mark]
        claims = await self._claims(token)
        caller = _caller(claims)
        self._known[mark] = (min(float(claims["exp"]), now + _CACHED_SECONDS), caller)
        if len(self._known) > _CACHED_TOKENS:
            self._known.popitem(last=False)
        return caller

    async def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, ValueError):
            raise Unauthorized("The token cannot be read.") from None
        key = await self._key(str(header.get("kid", "")))
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[name for name in _ALGORITHMS if name == key.algorithm_name],
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise Unauthorized(_reason(error)) from None
        now = clock.now().timestamp()
        if float(claims["exp"]) <= now or float(claims.get("nbf", now)) > now + 60:
            raise Unauthorized("The token has expired or is not valid yet.")
        return claims

    async def _key(self, kid: str) -> jwt.PyJWK:
        age = time.monotonic() - self._fetched
        if kid not in self._keys or age > _FRESH_SECONDS:
            await self._refresh(kid)
        key = self._keys.get(kid)
        if key is None:
            if not self._keys:
                raise Unavailable("The identity provider's keys cannot be had now.")
            raise Unauthorized("The token is signed by a key we do not know.")
        return key

    async def _refresh(self, kid: str) -> None:
        async with self._fetching:
            now = time.monotonic()
            fresh = now - self._fetched < _FRESH_SECONDS
            # An unknown key asks again, but not more often than every ten seconds: the header is the caller's.
            if (fresh and kid in self._keys) or now - self._tried < _REFETCH_SECONDS:
                return
            self._tried = now
            try:
                document = await self._fetch()
                keys = [jwt.PyJWK(entry) for entry in document["keys"]]
            except Exception:  # noqa: BLE001  # whatever it is: the keys we have are kept while the issuer is away
                return
            self._keys = {str(key.key_id): key for key in keys}
            self._fetched = now


def _reason(error: jwt.InvalidTokenError) -> str:
    if isinstance(error, jwt.InvalidAudienceError):
        return "The token is for another service."
    if isinstance(error, jwt.InvalidIssuerError):
        return "The token is from another issuer."
    return "The token does not hold."


def _caller(claims: Mapping[str, Any]) -> Caller:
    actor: Any = claims.get("actor")
    if actor not in get_args(Actor):
        raise Unauthorized("The token names no actor.")
    customer = claims.get("customer_id")
    try:
        customer_id = UUID(str(customer)) if customer is not None else None
    except ValueError:
        raise Unauthorized("The token's customer is no id.") from None
    if actor == "customer" and customer_id is None:
        raise Unauthorized("A customer's token names its customer.")
    behalf = claims.get("on_behalf_of")
    return Caller(
        sub=str(claims["sub"]),
        actor=actor,
        scopes=frozenset(str(claims.get("scope", "")).split()),
        customer_id=customer_id,
        branch=None if claims.get("branch") is None else str(claims["branch"]),
        roles=frozenset(str(role) for role in claims.get("roles", ())),
        on_behalf_of=None if behalf is None else str(behalf),
    )


class Requirement:
    """A dependency that lets a caller through who has the scope and is one of the actors.

    With the scope `wider` besides, the same route answers more: the contract names both.
    """

    def __init__(self, scope: str, actors: Sequence[Actor], wider: str | None = None) -> None:
        self.scope = scope
        self.wider = wider
        self.actors = frozenset(actors)

    async def __call__(self, request: Request) -> Caller:
        verifier: Verifier = request.app.state.verifier
        head = request.headers.get("authorization")
        if head is None or head[:7].lower() != "bearer ":
            raise Unauthorized("Send a bearer token.")
        caller = await verifier.verify(head[7:].strip())
        if self.scope not in caller.scopes or caller.actor not in self.actors:
            raise Forbidden(f"This needs the scope {self.scope} as {' or '.join(sorted(self.actors))}.")
        request.scope["state"]["sub"] = caller.sub
        return _in_request(caller, request)


def _in_request(caller: Caller, request: Request) -> Caller:
    state = request.scope["state"]
    behalf = request.headers.get("on-behalf-of") if caller.actor == "service" else None
    return Caller(
        sub=caller.sub,
        actor=caller.actor,
        scopes=caller.scopes,
        customer_id=caller.customer_id,
        branch=caller.branch,
        roles=caller.roles,
        on_behalf_of=behalf or caller.on_behalf_of,
        request_id=state.get("request_id", ""),
        traceparent=state.get("traceparent"),
    )


def require(scope: str, *, actors: Sequence[Actor] = ("client", "staff"), wider: str | None = None) -> Any:
    """What stands in an `Annotated[Caller, …]` of a capability's `access.py`: 401 without a token, 403 without scope."""
    return Depends(Requirement(scope, [*actors, "service"], wider))


class Open:
    """A dependency that lets everybody through, and says so."""

    async def __call__(self) -> None:
        return None


def public() -> Any:
    """What a route for everybody declares, so that none is public by forgetting."""
    return Depends(Open())
