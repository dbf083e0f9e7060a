"""Writers that race: whom they write about, what each of them sends, and one of them as a process of its own."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from rcu.domain.records import RecordKey
from rcu.errors import Conflict
from rcu.matching.model import MatchModel
from rcu.services.arrivals import Given
from rcu.services.upserting import RealTime
from rcu.store.engine import Store

Fields = dict[str, str | None]
Batch = tuple[Given, ...]

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
FIRST: Final = (
    "MARIE", "JEAN", "PAULE", "HENRI", "ODILE", "LUC", "CLAIRE", "PIERRE", "ANNE", "MICHEL", "SOPHIE", "JULIEN",
    "NADIA", "KARIM", "LEA", "HUGO", "EMMA", "LOUIS", "CHLOE", "ADAM", "INES", "GABRIEL", "JEANNE", "ARTHUR",
)  # fmt: skip
LAST: Final = (
    "MOREAU", "LEFEVRE", "GARNIER", "LEROUX", "PICARD", "ROGER", "MEUNIER", "LACROIX", "BARBIER", "DUPONT", "DURAND",
    "PETIT", "BENALI", "NGUYEN", "FONTAINE", "CHEVALIER", "GAUTHIER", "PERRIN", "MORIN", "MATHIEU", "QUILLEVERE",
    "ROUSSEL", "HENRY", "MASSON", "MARCHAND", "DUVAL", "DENIS", "DUMONT", "MARIE", "LEMAIRE",
)  # fmt: skip
STREETS: Final = ("RUE DE LA PAIX", "AVENUE FOCH", "RUE VICTOR HUGO", "PLACE BELLECOUR", "RUE DES LILAS", "QUAI SUD")
TOWNS: Final = (
    ("75002", "PARIS"),
    ("69003", "LYON"),
    ("33000", "BORDEAUX"),
    ("59800", "LILLE"),
    ("13006", "MARSEILLE"),
)
SHOPS: Final = tuple(f"boutique{number}@mail.example.fr" for number in range(8))
"""Mailboxes that a till writes down where there is none: they become nobody's while writers are at work."""
PLACEHOLDER: Final = "01/01/1980"
MOST_TOGETHER: Final = 4


@dataclass(frozen=True, slots=True)
class Size:
    """How large a race is."""

    writers: int
    upserts: int
    people: int
    kills: int


@dataclass(frozen=True, slots=True)
class Home:
    """What people of a household have in common."""

    number: int
    last_name: str
    address: Fields


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as every source would know them if nobody ever made a mistake."""

    number: int
    home: Home
    first_name: str
    birth_date: str


def plans(size: Size, *, seed: int) -> list[list[Batch]]:
    """What each writer sends, in order; at the same place of two plans there is the same now and then."""
    chance = random.Random(seed)
    sends = _sends(size, chance)
    chance.shuffle(sends)
    found: list[list[Batch]] = [[] for _ in range(size.writers)]
    at = 0
    while sends:
        batch = _taken(sends, chance)
        for writer in range(at, at + (2 if chance.random() < 0.1 else 1)):
            found[writer % size.writers].append(batch)
        at += 1
    return found


def last_versions(plan: list[list[Batch]]) -> dict[RecordKey, Given]:
    """What every record says in the end."""
    found: dict[RecordKey, Given] = {}
    for one in (one for batches in plan for batch in batches for one in batch):
        known = found.get(one.key)
        if known is None or _instant(one) > _instant(known):
            found[one.key] = one
    return found


def _instant(one: Given) -> datetime:
    assert one.updated_at is not None
    return one.updated_at


def _taken(sends: list[Given], chance: random.Random) -> Batch:
    """One record as a rule, or a few different ones together."""
    most = chance.randint(2, MOST_TOGETHER) if chance.random() < 0.1 else 1
    taken = {one.key: one for one in sends[-most:]}
    del sends[-most:]
    return tuple(taken.values())


def _sends(size: Size, chance: random.Random) -> list[Given]:
    """Several versions of the records of all people."""
    people = list(_people(size.people, chance))
    known = [
        (RecordKey(source, f"{person.number}{card}"), person)
        for person in people
        for source, card in chance.sample(
            [("till", ""), ("shop", ""), ("email", ""), ("till", "b")], chance.randint(1, 3)
        )
    ]
    versions = dict.fromkeys(range(len(known)), 1)
    for _ in range(max(0, size.upserts - len(known))):
        versions[chance.randrange(len(known))] += 1
    return [
        Given(
            key,
            _told(person, people, chance),
            deleted=chance.random() < 0.03,
            updated_at=START + timedelta(hours=version),
        )
        for (key, person), count in zip(known, versions.values(), strict=True)
        for version in range(count)
    ]


def _people(count: int, chance: random.Random) -> Iterator[Person]:
    number = 0
    while number < count:
        home = _home(number, chance)
        for first in chance.sample(FIRST, chance.randint(1, 4)):
            born = datetime(1940, 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(23_000))
            yield Person(number, home, first, f"{born:%d/%m/%Y}")
            number += 1
            if number == count:
                return


def _home(number: int, chance: random.Random) -> Home:
    postcode, city = chance.choice(TOWNS)
    street = f"{chance.randint(1, 40)} {chance.choice(STREETS)}"
    address: Fields = {"address_line": street, "postcode": postcode, "city": city, "country": "FRANCE"}
    return Home(number, chance.choice(LAST), address)


def _told(person: Person, people: list[Person], chance: random.Random) -> Fields:
    """What a source says of somebody this time: some of it missing, misspelt, shared, or another's."""
    home = chance.choice(people).home if chance.random() < 0.03 else person.home
    first, last = _spelt(person.first_name, chance), _spelt(person.home.last_name, chance)
    if chance.random() < 0.04:
        first, last = last, first
    own = f"{person.first_name}.{person.home.last_name}{person.number}@mail.example.fr".lower()
    emails = (own, own, own, f"famille{home.number}@mail.example.fr", chance.choice(SHOPS), None)
    return {
        "first_name": first if chance.random() < 0.95 else None,
        "last_name": last if chance.random() < 0.97 else None,
        "birth_date": chance.choice([person.birth_date] * 5 + [None, None, PLACEHOLDER]),
        "email": chance.choice(emails),
        "mobile": chance.choice([f"06 39 98 {person.number // 100:02} {person.number % 100:02}", None]),
        "phone": chance.choice([f"01 99 00 {home.number // 100:02} {home.number % 100:02}", None]),
        "loyalty_number": chance.choice([f"90{person.number:06}", None, None]),
        **(home.address if chance.random() < 0.8 else dict.fromkeys(home.address)),
    }


