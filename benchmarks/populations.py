"""Seeded tables of invented people of many countries and kinds of file, with who is who.

Names are put together from syllables and drawn unevenly, so that namesakes happen as they do in life; nothing here
is taken from a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

Texts = np.ndarray[tuple[int], np.dtype[np.object_]]

LETTERS: Final = "abcdefghijklmnoprstuvwyz"


@dataclass(frozen=True, slots=True)
class Culture:
    """Syllables of names, how many different ones there are, and how uneven they are drawn (Zipf's exponent)."""

    first: str
    last: str
    firsts: int = 400
    lasts: int = 6_000
    skew: float = 0.9


CULTURES: Final[Mapping[str, Culture]] = {
    "anglo": Culture(
        "ja mes ro bert ma ry li sa ken da vid su san an ne tom",
        "smi th wil son har ris ton ley field ford wood er bak car ter green mor gan hill",
    ),
    "spanish": Culture(
        "ma ria car los jo se lu is an to nio pi lar ra mon el ena",
        "gar cia lo pez ro dri guez mar tin fer nan dez san chez go mez ruiz tor res mo reno", 300, 2_500,
    ),
    "german": Culture(
        "hans jo achim pe tra klaus ut te ger hard hei ke rein",
        "mül ler schmidt wein berg bau er hoff mann stein bach schu bert kel ner vo gel", 400, 9_000, 0.8,
    ),
    "polish": Culture(
        "an na ka ta rzy piotr mał go rza ta krzy sztof mar cin",
        "ko wal ski no wak wiś niew ska ja błoń za wadz lew an dow czyk wój cik", 250, 9_000, 0.8,
    ),
    "indian": Culture(
        "ra jesh su ni ta a mit pri ya vi jay dee pak an il la kshmi",
        "shar ma sing h ku mar pa tel gup ta red dy na ir rao ver ma das", 500, 1_500, 1.0,
    ),
    "pinyin": Culture(
        "wei fang min jing li qiang lei jun yang yan jie tao ming chao xiu hua gang ping",
        "wang li zhang liu chen yang zhao huang zhou wu xu sun hu zhu gao lin he guo ma luo", 900, 100, 1.0,
    ),
    "arabic": Culture(
        "mo ham mad ah mad fa ti ma kha lid yu suf ay sha ha san za hra",
        "al ab dul ha med sa id mah moud ras hid nas ser kha til man sour", 150, 2_000, 1.0,
    ),
}  # fmt: skip


class World:
    """A country to draw people from: names, towns, streets, jobs; the same for the same seed."""

    def __init__(self, seed: int, *cultures: str) -> None:
        self.rng = np.random.default_rng(seed)
        self._cultures = cultures or ("anglo",)
        made = [CULTURES[name] for name in self._cultures]
        self._skews = [culture.skew for culture in made]
        self.firsts = [self.words(culture.first, culture.firsts) for culture in made]
        self.lasts = [
            self.words(culture.last, culture.lasts, shortest=1 if culture.lasts <= 100 else 2) for culture in made
        ]
        self.towns = self.words(made[0].last + " ville burg ham ton", 150, shortest=2)
        self.streets = self.words(made[0].last + " oak park lake mill church", 900, shortest=2)
        self.jobs = self.words(made[0].first + " er ist man smith", 60, shortest=2)

    def words(self, syllables: str, count: int, *, shortest: int = 1) -> Texts:
        """Different words of a few syllables, the shortest first."""
        parts, found, length = syllables.split(), dict[str, None](), shortest
        while len(found) < count:
            tries = self.rng.choice(parts, (2 * count, length))
            found |= dict.fromkeys("".join(row) for row in tries.tolist())
            length += 1
        return np.array(list(found)[:count], dtype=object)

    def zipf(self, values: Texts, size: int, *, skew: float = 0.9, shift: float = 8.0) -> Texts:
        """Draw unevenly: the value at place r with a share of 1 / (r + shift)^skew."""
        weights = 1.0 / (np.arange(len(values)) + shift) ** skew
        return values[self.rng.choice(len(values), size, p=weights / weights.sum())]

    def people(self, size: int) -> pd.DataFrame:
        """First, middle and last name, sex and birth; the name goes with the sex and the origin."""
        rng, origin = self.rng, self.rng.integers(0, len(self._cultures), size)
        female = rng.random(size) < 0.5
        frame = pd.DataFrame({"first": "", "middle": "", "last": "", "last2": ""}, index=range(size), dtype=object)
        for at, (firsts, lasts) in enumerate(zip(self.firsts, self.lasts, strict=True)):
            for sex in (False, True):
                here = np.flatnonzero((origin == at) & (female == sex))
                half = firsts[int(sex) :: 2]
                frame.loc[here, "first"] = self.zipf(half, len(here))
                frame.loc[here, "middle"] = self.zipf(half, len(here))
                for name in ("last", "last2"):
                    frame.loc[here, name] = self.zipf(lasts, len(here), skew=self._skews[at])
        frame["sex"] = np.where(female, "F", "M")
        born = rng.integers(-14_000, 13_000, size)
        days = pd.Timestamp("1970-01-01") + pd.to_timedelta(born, unit="D")
        frame["dob"] = np.asarray(days.strftime("%Y-%m-%d"), dtype=object)
        frame["year"] = np.asarray(days.year, dtype=np.int64)
        return frame

    def places(self, size: int) -> pd.DataFrame:
        """Town, a postcode of the town, street and number."""
        town = self.zipf(np.arange(len(self.towns)).astype(object), size, skew=1.0, shift=3).astype(np.int64)
        code = 10_000 + 100 * town + self.rng.integers(0, 1 + 20 // (1 + town), size)
        street = self.streets[
            (self.zipf(np.arange(len(self.streets)).astype(object), size).astype(np.int64) + 7 * town)
            % len(self.streets)
        ]
        number = self.rng.integers(1, 180, size)
        return pd.DataFrame(
            {
                "town": self.towns[town],
                "postcode": code.astype(str).astype(object),
                "street": street,
                "number": number.astype(str).astype(object),
            }
        )

    def phones(self, size: int) -> Texts:
        """Numbers of ten digits that begin alike."""
        return np.array([f"06{number:08d}" for number in self.rng.integers(0, 10**8, size)], dtype=object)

    def emails(self, people: pd.DataFrame) -> Texts:
        """Mailboxes after the name, some with a year, a few after nothing."""
        hosts = self.rng.choice(
            ["mail.com", "post.net", "box.org", "web.example"], len(people), p=[0.5, 0.25, 0.15, 0.1]
        )
        kinds = self.rng.integers(0, 4, len(people))
        made: list[str] = []
        taken: set[str] = set()
        for first, last, year, kind, host in zip(
            people["first"], people["last"], people["year"], kinds, hosts, strict=True
        ):
            local = (
                f"{first}.{last}",
                f"{first[0]}{last}",
                f"{first}{last}{year % 100:02d}",
                f"{last}{self.rng.integers(10_000)}",
            )[kind]
            while f"{local}@{host}" in taken:
                local += str(self.rng.integers(10))
            taken.add(f"{local}@{host}")
            made.append(f"{local}@{host}".replace(" ", ""))
        return np.array(made, dtype=object)


def _titled(values: pd.Series) -> pd.Series:
    return values.str.title()


def _simple(world: World, size: int) -> pd.DataFrame:
    people, places = world.people(size), world.places(size)
    return pd.DataFrame(
        {"first_name": _titled(people["first"]), "last_name": _titled(people["last"]), "birth_date": people["dob"],
         "sex": people["sex"], "street": _titled(places["street"]) + " " + places["number"],
         "city": _titled(places["town"]),
         "postcode": places["postcode"], "phone": world.phones(size)}
    )  # fmt: skip


def _spanish(world: World, size: int) -> pd.DataFrame:
    people, places = world.people(size), world.places(size)
    return pd.DataFrame(
        {"nombre": _titled(people["first"]), "apellidos": _titled(people["last"] + " " + people["last2"]),
         "fecha_nacimiento": people["dob"], "localidad": _titled(places["town"]), "telefono": world.phones(size)}
    )  # fmt: skip


def _voter(world: World, size: int) -> pd.DataFrame:
    people, places = world.people(size), world.places(size)
    suffix = np.where(world.rng.random(size) < 0.05, world.rng.choice(["JR", "SR", "III"], size), "")
    return pd.DataFrame(
        {"last_name": people["last"].str.upper(), "first_name": people["first"].str.upper(),
         "middle_name": people["middle"].str[0].str.upper(), "suffix": suffix, "birth_year": people["year"].astype(str),
         "res_street_address": places["number"] + " " + places["street"].str.upper() + " ST",
         "city": places["town"].str.upper(),
         "zip": places["postcode"],
         "party": world.rng.choice(["DEM", "REP", "UNA", "LIB"], size, p=[0.4, 0.3, 0.28, 0.02]),
         "gender": people["sex"]}
    )  # fmt: skip


def _census(world: World, size: int) -> pd.DataFrame:
    """Households of about four of one surname in one parish."""
    people, places = world.people(size), world.places(size)
    house = np.arange(size) // 4
    place = (world.zipf(world.towns, size), world.towns[(house * 31) % 40])
    relation = np.array(["Head", "Wife", "Son", "Daur"], dtype=object)[np.arange(size) % 4]
    age = np.where(np.arange(size) % 4 < 2, world.rng.integers(22, 70, size), world.rng.integers(0, 21, size))
    return pd.DataFrame(
        {"surname": _titled(people["last"].iloc[house * 4].reset_index(drop=True)),
         "forename": _titled(people["first"]),
         "age": age.astype(str), "occupation": world.zipf(world.jobs, size, shift=1),
         "birth place": _titled(pd.Series(place[0])),
         "parish": _titled(pd.Series(place[1])), "relation": relation,
         "house": places["number"].iloc[house].reset_index(drop=True)}
    )  # fmt: skip


def _crm(world: World, size: int) -> pd.DataFrame:
    people = world.people(size)
    titles = [
        f"{a} {b}"
        for a in ("Head of", "Senior", "Junior", "Chief")
        for b in ("Sales", "Finance", "IT", "Buying", "Design")
    ]
    company = world.zipf(world.words("ac me tech no soft glo bal in ter cor sys data net med", 800, shortest=2), size)
    return pd.DataFrame(
        {"name": _titled(people["first"] + " " + people["last"]), "company": _titled(pd.Series(company)) + " Ltd",
         "job_title": world.rng.choice(titles, size), "email": world.emails(people), "phone": world.phones(size),
         "country": world.rng.choice(["UK", "US", "IE", "AU"], size, p=[0.6, 0.2, 0.1, 0.1])}
    )  # fmt: skip


def _mailing(world: World, size: int) -> pd.DataFrame:
    people = world.people(size)
    return pd.DataFrame({"name": _titled(people["first"] + " " + people["last"]), "email": world.emails(people)})


def _clinic(world: World, size: int) -> pd.DataFrame:
    people, places = world.people(size), world.places(size)
    return pd.DataFrame(
        {"first": people["first"].str.upper(), "last": people["last"].str.upper(), "dob": people["dob"],
         "sex": people["sex"], "phone": world.phones(size), "postcode": places["postcode"]}
    )  # fmt: skip


def _names(world: World, size: int) -> pd.DataFrame:
    people = world.people(size)
    return pd.DataFrame({"first_name": _titled(people["first"]), "last_name": _titled(people["last"])})


def _names_and_city(world: World, size: int) -> pd.DataFrame:
    return _names(world, size).assign(city=_titled(world.places(size)["town"]))


def _twins(world: World, size: int) -> pd.DataFrame:
    """Two in a hundred are twins of the row before, three juniors: one address, and one name or one birth date."""
    frame = _simple(world, size).drop(columns="phone")
    place = np.arange(size) % 100
    second = np.flatnonzero(np.isin(place, (1, 31, 51, 71, 91)))
    shared = ["last_name", "street", "city", "postcode"]
    frame.loc[second, shared] = frame.loc[second - 1, shared].to_numpy()
    twin, junior = second[second % 100 < 50], second[second % 100 > 50]
    frame.loc[twin, "birth_date"] = frame.loc[twin - 1, "birth_date"].to_numpy()
    frame.loc[junior, ["first_name", "sex"]] = frame.loc[junior - 1, ["first_name", "sex"]].to_numpy()
    return frame


@dataclass(frozen=True, slots=True)
class KindOfTable:
    """How a table is made, of whom, and the share of values missing by column (`*` for all others)."""

    make: Callable[[World, int], pd.DataFrame]
    cultures: tuple[str, ...] = ("anglo",)
    missing: Mapping[str, float] | None = None


TABLES: Final[Mapping[str, KindOfTable]] = {
    "spanish": KindOfTable(_spanish, ("spanish",), {"telefono": 0.4, "localidad": 0.1}),
    "german": KindOfTable(_simple, ("german",), {"phone": 0.5, "*": 0.02}),
    "polish": KindOfTable(_simple, ("polish",), {"phone": 0.3, "birth_date": 0.3}),
    "indian": KindOfTable(_simple, ("indian",), {"*": 0.15}),
    "pinyin": KindOfTable(_clinic, ("pinyin",), {"phone": 0.6, "dob": 0.1}),
    "arabic": KindOfTable(_simple, ("arabic",), {"street": 0.6, "postcode": 0.6, "phone": 0.4}),
    "voter": KindOfTable(
        _voter, ("anglo", "spanish", "pinyin"),
        {"middle_name": 0.3, "birth_year": 0.3, "res_street_address": 0.3, "party": 0.4, "gender": 0.6, "zip": 0.3},
    ),
    "census": KindOfTable(_census, missing={"occupation": 0.5, "house": 0.3, "birth place": 0.1}),
    "crm": KindOfTable(_crm, ("anglo", "german"), {"phone": 0.5, "email": 0.2, "job_title": 0.3}),
    "mailing": KindOfTable(_mailing, ("anglo", "spanish")),
    "clinic": KindOfTable(_clinic, missing={"phone": 0.4, "postcode": 0.1}),
    "names": KindOfTable(_names),
    "names of three origins": KindOfTable(_names, ("anglo", "spanish", "indian")),
    "names and city": KindOfTable(_names_and_city),
    "twins": KindOfTable(_twins),
    "sparse": KindOfTable(_simple, missing={"*": 0.45, "last_name": 0.05, "first_name": 0.2}),
}  # fmt: skip


def table(kind: str, rows: int, *, repeated: float, seed: int) -> pd.DataFrame:
    """Make a table of `rows` rows of which a share repeats an earlier person, with slips; `person` is the truth."""
    made = TABLES[kind]
    world = World(seed, *made.cultures)
    again = round(rows * repeated)
    frame = made.make(world, rows - again).astype(object)
    frame["person"] = np.arange(len(frame)).astype(str)
    copied = frame.iloc[world.rng.integers(0, len(frame), again)].reset_index(drop=True)
    for name in copied.columns.drop("person"):
        slipped = np.flatnonzero(world.rng.random(again) < 0.16)
        copied.loc[slipped, name] = [_slip(world.rng, name, str(value)) for value in copied[name].iloc[slipped]]
    whole = pd.concat([frame, copied], ignore_index=True)
    for name in whole.columns.drop("person"):
        share = (made.missing or {}).get(name, (made.missing or {}).get("*", 0.0))
        whole.loc[world.rng.random(rows) < share, name] = None
    return whole.iloc[world.rng.permutation(rows)].reset_index(drop=True)


def _slip(rng: np.random.Generator, name: str, text: str) -> str | None:
    """A letter wrong, dropped, doubled or changed places, a word lost, a year off; now and then nothing."""
    kind = rng.integers(0, 6)
    if name == "age":
        return str(max(int(text) + int(rng.integers(-2, 3)), 0))
    if kind == 0 or len(text) < 3:
        return None
    at = int(rng.integers(0, len(text) - 1))
    alphabet = "0123456789" if text[at].isdigit() else LETTERS
    if kind == 1 and " " in text:
        return text.rpartition(" ")[0]
    if kind == 2:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 3 and not text[at].isdigit():
        return text[:at] + text[at + 1 :]
    return text[:at] + str(rng.choice(list(alphabet))) + text[at + 1 :]
