"""What profiling rests on: no use that the ledger does not support, over random ledgers, against a twin that knows no time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.consents.domain import Entry, GdprBasis, Purpose, Reason, Terms, Word
from customer.consents.usecases.noting import uses

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ORDINARY, SENSITIVE = ("demographics", "interactions"), "financial_account"
WAYS = ("email", "sms")


def purpose(code: str, version: int, basis: GdprBasis, day: int, *ways: str) -> Purpose:
    data, separate = frozenset(ORDINARY), frozenset({SENSITIVE})
    return Purpose(
        code,
        version,
        basis,
        None,
        frozenset(ways),
        data,
        separate,
        equivalent=False,
        retired=False,
        effective_from=START + day * DAY,
    )


TERMS = Terms(
    uses(),
    (
        purpose("servicing", 1, GdprBasis.CONTRACT, 0),
        purpose("fraud_prevention", 1, GdprBasis.LEGAL_OBLIGATION, 0),
        purpose("profiling", 1, GdprBasis.CONSENT, 0),
        purpose("profiling", 2, GdprBasis.CONSENT, 20),
        purpose("service_improvement", 1, GdprBasis.LEGITIMATE_INTERESTS, 0),
        purpose("marketing", 1, GdprBasis.CONSENT, 0, *WAYS),
    ),
)
CODES = sorted({one.code for one in uses()})


@st.composite
def words(draw: st.DrawFn) -> Entry:
    """A word, on one of few days so that words tie; a grant of marketing names its channels, a denial may name none."""
    code = draw(st.sampled_from(["profiling", "profiling", "service_improvement", "marketing"]))
    word, since = draw(st.sampled_from([*Word, Word.GRANTED])), START + draw(st.integers(0, 30)) * DAY
    granted = word is Word.GRANTED
    named = frozenset(draw(st.sets(st.sampled_from(WAYS), min_size=1))) if code == "marketing" else frozenset[str]()
    return Entry(
        id=draw(st.uuids()),
        purpose=code,
        version=draw(st.sampled_from([1, 1, 2] if since < START + 20 * DAY else [2, 2, 1]))
        if code == "profiling"
        else 1,
        word=word,
        channels=named if granted or (named and draw(st.booleans())) else None,
        data_categories=frozenset(draw(st.sampled_from([ORDINARY, ORDINARY, ORDINARY[:1]])) if granted else ()),
        separate_categories=frozenset({SENSITIVE} if granted and draw(st.booleans()) else ()),
        occurred_at=since,
        expires_at=since + draw(st.integers(1, 15)) * DAY if granted and draw(st.booleans()) else None,
    )


ledgers = st.lists(words(), max_size=10)
USED = st.sampled_from([*CODES, "marketing", "models"])
reads = st.sets(st.sampled_from([*ORDINARY, SENSITIVE])).map(frozenset)
moments = st.integers(0, 45 * 24).map(lambda hours: START + timedelta(hours=hours))


def last(ledger: Sequence[Entry], code: str, at: datetime, way: str | None = None) -> Entry | None:
    """The word that stands, read aloud: the latest; of the same day a denial; of those the one with the higher id."""
    found = [one for one in ledger if one.purpose == code and one.occurred_at <= at]
    if way is not None:
        found = [one for one in found if one.channels is None or way in one.channels]
    return sorted(found, key=lambda one: (one.occurred_at, one.word is not Word.GRANTED, one.id))[-1] if found else None


def denies(word: Entry | None) -> bool:
    return word is not None and word.word in {Word.REFUSED, Word.WITHDRAWN}


def rests_on(ledger: Sequence[Entry], use: str, read: frozenset[str], at: datetime) -> object:
    """What a use rests on, read aloud from the decision; None: nothing."""
    if use in {"servicing", "fraud_prevention"}:
        return "law or contract"
    yes = last(ledger, "profiling", at)
    if use in {"improvement", "statistics"}:
        return None if denies(last(ledger, "service_improvement", at)) or denies(yes) else "interest"
    if yes is None or denies(yes) or all(denies(last(ledger, "marketing", at, way)) for way in WAYS):
        return None
    if yes.expires_at is not None and yes.expires_at <= at:
        return None
    if yes.version != (2 if at >= START + 20 * DAY else 1):
        return None
    wanted = read or frozenset(ORDINARY)
    return yes.id if wanted <= yes.data_categories | yes.separate_categories else None


NAMED = {
    "GDPR Art. 6(1)(b)": "law or contract",
    "GDPR Art. 6(1)(c)": "law or contract",
    "GDPR Art. 6(1)(f)": "interest",
}


@settings(deadline=None, max_examples=300)  # a busy machine is no fault
@given(ledger=ledgers, use=USED, read=reads, at=moments)
def test_no_use_is_allowed_that_the_ledger_does_not_support(
    ledger: list[Entry], use: str, read: frozenset[str], at: datetime
) -> None:
    told = TERMS.grounds(use, read, ledger, at)
    assert (told.receipt_id or NAMED.get(told.legal_basis or "")) == rests_on(ledger, use, read, at)
    assert told.value == (rests_on(ledger, use, read, at) is not None)


@settings(deadline=None, max_examples=200)  # a busy machine is no fault
@given(
    ledger=ledgers,
    use=USED,
    read=reads,
    at=moments,
    more=st.lists(moments, max_size=4),
)
def test_an_answer_holds_until_it_says_and_no_longer_than_that_unseen(
    ledger: list[Entry], use: str, read: frozenset[str], at: datetime, more: list[datetime]
) -> None:
    told = TERMS.grounds(use, read, ledger, at)
    end = told.valid_until or START + 99 * DAY
    assert end > at
    for then in (end - TICK, *(one for one in more if at <= one < end)):
        assert rests_on(ledger, use, read, then) == rests_on(ledger, use, read, at)


@pytest.mark.parametrize("use", CODES)
def test_a_use_before_its_purpose_is_in_force_and_one_nobody_knows_are_denied(use: str) -> None:
    for code, at in ((use, START - TICK), ("nothing_like_it", START)):
        told = TERMS.grounds(code, frozenset(), [], at)
        assert (told.value, told.ruling.reason) == (False, Reason.PURPOSE_NOT_IN_FORCE)


def test_words_are_read_for_no_use_that_rests_on_a_contract_or_a_law() -> None:
    assert TERMS.words_of(["servicing", "fraud_prevention"]) == frozenset()
    assert TERMS.words_of(["marketing"]) == {"profiling", "marketing"}
    assert TERMS.words_of(["improvement"]) == {"service_improvement", "profiling"}
