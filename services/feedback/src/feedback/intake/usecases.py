"""What can be done with an expression: submit (for many at once) and read; the words go in and out under seal."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from feedback import storage
from feedback.intake import repository
from feedback.intake.domain import Kind, Source, kind_for
from feedback.intake.events import ExpressionEvent, FeedbackReceived
from feedback.intake.problems import CustomerErased, FeedbackUnknown
from feedback.intake.schemas import AboutView, Feedback, FeedbackLine, SubmitFeedback
from shared import audit
from shared.access import Caller
from shared.crypto import DataKey, Subject
from shared.events import outbox
from shared.events.envelope import Emit
from shared.idempotency import Answer, Passage, Wish
from shared.problems import Problem
from shared.redaction import redact
from shared.subjects import one_party
from shared.world import World

EXPRESSION = "feedback"


def subject_of(feedback_id: UUID, customer_id: UUID | None) -> Subject:
    """Whose key seals the words: the customer's, or the expression's own where nobody is known."""
    return Subject("customer", customer_id) if customer_id else Subject(EXPRESSION, feedback_id)


async def submit_feedback(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[SubmitFeedback]]
) -> list[Answer[Feedback] | Problem]:
    """Keep expressions, each once by its gate; what an erased customer says is refused (CustomerErased)."""

    async def do(fresh: Sequence[Wish[SubmitFeedback]]) -> Sequence[Feedback | Problem]:
        return await _submit(world, tx, fresh)

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, Feedback]:
        return await views(world, tx, ids)

    passage = Passage(
        storage.GATE,
        world.vault,
        Feedback,
        do=do,
        again=again,
        subject=lambda wish, _: subject_of(wish.id, wish.body.customer_id),
    )
    return await passage.run(tx, wishes)


async def _submit(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[SubmitFeedback]]
) -> list[Feedback | Problem]:
    subjects = [subject_of(wish.id, wish.body.customer_id) for wish in wishes]
    keys = await world.vault.for_write(tx, sorted(set(subjects)))
    spoken = sorted({wish.body.customer_id for wish in wishes if wish.body.customer_id})
    tiers = await repository.tiers(tx, spoken)
    answers: list[Feedback | Problem] = []
    rows: list[dict[str, Any]] = []
    said: list[Emit] = []
    entries: list[audit.Entry] = []
    for wish, subject in zip(wishes, subjects, strict=True):
        key = keys[subject]
        if key is None:
            answers.append(CustomerErased("What an erased customer says is not kept."))
            continue
        view = _made(wish, tiers)
        answers.append(view)
        rows.append(_sealed(view, key))
        said.append(said_of(FeedbackReceived, view))
        entries.append(audit.Entry("feedback.submit", subject, EXPRESSION, view.id, wish.caller))
    if rows:
        await repository.insert_feedback(tx, rows)
        await outbox.emit(tx, storage.EVENTS, storage.SOURCE, said)
        await audit.record(tx, storage.AUDIT, world.keyring, entries)
    return answers


def _made(wish: Wish[SubmitFeedback], tiers: Mapping[UUID, str]) -> Feedback:
    body = wish.body
    return Feedback(
        id=wish.id,
        version=1,
        source=body.source,
        source_ref=body.source_ref,
        text=body.text,
        redacted_text=redact(body.text) if body.text else None,
        rating=body.rating,
        language=body.language,
        kind=kind_for(body.source, body.rating),
        customer_id=body.customer_id,
        customer_tier=tiers.get(body.customer_id) if body.customer_id else None,
        subject=AboutView(kind=body.subject.kind, id=body.subject.id) if body.subject else None,
        captured_at=body.captured_at or wish.at,
        received_at=wish.at,
    )


def _sealed(view: Feedback, key: DataKey) -> dict[str, Any]:
    def sealed(name: str, value: str | None) -> bytes | None:
        return None if value is None else key.seal(value, row=view.id, field=name)

    return {
        "id": view.id,
        "version": view.version,
        "source": view.source,
        "source_ref": sealed("source_ref", view.source_ref),
        "text": sealed("text", view.text),
        "redacted_text": view.redacted_text,
        "rating": view.rating,
        "language": view.language,
        "kind": view.kind,
        "customer_id": view.customer_id,
        "subject_kind": view.subject.kind if view.subject else None,
        "subject_id": view.subject.id if view.subject else None,
        "captured_at": view.captured_at,
        "received_at": view.received_at,
    }


def said_of(kind: type[ExpressionEvent], view: Feedback | FeedbackLine) -> Emit:
    """An event of the expression: ordered with its customer's others, told of by its own id."""
    event = kind(
        feedback_id=view.id,
        source=view.source,
        rating=view.rating,
        kind=view.kind,
        language=view.language,
        customer_id=view.customer_id,
        subject_kind=view.subject.kind if view.subject else None,
        subject_id=view.subject.id if view.subject else None,
        occurred_at=view.captured_at,
    )
    return Emit(event, key=view.customer_id or view.id, subject=view.id, sequence=view.version)


