"""The doors to the database: `Tx` commits before the answer leaves, `Read` is held read-only by PostgreSQL."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any

import asyncpg
import orjson
from fastapi import Depends, Request
from sqlalchemy import MetaData, Select, TableValuedAlias, bindparam, column, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeEngine

from shared.problems import Conflict, Problem, Unavailable

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

STATEMENT_TIMEOUT_MS = 15_000
IDLE_IN_TRANSACTION_MS = 30_000
LOCK_TIMEOUT_MS = 2_000
# What a connection has from its start, so that the group, the most frequent transaction of all, need not ask for it.
GROUP_LOCK_MS = 200
POOL_WAIT_SECONDS = 5.0

# SQLSTATE classes that say "not now" and never "not so": a lost or refused connection, shutdown, out of resources.
_OUTAGE = ("08", "57P", "53", "58", "25006")
_CONTENTION = ("40001", "40P01", "55P03", "57014")

_open: ContextVar[int] = ContextVar("open_transactions", default=0)
_ending: ContextVar["_Ending | None"] = ContextVar("ending", default=None)

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Record:
    """Rows that a transaction only leaves behind and never reads: what it says, what it did, who is due.

    `statements(prefix)` are inserts whose binds have the prefix before their names; `finished` makes their values of all
    the rows, where a row more than one has to be made of them together.
    """

    name: str
    statements: Callable[[str], Sequence[Any]]
    finished: Callable[[Columns], dict[str, Any]] = dict


class _Ending:
    """What is still to be done when a transaction's block has ended: its records in one statement, and whom it wakes."""

    def __init__(self, tx: AsyncConnection) -> None:
        self.tx = tx
        self.marks: set[str] = set()
        self.rows: dict[Record, Columns] = {}

    def add(self, record: Record, rows: Mapping[str, Sequence[Any]]) -> None:
        kept = self.rows.setdefault(record, {name: [] for name in rows})
        for name, values in rows.items():
            kept[name].extend(values)

    async def write(self) -> None:
        """Keep the records; raises Unavailable when they cannot be kept, for then nothing of this is done."""
        if not self.rows:
            return
        values = {
            f"{_prefix(place)}{name}": value
            for place, (record, rows) in enumerate(self.rows.items())
            for name, value in record.finished(rows).items()
        }
        try:
            await self.tx.execute(_in_one(tuple(self.rows)), values)
        except DBAPIError as error:
            if is_contention(error) or is_outage(error):
                raise
            raise Unavailable("What is done cannot be recorded now, so it is not done.") from error


def _prefix(place: int) -> str:
    return f"r{place}_"


@cache
def _in_one(records: tuple[Record, ...]) -> Any:
    *before, last = [one for place, record in enumerate(records) for one in record.statements(_prefix(place))]
    return last.add_cte(*(one.cte(f"kept_{number}") for number, one in enumerate(before))) if before else last


async def leave(tx: AsyncConnection, record: Record, rows: Mapping[str, Sequence[Any]]) -> None:
    """Let a transaction leave these rows behind: with all other records, in one statement right before it commits.

    A transaction that was not opened by a `Database` writes them now.
    """
    ending = _ending.get()
    if ending is None or ending.tx is not tx:
        ending = _Ending(tx)
        ending.add(record, rows)
        await ending.write()
    else:
        ending.add(record, rows)


def mark(what: str) -> None:
    """Note for the edge that commits: this transaction holds something others wait for, such as an event to say."""
    ending = _ending.get()
    if ending is not None:
        ending.marks.add(what)


def new_metadata() -> MetaData:
    """An empty MetaData with our constraint names: one for each service, made in its `storage.py`."""
    return MetaData(naming_convention=NAMING)


def unnest(name: str, prefix: str = "", /, **types: TypeEngine[Any] | type[TypeEngine[Any]]) -> TableValuedAlias:
    """Many rows as one statement: `unnest(:a, :b) AS name(a, b)`, each column bound as one array under prefix and name.

    Build the statement once, at module level or in a cached function, and execute it with lists: the compiled form is
    then found again, whatever the number of rows.
    """
    arrays = [bindparam(f"{prefix}{key}", type_=ARRAY(kind)) for key, kind in types.items()]
    named = [column(key, kind) for key, kind in types.items()]
    return func.unnest(*arrays).table_valued(*named, name=name).render_derived(name=name)


