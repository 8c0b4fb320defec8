"""How a caller registers a customer with the typed client; the README shows this function, and a test runs it."""

from cxbank_client import Customer
from cxbank_client.customer import models


async def register_and_read(customer: Customer) -> models.Customer:
    """Register a person under our own key, as often as we like, and read them back."""
    wish = models.RegisterCustomer(
        kind="individual",
        legal_name="王小明",
        contact_points=[models.NewContactPoint(kind="email", value="xiaoming@example.com")],
        external_ref="crm-4711",
    )
    made = await customer.register_customer(wish)
    again = await customer.register_customer(wish)
    if not again.meta.replayed or again.id != made.id:
        raise AssertionError("a repeat by external_ref makes nothing new")
    return await customer.show_customer(made.id)
