"""What depends on how often a value occurs is worked out again, for unchanged records too, when it crosses the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rcu.domain.records import RecordKey
from rcu.matching.blockkeys import BlockingRule
from rcu.matching.model import MatchModel
from rcu.services.arrivals import Given
from rcu.services.upserting import RealTime
from rcu.services.verification import verify
from tests.conftest import Databases, Road
from tests.e2e.test_deliveries import client, till_file
from tests.e2e.test_road import partition

NAMES = ("GARNIER", "LEROUX", "PICARD", "ROGER", "MEUNIER", "LACROIX", "BARBIER")
SHARED = "boutique.du.centre.lyon@gmail.com"


def test_a_mailbox_that_becomes_the_shop_s_parts_whom_it_joined(road: Road, tmp_path: Path) -> None:
    """Two records joined by a mailbox alone part on the day too many names carry it."""
    pair = [client("C1", last="MOREAU", first="", email=SHARED), client("C2", last="", first="PAULE", email=SHARED)]
    bare = [row.replace("12/03/1980;12 RUE DE LA PAIX;;75002;PARIS", ";;;;") for row in pair]
    road.take("till", till_file(tmp_path, "1", *bare))
    road.run()
    assert frozenset({"till:C1", "till:C2"}) in partition(road)
    others = [client(f"C1{place}", last=name, first=f"{name[:4]}INE", email=SHARED) for place, name in enumerate(NAMES)]
    road.take("till", till_file(tmp_path, "2", *bare, *others))
    report = road.run()
    assert frozenset({"till:C1", "till:C2"}) not in partition(road)
    assert report.split == 1
    assert verify(road.store, road.model).differences == 0


def test_a_block_that_grows_too_large_is_split_as_a_rebuild_splits_it(
    databases: Databases, model: MatchModel, tmp_path: Path
) -> None:
    """The pair is brought together by its postcode alone, as long as few live there."""
    rule = BlockingRule(name="postcode", of=("postcode",), most_records=8, then_by=("street_key",))
    road = Road(databases.open(), model.model_copy(update={"blocking": (rule,)}))
    pair = [client("C1", email=SHARED), client("C2", email=SHARED).replace("RUE DE LA PAIX", "AVENUE FOCH")]
    road.take("till", till_file(tmp_path, "1", *pair))
    road.run()
    assert frozenset({"till:C1", "till:C2"}) in partition(road)
    others = [client(f"C1{place}", last=name, first="ODILE") for place, name in enumerate(NAMES)]
    road.take("till", till_file(tmp_path, "2", *pair, *others))
    road.run()
    assert verify(road.store, road.model).differences == 0
    assert frozenset({"till:C1", "till:C2"}) not in partition(road)


@pytest.mark.parametrize(
    ("rule", "crowd"),
    [
        pytest.param({"most_records": 8, "then_by": ("city_key", "street_key")}, 7, id="split by a second column"),
        pytest.param({"most_records": 2, "then_by": ("civility", "street_key")}, 1, id="a part split by a third one"),
        pytest.param({"most_records": 2, "leave_out_above": 8}, 7, id="left out"),
        pytest.param({"most_records": 2, "then_by": ("city_key",), "leave_out_above": 8}, 7, id="a part left out"),
    ],
)
def test_where_a_block_crosses_any_line_and_back_a_rebuild_finds_no_difference(
    databases: Databases, model: MatchModel, tmp_path: Path, rule: dict[str, Any], crowd: int
) -> None:
    blocking = BlockingRule(name="postcode", of=("postcode",), **rule)
    road = Road(databases.open(), model.model_copy(update={"blocking": (blocking,)}))
    pair = [client("C1", email=SHARED), client("C2", email=SHARED).replace("RUE DE LA PAIX", "AVENUE FOCH")]
    others = [client(f"C1{place}", last=name, first="ODILE") for place, name in enumerate(NAMES[:crowd])]
    moved = [row.replace("75002;PARIS", "69003;LYON").replace("05/06/2025", "06/06/2025") for row in others]
    together = []
    for number, rows in enumerate([pair, pair + others, pair + moved]):
        road.take("till", till_file(tmp_path, str(number), *rows))
        road.run()
        assert verify(road.store, road.model).differences == 0
        together.append(frozenset({"till:C1", "till:C2"}) in partition(road))
    assert together == [True, False, True]


def test_a_household_whose_member_an_import_moved_and_no_run_has_seen_is_left_by_it(road: Road, tmp_path: Path) -> None:
    """The housemate is worked out because somebody moves in, and turns out to live elsewhere by now."""
    crowd = [client(f"C1{place}", last=name, first="ODILE") for place, name in enumerate(NAMES)]
    road.take("till", till_file(tmp_path, "1", client("C1", first="HENRI"), *crowd))
    road.run()
    moved = client("C1", first="HENRI").replace("75002;PARIS", "69003;LYON").replace("05/06/2025", "06/06/2025")
    road.take("till", till_file(tmp_path, "2", moved))
    fields = {"first_name": "PAULE", "last_name": "DUPONT", "address_line": "12 RUE DE LA PAIX", "postcode": "75002"}
    RealTime(road.store, road.model).upsert([Given(RecordKey("shop", "1"), {**fields, "city": "PARIS"})])
    road.run()
    assert verify(road.store, road.model).differences == 0
