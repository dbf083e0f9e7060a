"""Models as versioned files: learnt, found, compared before they are adopted, adopted, and undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from rcu.config import Settings
from rcu.domain.records import RecordKey
from rcu.errors import ConfigurationError, InputError, NotFound
from rcu.matching.compare import Change
from rcu.matching.model import Identifier, MatchModel
from rcu.services import models as service
from rcu.services.models_diff import diff
from rcu.services.models_training import Trained, base_of, train_model
from rcu.services.running import run
from rcu.services.verdicts import SaidPair
from rcu.services.verification import verify
from rcu.store.engine import Store
from rcu.store.models import ModelRow, add_model, adopt
from rcu.store.tables import links, memberships, records, runs
from tests.conftest import NOW, Road, clock
from tests.e2e.test_deliveries import client, till_file

SETTINGS = Settings(_env_file=None)  # type: ignore[call-arg]


def trained(road: Road, *, seed: int = 0) -> Trained:
    return train_model(road.store, road.model, clock=clock, seed=seed)


def stricter(model: MatchModel) -> MatchModel:
    """A model that joins only what it is nearly certain of."""
    return model.model_copy(update={"match_probability": 0.9999, "version": "strict"})


def looser(model: MatchModel) -> MatchModel:
    """A model that joins on a suspicion."""
    return model.model_copy(update={"match_probability": 0.01, "review_probability": 0.001, "version": "loose"})


def clusters(store: Store) -> dict[int, int]:
    with store.read() as connection:
        rows = connection.execute(select(memberships.c.record_id, memberships.c.cluster_id))
        return {row[0]: row[1] for row in rows}


# --- training ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def learnt_bytes() -> dict[str, bytes]:
    """The model each backend learnt, by backend."""
    return {}


def test_the_same_records_and_seed_give_the_same_bytes(
    travelled: Road, learnt_bytes: dict[str, bytes], request: pytest.FixtureRequest
) -> None:
    one, two = trained(travelled, seed=3), trained(travelled, seed=3)
    assert one.model.to_json() == two.model.to_json()
    assert (one.new, two.new) == (True, False)
    learnt_bytes[request.node.callspec.params["databases"]] = one.model.to_json()
    assert len(set(learnt_bytes.values())) == 1, "whichever database the records come from"


def test_a_model_says_what_it_was_learnt_from(travelled: Road) -> None:
    found = trained(travelled, seed=5)
    with travelled.store.read() as connection:
        count = len(connection.execute(select(records.c.record_id)).all())
        newest = max(when for (when,) in connection.execute(select(records.c.updated_at)) if when)
    learnt = found.learnt
    assert found.model.learnt == learnt
    assert (learnt.base, learnt.base_name, learnt.base_version) == (
        travelled.model.fingerprint(),
        travelled.model.name,
        travelled.model.version,
    )
    assert (learnt.records, learnt.seed, learnt.verdicts_same, learnt.verdicts_different) == (count, 5, 0, 0)
    assert learnt.random_pairs > 0
    assert learnt.blocked_pairs > 0
    assert learnt.expected_matches > 30
    assert learnt.data_as_of == newest.isoformat(timespec="seconds")
    assert found.model.version == f"{travelled.model.version}+{found.model.fingerprint()[:8]}"
    assert found.model.frequencies == travelled.model.frequencies, "no value of a record gets into a model"


def test_what_was_learnt_is_told_by_how_far_it_moved(travelled: Road) -> None:
    moves = trained(travelled).moves
    assert moves
    assert [move.size for move in moves] == sorted((move.size for move in moves), reverse=True)


def test_a_candidate_is_kept_beside_its_base_and_is_not_in_use(travelled: Road) -> None:
    found = trained(travelled)
    listed = {one.model_id: one for one in service.models(travelled.store, SETTINGS.model)}
    assert listed[found.model.fingerprint()].learnt == found.learnt
    assert listed[found.model.fingerprint()].created_at == NOW
    assert [one.model_id for one in listed.values() if one.in_use] == [travelled.model.fingerprint()]
    assert service.get(travelled.store, found.model.fingerprint()) == found.model
    assert service.get(travelled.store, found.learnt.base) == travelled.model


def test_training_again_starts_where_the_first_one_did(travelled: Road) -> None:
    first = trained(travelled).model
    service.use(travelled.store, first.fingerprint(), by="anne", clock=clock)
    base = base_of(travelled.store, service.load_active(travelled.store, SETTINGS))
    assert train_model(travelled.store, base, clock=clock).model == first


def test_a_learnt_model_whose_base_is_not_at_hand_is_its_own_base(store: Store, travelled: Road) -> None:
    found = trained(travelled).model
    orphan = found.model_copy(update={"learnt": found.learnt and found.learnt.model_copy(update={"base": "0" * 16})})
    assert base_of(store, orphan) == orphan


def test_verdicts_of_people_are_counted_and_named_records_must_be_there(travelled: Road) -> None:
    with travelled.store.read() as connection:
        keys = [RecordKey(*row) for row in connection.execute(select(records.c.source, records.c.native_id).limit(4))]
    said = (SaidPair(2, keys[0], keys[1], same=False), SaidPair(3, keys[2], keys[3], same=False))
    learnt = train_model(travelled.store, travelled.model, clock=clock, said=said).learnt
    assert (learnt.verdicts_same, learnt.verdicts_different) == (0, 2)
    nobody = (SaidPair(2, keys[0], RecordKey("till", "nobody"), same=True),)
    with pytest.raises(InputError, match="line 2 of the verdicts"):
        train_model(travelled.store, travelled.model, clock=clock, said=nobody)


def test_with_nothing_to_learn_from_it_says_so(road: Road) -> None:
    with pytest.raises(InputError, match="nothing to learn from: the database holds 0 records") as error:
        trained(road)
    assert error.value.hint


def test_with_few_duplicates_it_doubts_itself(road: Road, tmp_path: Path) -> None:
    names = ("GARNIER", "LEROUX", "PICARD", "ROGER")
    road.take("till", till_file(tmp_path, "1", *(client(f"C{at}", last=name) for at, name in enumerate(names))))
    (doubt,) = trained(road).doubts
    assert "among 4 records: too few to learn much from" in doubt
    assert "french_retail" in doubt


# --- the registry -----------------------------------------------------------------------------------------------------


def test_before_anything_is_adopted_the_settings_say_which_model_is_in_use(store: Store, tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    model = service.load_active(store, SETTINGS)
    own.write_bytes(stricter(model).to_json())
    chosen = Settings(_env_file=None, model=str(own))  # type: ignore[call-arg]
    assert service.load_active(store, chosen) == stricter(model)
    assert [(one.version, one.in_use) for one in service.models(store, chosen.model)] == [
        (model.version, False),
        ("strict", True),
    ]


def test_what_is_adopted_wins_until_it_is_given_back_to_the_settings(
    store: Store, model: MatchModel, tmp_path: Path
) -> None:
    (tmp_path / "own.json").write_bytes(stricter(model).to_json())
    assert service.use(store, str(tmp_path / "own.json"), by="anne", clock=clock) == stricter(model)
    assert service.load_active(store, SETTINGS) == stricter(model)
    (tmp_path / "own.json").unlink()
    assert service.load_active(store, SETTINGS) == stricter(model), "the registry holds it, not the file"
    service.use_settings(store, by="bruno", clock=clock)
    assert service.load_active(store, SETTINGS) == model
    assert [(one.model_id, one.adopted_by) for one in service.history(store)] == [
        (None, "bruno"),
        (stricter(model).fingerprint(), "anne"),
    ]


def test_a_model_is_found_by_its_shipped_name_an_id_the_beginning_of_one_or_a_file(
    store: Store, model: MatchModel, tmp_path: Path
) -> None:
    own = stricter(model)
    (tmp_path / "own.json").write_bytes(own.to_json())
    service.keep(store, own, clock=clock)
    for which in (own.fingerprint(), own.fingerprint()[:4], str(tmp_path / "own.json")):
        assert service.get(store, which) == own
    assert service.get(store, "french_retail") == model


def test_a_beginning_that_several_ids_share_is_refused_and_names_them(store: Store) -> None:
    with store.begin() as connection:
        for key in ("abcd1", "abcd2"):
            add_model(connection, ModelRow(key, "x", "1", NOW, None, "{}"))
    with pytest.raises(InputError, match="several models begin with abcd") as error:
        service.get(store, "abcd")
    assert error.value.hint == "say more of it: abcd1, abcd2"


@pytest.mark.parametrize("which", ["abcdef", "nowhere.json", "french_wholesale", "ab", ""])
def test_a_model_that_is_not_there_is_not_found(store: Store, which: str) -> None:
    with pytest.raises(NotFound, match="no matching model"):
        service.get(store, which)


def test_a_stored_model_this_version_cannot_read_can_be_left(store: Store, model: MatchModel) -> None:
    with store.begin() as connection:
        add_model(connection, ModelRow("abcd1", "old", "1", NOW, None, '{"name": "old"}'))
        adopt(connection, "abcd1", by="anne", now=NOW)
    with pytest.raises(ConfigurationError, match="old 1 of the registry is not a matching model") as error:
        service.load_active(store, SETTINGS)
    assert error.value.hint
    service.use(store, "french_retail", by="anne", clock=clock)
    assert service.load_active(store, SETTINGS) == model


def test_a_file_that_is_not_a_model_is_refused_with_the_place(store: Store, model: MatchModel, tmp_path: Path) -> None:
    for name, content, says in (
        ("text.json", b"not JSON", "text.json is not a matching model: the file: Invalid JSON"),
        ("part.json", b'{"name": "x"}', "part.json is not a matching model: version: Field required"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigurationError, match=re.escape(says)):
            service.use(store, str(tmp_path / name), by="anne", clock=clock)
    assert service.history(store) == []


def test_a_model_of_columns_that_records_do_not_have_is_not_adopted(
    store: Store, model: MatchModel, tmp_path: Path
) -> None:
    foreign = model.model_copy(update={"identifiers": (Identifier(column="shoe_size", most_names=3),)})
    (tmp_path / "foreign.json").write_bytes(foreign.to_json())
    with pytest.raises(ConfigurationError, match="columns that records do not have: shoe_size"):
        service.use(store, str(tmp_path / "foreign.json"), by="anne", clock=clock)
    assert service.load_active(store, SETTINGS) == model


# --- what would change ------------------------------------------------------------------------------------------------


def test_a_model_in_its_own_place_changes_nobody(travelled: Road) -> None:
    renamed = travelled.model.model_copy(update={"version": "of another name"})
    for other in (travelled.model, renamed):
        found = diff(travelled.store, other, travelled.model)
        assert (found.weights, found.parts, found.customers.changed) == ((), (), 0)
        assert found.customers.unchanged == found.customers.customers[0] == found.customers.customers[1]
        assert (found.customers.pairs_gained, found.customers.pairs_lost, found.customers.examples) == (0, 0, ())


def test_a_stricter_model_parts_and_a_looser_one_joins_as_the_examples_show(travelled: Road) -> None:
    apart = diff(travelled.store, stricter(travelled.model), travelled.model).customers
    assert apart.split > 0
    assert apart.merged == apart.pairs_gained == 0
    assert apart.pairs_lost > 0
    assert apart.customers[1] > apart.customers[0]
    assert {one.change for one in apart.examples} == {Change.SPLIT}
    for one in apart.examples:
        assert len(one.before) == 1 < len(one.after)
        assert sorted(one.before[0]) == sorted(key for group in one.after for key in group)
    joined = diff(travelled.store, looser(travelled.model), travelled.model).customers
    assert joined.merged > 0
    assert joined.pairs_gained > 0
    assert joined.customers[1] < joined.customers[0]


def test_every_customer_is_counted_once(travelled: Road) -> None:
    for one, other in ((stricter, looser), (looser, stricter)):
        found = diff(travelled.store, one(travelled.model), other(travelled.model)).customers
        assert found.unchanged + found.changed == found.customers[0]
        assert max(found.largest) <= found.records


def test_a_diff_says_what_adopting_and_running_then_does(travelled: Road) -> None:
    candidate = stricter(travelled.model)
    foretold = diff(travelled.store, candidate, travelled.model).customers
    service.keep(travelled.store, candidate, clock=clock)
    before = clusters(travelled.store)
    assert service.last_run_used(travelled.store, travelled.model)
    service.use(travelled.store, candidate.fingerprint(), by="anne", clock=clock)
    active = service.load_active(travelled.store, SETTINGS)
    assert clusters(travelled.store) == before, "adopting changes nobody before the next run"
    assert not service.last_run_used(travelled.store, active)
    report = run(travelled.store, active, clock=clock)
    assert report.touched == report.records, "another model weighs everything anew"
    assert service.last_run_used(travelled.store, active)
    assert report.customers == foretold.customers[1]
    assert verify(travelled.store, active).differences == 0
    assert diff(travelled.store, active, candidate).customers.changed == 0


def test_a_diff_writes_nothing(travelled: Road) -> None:
    def rows() -> Iterator[int]:
        with travelled.store.read() as connection:
            for table in (links, memberships, runs):
                yield len(connection.execute(select(table)).all())

    before = list(rows())
    diff(travelled.store, looser(travelled.model), travelled.model)
    assert list(rows()) == before
    assert service.history(travelled.store) == []


def test_models_of_columns_that_records_do_not_have_cannot_be_compared(travelled: Road) -> None:
    foreign = travelled.model.model_copy(update={"identifiers": (Identifier(column="shoe_size", most_names=3),)})
    with pytest.raises(ConfigurationError, match="shoe_size"):
        diff(travelled.store, foreign, travelled.model)
