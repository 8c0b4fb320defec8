"""Names and contact points for people whose data has none: seeded, so that the same row is always the same person."""

import random
from dataclasses import dataclass
from typing import Final

# Frequent family and given names (public knowledge; nobody in particular is meant by a combination of them).
_CHINESE_FAMILY: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
_CHINESE_GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰梅鑫宇欣怡子涵"
_LATIN_FAMILY: Final = (
    "Silva",
    "Santos",
    "Ferreira",
    "Pereira",
    "Oliveira",
    "Costa",
    "Rodrigues",
    "Martins",
    "Jesus",
    "Sousa",
    "Fernandes",
    "Gonçalves",
    "Gomes",
    "Lopes",
    "Marques",
    "Alves",
    "Almeida",
    "Ribeiro",
    "Pinto",
    "Carvalho",
    "Teixeira",
    "Moreira",
    "Correia",
    "Mendes",
    "Nunes",
    "Soares",
    "Vieira",
    "Monteiro",
)
_LATIN_GIVEN: Final = (
    "Maria",
    "João",
    "Ana",
    "José",
    "Francisco",
    "António",
    "Rita",
    "Pedro",
    "Inês",
    "Miguel",
    "Sofia",
    "Tiago",
    "Beatriz",
    "Luís",
    "Carolina",
    "Paulo",
    "Marta",
    "Rui",
    "Catarina",
    "Nuno",
    "Joana",
    "Carlos",
    "Teresa",
    "Manuel",
    "Helena",
    "Vasco",
    "Leonor",
    "Duarte",
)
_CHINESE_SHARE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Person:
    """What a generator gives a row: a name and how to reach and identify whoever bears it."""

    legal_name: str
    phone: str
    email: str
    national_id: str


def person(row: int, *, seed: str = "people") -> Person:
    """The person of a row: every value is made of the seed and the row's number alone."""
    chance = random.Random(f"{seed}/{row}")  # noqa: S311  # reproducible on purpose, nothing secret hangs on it
    if chance.random() < _CHINESE_SHARE:
        family = chance.choice(_CHINESE_FAMILY)
        given = "".join(chance.choice(_CHINESE_GIVEN) for _ in range(chance.choice((1, 2, 2))))
        name = family + given
        phone = f"+861{chance.randint(3, 9)}{row % 10**9:09d}"
    else:
        name = f"{chance.choice(_LATIN_GIVEN)} {chance.choice(_LATIN_GIVEN)} {chance.choice(_LATIN_FAMILY)}"
        phone = f"+3519{row % 10**8:08d}"
    mark = chance.randint(1000, 9999)
    return Person(
        legal_name=name,
        phone=phone,
        # RFC 2606 keeps this domain for examples: no message can reach anybody.
        email=f"client.{row}.{mark}@example.com",
        national_id=f"ID{row:07d}{mark}",
    )
