"""Clusters: who ends as one person, in words; and that nothing but records, links and constraints decides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.matching.arrays import Index
from rcu.matching.clustering import LARGEST_EXAMINED, Clustering, Constraints, cluster, components
from rcu.matching.model import MatchModel
from rcu.matching.scoring import Kernel, WeighedPairs, weigh_candidates
from tests.unit.matching.worlds import encode, groups, small_model

Pair = tuple[int, int]


# --- in words: the shipped model --------------------------------------------------------------------------------------

HOME = {"postcode": "35000", "street_key": "RUE LILAS", "street_number": "12", "city_key": "RENNES"}
MAILBOX = {"email_key": "martin@free.fr"}


def named(first: str | None, last: str | None = "MARTIN", **others: str) -> dict[str, str | None]:
    sound = {"last_name_sound": last} if last else {}
    return {"first_name_key": first, "first_name_root": first, "last_name_key": last, **sound, **others}


def persons_of(model: MatchModel, records: Mapping[str, Mapping[str, str | None]]) -> set[frozenset[str]]:
    """The persons the whole engine makes of some records, by the records' names."""
    names = list(records)
    kernel = Kernel(encode(list(records.values()), model.columns()), model)
    rank = np.array([sorted(names).index(name) for name in names], dtype=np.int64)
    found = cluster(kernel, weigh_candidates(kernel), rank)
    return {frozenset(names[row] for row in rows) for rows in groups(found.cluster)}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param(
            {
                "till": named("MARIE", mobile="+33612345678", **HOME),
                "shop": named("MARIE", mobile="+33612345678", email_key="marie@free.fr"),
                "email": named("MARIE", email_key="marie@free.fr"),
            },
            {frozenset({"till", "shop", "email"})},
            id="one person known to three sources is one",
        ),
        pytest.param(
            {"father": named("JEAN", **HOME, **MAILBOX), "son": named("PAUL", **HOME, **MAILBOX)},
            {frozenset({"father"}), frozenset({"son"})},
            id="father and son with one mailbox stay apart",
        ),
        pytest.param(
            {
                "father": named("JEAN", mobile="+33612345678", **HOME, **MAILBOX),
                "son": named("PAUL", mobile="+33687654321", **HOME, **MAILBOX),
                "no first name": named(None, mobile="+33612345678", **HOME, **MAILBOX),
            },
            {frozenset({"father", "no first name"}), frozenset({"son"})},
            id="a record that could be either does not join father and son, and goes where it fits best",
        ),
        pytest.param(
            {
                "father": named("JEAN", birth_date="1950-05-01", mobile="+33612345678", **HOME, **MAILBOX),
                "son": named("JEAN", birth_date="1980-11-23", mobile="+33612345678", **HOME, **MAILBOX),
            },
            {frozenset({"father"}), frozenset({"son"})},
            id="two birth dates are never one person, whatever else agrees",
        ),
        pytest.param(
            {
                "one": named("JEAN", birth_date="1950-05-01", mobile="+33612345678", **HOME),
                "other": named("JEAN", birth_date="1980-11-23", email_key="jean@free.fr", **HOME),
                "bridge": named("JEAN", mobile="+33612345678", email_key="jean@free.fr", **HOME),
            },
            {frozenset({"one", "bridge"}), frozenset({"other"})},
            id="nor through a third record without one, which goes with the mobile rather than the mailbox",
        ),
        pytest.param(
            {
                "one": named("ANNE", birth_date="1950-05-01", mobile="+33612345678"),
                "slip": named("ANNE", birth_date="1950-01-05", mobile="+33612345678"),
            },
            {frozenset({"one", "slip"})},
            id="day and month that changed places are one birth date",
        ),
        pytest.param(
            {"one": named("JEAN"), "other": named("JEAN")},
            {frozenset({"one"}), frozenset({"other"})},
            id="a common name alone is not enough",
        ),
        pytest.param(
            {"wife": named("ANNE", **HOME), "husband": named("PAUL", **HOME)},
            {frozenset({"wife"}), frozenset({"husband"})},
            id="a couple at one address stay apart",
        ),
        pytest.param({}, set(), id="nobody"),
    ],
)
def test_who_is_who(
    model: MatchModel, records: Mapping[str, Mapping[str, str | None]], expected: set[frozenset[str]]
) -> None:
    assert persons_of(model, records) == expected
    backwards = dict(reversed(records.items()))
    assert persons_of(model, backwards) == expected


