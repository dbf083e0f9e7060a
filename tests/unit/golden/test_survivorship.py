"""Which record gives each group of fields of a golden record, and why the others did not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.domain.overrides import Override
from rcu.domain.records import STANDARD_COLUMNS
from rcu.golden.record import GOLDEN_COLUMNS, GoldenRecord, golden_record
from rcu.golden.survivorship import GROUPS

OLD, NEW = datetime(2023, 5, 1, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)
RANKS = {"shop": 10, "till": 20, "email": 30}
ADDRESS = {"street": "12 rue des Lilas", "postcode": "35000", "city": "Rennes"}
OTHER_ADDRESS = {"street": "3 quai Sud", "postcode": "29200", "city": "Brest"}
Member = Mapping[str, Any]


NOTHING = dict.fromkeys(("address_updated_at", *STANDARD_COLUMNS))


def member(key: str, at: datetime | None = None, **values: Any) -> dict[str, Any]:
    """A record called `source:native_id`, last changed `at`."""
    source, native_id = key.split(":")
    own = {"source": source, "native_id": native_id, "updated_at": at, "rank": RANKS[source], "deleted": False}
    return NOTHING | own | values


def known(found: GoldenRecord) -> dict[str, Any]:
    return {name: value for name, value in found.fields.items() if value is not None}


BY_SOURCE = {"first_name": "Anne", "last_name": "Martin"}
CASES = [
    pytest.param(
        "identity",
        [member("email:1", NEW, **BY_SOURCE), member("shop:1", OLD, first_name="Zoé", last_name="Martin")],
        "shop:1",
        {"email:1": "its source is trusted less"},
        id="names follow the most trusted source, however old",
    ),
    pytest.param(
        "identity",
        [member("shop:1", OLD, **BY_SOURCE), member("shop:2", NEW, first_name="Zoé", last_name="Martin")],
        "shop:2",
        {"shop:1": "it is older"},
        id="of one source the newer name",
    ),
    pytest.param(
        "identity",
        [member("shop:1", NEW, first_name="J", last_name="Martin"), member("email:1", OLD, **BY_SOURCE)],
        "email:1",
        {"shop:1": "it is not complete enough to use"},
        id="a whole name before an initial, whatever the source",
    ),
    pytest.param(
        "identity",
        [member("shop:1", NEW, last_name="Martin"), member("email:1", OLD, **BY_SOURCE)],
        "email:1",
        {"shop:1": "it is not complete enough to use"},
        id="a whole name before half a name",
    ),
    pytest.param(
        "identity",
        [
            member("shop:1", NEW, record_kind="couple", **BY_SOURCE),
            member("till:1", OLD, first_name="Zoé", last_name="Le"),
        ],
        "till:1",
        {"shop:1": "it is not complete enough to use"},
        id="a couple's name is nobody's name",
    ),
    pytest.param(
        "identity",
        [member("till:1", company="Lilas SARL"), member("shop:1", first_name="A", last_name="Martin")],
        "till:1",
        {"shop:1": "it is not complete enough to use"},
        id="a company needs no first name",
    ),
    pytest.param(
        "identity",
        [member("shop:1", OLD, **BY_SOURCE), member("shop:2", OLD, civility="Mme", birth_name="Petit", **BY_SOURCE)],
        "shop:2",
        {"shop:1": "it has fewer fields"},
        id="all else equal, the fuller record",
    ),
    pytest.param(
        "identity",
        [member("shop:2", OLD, first_name="Zoé", last_name="Martin"), member("shop:1", OLD, **BY_SOURCE)],
        "shop:1",
        {"shop:2": "all else is equal"},
        id="all else equal, the lower key",
    ),
    pytest.param(
        "identity",
        [member("shop:1", NEW, deleted=True, **BY_SOURCE), member("email:1", OLD, first_name="Zo", last_name="Martin")],
        "email:1",
        {"shop:1": "its record was deleted at the source"},
        id="a deleted record loses to any other",
    ),
    pytest.param(
        "identity",
        [member("shop:1", NEW, deleted=True, **BY_SOURCE)],
        "shop:1",
        {},
        id="and stands where there is no other",
    ),
    pytest.param(
        "birth_date",
        [member("shop:1", NEW, birth_date="--03-12"), member("email:1", OLD, birth_date="1980-03-12")],
        "email:1",
        {"shop:1": "it is not complete enough to use"},
        id="a date with its year before one without",
    ),
    pytest.param(
        "birth_date",
        [member("till:1", NEW, birth_date="1980-03-12"), member("shop:1", OLD, birth_date="1981-03-12")],
        "shop:1",
        {"till:1": "its source is trusted less"},
        id="birth dates follow the source",
    ),
    pytest.param(
        "address",
        [member("shop:1", OLD, **ADDRESS), member("email:1", NEW, **OTHER_ADDRESS)],
        "email:1",
        {"shop:1": "it is older"},
        id="addresses follow recency, however little the source is trusted",
    ),
    pytest.param(
        "address",
        [member("shop:1", NEW, postcode="29200"), member("email:1", OLD, **ADDRESS)],
        "email:1",
        {"shop:1": "it is not complete enough to use"},
        id="a whole address before a newer postcode",
    ),
    pytest.param(
        "address",
        [
            member("shop:1", OLD, address_updated_at=NEW, **ADDRESS),
            member("till:1", datetime(2024, 1, 1, tzinfo=UTC), **OTHER_ADDRESS),
        ],
        "shop:1",
        {"till:1": "it is older"},
        id="an address delivered apart has a date of its own",
    ),
    pytest.param(
        "address",
        [member("email:1", OLD, **ADDRESS), member("shop:1", OLD, **OTHER_ADDRESS)],
        "shop:1",
        {"email:1": "its source is trusted less"},
        id="of one date the more trusted source",
    ),
    pytest.param(
        "email",
        [member("shop:1", None, email="a@x.fr"), member("email:1", datetime(1969, 7, 21, tzinfo=UTC), email="b@x.fr")],
        "email:1",
        {"shop:1": "it is older"},
        id="no date is older than any date",
    ),
    pytest.param(
        "email",
        [member("email:1", NEW), member("shop:1", OLD, email="a@x.fr")],
        "shop:1",
        {},
        id="who has no mailbox does not compete for it",
    ),
    pytest.param(
        "mobile",
        [
            member("shop:1", NEW, address_updated_at=OLD, mobile="+33612345678"),
            member("till:1", datetime(2024, 1, 1, tzinfo=UTC), mobile="+33687654321"),
        ],
        "till:1",
        {"shop:1": "it is older"},
        id="phones come with the address and have its date",
    ),
    pytest.param(
        "email",
        [
            member("shop:1", NEW, address_updated_at=OLD, email="a@x.fr"),
            member("till:1", datetime(2024, 1, 1, tzinfo=UTC), email="b@x.fr"),
        ],
        "shop:1",
        {"till:1": "it is older"},
        id="mailboxes do not",
    ),
    pytest.param(
        "loyalty_number",
        [member("till:1", OLD, loyalty_number="1"), member("till:2", NEW, loyalty_number="2")],
        "till:2",
        {"till:1": "it is older"},
        id="the newest card",
    ),
]


@pytest.mark.parametrize(("group", "members", "survivor", "because"), CASES)
def test_who_gives_a_group_and_why(group: str, members: list[Member], survivor: str, because: dict[str, str]) -> None:
    found = golden_record(members)
    told = found.provenance[group]
    assert told["record"] == survivor
    assert {one["record"]: one["because"] for one in told.get("beat", [])} == because
    winner = next(one for one in members if f"{one['source']}:{one['native_id']}" == survivor)
    fields = next(one.fields for one in GROUPS if one.name == group)
    assert {name: found.fields[name] for name in fields} == {name: winner[name] for name in fields}


def test_an_address_is_taken_whole() -> None:
    """The newer address has no complement and no town: those of the older are not mixed in."""
    old = member("shop:1", OLD, address_complement="Bât B", **ADDRESS)
    new = member("till:1", NEW, street="3 quai Sud", postcode="29200")
    found = golden_record([old, new])
    assert known(found) == {"street": "3 quai Sud", "postcode": "29200"}
    assert found.provenance["address"]["beat"] == [
        {"record": "shop:1", "values": {"address_complement": "Bât B", **ADDRESS}, "because": "it is older"}
    ]


def test_records_that_say_the_same_are_not_beaten() -> None:
    found = golden_record([member("shop:1", OLD, email="a@x.fr"), member("till:1", NEW, email="a@x.fr")])
    assert found.provenance["email"] == {"record": "till:1", "same": ["shop:1"]}


def test_each_group_may_come_from_another_record() -> None:
    members = [
        member("shop:1", OLD, email="a@x.fr", **BY_SOURCE, **ADDRESS),
        member("email:1", NEW, email="b@x.fr", first_name="A", last_name="M", **OTHER_ADDRESS),
    ]
    provenance = golden_record(members).provenance
    assert {name: told["record"] for name, told in provenance.items()} == {
        "identity": "shop:1", "address": "email:1", "email": "email:1",
    }  # fmt: skip


def test_what_goes_with_a_group_comes_from_the_record_that_gave_it() -> None:
    street = {"street_key": "QUAI SUD", "street_number": "3", "address_quality": "repaired"}
    old = member("shop:1", OLD, street_key="RUE LILAS", street_suffix="B", address_quality="valid", **ADDRESS)
    assert known(golden_record([old, member("till:1", NEW, **OTHER_ADDRESS, **street)])) == OTHER_ADDRESS | street


@pytest.mark.parametrize("members", [[], [member("shop:1", OLD), member("till:1", NEW)]], ids=["nobody", "nameless"])
def test_where_nothing_is_known_there_is_a_golden_record_all_the_same(members: list[Member]) -> None:
    assert golden_record(members) == GoldenRecord(dict.fromkeys(GOLDEN_COLUMNS), {})


def few(*values: object) -> st.SearchStrategy[object]:
    return st.sampled_from([None, *values])


MEMBERS = st.lists(
    st.fixed_dictionaries(
        {
            "source": st.sampled_from(list(RANKS)),
            "native_id": st.sampled_from("123456"),
            "deleted": st.booleans(),
            "updated_at": few(OLD, NEW),
            "address_updated_at": few(OLD, NEW),
            "record_kind": few("person", "couple"),
            "first_name": few("A", "Anne", "Zoé"),
            "last_name": few("Martin"),
            "birth_date": few("--03-12", "1980-03-12"),
            "street": few("12 rue des Lilas", "3 quai Sud"),
            "postcode": few("35000", "29200"),
            "city": few("Rennes"),
            "email": few("a@x.fr", "b@x.fr"),
            "mobile": few("+33612345678", "+33687654321"),
        }
    ).map(lambda values: NOTHING | {"rank": RANKS[values["source"]]} | values),
    max_size=8,
    unique_by=lambda values: (values["source"], values["native_id"]),
)


@settings(max_examples=100, deadline=None)
@given(members=MEMBERS, data=st.data())
def test_the_order_of_the_members_changes_nothing(members: list[Member], data: st.DataObject) -> None:
    assert golden_record(members) == golden_record(data.draw(st.permutations(members)))


@settings(max_examples=100, deadline=None)
@given(members=MEMBERS)
def test_groups_are_never_mixed_and_everybody_who_has_one_is_accounted_for(members: list[Member]) -> None:
    found = golden_record(members)
    records = {f"{one['source']}:{one['native_id']}": one for one in members}
    for group in GROUPS:
        having = {key for key, one in records.items() if any(one[name] for name in group.needs)}
        told = found.provenance.get(group.name)
        assert bool(told) == bool(having)
        if told:
            winner = records[told["record"]]
            assert [found.fields[name] for name in group.fields] == [winner[name] for name in group.fields]
            named = [told["record"], *told.get("same", []), *(one["record"] for one in told.get("beat", []))]
            assert sorted(named) == sorted(having)
            assert not winner["deleted"] or all(records[key]["deleted"] for key in having)


SET = Override(7, "anne", NOTHING | {"first_name": "Zoé", "last_name": "Martin"})


def test_what_a_steward_set_survives_as_a_whole_against_the_most_trusted_record() -> None:
    members = [
        member("shop:1", NEW, civility="Mme", **BY_SOURCE),
        member("till:1", first_name="Zoé", last_name="Martin"),
    ]
    found = golden_record(members, {"identity": SET})
    assert known(found) == {"first_name": "Zoé", "last_name": "Martin"}
    assert found.provenance["identity"] == {
        "source": "steward",
        "decision": 7,
        "actor": "anne",
        "same": ["till:1"],
        "beat": [
            {"record": "shop:1", "values": {"civility": "Mme"} | BY_SOURCE, "because": "a steward said otherwise"}
        ],
    }


def test_what_a_steward_emptied_is_empty_and_other_groups_are_as_they_were() -> None:
    members = [member("shop:1", NEW, email="a@x.fr", email_key="a@x.fr", **BY_SOURCE)]
    found = golden_record(members, {"email": Override(7, "anne", {"email": None, "email_key": None})})
    assert known(found) == BY_SOURCE
    assert found.provenance["email"]["beat"][0]["values"] == {"email": "a@x.fr"}
    assert found.provenance["identity"] == golden_record(members).provenance["identity"]
