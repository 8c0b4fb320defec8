"""The tables of long work: jobs, their stored input, their rejects, and timers."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB


@dataclass(frozen=True, slots=True)
class JobTables:
    """What a service needs for long work."""

    job: Table
    chunk: Table
    reject: Table
    timer: Table


def job_tables(metadata: MetaData) -> JobTables:
    """All of them, on a service's own metadata."""
    return JobTables(
        job=Table(
            "job",
            metadata,
            Column("id", Uuid, primary_key=True),
            Column("kind", Text, nullable=False),
            Column("format", Text, nullable=False),
            Column("state", Text, nullable=False, index=True),
            Column("sub", Text, nullable=False),
            Column("actor", Text, nullable=False),
            Column("created_at", DateTime(timezone=True), nullable=False),
            Column("started_at", DateTime(timezone=True)),
            Column("finished_at", DateTime(timezone=True)),
            Column("lease_until", DateTime(timezone=True)),
            Column("chunks", Integer, nullable=False),
            Column("total", BigInteger, nullable=False),
            Column("done", BigInteger, nullable=False),
            Column("created", BigInteger, nullable=False),
            Column("unchanged", BigInteger, nullable=False),
            Column("rejected", BigInteger, nullable=False),
        ),
        chunk=Table(
            "job_chunk",
            metadata,
            Column("job_id", Uuid, primary_key=True),
            Column("number", Integer, primary_key=True),
            Column("row_id", Uuid, nullable=False),
            Column("data", LargeBinary, nullable=False),
        ),
        reject=Table(
            "job_reject",
            metadata,
            Column("job_id", Uuid, primary_key=True),
            Column("line", BigInteger, primary_key=True),
            Column("code", Text, nullable=False),
            Column("pointer", Text, nullable=False),
        ),
        timer=Table(
            "timer",
            metadata,
            Column("key", Text, primary_key=True),
            Column("name", Text, nullable=False),
            Column("due_at", DateTime(timezone=True), nullable=False, index=True),
            Column("every_seconds", Integer),
            Column("payload", JSONB, nullable=False),
        ),
    )
