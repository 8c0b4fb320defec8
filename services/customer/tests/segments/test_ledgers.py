"""Where every condition holds the ledger alone says who is in: read aloud at every instant at which it could matter."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from customer.consents.domain import Entry, GdprBasis, ProfilingUse, Purpose, Terms, Word
from customer.segments.domain.gates import parts_of
from customer.segments.domain.memberships import Definition, Library, stays, walk
from customer.segments.domain.readings import Described, Said
from customer.segments.domain.vocabulary import Vocabulary

DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + 40 * DAY
NEW_TEXT = START + 25 * DAY
CATEGORIES = {"age": "demographics", "balance": "financial_account"}
VOCABULARY = Vocabulary({"balance": Described("balance", "int", "minor", {"en": "", "zh-Hans": ""})}, CATEGORIES)
# Of `rich` only the first reads accounts itself; the others ask about it.
RULES = {"rich": "balance > 0", "asks": "age > 1 && in_segment('rich')", "lacks": "!in_segment('asks')"}


def purpose(code: str, version: int, basis: GdprBasis, since: datetime) -> Purpose:
    data, separate = frozenset({"demographics"}), frozenset({"financial_account"})
    no_channels = frozenset[str]()
    return Purpose(
        code, version, basis, None, no_channels, data, separate, equivalent=False, retired=False, effective_from=since
    )


TERMS = Terms(
    tuple(
        ProfilingUse(use, code, objections, segments=True, effective_from=START - DAY)
        for use, code, objections in (
            ("servicing", "contract", ()),
            ("marketing", "profiling", ()),
            ("improvement", "interest", ("profiling",)),
        )
    ),
    (
        purpose("contract", 1, GdprBasis.CONTRACT, START - DAY),
        purpose("profiling", 1, GdprBasis.CONSENT, START - DAY),
        purpose("profiling", 2, GdprBasis.CONSENT, NEW_TEXT),
        purpose("interest", 1, GdprBasis.LEGITIMATE_INTERESTS, START - DAY),
    ),
)


@st.composite
def words(draw: st.DrawFn) -> Entry:
    """A word on one of forty days; a yes is mostly to the text of its day, for a few days or for good."""
    word, day = (
        draw(st.sampled_from([Word.GRANTED, Word.GRANTED, Word.WITHDRAWN, Word.REFUSED])),
        draw(st.integers(0, 39)),
    )
    granted, since = word is Word.GRANTED, START + day * DAY
    return Entry(
        id=draw(st.uuids()),
        purpose=draw(st.sampled_from(["profiling", "profiling", "profiling", "interest"])),
        version=draw(st.sampled_from([1, 1, 2] if since < NEW_TEXT else [2, 2, 1])),
        word=word,
        channels=frozenset() if granted else None,
        data_categories=frozenset({"demographics"}) if granted else frozenset(),
        separate_categories=frozenset({"financial_account"} if granted and draw(st.booleans()) else ()),
        occurred_at=since,
        expires_at=since + draw(st.integers(1, 9)) * DAY if granted and draw(st.booleans()) else None,
    )


def last(ledger: Sequence[Entry], code: str, at: datetime) -> Entry | None:
    said = [one for one in ledger if one.purpose == code and one.occurred_at <= at]
    return sorted(said, key=lambda one: (one.occurred_at, one.word is not Word.GRANTED, one.id))[-1] if said else None


def rests_on(ledger: Sequence[Entry], use: str, at: datetime) -> UUID | str | None:
    """The receipt or the article by which the segment may be told of the customer."""
    yes, interest = last(ledger, "profiling", at), last(ledger, "interest", at)
    if use == "servicing":
        return "GDPR Art. 6(1)(b)"
    if use == "improvement":
        denied = any(one is not None and one.word is not Word.GRANTED for one in (yes, interest))
        return None if denied else "GDPR Art. 6(1)(f)"
    if yes is None or yes.word is not Word.GRANTED or yes.version != (2 if at >= NEW_TEXT else 1):
        return None
    if yes.expires_at is not None and yes.expires_at <= at:
        return None
    # Every rule reads accounts, by whatever road.
    return yes.id if "financial_account" in yes.separate_categories else None


def members(ledger: Sequence[Entry], uses: dict[str, str], at: datetime) -> set[str]:
    """Who is in, from scratch."""
    may = {key for key, use in uses.items() if rests_on(ledger, use, at) is not None}
    rich, asks = "rich" in may, "rich" in may and "asks" in may
    return {key for key, holds in (("rich", rich), ("asks", asks), ("lacks", not asks and "lacks" in may)) if holds}


def read(ledger: Sequence[Entry]) -> Any:
    def told(names: frozenset[str], at: datetime) -> Any:
        gates = {name: parts for name in names if (parts := parts_of(name)) is not None}
        return {name: Said(9) for name in names - gates.keys()} | {
            name: TERMS.grounds(*parts, ledger, at) for name, parts in gates.items()
        }

    return told


@settings(deadline=None, max_examples=100)  # a busy machine is no fault
@given(
    ledger=st.lists(words(), max_size=8),
    uses=st.fixed_dictionaries(
        {key: st.sampled_from(["marketing", "marketing", "improvement", "servicing"]) for key in RULES}
    ),
)
def test_the_ledger_alone_says_who_is_in_and_on_what_that_rests(ledger: list[Entry], uses: dict[str, str]) -> None:
    definitions = [
        Definition(key, 1, VOCABULARY.language.compile(rule), START, None, uses[key]) for key, rule in RULES.items()
    ]
    happened = frozenset(one.occurred_at for one in ledger)
    library = Library(VOCABULARY, definitions, TERMS.turns)
    found, _ = stays([], walk(library, read(ledger), happened, START, END), START)
    edges = {START, NEW_TEXT, END - TICK, *happened, *(one.expires_at for one in ledger if one.expires_at is not None)}
    for edge in sorted(edges):
        for at in (edge - TICK, edge, edge + TICK):
            if START <= at < END:
                assert {one.key for one in found if one.covers(at)} == members(ledger, uses, at), at
    for one in found:
        rested = rests_on(ledger, uses[one.key], one.entered_at)
        assert (one.receipt_id or one.legal_basis) == rested is not None
