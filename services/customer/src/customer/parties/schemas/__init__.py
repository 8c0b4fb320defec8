"""Inputs and outputs of a party; routes, imports and other capabilities build the same ones."""

from customer.parties.schemas.parts import ContactPoint, ContactPointIn, Identifier, IdentifierIn
from customer.parties.schemas.party import (
    ChangeCustomer,
    Customer,
    CustomerSummary,
    Found,
    LookUp,
    PastVersion,
    RegisterCustomer,
)

__all__ = [
    "ChangeCustomer",
    "ContactPoint",
    "ContactPointIn",
    "Customer",
    "CustomerSummary",
    "Found",
    "Identifier",
    "IdentifierIn",
    "LookUp",
    "PastVersion",
    "RegisterCustomer",
]
