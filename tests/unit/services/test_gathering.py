"""Records that are sent at the same time are taken together, and each has its own answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from rcu.domain.records import RecordKey
from rcu.errors import Conflict, NotFound
from rcu.services import gathering as module
from rcu.services.arrivals import Content, Given, Happened, Upserted
from rcu.services.gathering import Gathering, Siblings
from rcu.services.upserting import Cleaned


class Engine:
    """Takes records when it is let; it knows no source called `nowhere`."""

    def __init__(self) -> None:
        self.taken: list[list[str]] = []
        self.may = threading.Event()
        self.busy = threading.Event()

    def clean(self, one: Given) -> Cleaned:
        return Cleaned(one, {})

    def take(self, cleaned: Sequence[Cleaned], *, profiles: bool = False, actor: str | None = None) -> list[Upserted]:
        given = [one.given for one in cleaned]
        self.busy.set()
        assert self.may.wait(10)
        self.taken.append([str(one.key) for one in given])
        if any(one.key.source == "nowhere" for one in given):
            raise NotFound("source", "nowhere")
        profile = "{}" if profiles else None
        return [Upserted(one.key, Content.NEW, Happened.CREATED, str(one.key), 1, profile=profile) for one in given]


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def gathering(engine: Engine) -> Iterator[Gathering]:
    made = Gathering(engine)  # type: ignore[arg-type]
    yield made
    engine.may.set()
    made.close()


def record(native_id: str, source: str = "till") -> Given:
    return Given(RecordKey(source, native_id), {})


def sent_while_one_is_under_way(engine: Engine, gathering: Gathering, *given: Given):
    answers = [gathering.send(record("0"))]
    assert engine.busy.wait(10)
    answers += [gathering.send(one) for one in given]
    engine.may.set()
    return answers


def test_what_is_sent_while_others_are_under_way_is_taken_together(engine: Engine, gathering: Gathering) -> None:
    answers = sent_while_one_is_under_way(engine, gathering, record("1"), record("2"), record("3"))
    assert [one.result(10).customer_id for one in answers] == ["till:0", "till:1", "till:2", "till:3"]
    assert engine.taken == [["till:0"], ["till:1", "till:2", "till:3"]]


def test_versions_of_one_record_are_taken_one_after_the_other(engine: Engine, gathering: Gathering) -> None:
    for one in sent_while_one_is_under_way(engine, gathering, record("1"), record("2"), record("1")):
        one.result(10)
    assert engine.taken == [["till:0"], ["till:1", "till:2"], ["till:1"]]


def test_what_two_callers_send_is_taken_apart(engine: Engine, gathering: Gathering) -> None:
    gathering.send(record("0"), actor="anne")
    assert engine.busy.wait(10)
    sent = [("1", "anne"), ("2", "paul"), ("3", "anne"), ("2", "anne"), ("4", "paul")]
    answers = [gathering.send(record(name), actor=actor) for name, actor in sent]
    engine.may.set()
    for one in answers:
        one.result(10)
    assert engine.taken == [["till:0"], ["till:1", "till:3"], ["till:2", "till:4"], ["till:2"]]


def test_an_error_is_told_to_the_one_it_is_about(engine: Engine, gathering: Gathering) -> None:
    _, good, bad = sent_while_one_is_under_way(engine, gathering, record("1"), record("2", "nowhere"))
    assert good.result(10).customer_id == "till:1"
    with pytest.raises(NotFound):
        bad.result(10)


def test_a_record_nobody_waits_for_any_more_is_not_taken(engine: Engine, gathering: Gathering) -> None:
    answers = [gathering.send(record("0"))]
    assert engine.busy.wait(10)
    gone, answer = gathering.send(record("1")), gathering.send(record("2"))
    assert gone.cancel()
    engine.may.set()
    answers[0].result(10)
    answer.result(10)
    assert engine.taken == [["till:0"], ["till:2"]]


def test_a_profile_is_given_to_who_asked_for_it(engine: Engine, gathering: Gathering) -> None:
    gathering.send(record("0"))
    assert engine.busy.wait(10)
    with_it, without = gathering.send(record("1"), profiles=True), gathering.send(record("2"))
    engine.may.set()
    assert (with_it.result(10).profile, without.result(10).profile) == ("{}", None)


def test_what_waits_is_taken_before_the_end_and_nothing_after_it(engine: Engine, gathering: Gathering) -> None:
    answers = sent_while_one_is_under_way(engine, gathering, record("1"))
    gathering.close()
    assert all(one.done() for one in answers)
    with pytest.raises(Conflict):
        gathering.send(record("2"))


def test_too_many_are_refused_rather_than_held(
    engine: Engine, gathering: Gathering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    gathering.send(record("0"))
    assert engine.busy.wait(10)
    gathering.send(record("1"))
    gathering.send(record("2"))
    with pytest.raises(Conflict):
        gathering.send(record("3"))


def test_callers_who_were_answered_together_are_taken_together_again(
    engine: Engine, gathering: Gathering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_SECONDS", 10.0)
    monkeypatch.setattr(module, "QUIET_SECONDS", 10.0)
    monkeypatch.setattr(module, "_PAST_SECONDS", 10.0)
    answers = sent_while_one_is_under_way(engine, gathering, record("1"), record("2"))
    answers[0].result(10)
    answers.append(gathering.send(record("3")))
    for one in answers:
        one.result(10)
    for one in [gathering.send(record(name)) for name in ("4", "5", "6")]:
        one.result(10)
    assert engine.taken == [["till:0"], ["till:1", "till:2", "till:3"], ["till:4", "till:5", "till:6"]]


@pytest.mark.parametrize(
    ("taken", "waiting", "there", "later", "waits"),
    [
        pytest.param(1, 0, 1, 0.001, False, id="one after one goes at once"),
        pytest.param(1, 1, 1, 0.001, True, id="of two who take turns the other is waited for"),
        pytest.param(4, 0, 1, 0.001, True, id="the others of four are waited for"),
        pytest.param(4, 0, 4, 0.001, False, id="all of four are there"),
        pytest.param(30, 2, 8, 0.001, False, id="eight are enough"),
        pytest.param(30, 2, 1, 0.06, False, id="after a pause nobody is waited for"),
    ],
)
def test_others_are_waited_for_when_they_came_lately(
    taken: int, waiting: int, there: int, later: float, waits: bool
) -> None:
    siblings = Siblings()
    siblings.after(taken, waiting, 100.0)
    assert siblings.worth_waiting(there, 100.0 + later) is waits


def test_waiting_in_vain_is_done_ever_more_rarely_until_it_pays() -> None:
    siblings = Siblings()
    siblings.after(2, 0, 0.0)
    waits: list[bool] = []
    while sum(waits) < 6:
        waits.append(siblings.worth_waiting(1, 0.001))
        if waits[-1]:
            siblings.waited(came=sum(waits) > 4)
    assert "".join("W" if one else "." for one in waits) == "W.W...W.......W.......WW"
