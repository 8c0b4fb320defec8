"""HTTP of parties: the party itself, and the parts of its record."""

from customer.parties.routes import parts
from customer.parties.routes.party import PARTIES, router

router.include_router(parts.router)

__all__ = ["PARTIES", "router"]
