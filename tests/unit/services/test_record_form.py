"""The form of a record on the command line: what is read, and what is refused without repeating it."""

from __future__ import annotations

import pytest

from rcu.domain.records import RecordKey
from rcu.errors import InputError
from rcu.services.arrivals import Content, Happened, Reason, Upserted
from rcu.services.record_form import answer, read_form, read_key


def test_what_is_left_out_is_not_spoken_of_and_what_is_empty_says_nothing() -> None:
    given = read_form({"first_name": "Zoé", "email": "", "phone": None}).given(RecordKey("till", "1"))
    assert given.fields == {"first_name": "Zoé", "email": None, "phone": None}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param({"nickname": "Zaza"}, "nickname: Extra inputs", id="an unknown field"),
        pytest.param({"updated_at": "Zaza"}, "updated_at: Value error, a time with its offset", id="no time"),
        pytest.param({"is_guest": "Zaza"}, "is_guest: ", id="neither true nor false"),
    ],
)
def test_what_cannot_be_read_is_named_and_not_repeated(content: dict[str, object], says: str) -> None:
    with pytest.raises(InputError) as raised:
        read_form(content)
    assert says in raised.value.message
    assert "Zaza" not in raised.value.message
    assert "first_name" in (raised.value.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("till", id="no colon"),
        pytest.param("till:", id="no id"),
        pytest.param("till: C1", id="a blank before the id"),
        pytest.param("till:C\n1", id="a line break in it"),
        pytest.param("till:" + 201 * "x", id="too long"),
    ],
)
def test_a_key_that_cannot_be_one_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_key(text)


def test_a_key_may_hold_colons_and_slashes() -> None:
    assert read_key("till:C/1:2") == RecordKey("till", "C/1:2")


def test_an_answer_is_plain_json_without_the_profile() -> None:
    reason = Reason(RecordKey("shop", "7"), "c-1", 0.75, ("e-mail agrees",))
    done = Upserted(RecordKey("till", "1"), Content.NEW, Happened.JOINED, "c-1", 2, why=(reason,), profile="{}")
    assert answer(done) == {
        "record": "till:1",
        "content": "new",
        "happened": "joined",
        "customer_id": "c-1",
        "version": 2,
        "merged": [],
        "split": [],
        "why": [{"record": "shop:7", "customer_id": "c-1", "probability": 0.75, "says": ["e-mail agrees"]}],
        "possible": [],
        "cases": [],
    }
