"""The whole road on small exports: what comes out, and that nothing depends on how it went in."""

from __future__ import annotations

import gzip
import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import orjson
import pandas as pd
import pytest

from rcu.services.evaluation import evaluate_store
from rcu.services.following import feed
from rcu.services.listing import customers_page
from rcu.services.verification import verify
from rcu.store import customers as customer_rows
from tests.conftest import Road, files_of


def partition(road: Road) -> frozenset[frozenset[str]]:
    """The clusters as sets of record keys."""
    with road.store.read() as connection:
        rows = customer_rows.record_clusters(connection)
    clusters: dict[int, set[str]] = {}
    for source, native_id, cluster in rows:
        clusters.setdefault(cluster, set()).add(f"{source}:{native_id}")
    return frozenset(frozenset(keys) for keys in clusters.values())


def profiles(road: Road) -> list[dict]:
    """All profile documents."""
    page = customers_page(road.store, cursor=None, limit=100_000)
    return [orjson.loads(profile.profile) for profile in page.profiles]


def golden_by_records(road: Road) -> dict[frozenset[str], object]:
    """Everything in the profiles that does not hang on when a record arrived, by the records of the customer."""
    found = {}
    for profile in profiles(road):
        keys = frozenset(f"{record['source']}:{record['native_id']}" for record in profile["records"])
        household = profile["household"]
        found[keys] = (
            profile["golden"], profile["provenance"], profile["contact_points"], profile["aggregates"],
            profile["scores"], len(household["members"]) if household else 0,
        )  # fmt: skip
    return found


def test_the_clusters_are_close_to_the_truth(travelled: Road, exports: Path) -> None:
    overall = evaluate_store(travelled.store, exports / "truth.csv").overall
    assert overall.pairwise.f1 >= 0.85
    assert overall.b_cubed.f1 >= 0.93
    assert overall.largest_cluster <= 30


def test_a_rebuild_finds_no_difference(travelled: Road) -> None:
    found = verify(travelled.store, travelled.model)
    assert found.differences == 0
    assert found.customers == len(profiles(travelled))


def test_importing_the_same_exports_again_changes_nothing(travelled: Road, exports: Path) -> None:
    before = feed(travelled.store, after=0, limit=100_000)
    reports = travelled.take_all(exports)
    report = travelled.run()
    assert all(one.again and not (one.records.new or one.records.changed or one.events.new) for one in reports)
    assert (report.touched, report.created, report.updated, report.merged, report.split) == (0, 0, 0, 0, 0)
    assert feed(travelled.store, after=0, limit=100_000) == before


def test_the_same_rows_in_other_files_change_nothing(travelled: Road, exports: Path, tmp_path: Path) -> None:
    """A nightly full export has other bytes and the same rows."""
    before = feed(travelled.store, after=0, limit=100_000)
    again = tmp_path / "CLIENTS_20260101.csv"
    again.write_bytes((exports / "till" / "CLIENTS_20251231.csv").read_bytes() + b"\r\n")
    reports = travelled.take("till", again)
    report = travelled.run()
    assert not reports[0].again
    assert (reports[0].records.new, reports[0].records.changed, reports[0].consents) == (0, 0, 0)
    assert report.touched == 0
    assert feed(travelled.store, after=0, limit=100_000) == before


def test_the_order_of_the_sources_changes_nothing_but_ids(make_road: Callable[[], Road], exports: Path) -> None:
    outcomes = []
    for order in itertools.permutations(("till", "shop", "email")):
        road = make_road()
        road.take_all(exports, order)
        road.run()
        outcomes.append(golden_by_records(road))
    assert all(outcome == outcomes[0] for outcome in outcomes[1:])


def test_a_run_after_each_source_gives_what_one_run_at_the_end_gives(
    travelled: Road, make_road: Callable[[], Road], exports: Path
) -> None:
    road = make_road()
    for source in ("email", "till", "shop"):
        road.take(source, *files_of(exports, source))
        road.run()
    assert verify(road.store, road.model).differences == 0
    assert golden_by_records(road) == golden_by_records(travelled)


def test_orders_that_come_before_their_customers_wait_for_them(
    travelled: Road, make_road: Callable[[], Road], exports: Path
) -> None:
    road = make_road()
    for source in ("till", "shop", "email"):
        for path in reversed(files_of(exports, source)):
            road.take(source, path)
    road.run()
    assert golden_by_records(road) == golden_by_records(travelled)


def test_aggregates_equal_a_recount_of_the_valid_lines(travelled: Road, exports: Path) -> None:
    """Counted by hand from the till's file, without any code of RCU's."""
    broken = pd.read_csv(exports / "broken.csv", dtype=str)
    skipped = set(broken.loc[broken["file"] == "till/TICKETS_2025.csv.gz", "line"].astype(int))
    cents: Counter[str] = Counter()
    with gzip.open(exports / "till" / "TICKETS_2025.csv.gz", "rt", encoding="cp1252", newline="") as file:
        for number, line in enumerate(file, start=1):
            values = line.rstrip("\r\n").split(";")
            if number > 1 and number not in skipped:
                cents[values[6]] += int(values[13].replace(",", ""))
    found = {}
    for profile in profiles(travelled):
        till = [record["native_id"] for record in profile["records"] if record["source"] == "till"]
        for orders in profile["aggregates"]["orders"]:
            store = orders["by_channel"].get("store")
            if store:
                found[tuple(till)] = (int(store["net_revenue"].replace(".", "")), sum(cents[code] for code in till))
    assert found
    assert [pair for pair in found.values() if pair[0] != pair[1]] == []


@pytest.mark.parametrize("source", ["till", "shop", "email"])
def test_accepted_plus_refused_rows_are_the_rows_of_each_file(road: Road, exports: Path, source: str) -> None:
    broken = pd.read_csv(exports / "broken.csv", dtype=str)
    for report in road.take(source, *files_of(exports, source)):
        assert report.rows_accepted + report.rows_refused == report.rows_read
        assert report.rows_refused == (broken["file"] == f"{source}/{report.name}").sum()
