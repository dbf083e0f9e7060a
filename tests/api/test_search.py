"""Search as you type: who is found by what, in what order, how much of them is shown, and to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, update

from rcu.api.rates import Rates
from rcu.domain.decisions import DecisionKind
from rcu.domain.keys import Rate, Terms
from rcu.domain.records import RecordKey
from rcu.services.arrivals import Given
from rcu.services.asking import Ask, Setting
from rcu.services.deciding import decide, undo
from rcu.services.upserting import RealTime
from rcu.store import search as rows
from rcu.store.search import How, Wanted
from rcu.store.tables import records
from tests.api.conftest import Api
from tests.conftest import NOW, Road, clock

PEOPLE: dict[str, tuple[str, str, dict[str, str]]] = {
    "paule": ("PAULE", "MOREAU", {
        "email": "paule.moreau@gmail.com", "mobile": "06 39 98 00 01", "postcode": "75002", "city": "PARIS",
        "birth_date": "12/03/1980", "loyalty_number": "2800012345678",
    }),
    "henri": ("HENRI", "LEFEVRE", {"postcode": "69003", "city": "LYON", "birth_date": "01/02/1955"}),
    "cathy": ("CATHERINE", "LEFEBVRE", {"postcode": "69003", "city": "LYON", "phone": "04 65 71 12 34"}),
    "jean": ("Jean-Pierre", "DE LA TOUR", {"postcode": "78100", "city": "ST GERMAIN EN LAYE"}),
    "eloise": ("Éloïse", "Saint-Aubin", {"email": "eloise@mail.example.fr", "mobile": "07 62 11 56 78"}),
    "marie": ("MARIE", "MARTIN", {"postcode": "33000", "city": "BORDEAUX", "birth_date": "05/05/1990"}),
    "martin": ("MARTIN", "MARIE", {"postcode": "59000", "city": "LILLE"}),
    "martine": ("MARTINE", "MARTINEZ", {"postcode": "33000", "city": "BORDEAUX"}),
    "sophie": ("SOPHIE", "SCHMIDT", {"birth_name": "BERNARD", "postcode": "67000", "city": "STRASBOURG"}),
    "yann": ("YANN", "KOWALSKI", {"postcode": "29200", "city": "BREST"}),
    "gone": ("GASTON", "FANTOME", {"email": "gaston@mail.example.fr", "postcode": "75002", "city": "PARIS"}),
}  # fmt: skip


class Counter:
    """A till's counter: people it knows by short names, and what a search for them gives."""

    def __init__(self, api: Api) -> None:
        self.api = api
        given = [
            Given(
                RecordKey("till", name), {"first_name": first, "last_name": last} | more,
                store="HERE" if name in ("marie", "henri") else "THERE", updated_at=NOW - timedelta(days=place),
            )
            for place, (name, (first, last, more)) in enumerate(PEOPLE.items())
        ]  # fmt: skip
        told = self.put(*given)
        self.names = dict(zip([one.customer_id for one in told], PEOPLE, strict=True))
        self.put(Given(RecordKey("till", "gone"), given[-1].fields, deleted=True, updated_at=NOW))

    def put(self, *given: Given) -> list[Any]:
        return list(RealTime(self.api.store, self.api.road.model, clock=clock).upsert(list(given)))

    def found(self, client: TestClient, asked: str, **more: Any) -> list[str]:
        answer = self.ask(client, asked, **more)
        return [self.names[one["customer_id"]] for one in answer["results"]]

    def ask(self, client: TestClient, asked: str, **more: Any) -> dict[str, Any]:
        answer = client.post("/v1/customers/search", json={"text": asked, **more})
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "private, no-store"
        return answer.json()


@pytest.fixture
def counter(road: Road) -> Iterator[Counter]:
    api = Api(road)
    api.app.state.rates = Rates(10_000)
    yield Counter(api)
    for one in ("gathering", "accesses", "key_uses"):
        getattr(api.app.state, one).close()


