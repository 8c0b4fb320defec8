"""Membership at any instant equals a from-scratch evaluation at that instant, for random rules, histories and changes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from customer.consents.domain import Entry, GdprBasis, ProfilingUse, Purpose, Terms, Word
from customer.segments.domain.gates import parts_of
from customer.segments.domain.memberships import Cause, Definition, Library, Stay, stays, walk
from customer.segments.domain.readings import Described, Person, Reading, Said, earliest, person_at
from customer.segments.domain.vocabulary import Vocabulary

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
START = datetime(2022, 2, 20, tzinfo=UTC)
END = START + 40 * DAY


# What each use rests on is proved against a twin among the tests of consents; here it is asked anew for every instant.
USES = (None, "servicing", "marketing", "improvement")


def purpose(code: str, version: int, basis: GdprBasis, since: datetime) -> Purpose:
    data, sensitive = frozenset({"demographics", "interactions"}), frozenset({"financial_account"})
    return Purpose(
        code, version, basis, None, frozenset(), data, sensitive, equivalent=False, retired=False, effective_from=since
    )


TERMS = Terms(
    (
        ProfilingUse("servicing", "contract", (), segments=True, effective_from=START - 9 * DAY),
        ProfilingUse("marketing", "profiling", (), segments=True, effective_from=START - 9 * DAY),
        ProfilingUse("improvement", "interest", ("profiling",), segments=True, effective_from=START - 9 * DAY),
    ),
    (
        purpose("contract", 1, GdprBasis.CONTRACT, START - 9 * DAY),
        purpose("profiling", 1, GdprBasis.CONSENT, START - 9 * DAY),
        purpose("profiling", 2, GdprBasis.CONSENT, START + 25 * DAY),
        purpose("interest", 1, GdprBasis.LEGITIMATE_INTERESTS, START - 9 * DAY),
    ),
)


class Features(dict[str, Described]):
    """A count over any number of days, days since the last, and a fifth by cut points: one of each way to change."""

    def __missing__(self, name: str) -> Described:
        if name.startswith("count_") and name.endswith("d"):
            return Described(name, "int", "count", {"en": name, "zh-Hans": name})
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return str(name).startswith("count_") or super().__contains__(name)


VOCABULARY = Vocabulary(
    Features(
        {
            name: Described(name, "int", "", {"en": name, "zh-Hans": name})
            for name in ("count_login_30d", "days_since", "fifth")
        }
    ),
    {"count": "interactions", "days_since": "interactions", "age": "demographics", "tier": "demographics"}
    | {"fifth": "financial_account"},
)


@dataclass(frozen=True)
class World:
    """All that ever happened: events of one customer, versions of the record, dated cut points, words of consent."""

    events: tuple[datetime, ...]
    people: tuple[Person, ...]
    cuts: tuple[tuple[datetime, int], ...]
    ledger: tuple[Entry, ...] = ()


def value_at(world: World, name: str, at: datetime) -> Any:
    """A value from scratch, with no idea of validity."""
    past = [one for one in world.events if one <= at]
    if name.startswith("count_login_"):
        days = int(name.removeprefix("count_login_").removesuffix("d"))
        return sum(at - days * DAY < one for one in past)
    if name == "days_since":
        return (at - max(past)) // DAY if past else None
    if name == "fifth":
        cuts = [cut for since, cut in world.cuts if since <= at]
        return None if not cuts else 5 if len(past) > cuts[-1] else 1
    people = [one for one in world.people if one.since <= at]
    if name == "age" and people and people[-1].birth_date is not None:
        born, today = people[-1].birth_date, at.astimezone(ZONE).date()
        return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return getattr(people[-1], name, None) if people and name != "age" else None


def reading_at(world: World, name: str, at: datetime) -> Reading:
    """The same with the end of its validity, as an engine of features would tell it."""
    gate = parts_of(name)
    if gate is not None:
        return TERMS.grounds(*gate, world.ledger, at)
    ahead = min((one for one in world.events if one > at), default=None)
    past = [one for one in world.events if one <= at]
    value = value_at(world, name, at)
    if name.startswith("count_login_"):
        days = int(name.removeprefix("count_login_").removesuffix("d"))
        return Said(
            value, earliest(ahead, min((one + days * DAY for one in past if at < one + days * DAY), default=None))
        )
    if name == "days_since":
        return Said(value, earliest(ahead, max(past) + (value + 1) * DAY if past else None))
    if name == "fifth":
        return Said(value, earliest(ahead, min((since for since, _ in world.cuts if since > at), default=None)))
    return person_at(world.people, at, ZONE)[name]


def read(world: World) -> Any:
    return lambda names, at: {name: reading_at(world, name, at) for name in names}


ATOMS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "count_login(3) >= 2": ("count_login_3d", lambda n: n >= 2),
    "count_login(10) == 1": ("count_login_10d", lambda n: n == 1),
    "days_since > 4": ("days_since", lambda n: n > 4),
    "fifth == 5": ("fifth", lambda n: n == 5),
    "age >= 18": ("age", lambda n: n >= 18),
    "tier == 'private'": ("tier", lambda tier: tier == "private"),
}
NESTED = ("a", "b")
CATEGORY = {"count_login_3d": "interactions", "count_login_10d": "interactions", "days_since": "interactions"} | {
    "fifth": "financial_account",
    "age": "demographics",
    "tier": "demographics",
}


def truth(tree: Any, known: Callable[[str], bool | None]) -> bool | None:
    """Kleene's logic, written out."""
    if isinstance(tree, str):
        return known(tree)
    if tree[0] == "!":
        inner = truth(tree[1], known)
        return None if inner is None else not inner
    sides = [truth(one, known) for one in tree[1:]]
    decisive = tree[0] == "||"
    return decisive if decisive in sides else None if None in sides else not decisive