# --- by hand: links and constraints, without any comparison -----------------------------------------------------------

MODEL = small_model(
    comparisons=[
        {
            "name": "account",
            "shows": ["account"],
            "missing": {"test": "absent", "of": ["account"]},
            "levels": [{"name": "any", "says": "", "m": 0.5, "h": 0.5, "u": 0.5}],
        }
    ],
    contradictions=[],
    frequencies={},
    match_probability=0.5,
)


@dataclass(frozen=True)
class World:
    """Records by number, with their weighed links, what people said of them, and their accounts."""

    size: int
    links: Sequence[tuple[int, int, float]] = ()
    must: Sequence[Pair] = ()
    cannot: Sequence[Pair] = ()
    accounts: Mapping[int, str] = field(default_factory=dict)
    rank: Sequence[int] | None = None

    def clustered(self) -> Clustering:
        kernel = Kernel(
            encode([{"account": self.accounts.get(row)} for row in range(self.size)], MODEL.columns()), MODEL
        )
        return cluster(
            kernel, weighed(self.links), self.ranks(), constraints=Constraints(pairs(self.must), pairs(self.cannot))
        )

    def ranks(self) -> Index:
        return np.array(range(self.size) if self.rank is None else self.rank, dtype=np.int64)

    def moved(self, to: Sequence[int]) -> World:
        """The same world with record i in row to[i]."""
        rank = self.ranks()
        return World(
            self.size,
            [(to[one], to[other], weight) for one, other, weight in self.links],
            [(to[one], to[other]) for one, other in self.must],
            [(to[one], to[other]) for one, other in self.cannot],
            {to[row]: account for row, account in self.accounts.items()},
            [int(rank[row]) for row in np.argsort(to)],
        )

    def contradicted(self) -> set[frozenset[int]]:
        rows = combinations(self.accounts, 2)
        return {frozenset(two) for two in rows if self.accounts[two[0]] != self.accounts[two[1]]}

    def followed(self) -> list[tuple[float, int, int]]:
        """The links that join, by falling weight, then rank."""
        return self.in_order([(weight, one, other) for one, other, weight in self.links if weight >= 0])

    def in_order(self, links: list[tuple[float, int, int]]) -> list[tuple[float, int, int]]:
        rank = self.ranks().tolist()
        return sorted(links, key=lambda link: (-link[0], *sorted((rank[link[1]], rank[link[2]]))))

    def decided(self, *, must: Sequence[Pair] = (), cannot: Sequence[Pair] = ()) -> World:
        """The same world with more decisions."""
        return replace(self, must=[*self.must, *must], cannot=[*self.cannot, *cannot])


def pairs(given_pairs: Sequence[Pair]) -> Index:
    return np.array(given_pairs, dtype=np.int64).reshape(-1, 2)


def weighed(links: Sequence[tuple[int, int, float]]) -> WeighedPairs:
    left, right = pairs([link[:2] for link in links]).T
    weight = np.array([link[2] for link in links], dtype=np.float64)
    return WeighedPairs(
        left, right, weight, np.zeros((len(links), 1), dtype=np.int8), np.zeros(len(links), dtype=np.int64)
    )


