"""Rules of consent: which word stands, which text is in force, and whether a use is allowed; what is unknown is denied."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class Word(StrEnum):
    """What a customer said."""

    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class GivenBy(StrEnum):
    """Whose hand brought the word to us."""

    CUSTOMER = "customer"
    STAFF = "staff"
    CLIENT = "client"
    IMPORT = "import"


class Language(StrEnum):
    """The languages every legal text exists in (BCP 47)."""

    ZH_HANS = "zh-Hans"
    ZH_HANT = "zh-Hant"
    EN = "en"


class GdprBasis(StrEnum):
    """Regulation (EU) 2016/679, Article 6(1)."""

    CONSENT = "6(1)(a)"
    CONTRACT = "6(1)(b)"
    LEGAL_OBLIGATION = "6(1)(c)"
    VITAL_INTERESTS = "6(1)(d)"
    PUBLIC_TASK = "6(1)(e)"
    LEGITIMATE_INTERESTS = "6(1)(f)"


class PiplBasis(StrEnum):
    """Personal Information Protection Law of the PRC, Article 13, first paragraph."""

    CONSENT = "13(1)"
    CONTRACT = "13(2)"
    STATUTORY_DUTY = "13(3)"
    EMERGENCY = "13(4)"
    PUBLIC_INTEREST_NEWS = "13(5)"
    ALREADY_PUBLIC = "13(6)"
    OTHER_LAW = "13(7)"


class Verdict(StrEnum):
    """Whether the use may be made."""

    ALLOW = "allow"
    DENY = "deny"


class Reason(StrEnum):
    """Why; the first two allow, all others deny."""

    CONSENT_GRANTED = "consent-granted"
    LEGAL_BASIS = "legal-basis"
    CUSTOMER_UNKNOWN = "customer-unknown"
    CUSTOMER_ERASED = "customer-erased"
    PURPOSE_UNKNOWN = "purpose-unknown"
    PURPOSE_NOT_IN_FORCE = "purpose-not-in-force"
    PURPOSE_RETIRED = "purpose-retired"
    CHANNEL_NOT_COVERED = "channel-not-covered"
    DATA_NOT_COVERED = "data-not-covered"
    NO_CONSENT = "no-consent"
    CONSENT_REFUSED = "consent-refused"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    CONSENT_EXPIRED = "consent-expired"
    NEW_VERSION_ASKS_AGAIN = "new-version-asks-again"
    SEPARATE_CONSENT_MISSING = "separate-consent-missing"
    OBJECTED = "objected"


# GDPR Art. 21(1): to these two bases a person may object, and an objection is kept as a refusal.
_OBJECTABLE: Final = frozenset({GdprBasis.PUBLIC_TASK, GdprBasis.LEGITIMATE_INTERESTS})


@dataclass(frozen=True, slots=True)
class Purpose:
    """One version of a purpose, without its texts. No channels: the purpose is not bound to any.

    `equivalent` says that what was granted for the version before still holds for this one; `sensitive_categories` are
    those for which PIPL Art. 29 asks a separate consent.
    """

    code: str
    version: int
    gdpr_basis: GdprBasis | None
    pipl_basis: PiplBasis | None
    channels: frozenset[str]
    data_categories: frozenset[str]
    sensitive_categories: frozenset[str]
    equivalent: bool
    retired: bool
    effective_from: datetime

    @property
    def asks(self) -> bool:
        """Whether it rests on consent: under two laws it does as soon as one of them says so."""
        return self.gdpr_basis is GdprBasis.CONSENT or self.pipl_basis is PiplBasis.CONSENT

    @property
    def ways(self) -> list[str | None]:
        """Every channel a use may name; the one way of a purpose that is not bound to any is None."""
        return [*sorted(self.channels)] or [None]

    @property
    def articles(self) -> list[str]:
        """The names of its legal bases, under each law that is named."""
        told = [f"GDPR Art. {self.gdpr_basis}"] if self.gdpr_basis else []
        return told + ([f"PIPL Art. {self.pipl_basis}"] if self.pipl_basis else [])

    @property
    def objectable(self) -> bool:
        """Whether a person may object although no consent is asked."""
        return not self.asks and self.gdpr_basis in _OBJECTABLE


@dataclass(frozen=True, slots=True)
class Entry:
    """One word in the ledger. `channels` None is every channel there is (a refusal or withdrawal may be so wide).

    A grant names its channels and data outright, so that a later version can never widen it; empty channels are a
    grant for a purpose that is not bound to channels. `recorded_at` is when we learned of it, where that is read.
    """

    id: UUID
    purpose: str
    version: int
    word: Word
    channels: frozenset[str] | None
    data_categories: frozenset[str]
    separate_categories: frozenset[str]
    occurred_at: datetime
    expires_at: datetime | None
    recorded_at: datetime | None = None

    @property
    def rank(self) -> tuple[datetime, bool, UUID]:
        """The later word stands; of two at one instant the one that denies; then the one written later."""
        return (self.occurred_at, self.word is not Word.GRANTED, self.id)

    def touches(self, channel: str | None) -> bool:
        """Whether it speaks of that channel (None: of a use that is not bound to one)."""
        return self.channels is None or (channel in self.channels if channel is not None else not self.channels)


@dataclass(frozen=True, slots=True)
class Use:
    """What somebody wants to do. No data categories: all the ordinary ones the purpose has."""

    purpose: str
    channel: str | None = None
    data_categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ruling:
    """The answer: `receipt_id` where it rests on a consent, the purpose's version where one was in force."""

    verdict: Verdict
    reason: Reason
    purpose: Purpose | None = None
    receipt_id: UUID | None = None

    @property
    def allows(self) -> bool:
        """Whether the use may be made."""
        return self.verdict is Verdict.ALLOW


