"""What is permitted: a merge never widens it, and only a newer grant for the same contact point undoes a refusal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.privacy.consent import POINT, effective_consents

EARLY, LATE = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
Entry = dict[str, Any]


def said(state: str, at: datetime | None, record: str = "till:1", **point: Any) -> Entry:
    """One word of one record about a mailbox."""
    source, native_id = record.split(":")
    about = {"contact_kind": "email", "contact_key": "a@x.fr", "channel": "email", "purpose": "marketing"}
    return about | point | {"source": source, "native_id": native_id, "state": state, "occurred_at": at}


def granted(at: datetime | None, record: str = "till:1", **point: Any) -> Entry:
    return said("granted", at, record, **point)


def denied(at: datetime | None, record: str = "till:1", **point: Any) -> Entry:
    return said("denied", at, record, **point)


@pytest.mark.parametrize(
    ("entries", "state"),
    [
        pytest.param([granted(EARLY)], "granted", id="a grant"),
        pytest.param([denied(EARLY)], "denied", id="a refusal"),
        pytest.param([granted(EARLY), denied(LATE, "shop:1")], "denied", id="a refusal after a grant"),
        pytest.param(
            [denied(EARLY), granted(LATE, "shop:1")],
            "granted",
            id="a newer grant for the same mailbox undoes a refusal",
        ),
        pytest.param([denied(EARLY), granted(EARLY, "shop:1")], "denied", id="of the same instant the refusal stands"),
        pytest.param([denied(EARLY), granted(None, "shop:1")], "denied", id="a grant without a date undoes nothing"),
        pytest.param(
            [denied(None), granted(LATE, "shop:1")], "denied", id="a refusal without a date may be the newest"
        ),
        pytest.param([denied(None), granted(None, "shop:1")], "denied", id="two words without a date"),
        pytest.param([granted(None), granted(EARLY, "shop:1")], "granted", id="two grants"),
        pytest.param(
            [granted(EARLY), denied(EARLY, "shop:1"), granted(LATE, "email:1"), denied(LATE, "email:2")],
            "denied",
            id="the last word twice over",
        ),
    ],
)
def test_the_most_restrictive_word_wins_unless_a_newer_grant_exists(entries: list[Entry], state: str) -> None:
    (found,) = effective_consents(entries)
    assert found["state"] == state


@pytest.mark.parametrize(
    ("other", "states"),
    [
        pytest.param({"contact_key": "b@x.fr"}, ["denied", "granted"], id="another mailbox"),
        pytest.param({"contact_kind": "phone", "contact_key": "+33612345678"}, ["denied", "granted"], id="a phone"),
        pytest.param({"channel": "sms"}, ["denied", "granted"], id="another channel"),
        pytest.param({"purpose": "profiling"}, ["denied", "granted"], id="another purpose"),
        pytest.param({"contact_key": None}, ["denied", "granted"], id="a contact point that could not be read"),
        pytest.param({}, ["granted"], id="the very same: there it counts"),
    ],
)  # fmt: skip
def test_a_grant_counts_for_its_own_contact_point_channel_and_purpose(other: dict[str, Any], states: list[str]) -> None:
    found = effective_consents([denied(EARLY), granted(LATE, "shop:1", **other)])
    assert sorted(one["state"] for one in found) == states


def test_the_entry_in_force_says_whose_word_it_is() -> None:
    (found,) = effective_consents([granted(EARLY, "till:1"), denied(LATE, "shop:7")])
    assert (found["source"], found["native_id"], found["occurred_at"]) == ("shop", "7", LATE)


def test_a_contact_point_that_could_not_be_read_stays_unknown() -> None:
    (found,) = effective_consents([denied(EARLY, contact_key=None)])
    assert found["contact_key"] is None


def test_nothing_said_permits_nothing() -> None:
    assert effective_consents([]) == []


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "contact_kind": st.just("email"),
            "contact_key": st.sampled_from([None, "a@x.fr", "b@x.fr"]),
            "channel": st.just("email"),
            "purpose": st.sampled_from(["marketing", "profiling"]),
            "source": st.sampled_from(["till", "shop"]),
            "native_id": st.sampled_from("12"),
            "state": st.sampled_from(["granted", "denied"]),
            "occurred_at": st.sampled_from([None, EARLY, LATE]),
        }
    ),
    max_size=12,
    unique_by=lambda entry: tuple(entry.values()),
)
"""The ledger holds no word twice."""


@settings(max_examples=60, deadline=None)
@given(entries=ENTRIES, data=st.data())
def test_the_order_of_the_entries_is_irrelevant(entries: list[Entry], data: st.DataObject) -> None:
    assert effective_consents(data.draw(st.permutations(entries))) == effective_consents(entries)


@settings(max_examples=60, deadline=None)
@given(entries=ENTRIES)
def test_a_grant_is_in_force_only_when_it_is_newer_than_every_refusal(entries: list[Entry]) -> None:
    points: dict[tuple[Any, ...], list[Entry]] = {}
    for entry in entries:
        points.setdefault(tuple(entry[name] for name in POINT), []).append(entry)
    found = {tuple(one[name] for name in POINT): one["state"] for one in effective_consents(entries)}
    assert found.keys() == points.keys()
    for point, words in points.items():
        refusals = [word["occurred_at"] for word in words if word["state"] == "denied"]
        grants = [word["occurred_at"] for word in words if word["state"] == "granted" and word["occurred_at"]]
        undone = all(refusal is not None and any(grant > refusal for grant in grants) for refusal in refusals)
        assert found[point] == ("granted" if undone else "denied")


@settings(max_examples=60, deadline=None)
@given(ones=ENTRIES, others=ENTRIES)
def test_a_merge_permits_nothing_that_neither_of_the_two_permitted(ones: list[Entry], others: list[Entry]) -> None:
    apart, merged = (
        {(one["contact_key"], one["purpose"]) for one in found if one["state"] == "granted"}
        for found in ([*effective_consents(ones), *effective_consents(others)], effective_consents([*ones, *others]))
    )
    assert merged <= apart