def tx_open() -> bool:
    """Whether this task holds a transaction: a remote call is not allowed then."""
    return _open.get() > 0


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE a database error carries, or an empty string."""
    origin = getattr(error, "orig", None) or error
    state = getattr(origin, "sqlstate", None) or getattr(getattr(origin, "__cause__", None), "sqlstate", None)
    return str(state or "")


def is_contention(error: BaseException) -> bool:
    """A lock, deadlock, serialisation or statement time-out: the same work may succeed a moment later."""
    return sqlstate(error) in _CONTENTION


def is_outage(error: BaseException) -> bool:
    """The database or the way to it is missing: nothing is wrong with the work itself."""
    if isinstance(error, OSError | PoolTimeout | TimeoutError):
        return True
    state = sqlstate(error)
    if state in _CONTENTION:
        return False
    if state:
        return state.startswith(_OUTAGE)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, InterfaceError | OperationalError)


def as_problem(error: BaseException) -> Problem | None:
    """What the caller is told of a database error: 503 for an outage, 409 for contention, None for our own fault."""
    if is_outage(error):
        return Unavailable("The database cannot be reached now.")
    if is_contention(error):
        return Conflict("Others are changing the same thing at this moment; try again.", headers={"Retry-After": "1"})
    return None


def async_url(url: str) -> str:
    """The same address with the asyncpg driver named."""
    return "postgresql+asyncpg://" + url.split("://", 1)[1]


class Database:
    """One pool to one service's database; doors are execution options on it."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 8,
        application_name: str = "cxbank",
        statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
    ) -> None:
        options: dict[str, Any] = {
            "hide_parameters": True,
            "json_serializer": lambda value: orjson.dumps(value).decode(),
            "json_deserializer": orjson.loads,
            "connect_args": {
                "timeout": POOL_WAIT_SECONDS,
                "command_timeout": None,
                "server_settings": {
                    "application_name": application_name,
                    "timezone": "UTC",
                    "statement_timeout": str(statement_timeout_ms),
                    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
                    "lock_timeout": str(GROUP_LOCK_MS),
                    "jit": "off",
                },
            },
        }
        self.on_commit: Callable[[set[str]], None] | None = None
        self.engine: AsyncEngine = create_async_engine(
            async_url(url), pool_size=pool_size, max_overflow=0, pool_timeout=POOL_WAIT_SECONDS, **options
        )
        self._apart: AsyncEngine = create_async_engine(async_url(url), poolclass=NullPool, **options)
        self._reader: AsyncEngine = self.engine.execution_options(postgresql_readonly=True)
        self._looker: AsyncEngine = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def begin(self, *, patience_ms: int = LOCK_TIMEOUT_MS) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed when the block ends, rolled back when it raises; so long it waits for a lock."""
        opened = _open.set(_open.get() + 1)
        try:
            async with self.engine.begin() as tx:
                if patience_ms != GROUP_LOCK_MS:
                    await tx.execute(text(f"SET LOCAL lock_timeout = {patience_ms}"))
                ending = _Ending(tx)
                ends = _ending.set(ending)
                try:
                    yield tx
                    if tx.in_transaction():  # not where the block itself rolled back
                        await ending.write()
                finally:
                    _ending.reset(ends)
            if ending.marks and self.on_commit is not None:
                self.on_commit(ending.marks)
        finally:
            _open.reset(opened)

    @asynccontextmanager
    async def look(self) -> AsyncIterator[AsyncConnection]:
        """For who reads and only leaves records: each statement on its own, and last, when the block ends, the records.

        Between statements others may commit, as in every transaction of ours; the two round trips that open and close
        one are saved. Nothing else may be written here: it would stay if the records cannot be kept.
        """
        opened = _open.set(_open.get() + 1)
        try:
            async with self._looker.connect() as conn:
                ending = _Ending(conn)
                ends = _ending.set(ending)
                try:
                    yield conn
                    await ending.write()
                finally:
                    _ending.reset(ends)
        finally:
            _open.reset(opened)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction in which the server refuses every write."""
        opened = _open.set(_open.get() + 1)
        try:
            async with self._reader.begin() as conn:
                yield conn
        finally:
            _open.reset(opened)

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[AsyncConnection]:
        """A connection of its own, outside the pool, for what holds one long: streams, advisory locks, LISTEN."""
        async with self._apart.connect() as conn:
            yield conn

    async def any(self, question: Select[Any]) -> bool:
        """Whether a question has any answer, in one round trip: what waits is looked for every second, and seldom there."""
        async with self._looker.connect() as conn:
            return bool((await conn.execute(select(question.limit(1).exists()))).scalar_one())

    async def ping(self) -> datetime:
        """The database's own clock; raises when it cannot be asked."""
        async with self.read() as conn:
            at: datetime = (await conn.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return at

    def pool_in_use(self) -> int:
        """Connections taken at this moment, for the metric."""
        return int(self.engine.pool.checkedout())  # type: ignore[attr-defined]  # QueuePool has it, Pool's type does not

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()
        await self._apart.dispose()


async def driver_of(conn: AsyncConnection) -> Any:
    """The driver's own connection, for LISTEN and NOTIFY outside any transaction; raises ConnectionError without one."""
    driver = (await conn.get_raw_connection()).driver_connection
    if driver is None:
        raise ConnectionError("no driver connection")
    return driver


async def copy(tx: AsyncConnection, table: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Keep many rows by COPY: five thousand take three fifths of the time that an insert of arrays takes.

    Only after another statement of the transaction, for the first one begins it. Raises what the driver raises, and
    ConnectionError where the way to the database is lost.
    """
    driver = await driver_of(tx)
    if not driver.is_in_transaction():
        raise AssertionError("a copy outside the transaction would stay although that is rolled back")
    try:
        await driver.copy_records_to_table(table, records=rows, columns=list(names))
    except asyncpg.InterfaceError as error:
        raise ConnectionError("the database was lost during a copy") from error


async def _tx(request: Request) -> AsyncIterator[AsyncConnection]:
    try:
        async with request.app.state.db.begin() as tx:
            yield tx
    except (DBAPIError, PoolTimeout, OSError) as error:
        problem = as_problem(error)
        if problem is None:
            raise
        raise problem from error


async def _read(request: Request) -> AsyncIterator[AsyncConnection]:
    try:
        async with request.app.state.db.read() as conn:
            yield conn
    except (DBAPIError, PoolTimeout, OSError) as error:
        problem = as_problem(error)
        if problem is None:
            raise
        raise problem from error


# scope="function": the commit happens before the first byte of the answer; with the default the 201 would come first.
Tx = Annotated[AsyncConnection, Depends(_tx, scope="function")]
Read = Annotated[AsyncConnection, Depends(_read, scope="function")]