FOUND = (
    ("moreau", "paule", "a last name"),
    ("MOR", "paule", "how it begins"),
    ("paule mor", "paule", "first name first"),
    ("moreau pau", "paule", "last name first"),
    ("mor pau", "paule", "both shortened"),
    ("moreua", "paule", "two letters that changed places"),
    ("noreau paule", "paule", "another first letter"),
    ("oreau", "paule", "without the first letter"),
    ("moreau 75", "paule", "a postcode that is begun"),
    ("paule moreau paris", "paule", "a town behind"),
    ("paris moreau", "paule", "a town before"),
    ("moreau lyon", "", "another town"),
    ("paris", "", "a town alone"),
    ("75002", "", "a postcode alone"),
    ("06 39 98", "paule", "how a mobile begins"),
    ("0639980001", "paule", "a whole mobile"),
    ("+262 639 98", "paule", "with its country"),
    ("0001", "paule", "its last digits"),
    ("980001", "paule", "more of them"),
    ("moreau 0001", "paule", "a name and last digits"),
    ("martin 0001", "", "another name"),
    ("04 65 71", "cathy", "how a landline begins"),
    ("1234", "cathy", "its last digits"),
    ("07 62 11", "eloise", "a French mobile"),
    ("00 33 7 62", "eloise", "dialled from abroad"),
    ("paule.moreau@", "paule", "a mailbox that is begun"),
    ("Paule.Moreau@gma", "paule", "in capitals"),
    ("paulemoreau+x@gmail.com", "paule", "as Gmail has it"),
    ("2800012", "paule", "a card"),
    ("280001234567", "paule", "more of it"),
    ("lefevre", "henri cathy", "a spelling near another"),
    ("lefèbvre", "cathy henri", "accents do not count"),
    ("cathy lefebvre", "cathy", "a diminutive"),
    ("catherine lefevre", "cathy", "the other spelling"),
    ("tour", "jean", "without particles"),
    ("de la tour", "jean", "with them"),
    ("jean pierre de la t", "jean", "a name of two words and one of three"),
    ("tour jean-pierre saint germain", "jean", "with a town of several words"),
    ("eloise st aub", "eloise", "SAINT is ST"),
    ("Élo", "eloise", "an accent"),
    ("martin", "marie martin martine", "a last name, then a first name, then what begins so"),
    ("marie martin", "marie martin", "either order"),
    ("bernard", "sophie", "a birth name"),
    ("sophie bern", "sophie", "and a first name"),
    ("schimdt sophie", "sophie", "a slip within"),
    ("kowaslky", "yann", "two slips in a long name"),
    ("fantome", "", "a record its source deleted"),
    ("gaston@mail", "", "and its mailbox"),
    ("zzyzx", "", "nobody"),
    ("m.", "", "one letter"),
    ("%%", "", "signs"),
    ("'; drop table records; --", "", "what is no name"),
)


def test_people_are_found_by_what_is_typed(counter: Counter) -> None:
    client = counter.api.client("identity", "contact")
    found = {(asked, shows): " ".join(counter.found(client, asked)) for asked, _, shows in FOUND}
    assert found == {(asked, shows): names for asked, names, shows in FOUND}


def test_an_answer_tells_people_apart_and_shows_no_more(counter: Counter) -> None:
    client = counter.api.client("identity", "contact")
    (paule,) = counter.ask(client, "paule moreau 0001")["results"]
    assert paule | {"customer_id": "x"} == {
        "customer_id": "x", "name": "Paule Moreau", "birth_year": 1980, "town": "PARIS", "postcode": "75002",
        "email": "p***@gmail.com", "mobile": "+26 •••• 01", "loyalty_number": "••••678",
        "matched": ["last_name", "first_name", "phone"],
    }  # fmt: skip
    (eloise,) = counter.ask(client, "eloise@")["results"]
    assert (eloise["mobile"], eloise["matched"]) == ("07 •• •• •• 78", ["email"])
    assert counter.ask(client, "ma", limit=2)["more"] is True
    assert counter.ask(client, "ma", limit=3)["more"] is False


def test_without_the_scope_contact_nobody_is_found_or_shown_by_contacts(counter: Counter) -> None:
    client = counter.api.client("identity")
    (paule,) = counter.ask(client, "moreau")["results"]
    assert set(paule) == {"customer_id", "name", "birth_year", "loyalty_number", "matched"}
    for asked in ("paule.moreau@", "06 39 98", "0001", "moreau 75002", "moreau paris", "moreau 0001"):
        assert counter.found(client, asked) == [], asked
    assert counter.found(client, "2800012") == ["paule"]


def test_a_key_finds_customers_of_its_stores_and_each_that_is_shown_is_written_down(counter: Counter) -> None:
    till = counter.api.client("identity", "contact", terms=Terms(stores=frozenset({"HERE"})))
    assert counter.found(till, "martin") == ["marie"]
    assert counter.found(till, "0001") == []
    counter.ask(counter.api.client("identity"), "lefebvre", limit=1)
    told = [(one.operation, counter.names[one.customer_id], one.field_groups) for one in counter.api.accesses()]
    assert told == [
        ("searchCustomers", "marie", ("contact", "identity")),
        ("searchCustomers", "cathy", ("identity",)),
    ]


def test_who_is_called_so_today_comes_before_who_was_and_a_steward_says_who_is(counter: Counter) -> None:
    client = counter.api.client("identity", "contact")
    ourson = {"first_name": "ANNE", "last_name": "OURSON"}
    more = [
        Given(RecordKey("till", name), ourson | {"birth_date": f"0{place}/04/19{place}0"})
        for place, name in ((5, "a"), (7, "b"))
    ]
    for one, name in zip(counter.put(*more), ("a", "b"), strict=True):
        counter.names[one.customer_id] = name
    assert counter.found(client, "anne ourson") == ["a", "b"]
    road = counter.api.road
    set_ = Setting({"last_name": "Zwiebel", "email": "z@mail.example.fr"})
    ask = Ask(DecisionKind.OVERRIDE, ("till:a",), "anne", "she married", setting=set_)
    done = decide(road.store, ask, clock=clock, model=road.model)
    assert counter.found(client, "anne ourson") == ["b", "a"], "the record says so still"
    for asked in ("zwiebel", "zwi", "anne zwiebel", "zweibel", "z@mail"):
        assert counter.found(client, asked) == (["a"] if asked != "zweibel" else []), asked
    undo(road.store, done.decision.decision_id, actor="anne", reason="a mistake", clock=clock, model=road.model)
    assert counter.found(client, "zwiebel") == []


