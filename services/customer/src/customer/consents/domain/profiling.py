"""What profiling rests on: at an instant, for one person, and until when that holds; a use that can name nothing is none."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from customer.consents.domain.ledger import (
    Entry,
    Purpose,
    Reason,
    Ruling,
    Use,
    Verdict,
    Word,
    decide,
    in_force,
    standing,
)


@dataclass(frozen=True, slots=True)
class ProfilingUse:
    """What profiling is done for, in force from an instant on: the purpose of the catalogue it falls under.

    A denial of one of the `objections` that stands on every channel of it stops this use as well. `segments`: whether
    a segment may be told for it.
    """

    code: str
    purpose: str
    objections: tuple[str, ...]
    segments: bool
    effective_from: datetime


@dataclass(frozen=True, slots=True)
class Grounds:
    """Whether a use may be made of a person, and by what: holds in [at, `valid_until`), None: until something is said."""

    use: str
    ruling: Ruling
    valid_until: datetime | None

    @property
    def value(self) -> bool:
        """Whether the use may be made."""
        return self.ruling.allows

    @property
    def receipt_id(self) -> UUID | None:
        """The receipt of the consent it rests on."""
        return self.ruling.receipt_id

    @property
    def legal_basis(self) -> str | None:
        """The name of the legal basis, where the use is allowed and rests on no consent."""
        purpose = self.ruling.purpose
        if not self.ruling.allows or self.ruling.receipt_id is not None or purpose is None:
            return None
        return "; ".join(purpose.articles)


@dataclass(frozen=True)
class Terms:
    """All uses and the purposes they fall under, in all their versions: what everybody's words are held against."""

    uses: tuple[ProfilingUse, ...]
    purposes: tuple[Purpose, ...]
    _versions: dict[str, list[Purpose]] = field(init=False, compare=False, repr=False, default_factory=dict)
    _turns: dict[str, list[datetime]] = field(init=False, compare=False, repr=False, default_factory=dict)
    _worded: set[str] = field(init=False, compare=False, repr=False, default_factory=set)
    # What rests on nobody's words is the same for everybody between two turns: told once.
    _alike: dict[tuple[str, int], Grounds] = field(init=False, compare=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.purposes:
            self._versions.setdefault(one.code, []).append(one)
        for use in self.uses:
            codes = (use.purpose, *use.objections)
            turns = {use.effective_from, *(one.effective_from for code in codes for one in self._of(code))}
            self._turns[use.code] = sorted(turns.union(self._turns.get(use.code, ())))
        self._worded.update(code for code in self._turns if self.words_of([code]))

    def use_at(self, code: str, at: datetime) -> ProfilingUse | None:
        """The version of a use that is in force."""
        told = (one for one in self.uses if one.code == code and one.effective_from <= at)
        return max(told, key=lambda one: one.effective_from, default=None)

    @property
    def turns(self) -> frozenset[datetime]:
        """The instants at which a use or a purpose changes for everybody."""
        return frozenset(one.effective_from for one in self.uses) | {one.effective_from for one in self.purposes}

    def words_of(self, codes: Collection[str]) -> frozenset[str]:
        """Of which purposes the words of people matter to these uses, be it in one version only; none is read for the rest."""
        told = {
            code
            for one in self.uses
            if one.code in codes
            for code in (one.purpose, *one.objections)
            if any(version.asks or version.objectable for version in self._of(one.purpose))
        }
        return frozenset(told)

    def grounds(self, code: str, categories: frozenset[str], words: Iterable[Entry], at: datetime) -> Grounds:
        """Whether the use `code`, which reads these categories of data, may be made of a person of these words at `at`.

        What is said after `at` counts for nothing but the end of the answer. The categories matter where a consent is
        asked: sensitive ones are then consented to separately (PIPL Art. 29). No categories: the purpose's ordinary ones.
        """
        turns = self._turns.get(code, [])
        place = bisect_right(turns, at)
        until = turns[place] if place < len(turns) else None
        if code not in self._worded:
            if (code, place) not in self._alike:
                self._alike[code, place] = Grounds(code, self._ruling(self.use_at(code, at), categories, (), at), until)
            return self._alike[code, place]
        words = list(words)
        said = [one for one in words if one.occurred_at <= at]
        ends = [] if until is None else [until]
        ends += [one.occurred_at for one in words if one.occurred_at > at]
        ends += [one.expires_at for one in said if one.expires_at is not None and one.expires_at > at]
        return Grounds(code, self._ruling(self.use_at(code, at), categories, said, at), min(ends, default=None))

    def _ruling(
        self, use: ProfilingUse | None, categories: frozenset[str], said: Sequence[Entry], at: datetime
    ) -> Ruling:
        if use is None:
            return Ruling(Verdict.DENY, Reason.PURPOSE_NOT_IN_FORCE)
        versions = self._of(use.purpose)
        purpose = in_force(versions, at)
        read = categories if purpose is not None and purpose.asks else frozenset[str]()
        ruling = decide(said, versions, Use(use.purpose, None, read), at)
        if ruling.allows and any(self._objected(code, said, at) for code in use.objections):
            return Ruling(Verdict.DENY, Reason.OBJECTED, ruling.purpose)
        return ruling

    def _objected(self, code: str, said: Sequence[Entry], at: datetime) -> bool:
        """Whether a person wants nothing of this purpose: a denial stands wherever it could be followed."""
        purpose = in_force(self._of(code), at)
        if purpose is None:
            return False
        stand = [standing(said, code, way) for way in purpose.ways]
        return all(word is not None and word.word is not Word.GRANTED for word in stand)

    def _of(self, code: str) -> Sequence[Purpose]:
        return self._versions.get(code, ())
