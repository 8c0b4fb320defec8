"""Where the bearer token comes from: fixed, or by client credentials, fetched again before it runs out."""

import asyncio
import time
from typing import Protocol

import httpx

from cxbank_client.problems import Problem, problem_of

EARLY = 30.0  # seconds before its end at which a token is not used any more


class TokenSource(Protocol):
    """Gives the token of the next request; `stale` is one that was just refused."""

    async def token(self, stale: str | None = None) -> str:
        """A token that holds now."""


class ClientCredentials:
    """OAuth 2.0 client credentials; callers who arrive together share one fetch."""

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str,
        *,
        audience: str,
        scope: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = token_url
        self._form = {"grant_type": "client_credentials", "audience": audience, "scope": scope}
        self._credentials = (client_id, client_secret)
        self._transport = transport
        self._token = ""
        self._ends = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def token(self, stale: str | None = None) -> str:
        """The token at hand, or a new one where it ran out or was refused."""
        async with self._one_at_a_time:
            if not self._token or self._token == stale or time.monotonic() > self._ends - EARLY:
                await self._fetch()
            return self._token

    async def _fetch(self) -> None:
        async with httpx.AsyncClient(transport=self._transport, timeout=10) as client:
            answer = await client.post(self._url, data=self._form, auth=self._credentials)
        if answer.status_code != 200:
            raise problem_of(answer)
        body = answer.json()
        if "access_token" not in body:
            raise Problem(502, "The issuer gave no token")
        self._token = str(body["access_token"])
        self._ends = time.monotonic() + float(body.get("expires_in", 60))