@pytest.mark.parametrize(
    ("world", "expected", "refused"),
    [
        pytest.param(World(3, [(0, 1, 5.0), (1, 2, 1.0)]), [{0, 1, 2}], [], id="links join, directly or not"),
        pytest.param(
            World(3, [(0, 1, 5.0), (1, 2, -0.1)]), [{0, 1}, {2}], [], id="a link below the threshold does not"
        ),
        pytest.param(
            World(2, [(0, 1, 30.0)], cannot=[(0, 1)]), [{0}, {1}], [(0, 1)], id="a cannot-link beats any weight"
        ),
        pytest.param(
            World(3, [(0, 1, 9.0), (1, 2, 3.0)], cannot=[(0, 2)]),
            [{0, 1}, {2}],
            [(1, 2)],
            id="between two links that cannot both hold the heavier holds",
        ),
        pytest.param(
            World(3, [(0, 1, 9.0)], must=[(1, 2)], cannot=[(0, 2)]),
            [{0}, {1, 2}],
            [(0, 1)],
            id="a must-link comes before any weight",
        ),
        pytest.param(World(3, must=[(0, 2)]), [{0, 2}, {1}], [], id="a must-link needs no weight at all"),
        pytest.param(
            World(2, must=[(0, 1)], cannot=[(0, 1)]),
            [{0}, {1}],
            [(0, 1)],
            id="a must-link against a cannot-link is refused",
        ),
        pytest.param(
            World(4, must=[(0, 1), (1, 2), (2, 3)], cannot=[(0, 3)]),
            [{0, 1, 2}, {3}],
            [(2, 3)],
            id="the must-link that would close the way to a cannot-link is refused",
        ),
        pytest.param(
            World(3, [(0, 1, 5.0), (1, 2, 4.0)], accounts={0: "a", 2: "b"}),
            [{0, 1}, {2}],
            [(1, 2)],
            id="two accounts are never one person",
        ),
        pytest.param(
            World(3, must=[(0, 1), (1, 2)], accounts={0: "a", 2: "b"}),
            [{0, 1, 2}],
            [],
            id="what a steward joined, no contradiction parts",
        ),
        pytest.param(
            World(3, [(0, 1, 5.0), (1, 2, 4.0)], accounts={0: "a", 2: "a"}),
            [{0, 1, 2}],
            [],
            id="one account is no obstacle",
        ),
        pytest.param(
            World(3, [(0, 1, 5.0), (1, 2, 5.0)], cannot=[(0, 2)], rank=[30, 20, 10]),
            [{0}, {1, 2}],
            [(0, 1)],
            id="of two links of one weight the one with the lower ranks holds",
        ),
        pytest.param(
            World(3, [(0, 1, 5.0), (1, 2, 5.0)], cannot=[(0, 2)], rank=[10, 20, 30]),
            [{0, 1}, {2}],
            [(1, 2)],
            id="whatever rows the records are in",
        ),
        pytest.param(
            World(4, [(0, 1, 5.0), (2, 3, 5.0)], cannot=[(0, 2)]),
            [{0, 1}, {2, 3}],
            [],
            id="a cannot-link between two clusters that never met changes nothing",
        ),
    ],
)
def test_links_and_constraints(world: World, expected: list[set[int]], refused: list[Pair]) -> None:
    found = world.clustered()
    assert groups(found.cluster) == {frozenset(rows) for rows in expected}
    assert [tuple(link) for link in found.refused.tolist()] == refused


def test_a_cluster_is_named_after_its_lowest_row() -> None:
    world = World(5, [(4, 2, 5.0), (3, 1, 5.0)], accounts={3: "a", 1: "b"})
    assert world.clustered().cluster.tolist() == [0, 1, 2, 3, 2]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    size = draw(st.integers(2, 8))
    pair = st.tuples(*2 * [st.integers(0, size - 1)]).filter(lambda rows: rows[0] != rows[1])
    links = draw(
        st.dictionaries(
            pair.map(lambda rows: tuple(sorted(rows))), st.sampled_from([-1.0, 0.0, 1.0, 2.0, 5.0]), max_size=14
        )
    )
    return World(
        size,
        [(*rows, weight) for rows, weight in links.items()],
        draw(st.lists(pair, max_size=2)),
        draw(st.lists(pair, max_size=4)),
        draw(st.dictionaries(st.integers(0, size - 1), st.sampled_from("ab"), max_size=4)),
        draw(st.permutations(range(size))),
    )  # fmt: skip


Groups = dict[int, frozenset[int]]