def in_force(versions: Iterable[Purpose], at: datetime) -> Purpose | None:
    """The highest version whose day has come."""
    return max((one for one in versions if one.effective_from <= at), key=lambda one: one.version, default=None)


def carries(versions: Mapping[int, Purpose], granted: int, present: int) -> bool:
    """Whether a grant for one version holds for another: each version since must say that it is equivalent."""
    steps = range(granted + 1, present + 1)
    return granted <= present and all(one in versions and versions[one].equivalent for one in steps)


def decide(entries: Iterable[Entry], versions: Collection[Purpose], use: Use, at: datetime) -> Ruling:
    """Whether `use` is allowed at that instant by one customer's words and the purposes as they were then.

    The caller chooses the entries: all of them for the present, those recorded or said until some instant for the past.
    A denial that is in them counts even when its instant lies ahead of `at` (clocks differ); nothing is allowed for
    which no purpose in force, no legal basis and no unrevoked grant can be named.
    """
    known = {one.version: one for one in versions if one.code == use.purpose}
    purpose = in_force(known.values(), at)
    if purpose is None:
        return Ruling(Verdict.DENY, Reason.PURPOSE_NOT_IN_FORCE if known else Reason.PURPOSE_UNKNOWN)
    wanted = use.data_categories or purpose.data_categories
    word = standing(entries, use.purpose, use.channel if purpose.channels else None)
    fault = _out_of_bounds(purpose, use.channel, wanted)
    if fault is None and purpose.asks:
        fault = _unsupported(word, known, purpose, wanted, at)
    elif fault is None and purpose.objectable and word is not None and word.word is not Word.GRANTED:
        fault = Reason.OBJECTED
    if fault is not None:
        return Ruling(Verdict.DENY, fault, purpose)
    if purpose.asks and word is not None:
        return Ruling(Verdict.ALLOW, Reason.CONSENT_GRANTED, purpose, word.id)
    return Ruling(Verdict.ALLOW, Reason.LEGAL_BASIS, purpose)


def _first(checks: Iterable[tuple[bool, Reason]]) -> Reason | None:
    return next((reason for fails, reason in checks if fails), None)


def _out_of_bounds(purpose: Purpose, channel: str | None, wanted: frozenset[str]) -> Reason | None:
    """Why the purpose itself, whatever the customer said, does not cover the use."""
    covered = purpose.data_categories | purpose.sensitive_categories
    return _first(
        (
            (purpose.retired, Reason.PURPOSE_RETIRED),
            (bool(purpose.channels) and channel not in purpose.channels, Reason.CHANNEL_NOT_COVERED),
            (not wanted <= covered, Reason.DATA_NOT_COVERED),
        )
    )


def _unsupported(
    word: Entry | None, versions: Mapping[int, Purpose], purpose: Purpose, wanted: frozenset[str], at: datetime
) -> Reason | None:
    """Why the word that stands does not support the use, if it does not."""
    if word is None:
        return Reason.NO_CONSENT
    sensitive = wanted & purpose.sensitive_categories
    return _first(
        (
            (word.word is Word.REFUSED, Reason.CONSENT_REFUSED),
            (word.word is Word.WITHDRAWN, Reason.CONSENT_WITHDRAWN),
            (word.expires_at is not None and word.expires_at <= at, Reason.CONSENT_EXPIRED),
            (word.version > purpose.version, Reason.PURPOSE_NOT_IN_FORCE),
            (not carries(versions, word.version, purpose.version), Reason.NEW_VERSION_ASKS_AGAIN),
            (not sensitive <= word.separate_categories, Reason.SEPARATE_CONSENT_MISSING),
            (not wanted - sensitive <= word.data_categories, Reason.DATA_NOT_COVERED),
        )
    )


def standing(entries: Iterable[Entry], purpose: str, channel: str | None) -> Entry | None:
    """The word that stands for a purpose and a channel: the latest by event time that speaks of it."""
    spoken = (one for one in entries if one.purpose == purpose and one.touches(channel))
    return max(spoken, key=lambda one: one.rank, default=None)


def refused_channels(entries: Collection[Entry]) -> frozenset[str]:
    """The channels a person named in a denial that stands, and on which they allow nothing.

    A denial that names no channel is about its purpose, and bars none. No purpose and no instant is asked about: an
    expired grant is no refusal. Whether a use is allowed is another question (`decide`).
    """
    named = {
        (one.purpose, channel): one
        for one in sorted(entries, key=lambda one: one.rank)
        for channel in one.channels or ()
    }
    denied = {channel for (_, channel), one in named.items() if one.word is not Word.GRANTED}
    return frozenset(
        channel for channel in denied if not any(_allows(entries, purpose, channel) for purpose, _ in named)
    )


def _allows(entries: Iterable[Entry], purpose: str, channel: str) -> bool:
    word = standing(entries, purpose, channel)
    return word is not None and word.word is Word.GRANTED
