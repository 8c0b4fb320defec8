"""Every field of a record stands as its rules say, to the day; nothing that was ever recorded stops the judging."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.parties.domain.details import FACTS
from customer.parties.domain.quality import (
    Contact,
    Identity,
    Record,
    Standing,
    Told,
    judged,
    rules_of,
    rules_on,
    shipped,
)

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
TODAY = AT.date()
RULES = rules_on(TODAY, shipped())
BOTH = ("individual", "organisation")


def told(value: Any, source: str = "bank", days: float = 0) -> Told:
    return Told(value, source, AT - timedelta(days=days))


def fault_of(field: str, value: Any, *papers: Identity, **facts: Any) -> str | None:
    kind = "organisation" if field in {"incorporation_date", "industry"} else "individual"
    record = Record(kind, {name: told(one) for name, one in (facts | {field: value}).items()}, identifiers=papers)
    stands = judged(record, RULES, AT, TODAY)[field]
    assert stands is not None
    return stands.fault


def paper(value: str, **days: date) -> Identity:
    return Identity("national_id", "CN", told(value), **days)


MAN = "440524188001010014"  # born on 1 January 1880, a man
ALIVE = "11010519491231002X"  # born on 31 December 1949, a woman


def test_every_fact_of_a_record_is_judged_for_some_kind_of_party() -> None:
    assert set(RULES.of) >= FACTS | {
        "incorporation_date",
        "phone",
        "email",
        "wechat",
        "postal",
        "identifier",
        "address",
    }


@pytest.mark.parametrize(
    ("field", "value", "more", "fault"),
    [
        ("birth_date", "1906-11-26", {}, None), ("birth_date", "1905-11-26", {}, "implausible"),
        ("birth_date", "1905-11-27", {}, None), ("birth_date", "2026-11-27", {}, "future"),
        ("birth_date", "2026-11-26", {}, None),
        ("birth_date", "1949-12-31", {"papers": [paper(ALIVE)]}, None),
        ("birth_date", "1949-12-30", {"papers": [paper(ALIVE)]}, "contradicts_identifier"),
        ("birth_date", "1949-12-30", {"papers": [paper(ALIVE[:-1] + "1")]}, None),
        ("gender", 2, {"papers": [paper(ALIVE)]}, None), ("gender", 1, {"papers": [paper(ALIVE)]}, "contradicts_identifier"),
        ("gender", 9, {}, "not_applicable"),
        ("incorporation_date", "2026-11-27", {}, "future"), ("incorporation_date", "2026-11-26", {}, None),
        ("name", {"family": "李", "given": "雷", "order": "family_first"}, {"legal_name": "李雷"}, None),
        ("name", {"family": "王", "given": "雷", "order": "family_first"}, {"legal_name": "李雷"}, "contradicts_legal_name"),
        ("name", {"family": "Lee", "given": "Lei", "order": "given_first"}, {"legal_name": "李雷"}, None),
        ("name", {"family": None, "given": "123", "order": "single"}, {"legal_name": "李雷"}, "no_letters"),
        ("declared_income_band", "i9", {}, "unknown_code"), ("industry", "K99", {}, "unknown_code"),
        ("languages", ["zh-Hans", "xx"], {}, "unknown_code"), ("education", 3, {}, None),
    ],
)  # fmt: skip
def test_a_fact_is_at_fault_by_its_own_rule(field: str, value: Any, more: Mapping[str, Any], fault: str | None) -> None:
    facts = {name: one for name, one in more.items() if name != "papers"}
    assert fault_of(field, value, *more.get("papers", ()), **facts) == fault


@pytest.mark.parametrize(
    ("one", "fault"),
    [
        (paper(ALIVE, expires_on=TODAY), None), (paper(ALIVE, expires_on=TODAY - timedelta(days=1)), "expired"),
        (paper(ALIVE), "no_expiry"), (paper(ALIVE[:-1] + "1", expires_on=TODAY), "checksum"),
        (paper("19010519491231002X", expires_on=TODAY), "format"),
        (paper(ALIVE, issued_on=date(1940, 1, 1), expires_on=TODAY), "issued_before_birth"),
        (Identity("library_card", "CN", told("?")), None),
        (Identity("library_card", "CN", told("?"), expires_on=TODAY - timedelta(days=1)), "expired"),
        (Identity("national_id", "PT", told("1")), None),
        (Identity("passport", "PT", told("TOOLONG1234"), expires_on=TODAY), "format"),
    ],
)  # fmt: skip
def test_an_identifier_is_checked_by_the_rule_of_its_type_and_issuer_and_to_the_day(
    one: Identity, fault: str | None
) -> None:
    record = Record("individual", {"birth_date": told("1949-12-31")}, identifiers=[one])
    assert judged(record, RULES, AT, TODAY)["identifier"] == Standing("bank", fault)


@pytest.mark.parametrize("field", [name for name, after in RULES.stale_after.items() if after and name in FACTS])
def test_a_fact_is_stale_from_the_instant_after_its_days_on(field: str) -> None:
    kind = next(iter(RULES.of[field]))
    after = RULES.stale_after[field]
    assert after is not None
    for extra, stale in ((timedelta(0), False), (timedelta(microseconds=1), True)):
        value: Any = ["en"] if field in {"languages", "accessibility_needs"} else "a1"
        record = Record(kind, {field: Told(value, "bank", AT - after - extra)})
        stands = judged(record, RULES, AT, TODAY)[field]
        assert stands is not None
        assert stands.stale is stale


POINTS = st.builds(
    Contact,
    kind=st.just("phone"),
    told=st.builds(
        told,
        st.sampled_from(["+8613800138000", "+861380013", "1"]),
        st.sampled_from(["bank", "customer"]),
        st.sampled_from([0, 2000]),
    ),
    verified=st.booleans(),
    shared=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(POINTS, max_size=4), st.randoms())
def test_of_several_points_the_worst_speaks_whatever_their_order(points: Sequence[Contact], dice: Any) -> None:
    stands = judged(Record("individual", {}, points), RULES, AT, TODAY)["phone"]
    mixed = list(points)
    dice.shuffle(mixed)
    assert judged(Record("individual", {}, mixed), RULES, AT, TODAY)["phone"] == stands
    if not points:
        assert stands is None
        return
    assert stands is not None
    faults = {"+861380013": "unassigned", "1": "syntax"}
    bad = [one for one in points if one.told.value in faults]
    old = [one for one in points if one.told.at < AT - timedelta(days=1095)]
    assert (stands.fault is not None) == bool(bad)
    assert stands.stale == bool([one for one in old if not bad or one in bad])
    assert (stands.shared, stands.verified) == (any(one.shared for one in points), any(one.verified for one in points))
    assert (stands.source, stands.fault) in {(one.told.source, faults.get(one.told.value)) for one in points}


ANY_TEXT = st.text(max_size=30)
ANY_CODE = st.text("AKZ019xX-+@. 例", max_size=20)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_nothing_that_can_be_recorded_stops_the_judging(data: st.DataObject) -> None:
    def text() -> str:
        return data.draw(ANY_TEXT)

    def code() -> str:
        return data.draw(ANY_CODE)

    facts: dict[str, Any] = {name: text() for name in ("legal_name", "preferred_name", "occupation", "home_branch")}
    facts |= {name: code() for name in ("region", "industry", "declared_income_band", "relationship_manager")}
    facts |= {"languages": [code(), text()], "gender": data.draw(st.integers(0, 9)), "education": 3}
    facts |= {
        "birth_date": data.draw(st.dates()).isoformat(),
        "name": {"family": text(), "given": text(), "order": "single"},
    }
    types = st.sampled_from([(one, paper.issuer or "CN") for paper in RULES.papers for one in sorted(paper.types)])
    papers = [Identity(*data.draw(types), told(data.draw(st.one_of(ANY_CODE, ANY_TEXT)))) for _ in range(3)]
    points = [
        Contact(kind, told(data.draw(st.one_of(ANY_CODE, ANY_TEXT)))) for kind in ("phone", "email", "wechat", "postal")
    ]
    address = {"country": code(), "region": code() or None, "postal_code": code() or None, "lines": [text()]}
    for kind in BOTH:
        record = Record(kind, {name: told(value) for name, value in facts.items()}, points, papers, [told(address)])
        found = judged(record, RULES, AT, TODAY)
        assert set(found) == {name for name, kinds in RULES.of.items() if kind in kinds}


def test_rules_are_dated_and_a_check_nobody_wrote_is_refused() -> None:
    later = replace(RULES, effective_from=date(2027, 1, 1))
    assert rules_on(date(2026, 12, 31), (RULES, later)) is RULES
    assert rules_on(date(2027, 1, 1), (RULES, later)) is later
    assert rules_on(date(2000, 1, 1), (RULES, later)) is RULES
    paper = {"types": ["x"], "issuer": None, "check": "guess", "expires": True}
    with pytest.raises(KeyError):
        rules_of(
            {"versions": [{"effective_from": "2026-01-01", "oldest_years": 1, "fields": {}, "identifiers": [paper]}]}
        )