def apart(size: int) -> Groups:
    return {row: frozenset({row}) for row in range(size)}


def joined(groups_: Groups, one: int, other: int) -> Groups:
    both = groups_[one] | groups_[other]
    return groups_ | dict.fromkeys(both, both)


def naive(world: World) -> set[frozenset[int]]:
    """Links by falling weight unless contradicted; then, with must-links first, unless a cannot-link is connected."""
    thought = apart(world.size)
    for _, one, other in world.followed():
        both = thought[one] | thought[other]
        if not any(pair <= both for pair in world.contradicted()):
            thought = joined(thought, one, other)
    links = [link for link in world.followed() if link[2] in thought[link[1]]]
    clusters = connected = apart(world.size)
    for _, one, other in world.in_order([(np.inf, *pair) for pair in world.must] + links):
        clash = any(
            (a in connected[one] and b in connected[other]) or (b in connected[one] and a in connected[other])
            for a, b in world.cannot
        )
        if other not in connected[one] and not clash:
            clusters = joined(clusters, one, other)
        connected = joined(connected, one, other)
    return set(clusters.values())


@settings(max_examples=200, deadline=None)
@given(world=worlds())
def test_clusters_are_those_of_the_rule_followed_link_by_link(world: World) -> None:
    assert groups(world.clustered().cluster) == naive(world)


def inside(finer: Index, coarser: Index) -> bool:
    """Whether each cluster of one clustering lies in one cluster of another."""
    return all(len({coarser[row] for row in rows}) == 1 for rows in groups(finer))


@settings(max_examples=200, deadline=None)
@given(world=worlds(), data=st.data())
def test_another_cannot_link_never_joins(world: World, data: st.DataObject) -> None:
    pair = data.draw(st.permutations(range(world.size)))[:2]
    assert inside(world.decided(cannot=[(pair[0], pair[1])]).clustered().cluster, world.clustered().cluster)


@settings(max_examples=200, deadline=None)
@given(world=worlds(), data=st.data())
def test_another_must_link_never_parts_but_what_a_cannot_link_keeps_from_joining(
    world: World, data: st.DataObject
) -> None:
    one, other = data.draw(st.permutations(range(world.size)))[:2]
    before, after = world.clustered().cluster, world.decided(must=[(one, other)]).clustered().cluster
    both = {row for row in range(world.size) if before[row] in (before[one], before[other])}
    if not any({*pair} <= both for pair in world.cannot):
        free = replace(world, cannot=[])
        assert inside(free.clustered().cluster, free.decided(must=[(one, other)]).clustered().cluster)
    if not world.cannot:
        assert inside(before, after)
        assert after[one] == after[other]


@settings(max_examples=60, deadline=None)
@given(world=worlds())
def test_the_quality_of_a_cluster_is_what_a_recount_gives(world: World) -> None:
    found = world.clustered()
    several = sorted((rows for rows in groups(found.cluster) if len(rows) > 1), key=min)
    quality = found.quality
    assert quality.cluster.tolist() == [min(rows) for rows in several]
    assert quality.records.tolist() == [len(rows) for rows in several]
    assert quality.contradictions.tolist() == [sum(pair <= rows for pair in world.contradicted()) for rows in several]
    assert quality.refused.tolist() == [
        sum((one in rows) + (other in rows) for one, other in found.refused.tolist()) for rows in several
    ]
    for rows, weakest in zip(several, quality.weakest.tolist(), strict=True):
        assert weakest == weakest_needed(world, rows)


def weakest_needed(world: World, rows: frozenset[int]) -> float:
    """The weight down to which links must be followed before the rows are one."""
    joined_ = apart(world.size)
    for weight, one, other in world.in_order([(np.inf, *pair) for pair in world.must] + world.followed()):
        if one in rows and other in rows:
            joined_ = joined(joined_, one, other)
        if joined_[min(rows)] == rows:
            return weight
    raise AssertionError(rows)


