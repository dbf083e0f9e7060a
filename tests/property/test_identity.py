"""Identity is a function of records, decisions and model: a rebuild agrees, whatever happened in whatever order.

People of one household, spelt in several ways, with mailboxes and numbers they share, under a model whose limits are so
low that blocks and values cross them all the time. `RCU_TEST_SEQUENCES=2000` for a night; 100 as a rule.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from rcu.domain.decisions import DecisionKind
from rcu.domain.identifiers import Became, IdState
from rcu.domain.records import RecordKey
from rcu.domain.sources import EventsOfDeleted
from rcu.errors import Conflict, InputError, NotFound
from rcu.matching.model import MatchModel
from rcu.services.arrivals import Given
from rcu.services.asking import Ask, Setting
from rcu.services.becoming import became
from rcu.services.deciding import ContradictsDecisions, decide, undo
from rcu.services.identity import decided_links
from rcu.services.looking_back import profile_as_of
from rcu.services.reading import customer_of_record
from rcu.services.running import run
from rcu.services.sources import change_source
from rcu.services.upserting import RealTime
from rcu.services.verification import verify
from rcu.store.engine import Store
from rcu.store.tables import customers, memberships, metadata, records
from tests.conftest import NOW, Databases, Road
from tests.e2e.test_deleted import tickets_file
from tests.e2e.test_deliveries import till_file
from tests.e2e.test_road import partition

SEQUENCES: Final = int(os.environ.get("RCU_TEST_SEQUENCES", "100"))
LONGEST: Final = 14 if SEQUENCES > 100 else 4
KEYS: Final = [RecordKey("till", f"C{number}") for number in range(1, 8)] + [
    RecordKey("shop", str(number)) for number in range(1, 6)
]
FIELDS: Final[Mapping[str, tuple[str | None, ...]]] = {
    "first_name": ("PAULE", "PAUL", "HENRI", "P", "PAULETTE", None),
    "last_name": ("MOREAU", "MOREAUX", "LEFEVRE", "PAULE", None),
    "birth_date": ("12/03/1980", "03/12/1980", "01/02/1955", None, None),
    "email": ("paule.moreau@mail.example.fr", "famille.moreau@mail.example.fr", "h.lefevre@mail.example.fr", None),
    "mobile": ("06 39 98 00 01", "06 39 98 00 02", None),
    "phone": ("01 99 00 12 34", None),
    "address_line": ("12 RUE DE LA PAIX", "3 AVENUE FOCH", None),
    "postcode": ("75002", "75002", "69003", None),
    "loyalty_number": ("9001", "9002", None, None),
}
_DROP: Final = 1
"""The step that has the till drop events of deleted records, and a run after it."""
LIMITS: Final = {"most_records": 2, "leave_out_above": 3}


def models(shipped: MatchModel) -> list[MatchModel]:
    """The shipped model with limits that a dozen records cross, and one that joins more easily."""
    low = shipped.model_copy(
        update={
            "blocking": tuple(rule.model_copy(update=LIMITS) for rule in shipped.blocking),
            "identifiers": tuple(one.model_copy(update={"most_names": 2}) for one in shipped.identifiers),
        }
    )
    single = tuple(one.model_copy(update={"single": one.column == "loyalty_number"}) for one in low.identifiers)
    return [low, low.model_copy(update={"match_probability": 0.5, "identifiers": single}), shipped]


Step = tuple[str, Any]


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """What happens, drawn from a seed: drawing every value by itself takes longer than taking it."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    kinds = ["put"] * 8 + ["batch"] * 2 + ["delete", "import", "import", "run", "decide", "decide", "undo", "model"]
    kinds += ["delete", "tickets", "tickets", "policy"]
    found: list[Step] = buyers(chance) if chance.random() < 0.5 else []
    for _ in range(draw(st.integers(2, LONGEST))):
        kind = chance.choice(kinds)
        match kind:
            case "put" | "delete":
                found.append((kind, [(chance.choice(KEYS), person(chance))]))
            case "batch":
                found.append((kind, [(key, person(chance)) for key in chance.sample(KEYS, chance.randint(2, 5))]))
            case "import":
                found.append((kind, [(key, person(chance)) for key in chance.sample(KEYS[:7], chance.randint(1, 4))]))
            case "decide":
                verb = chance.choice(["merge", "merge", "not_same", "confirm", "split", "override", "override"])
                found.append((kind, (verb, chance.sample(KEYS, 2), chance.random(), settable(chance))))
            case "tickets":
                found.append((kind, [(chance.randrange(9), chance.choice(KEYS[:7])) for _ in range(4)]))
            case _:
                found.append((kind, chance.randrange(100)))
    return found


def buyers(chance: random.Random) -> list[Step]:
    """People who bought something at the till, which takes back with a customer what it sold to that customer."""
    keys = chance.sample(KEYS[:7], 5)
    people = [(key, person(chance)) for key in keys]
    return [("import", people), ("tickets", list(enumerate(keys))), ("policy", _DROP)]


def person(chance: random.Random) -> dict[str, str | None]:
    return {name: chance.choice(values) for name, values in FIELDS.items()}


