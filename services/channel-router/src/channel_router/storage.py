"""The one MetaData of the channel-router service, with the tables every service has."""

from shared.audit import audit_tables
from shared.crypto import subject_key_table
from shared.db import new_metadata
from shared.events.tables import event_tables
from shared.exports import export_table
from shared.idempotency import gate_table
from shared.jobs.tables import job_tables
from shared.subjects import identity_link_table
from shared.webhooks.tables import webhook_tables

SOURCE = "/cxbank/channel-router"

metadata = new_metadata()
KEYS = subject_key_table(metadata)
GATE = gate_table(metadata)
EVENTS = event_tables(metadata)
AUDIT = audit_tables(metadata)
JOBS = job_tables(metadata)
WEBHOOKS = webhook_tables(metadata)
EXPORTS = export_table(metadata)
LINKS = identity_link_table(metadata)