@settings(max_examples=60, deadline=None)
@given(world=worlds(), data=st.data())
def test_the_order_of_the_records_and_of_their_links_changes_nothing(world: World, data: st.DataObject) -> None:
    to = data.draw(st.permutations(range(world.size)))
    moved = world.moved(to)
    shuffled = World(
        moved.size, data.draw(st.permutations(moved.links)), moved.must, moved.cannot, moved.accounts, moved.rank
    )
    back = {frozenset(to.index(row) for row in rows) for rows in groups(shuffled.clustered().cluster)}
    assert back == groups(world.clustered().cluster)


@settings(max_examples=60, deadline=None)
@given(world=worlds())
def test_no_cannot_link_ends_together_and_a_contradiction_only_by_a_must_link(world: World) -> None:
    found = world.clustered().cluster
    assert all(found[one] != found[other] for one, other in world.cannot)
    unaided = replace(world, must=[]).clustered().cluster
    assert all(unaided[min(pair)] != unaided[max(pair)] for pair in world.contradicted())


@settings(max_examples=60, deadline=None)
@given(world=worlds())
def test_every_link_is_followed_or_refused(world: World) -> None:
    found = world.clustered()
    refused = {tuple(link) for link in found.refused.tolist()}
    for one, other in [*world.must, *((one, other) for one, other, weight in world.links if weight >= 0)]:
        assert (found.cluster[one] != found.cluster[other]) == ((one, other) in refused)


# --- components too large to examine ----------------------------------------------------------------------------------


def chain(weights: Sequence[float]) -> list[tuple[int, int, float]]:
    return [(row, row + 1, weight) for row, weight in enumerate(weights)]


def test_a_component_too_large_to_examine_is_cut_at_its_weakest_link() -> None:
    half = LARGEST_EXAMINED // 2
    weights = [5.0] * half + [0.5] + [5.0] * half
    found = World(len(weights) + 1, chain(weights)).clustered().cluster
    assert pd.Series(found).value_counts().to_dict() == {0: half + 1, half + 1: half + 1}


def test_a_component_that_can_be_examined_is_left_whole() -> None:
    weights = [5.0] * (LARGEST_EXAMINED // 2) + [0.5] + [5.0] * (LARGEST_EXAMINED // 2 - 2)
    assert set(World(len(weights) + 1, chain(weights)).clustered().cluster.tolist()) == {0}


def test_must_links_are_never_cut() -> None:
    size = LARGEST_EXAMINED + 5
    world = World(size, [(0, 1, 3.0)], must=[(row, row + 1) for row in range(1, size - 1)])
    assert groups(world.clustered().cluster) == {frozenset(range(size))}


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        pytest.param([5, 5, 5], [{0, 1, 2, 3}], id="small enough"),
        pytest.param([5, 0.5, 5, 5], [{0, 1}, {2, 3, 4}], id="cut where it is weakest"),
        pytest.param(
            [5, 5, 2.5, 5, 5, 0.5, 5, 5], [{0, 1, 2}, {3, 4, 5}, {6, 7, 8}], id="and again while a part is too large"
        ),
        pytest.param([5, 5, 5, 5], [{0}, {1}, {2}, {3}, {4}], id="links of one weight go together"),
    ],
)
def test_components_of_bounded_size(weights: Sequence[float], expected: list[set[int]]) -> None:
    labels = components(weighed(chain(weights)), len(weights) + 1, floor=0.0, largest=4)
    assert groups(labels) == {frozenset(rows) for rows in expected}


@settings(max_examples=50, deadline=None)
@given(world=worlds(), largest=st.integers(1, 6), data=st.data())
def test_components_are_bounded_and_do_not_hang_on_the_order_of_the_records(
    world: World, largest: int, data: st.DataObject
) -> None:
    to = data.draw(st.permutations(range(world.size)))
    found = groups(components(weighed(world.links), world.size, floor=0.0, largest=largest))
    moved = groups(components(weighed(world.moved(to).links), world.size, floor=0.0, largest=largest))
    assert all(len(rows) <= largest for rows in found)
    assert {frozenset(to[row] for row in rows) for rows in found} == moved
