"""Writers at work on the same people at once leave what one writer leaves, even where some of them are killed.

`RCU_TEST_RACES=5000` for a night: 8 writers, 5,000 upserts, 1,000 people.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson
import pytest
from sqlalchemy import func, select

from rcu.domain.records import RecordKey
from rcu.matching.model import MatchModel
from rcu.services.arrivals import Content, Given, Happened, Upserted
from rcu.services.following import feed
from rcu.services.upserting import RealTime
from rcu.services.verification import verify
from rcu.store.engine import Store
from rcu.store.locks import Locks, name_of
from rcu.store.tables import customers, records
from tests.conftest import Databases, Road
from tests.e2e.racing import FIRST, LAST, Batch, Entry, Size, acknowledged, entries, last_versions, plans, save
from tests.e2e.test_road import golden_by_records, partition

UPSERTS: Final = int(os.environ.get("RCU_TEST_RACES", "200"))
SEED: Final = int(os.environ.get("RCU_TEST_RACES_SEED", "5"))
WRITERS: Final = {"sqlite": 3, "postgresql": 4}
ROUNDS: Final = 20
PATIENCE: Final = 30


@dataclass
class Race:
    """Writers, each a process of its own; some are killed, and replaced by one that sends what nobody acknowledged."""

    url: str
    folder: Path
    plans: list[list[Batch]]
    kills: int
    running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    killed: int = 0

    def journal(self, writer: int) -> Path:
        return self.folder / f"journal-{writer}"

    def start(self, writer: int) -> None:
        files = [self.folder / "model", self.folder / f"plan-{writer}", self.journal(writer)]
        command = [sys.executable, "-m", "tests.e2e.racing", self.url, *map(str, files)]
        self.running[writer] = subprocess.Popen(command, cwd=Path(__file__).parents[2])

    def run(self, model: MatchModel) -> None:
        (self.folder / "model").write_bytes(model.to_json())
        for writer, plan in enumerate(self.plans):
            save(plan, self.folder / f"plan-{writer}")
            self.start(writer)
        try:
            self._wait()
        finally:
            for process in self.running.values():
                process.kill()
                process.wait()

    def _wait(self) -> None:
        chance = random.Random(SEED)
        whole = sum(map(len, self.plans))
        moments = sorted(chance.sample(range(1, whole * 9 // 10), self.kills))
        deadline = time.monotonic() + PATIENCE + whole / 5
        while any(process.poll() is None for process in self.running.values()):
            assert time.monotonic() < deadline, "the writers do not come to an end"
            time.sleep(chance.uniform(0.005, 0.03))
            if moments and sum(acknowledged(self.journal(writer)) for writer in self.running) >= moments[0]:
                del moments[0]
                self._kill(chance)

    def _kill(self, chance: random.Random) -> None:
        alive = [writer for writer, process in self.running.items() if process.poll() is None]
        if alive:
            writer = chance.choice(alive)
            self.running[writer].kill()
            self.killed += self.running[writer].wait() < 0
            self.start(writer)

    @property
    def entries(self) -> list[Entry]:
        return [one for writer in self.running for one in entries(self.journal(writer))]

    @property
    def errors(self) -> list[str]:
        return [one.error for one in self.entries if one.error]


def size_for(backend: str) -> Size:
    whole = UPSERTS > 1000
    writers = 8 if whole and backend == "postgresql" else WRITERS[backend]
    return Size(writers, UPSERTS, people=UPSERTS // 5, kills=max(2, UPSERTS // 250))


def taken_alone(road: Road, said: dict[RecordKey, Given]) -> Road:
    """A store in which one writer wrote records one by one, once each."""
    real_time = RealTime(road.store, road.model)
    for one in said.values():
        real_time.upsert([one])
    return road


def stored(store: Store) -> dict[RecordKey, tuple[datetime | None, bool, dict[str, str | None]]]:
    """When each record was changed, whether it is gone at its source, and what it says."""
    own = (records.c.source, records.c.native_id, records.c.updated_at, records.c.deleted, records.c.raw)
    with store.read() as connection:
        rows = connection.execute(select(*own)).all()
    return {RecordKey(row[0], row[1]): (row[2], row[3], orjson.loads(row[4])) for row in rows}


def feed_faults(store: Store) -> list[str]:
    """Where the feed has a gap, or a customer's versions do not rise by one from its beginning to what it is now."""
    found: list[str] = []
    versions: dict[str, int] = defaultdict(int)
    standing: set[str] = set()
    for place, change in enumerate(feed(store, after=0, limit=10**6).changes, start=1):
        if change.sequence != place:
            found.append(f"{change.sequence} stands where {place} belongs")
        if change.kind == "merged":  # it is no more; should it come back, it goes on counting
            standing.discard(change.customer_id)
            continue
        if change.kind == "consent_changed":  # told beside an update, of the same version
            if change.version != versions[change.customer_id]:
                found.append(f"{change.sequence}: consents of version {change.version}")
            continue
        if change.version != versions[change.customer_id] + 1:
            found.append(f"{change.sequence}: version {change.version} after {versions[change.customer_id]}")
        versions[change.customer_id] = change.version or 0
        standing.add(change.customer_id)
    with store.read() as connection:
        now = dict(connection.execute(select(customers.c.customer_id, customers.c.version)).all())
    told = {name: versions[name] for name in standing}
    return found + ([] if told == now else ["the feed does not end at the versions that are stored"])


