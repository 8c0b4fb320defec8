"""Where it stands from when on a customer has to be told anew: one row each, and sweeps over all of them."""

from sqlalchemy import Column, DateTime, Integer, Table, Uuid

from customer.storage import metadata

# What follows from a customer's past is told up to `told_until` and stays so until `next_check_at`. Whatever happens to
# a customer only moves `next_check_at` back to when it happened; `version` counts the tellings that changed something.
customer_due = Table(
    "customer_due",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("told_until", DateTime(timezone=True), nullable=False),
    Column("next_check_at", DateTime(timezone=True), index=True),
)

# Everybody is to be told anew from `since` on: carried out page by page, in the order of ids.
due_sweep = Table(
    "due_sweep",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("reached", Uuid),
)
