"""The history of a cluster: its links in order, what it refused and why, and it ends in the cluster itself."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.matching.clustering import Constraints, cluster
from rcu.matching.history import candidates_of, heaviest, history
from rcu.matching.scoring import Kernel, weigh_candidates
from rcu.matching.unions import Outcome
from tests.unit.matching.worlds import Record, encode, person, persons, small_model

MODEL = small_model(match_probability=0.3)


@settings(max_examples=150, deadline=None)
@given(records=persons(), data=st.data())
def test_the_links_joined_are_those_that_hold_the_cluster_together(records: list[Record], data: st.DataObject) -> None:
    kernel = Kernel(encode(records, MODEL.columns()), MODEL)
    pairs, rank = weigh_candidates(kernel), np.arange(len(records), dtype=np.int64)
    some = st.lists(st.tuples(*2 * [st.integers(0, max(len(records) - 1, 0))]).filter(lambda two: two[0] != two[1]))
    must, cannot = (
        np.array(data.draw(some) if len(records) > 1 else [], dtype=np.int64).reshape(-1, 2)[:2] for _ in "ab"
    )
    constraints = Constraints(must, cannot)
    found = cluster(kernel, pairs, rank, constraints=constraints).cluster
    for row in range(len(records)):
        events = history(kernel, pairs, rank, row, constraints=constraints)
        joined = [event for event in events if event.outcome is Outcome.JOINED]
        together = {row}.union(*({event.left, event.right} for event in joined))
        assert together == set(np.flatnonzero(found == found[row]).tolist())
        assert len(joined) == len(together) - 1
        assert [event.weight for event in joined] == sorted((event.weight for event in joined), reverse=True)
        for event in events:
            if event.outcome is Outcome.REFUSED:
                assert event.because is None or event.reason


def test_a_refused_link_says_who_may_not_be_together_and_why() -> None:
    records = [
        person("ZOE", "DURAND", birth_date="1950-05-01", email_key="a@x.fr"),
        person("ZOE", "DURAND", email_key="a@x.fr"),
        person("ZOE", "DURAND", birth_date="1980-11-23", email_key="a@x.fr"),
    ]
    kernel = Kernel(encode(records, MODEL.columns()), MODEL)
    events = history(kernel, weigh_candidates(kernel), np.arange(3), 1)
    refused = [event for event in events if event.outcome is Outcome.REFUSED]
    assert [(event.because, event.reason) for event in refused] == [((0, 2), "two dates of birth")]


def test_the_nearest_records_are_the_heaviest_candidates_whatever_they_weigh() -> None:
    records = [person("ZOE", "DURAND"), person("MARIE", "MARTIN"), person("JEAN", "DURAND"), person("ZOE", "DURAND")]
    kernel = Kernel(encode(records, MODEL.columns()), MODEL)
    near = heaviest(candidates_of(kernel, 0), 1)
    assert (near.left.tolist(), near.right.tolist()) == ([0], [3])
    assert len(candidates_of(kernel, 1)) == 0
