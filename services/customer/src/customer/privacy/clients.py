"""The other four services, asked for what they hold of a person who asked for it."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from customer.settings import Settings
from shared.http import ClientCredentials, ServiceClient
from shared.problems import Unavailable

ASKED: Final = ("feedback", "channel-router", "risk", "kpi")


class Others:
    """One client for each, with this service's own token for each audience."""

    def __init__(self, clients: Mapping[str, ServiceClient]) -> None:
        self._clients = clients

    async def export(self, service: str, request_id: UUID, *, on_behalf_of: str) -> list[bytes]:
        """What a service hands over, line by line; raises Unavailable when it does not."""
        client = self._clients.get(service)
        if client is None:
            raise Unavailable(f"The address of {service} is not set.")
        answer = await client.request("GET", f"/v1/privacy-exports/{request_id}", on_behalf_of=on_behalf_of)
        if answer.status_code != 200:
            raise Unavailable(f"{service} cannot hand over now.")
        return [line for line in answer.content.split(b"\n") if line]

    async def close(self) -> None:
        """Give the connections back."""
        for client in self._clients.values():
            await client.close()


def others(settings: Settings) -> Others:
    """Clients for the services whose address is set."""
    return Others(
        {
            service: ServiceClient(url, token=_token(settings, service))
            for service, url in settings.service_urls.items()
            if service in ASKED
        }
    )


def _token(settings: Settings, audience: str) -> ClientCredentials | None:
    if settings.token_url is None or settings.client_id is None or settings.client_secret is None:
        return None
    secret = settings.client_secret.get_secret_value()
    return ClientCredentials(settings.token_url, settings.client_id, secret, audience)
