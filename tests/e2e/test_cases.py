"""Cases, told as tables: what happens, and what waits in the queue after each step; a rebuild agrees at every one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

import orjson
import pytest
from sqlalchemy import select

from rcu.domain.cases import CaseKind, CaseRules, CaseState
from rcu.domain.decisions import DecisionKind
from rcu.domain.records import RecordKey
from rcu.errors import Conflict, InputError
from rcu.services.arrivals import Given
from rcu.services.asking import Setting
from rcu.services.deciding import Ask, decide, undo
from rcu.services.looking_back import STEWARD, history
from rcu.services.reviewing import CaseDecision, CaseShown, Review, case, cases
from rcu.services.upserting import RealTime
from rcu.services.verification import verify
from rcu.store import schema
from rcu.store.queue import Wish
from rcu.store.tables import identifier_frequency
from tests.conftest import NOW, Road, clock

PLACE: Final = {"address_line": "12 RUE DE LA PAIX", "postcode": "75002", "city": "PARIS"}
PAULE: Final = {"last_name": "MOREAU", "first_name": "PAULE"}
MAIL: Final = {"email": "paule.moreau@mail.example.fr"}
PEOPLE: Final[Mapping[str, Mapping[str, str]]] = {
    "A": {**PAULE, **PLACE, **MAIL, "birth_date": "12/03/1980"},
    "A2": {**PAULE, **MAIL},
    "N": PAULE,
    "P": {"last_name": "MOREAU", "first_name": "P", **PLACE},
    "D": {**PAULE, "birth_date": "05/06/1961", "address_line": "3 AVENUE FOCH", "postcode": "69003"},
    "B": {"last_name": "LEFEVRE", "first_name": "GUSTAVE", "birth_date": "01/02/1955"},
    "C": {"last_name": "BERNARD", "first_name": "LUC", "mobile": "06 39 98 00 01"},
}  # fmt: skip
"""A2 is A; N is A or D by the name alone, P perhaps A by an initial; B and C are strangers."""


class World:
    """A store to which things happen one by one."""

    def __init__(self, road: Road) -> None:
        self.road, self.hour, self.decided = road, 0, 0

    def step(self, text: str) -> None:
        verb, *names = text.split()
        keys = tuple(f"till:{name}" for name in names)
        match verb:
            case "put":
                self.put({name: PEOPLE[name] for name in names})
            case "merge" | "not_same":
                self.decide(Ask(DecisionKind(verb), keys, "anne", "I know them"))
            case "undo":
                road = self.road
                undo(
                    road.store, int(names[0]), actor="anne", reason="I did not", clock=clock, model=road.model,
                    rules=road.rules,
                )  # fmt: skip
            case "change":
                self.put({names[0]: {**PEOPLE[names[0]], "city": "LYON", "mobile": "06 39 98 00 77"}})
            case "run":
                self.road.run()
            case _:
                assert queue(self.road) == ([] if text == "nothing" else text.split(" | "))
        assert verify(self.road.store, self.road.model, self.road.rules).differences == 0

    def put(self, people: Mapping[str, Mapping[str, str]]) -> list[str]:
        self.hour += 1
        at = NOW + timedelta(hours=self.hour)
        given = [Given(RecordKey("till", name), fields, updated_at=at) for name, fields in people.items()]
        told = RealTime(self.road.store, self.road.model, clock=clock, rules=self.road.rules).upsert(given)
        return [one.kind.value for upserted in told for one in upserted.cases]

    def decide(self, ask: Ask) -> int:
        road = self.road
        return decide(road.store, ask, clock=clock, model=road.model, rules=road.rules).decision.decision_id


def waiting(road: Road, wish: Wish | None = None) -> list[CaseShown]:
    return cases(road.store, wish or Wish(), clock=clock)[0]


def queue(road: Road) -> list[str]:
    """What waits, in words: the kind, and the records or customers."""
    return sorted(told(one) for one in waiting(road))


def told(one: CaseShown) -> str:
    said = one.evidence
    match one.case.kind:
        case CaseKind.POSSIBLE_MATCH:
            return f"{short(said['left'])} ~ {short(said['right'])}"
        case CaseKind.RIVALS:
            ends = {short(at[side]) for at in said["candidates"] for side in ("left", "right")}
            return f"rivals {' '.join(sorted(ends))}"
        case CaseKind.DECISION_CHANGED:
            return f"decision {said['decision_id']} changed {' '.join(map(short, said['record_keys']))}"
        case kind:
            return kind.value


def short(key: str) -> str:
    return key.removeprefix("till:")


TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "strangers_are_nobodys_question": ("put B", "put C", "nothing"),
    "a_possible_match_is_a_case_until_somebody_decides": ("put A", "put N", "A ~ N", "merge A N", "nothing"),
    "not_the_same_closes_it_too": ("put A", "put N", "not_same A N", "nothing", "undo 1", "A ~ N"),
    "an_undone_merge_brings_it_back": ("put A", "put N", "merge A N", "undo 1", "A ~ N"),
    "who_may_be_two_others_is_one_case": ("put A", "put D", "put N", "rivals A D N", "not_same A N", "D ~ N"),
    "the_order_of_decisions_does_not_matter": ("put A D N", "not_same D N", "A ~ N", "undo 1", "rivals A D N"),
    "a_decision_whose_record_changed_comes_back": (
        "put B", "put C", "merge B C", "change C", "decision 1 changed C", "undo 1", "nothing",
    ),
    "a_run_changes_nothing": ("put A", "put N", "run", "A ~ N", "run", "A ~ N"),
}  # fmt: skip


@pytest.mark.parametrize("steps", TABLES.values(), ids=TABLES.keys())
def test_the_queue_after_each_step(road: Road, steps: tuple[str, ...]) -> None:
    world = World(road)
    for step in steps:
        world.step(step)


def test_a_first_run_opens_the_cases_real_time_would(make_road) -> None:
    slow, fast = World(make_road()), World(make_road())
    for name in ("A", "D", "N", "B"):
        fast.put({name: PEOPLE[name]})
        slow.put({name: PEOPLE[name]})
    with slow.road.store.begin() as connection:
        for table in ("case_events", "case_customers", "cases"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    slow.road.model = slow.road.model.model_copy(update={"version": "another"})
    slow.road.run()
    assert queue(slow.road) == queue(fast.road) == ["rivals A D N"]


def test_the_answer_names_the_cases_it_opened(road: Road) -> None:
    world = World(road)
    assert world.put({"A": PEOPLE["A"]}) == []
    assert world.put({"N": PEOPLE["N"]}) == ["possible_match"]
    assert world.put({"N": PEOPLE["N"]}) == []


def test_too_many_records_are_a_case_until_somebody_confirms_exactly_these(road: Road) -> None:
    road.rules = CaseRules(most_records=1)
    world = World(road)
    world.put({"A": PEOPLE["A"], "A2": PEOPLE["A2"]})
    assert queue(road) == ["large_cluster"]
    (one,) = waiting(road)
    review = Review(road.store, "anne", clock)
    review.decide(one.case.case_id, CaseDecision(DecisionKind.CONFIRM, "I know her", rules=road.rules), road.model)
    assert queue(road) == []
    world.put({"A3": PEOPLE["A2"]})
    assert "large_cluster" in queue(road)
    assert verify(road.store, road.model, road.rules).differences == 0


def test_a_link_that_became_weaker_is_told_until_it_rises(road: Road) -> None:
    road.rules = CaseRules(weak_bits=60)
    world = World(road)
    strong = {**PEOPLE["A"], "mobile": "06 39 98 00 09"}
    world.put({"A": strong, "A2": strong})
    assert queue(road) == []
    world.put({"W": PEOPLE["A2"]})
    assert queue(road) == ["weakest_link"]
    assert verify(road.store, road.model, road.rules).differences == 0
    world.step("run")
    assert queue(road) == ["weakest_link"]
    world.put({"W": strong})
    assert queue(road) == []
    assert verify(road.store, road.model, road.rules).differences == 0


def test_a_number_gone_generic_names_who_parted_and_not_the_number(road: Road) -> None:
    low = [one.model_copy(update={"most_names": 2}) for one in road.model.identifiers]
    road.model = road.model.model_copy(update={"identifiers": tuple(low)})
    world = World(road)
    number = {"mobile": "06 39 98 00 42"}
    world.put({"A": {**PAULE, **number, "birth_date": "12/03/1980"}, "A2": {**PAULE, **number}})
    world.put({"B": {**PEOPLE["B"], **number}})
    assert "identifier_generic" not in queue(road)
    world.put({"C": {**PEOPLE["C"], **number}})
    (one,) = waiting(road, Wish(kind=CaseKind.IDENTIFIER_GENERIC))
    assert "639980042" not in orjson.dumps([one.case.subject, one.case.evidence]).decode()
    guesses = [f"+3363998{end:04}" for end in range(50)] + [f"+26263998{end:04}" for end in range(50)]
    hashed = {blake2b(guess.encode(), digest_size=size).hexdigest() for guess in guesses for size in (6, 8)}
    assert one.case.subject.removeprefix("mobile:") not in hashed
    assert one.evidence["identifier"] == "mobile"
    assert one.evidence["carriers"] == 4
    assert verify(road.store, road.model, road.rules).differences == 0
    world.put({"C": {**PEOPLE["C"], "mobile": "06 39 98 00 43"}})
    assert "identifier_generic" not in queue(road)
    assert verify(road.store, road.model, road.rules).differences == 0


def test_a_number_is_called_the_same_by_a_record_that_is_sent_and_by_a_run_over_everything(road: Road) -> None:
    low = [one.model_copy(update={"most_names": 2}) for one in road.model.identifiers]
    usual, road.model = road.model, road.model.model_copy(update={"identifiers": tuple(low)})
    number = {"mobile": "06 39 98 00 42"}
    world = World(road)
    world.put({name: {**PEOPLE[name], **number} for name in ("A", "B", "C")})
    (first,) = waiting(road, Wish(kind=CaseKind.IDENTIFIER_GENERIC))
    for used, state in ((usual, CaseState.CLOSED), (road.model, CaseState.OPEN)):
        road.model = used
        road.run()
        (shown,) = waiting(road, Wish(state=None, kind=CaseKind.IDENTIFIER_GENERIC))
        assert (shown.case.case_id, shown.case.subject, shown.state) == (first.case.case_id, first.case.subject, state)
        assert verify(road.store, road.model, road.rules).differences == 0


def test_cases_of_before_are_called_anew_and_nothing_of_a_value_stays(road: Road) -> None:
    low = [one.model_copy(update={"most_names": 2}) for one in road.model.identifiers]
    road.model = road.model.model_copy(update={"identifiers": tuple(low)})
    world = World(road)
    one, other = {"mobile": "06 39 98 00 42"}, {"mobile": "06 39 98 00 43"}
    world.put({name: {**PEOPLE[name], **one} for name in ("A", "B", "C")})
    world.put({name: {**PEOPLE[name], **other} for name in ("A", "B", "C")})
    every = Wish(state=None, kind=CaseKind.IDENTIFIER_GENERIC)
    before = {shown.case.case_id: (shown.case.subject, shown.state) for shown in waiting(road, every)}
    assert [state for _, state in before.values()] in (
        [CaseState.CLOSED, CaseState.OPEN],
        [CaseState.OPEN, CaseState.CLOSED],
    )
    schema.downgrade(road.store, "0012")
    old = {shown.case.case_id: shown.case.subject for shown in waiting(road, every)}
    (generic,) = [value for _, value in generic_values(road)]
    (opened,) = [number for number, (_, state) in before.items() if state is CaseState.OPEN]
    assert old[opened] == f"mobile:{blake2b(generic.encode(), digest_size=6).hexdigest()}"
    schema.upgrade(road.store)
    (waits,) = waiting(road, Wish(kind=CaseKind.IDENTIFIER_GENERIC))
    (closed,) = waiting(road, Wish(state=CaseState.CLOSED, kind=CaseKind.IDENTIFIER_GENERIC))
    assert waits.case.subject not in {old[opened], before[opened][0]}
    assert closed.case.subject == f"mobile:case {closed.case.case_id}"
    assert verify(road.store, road.model, road.rules).differences == 0
    world.put({"C": PEOPLE["C"]})
    assert waiting(road, Wish(kind=CaseKind.IDENTIFIER_GENERIC)) == []
    assert verify(road.store, road.model, road.rules).differences == 0


def generic_values(road: Road) -> list[tuple[str, str]]:
    with road.store.read() as connection:
        rows = connection.execute(select(identifier_frequency.c.identifier, identifier_frequency.c.value))
        return [(row[0], row[1]) for row in rows]


@pytest.fixture
def asked(road: Road) -> Road:
    """A road with one possible match, which is case 1."""
    world = World(road)
    world.put({"A": PEOPLE["A"]})
    world.put({"N": PEOPLE["N"]})
    return road


def test_what_is_closed_by_hand_stays_closed_until_its_evidence_changes(asked: Road) -> None:
    world = World(asked)
    world.hour = 5
    Review(asked.store, "anne", clock).close(1, "two cousins, I rang them")
    world.put({"N": {**PEOPLE["N"], "city": "PARIS"}})
    world.put({"A": PEOPLE["A"]})
    assert verify(asked.store, asked.model).differences == 0
    world.put({"N": {**PAULE, "birth_date": "12/03/1980", "city": "PARIS"}})
    shown, events = case(asked.store, 1, clock=clock)
    happened = [one.kind for one in events]
    assert happened[:2] == ["opened", "closed"]
    assert shown.state is not CaseState.CLOSED or "reopened" not in happened
    assert verify(asked.store, asked.model).differences == 0


def test_what_is_put_off_is_back_by_itself(asked: Road) -> None:
    until = NOW + timedelta(days=2)
    Review(asked.store, "anne", clock).defer(1, until)
    assert waiting(asked) == []
    assert len(waiting(asked, Wish(state=CaseState.DEFERRED))) == 1
    found, _ = cases(asked.store, Wish(), clock=lambda: until)
    assert [one.case.case_id for one in found] == [1]
    assert verify(asked.store, asked.model).differences == 0


def test_what_is_put_off_is_taken_back_before_its_date_and_only_then(asked: Road) -> None:
    review = Review(asked.store, "anne", clock)
    with pytest.raises(Conflict):
        review.resume(1)
    review.defer(1, NOW + timedelta(days=2), reason="she brings her passport")
    shown = review.resume(1, reason="she is here")
    assert (shown.state, shown.case.deferred_until) == (CaseState.OPEN, None)
    assert len(waiting(asked)) == 1
    happened = [(one.kind, one.actor, one.detail) for one in case(asked.store, 1, clock=clock)[1]]
    until = (NOW + timedelta(days=2)).isoformat()
    assert happened[1:] == [
        ("deferred", "anne", f"{until}: she brings her passport"), ("resumed", "anne", "she is here")
    ]  # fmt: skip
    review.defer(1, NOW + timedelta(days=2))
    late = Review(asked.store, "anne", lambda: NOW + timedelta(days=3))
    with pytest.raises(Conflict):
        late.resume(1)


def test_history_tells_what_was_done_with_a_case_by_the_version_that_was_true_then(asked: Road) -> None:
    world = World(asked)
    (one,) = waiting(asked)
    name = min(one.customers)
    later = lambda: NOW + timedelta(hours=1)  # noqa: E731
    Review(asked.store, "anne", later).comment(1, "she moved")
    Review(asked.store, "paul", later).assign(1, "paul")
    decided = Ask(DecisionKind.OVERRIDE, (name,), "anne", "misread", setting=Setting({"city": "PARIS"}))
    decide(asked.store, decided, clock=lambda: NOW + timedelta(hours=2), model=world.road.model)
    Review(asked.store, "anne", lambda: NOW + timedelta(hours=3)).defer(1, NOW + timedelta(days=2))
    page = history(asked.store, name, frozenset({STEWARD}), cursor=None, limit=1)
    assert [[act.event for act in version.reviewed] for version in page.versions] == [["deferred"]]
    page = history(asked.store, name, frozenset({STEWARD}), cursor=page.next_cursor, limit=1)
    assert [[act.event for act in version.reviewed] for version in page.versions] == [["comment"]]


def test_a_case_is_given_to_somebody_and_found_again(asked: Road) -> None:
    review = Review(asked.store, "anne", clock)
    review.assign(1, "paul")
    review.due(1, datetime(2026, 2, 1, tzinfo=UTC))
    review.comment(1, "she moved")
    (one,) = waiting(asked)
    customer = next(iter(one.customers))
    for wish, count in (
        (Wish(assigned_to="paul"), 1), (Wish(assigned_to=""), 0), (Wish(kind=CaseKind.RIVALS), 0),
        (Wish(due_before=datetime(2026, 2, 2, tzinfo=UTC)), 1), (Wish(due_before=NOW), 0), (Wish(customer=customer), 1),
        (Wish(customer="nobody"), 0), (Wish(text="TILL:n"), 1), (Wish(text="%"), 0), (Wish(least_priority=99), 0),
    ):  # fmt: skip
        assert len(waiting(asked, wish)) == count, wish
    assert [event.kind for event in case(asked.store, 1, clock=clock)[1]] == ["opened", "assigned", "due", "comment"]


def test_who_looked_at_an_older_version_is_told(asked: Road) -> None:
    review = Review(asked.store, "anne", clock)
    review.assign(1, "paul", expected=1)
    with pytest.raises(Conflict):
        review.assign(1, "anne", expected=1)
    with pytest.raises(InputError):
        review.defer(1, NOW)
    with pytest.raises(InputError):
        review.decide(1, CaseDecision(DecisionKind.CONFIRM, "so it is"), asked.model)


def test_a_case_is_decided_and_closes_by_itself(asked: Road) -> None:
    review = Review(asked.store, "anne", clock)
    review.decide(1, CaseDecision(DecisionKind.MERGE, "the same mailbox on paper"), asked.model)
    shown, events = case(asked.store, 1, clock=clock)
    assert shown.state is CaseState.CLOSED
    assert [one.kind for one in events] == ["opened", "closed", "decided"]
    with pytest.raises(Conflict):
        review.assign(1, "paul")


def test_pages_go_on_where_the_last_one_ended(travelled: Road) -> None:
    every = [one.case.case_id for one in cases(travelled.store, Wish(state=None), clock=clock, limit=10_000)[0]]
    seen, cursor = [], None
    while True:
        found, cursor = cases(travelled.store, Wish(state=None), clock=clock, cursor=cursor, limit=3)
        seen += [one.case.case_id for one in found]
        if cursor is None:
            break
    assert seen == every
    assert len(every) > 3
    assert verify(travelled.store, travelled.model).differences == 0
