"""The rules of consent: no allow that the ledger does not support, over random ledgers, against an independent twin."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from customer.consents.domain import (
    Entry,
    GdprBasis,
    PiplBasis,
    Purpose,
    Reason,
    Use,
    Verdict,
    Word,
    decide,
    in_force,
    standing,
)

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
CHANNELS = ("email", "sms")
DATA, SENSITIVE = ("contact", "identity"), ("location",)


def subsets(of: Sequence[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(of))


@st.composite
def catalogues(draw: st.DrawFn) -> list[Purpose]:
    """Up to four versions of one purpose, each beginning some days after the one before."""
    made: list[Purpose] = []
    begins = START
    for version in range(1, draw(st.integers(1, 4)) + 1):
        begins += draw(st.integers(0, 3)) * DAY
        sensitive = draw(subsets((*SENSITIVE, "contact")))
        made.append(
            Purpose(
                code="p",
                version=version,
                gdpr_basis=draw(st.sampled_from([None, *GdprBasis])),
                pipl_basis=draw(st.sampled_from([PiplBasis.CONSENT, PiplBasis.CONSENT, PiplBasis.CONTRACT])),
                channels=draw(subsets(CHANNELS)),
                data_categories=draw(st.sampled_from([frozenset(DATA), frozenset(DATA[:1])])) - sensitive
                or frozenset({"identity"}),
                sensitive_categories=sensitive,
                equivalent=draw(st.booleans()),
                retired=draw(st.integers(0, 9)) == 0,
                effective_from=begins,
            )
        )
    return made


@st.composite
def words(draw: st.DrawFn) -> Entry:
    word = draw(st.sampled_from([Word.GRANTED, Word.GRANTED, Word.REFUSED, Word.WITHDRAWN]))
    grants = word is Word.GRANTED
    said = START + draw(st.integers(0, 12)) * DAY
    return Entry(
        id=UUID(int=draw(st.integers(1, 2**32))),
        purpose=draw(st.sampled_from(["p", "p", "p", "q"])),
        version=draw(st.integers(1, 5)),
        word=word,
        channels=draw(subsets(CHANNELS)) if grants else draw(st.none() | subsets(CHANNELS)),
        data_categories=draw(subsets(DATA)) if grants else frozenset(),
        separate_categories=draw(subsets((*SENSITIVE, "contact"))) if grants else frozenset(),
        occurred_at=said,
        expires_at=draw(st.none() | st.integers(1, 9).map(lambda days: said + days * DAY)),
    )


ledgers = st.lists(words(), max_size=8, unique_by=lambda one: one.id)
uses = st.builds(
    Use, st.sampled_from(["p", "p", "p", "q"]), st.sampled_from([*CHANNELS, None]), subsets((*DATA, *SENSITIVE))
)
instants = st.integers(-1, 14).map(lambda days: START + days * DAY)


def supported(entries: Sequence[Entry], versions: Sequence[Purpose], use: Use, at: datetime) -> set[UUID]:
    """The twin: the grants that support a use, found by asking of each whether anything at all speaks against it."""
    begun = [one for one in versions if one.code == use.purpose and one.effective_from <= at]
    now = sorted(begun, key=lambda one: one.version)[-1]
    found = set()
    for grant in entries:
        if grant.word != "granted" or grant.purpose != use.purpose:
            continue
        spoken = use.channel if now.channels else None
        names_it = spoken in grant.channels if spoken is not None else grant.channels == frozenset()  # type: ignore[operator]  # a grant names its channels
        later = [
            other
            for other in entries
            if other is not grant
            and other.purpose == use.purpose
            and (other.channels is None or (spoken in other.channels if spoken is not None else not other.channels))
            and (
                other.occurred_at > grant.occurred_at
                or (other.occurred_at == grant.occurred_at and (other.word != "granted" or other.id > grant.id))
            )
        ]
        bridge = [one for one in versions if grant.version < one.version <= now.version]
        whole = all(one.equivalent for one in bridge) and grant.version in range(1, now.version + 1)
        alive = grant.expires_at is None or at < grant.expires_at
        data = use.data_categories or now.data_categories
        told = all(
            one in (grant.separate_categories if one in now.sensitive_categories else grant.data_categories)
            for one in data
        )
        if names_it and not later and whole and alive and told:
            found.add(grant.id)
    return found


@settings(max_examples=250, deadline=None)
@given(ledgers, catalogues(), uses, instants)
def test_nothing_is_allowed_that_the_ledger_does_not_support(
    entries: list[Entry], versions: list[Purpose], use: Use, at: datetime
) -> None:
    ruling = decide(entries, versions, use, at)
    assert ruling.allows == (ruling.reason in (Reason.CONSENT_GRANTED, Reason.LEGAL_BASIS))
    if ruling.reason is Reason.CONSENT_GRANTED:
        assert ruling.receipt_id in supported(entries, versions, use, at)
    if ruling.reason is Reason.LEGAL_BASIS:
        assert ruling.receipt_id is None
        assert ruling.purpose is not None
        assert ruling.purpose.gdpr_basis != "6(1)(a)"
        assert ruling.purpose.pipl_basis != "13(1)"


@settings(max_examples=150, deadline=None)
@given(ledgers, catalogues(), uses, instants)
def test_what_the_ledger_supports_is_allowed(
    entries: list[Entry], versions: list[Purpose], use: Use, at: datetime
) -> None:
    present = in_force([one for one in versions if one.code == use.purpose], at)
    if present is None or present.retired or not present.asks:
        return
    within = (use.data_categories or present.data_categories) <= present.data_categories | present.sensitive_categories
    reachable = not present.channels or use.channel in present.channels
    grants = supported(entries, versions, use, at)
    assert decide(entries, versions, use, at).allows == bool(grants and within and reachable)


@settings(max_examples=40, deadline=None)
@given(ledgers, catalogues(), uses, instants)
@example([], [], Use("p"), START)
def test_the_order_in_which_words_are_read_decides_nothing(
    entries: list[Entry], versions: list[Purpose], use: Use, at: datetime
) -> None:
    assert decide(entries[::-1], versions[::-1], use, at) == decide(entries, versions, use, at)


@settings(max_examples=60, deadline=None)
@given(ledgers, st.sampled_from([*CHANNELS, None]))
def test_the_heads_a_decision_reads_say_what_the_whole_ledger_says(entries: list[Entry], channel: str | None) -> None:
    heads: dict[str, Entry] = {}
    for one in entries:
        for place in ["*"] if one.channels is None else sorted(one.channels) or [""]:
            if one.purpose == "p" and (place not in heads or heads[place].rank < one.rank):
                heads[place] = one
    read = [replace(one, channels=None if place == "*" else frozenset({place} - {""})) for place, one in heads.items()]
    fold, head = standing(entries, "p", channel), standing(read, "p", channel)
    assert (fold and fold.id) == (head and head.id)


ASKS = Purpose(
    "p", 1, GdprBasis.CONSENT, PiplBasis.CONSENT, frozenset(CHANNELS), frozenset(DATA), frozenset(SENSITIVE),
    equivalent=False, retired=False, effective_from=START,
)  # fmt: skip
YES = Entry(
    UUID(int=1), "p", 1, Word.GRANTED, frozenset({"email"}), frozenset(DATA), frozenset(), START + DAY, START + 9 * DAY
)
NO = replace(YES, id=UUID(int=2), word=Word.WITHDRAWN, channels=None, occurred_at=START + 2 * DAY, expires_at=None)
NEXT = replace(ASKS, version=2, effective_from=START + 3 * DAY)


@pytest.mark.parametrize(
    ("entries", "versions", "use", "day", "reason"),
    [
        ([YES], [ASKS], Use("p", "email"), 2, Reason.CONSENT_GRANTED),
        ([], [ASKS], Use("p", "email"), 2, Reason.NO_CONSENT),
        ([YES], [ASKS], Use("p", "sms"), 2, Reason.NO_CONSENT),
        ([YES], [ASKS], Use("p", "post"), 2, Reason.CHANNEL_NOT_COVERED),
        ([YES], [ASKS], Use("p"), 2, Reason.CHANNEL_NOT_COVERED),
        ([YES], [ASKS], Use("other", "email"), 2, Reason.PURPOSE_UNKNOWN),
        ([YES], [ASKS], Use("p", "email"), -1, Reason.PURPOSE_NOT_IN_FORCE),
        ([YES], [ASKS], Use("p", "email"), 9, Reason.CONSENT_EXPIRED),
        ([YES, NO], [ASKS], Use("p", "email"), 3, Reason.CONSENT_WITHDRAWN),
        ([replace(NO, word=Word.REFUSED)], [ASKS], Use("p", "sms"), 3, Reason.CONSENT_REFUSED),
        ([YES, replace(NO, occurred_at=YES.occurred_at)], [ASKS], Use("p", "email"), 3, Reason.CONSENT_WITHDRAWN),
        ([YES], [ASKS, NEXT], Use("p", "email"), 4, Reason.NEW_VERSION_ASKS_AGAIN),
        ([YES], [ASKS, replace(NEXT, equivalent=True)], Use("p", "email"), 4, Reason.CONSENT_GRANTED),
        ([YES], [ASKS, NEXT], Use("p", "email"), 2, Reason.CONSENT_GRANTED),
        ([YES], [replace(ASKS, retired=True)], Use("p", "email"), 2, Reason.PURPOSE_RETIRED),
        ([YES], [ASKS], Use("p", "email", frozenset({"location"})), 2, Reason.SEPARATE_CONSENT_MISSING),
        ([YES], [ASKS], Use("p", "email", frozenset({"genes"})), 2, Reason.DATA_NOT_COVERED),
        ([replace(YES, data_categories=frozenset())], [ASKS], Use("p", "email"), 2, Reason.DATA_NOT_COVERED),
        ([], [replace(ASKS, gdpr_basis=GdprBasis.CONTRACT)], Use("p", "email"), 2, Reason.NO_CONSENT),
        ([], [replace(ASKS, gdpr_basis=GdprBasis.CONTRACT, pipl_basis=None)], Use("p", "email"), 2, Reason.LEGAL_BASIS),
        ([NO], [replace(ASKS, gdpr_basis=GdprBasis.LEGITIMATE_INTERESTS, pipl_basis=None)], Use("p", "sms"), 3, Reason.OBJECTED),
        ([NO], [replace(ASKS, gdpr_basis=GdprBasis.CONTRACT, pipl_basis=None)], Use("p", "sms"), 3, Reason.LEGAL_BASIS),
    ],
)  # fmt: skip
def test_every_answer_has_its_reason(
    entries: list[Entry], versions: list[Purpose], use: Use, day: int, reason: Reason
) -> None:
    ruling = decide(entries, versions, use, START + day * DAY)
    assert ruling.reason is reason
    assert (ruling.verdict is Verdict.ALLOW) == (reason in (Reason.CONSENT_GRANTED, Reason.LEGAL_BASIS))


def test_a_withdrawal_from_a_clock_ahead_of_ours_denies_at_once() -> None:
    assert not decide(
        [YES, replace(NO, occurred_at=START + 5 * DAY)], [ASKS], Use("p", "email"), START + 2 * DAY
    ).allows