def about(row: Row[Any]) -> AboutView | None:
    """What the row is about."""
    return AboutView(kind=row.subject_kind, id=row.subject_id) if row.subject_kind else None


def line(row: Row[Any]) -> FeedbackLine:
    """A row as a line of a list."""
    return FeedbackLine(
        id=row.id,
        version=row.version,
        source=Source(row.source),
        redacted_text=row.redacted_text,
        rating=row.rating,
        language=row.language,
        kind=Kind(row.kind) if row.kind else None,
        customer_id=row.customer_id,
        customer_tier=row.customer_tier,
        subject=about(row),
        captured_at=row.captured_at,
        received_at=row.received_at,
    )


async def views(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Feedback]:
    """Expressions by id, opened; those of erased customers are not in the answer."""
    if not ids:
        return {}
    rows = await repository.by_ids(conn, ids)
    keys = await world.vault.for_read(conn, sorted({subject_of(row.id, row.customer_id) for row in rows}))
    opened: dict[UUID, Feedback] = {}
    for row in rows:
        key = keys.get(subject_of(row.id, row.customer_id))
        if key is None:
            continue
        words = None if row.text is None else key.open(row.text, row=row.id, field="text")
        ref = None if row.source_ref is None else key.open(row.source_ref, row=row.id, field="source_ref")
        opened[row.id] = Feedback(**line(row).model_dump(), text=words, source_ref=ref)
    return opened


async def show_feedback(
    world: World, tx: AsyncConnection, wishes: Sequence[tuple[UUID, Caller]]
) -> list[Feedback | Problem]:
    """Read expressions for many callers at once; who read what is recorded in the same transaction.

    A customer sees only their own, and what was said under an id that counts as the same party now; what an erased
    customer said is 410.
    """
    ids = sorted({feedback_id for feedback_id, _ in wishes})
    found = await views(world, tx, ids)
    own = await one_party(tx, storage.LINKS, _whose(found, wishes))
    missing = [one for one in ids if one not in found]
    erased = {row.id for row in await repository.by_ids(tx, missing)} if missing else set()
    answers: list[Feedback | Problem] = []
    seen: list[audit.Entry] = []
    for feedback_id, caller in wishes:
        view = found.get(feedback_id)
        if view is None:
            gone = feedback_id in erased and caller.actor != "customer"
            answers.append(CustomerErased() if gone else FeedbackUnknown())
        elif caller.actor == "customer" and (view.customer_id, caller.customer_id) not in own:
            answers.append(FeedbackUnknown())
        else:
            answers.append(view)
            subject = subject_of(view.id, view.customer_id)
            seen.append(audit.Entry("feedback.read", subject, EXPRESSION, feedback_id, caller))
    await audit.seen(tx, storage.AUDIT, world.keyring, seen)
    return answers


def _whose(found: Mapping[UUID, Feedback], wishes: Sequence[tuple[UUID, Caller]]) -> Iterable[tuple[UUID, UUID]]:
    """(customer who spoke, customer who asks), where a customer asks for what somebody said."""
    for feedback_id, caller in wishes:
        view = found.get(feedback_id)
        if caller.actor == "customer" and caller.customer_id and view and view.customer_id:
            yield view.customer_id, caller.customer_id


async def learn_customers(world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was heard of customers, but nothing of those who were erased: a late event brings nobody back."""
    subjects = [Subject("customer", row["customer_id"]) for row in rows]
    erased = await world.vault.erased(tx, subjects)
    kept = [row for row, subject in zip(rows, subjects, strict=True) if subject not in erased]
    if kept:
        await repository.learn_customers(tx, kept)


async def learn_cards(world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what of routing cards anybody may keep, but nothing of those who were erased."""
    erased = await world.vault.erased(tx, [Subject("customer", row["customer_id"]) for row in rows])
    kept = [row for row in rows if Subject("customer", row["customer_id"]) not in erased]
    if kept:
        await repository.learn_cards(tx, kept)


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here besides the key: the redacted copies, and what was heard of the customer."""
    await repository.forget_customers(tx, ids)


async def everything(world: World, size: int = 500) -> AsyncIterator[list[FeedbackLine]]:
    """All expressions in id order, page by page, in their redacted form."""
    last: UUID | None = None
    while True:
        async with world.db.read() as conn:
            rows = await repository.after(conn, last, size)
        yield [line(row) for row in rows]
        if len(rows) < size:
            return
        last = rows[-1].id


async def gather(
    world: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Everything these customers said, in their own words, and what is kept of their cards: for their own export."""
    for card in await repository.cards_of(conn, customers):
        yield "routing_profile", {str(name): value for name, value in card._mapping.items()}
    ids = await repository.ids_of(conn, customers)
    for first in range(0, len(ids), 500):
        found = await views(world, conn, ids[first : first + 500])
        for one in ids[first : first + 500]:
            if one in found:
                yield "feedback", found[one].model_dump(mode="json")
