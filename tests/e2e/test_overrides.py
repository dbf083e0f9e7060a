"""What a steward sets in a golden record survives there, changes nothing else, and leaves nothing when it is undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from rcu.cleaning import CleaningSettings
from rcu.domain.decisions import DecisionKind
from rcu.domain.records import RecordKey
from rcu.errors import InputError
from rcu.services.arrivals import Given
from rcu.services.asking import Ask, Setting
from rcu.services.decided import decisions
from rcu.services.deciding import Decided, decide, undo
from rcu.services.lookups import Asked, lookup
from rcu.services.previewing import preview
from rcu.services.reading import customer, customer_of_record
from rcu.services.upserting import RealTime
from rcu.services.verification import verify
from tests.conftest import Road, clock
from tests.e2e.test_deliveries import client, till_file

PAULE = {
    "first_name": "PAULE", "last_name": "MOREAU", "birth_date": "12/03/1980", "email": "p.moreau@mail.example.fr",
    "mobile": "06 39 98 00 01", "address_line": "12 RUE DE LA PAIX", "postcode": "75002", "city": "PARIS",
}  # fmt: skip
HENRI = {"first_name": "HENRI", "last_name": "LEFEVRE", "birth_date": "01/02/1955", "email": "h.l@mail.example.fr"}

HENRI_OF_TILL = "C2;M.;LEFEVRE;HENRI;;01/02/1955;3 AVENUE FOCH;;69003;LYON;FRANCE;;;;;M001;;05/06/2025 10:00:00;;;"


class Counter:
    """A till and a shop that send records, and a steward beside them."""

    def __init__(self, road: Road) -> None:
        self.road = road

    def put(self, name: str, fields: dict[str, str | None], **others: Any) -> str:
        given = Given(RecordKey.parse(name), fields, **others)
        (told,) = RealTime(self.road.store, self.road.model, clock=clock).upsert([given])
        self.agrees()
        return told.customer_id

    def ask(self, about: str, fields: dict[str, str | None], kind: str = "override") -> Ask:
        setting = Setting(fields) if kind == "override" else None
        return Ask(DecisionKind(kind), tuple(about.split()), "anne", "she showed her papers", setting=setting)

    def decide(self, about: str, kind: str = "override", **fields: str | None) -> Decided:
        done = decide(self.road.store, self.ask(about, fields, kind), clock=clock, model=self.road.model)
        self.agrees()
        return done

    def undo(self, done: Decided) -> None:
        number = done.decision.decision_id
        undo(self.road.store, number, actor="bruno", reason="a mistake", clock=clock, model=self.road.model)
        self.agrees()

    def agrees(self) -> None:
        found = verify(self.road.store, self.road.model)
        assert found.differences == 0, found

    def profile(self, name: str) -> dict[str, Any]:
        key = RecordKey.parse(name)
        return orjson.loads(customer_of_record(self.road.store, key.source, key.native_id).profile)

    def document(self, customer_id: str) -> str:
        return customer(self.road.store, customer_id).profile


@pytest.fixture
def counter(road: Road) -> Counter:
    return Counter(road)


def test_what_is_set_survives_against_every_record_and_says_who_set_it_and_what_it_beat(counter: Counter) -> None:
    paule = counter.put("till:C1", PAULE)
    before = counter.document(paule)
    done = counter.decide("till:C1", first_name="Paulette", email="Paulette.Moreau@Mail.example.fr")
    shown = counter.profile("till:C1")
    assert (shown["golden"]["first_name"], shown["golden"]["last_name"]) == ("Paulette", "Moreau")
    assert shown["golden"]["email"] == "paulette.moreau@mail.example.fr"
    identity = shown["provenance"]["identity"]
    assert identity | {"beat": None} == {"source": "steward", "decision": 1, "actor": "anne", "beat": None}
    (beaten,) = identity["beat"]
    assert (beaten["record"], beaten["because"]) == ("till:C1", "a steward said otherwise")
    assert beaten["values"]["first_name"] == "Paule"
    counter.undo(done)
    assert counter.document(paule) == before


def test_a_record_that_changes_later_does_not_overrule_it(counter: Counter) -> None:
    counter.put("till:C1", PAULE)
    counter.decide("till:C1", mobile="0639980099")
    counter.put("till:C1", PAULE | {"mobile": "06 39 98 00 02", "city": "LYON", "postcode": "69003"})
    shown = counter.profile("till:C1")
    assert (shown["golden"]["mobile"], shown["golden"]["address"]["postcode"]) == ("+262639980099", "69003")
    counter.road.run()
    counter.agrees()
    assert counter.profile("till:C1") == shown


def test_of_several_the_latest_wins_and_its_undo_brings_the_one_before_back(counter: Counter) -> None:
    counter.put("till:C1", PAULE)
    first = counter.decide("till:C1", birth_date="13/03/1980")
    second = counter.decide("till:C1", birth_date="14/03/1980")
    assert counter.profile("till:C1")["golden"]["birth_date"] == "1980-03-14"
    counter.undo(second)
    assert counter.profile("till:C1")["golden"]["birth_date"] == "1980-03-13"
    counter.undo(first)
    assert counter.profile("till:C1")["golden"]["birth_date"] == "1980-03-12"


def test_a_group_that_is_emptied_shows_nothing(counter: Counter) -> None:
    counter.put("till:C1", PAULE)
    counter.decide("till:C1", email=None, address_line=None)
    shown = counter.profile("till:C1")
    assert "email" not in shown["golden"]
    assert shown["golden"]["address"] is None
    assert shown["provenance"]["email"]["beat"][0]["values"] == {"email": "p.moreau@mail.example.fr"}
    assert [point["kind"] for point in shown["contact_points"]] == ["email", "mobile"], "the record still says it"


def test_an_address_is_what_is_said_of_it_and_nothing_else(counter: Counter) -> None:
    counter.put("till:C1", PAULE)
    counter.decide("till:C1", address_line="3 avenue foch", postcode="69003", city="lyon")
    address = counter.profile("till:C1")["golden"]["address"]
    assert (address["street"], address["postcode"], address["city"]) == ("3 AVENUE FOCH", "69003", "LYON")


def test_a_mailbox_no_record_has_is_a_contact_point_without_consents(counter: Counter) -> None:
    counter.put("till:C1", PAULE)
    counter.decide("till:C1", email="new@mail.example.fr")
    first, second = [one for one in counter.profile("till:C1")["contact_points"] if one["kind"] == "email"]
    assert first == {
        "kind": "email", "value": "new@mail.example.fr", "records": [], "quality": "valid", "consents": []
    }  # fmt: skip
    assert second["value"] == "p.moreau@mail.example.fr"


def test_it_is_no_evidence_for_matching(counter: Counter) -> None:
    counter.put("till:C1", PAULE)
    counter.decide("till:C1", first_name="Henri", last_name="Lefevre", birth_date="01/02/1955", email=HENRI["email"])
    assert counter.put("shop:1", HENRI) != counter.profile("till:C1")["customer_id"]


def test_it_goes_with_the_oldest_record_of_the_customer_it_was_said_of(counter: Counter) -> None:
    older, newer = counter.put("till:C1", HENRI), counter.put("till:C2", PAULE)
    counter.decide("till:C2", first_name="Paulette")
    counter.decide("till:C1", birth_date="02/02/1955")
    merged = counter.decide("till:C1 till:C2", "merge")
    golden = counter.profile("till:C1")["golden"]
    assert (golden["first_name"], golden["birth_date"]) == ("Paulette", "1955-02-02"), "both hold for the two together"
    counter.undo(merged)
    assert counter.profile("till:C1")["golden"]["first_name"] == "Henri"
    assert counter.profile("till:C2")["golden"]["first_name"] == "Paulette"
    assert {counter.profile(name)["customer_id"] for name in ("till:C1", "till:C2")} == {older, newer}


def test_who_lives_where_follows_what_is_set(counter: Counter) -> None:
    counter.put("till:C1", PAULE)
    other = {"first_name": "PAUL", "birth_date": "01/02/1955", "email": None, "mobile": None}
    paul = counter.put("till:C2", PAULE | other)
    assert counter.profile("till:C1")["household"]["members"][1] == paul
    done = counter.decide("till:C2", address_line="3 avenue foch", postcode="69003", city="lyon")
    assert counter.profile("till:C1")["household"] is None
    counter.undo(done)
    assert counter.profile("till:C1")["household"]["members"][1] == paul


def test_a_preview_shows_what_the_decision_then_makes(counter: Counter) -> None:
    counter.put("till:C1", PAULE)
    model, store = counter.road.model, counter.road.store
    before = counter.profile("till:C1")
    shown = preview(store, model, counter.ask("till:C1", {"first_name": "Paulette"}), clock=clock)
    assert [one.profile for one in shown.before] == [before]
    assert counter.profile("till:C1") == before
    counter.decide("till:C1", first_name="Paulette")
    assert [_unnumbered(one.profile) for one in shown.after] == [_unnumbered(counter.profile("till:C1"))]
    again = preview(store, model, counter.ask("till:C1", {"first_name": "PAULETTE"}), clock=clock)
    assert [_unnumbered(one.profile) for one in again.after] == [_unnumbered(one.profile) for one in shown.after]


def _unnumbered(profile: dict[str, Any]) -> dict[str, Any]:
    """A profile without the number of a decision: that of a preview is not the one it then has."""
    told = profile["provenance"]["identity"]
    return profile | {"provenance": profile["provenance"] | {"identity": told | {"decision": None}}}


def test_of_a_record_that_waits_for_a_run_it_counts_from_that_run_on(counter: Counter, tmp_path: Path) -> None:
    counter.put("till:C1", PAULE)
    counter.road.run()
    file = till_file(tmp_path, "1", client("C1", last="MOREAUX", first="PAULE"), HENRI_OF_TILL)
    counter.road.take("till", file)
    decide(counter.road.store, counter.ask("till:C1", {"birth_date": None}), clock=clock, model=counter.road.model)
    decide(counter.road.store, counter.ask("till:C2", {"first_name": "Zoé"}), clock=clock, model=counter.road.model)
    assert "birth_date" not in counter.profile("till:C1")["golden"], "at once"
    counter.road.run()
    counter.agrees()
    golden = counter.profile("till:C1")["golden"]
    assert (golden["last_name"], "birth_date" in golden) == ("Moreaux", False), "what was imported was not forgotten"
    assert counter.profile("till:C2")["golden"]["first_name"] == "Zoé"


def test_the_list_names_the_fields_and_never_their_values(counter: Counter) -> None:
    counter.put("till:C1", PAULE)
    counter.decide("till:C1", email="new@mail.example.fr", birth_date=None)
    (told,) = decisions(counter.road.store)
    assert told.fields == ("birth_date", "email")
    assert "new@" not in repr(told)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({}, "what its fields are to be|at least one field", id="nothing"),
        pytest.param({"shoe_size": "42"}, "cannot be set", id="no such field"),
        pytest.param({"email": "not a mailbox"}, "email", id="not a mailbox"),
        pytest.param({"mobile": "01 99 00 12 34"}, "mobile", id="a landline as a mobile"),
        pytest.param({"landline": "06 39 98 00 01"}, "landline", id="a mobile as a landline"),
        pytest.param({"birth_date": "31/02/1980"}, "birth_date", id="no such day"),
        pytest.param({"first_name": "XXXX"}, "first_name", id="a placeholder"),
        pytest.param({"address_line": "x" * 301}, "longer than 300", id="too long"),
    ],
)
def test_what_is_no_value_is_refused_without_repeating_it(
    counter: Counter, fields: dict[str, str | None], said: str
) -> None:
    counter.put("till:C1", PAULE)
    with pytest.raises(InputError, match=said) as caught:
        counter.decide("till:C1", **fields)
    assert not [value for value in fields.values() if value and value in f"{caught.value.message} {caught.value.hint}"]
    assert decisions(counter.road.store) == []


def test_fields_go_with_an_override_and_with_nothing_else(counter: Counter) -> None:
    counter.put("till:C1", PAULE)
    ask = Ask(DecisionKind.CONFIRM, ("till:C1",), "anne", "sure", setting=Setting({"email": None}))
    with pytest.raises(InputError):
        decide(counter.road.store, ask, clock=clock, model=counter.road.model)


SET_MAIL, OWN_MAIL = "paulette.m@mail.example.fr", PAULE["email"]


def found(counter: Counter, kind: str, value: str) -> list[str]:
    """Whom a lookup finds, by id."""
    (answer,) = lookup(counter.road.store, [Asked(kind, value)], CleaningSettings())
    return [one.customer_id for one in answer.profiles]


@pytest.mark.parametrize(
    ("fields", "kind", "asked"),
    [
        pytest.param({"email": SET_MAIL}, "email", "Paulette.M@Mail.example.fr ", id="a mailbox"),
        pytest.param({"mobile": "0639980099"}, "phone", "06.39.98.00.99", id="a mobile"),
        pytest.param({"landline": "0199001234"}, "phone", "+33 1 99 00 12 34", id="a landline"),
        pytest.param({"loyalty_number": "9001"}, "loyalty_number", "9001", id="a card"),
    ],
)
def test_a_lookup_finds_who_has_what_a_steward_set(
    counter: Counter, fields: dict[str, str], kind: str, asked: str
) -> None:
    paule = counter.put("till:C1", PAULE)
    counter.put("till:C2", HENRI)
    assert found(counter, kind, asked) == []
    done = counter.decide("till:C1", **fields)
    assert found(counter, kind, asked) == [paule]
    counter.undo(done)
    assert found(counter, kind, asked) == []


def test_a_lookup_still_finds_by_a_value_that_was_replaced_or_emptied_since_a_record_carries_it(
    counter: Counter,
) -> None:
    paule = counter.put("till:C1", PAULE)
    counter.decide("till:C1", email=SET_MAIL)
    assert (found(counter, "email", OWN_MAIL), found(counter, "email", SET_MAIL)) == ([paule], [paule])
    counter.decide("till:C1", email=None)
    assert (found(counter, "email", OWN_MAIL), found(counter, "email", SET_MAIL)) == ([paule], [])


def test_of_several_that_were_set_a_lookup_finds_by_the_one_that_holds(counter: Counter) -> None:
    paule, henri = counter.put("till:C1", PAULE), counter.put("shop:2", HENRI)
    counter.decide("till:C1", email=SET_MAIL)
    counter.decide("shop:2", email="h.lefevre@mail.example.fr")
    merged = counter.decide("till:C1 shop:2", "merge")
    assert (found(counter, "email", SET_MAIL), found(counter, "email", "h.lefevre@mail.example.fr")) == ([], [paule])
    counter.undo(merged)
    assert (found(counter, "email", SET_MAIL), found(counter, "email", "h.lefevre@mail.example.fr")) == (
        [paule],
        [henri],
    )


def test_a_value_that_one_record_carries_and_another_customer_was_given_is_ambiguous(counter: Counter) -> None:
    paule, henri = counter.put("till:C1", PAULE), counter.put("shop:2", HENRI)
    counter.decide("shop:2", email=OWN_MAIL)
    assert found(counter, "email", OWN_MAIL) == [paule, henri]
    counter.decide("till:C1", email=OWN_MAIL)
    assert found(counter, "email", OWN_MAIL) == [paule, henri]