def settable(chance: random.Random) -> dict[str, str | None]:
    """Some fields as a steward would set them; an address is set as a whole."""
    said = person(chance)
    said["landline"] = said.pop("phone")
    return {name: said[name] for name in chance.sample(sorted(said), chance.randint(1, 4))}


@dataclass
class Chronicle:
    """What the test itself keeps of every moment: whose each id was, which document was true, in which company."""

    moments: list[tuple[datetime, dict[str, tuple[str, str]]]] = field(default_factory=list)
    company: dict[str, set[str]] = field(default_factory=dict)
    digests: dict[tuple[str, int], str] = field(default_factory=dict)

    def look(self, store: Store, at: datetime) -> None:
        """Keep the present moment; a version never means two documents."""
        columns = (records.c.birth_id, customers.c.customer_id, customers.c.version, customers.c.digest)
        statement = (
            select(*columns, customers.c.profile)
            .join(memberships, memberships.c.record_id == records.c.record_id)
            .join(customers, customers.c.cluster_id == memberships.c.cluster_id)
        )
        with store.read() as connection:
            rows = connection.execute(statement).all()
        now: dict[str, set[str]] = {}
        for born, name, version, digest, _ in rows:
            assert self.digests.setdefault((name, version), digest) == digest
            now.setdefault(name, set()).add(born)
        self.company |= now
        self.moments.append((at, {row[0]: (row[1], row[4]) for row in rows}))

    def became(self, name: str) -> Became:
        """What an id should answer."""
        present = self.moments[-1][1]
        own = present[name][0]
        if own == name:
            return Became(IdState.CURRENT, (own,))
        elsewhere = sorted({present[born][0] for born in self.company.get(name, ())} - {own})
        return Became(IdState.SPLIT if elsewhere else IdState.MERGED, (own, *elsewhere))

    def check(self, store: Store) -> None:
        """Every id that was ever given answers with its state."""
        for name in {name for _, ids in self.moments for name in ids}:
            assert became(store, name) == self.became(name)

    def look_back(self, store: Store) -> None:
        """At any moment any id answers with what was true then; some are asked."""
        chance = random.Random(len(self.digests))
        given = sorted(self.moments[-1][1])
        for at, ids in self.moments:
            for name in chance.sample(given, min(3, len(given))):
                if name in ids:
                    found = profile_as_of(store, name, at)
                    assert (found.customer_id, found.profile) == ids[name]
                else:
                    with pytest.raises(NotFound):
                        profile_as_of(store, name, at)


@dataclass
class World:
    """A store to which things happen."""

    road: Road
    folder: Path
    models: list[MatchModel]
    hour: int = 0
    files: int = 0
    waiting: bool = False
    ticks: int = 0
    chronicle: Chronicle = field(default_factory=Chronicle)
    said: dict[RecordKey, Given] = field(default_factory=dict)
    decided: list[int] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.road.store

    def now(self) -> datetime:
        self.hour += 1
        return NOW + timedelta(hours=self.hour)

    def tick(self) -> datetime:
        """The clock of what happens: no two things happen at once."""
        self.ticks += 1
        return NOW + timedelta(seconds=self.ticks)

    def step(self, kind: str, what: Any) -> None:
        self.happen(kind, what)
        self.chronicle.look(self.store, NOW + timedelta(seconds=self.ticks))

    def happen(self, kind: str, what: Any) -> None:
        match kind:
            case "put" | "batch" | "delete":
                self.put([Given(key, fields, deleted=kind == "delete", updated_at=self.now()) for key, fields in what])
            case "import":
                self.deliver(what)
            case "decide":
                self.decide(*what)
            case "undo" if self.decided:
                self.undo(self.decided[what % len(self.decided)])
            case "model":
                self.road.model = self.models[what % len(self.models)]
                self.run()
            case "run":
                self.run()
            case "tickets":
                self.sell(what)
            case "policy":
                self.agree(what)

    def put(self, given: list[Given]) -> None:
        RealTime(self.store, self.road.model, clock=self.tick).upsert(given)
        self.said |= {one.key: one for one in given}

    def deliver(self, what: list[tuple[RecordKey, dict[str, str | None]]]) -> None:
        """A file of the till; it waits for a run."""
        self.files += 1
        at = self.now()
        rows = []
        for key, fields in what:
            said = {name: value or "" for name, value in fields.items()}
            place = f"{said['address_line']};;{said['postcode']};;FRANCE"
            contact = f"{said['phone']};{said['mobile']};{said['email']};{said['loyalty_number']}"
            name = f"{said['last_name']};{said['first_name']};;{said['birth_date']}"
            rows.append(f"{key.native_id};;{name};{place};{contact};M001;;{at:%d/%m/%Y %H:%M:%S};;;")
        self.road.take("till", till_file(self.folder, str(self.files), *rows))
        self.waiting = True

    def sell(self, what: list[tuple[int, RecordKey]]) -> None:
        """Tickets of the till; of a number that was there before another customer's now."""
        self.files += 1
        sold = dict(what)
        rows = [(f"T{number}", key.native_id, f"{number},50") for number, key in sold.items()]
        self.road.take("till", tickets_file(self.folder, str(self.files), *rows))
        self.waiting = True

    def agree(self, what: int) -> None:
        """Events of deleted records count, or not any more; half of the time a run follows."""
        policy = list(EventsOfDeleted)[what % 2]
        change_source(self.store, ("till", "shop")[what % 3 == 0], NOW, events_of_deleted=policy)
        self.waiting = True
        if what % 4 < 2:
            self.run()

    def run(self) -> None:
        run(self.store, self.road.model, clock=self.tick)
        self.waiting = False

    def decide(self, verb: str, keys: list[RecordKey], share: float, fields: dict[str, str | None]) -> None:
        about, groups = tuple(map(str, keys)), ()
        try:
            if verb in ("confirm", "split", "override"):
                profile = self.profile_of(keys[0])
                members = [f"{one['source']}:{one['native_id']}" for one in profile["records"]]
                about = (profile["customer_id"],)
                groups = (tuple(members[: max(1, int(len(members) * share))]),) if verb == "split" else ()
            setting = Setting(fields) if verb == "override" else None
            seen = "she knows them"
            ask = Ask(DecisionKind(verb), about, "anne", seen, groups, supersede=share > 0.5, setting=setting)
            done = decide(self.store, ask, clock=self.tick, model=self.road.model)
        except (NotFound, InputError, ContradictsDecisions):
            return
        self.decided.append(done.decision.decision_id)

    def profile_of(self, key: RecordKey) -> dict[str, Any]:
        return orjson.loads(customer_of_record(self.store, key.source, key.native_id).profile)

    def undo(self, number: int) -> None:
        try:
            undo(self.store, number, actor="anne", reason="a mistake", clock=self.tick, model=self.road.model)
        except Conflict:
            return

    def check(self) -> None:
        if not self.waiting:
            found = verify(self.store, self.road.model)
            assert found.differences == 0, found
            self.chronicle.check(self.store)


