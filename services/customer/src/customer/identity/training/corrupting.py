"""A labelled set: generated people, and second records of some of them, corrupted as clerks, scripts and forms corrupt.

Nobody real is in it. Given the seed it is always the same; surnames are drawn by Zipf's law over their rank, so that common
names meet by chance as often as they do, and families share a phone, twins a birthday: they are the hard strangers.
"""

import random
import string
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from customer.identity.domain.comparison import Record
from customer.identity.domain.sound import pinyin, soundings

# Common surnames, roughly in the order of how common they are; their shares here follow Zipf's law, not a count of people.
_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_GIVEN: Final = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰文华建国红志海燕玲婷雪峰琳晨宇浩轩子涵梓欣怡佳嘉俊思雨梦瑶泽楠博睿"
)
_WESTERN_WRITTEN: Final = """
Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans Walker White
Roberts Green Hall Wood Jackson Clarke Hughes Edwards Turner Hill Moore Cooper Ward Morris Murphy Schmidt
Novak Rossi Silva
"""
_WESTERN: Final = tuple(_WESTERN_WRITTEN.split())
_FIRST_WRITTEN: Final = """
James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph
Jessica Thomas Sarah Charles Karen Daniel Nancy Matthew Lisa Anthony Sandra Mark Ashley Steven Emily Paul
Donna Andrew Carol
"""
_FIRST: Final = tuple(_FIRST_WRITTEN.split())
_TRADITIONAL: Final = str.maketrans(
    "张刘陈杨黄赵吴孙马罗郑谢许韩冯邓肖蒋叶苏吕卢钟谭陆贾韦邹龙贺顾龚万钱严汤丽杰涛军艳红华国兰刚伟强婷晨轩怡欣梦瑶泽静",
    "張劉陳楊黃趙吳孫馬羅鄭謝許韓馮鄧蕭蔣葉蘇呂盧鍾譚陸賈韋鄒龍賀顧龔萬錢嚴湯麗傑濤軍艷紅華國蘭剛偉強婷晨軒怡欣夢瑤澤靜",
)
_REGIONS: Final = ("CN-BJ", "CN-SH", "CN-GD", "CN-ZJ", "CN-JS", "CN-SC", "HK", "GB", "US")


@dataclass(frozen=True, slots=True)
class Person:
    """One record before it is opened for comparison; `who` is the truth."""

    who: int
    name: str
    family: str
    given: str
    birth: date | None
    phone: str | None
    email: str | None
    identifier: tuple[str, str, str] | None
    region: str | None
    gender: int | None
    corrupted: tuple[str, ...] = ()

    def record(self) -> Record:
        """As it is compared."""
        return Record(
            kind="individual",
            ways=soundings(self.name),
            birth_date=self.birth,
            phones=frozenset(filter(None, (self.phone,))),
            emails=frozenset(filter(None, (self.email,))),
            identifiers=frozenset(filter(None, (self.identifier,))),
            region=self.region,
            gender=self.gender,
        )


def _digits(chance: random.Random, number: int) -> str:
    return "".join(chance.choice(string.digits) for _ in range(number))


def _person(chance: random.Random, who: int) -> Person:
    chinese = chance.random() < 0.75
    weights = [1 / rank for rank in range(1, len(_SURNAMES) + 1)]
    if chinese:
        family = chance.choices(_SURNAMES, weights)[0]
        given = "".join(chance.choice(_GIVEN) for _ in range(1 if chance.random() < 0.3 else 2))
        name = family + given
    else:
        family, given = chance.choice(_WESTERN), chance.choice(_FIRST)
        name = f"{given} {family}"
    birth = date(1945, 1, 1) + timedelta(days=chance.randrange(22_000))
    letters = "".join(pinyin(name)) if chinese else name.lower().replace(" ", ".")
    return Person(
        who=who,
        name=name,
        family=family,
        given=given,
        birth=birth,
        phone=f"+861{_digits(chance, 10)}",
        email=f"{letters}{chance.randrange(100)}@example.{chance.choice(('com', 'cn', 'net'))}",
        identifier=("national_id", "CN", f"{_digits(chance, 6)}{birth:%Y%m%d}{_digits(chance, 4)}"),
        region=chance.choice(_REGIONS),
        gender=chance.choice((1, 2)),
    )


def _relative(chance: random.Random, one: Person, who: int) -> Person:
    """Somebody else at the same phone: a twin with the birthday and the name, a relative with the name, a spouse without."""
    kind = chance.choices(("twin", "relative", "spouse"), (1, 5, 4))[0]
    while True:
        other = _person(chance, who)
        same_script = (other.name[0] > "z") == (one.name[0] > "z")
        if same_script and other.given != one.given:
            break
    if kind == "spouse":
        return replace(other, phone=one.phone, region=one.region)
    name = one.family + other.given if one.name[0] > "z" else f"{other.given} {one.family}"
    birth = one.birth if kind == "twin" else other.birth
    return replace(other, name=name, family=one.family, birth=birth, phone=one.phone, region=one.region)


def _typo(chance: random.Random, text: str) -> str:
    place, kind = chance.randrange(len(text)), chance.choice(("drop", "double", "swap", "change"))
    if kind == "drop":
        return text[:place] + text[place + 1 :]
    if kind == "double":
        return text[: place + 1] + text[place:]
    if kind == "swap" and place + 1 < len(text):
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    letters = string.digits if text[place].isdigit() else string.ascii_lowercase
    return text[:place] + chance.choice(letters) + text[place + 1 :]