def _spelt(name: str, chance: random.Random) -> str:
    """As it is, or with a letter doubled or missing."""
    place = chance.randrange(1, len(name))
    return chance.choice([name] * 8 + [name[:place] + name[place - 1 :], name[:place] + name[place + 1 :]])


# A writer, as a process of its own


def save(plan: list[Batch], path: Path) -> None:
    """Write down what a writer is to send."""
    rows = [
        [{"key": str(one.key), "fields": one.fields, "deleted": one.deleted, "at": _instant(one)} for one in batch]
        for batch in plan
    ]
    path.write_bytes(orjson.dumps(rows))


def _saved(path: Path) -> list[Batch]:
    return [tuple(_given(row) for row in batch) for batch in orjson.loads(path.read_bytes())]


def _given(row: dict[str, Any]) -> Given:
    instant = datetime.fromisoformat(row["at"])
    return Given(RecordKey.parse(row["key"]), row["fields"], deleted=row["deleted"], updated_at=instant)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a writer was told of one batch: its seconds, or the name and text of an error."""

    seconds: float
    error: str | None = None


def entries(journal: Path) -> list[Entry]:
    """What a writer was told so far."""
    lines = journal.read_bytes().splitlines(keepends=True) if journal.exists() else []
    return [Entry(**orjson.loads(line)) for line in lines if line.endswith(b"\n")]


def acknowledged(journal: Path) -> int:
    """How many batches of its plan a writer knows to be written."""
    return sum(one.error is None for one in entries(journal))


def write(url: str, model: Path, plan: Path, journal: Path) -> None:
    """Send what was not acknowledged yet; what is in conflict is sent again."""
    store = Store(url)
    real_time = RealTime(store, MatchModel.from_json(model.read_bytes()))
    told = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    waiting = _saved(plan)[acknowledged(journal) :]
    while waiting:
        began = time.perf_counter()
        error = None
        try:
            real_time.upsert(waiting[0])
        except Conflict as conflict:
            error = f"Conflict: {conflict}"
        except Exception as other:
            error = f"{type(other).__name__}: {other}"
            raise
        finally:
            entry = {"seconds": time.perf_counter() - began, "error": error}
            os.write(told, orjson.dumps(entry) + b"\n")
        if error is None:
            del waiting[0]
    store.close()


if __name__ == "__main__":
    write(sys.argv[1], *map(Path, sys.argv[2:5]))
