"""Master keys by command: a new one while everything runs, and every data key wrapped under it."""

import asyncio
from typing import Annotated

import typer

from cxbank_local.administration import NotRunning, chosen, opened
from cxbank_local.state import ServiceName, State

keys_app = typer.Typer(no_args_is_help=True, help="Master keys.")
One = Annotated[ServiceName | None, typer.Argument(help="all of them where none is given")]


@keys_app.command("rotate")
def rotate_keys(service: One = None) -> None:
    """Give each service a new master key and wrap all its data keys under it; nothing has to stop.

    Running processes read the new master when they first meet it, and wrap under it within half a minute: a later
    `keys rewrap` takes along what they wrapped meanwhile. Until that finds nothing, the older master stays in the file.
    """
    state = State.load()
    for one in chosen(service):
        state.rotate_master(one)
    rewrap_keys(service)


@keys_app.command("rewrap")
def rewrap_keys(service: One = None) -> None:
    """Wrap all data keys under the current master key, after a new one was made current in the keys file."""
    try:
        asyncio.run(_rewrap(service))
    except NotRunning as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


async def _rewrap(service: str | None) -> None:
    for one in chosen(service):
        async with opened(State.load(), one) as there:
            typer.echo(f"{one}: {await there.rewrap()} keys wrapped anew")