def _romanised(chance: random.Random, one: Person) -> Person:
    family, given = "".join(pinyin(one.family, surname=True)).title(), pinyin(one.given)
    joined = chance.choice(("".join(given), " ".join(given), "-".join(given))).title()
    return replace(one, name=chance.choice((f"{family} {joined}", f"{joined} {family}", f"{family}, {joined}")))


def _homophone(chance: random.Random, one: Person) -> Person:
    place = chance.randrange(len(one.given))
    sound = pinyin(one.given[place])
    alike = [letter for letter in _GIVEN + _SURNAMES if pinyin(letter) == sound and letter != one.given[place]]
    letter = chance.choice(alike) if alike else chance.choice(_GIVEN)
    given = one.given[:place] + letter + one.given[place + 1 :]
    return replace(one, given=given, name=one.family + given)


def _initials(_: random.Random, one: Person) -> Person:
    if one.name[0] > "z":
        letters = " ".join(word[0].upper() for word in pinyin(one.given))
        return replace(one, name=f"{''.join(pinyin(one.family, surname=True)).title()} {letters}")
    return replace(one, name=f"{one.given[0]}. {one.family}")


def _day(chance: random.Random, one: Person) -> Person:
    if one.birth is None:
        return one
    if chance.random() < 0.4 and one.birth.day <= 12:
        return replace(one, birth=date(one.birth.year, one.birth.day, one.birth.month))
    return replace(one, birth=one.birth + timedelta(days=chance.choice((-9, -1, 1, 9, 10, 30))))


def _other_document(chance: random.Random, one: Person) -> Person:
    return replace(one, identifier=("passport", "CN", f"E{_digits(chance, 8)}"))


Corruption = Callable[[random.Random, Person], Person]
# What is done to a second record, and how often: what clerks mistype, scripts differ in, and people change or leave out.
# The rates are ours; recall is therefore told for each kind by itself too.
CORRUPTIONS: Final[dict[str, tuple[float, Corruption]]] = {
    "romanised": (0.30, _romanised),
    "traditional": (0.15, lambda _, one: replace(one, name=one.name.translate(_TRADITIONAL))),
    "homophone": (0.10, _homophone),
    "name_typo": (0.20, lambda chance, one: replace(one, name=_typo(chance, one.name))),
    "initials": (0.10, _initials),
    "single_name": (0.03, lambda _, one: replace(one, name=one.given)),
    "birth_date": (0.12, _day),
    "no_birth_date": (0.10, lambda _, one: replace(one, birth=None)),
    "new_phone": (0.45, lambda chance, one: replace(one, phone=f"+861{_digits(chance, 10)}")),
    "no_phone": (0.10, lambda _, one: replace(one, phone=None)),
    "new_email": (0.35, lambda chance, one: replace(one, email=f"{_digits(chance, 8)}@example.com")),
    "email_typo": (0.10, lambda chance, one: (one.email and replace(one, email=_typo(chance, one.email))) or one),
    "no_email": (0.15, lambda _, one: replace(one, email=None)),
    "other_document": (0.50, _other_document),
    "no_identifier": (0.25, lambda _, one: replace(one, identifier=None)),
    "moved": (0.20, lambda chance, one: replace(one, region=chance.choice(_REGIONS))),
    "gender_wrong": (0.02, lambda _, one: replace(one, gender=one.gender and 3 - one.gender)),
    "no_gender": (0.20, lambda _, one: replace(one, gender=None)),
}
_CHARACTERS_ONLY: Final = {"romanised", "traditional", "homophone"}
_NAMES: Final = ("romanised", "traditional", "homophone", "name_typo", "initials", "single_name")


def _second(chance: random.Random, one: Person) -> Person:
    made, done = one, list[str]()
    for kind, (rate, corrupt) in CORRUPTIONS.items():
        fits = made.name[0] > "z" or kind not in _CHARACTERS_ONLY
        # A name is rewritten once, and perhaps mistyped after it was romanised; it stays somebody's.
        again = kind in _NAMES and any(other in _NAMES for other in done) and kind != "name_typo"
        if fits and not again and chance.random() < rate:
            if kind == "name_typo" and made.name[0] > "z":
                continue
            made, done = corrupt(chance, made), [*done, kind]
    number = made.identifier
    if number is not None and number == one.identifier:
        # One number belongs to one record: a second one came in by another type, or mistyped.
        made = replace(made, identifier=(number[0], number[1], _typo(chance, number[2])))
        done.append("identifier_typo")
    return replace(made, corrupted=tuple(done) or ("none",))


def population(seed: int, people: int = 4_000, seconds: int = 1_000) -> list[Person]:
    """Records of so many people, some of them relatives, and second records of some, in a shuffled order."""
    chance = random.Random(seed)  # noqa: S311  # a reproducible set, not a secret
    made = [_person(chance, who) for who in range(int(people * 0.9))]
    while len(made) < people:
        one = chance.choice(made)
        made.append(_relative(chance, one, len(made)))
    made += [_second(chance, one) for one in chance.sample(made, seconds)]
    chance.shuffle(made)
    return made
