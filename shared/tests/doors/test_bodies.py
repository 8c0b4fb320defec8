"""What a body says has one text, its model's own, and its instants have a date in UTC wherever they stand."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import orjson
import pytest
from asyncpg.pgproto import pgproto
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, AwareDatetime, Field, ValidationError

from shared.idempotency import canonical
from shared.schemas import Body


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(Body):
    name: str
    at: AwareDatetime | None = None


class Whole(Body):
    """Every kind of value that a body of ours has."""

    identity: UUID
    colour: Colour
    at: AwareDatetime
    day: date | None = None
    hour: time | None = None
    share: Decimal | None = None
    many: list[Inner] = []
    by_colour: dict[Colour, list[int]] = {}
    words: dict[str, str | bool | int | None] = {}
    inner: Annotated[Inner, Field(description="one more")] | None = None


class Late(Inner):
    """Takes over its parent's instant and has one of its own, which is looked at twice."""

    seen_at: Annotated[datetime, AfterValidator(lambda at: at)]


# Each is drawn with a zone of its own, from when on all of them were whole minutes away from UTC.
EARLY, LATE = (datetime(year, 1, 1) for year in (1973, 2999))  # noqa: DTZ001
WORD = st.text(max_size=9).filter(lambda word: word.isprintable())
INNER = st.fixed_dictionaries({"name": WORD}, optional={"at": st.none() | st.just("2026-03-29T02:30:00.5+08:00")})
WHOLE: Any = st.fixed_dictionaries(
    {
        "identity": st.uuids().map(str),
        "colour": st.sampled_from(["red", "blue"]),
        "at": st.datetimes(EARLY, LATE, timezones=st.timezones()).map(datetime.isoformat),
    },
    optional={
        "day": st.dates().map(str),
        # orjson 3.13 leaves out the zeros of a fraction of a second here, though not of an instant; no body has one.
        "hour": st.times().map(lambda hour: str(hour.replace(microsecond=0))),
        "share": st.decimals(-999, 999, allow_nan=False, places=4).map(str),
        "many": st.lists(INNER, max_size=3),
        "by_colour": st.dictionaries(st.sampled_from(["red", "blue"]), st.lists(st.integers(-9, 2**53), max_size=3)),
        "words": st.dictionaries(WORD, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORD, max_size=4),
        "inner": st.none() | INNER,
    },
)


@given(said=WHOLE, chance=st.randoms(use_true_random=False))
def test_the_text_of_a_body_is_its_model_s_own_whatever_the_order_of_its_fields(
    said: Mapping[str, Any], chance: Any
) -> None:
    body = Whole.model_validate(said)
    own = body.model_dump(mode="json", exclude_unset=True)
    assert canonical(body) == orjson.dumps(own, option=orjson.OPT_SORT_KEYS)
    names = list(said)
    chance.shuffle(names)
    assert canonical(Whole.model_validate_json(orjson.dumps({name: said[name] for name in names}))) == canonical(body)


def test_values_of_our_own_code_have_the_text_of_those_that_came_in() -> None:
    """What the database gave is built into bodies as it is: its driver has another UUID."""
    said = {"identity": str(UUID(int=7)), "colour": "red", "at": "2026-01-01T00:00:00Z", "day": "2026-01-02"}
    own = {"identity": pgproto.UUID(str(UUID(int=7))), "colour": Colour.RED, "at": datetime(2026, 1, 1, tzinfo=UTC)}
    assert canonical(Whole.model_validate(own | {"day": date(2026, 1, 2)})) == canonical(Whole.model_validate(said))

    class Odd(Body):
        for_so_long: timedelta

    assert canonical(Odd(for_so_long=timedelta(hours=36))) == b'{"for_so_long":"P1DT12H"}'


def test_what_was_left_out_is_another_text_than_what_was_said_to_be_nothing() -> None:
    least = {"identity": str(UUID(int=1)), "colour": "red", "at": "2026-01-01T00:00:00Z"}
    others: list[dict[str, Any]] = [{}, {"day": None}, {"many": []}]
    texts = {canonical(Whole.model_validate(least | more)) for more in others}
    assert len(texts) == 3


def test_a_set_has_one_text_in_every_process() -> None:
    program = (
        "from shared.schemas import Body\nfrom shared.idempotency import canonical\n"
        "class Some(Body):\n    of: frozenset[str]\n"
        "print(canonical(Some(of=frozenset('abcdefgh'))).decode())"
    )
    told = {
        subprocess.run(  # our own program
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in "123"
    }
    assert told == {'{"of":["a","b","c","d","e","f","g","h"]}'}


@pytest.mark.parametrize("at", ["0001-01-01T00:30:00+08:00", "9999-12-31T23:30:00-08:00"])
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Inner, {"name": "a", "at": "AT"}),
        (Late, {"name": "a", "seen_at": "AT"}),
        (Late, {"name": "a", "at": "AT", "seen_at": "2026-01-01T00:00:00Z"}),
        (Whole, {"identity": str(UUID(int=1)), "colour": "red", "at": "AT"}),
    ],
)
def test_an_instant_without_a_day_in_utc_is_refused_wherever_it_stands(kind: type[Body], said: Any, at: str) -> None:
    with pytest.raises(ValidationError, match="no such day in UTC"):
        kind.model_validate({name: at if value == "AT" else value for name, value in said.items()})
    there = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    kind.model_validate({name: there if value == "AT" else value for name, value in said.items()})