def text(tree: Any) -> str:
    if isinstance(tree, str):
        return tree if tree in ATOMS else f"in_segment('{tree}')"
    return f"!({text(tree[1])})" if tree[0] == "!" else f"({text(tree[1])} {tree[0]} {text(tree[2])})"


def trees(*more: str) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.sampled_from([*ATOMS, *more]),
        lambda inner: st.tuples(st.sampled_from(["&&", "||"]), inner, inner) | st.tuples(st.just("!"), inner),
        max_leaves=4,
    )


instants = st.integers(0, 40 * 24).map(lambda hours: START + timedelta(hours=hours))


@st.composite
def words(draw: st.DrawFn) -> Entry:
    """A word of consent: grants of either version run out after ten days, and half of them cover accounts."""
    word, since = draw(st.sampled_from([Word.GRANTED, Word.GRANTED, Word.WITHDRAWN, Word.REFUSED])), draw(instants)
    granted = word is Word.GRANTED
    return Entry(
        id=draw(st.uuids()),
        purpose=draw(st.sampled_from(["profiling", "profiling", "interest"])),
        version=draw(st.sampled_from([1, 2])),
        word=word,
        channels=frozenset() if granted else None,
        data_categories=frozenset({"demographics", "interactions"}) if granted else frozenset(),
        separate_categories=frozenset({"financial_account"}) if granted and draw(st.booleans()) else frozenset(),
        occurred_at=since,
        expires_at=since + 10 * DAY if granted else None,
    )


@dataclass(frozen=True)
class Version:
    key: str
    version: int
    tree: Any
    valid_from: datetime
    valid_until: datetime | None
    use: str | None = None


@st.composite
def written(draw: st.DrawFn) -> list[Version]:
    """Three segments, each with a row of versions; `b` may ask about `a`, and `c` about both. One may end for good."""
    found: list[Version] = []
    for key, more in (("a", ()), ("b", NESTED[:1]), ("c", NESTED)):
        turns = [START, *sorted(draw(st.lists(instants.filter(lambda at: at > START), max_size=2, unique=True)))]
        for number, (since, until) in enumerate(zip(turns, [*turns[1:], None], strict=True), start=1):
            found.append(Version(key, number, draw(trees(*more)), since, until, draw(st.sampled_from(USES))))
        if draw(st.booleans()) and len(turns) > 1:
            found.pop()
    return found


