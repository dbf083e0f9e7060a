"""One customer is worked out alike by itself and among many, whatever the order of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.domain.households import Household
from rcu.domain.records import STANDARD_COLUMNS
from rcu.insight.scores import ScoreBasis
from rcu.services import customer_rows, projecting, projection
from rcu.services.pieces import projected
from rcu.services.projection import (
    EVENT_KINDS,
    Material,
    Projected,
    household_key,
    materials,
    project_one,
    standing_basis,
    written,
)
from rcu.services.verification import verify
from rcu.store import identity as identity_rows
from rcu.store import profiles as profile_rows
from rcu.store import runs as run_rows
from rcu.store.engine import Store
from tests.conftest import NOW, Road
from tests.spying import statements

DAY = timedelta(days=1)
NOTHING: Mapping[str, Any] = dict.fromkeys(
    (*STANDARD_COLUMNS, "store", "created_at", "updated_at", "address_updated_at")
)


def memberships(store: Store) -> pd.DataFrame:
    return identity_rows.stored_memberships(store).to_pandas()


def everybody(store: Store) -> dict[int, Material]:
    """What all customers are made of, read as real time reads it."""
    found = memberships(store)
    with store.read() as connection:
        return materials(
            connection, dict(zip(found["record_id"].tolist(), found["cluster_id"].tolist(), strict=True))
        ).told()


def everybody_projected(store: Store) -> list[Projected]:
    """All customers as a run works them out, some thousand records at a time."""
    found: list[Projected] = []
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patched:
        patched.setattr(customer_rows, "projected", lambda piece: found.extend(mine := projected(piece)) or mine)
        projecting.Projecting(store).project(memberships(store))
    return found


def test_by_itself_and_among_many_a_customer_is_the_same(travelled: Road) -> None:
    one_by_one = [project_one(cluster, material) for cluster, material in sorted(everybody(travelled.store).items())]
    assert one_by_one == everybody_projected(travelled.store)


def test_what_is_worked_out_is_what_a_run_stored(travelled: Road) -> None:
    """Bytes, sums and scores, against the basis of the run."""
    store = travelled.store
    with store.read() as connection:
        basis = standing_basis(run_rows.last_done(connection))
    assert basis is not None
    everyone = everybody_projected(store)
    shared = projecting.households(projecting.Projecting(store).project(memberships(store))[0])
    sums = [row for one in everyone for row in one.sums]
    stored = {one.cluster_id: written(one, basis, shared.get(one.cluster_id)) for one in everyone}
    assert sums == profile_rows.standing_aggregates(store).to_pylist()
    scores = [row for cluster in sorted(stored) for row in stored[cluster].scores]
    assert sorted(scores, key=lambda row: (row["cluster_id"], row["name"])) == (
        profile_rows.standing_scores(store).to_pylist()
    )
    profiles = {row["cluster_id"]: row["profile"] for table in profile_rows.standing_profiles(store, at_once=7)
                for row in table.to_pylist()}  # fmt: skip
    assert {cluster: one.profile.decode() for cluster, one in stored.items()} == profiles
    assert len(shared) > 10
    assert any(row["name"] == "rfm_recency" for row in scores)


def test_customers_are_read_whole_however_small_the_pieces(travelled: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = everybody_projected(travelled.store)
    monkeypatch.setattr(projecting, "_PIECE", 7)
    assert everybody_projected(travelled.store) == whole
    basis = ScoreBasis(as_of=NOW, currency="EUR")
    documents, scores = customer_rows.tables(customer_rows.write(whole.copy(), basis, {}))
    assert documents["cluster_id"].to_pylist() == [one.cluster_id for one in whole]
    assert scores.num_rows >= len(whole)


def test_material_is_read_in_the_callers_transaction(travelled: Road) -> None:
    """Records moved, and not committed: what is read is what the caller says."""
    record = int(memberships(travelled.store)["record_id"].iloc[0])
    with travelled.store.begin() as connection:
        connection.exec_driver_sql(f"UPDATE records SET first_name = 'Zénobie' WHERE record_id = {record}")
        assert materials(connection, {record: 99}).told()[99].members[0]["first_name"] == "Zénobie"
        connection.rollback()


def test_three_statements_whatever_the_number_of_customers(travelled: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    found = memberships(travelled.store)
    told = statements(travelled.store.engine, monkeypatch)
    with travelled.store.read() as connection:
        materials(connection, dict(zip(found["record_id"].tolist(), found["cluster_id"].tolist(), strict=True))).told()
    assert len([one for one in told if one.startswith("SELECT")]) == 3


def test_events_of_kinds_nobody_asks_for_are_not_read(travelled: Road) -> None:
    kinds = {cell["kind"] for material in everybody(travelled.store).values() for cell in material.cells}
    assert kinds == set(EVENT_KINDS)


def test_nobody_is_nobody(store: Store) -> None:
    with store.read() as connection:
        assert materials(connection, {}).told() == {}
    assert everybody_projected(store) == []


def record(number: int, **values: Any) -> dict[str, Any]:
    own = {"record_id": number, "birth_id": f"birth {number}", "source": "shop", "native_id": str(number), "rank": 1}
    return {**NOTHING, "is_guest": False, "deleted": False, **own, **values}


INSTANTS = st.one_of(st.none(), st.integers(0, 900).map(lambda days: NOW - days * DAY))
MEMBERS = st.lists(
    st.fixed_dictionaries(
        {
            "updated_at": INSTANTS,
            "first_name": st.sampled_from([None, "Anne", "Zoé"]),
            "last_name": st.sampled_from([None, "Martin"]),
            "last_name_key": st.sampled_from([None, "MARTIN"]),
            "email": st.sampled_from(["a@x.fr", "A@x.fr"]),
            "email_key": st.just("a@x.fr"),
            "mobile": st.sampled_from([None, "+33612345678"]),
        }
    ),
    min_size=1,
    max_size=5,
).map(lambda members: [record(number, **values) for number, values in enumerate(members, start=1)])
CELLS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(EVENT_KINDS),
            "channel": st.sampled_from(["store", "online"]),
            "store": st.sampled_from([None, "M1"]),
            "currency": st.sampled_from(["EUR", "CHF"]),
            "count": st.integers(1, 3),
            "amount_minor": st.integers(-500, 5000),
            "first_at": st.just(NOW - 900 * DAY),
            "last_at": INSTANTS.filter(bool),
        }
    ),
    max_size=5,
)
BASIS = ScoreBasis(NOW, "EUR", (1.7e15, 1.71e15, 1.72e15, 1.73e15), (1.0, 2.0, 3.0, 4.0), (10.0, 100.0, 1000.0, 3000.0))


@settings(max_examples=60, deadline=None)
@given(members=MEMBERS, cells=CELLS, data=st.data())
def test_the_order_of_the_rows_is_of_no_consequence(
    members: list[dict[str, Any]], cells: list[dict[str, Any]], data: st.DataObject
) -> None:
    one = project_one(1, Material(members, [], cells))
    other = project_one(1, Material(data.draw(st.permutations(members)), [], data.draw(st.permutations(cells))))
    assert one == other
    assert written(one, BASIS, None) == written(other, BASIS, None)


def test_a_customer_is_called_after_its_oldest_record_and_was_seen_when_it_last_did_something() -> None:
    cell = {"channel": "email", "store": None, "currency": None, "count": 1, "amount_minor": 0, "first_at": NOW}
    members = [record(7, updated_at=NOW - 9 * DAY), record(3)]
    assert project_one(3, Material(members, [], [])).last_seen_at == NOW - 9 * DAY
    clicked = project_one(3, Material(members, [], [cell | {"kind": "email_click", "last_at": NOW}]))
    assert (clicked.customer_id, clicked.last_seen_at) == ("birth 3", NOW)
    assert project_one(3, Material(members[1:], [], [])).last_seen_at is None


PLACE = {"last_name_key": "MARTIN", "postcode": "35000", "street_key": "RUE LILAS", "street_number": "3"}


@pytest.mark.parametrize(
    ("other", "together"),
    [
        pytest.param({}, True, id="one surname at one address"),
        pytest.param({"first_name": "Zoé"}, True, id="another first name"),
        pytest.param({"last_name_key": "PETIT"}, False, id="another surname"),
        pytest.param({"street_number": "5"}, False, id="next door"),
        pytest.param({"street_suffix": "B"}, False, id="next door but one"),
        pytest.param({"street_number": None}, False, id="no number known"),
    ],
)
def test_a_household_has_one_surname_and_one_address(other: dict[str, str], together: bool) -> None:
    one, two = record(1, **PLACE), record(2, **PLACE | other)
    assert (household_key(one) == household_key(two)) is together


@pytest.mark.parametrize("unknown", ["last_name_key", "postcode", "street_key"])
def test_who_has_no_surname_or_address_has_no_household(unknown: str) -> None:
    assert household_key(record(1, **PLACE | {unknown: None})) is None


def test_a_household_is_called_after_its_oldest_member() -> None:
    people = pd.DataFrame(
        {"customer_id": ["c", "a", "b", "d"], "household_key": ["x", "x", "y", None], "last_seen_at": None},
        index=pd.Index(np.array([9, 4, 5, 6]), name="cluster_id"),
    )
    together = Household("a", ("a", "c"))
    assert projecting.households(people) == {4: together, 9: together}


def test_without_a_basis_nobody_is_a_buyer() -> None:
    order = {
        "kind": "order", "channel": "store", "store": "M1", "currency": "EUR", "count": 1, "amount_minor": 999,
        "first_at": NOW, "last_at": NOW,
    }  # fmt: skip
    bought = project_one(1, Material([record(1)], [], [order]))
    names = [row["name"] for row in written(bought, ScoreBasis(), None).scores]
    assert names == ["data_quality"]
    assert [row["name"] for row in written(bought, BASIS, None).scores][1:] == [
        "rfm_monetary", "rfm_recency", "data_quality",
    ]  # fmt: skip


def test_the_basis_of_the_last_run_stands_until_the_next(travelled: Road) -> None:
    store = travelled.store
    with store.begin() as connection:
        last = run_rows.last_done(connection)
        basis = standing_basis(last)
        assert last is not None
        assert basis is not None
        assert basis.as_of == last.as_of
        other = ScoreBasis(as_of=datetime(2020, 1, 1, tzinfo=UTC))
        connection.exec_driver_sql(f"UPDATE runs SET score_basis = '{other.to_json()}'")
    assert basis.currency == "EUR"
    differing = verify(store, travelled.model)
    assert differing.scores > 0
    assert differing.aggregates == differing.memberships == 0
    travelled.run()
    assert verify(store, travelled.model).differences == 0
    with store.read() as connection:
        assert standing_basis(run_rows.last_done(connection)) == basis


def test_a_run_that_kept_no_basis_is_made_up_for_by_the_next(travelled: Road) -> None:
    """As after an upgrade: every score is looked at again, and what did not change is not published."""
    with travelled.store.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET score_basis = NULL")
        assert standing_basis(run_rows.last_done(connection)) is None
    assert verify(travelled.store, travelled.model).differences == 0
    report = travelled.run()
    assert (report.updated, report.created) == (0, 0)
    with travelled.store.read() as connection:
        assert standing_basis(run_rows.last_done(connection)) is not None


def test_before_the_first_run_there_is_nothing_to_measure_against() -> None:
    assert standing_basis(None) == projection.ScoreBasis()
