"""Search as you type: few customers, the likeliest first, with no more of each than tells them apart.

What is typed is looked for by a bounded number of ways, each through an index and up to so many records. Where that
gives too few, names near what was typed are looked for. Then every customer found is judged by what is known of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson

from rcu.cleaning.emails import email_key
from rcu.cleaning.names import last_key
from rcu.cleaning.text import fold
from rcu.services.search_terms import (
    SHORTEST_NUMBER,
    Level,
    Reading,
    Terms,
    begins,
    mailbox_beginnings,
    of_first,
    of_last,
    of_town,
    phone_beginnings,
    read_terms,
    readings,
)
from rcu.services.search_ways import by_identifiers, by_names, by_near_names, names_near
from rcu.store import search as rows
from rcu.store.customers import by_customer_ids
from rcu.store.engine import Store, Transaction
from rcu.store.search import Said, Way

FEWEST_CHARACTERS: Final = 2
MOST_CHARACTERS: Final = 100
MOST_RESULTS: Final = 20
_OF_EACH_WAY: Final = 150
_OF_EACH_WAY_IN_STORES: Final = 500
"""Records of other stores are among them."""
_SET_BY_PEOPLE: Final = 50
_JUDGED: Final = 60
"""So many customers are looked at as they are, of those whose records answer best."""
_CONTACT: Final = "contact"
_DOT: Final = "•"


@dataclass(frozen=True, slots=True)
class Result:
    """A customer that was found: what tells it from others, and what of it answered. None: not known, or not shown."""

    customer_id: str
    name: str | None
    birth_year: int | None
    town: str | None
    postcode: str | None
    email: str | None
    mobile: str | None
    loyalty_number: str | None
    matched: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        """It without what is not known or not shown."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gives; `more`: others answer, too."""

    results: tuple[Result, ...]
    more: bool


def search(
    store: Store, text: str, *, limit: int, scopes: frozenset[str], stores: frozenset[str] | None = None
) -> Found:
    """Find customers by what was typed: names in any order, a town, numbers, mailboxes, their beginnings.

    Everything typed must be answered, by one record of the customer or by its golden record. Best first: how well, then
    those that are called so today, then whoever was seen last. Without the scope contact nothing is found by mailbox,
    phone or address. With `stores` only their customers are found.
    """
    search_ = _Search(read_terms(text), contacts=_CONTACT in scopes, stores=stores)
    if not search_.answerable:
        return Found((), more=False)
    with store.read(of_few=True) as connection:
        found = search_.go(connection, limit)
    return Found(tuple(search_.shown(one) for one in found[:limit]), more=len(found) > limit)


class Rank(NamedTuple):
    """How well something known of a customer answers, the best first, and what of it does."""

    worst: Level
    town: bool
    kind: int
    levels: tuple[Level, ...]
    matched: tuple[str, ...]

    def order(self) -> tuple[object, ...]:
        """What of it tells the better from the worse."""
        return self[:4]


class _Candidate(NamedTuple):
    """A customer, by the best of its records that were found."""

    rank: Rank
    unseen: float
    customer_id: str