def wiped(store: Store) -> Store:
    """The same database without records."""
    names = [
        table.name for table in reversed(metadata.sorted_tables) if table.name not in ("sources", "change_counter")
    ]
    with store.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"TRUNCATE {', '.join(names)} RESTART IDENTITY"))
        else:
            for name in names:
                connection.execute(text(f"DELETE FROM {name}"))
    return store


@pytest.fixture
def build(databases: Databases, model: MatchModel, tmp_path: Path) -> Callable[[int], World]:
    """Worlds on two databases that are wiped for each."""
    stores = [databases.open(), databases.open()]

    def made(number: int) -> World:
        folder = tmp_path / str(number)
        folder.mkdir(exist_ok=True)
        kinds = models(model)
        return World(Road(wiped(stores[number]), kinds[0]), folder, kinds)

    return made


def test_whatever_happens_a_rebuild_finds_the_same(build: Callable[[int], World]) -> None:
    @settings(
        max_examples=SEQUENCES, deadline=None, phases=[Phase.generate, Phase.explicit],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(happens=steps())
    def holds(happens: list[Step]) -> None:
        world = build(0)
        for kind, what in happens:
            world.step(kind, what)
            world.check()
        world.step("run", 0)
        world.check()
        world.chronicle.look_back(world.store)
        assert partition(in_another_order(world, build(1))) == partition(world.road)

    holds()


def in_another_order(world: World, other: World) -> Road:
    """The same facts once more: what records say in the end, and the links people left, in an order of their own."""
    chance = random.Random(len(world.said))
    other.road.model = world.road.model
    facts = [("record", key) for key in final(world)] + [("link", link) for link in decided_links(world.store).items()]
    chance.shuffle(facts)
    late = [fact for fact in facts if fact[0] == "link"]
    said, names = final(world), names_of(world.store)
    for key in [fact[1] for fact in facts if fact[0] == "record"]:
        other.put([said[key]])
    for _, ((left, right), together) in late:
        verb = DecisionKind.MERGE if together else DecisionKind.NOT_SAME
        ask = Ask(verb, (str(names[left]), str(names[right])), "anne", "the same again")
        decide(other.store, ask, clock=other.tick, model=other.road.model)
    assert verify(other.store, other.road.model).differences == 0
    return other.road


def names_of(store: Store) -> dict[int, RecordKey]:
    with store.read() as connection:
        rows = connection.execute(select(records.c.record_id, records.c.source, records.c.native_id))
        return {row[0]: RecordKey(row[1], row[2]) for row in rows}


def final(world: World) -> dict[RecordKey, Given]:
    """What every record says in the end, read back from what the store keeps of it."""
    with world.store.read() as connection:
        found = connection.execute(
            select(records.c.source, records.c.native_id, records.c.raw, records.c.deleted, records.c.updated_at)
        ).all()
    return {
        RecordKey(row.source, row.native_id): Given(
            RecordKey(row.source, row.native_id),
            {**dict.fromkeys(FIELDS), **orjson.loads(row.raw)},
            deleted=row.deleted,
            updated_at=row.updated_at or datetime(2026, 1, 1, tzinfo=UTC),
        )
        for row in found
    }
