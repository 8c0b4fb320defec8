"""The table of clocks: intervals as they happened, and what was last computed from them, by which revisions."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def deadline_table(metadata: MetaData, name: str = "deadline") -> Table:
    """One row for each run of a clock of a subject, on a service's own metadata.

    True are `started_at`, `held` (pauses and grants, null when there are none) and `satisfied_at`; `due_at`, `warn_at` and
    the two revisions are computed, and are computed again when a calendar or a policy has a newer revision. `version` counts
    changes of the intervals only.

    `look_at` is the one computed column with an index: when to look at a row, never later than its next warning or its end
    while those are to be said. It is set well ahead of them and stays where it is as long as that holds, so that a
    recomputation changes no index; and half of each page is left free, so that the new rows stand beside the old ones. Its
    default has a row that did not set it looked at soon.
    """
    table = Table(
        name,
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("subject_id", Uuid, nullable=False, index=True),
        Column("policy", Text, nullable=False),
        Column("edition", Date, nullable=False),
        Column("clock", Text, nullable=False),
        Column("calendar", Text, nullable=False),
        Column("policy_revision", Integer, nullable=False),
        Column("calendar_revision", Integer, nullable=False),
        Column("started_at", DateTime(timezone=True), nullable=False),
        Column("held", JSONB(none_as_null=True)),
        Column("satisfied_at", DateTime(timezone=True)),
        Column("due_at", DateTime(timezone=True)),
        Column("warn_at", DateTime(timezone=True)),
        Column("estimated", Boolean, nullable=False, server_default=false()),
        Column("warned", SmallInteger, nullable=False, server_default=text("0")),
        Column("breach_said", Boolean, nullable=False, server_default=false()),
        Column("version", BigInteger, nullable=False, server_default=text("1")),
        Column("look_at", DateTime(timezone=True), server_default=text("'-infinity'")),
        postgresql_with={"fillfactor": 45},
    )
    Index(f"ix_{name}_look_at", table.c.look_at, postgresql_where=text("satisfied_at IS NULL AND look_at IS NOT NULL"))
    return table
