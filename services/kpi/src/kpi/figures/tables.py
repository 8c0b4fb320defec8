"""Where figures are kept: one row per thing heard of, and exact sums of them by metric, unit, day and hour."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, Integer, Table, Text, Uuid, false, true

from kpi.storage import metadata

# `zone` and `bank_zone` are those the fact was counted in: what is taken away is what was added, whatever is true now.
fact = Table(
    "fact",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("state", Text),
    Column("customer_id", Uuid, index=True),
    Column("place_id", Uuid),
    Column("source", Text),
    Column("rating", Integer),
    Column("waited", BigInteger),
    Column("served", BigInteger),
    Column("ended_at", DateTime(timezone=True)),
    Column("zone", Text),
    Column("bank_zone", Text, nullable=False),
    # False of a customer whose party is counted by another record, as long as the two are linked.
    Column("counts", Boolean, nullable=False, server_default=true()),
    # Of a message: whether a gateway ever took it. A message has purpose and campaign, its way through a channel the channel.
    Column("sent", Boolean, nullable=False, server_default=false()),
    Column("channel", Text),
    Column("purpose", Text),
    Column("campaign_id", Uuid),
    Index(None, "place_id", "id"),
)

# Heard from channel-router. Version -1: only tickets were heard of so far, so there is no zone yet.
known_place = Table(
    "known_place",
    metadata,
    Column("place_id", Uuid, primary_key=True),
    Column("zone", Text),
    Column("version", Integer, nullable=False),
)


def _where() -> list[Column[Any]]:
    return [Column("metric", Text, primary_key=True), Column("unit", Text, primary_key=True)]


def _sums() -> list[Column[Any]]:
    return [
        Column("numerator", BigInteger, nullable=False),
        Column("denominator", BigInteger, nullable=False),
        Column("n", BigInteger, nullable=False),
        Column("fresh_at", DateTime(timezone=True), nullable=False),
    ]


def _counts() -> list[Column[Any]]:
    return [
        Column("seconds", BigInteger, primary_key=True),
        Column("n", BigInteger, nullable=False),
        Column("fresh_at", DateTime(timezone=True), nullable=False),
    ]


def _day() -> Column[Any]:
    return Column("day", Date, primary_key=True)


def _hour() -> Column[Any]:
    return Column("hour", DateTime(timezone=True), primary_key=True)


# A day is a day in the unit's zone; an hour is the instant it begins, so that an hour that comes twice is two.
figure_day = Table("figure_day", metadata, *_where(), _day(), *_sums())
figure_hour = Table("figure_hour", metadata, *_where(), _day(), _hour(), *_sums())

# How many waits (say) took so many whole seconds: quantiles of any period are exact, and days add up to months.
histogram_day = Table("histogram_day", metadata, *_where(), _day(), *_counts())
histogram_hour = Table("histogram_hour", metadata, *_where(), _day(), _hour(), *_counts())
