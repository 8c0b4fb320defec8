"""What travels: a CloudEvents 1.0 event in Kafka's binary mode, attributes as headers, JSON data as value."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, NamedTuple, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

SPEC: Final = "1.0"
CONTENT_TYPE: Final = "application/json"
_SPEC_HEADER: Final = ("ce_specversion", SPEC.encode())
_CONTENT_HEADER: Final = ("content-type", CONTENT_TYPE.encode())

Headers = Sequence[tuple[str, bytes]]


class Undecodable(ValueError):
    """What arrived is no event of ours: it is parked with this reason."""


class Event(BaseModel):
    """Something that happened, said by the service that knows: ids and codes, never a name, contact or free text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str]


def types_said_by(service: str) -> dict[str, type[Event]]:
    """The events a service says, by type, as far as their classes are imported: all of them, where its app or worker is."""
    found: list[type[Event]] = list(Event.__subclasses__())
    for one in found:
        found += one.__subclasses__()
    said = {kind: one for one in found if (kind := getattr(one, "type", None)) is not None}
    return {kind: one for kind, one in said.items() if kind.startswith(f"cxbank.{service}.")}


@dataclass(frozen=True, slots=True)
class Emit:
    """An event on its way out: `key` orders it, `subject` is the thing it tells of, `sequence` that thing's version."""

    event: Event
    key: UUID | str
    subject: UUID | str
    sequence: int


# Tuples, for one of each is made of every message: a frozen dataclass takes three times as long to make.
class Record(NamedTuple):
    """One message as a bus carries it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: Headers


class Envelope(NamedTuple):
    """The attributes of one event, and its data still as bytes."""

    id: str
    source: str
    type: str
    time: datetime
    subject: str
    sequence: int | None
    traceparent: str | None
    epoch: int
    data: bytes

    def to_headers(self) -> list[tuple[str, bytes]]:
        """The attributes as Kafka headers (CloudEvents Kafka binding 1.0.2, binary content mode)."""
        headers = [
            # First, since every reader looks for it before anything else.
            ("ce_epoch", b"%d" % self.epoch),
            _SPEC_HEADER,
            ("ce_id", self.id.encode()),
            ("ce_source", self.source.encode()),
            ("ce_type", self.type.encode()),
            ("ce_time", self.time.isoformat().replace("+00:00", "Z").encode()),
            ("ce_subject", self.subject.encode()),
        ]
        if self.sequence is not None:
            headers.append(("ce_sequence", b"%d" % self.sequence))
        if self.traceparent is not None:
            headers.append(("traceparent", self.traceparent.encode()))
        headers.append(_CONTENT_HEADER)
        return headers

    @classmethod
    def of(cls, record: Record) -> Self:
        """Read a record's attributes; raises Undecodable when the required ones are missing or make no sense."""
        try:
            told = {name.lower(): value.decode() for name, value in record.headers}
            sequence = told.get("ce_sequence")
            return cls(
                told["ce_id"],
                told["ce_source"],
                told["ce_type"],
                datetime.fromisoformat(told["ce_time"]),
                told.get("ce_subject", ""),
                None if sequence is None else int(sequence),
                told.get("traceparent"),
                int(told.get("ce_epoch", "0")),
                record.value,
            )
        except (KeyError, ValueError, UnicodeDecodeError) as error:
            raise Undecodable(f"its attributes cannot be read ({type(error).__name__})") from None


def epoch_of(headers: Iterable[tuple[str, bytes]]) -> int:
    """The epoch a record was sent in; 0 where none is said."""
    for name, value in headers:
        if name == "ce_epoch" and value.isdigit():
            return int(value)
    return 0
