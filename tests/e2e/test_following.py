"""Whoever follows the feed sees every change once and in order, is told of consents, and is told what is gone.

`RCU_TEST_FEED=4000` for a night: so many upserts by 8 writers.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from rcu.errors import Conflict
from rcu.matching.model import MatchModel
from rcu.services.following import ChangesGone, Feed, FeedWatch, feed, forget_changes, newest_change
from rcu.services.running import run
from rcu.services.upserting import RealTime
from rcu.store import publishing
from rcu.store.engine import Store
from rcu.store.publishing import Told
from tests.conftest import NOW, Databases, Road, clock
from tests.e2e.racing import Batch, Size, plans
from tests.e2e.reading import seen
from tests.e2e.test_deliveries import client, till_file

UPSERTS: Final = int(os.environ.get("RCU_TEST_FEED", "40"))
WRITERS: Final = 8


class Reading:
    """A reader that is a process of its own, and is killed and started again."""

    def __init__(self, url: str, journal: Path) -> None:
        self._command = [sys.executable, "-m", "tests.e2e.reading", url, str(journal)]
        self.journal, self.kills = journal, 0
        self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, cwd=Path(__file__).parents[2])

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self.kills += 1

    def again(self) -> None:
        self.kill()
        self._process = self._started()


@contextmanager
def reading(url: str, journal: Path) -> Iterator[Reading]:
    made = Reading(url, journal)
    try:
        yield made
    finally:
        made.kill()


def write(store: Store, model: MatchModel, plan: list[Batch]) -> None:
    real_time = RealTime(store, model, clock=clock)
    waiting = list(plan)
    while waiting:
        try:
            real_time.upsert(waiting[0])
        except Conflict:
            continue
        del waiting[0]


def wait_until_seen(journal: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(seen(journal)) < count and time.monotonic() < deadline:
        time.sleep(0.01)


def test_a_reader_that_is_killed_sees_every_change_once_while_eight_write(
    databases: Databases, model: MatchModel, tmp_path: Path
) -> None:
    url = databases.url()
    store = Road(databases.open(url), model).store
    plan = plans(Size(WRITERS, UPSERTS, people=UPSERTS // 4, kills=0), seed=3)
    writers = [threading.Thread(target=write, args=(store, model, one)) for one in plan]
    with reading(url, tmp_path / "journal") as reader:
        for one in writers:
            one.start()
        for part in range(1, 4):
            wait_until_seen(reader.journal, part * UPSERTS // 8)
            reader.again()
        for one in writers:
            one.join()
        newest = newest_change(store)
        wait_until_seen(reader.journal, newest)
    found = seen(reader.journal)
    assert [one["sequence"] for one in found] == list(range(1, newest + 1))
    assert reader.kills == 4
    versions: dict[str, list[int]] = defaultdict(list)
    for one in found:
        if one["version"] is not None:
            versions[one["customer"]].append(one["version"])
    assert all(told == sorted(told) for told in versions.values())


# Consents


def kinds_after(store: Store, after: int) -> list[tuple[str, int | None]]:
    return [(one.kind, one.version) for one in feed(store, after=after, limit=1000).changes]


def permitting(email: str, *, day: int, changed: str = "05/06/2025 10:00:00") -> str:
    """Jeanne, who says on a day what may be done with her mailbox."""
    row = client("C1", email="jeanne.dupont@mail.example.fr", changed=changed)
    return f"{row.removesuffix(';;;')};{email};;{day:02}/06/2025"


NAMES = ("MARTIN", "LEROY", "PETIT", "MOREL", "GARNIER", "ROUX", "BLANC", "FAURE", "HENRY", "PERRIN", "MICHEL")


def export(folder: Path, name: str, jeanne: str) -> Path:
    return till_file(folder, name, jeanne, *(client(f"D{place}", last=last) for place, last in enumerate(NAMES)))


@pytest.fixture
def customer(road: Road, tmp_path: Path) -> Road:
    road.take("till", export(tmp_path, "20260101", permitting("O", day=1)))
    road.run()
    return road


def test_a_consent_that_changes_is_told_beside_the_update(customer: Road, tmp_path: Path) -> None:
    before = newest_change(customer.store)
    customer.take("till", export(tmp_path, "20260102", permitting("N", day=2)))
    customer.run()
    assert kinds_after(customer.store, before) == [("updated", 2), ("consent_changed", 2)]


def test_a_run_over_everything_tells_it_too(customer: Road, tmp_path: Path) -> None:
    before = newest_change(customer.store)
    customer.take("till", export(tmp_path, "20260102", permitting("N", day=2)))
    run(customer.store, customer.model, clock=clock, everything=True)
    assert kinds_after(customer.store, before) == [("updated", 2), ("consent_changed", 2)]


def test_an_update_that_permits_the_same_is_only_an_update(customer: Road, tmp_path: Path) -> None:
    before = newest_change(customer.store)
    customer.take("till", export(tmp_path, "20260102", permitting("O", day=3)))
    customer.run()
    assert kinds_after(customer.store, before) == [("updated", 2)]


# Filter, bounds, what is gone


def announce(store: Store, *told: Told, days: int = 0) -> None:
    with store.begin() as connection:
        publishing.announce(connection, told, NOW + timedelta(days=days))


def some(count: int, kind: str = "updated") -> list[Told]:
    return [Told(f"c{place}", kind, 1) for place in range(count)]


def test_a_filter_goes_on_behind_what_it_left_out(store: Store) -> None:
    announce(store, *some(3), *some(2, "created"), *some(4))
    found = feed(store, after=0, limit=10, kinds={"created"})
    assert ([one.sequence for one in found.changes], found.next_after) == ([4, 5], 9)
    first = feed(store, after=0, limit=1, kinds={"created"})
    assert ([one.sequence for one in first.changes], first.next_after) == ([4], 4)


def test_an_empty_feed_has_bounds(store: Store) -> None:
    assert feed(store, after=0, limit=10) == Feed((), 0, 1, 0)


def test_what_is_old_is_forgotten_and_who_asks_for_it_is_told(store: Store) -> None:
    announce(store, *some(3), days=0)
    announce(store, *some(2), days=10)
    announce(store, *some(1), days=5)  # another clock
    assert forget_changes(store, NOW + timedelta(days=7)) == 3
    with pytest.raises(ChangesGone) as gone:
        feed(store, after=2, limit=10)
    assert (gone.value.oldest, gone.value.newest) == (4, 6)
    assert [one.sequence for one in feed(store, after=3, limit=10).changes] == [4, 5, 6]
    assert forget_changes(store, NOW + timedelta(days=70)) == 3
    assert feed(store, after=6, limit=10) == Feed((), 6, 7, 6)
    with pytest.raises(ChangesGone):
        feed(store, after=5, limit=10)


# Waiting


class Time:
    """A clock that goes on when somebody sleeps, and what happens meanwhile."""

    def __init__(self, **happens: Any) -> None:
        self.seconds, self.asked, self.happens = 0.0, 0, {float(at[1:]): act for at, act in happens.items()}

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.seconds += seconds
        for at in sorted(self.happens):
            if at <= self.seconds:
                self.happens.pop(at)()

    def watch(self, store: Store) -> FeedWatch:
        def newest() -> int:
            self.asked += 1
            return newest_change(store)

        return FeedWatch(newest, clock=self.now, sleep=self.sleep)


def following(
    store: Store, passing: Time, *waits: tuple[int, float], kinds: frozenset[str] = frozenset()
) -> list[Feed]:
    async def all_of_them() -> list[Feed]:
        watch = passing.watch(store)

        def read(after: int) -> Feed:
            return feed(store, after=after, limit=10, kinds=kinds)

        return await asyncio.gather(*(watch.follow(read, after, seconds=seconds) for after, seconds in waits))

    return asyncio.run(all_of_them())


def test_who_waits_is_told_when_something_comes(store: Store) -> None:
    passing = Time(_2=lambda: announce(store, *some(2)))
    (found,) = following(store, passing, (0, 30))
    assert ([one.sequence for one in found.changes], found.next_after) == ([1, 2], 2)
    assert 2 <= passing.seconds < 3


def test_who_waits_is_let_go_when_the_time_is_over(store: Store) -> None:
    passing = Time()
    (found,) = following(store, passing, (0, 3))
    assert (found.changes, found.next_after) == ((), 0)
    assert 3 <= passing.seconds < 4


def test_what_is_there_is_told_at_once(store: Store) -> None:
    announce(store, *some(1))
    passing = Time()
    (found,) = following(store, passing, (0, 30))
    assert (len(found.changes), passing.seconds, passing.asked) == (1, 0, 0)


def test_all_who_wait_share_one_question(store: Store) -> None:
    passing = Time(_1=lambda: announce(store, *some(1)))
    found = following(store, passing, *([(0, 30)] * 50))
    assert all(len(one.changes) == 1 for one in found)
    assert passing.asked < len(found)  # each for itself, they would ask four times each


def test_who_waits_for_a_kind_is_not_told_of_others(store: Store) -> None:
    passing = Time(_1=lambda: announce(store, *some(2)), _2=lambda: announce(store, *some(1, "merged")))
    (found,) = following(store, passing, (0, 30), kinds=frozenset({"merged"}))
    assert ([one.kind for one in found.changes], found.next_after) == (["merged"], 3)


def test_a_server_that_ends_lets_everybody_go(store: Store) -> None:
    async def ending() -> bool:
        watch = FeedWatch(lambda: 0)
        waiting = asyncio.create_task(watch.beyond(0, until=1e12))
        await asyncio.sleep(0)
        watch.close()
        return await waiting or await watch.beyond(0, until=1e12)

    assert asyncio.run(ending()) is False


def test_a_database_that_fails_is_the_error_of_who_waits(store: Store) -> None:
    def broken() -> int:
        raise Conflict("gone")

    async def waiting() -> None:
        await FeedWatch(broken, sleep=lambda _: asyncio.sleep(0)).beyond(0, until=1e12)

    with pytest.raises(Conflict):
        asyncio.run(waiting())
