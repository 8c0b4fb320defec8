"""Whose turn a report is: one worker at a time makes it, and only when the one that is kept is old."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.insights import repository


async def take_report(tx: AsyncConnection, name: str, made_before: datetime) -> bool:
    """Hold a report until the end of the transaction, if it was made before that instant or never, and nobody is at it."""
    if not await repository.hold_report(tx, name):
        return False
    last = await repository.made_at(tx, name)
    return last is None or last <= made_before
