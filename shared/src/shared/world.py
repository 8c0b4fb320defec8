"""What a verb needs besides its transaction: settings, database, keys; built once, handed down, never global."""

from dataclasses import dataclass

from shared.crypto import Keyring, Vault
from shared.db import Database
from shared.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class World:
    """One process's surroundings; `main` and `worker` build it, tests build another."""

    settings: ServiceSettings
    db: Database
    keyring: Keyring
    vault: Vault