people = st.lists(
    st.builds(
        Person,
        since=instants,
        kind=st.just("individual"),
        state=st.just("active"),
        tier=st.sampled_from(["private", "mass"]),
        region=st.none(),
        occupation=st.none(),
        birth_date=st.sampled_from([None, date(2004, 2, 29), date(2004, 3, 20), date(1980, 1, 1)]),
    ),
    max_size=3,
    unique_by=lambda one: one.since,
).map(lambda found: tuple(sorted(found, key=lambda one: one.since)))
worlds = st.builds(
    World,
    events=st.lists(instants, max_size=8).map(tuple),
    people=people,
    cuts=st.lists(st.tuples(instants, st.integers(0, 4)), max_size=2, unique_by=lambda one: one[0]).map(
        lambda found: tuple(sorted(found))
    ),
    ledger=st.lists(words(), max_size=8).map(tuple),
)


def ground_from_scratch(world: World, version: Version, rules: Mapping[str, Any], at: datetime) -> UUID | str | None:
    """The receipt or the legal basis by which a segment may be told of the customer; None where it may not."""
    assert version.use is not None
    read = frozenset(CATEGORY[name] for name in words_read(version.tree, rules))
    told = TERMS.grounds(version.use, read, world.ledger, at)
    return (told.receipt_id or told.legal_basis) if told.value else None