def test_one_customer_comes_once_and_who_was_seen_last_comes_first(counter: Counter) -> None:
    client = counter.api.client("identity")
    same = {"first_name": "IRENE", "last_name": "JOLIOT", "birth_date": "12/09/1947", "loyalty_number": "2800099"}
    told = counter.put(
        Given(RecordKey("till", "i1"), same, updated_at=NOW - timedelta(days=9)),
        Given(RecordKey("shop", "7"), same, updated_at=NOW - timedelta(days=8)),
        Given(
            RecordKey("till", "i2"), {"first_name": "IRENE", "last_name": "JOLIOT", "birth_date": "03/04/1970"},
            updated_at=NOW,
        ),
    )  # fmt: skip
    counter.names |= {told[0].customer_id: "elder", told[2].customer_id: "newer"}
    assert told[0].customer_id == told[1].customer_id
    assert counter.found(client, "joliot") == ["newer", "elder"]


def test_an_erased_person_is_not_found(counter: Counter) -> None:
    with counter.api.store.begin() as connection:
        connection.execute(update(records).where(records.c.native_id == "paule").values(erased_at=NOW))
    assert counter.found(counter.api.client(), "moreau") == []


def test_searches_of_a_key_are_bounded_beside_its_rate(counter: Counter) -> None:
    counter.api.app.state.rates = Rates(2)
    client = counter.api.client("identity", "changes", terms=Terms(rate=Rate(1, 100)))
    answers = [client.post("/v1/customers/search", json={"text": "moreau"}) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[0].headers.get_list("ratelimit-policy") == ['"key";q=100;w=100', '"search";q=2;w=60']
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["type"] == "urn:rcu:problem:rate-exceeded"
    assert "moreau" not in answers[-1].text
    assert client.get("/v1/changes").status_code == 200


def test_a_search_asks_as_often_for_one_as_for_many(counter: Counter) -> None:
    client = counter.api.client("identity", "contact")
    asked: dict[tuple[str, int], int] = {}
    for what in ("marie", "marie martin bordeaux"):
        for limit in (1, 20):
            counter.ask(client, what, limit=limit)
            with counter.api.queries() as seen:
                counter.ask(client, what, limit=limit)
            asked[what, limit] = len([one for one in seen if one != "BEGIN"])
    assert max(asked.values()) <= 11, asked
    assert asked["marie martin bordeaux", 1] == asked["marie martin bordeaux", 20]


WAYS: tuple[rows.Way, ...] = (
    (("last_name_key", Wanted(How.BEGINS, "MA")),),
    (("last_name_key", Wanted(How.IS, "MARTIN")), ("first_name_key", Wanted(How.BEGINS, "MA"))),
    (("first_name_key", Wanted(How.IS, "MARIE")), ("last_name_key", Wanted(How.BEGINS, "M"))),
    (("last_name_key", Wanted(How.AMONG, ("MARTIN", "MARTEN"))), ("city_key", Wanted(How.BEGINS, "BORD"))),
    (("first_name_key", Wanted(How.BEGINS, "MAR")), ("postcode", Wanted(How.BEGINS, "33"))),
    (("birth_name_key", Wanted(How.BEGINS, "BER")),),
    (("email_key", Wanted(How.BEGINS, "paule")),),
    (("mobile", Wanted(How.BEGINS, "+26263998")),),
    (("mobile", Wanted(How.ENDS, "980001")),),
    (("landline", Wanted(How.ENDS, "1234")),),
    (("loyalty_number", Wanted(How.BEGINS, "28000")),),
)


def test_every_way_goes_through_its_index(counter: Counter) -> None:
    asked: list[tuple[str, Any]] = []
    engine = counter.api.store.engine
    event.listen(
        engine, "before_cursor_execute", lambda _c, _u, statement, values, *_: asked.append((statement, values))
    )
    lite = engine.dialect.name == "sqlite"
    with counter.api.store.read(of_few=True) as connection:
        for way in WAYS:
            assert rows.found(connection, [way], most=10), way
            statement, values = asked[-1]
            told = connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' if lite else ''}{statement}", values)
            plan = " ".join(str(row[-1]) for row in told)
            (name, wanted), *more = way
            index = "(last|first)_name_key" if more else f"{name}_tail" if wanted.how is How.ENDS else name
            assert re.search(f"ix_records_{index}", plan), (way, plan)
            assert not re.search("Seq Scan|SCAN records", plan), plan
