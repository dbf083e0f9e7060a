"""Households over HTTP: who belongs together, why, and since when."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select

from rcu.api.schemas import CustomerHistory, HouseholdMembers
from rcu.services.verification import verify
from rcu.store import schema
from rcu.store.tables import customers, waiting
from tests.api.conftest import Api
from tests.conftest import NOW

REASON = {
    "code": "name_and_address",
    "says": "the same last name at the same postal address",
    "groups": ["identity", "address"],
}
HOME = {"last_name": "QUEMENEUR", "address_line": "4 RUE DES LILAS", "postcode": "29200", "city": "BREST"}


def put(api: Api, native_id: str, first_name: str, **more: object) -> str:
    body = {**HOME, "first_name": first_name, **more}
    answer = api.client("records").put(f"/v1/records/till/{native_id}", json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()["customer_id"]


@pytest.fixture
def couple(api: Api) -> tuple[Api, str, str]:
    """Two people of one name at one address, the older first."""
    return api, put(api, "H1", "YANN", birth_date="1970-01-02"), put(api, "H2", "GAELLE", birth_date="1972-03-04")


def asked(api: Api, name: str, *scopes: str, **params: str):
    return api.client(*scopes).get(f"/v1/customers/{name}/household", params=params)


def test_a_household_gives_its_members_and_why_they_are_one(couple: tuple[Api, str, str]) -> None:
    api, one, other = couple
    for name in (one, other.upper()):
        answer = asked(api, name)
        told = HouseholdMembers.model_validate(answer.json())
        assert (answer.status_code, told.customer_id, told.household_id) == (200, name.lower(), one)
        assert [member.customer_id for member in told.members] == [one, other]
        assert answer.json()["reason"] == REASON
    profile = api.client().get(f"/v1/customers/{one}").json()
    assert profile["household"] == {"household_id": one, "members": [one, other], "reason": REASON}
    assert asked(api, one).json()["members"][0] == profile
    assert set(REASON["groups"]) <= profile["provenance"].keys()


def test_of_the_members_a_key_sees_what_its_scopes_open(couple: tuple[Api, str, str]) -> None:
    api, one, _ = couple
    narrow = asked(api, one, "identity")
    assert narrow.json()["members"][1]["golden"]["first_name"] == "Gaelle"
    assert "contact_points" not in narrow.json()["members"][1]
    assert "lilas" not in narrow.text.lower()
    assert asked(api, one, "scores", "contact").status_code == 403


def test_who_is_alone_has_no_household(couple: tuple[Api, str, str]) -> None:
    api, one, other = couple
    put(api, "H2", "GAELLE", birth_date="1972-03-04", address_line="9 QUAI OUEST")
    for name in (one, other):
        answer = asked(api, name)
        assert (answer.status_code, answer.json()["detail"]) == (404, "no household of this customer")
        assert api.client().get(f"/v1/customers/{name}").json()["household"] is None
    assert verify(api.store, api.road.model).profiles == 0


def test_history_tells_when_a_household_began_and_a_look_back_gives_it(couple: tuple[Api, str, str]) -> None:
    api, one, other = couple
    answer = api.client().get(f"/v1/customers/{one}/history").json()
    (newest, first) = CustomerHistory.model_validate(answer).versions
    assert {(change.field, change.after if change.field == "reason" else None) for change in newest.changes or ()} == {
        ("household_id", None), ("members", None), ("reason", "name_and_address")
    }  # fmt: skip
    assert asked(api, one, as_of=first.from_at).status_code == 404
    then = asked(api, one, as_of=newest.from_at)
    put(api, "H2", "GAELLE", birth_date="1972-03-04", address_line="9 QUAI OUEST")
    assert asked(api, other).status_code == 404
    assert asked(api, other, as_of=newest.from_at).json()["members"] == then.json()["members"]
    assert asked(api, one, as_of=(NOW - timedelta(days=9)).isoformat()).status_code == 404


def test_an_id_that_was_merged_leads_to_the_household_of_the_customer_it_is_part_of(
    couple: tuple[Api, str, str],
) -> None:
    api, one, other = couple
    third = put(api, "H3", "MALO", birth_date="2001-05-06")
    body = {"kind": "merge", "about": [one, third], "reason": "seen the papers"}
    assert api.client().post("/v1/decisions", json=body).status_code == 201
    answer = asked(api, third)
    assert (answer.status_code, answer.headers["location"]) == (307, f"/v1/customers/{one}/household")
    assert [member["customer_id"] for member in asked(api, one).json()["members"]] == [one, other]


def test_the_upgrade_has_profiles_of_households_written_anew(couple: tuple[Api, str, str]) -> None:
    api, _, _ = couple
    api.road.run()
    schema.downgrade(api.store, "0010")
    schema.upgrade(api.store)
    with api.store.read() as connection:
        marked = set(connection.execute(select(waiting.c.record_id)).scalars())
        documents = connection.execute(select(customers.c.cluster_id, customers.c.profile)).all()
    assert marked == {cluster for cluster, profile in documents if orjson.loads(profile)["household"]}
    api.road.run()
    assert verify(api.store, api.road.model).differences == 0
