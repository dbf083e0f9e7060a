"""What stewards decide holds through runs, and taken back it leaves nothing behind."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from rcu.domain.decisions import DecisionKind, State
from rcu.errors import Conflict, InputError, NotFound
from rcu.services.asking import Ask, FourEyes, Setting
from rcu.services.deciding import ContradictsDecisions, Decided, approve, decide, undo
from rcu.services.explaining import explain_record
from rcu.services.reading import customer
from rcu.services.verification import verify
from rcu.store.identity import stored_quality
from rcu.store.tables import aggregates, customers, memberships, records, scores
from tests.conftest import Road, clock

Content = dict[str, object]
SETTABLE = [
    ("first_name", "Zoé"), ("last_name", "Le Goff"), ("birth_date", "12/03/1980"), ("birth_date", None),
    ("email", "zoe.legoff@mail.example.fr"), ("email", None), ("mobile", "06 39 98 11 22"), ("postcode", "35000"),
    ("address_line", "12 bis rue des Lilas"), ("loyalty_number", None),
]  # fmt: skip
DECISIONS = int(os.environ.get("RCU_TEST_DECISIONS", "60"))
"""How many random decisions are taken and undone."""


@dataclass
class Desk:
    """A steward at work on a road."""

    road: Road

    def decide(self, kind: str, *about: str, **others: object) -> Decided:
        ask = Ask(DecisionKind(kind), about, others.pop("actor", "anne"), "seen the papers", **others)  # type: ignore[arg-type]
        return decide(self.road.store, ask, clock=clock, model=self.road.model)

    def undo(self, decided: Decided) -> Decided:
        return undo(
            self.road.store,
            decided.decision.decision_id,
            actor="anne",
            reason="a mistake",
            clock=clock,
            model=self.road.model,
        )

    def run(self) -> None:
        self.road.run()
        assert verify(self.road.store, self.road.model).differences == 0

    def content(self) -> Content:
        """All that customers are, without counters: by customer id its document, members, aggregates and scores."""
        with self.road.store.read() as connection:
            documents = dict(connection.execute(select(customers.c.customer_id, customers.c.digest)).all())
            members = dict(connection.execute(select(memberships.c.record_id, memberships.c.cluster_id)).all())
            sums = sorted(connection.execute(select(aggregates)).all(), key=repr)
            scored = sorted(connection.execute(select(scores)).all(), key=repr)
        quality = stored_quality(self.road.store).to_pylist()
        return {"documents": documents, "members": members, "sums": sums, "scores": scored, "quality": quality}

    def customers(self) -> list[list[str]]:
        """The records of each customer, the oldest customer and record first."""
        columns = (memberships.c.cluster_id, records.c.source, records.c.native_id)
        statement = select(*columns).join(records, records.c.record_id == memberships.c.record_id)
        found: dict[int, list[str]] = {}
        with self.road.store.read() as connection:
            for cluster, source, native_id in connection.execute(statement.order_by(memberships.c.record_id)):
                found.setdefault(cluster, []).append(f"{source}:{native_id}")
        return [found[cluster] for cluster in sorted(found)]

    def id_of(self, record: str) -> str:
        """The id of the customer a record belongs to."""
        source, _, native_id = record.partition(":")
        statement = (
            select(customers.c.customer_id)
            .join(memberships, memberships.c.cluster_id == customers.c.cluster_id)
            .join(records, records.c.record_id == memberships.c.record_id)
            .where(records.c.source == source, records.c.native_id == native_id)
        )
        with self.road.store.read() as connection:
            return connection.execute(statement).scalar_one()

    def together(self, *names: str) -> bool:
        return any(set(names) <= set(members) for members in self.customers())


@pytest.fixture
def desk(travelled: Road) -> Desk:
    return Desk(travelled)


def test_a_merge_joins_whole_customers_under_the_older_id_and_its_undo_restores_both(desk: Desk) -> None:
    before = desk.content()
    first, second = [members for members in desk.customers() if len(members) > 1][:2]
    ids = desk.id_of(first[0]), desk.id_of(second[0])
    done = desk.decide("merge", first[0], second[-1])
    assert desk.together(*first, *second), "at once"
    assert verify(desk.road.store, desk.road.model).differences == 0
    desk.run()
    assert desk.together(*first, *second)
    assert desk.id_of(second[0]) == ids[0]
    assert customer(desk.road.store, ids[1]).customer_id == ids[0]
    desk.undo(done)
    desk.run()
    assert desk.content() == before


def test_records_said_not_to_be_one_person_part_and_come_back(desk: Desk) -> None:
    before = desk.content()
    members = max(desk.customers(), key=len)
    done = desk.decide("not_same", members[0], members[-1])
    desk.run()
    assert not desk.together(members[0], members[-1])
    told = explain_record(desk.road.store, desk.road.model, _key(members[0]))
    assert any(step.reason == "a steward said they are not one person" for step in told.steps)
    desk.undo(done)
    desk.run()
    assert desk.content() == before


def _key(text: str):
    from rcu.domain.records import RecordKey

    return RecordKey.parse(text)


def test_a_split_says_which_records_go_together(desk: Desk) -> None:
    before = desk.content()
    members = max(desk.customers(), key=len)
    leaving = (members[1], members[-1])
    done = desk.decide("split", desk.id_of(members[0]), groups=(leaving,))
    desk.run()
    stay = [one for one in members if one not in leaving]
    assert desk.together(*leaving)
    assert desk.together(*stay)
    assert not desk.together(stay[0], leaving[0])
    assert desk.id_of(stay[0]) != desk.id_of(leaving[0])
    desk.undo(done)
    desk.run()
    assert desk.content() == before


@pytest.mark.parametrize("kind", ["merge", "split"])
def test_undoing_the_first_of_two_leaves_what_the_second_alone_makes(
    make_travelled: Callable[[], Desk], kind: str
) -> None:
    """Merge or split, then merge with a third, then undo the first: as if the first had never happened."""
    one, other = make_travelled(), make_travelled()
    several = [members for members in one.customers() if len(members) > 1]
    first, second, third = several[:3]
    if kind == "merge":
        done = one.decide("merge", first[0], second[0])
    else:
        done = one.decide("split", one.id_of(first[0]), groups=((first[-1],),))
    one.run()
    one.decide("merge", first[0], third[0])
    one.run()
    one.undo(done)
    one.run()
    other.decide("merge", first[0], third[0])
    other.run()
    assert _by_record(one) == _by_record(other)


def _by_record(desk: Desk) -> set[tuple[frozenset[str], str]]:
    """The documents by the records they are of; ids aside, which are random from one database to another."""
    ids = {identifier: str(place) for place, identifier in enumerate(sorted(_every_id(desk), key=_order(desk)))}
    found: set[tuple[frozenset[str], str]] = set()
    for members in desk.customers():
        document = customer(desk.road.store, desk.id_of(members[0])).profile
        for identifier, place in ids.items():
            document = document.replace(identifier, place)
        found.add((frozenset(members), document))
    return found


def _every_id(desk: Desk) -> list[str]:
    with desk.road.store.read() as connection:
        return list(connection.execute(select(records.c.birth_id)).scalars())


def _order(desk: Desk) -> Callable[[str], str]:
    with desk.road.store.read() as connection:
        rows = connection.execute(select(records.c.birth_id, records.c.source, records.c.native_id)).all()
    names = {row[0]: f"{row[1]}:{row[2]}" for row in rows}
    return lambda identifier: names[identifier]


@pytest.fixture
def make_travelled(travelled: Road, make_road: Callable[[], Road], exports) -> Callable[[], Desk]:
    made: list[Desk] = []

    def make() -> Desk:
        if not made:
            made.append(Desk(travelled))
            return made[0]
        road = make_road()
        road.take_all(exports)
        road.run()
        return Desk(road)

    return make


def test_many_decisions_all_undone_leave_the_content_as_it_was(desk: Desk) -> None:
    before = desk.content()
    chance = random.Random(5)
    everyone = [name for members in desk.customers() for name in members]
    taken: list[Decided] = []
    for count in range(1, DECISIONS + 1):
        kind = chance.choice(["merge", "merge", "not_same", "split", "confirm", "comment", "override", "override"])
        if kind == "split":
            members = chance.choice([members for members in desk.customers() if len(members) > 1])
            names, more = (members[0],), {"groups": ((chance.choice(members[1:]),),)}
        else:
            names = tuple(chance.sample(everyone, 1 if kind in ("confirm", "comment", "override") else 2))
            more = {"setting": Setting(dict(chance.sample(SETTABLE, 2)))} if kind == "override" else {}
        try:
            taken.append(desk.decide(kind, *names, **more))
        except Conflict:
            continue
        if count % (DECISIONS // 2) == 0:
            desk.run()
    assert len(taken) > DECISIONS / 2
    chance.shuffle(taken)
    for done in taken:
        desk.undo(done)
    desk.run()
    assert desk.content() == before


def test_what_contradicts_an_earlier_decision_is_refused_unless_it_supersedes_it(desk: Desk) -> None:
    one, other = (members[0] for members in desk.customers()[:2])
    merged = desk.decide("merge", one, other)
    with pytest.raises(ContradictsDecisions) as caught:
        desk.decide("not_same", one, other)
    assert caught.value.decisions == (merged.decision.decision_id,)
    assert "by anne" in caught.value.message
    done = desk.decide("not_same", one, other, supersede=True)
    assert done.superseded == (merged.decision.decision_id,)
    desk.run()
    assert not desk.together(one, other)
    with pytest.raises(Conflict, match="taken back already"):
        desk.undo(merged)


def test_an_undo_that_would_bring_back_a_contradiction_is_refused(desk: Desk) -> None:
    one, other = (members[0] for members in desk.customers()[:2])
    undone = desk.undo(desk.decide("merge", one, other))
    desk.decide("not_same", one, other)
    with pytest.raises(ContradictsDecisions):
        desk.undo(undone)


def test_a_large_merge_waits_for_a_second_person(desk: Desk) -> None:
    first, second = [members for members in desk.customers() if len(members) > 1][:2]
    ask = Ask(DecisionKind.MERGE, (first[0], second[0]), "anne", "the same")
    done = decide(desk.road.store, ask, clock=clock, model=desk.road.model, four_eyes=FourEyes(records=2))
    assert done.state is State.AWAITS_APPROVAL
    desk.run()
    assert not desk.together(first[0], second[0])
    number = done.decision.decision_id
    with pytest.raises(Conflict, match="needs a second person"):
        approve(desk.road.store, number, actor="anne", reason="me again", clock=clock, model=desk.road.model)
    approve(desk.road.store, number, actor="bruno", reason="agreed", clock=clock, model=desk.road.model)
    desk.run()
    assert desk.together(*first, *second)
    with pytest.raises(Conflict, match="does not wait"):
        approve(desk.road.store, number, actor="chloe", reason="agreed", clock=clock, model=desk.road.model)


def test_a_customer_that_changed_since_it_was_looked_at_is_not_decided_about(desk: Desk) -> None:
    first, second = (members[0] for members in desk.customers()[:2])
    seen = {desk.id_of(first): 99}
    with pytest.raises(Conflict, match="changed since it was looked at"):
        desk.decide("merge", first, second, expected=seen)
    desk.decide("merge", first, second, expected={desk.id_of(first): 1})


@pytest.mark.parametrize(
    ("kind", "about", "others", "error"),
    [
        pytest.param("merge", ("till:nobody", "till:none"), {}, NotFound, id="no such record"),
        pytest.param("merge", ("0190b2c4-0000-7000-8000-000000000000",) * 2, {}, NotFound, id="no such customer"),
        pytest.param("merge", ("FIRST",), {}, InputError, id="one record"),
        pytest.param("merge", ("FIRST", "FIRST"), {}, InputError, id="twice the same"),
        pytest.param("merge", ("FIRST", "nonsense"), {}, InputError, id="not a key"),
        pytest.param("split", ("FIRST",), {}, InputError, id="no group"),
        pytest.param("split", ("FIRST",), {"groups": (("SECOND",),)}, InputError, id="another's record"),
        pytest.param("undo", ("FIRST",), {}, InputError, id="undo of records"),
        pytest.param("merge", ("FIRST", "SECOND"), {"actor": " "}, InputError, id="nobody"),
    ],
)
def test_a_decision_that_makes_no_sense_writes_nothing(
    desk: Desk, kind: str, about: tuple[str, ...], others: dict[str, object], error: type[Exception]
) -> None:
    first, second = (members[0] for members in desk.customers()[:2])
    names = {"FIRST": first, "SECOND": second}
    groups = tuple(tuple(names.get(one, one) for one in group) for group in others.pop("groups", ()))  # type: ignore[attr-defined]
    with pytest.raises(error):
        desk.decide(kind, *(names.get(one, one) for one in about), groups=groups, **others)
    done = desk.decide("comment", first)
    assert done.decision.decision_id == 1
