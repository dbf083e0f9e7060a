"""API keys: what may be made, what is in force, and that no key can be read back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from rcu.errors import Conflict, InputError, NotFound
from rcu.services.keys import SCOPES, create_key, find_key, key_digest, list_keys, revoke_key
from rcu.store.engine import Store
from rcu.store.tables import api_keys
from tests.conftest import NOW


def made(store: Store, name: str = "till", *scopes: str) -> str:
    return create_key(store, name, scopes=frozenset(scopes) or SCOPES, now=NOW)


def test_a_key_in_force_is_found_with_its_scopes(store: Store) -> None:
    found = find_key(store, made(store, "till", "identity", "orders"))
    assert found is not None
    assert (found.name, found.scopes, found.created_at, found.revoked_at) == ("till", {"identity", "orders"}, NOW, None)


def test_no_two_keys_are_the_same_and_each_holds_256_random_bits(store: Store) -> None:
    keys = [made(store, f"key {number}") for number in range(5)]
    assert len(set(keys)) == 5
    assert all(key.startswith("rcu_") and len(key) == len("rcu_") + 43 for key in keys)


def test_only_a_digest_is_stored(store: Store) -> None:
    key = made(store)
    with store.read() as connection:
        rows = connection.execute(select(api_keys)).all()
    assert key_digest(key) in str(rows)
    assert key.removeprefix("rcu_") not in str(rows)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("rcu_unknown", id="one nobody made"),
        pytest.param("", id="nothing"),
        pytest.param("\x00", id="a byte no database likes"),
    ],
)
def test_what_is_no_key_finds_nothing(store: Store, key: str) -> None:
    made(store)
    assert find_key(store, key) is None


@pytest.mark.parametrize(
    ("scopes", "says"),
    [
        pytest.param(frozenset(), "at least one scope", id="none"),
        pytest.param(frozenset({"identity", "everything"}), "no such scope: everything", id="one that does not exist"),
        pytest.param(frozenset({"b", "a"}), "no such scope: a, b", id="several that do not exist, in order"),
    ],
)
def test_a_key_with_scopes_it_cannot_have_is_not_made(store: Store, scopes: frozenset[str], says: str) -> None:
    with pytest.raises(InputError, match=says) as error:
        create_key(store, "till", scopes=scopes, now=NOW)
    assert "scopes are admin, changes, consent" in (error.value.hint or "")
    assert list_keys(store) == []


def test_a_revoked_key_is_out_of_force_at_once_and_stays_on_record(store: Store) -> None:
    key, other = made(store, "till"), made(store, "shop")
    revoke_key(store, "till", NOW + timedelta(hours=1))
    assert find_key(store, key) is None
    assert find_key(store, other) is not None
    assert [(one.name, one.revoked_at) for one in list_keys(store)] == [
        ("shop", None),
        ("till", NOW + timedelta(hours=1)),
    ]


def test_a_name_is_given_once_even_after_it_was_revoked(store: Store) -> None:
    made(store)
    with pytest.raises(Conflict, match="already a key called till"):
        made(store)
    revoke_key(store, "till", NOW)
    with pytest.raises(Conflict, match="already a key called till"):
        made(store)


@pytest.mark.parametrize("name", [pytest.param("nobody", id="never made"), pytest.param("till", id="revoked before")])
def test_what_is_not_in_force_cannot_be_revoked(store: Store, name: str) -> None:
    made(store)
    revoke_key(store, "till", NOW)
    with pytest.raises(NotFound, match=f"no key {name}"):
        revoke_key(store, name, NOW)