def words_read(tree: Any, rules: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(tree, tuple):
        for one in tree[1:]:
            yield from words_read(one, rules)
    elif tree in ATOMS:
        yield ATOMS[tree][0]
    elif tree in rules:
        yield from words_read(rules[tree], rules)


def in_force(versions: Sequence[Version], at: datetime) -> dict[str, Version]:
    return {v.key: v for v in versions if v.valid_from <= at and (v.valid_until is None or at < v.valid_until)}


def members_from_scratch(world: World, versions: Sequence[Version], at: datetime) -> frozenset[str]:
    """Who is in at an instant, with the rules, the cut points and the ledger then in force and nothing else."""
    now = in_force(versions, at)
    rules = {key: v.tree for key, v in now.items()}

    def known(leaf: str) -> bool | None:
        if leaf in ATOMS:
            name, judged = ATOMS[leaf]
            value = value_at(world, name, at)
            return None if value is None else bool(judged(value))
        return member(leaf) if leaf in rules else None

    def member(key: str) -> bool | None:
        denied = now[key].use is not None and ground_from_scratch(world, now[key], rules, at) is None
        return False if denied else truth(rules[key], known)

    return frozenset(key for key in rules if member(key))


def library_of(versions: Sequence[Version], world: World) -> Library:
    definitions = [
        Definition(v.key, v.version, VOCABULARY.language.compile(text(v.tree)), v.valid_from, v.valid_until, v.use)
        for v in versions
    ]
    return Library(VOCABULARY, definitions, [*(since for since, _ in world.cuts), *TERMS.turns])


def happened(world: World) -> frozenset[datetime]:
    return frozenset(world.events) | {one.since for one in world.people} | {one.occurred_at for one in world.ledger}


def told(library: Library, world: World, before: Sequence[Stay], since: datetime, until: datetime) -> list[Stay]:
    return stays(before, walk(library, read(world), happened(world), since, until), since)[0]


def probes(world: World, found: Sequence[Stay], more: Sequence[datetime]) -> Iterator[datetime]:
    yield from more
    edges = [
        *world.events,
        *(one.occurred_at for one in world.ledger),
        *(one.entered_at for one in found),
        *(one.left_at for one in found if one.left_at),
    ]
    for edge in edges:
        yield from (edge - timedelta(microseconds=1), edge, edge + timedelta(microseconds=1))


@settings(deadline=None, max_examples=80)  # a busy machine is no fault
@given(world=worlds, versions=written(), more=st.lists(instants, min_size=8, max_size=8))
def test_membership_at_any_instant_equals_evaluation_from_scratch(
    world: World, versions: list[Version], more: list[datetime]
) -> None:
    found = told(library_of(versions, world), world, [], START, END)
    for at in probes(world, found, more):
        if START <= at <= END:
            in_then = frozenset(one.key for one in found if one.covers(at))
            assert in_then == members_from_scratch(world, versions, at), at
    for stay in found:
        current = in_force(versions, stay.entered_at)
        if current[stay.key].use is not None:
            rules = {key: v.tree for key, v in current.items()}
            told_ground = ground_from_scratch(world, current[stay.key], rules, stay.entered_at)
            assert (stay.receipt_id or stay.legal_basis) == told_ground is not None


@settings(deadline=None, max_examples=30)  # a busy machine is no fault
@given(world=worlds, versions=written(), order=st.randoms(), looks=st.lists(instants, max_size=4))
def test_late_and_shuffled_events_end_in_the_same_memberships(
    world: World, versions: list[Version], order: Any, looks: list[datetime]
) -> None:
    library = library_of(versions, world)
    once = told(library, world, [], START, END)
    arriving: list[datetime | Entry] = [*world.events, *world.ledger]
    order.shuffle(arriving)
    kept: list[Stay] = []
    seen = World((), world.people, world.cuts)
    kept = told(library, seen, kept, START, END)
    for one in arriving:
        if isinstance(one, Entry):
            seen, since = replace(seen, ledger=(*seen.ledger, one)), one.occurred_at
        else:
            seen, since = replace(seen, events=(*seen.events, one)), one
        kept = told(library, seen, kept, since, END)
    # A timer that comes at any moment changes nothing; least of all at the very instant at which somebody left.
    for look in [*looks, *(one.left_at for one in once if one.left_at is not None)]:
        kept = told(library, world, kept, look, END)
    assert kept == once


@settings(deadline=None, max_examples=30)  # a busy machine is no fault
@given(world=worlds, versions=written(), looks=st.lists(instants, min_size=1, max_size=4))
def test_looking_only_when_something_is_due_misses_nothing(
    world: World, versions: list[Version], looks: list[datetime]
) -> None:
    library = library_of(versions, world)
    kept: list[Stay] = []
    due: datetime | None = START
    for until in sorted({*looks, END}):
        if due is None or due > until:
            continue
        kept, due = stays(kept, walk(library, read(world), happened(world), due, until), due)
    assert kept == told(library, world, [], START, END)


def test_somebody_leaves_a_window_on_the_very_instant_and_no_event_happens() -> None:
    world = World((START + DAY, START + 2 * DAY), (), ())
    versions = [Version("a", 1, "count_login(3) >= 2", START, None)]
    (stay,) = told(library_of(versions, world), world, [], START, END)
    assert (stay.entered_at, stay.entered_by) == (START + 2 * DAY, Cause.EVENT)
    assert (stay.left_at, stay.left_by) == (START + 4 * DAY, Cause.TIME)


def test_somebody_born_on_a_leap_day_enters_at_the_midnight_that_begins_the_first_of_march() -> None:
    person = Person(START, "individual", "active", "mass", None, None, date(2004, 2, 29))
    world = World((), (person,), ())
    (stay,) = told(library_of([Version("a", 1, "age >= 18", START, None)], world), world, [], START, END)
    assert (stay.entered_at, stay.entered_by) == (datetime(2022, 3, 1, tzinfo=ZONE), Cause.TIME)


def test_new_cut_points_move_somebody_on_the_day_they_come_into_force() -> None:
    world = World((START,), (), ((START, 0), (START + 9 * DAY, 3)))
    (stay,) = told(library_of([Version("a", 1, "fifth == 5", START, None)], world), world, [], START, END)
    assert (stay.left_at, stay.left_by) == (START + 9 * DAY, Cause.RULE)


def test_a_segment_that_is_asked_about_and_gone_makes_no_member() -> None:
    world = World((START,), (), ())
    versions = [
        Version("a", 1, "count_login(10) == 1", START, START + 2 * DAY),
        Version("b", 1, "a", START, None),
        Version("c", 1, ("!", "a"), START, None),
    ]
    found: Mapping[str, Stay] = {one.key: one for one in told(library_of(versions, world), world, [], START, END)}
    assert found.keys() == {"a", "b"}
    assert (found["b"].left_at, found["b"].left_by) == (START + 2 * DAY, Cause.RULE)
