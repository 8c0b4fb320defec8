"""What screening hears: who the customers are, and what the bank's own systems saw them do."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from risk.screening.domain.windows import HASHED, Kind
from risk.screening.schemas import ScreenEvent
from risk.screening.usecases.customers import learn_customers
from risk.screening.usecases.screening import SCREENING, screen_events
from shared.access import Caller
from shared.events.consumer import Handlers, Heard, Hears
from shared.idempotency import wish_for
from shared.problems import Problem
from shared.telemetry import log
from shared.world import World


class CustomerRegistered(Hears):
    """What of a customer screening keeps."""

    type: ClassVar[str] = "cxbank.customer.registered.v1"
    customer_id: UUID
    tier: str
    state: str | None = None


class CustomerChanged(CustomerRegistered):
    """The same, later."""

    type: ClassVar[str] = "cxbank.customer.changed.v1"


class CustomerClosed(CustomerRegistered):
    """The relation ended."""

    type: ClassVar[str] = "cxbank.customer.closed.v1"


class CustomerSnapshot(CustomerRegistered):
    """Said again for a newcomer."""

    type: ClassVar[str] = "cxbank.customer.snapshot.v1"


class ExternalAmount(BaseModel):
    """Money as the bank's systems say it: decimal text and ISO 4217 currency."""

    amount: str
    currency: str


class ExternalTransaction(Hears):
    """Money was moved. Without `occurred_at` the event's own time counts."""

    type: ClassVar[str] = "cxbank.external.transaction.v1"
    kind: ClassVar[Kind] = Kind.TRANSACTION
    event_id: str
    customer_id: UUID
    occurred_at: AwareDatetime | None = None
    amount: ExternalAmount | None = None
    account: str | None = None
    device: str | None = None
    payee: str | None = None
    place: str | None = None


class ExternalLogin(ExternalTransaction):
    """A customer signed in."""

    type: ClassVar[str] = "cxbank.external.login.v1"
    kind: ClassVar[Kind] = Kind.LOGIN


class ExternalAccountChanged(ExternalTransaction):
    """Something about an account is different now."""

    type: ClassVar[str] = "cxbank.external.account_changed.v1"
    kind: ClassVar[Kind] = Kind.PROFILE_CHANGE


EXTERNAL: Final = Caller(sub="external", actor="service", scopes=frozenset())


def body_of(event: Heard[ExternalTransaction]) -> ScreenEvent:
    """The event as the route would have got it: set is only what was said, so that both doors have one content."""
    data = event.data
    said: dict[str, Any] = {
        "event_id": data.event_id,
        "kind": data.kind,
        "customer_id": data.customer_id,
        "occurred_at": data.occurred_at or event.time,
    }
    if data.amount is not None:
        said["amount"] = data.amount.model_dump()
    attributes = {pivot.value: told for pivot in HASHED if (told := getattr(data, pivot.value)) is not None}
    if attributes:
        said["attributes"] = attributes
    return ScreenEvent.model_validate(said)


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears."""

    @handlers.on(CustomerRegistered, CustomerChanged, CustomerClosed, CustomerSnapshot)
    async def heard_customers(tx: AsyncConnection, events: Sequence[Heard[CustomerRegistered]]) -> None:
        rows = [event.data.model_dump() | {"version": event.sequence or 0} for event in events]
        await learn_customers(world, tx, rows)

    @handlers.on(ExternalTransaction, ExternalLogin, ExternalAccountChanged)
    async def heard_externals(tx: AsyncConnection, events: Sequence[Heard[ExternalTransaction]]) -> None:
        wishes = [wish_for(world.keyring, SCREENING, body_of(event), EXTERNAL) for event in events]
        for answer in await screen_events(world, tx, wishes):
            # An erased customer's event, or a known id with other content: the first word stands. Parking it would
            # hold back every later event of this customer, which would leave them unscreened.
            if isinstance(answer, Problem):
                log.warning("external_event_refused", problem=answer.code())