def test_what_racing_writers_leave_is_what_one_writer_leaves(
    databases: Databases, model: MatchModel, tmp_path: Path
) -> None:
    size = size_for(databases.backend)
    plan = plans(size, seed=SEED)
    url, said = databases.url(), last_versions(plan)
    road = Road(databases.open(url), model)
    race = Race(url, tmp_path, plan, size.kills)
    race.run(model)
    assert race.errors == []
    assert race.killed == size.kills
    assert {
        key: (at, gone, dict.fromkeys(said[key].fields) | raw) for key, (at, gone, raw) in stored(road.store).items()
    } == {key: (one.updated_at, one.deleted, one.fields) for key, one in said.items()}
    assert verify(road.store, model).differences == 0
    assert feed_faults(road.store) == []
    alone = taken_alone(Road(databases.open(), model), said)
    assert partition(road) == partition(alone)
    assert golden_by_records(road) == golden_by_records(alone)


def at_once(*work: Callable[[], Upserted]) -> list[Upserted]:
    """Do several things in threads that begin at one moment."""
    gate = threading.Barrier(len(work))

    def gated(one: Callable[[], Upserted]) -> Upserted:
        gate.wait(PATIENCE)
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(gated, work))


@pytest.fixture
def real_time(road: Road) -> RealTime:
    return RealTime(road.store, road.model)


def sender(real_time: RealTime, key: RecordKey, number: int) -> Callable[[], Upserted]:
    """Sends a record of somebody who has nothing in common with those of other numbers."""
    fields = {
        "first_name": FIRST[number],
        "last_name": LAST[number],
        "birth_date": f"12/03/{1940 + 2 * number}",
        "email": f"{FIRST[number]}.{LAST[number]}@mail.example.fr".lower(),
        "mobile": f"06 39 98 {number:02} 34",
    }
    return lambda: real_time.upsert([Given(key, fields)])[0]


def test_two_records_of_one_new_person_at_once_are_one_customer(real_time: RealTime) -> None:
    for number in range(ROUNDS):
        keys = RecordKey("till", str(number)), RecordKey("shop", str(number))
        told = at_once(*(sender(real_time, key, number) for key in keys))
        assert len({one.customer_id for one in told}) == 1
        assert sorted(one.happened for one in told) == [Happened.CREATED, Happened.JOINED]
    with real_time.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(customers)).scalar_one() == ROUNDS
    assert verify(real_time.store, real_time.model).differences == 0
    assert feed_faults(real_time.store) == []


def test_one_record_sent_twice_at_once_is_taken_once(real_time: RealTime) -> None:
    for number in range(ROUNDS):
        told = at_once(*[sender(real_time, RecordKey("till", str(number)), number)] * 2)
        assert sorted(one.content for one in told) == [Content.NEW, Content.UNCHANGED]
        assert {(one.customer_id, one.version) for one in told} == {(told[0].customer_id, 1)}


def test_who_writes_about_others_does_not_wait_and_who_writes_about_the_same_does(
    real_time: RealTime, databases: Databases
) -> None:
    """SQLite has one writer at a time, whomever it writes about."""
    keys = [RecordKey("till", "1"), RecordKey("till", "2")]
    with ThreadPoolExecutor(2) as pool:
        with real_time.store.changing() as connection:
            Locks(connection).take({name_of("record", keys[0])})
            same, other = (pool.submit(sender(real_time, key, place)) for place, key in enumerate(keys))
            if databases.backend == "postgresql":
                assert other.result(PATIENCE).happened is Happened.CREATED
            assert not wait([same], timeout=0.5).done
        assert same.result(PATIENCE).happened is Happened.CREATED
        assert other.result(PATIENCE).happened is Happened.CREATED
