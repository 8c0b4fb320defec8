"""What a rule reads of a customer: values that each say until when they hold, and what a person's record says at an instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from fractions import Fraction
from typing import Final, Literal, Protocol

Value = int | Fraction | str | bool | None


class Reading(Protocol):
    """A value at an instant that holds in [at, valid_until); None: until something happens. A feature's value is one."""

    @property
    def value(self) -> Value: ...
    @property
    def valid_until(self) -> datetime | None: ...


class Spec(Protocol):
    """What a name means: its type, its unit, and its description by language."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def description(self) -> Mapping[Literal["en", "zh-Hans"], str]: ...


@dataclass(frozen=True, slots=True)
class Said:
    """A reading of our own."""

    value: Value
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """A name of our own."""

    name: str
    type: str
    unit: str
    description: Mapping[Literal["en", "zh-Hans"], str]


@dataclass(frozen=True, slots=True)
class Person:
    """What the record says of a party from `since` on; for an organisation `birth_date` is its day of incorporation."""

    since: datetime
    kind: str
    state: str
    tier: str
    region: str | None
    occupation: str | None
    birth_date: date | None
    industry: str | None = None
    occupation_group: str | None = None
    education: int | None = None
    language: str | None = None
    home_branch: str | None = None
    declared_income_band: str | None = None
    declared_asset_band: str | None = None
    legal_form: str | None = None
    firm_size: str | None = None


# Words that are the same as what is recorded.
_AS_RECORDED: Final = (
    *("kind", "state", "tier", "region", "industry", "occupation_group", "education", "language", "home_branch"),
    *("declared_income_band", "declared_asset_band", "legal_form", "firm_size"),
)


def _spec(name: str, kind: str, unit: str, en: str, zh: str) -> Described:
    return Described(name, kind, unit, {"en": en, "zh-Hans": zh})


PERSON: Final[Mapping[str, Spec]] = {
    one.name: one
    for one in (
        _spec("kind", "string", "", "individual or organisation", "个人或机构"),
        _spec(
            "state", "string", "", "life cycle: prospect, active, dormant, closed", "生命周期：潜在、活跃、休眠、销户"
        ),
        _spec("tier", "string", "", "asset tier: private, affluent, mass", "资产层级：私人、富裕、大众"),
        _spec("region", "string", "ISO 3166", "country or subdivision", "国家或地区"),
        _spec("country", "string", "ISO 3166-1", "country", "国家"),
        _spec("occupation", "string", "", "occupation as recorded, in small letters", "职业（小写）"),
        _spec(
            "occupation_group",
            "string",
            "ISCO-08",
            "major group of occupations, or why not at work",
            "职业大类，或不在业原因",
        ),
        _spec(
            "legal_form",
            "string",
            "",
            "what a business is in law: sole_trader, limited_company, …",
            "法律形式：个体工商户、有限公司……",
        ),
        _spec("firm_size", "string", "", "micro, small, medium or large", "企业规模：微型、小型、中型、大型"),
        _spec("education", "int", "ISCED 2011", "level of education, 0 to 8", "教育程度（0至8级）"),
        _spec("language", "string", "BCP 47", "preferred language", "首选语言"),
        _spec("home_branch", "string", "", "home branch", "开户网点"),
        _spec(
            "declared_income_band",
            "string",
            "",
            "declared band of a year's income: i1, i2, …",
            "申报年收入档：i1、i2……",
        ),
        _spec(
            "declared_asset_band",
            "string",
            "",
            "declared band of assets held anywhere: a1, a2, …",
            "申报资产档：a1、a2……",
        ),
        _spec("industry", "string", "ISIC Rev. 4", "industry: section, division or class", "行业：门类、大类或小类"),
        _spec("industry_section", "string", "ISIC Rev. 4", "section of the industry, A to U", "行业门类（A至U）"),
        _spec("age", "int", "years", "completed years since birth or incorporation", "周岁或成立年数"),
    )
}


def birthday(born: date, year: int) -> date:
    """The day a year of life is completed; who was born on 29 February completes it on 1 March of other years."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def age_at(born: date, at: datetime, zone: tzinfo) -> Said:
    """Completed years on the local day of that instant, until the midnight that begins the next birthday."""
    today = at.astimezone(zone).date()
    had = birthday(born, today.year) <= today
    following = birthday(born, today.year + 1) if had else birthday(born, today.year)
    return Said(today.year - born.year - (not had), datetime.combine(following, time(), zone))


def person_at(versions: Sequence[Person], at: datetime, zone: tzinfo) -> dict[str, Reading]:
    """What the version in force at that instant says (`versions` are in order); before the first nothing is known."""
    now = next((one for one in reversed(versions) if one.since <= at), None)
    following = min((one.since for one in versions if one.since > at), default=None)
    if now is None:
        return {name: Said(None, following) for name in PERSON}
    told: dict[str, Value] = {name: getattr(now, name) for name in _AS_RECORDED} | {
        "country": now.region[:2] if now.region else None,
        "occupation": now.occupation.casefold() if now.occupation else None,
        "industry_section": now.industry[:1] if now.industry else None,
    }
    readings: dict[str, Reading] = {name: Said(value, following) for name, value in told.items()}
    age = age_at(now.birth_date, at, zone) if now.birth_date is not None else Said(None)
    readings["age"] = Said(age.value, earliest(age.valid_until, following))
    return readings


def earliest(*instants: datetime | None) -> datetime | None:
    """The first of them; None is never."""
    return min((one for one in instants if one is not None), default=None)