_NAMELESS: Final = Rank(Level.EXACT, False, 0, (), ())
_UNKNOWN: Final = Rank(Level.NOT, False, 0, (), ())


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a customer: by one record, or by its golden record."""

    last: str | None
    first: str | None
    birth: str | None
    city: str | None
    postcode: str | None
    mailboxes: tuple[str, ...]
    phones: tuple[str, ...]
    card: str | None


@dataclass(frozen=True, slots=True)
class _Answering:
    """A customer that answers, how well, and whether only something of the past does."""

    rank: Rank
    former: bool
    unseen: float
    customer_id: str
    golden: Mapping[str, Any]

    def order(self) -> tuple[object, ...]:
        return (*self.rank.order(), self.former, self.unseen, self.customer_id)


class _Search:
    """One search: what is asked, and what of it may be looked into."""

    def __init__(self, terms: Terms, *, contacts: bool, stores: frozenset[str] | None) -> None:
        self._terms = terms
        self._contacts = contacts
        self._stores = stores
        self._most = _OF_EACH_WAY if stores is None else _OF_EACH_WAY_IN_STORES
        self._readings = list(readings(terms.words, towns=contacts)) if terms.words else []
        self._identifiers = by_identifiers(terms, contacts=contacts)
        self._names = by_names(terms, contacts=contacts)

    @property
    def answerable(self) -> bool:
        """Whether there is any way to look."""
        return bool(self._identifiers or self._names)

    def go(self, connection: Transaction, limit: int) -> list[_Answering]:
        """Who answers, the best first; near names are looked for where that is not enough."""
        found = self._look(connection, [*self._identifiers, *self._names])
        if len(found) <= limit and self._names:
            near = names_near(connection, self._terms)
            more = by_near_names(self._terms, near, contacts=self._contacts)
            for name, one in self._look(connection, more, people=False).items():
                found[name] = min(one, found.get(name, one))
        return self._judge(connection, found)

    def _look(self, connection: Transaction, ways: Sequence[Way], *, people: bool = True) -> dict[str, _Candidate]:
        """The customers of records that some ways lead to, by id; of the records that answer best.

        With `people`, those as well of whom somebody said so: near names are those of records.
        """
        ranked = {one.record_id: self._rank(_of_record(one)) for one in rows.found(connection, ways, most=self._most)}
        best = sorted(ranked, key=lambda one: ((ranked[one] or _UNKNOWN).order(), one))[: self._most]
        best += rows.set_by_people(connection, ways, most=_SET_BY_PEOPLE) if people else ()
        found: dict[str, _Candidate] = {}
        for owner in rows.owners(connection, best, self._stores) if best else ():
            one = _Candidate(ranked.get(owner.record_id) or _UNKNOWN, -_instant(owner.last_seen_at), owner.customer_id)
            found[owner.customer_id] = min(one, found.get(owner.customer_id, one))
        return found

    def _judge(self, connection: Transaction, found: Mapping[str, _Candidate]) -> list[_Answering]:
        """The customers that answer everything, by a record or by what is said of them today."""
        judged: list[_Answering] = []
        best = [one.customer_id for one in sorted(found.values())[:_JUDGED]]
        for profile in by_customer_ids(connection, best) if best else ():
            golden = orjson.loads(profile.profile)["golden"]
            then, today = found[profile.customer_id], self._rank(_of_golden(golden)) or _UNKNOWN
            rank = min(today, then.rank)
            if rank.worst is not Level.NOT:
                former = today.order() > then.rank.order()
                judged.append(_Answering(rank, former, then.unseen, profile.customer_id, golden))
        return sorted(judged, key=_Answering.order)

    def _rank(self, known: _Known) -> Rank | None:
        """How well something known answers everything that was typed; None where it does not."""
        matched: set[str] = set()
        for number in self._terms.numbers:
            by = self._by_number(number, known)
            if not by:
                return None
            matched |= by
        for code in self._terms.codes:
            by = self._by_code(code, known)
            if not by:
                return None
            matched |= by
        name = self._by_name(known) if self._terms.words else _NAMELESS
        return name and name._replace(matched=(*name.matched, *sorted(matched)))

    def _by_number(self, number: str, known: _Known) -> set[str]:
        found: set[str] = set()
        long = len(number) >= SHORTEST_NUMBER
        if long and begins(known.card, [number]):
            found.add("loyalty_number")
        if self._contacts and long and any(_is_of(number, phone) for phone in known.phones):
            found.add("phone")
        if self._contacts and number == self._terms.postcode and begins(known.postcode, [number]):
            found.add("postcode")
        return found

    def _by_code(self, code: str, known: _Known) -> set[str]:
        found: set[str] = set()
        if begins(known.card, [code, code.upper()]):
            found.add("loyalty_number")
        if self._contacts and any(begins(mailbox, mailbox_beginnings(code)) for mailbox in known.mailboxes):
            found.add("email")
        return found

    def _by_name(self, known: _Known) -> Rank | None:
        found = (rank for one in self._readings for rank in _by_reading(one, known))
        return min(found, default=None)

    def shown(self, one: _Answering) -> Result:
        """A customer as it is shown: contacts only where they may be, and not so that anybody could use them."""
        golden = one.golden
        address = golden.get("address") or {}
        contact: Callable[[Any], Any] = (lambda value: value) if self._contacts else (lambda _: None)
        called = " ".join(filter(None, (golden.get("first_name"), golden.get("last_name"))))
        return Result(
            customer_id=one.customer_id,
            name=called or golden.get("company"),
            birth_year=_year(golden.get("birth_date")),
            town=contact(address.get("city")),
            postcode=contact(address.get("postcode")),
            email=contact(masked_mailbox(golden.get("email"))),
            mobile=contact(masked_phone(golden.get("mobile"))),
            loyalty_number=masked_card(golden.get("loyalty_number")),
            matched=one.rank.matched,
        )


def _by_reading(reading: Reading, known: _Known) -> Iterable[Rank]:
    """The ways something known answers words that are read in one way; a birth name after a last name."""
    where = of_town(reading.town, known.city) if reading.town else Level.EXACT
    first = of_first(reading.first, known.first) if reading.first else Level.EXACT
    if Level.NOT in (where, first):
        return
    named = [("last_name", known.last), ("birth_name", known.birth)] if reading.last else [("", None)]
    for place, (column, name) in enumerate(named):
        last = of_last(reading.last, name) if column else Level.EXACT
        if last is Level.NOT:
            continue
        matched = (column, "first_name" if reading.first else "", "town" if reading.town else "")
        worst = max(last, first, where)
        kind = place if column else len(named) + 1
        yield Rank(worst, bool(reading.town), kind, (last, first, where), tuple(filter(None, matched)))


def _of_record(said: Said) -> _Known:
    return _Known(
        said.last_name_key,
        said.first_name_key,
        said.birth_name_key,
        said.city_key,
        said.postcode,
        tuple(filter(None, [said.email_key])),
        tuple(filter(None, [said.mobile, said.landline])),
        said.loyalty_number,
    )


def _of_golden(golden: Mapping[str, Any]) -> _Known:
    """A golden record shows its values; what they are compared on is made of them as cleaning does."""
    last, first, birth = (golden.get(name) for name in ("last_name", "first_name", "birth_name"))
    address = golden.get("address") or {}
    mailbox = golden.get("email")
    return _Known(
        last and last_key(last),
        first and fold(first),
        birth and last_key(birth),
        address.get("city"),
        address.get("postcode"),
        (mailbox, email_key(mailbox)) if mailbox else (),
        tuple(filter(None, [golden.get("mobile"), golden.get("landline")])),
        golden.get("loyalty_number"),
    )


def _is_of(number: str, phone: str) -> bool:
    """Whether a phone begins or ends as was typed."""
    return begins(phone, phone_beginnings(number)) or (number.isdecimal() and phone.endswith(number))


def _instant(at: datetime | None) -> float:
    return at.astimezone(UTC).timestamp() if at else 0.0


def _year(birth_date: str | None) -> int | None:
    return int(birth_date[:4]) if birth_date and birth_date[:4].isdecimal() else None


def masked_mailbox(address: str | None) -> str | None:
    """A mailbox by its first letter and its domain: `p***@mail.example.fr`."""
    if not address:
        return None
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"


def masked_phone(number: str | None) -> str | None:
    """A phone by how it begins and its last two digits: `06 •• •• •• 01`, `+32 •••• 01`."""
    if not number:
        return None
    if number.startswith("+33") and len(number) == 12:
        return f"0{number[3]} {' '.join([_DOT * 2] * 3)} {number[-2:]}"
    return f"{number[:3]} {_DOT * 4} {number[-2:]}"


def masked_card(number: str | None) -> str | None:
    """A loyalty number by its last three characters; of a short one nothing is left."""
    if not number:
        return None
    return _DOT * 4 + (number[-3:] if len(number) > 6 else "")
