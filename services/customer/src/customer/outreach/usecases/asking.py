"""What other services ask for by event: accepted where it can be written, kept as failed with the reason where it cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from prometheus_client import Counter
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.outreach.domain.messages import Category, Channel, State, Urgency
from customer.outreach.schemas import MOST_PLACES, AskedMessage, Code, Filling, Key, Language, Place, SubmitMessage
from customer.outreach.usecases.submitting import MESSAGE, submit_messages
from shared.access import Caller
from shared.idempotency import wish_for
from shared.problems import Gone, NotFound, Problem
from shared.telemetry import log
from shared.world import World

UNWRITTEN: Final = Counter(
    "messages_unwritten_total", "Messages other services asked for that nobody is written", ["asked_by", "reason"]
)
# What stands for a key that can be none: it might hold anything, and is said to everybody.
NO_KEY: Final = "unknown"
_KEY: Final = TypeAdapter[str](Key)
_CODE: Final = TypeAdapter[str](Code)
_LANGUAGE: Final = TypeAdapter[str](Language)
_PLACE: Final = TypeAdapter[str](Place)
_FILLING: Final = TypeAdapter[str | int | bool](Filling)


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish as another service said it in an event, taken as it came; `usual` are its purpose and category."""

    event_id: UUID
    event_type: str
    source: str
    usual: tuple[str, Category]
    customer_id: UUID
    template: str
    purpose: str | None
    data: Mapping[str, Any]
    channels: Sequence[str] | None
    language: str | None
    urgent: bool
    expires_at: datetime | None


async def ask_for_messages(world: World, tx: AsyncConnection, asked: Sequence[Asked]) -> None:
    """Take over what other services want written, each event once. Nothing of it holds up what comes behind it.

    Whoever is gone or not there is not written to. What no text can say (an unknown key, data that is missing or not ours
    to print, no channel that we have) is kept as failed, with what is wrong, and said with the id of the event that asked.
    """
    wishes = [
        wish_for(world.keyring, MESSAGE, _body(one), Caller(sub=one.source, actor="service", scopes=frozenset()))
        for one in asked
    ]
    for one, answer in zip(asked, await submit_messages(world, tx, wishes), strict=True):
        if not isinstance(answer, Problem):
            if answer.view.state is State.FAILED and not answer.replayed:
                _count(one, str(answer.view.reason))
        elif isinstance(answer, Gone | NotFound):
            _count(one, "gone" if isinstance(answer, Gone) else "unknown-customer")
        else:
            # The same event with other content, or a twin of one that was just refused: the first word stands.
            log.warning("asked_message_refused", event_type=one.event_type, problem=answer.code())
            _count(one, answer.code())


def _count(asked: Asked, reason: str) -> None:
    UNWRITTEN.labels(asked.event_type, reason).inc()


def _body(asked: Asked) -> SubmitMessage:
    purpose, category = asked.usual
    faults = [] if _is(_KEY, asked.template) else ["/template malformed"]
    if asked.purpose is not None and not _is(_CODE, asked.purpose):
        faults.append("/purpose malformed")
    elif asked.purpose is not None:
        purpose = asked.purpose
    channels = None if asked.channels is None else [one for one in Channel if one in asked.channels]
    if channels == []:
        faults.append("/channels unknown")
    expires_at = asked.expires_at
    if expires_at is not None and not _dated(expires_at):
        faults.append("/expires_at malformed")
        expires_at = None
    data, odd = _data(asked.data)
    return AskedMessage(
        customer_id=asked.customer_id,
        template=asked.template if _is(_KEY, asked.template) else NO_KEY,
        purpose=purpose,
        data=data,
        urgency=Urgency.URGENT if asked.urgent else Urgency.ROUTINE,
        channels=channels or None,
        language=asked.language if _is(_LANGUAGE, asked.language) else None,
        expires_at=expires_at,
        external_ref=str(asked.event_id),
        asked_in=asked.event_id,
        category=category,
        purpose_said=asked.purpose is not None,
        faults=(*faults, *odd),
    )


def _data(given: Mapping[str, Any]) -> tuple[dict[str, str | int | bool], list[str]]:
    """What of it a text can be filled with, and what is wrong with the rest: names of places only, never a value."""
    if len(given) > MOST_PLACES:
        return {}, ["/data too-long"]
    odd = ["/data/? malformed" for one in given if not _is(_PLACE, one)]
    named = {place: value for place, value in given.items() if _is(_PLACE, place)}
    odd += [f"/data/{place} malformed" for place, value in named.items() if not _is(_FILLING, value)]
    return {place: value for place, value in named.items() if _is(_FILLING, value)}, odd


def _dated(at: datetime) -> bool:
    """Whether an instant has a date in UTC: a few hours before the first year or after the last have none."""
    try:
        at.astimezone(UTC)
    except OverflowError:
        return False
    return True


def _is(kind: TypeAdapter[Any], value: object) -> bool:
    try:
        kind.validate_python(value, strict=True)
    except ValidationError:
        return False
    return True
