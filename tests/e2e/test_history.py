"""What customers were is kept: any moment gives back, byte for byte, what was true then, and what changed it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import orjson
import pytest
from sqlalchemy import select, update

from rcu.domain.causes import Cause, CauseKind
from rcu.domain.decisions import DecisionKind
from rcu.domain.identifiers import IdState
from rcu.domain.records import RecordKey
from rcu.errors import InputError, NotFound
from rcu.services.arrivals import Given
from rcu.services.asking import Setting
from rcu.services.becoming import Erased, SeveralCustomers, became
from rcu.services.deciding import Ask, Decided, decide, undo
from rcu.services.looking_back import HistoryPage, VersionKind, history, profile_as_of, read_instant
from rcu.services.previewing import preview
from rcu.services.reading import FIELDS_OF_SCOPE, customer, customer_of_record
from rcu.services.running import run
from rcu.services.upserting import RealTime
from rcu.services.verification import verify
from rcu.store.engine import Store
from rcu.store.tables import customer_history, customers, memberships, memberships_before, records
from tests.conftest import NOW, Road
from tests.spying import statements

ALL = frozenset(FIELDS_OF_SCOPE)
PAULE = {"last_name": "MOREAU", "first_name": "PAULE", "birth_date": "12/03/1980", "email": "paule@mail.example.fr"}
GUSTAVE = {"last_name": "LEFEVRE", "first_name": "GUSTAVE", "birth_date": "01/02/1955"}
HENRI = {"last_name": "BERTHIER", "first_name": "HENRI", "birth_date": "03/04/1966"}
PEOPLE = {"A": PAULE, "B": GUSTAVE, "C": HENRI}
FOREIGN = "0190b2c4-0000-7000-8000-000000000000"


@dataclass
class Past:
    """A store whose clock moves with everything that happens."""

    road: Road
    ticks: Iterator[int] = field(default_factory=lambda: count(1))
    at: datetime = NOW

    @property
    def store(self) -> Store:
        return self.road.store

    def tick(self) -> datetime:
        self.at = NOW + timedelta(seconds=next(self.ticks))
        return self.at

    def put(self, name: str, actor: str | None = None, **fields: str) -> str:
        given = Given(RecordKey("till", name), {**PEOPLE.get(name, {}), **fields}, updated_at=self.tick())
        (told,) = RealTime(self.store, self.road.model, clock=self.tick).upsert([given], actor=actor)
        return told.customer_id

    def run(self) -> int:
        return run(self.store, self.road.model, clock=self.tick).run_id

    def decide(self, kind: str, *about: str, **more: object) -> Decided:
        ask = Ask(DecisionKind(kind), about, "anne", "she knows them", **more)  # type: ignore[arg-type]
        return decide(self.store, ask, clock=self.tick, model=self.road.model)

    def undo(self, done: Decided) -> Decided:
        number = done.decision.decision_id
        return undo(self.store, number, actor="bruno", reason="no", clock=self.tick, model=self.road.model)

    def documents(self) -> dict[str, str]:
        """The documents at present, by customer id."""
        with self.store.read() as connection:
            return dict(connection.execute(select(customers.c.customer_id, customers.c.profile)).all())

    def whose(self) -> dict[str, str]:
        """The customer of each record at present, by the id the record was born with."""
        with self.store.read() as connection:
            return dict(
                connection.execute(
                    select(records.c.birth_id, customers.c.customer_id)
                    .join(memberships, memberships.c.record_id == records.c.record_id)
                    .join(customers, customers.c.cluster_id == memberships.c.cluster_id)
                ).all()
            )

    def version(self, name: str) -> int:
        return customer(self.store, name).version

    def history(self, name: str, scopes: frozenset[str] = ALL, **more: object) -> HistoryPage:
        return history(self.store, name, scopes, **({"cursor": None, "limit": 50} | more))  # type: ignore[arg-type]


@pytest.fixture
def past(road: Road) -> Past:
    return Past(road)


@pytest.fixture
def three(past: Past) -> tuple[Past, str, str, str]:
    """Three strangers."""
    return past, past.put("A"), past.put("B"), past.put("C")


def remembered(past: Past, moments: list[tuple[datetime, dict[str, str], dict[str, str]]]) -> None:
    """Every id at every moment gives what was true then."""
    for at, documents, whose in moments:
        for name, owner in whose.items():
            found = profile_as_of(past.store, name, at)
            assert (found.customer_id, found.profile) == (owner, documents[owner])


def test_what_a_steward_set_and_took_back_is_told_with_the_decision(past: Past) -> None:
    name = past.put("A")
    done = past.decide("override", name, setting=Setting({"first_name": "PAULETTE"}))
    past.undo(done)
    newest, second, _ = past.history(name).versions
    told = {(one.field, one.before, one.after) for one in second.changes if one.group == "identity"}
    assert told == {
        ("first_name", "Paule", "Paulette"),
        ("given_by", "till:A", f"decision {done.decision.decision_id}"),
    }
    back = {(one.field, one.after) for one in newest.changes if one.group == "identity"}
    assert back == {("first_name", "Paule"), ("given_by", "till:A")}


@pytest.mark.parametrize("settle", [False, True], ids=["at once", "with a run of everything between"])
def test_after_merges_and_undos_every_moment_gives_its_documents_byte_for_byte(
    travelled: Road, make_model: Callable[[int], object], *, settle: bool
) -> None:
    past = Past(travelled, at=NOW)
    chosen = sorted(past.documents())[:4]
    moments = []

    def look() -> None:
        moments.append((past.at, past.documents(), past.whose()))

    look()
    first = past.decide("merge", chosen[0], chosen[1])
    look()
    past.decide("merge", chosen[1], chosen[2])
    look()
    if settle:
        travelled.model = make_model(1)  # type: ignore[assignment]
        past.run()
        look()
    past.undo(first)
    look()
    members = orjson.loads(customer(past.store, chosen[1]).profile)["records"]
    past.decide("split", chosen[1], groups=((f"{members[-1]['source']}:{members[-1]['native_id']}",),), supersede=True)
    look()
    assert moments[0][1] != moments[1][1]
    remembered(past, moments)
    assert verify(past.store, travelled.model).differences == 0


@pytest.fixture
def make_model(travelled: Road) -> Callable[[int], object]:
    """Another model, so that a run works everything out anew: one that hardly joins."""
    return lambda _number: travelled.model.model_copy(update={"match_probability": 0.999999})


def test_what_another_model_does_is_kept_too(travelled: Road, make_model: Callable[[int], object]) -> None:
    past = Past(travelled)
    moments = [(past.at, past.documents(), past.whose())]
    shipped = travelled.model
    for model in (make_model(1), shipped, make_model(1)):
        travelled.model = model  # type: ignore[assignment]
        past.run()
        moments.append((past.at, past.documents(), past.whose()))
    assert moments[0][2] != moments[1][2], "it parts somebody"
    assert (moments[0][2], moments[1][2]) == (moments[2][2], moments[3][2])
    remembered(past, moments)
    with past.store.read() as connection:
        again = connection.execute(select(customer_history.c.customer_id).where(customer_history.c.version > 1)).all()
        present = connection.execute(
            select(customers.c.version).join(customer_history, customer_history.c.cluster_id == customers.c.cluster_id)
            .where(customer_history.c.version >= customers.c.version)
        ).all()  # fmt: skip
    assert again
    assert present == [], "a customer that comes back goes on counting"


def test_a_first_load_leaves_no_history(travelled: Road) -> None:
    with travelled.store.read() as connection:
        assert connection.execute(select(customer_history)).all() == []
        assert connection.execute(select(memberships_before)).all() == []
        causes = set(connection.execute(select(customers.c.cause, customers.c.cause_number)).all())
    assert causes == {("run", 1)}


def test_what_says_nothing_new_leaves_no_history(three: tuple[Past, str, str, str]) -> None:
    past, one, _, _ = three
    given = Given(RecordKey("till", "A"), PAULE, updated_at=NOW + timedelta(seconds=1))
    RealTime(past.store, past.road.model, clock=past.tick).upsert([given])
    assert [version.kind for version in past.history(one).versions] == [VersionKind.CREATED]


def test_a_preview_and_a_dry_run_leave_no_history(three: tuple[Past, str, str, str]) -> None:
    past, one, other, _ = three
    ask = Ask(DecisionKind.MERGE, (one, other), "anne", "the same")
    preview(past.store, past.road.model, ask, clock=past.tick)
    given = Given(RecordKey("till", "A"), {**PAULE, "email": "other@mail.example.fr"}, updated_at=past.tick())
    RealTime(past.store, past.road.model, clock=past.tick).upsert([given], dry_run=True)
    with past.store.read() as connection:
        assert connection.execute(select(customer_history)).all() == []


def test_versions_go_on_where_a_customer_comes_back_and_tell_who_did_what(three: tuple[Past, str, str, str]) -> None:
    past, one, other, _ = three
    merged = past.decide("merge", one, other)
    undone = past.undo(merged)
    assert (past.version(one), past.version(other)) == (3, 2)
    numbers = merged.decision.decision_id, undone.decision.decision_id
    back, first = past.history(other).versions
    assert (back.kind, back.version, back.until_at) == (VersionKind.RETURNED, 2, None)
    assert back.cause == Cause(CauseKind.UNDO, numbers[1], "bruno")
    assert (back.joined, back.left, back.changes) == ((), (), ())
    assert first.merged is not None
    assert (first.merged.customer_id, first.merged.at) == (one, first.until_at)
    assert first.merged.cause == Cause(CauseKind.DECISION, numbers[0], "anne")
    assert first.cause == Cause(CauseKind.RECORD)
    third, second, created = past.history(one).versions
    assert (created.joined, second.joined, third.left) == (("till:A",), ("till:B",), ("till:B",))
    assert [version.merged for version in (third, second, created)] == [None, None, None]
    assert (second.from_at, second.until_at) == (created.until_at, third.from_at)


def test_a_change_names_the_fields_and_who_sent_it(three: tuple[Past, str, str, str]) -> None:
    past, one, _, _ = three
    past.put("A", actor="key till", email="new@mail.example.fr", first_name="PAULETTE")
    latest = past.history(one).versions[0]
    assert latest.cause == Cause(CauseKind.RECORD, None, "key till")
    told = {(change.group, change.field): (change.before, change.after) for change in latest.changes or ()}
    assert told["identity", "first_name"] == ("Paule", "Paulette")
    assert told["email", "email"] == ("paule@mail.example.fr", "new@mail.example.fr")
    assert ("records", "email") in told


@pytest.mark.parametrize(
    ("scopes", "groups"),
    [
        pytest.param({"identity"}, {"identity", "records"}, id="names without contacts"),
        pytest.param({"contact"}, {"contact_points"}, id="contact points alone"),
        pytest.param({"scores"}, set(), id="scores"),
    ],
)
def test_a_history_is_cut_to_the_scopes(three: tuple[Past, str, str, str], scopes: set[str], groups: set[str]) -> None:
    past, one, _, _ = three
    past.put("A", email="new@mail.example.fr", first_name="PAULETTE")
    latest = past.history(one, frozenset(scopes)).versions[0]
    assert {change.group for change in latest.changes or ()} == groups
    values = " ".join(str((change.of, change.before, change.after)) for change in latest.changes or ())
    assert ("new@mail" in values) == ("contact" in scopes)
    assert bool(past.history(one, frozenset(scopes)).versions[-1].joined) == ("identity" in scopes)


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_of_a_history_are_the_same_in_any_size(three: tuple[Past, str, str, str], limit: int) -> None:
    past, one, other, _ = three
    for number in range(3):
        past.put("A", email=f"new{number}@mail.example.fr")
    past.undo(past.decide("merge", one, other))
    found, cursor = [], None
    while True:
        page = past.history(one, limit=limit, cursor=cursor)
        found += page.versions
        cursor = page.next_cursor
        if cursor is None:
            break
    assert tuple(found) == past.history(one).versions
    assert [version.version for version in found] == [6, 5, 4, 3, 2, 1]


def test_what_stood_before_history_was_kept_is_told_as_far_as_it_is_known(three: tuple[Past, str, str, str]) -> None:
    past, one, _, _ = three
    with past.store.begin() as connection:
        connection.execute(update(customers).values(version=4, cause=None, cause_number=None, cause_actor=None))
    (only,) = past.history(one).versions
    assert (only.version, only.kind, only.cause, only.changes) == (4, VersionKind.CHANGED, None, None)


def test_an_id_answers_through_its_whole_life(three: tuple[Past, str, str, str]) -> None:
    past, one, other, third = three
    joined = past.put("B2", **GUSTAVE, email="g@post.example.fr")
    assert joined == other
    born = orjson.loads(customer_of_record(past.store, "till", "B2").profile)["records"][1]["record_id"]
    assert (became(past.store, born).state, became(past.store, born).customers) == (IdState.MERGED, (other,))
    assert past.history(born).versions == (), "it never was a customer's"
    merged = past.decide("merge", one, other)
    assert became(past.store, other).state is IdState.MERGED
    assert customer(past.store, other).customer_id == one
    past.decide("not_same", "till:B", "till:B2")
    now = became(past.store, other)
    assert (now.state, now.customers) == (IdState.SPLIT, (one, born))
    with pytest.raises(SeveralCustomers) as caught:
        customer(past.store, other)
    assert caught.value.candidates == (one, born)
    assert past.history(other).became == now, "what it was can still be asked"
    past.undo(merged)
    assert became(past.store, other).state is IdState.CURRENT
    assert became(past.store, FOREIGN).state is IdState.UNKNOWN
    assert became(past.store, third.upper()).state is IdState.CURRENT


def test_a_customer_whose_records_were_all_deleted_is_still_there(three: tuple[Past, str, str, str]) -> None:
    past, one, _, _ = three
    given = Given(RecordKey("till", "A"), PAULE, deleted=True, updated_at=past.tick())
    RealTime(past.store, past.road.model, clock=past.tick).upsert([given])
    assert became(past.store, one).state is IdState.CURRENT
    assert orjson.loads(customer(past.store, one).profile)["records"][0]["deleted"] is True


def test_who_was_erased_is_gone_for_ever_and_says_so(three: tuple[Past, str, str, str]) -> None:
    """What an erasure will leave: the row of the record, in no cluster."""
    past, one, _, _ = three
    mine = select(records.c.record_id).where(records.c.birth_id == one)
    with past.store.begin() as connection:
        connection.execute(customers.delete().where(customers.c.customer_id == one))
        connection.execute(memberships.delete().where(memberships.c.record_id.in_(mine)))
        connection.execute(update(records).where(records.c.birth_id == one).values(erased_at=NOW))
    assert became(past.store, one).state is IdState.ERASED
    for ask in (
        lambda: customer(past.store, one),
        lambda: profile_as_of(past.store, one, past.at),
        lambda: past.history(one),
    ):
        with pytest.raises(Erased):
            ask()


def test_before_it_was_there_nobody_answers(three: tuple[Past, str, str, str]) -> None:
    past, one, other, _ = three
    with pytest.raises(NotFound):
        profile_as_of(past.store, one, NOW)
    past.decide("merge", one, other)
    with pytest.raises(NotFound, match="at that time"):
        profile_as_of(past.store, other, NOW)
    with pytest.raises(NotFound):
        profile_as_of(past.store, FOREIGN, past.at)


def test_a_clock_that_goes_back_leaves_no_span_that_ends_before_it_began(three: tuple[Past, str, str, str]) -> None:
    past, one, _, _ = three
    past.ticks = iter(range(-60, 60))
    past.put("A", first_name="PAULETTE", email="one@mail.example.fr")
    given = Given(RecordKey("till", "A"), {**PAULE, "first_name": "PAULINE"}, updated_at=NOW + timedelta(days=1))
    RealTime(past.store, past.road.model, clock=past.tick).upsert([given])
    versions = past.history(one).versions
    assert all(one.until_at is None or one.from_at <= one.until_at for one in versions)
    assert all(late.from_at == early.until_at for late, early in pairwise(versions))


@pytest.mark.parametrize(
    "told",
    ["2026-01-02T03:04:05", "2026-01-02", "yesterday", "", "2026-13-02T03:04:05Z", "0001-01-01T00:00:00+14:00"],
)
def test_a_time_without_its_offset_is_refused_without_being_repeated(told: str) -> None:
    with pytest.raises(InputError) as caught:
        read_instant(told)
    assert "offset" in caught.value.message
    assert not told or told not in caught.value.message


def test_a_time_is_read_in_any_offset() -> None:
    assert read_instant("2026-03-01T10:15:00+01:00") == datetime(2026, 3, 1, 9, 15, tzinfo=UTC)
    assert read_instant("2026-03-01T10:15:00Z").tzinfo is UTC


def test_history_costs_no_statement_where_nothing_ends(
    three: tuple[Past, str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    past, _, _, _ = three
    seen = statements(past.store.engine, monkeypatch)
    past.put("D", last_name="NOUVEAU", first_name="ZOE", birth_date="09/09/1999")
    assert not [one for one in seen if "customer_history" in one or "memberships_before" in one]
    seen.clear()
    past.put("D", last_name="NOUVEAU", first_name="ZOE", birth_date="09/09/1999", email="zoe@mail.example.fr")
    assert len([one for one in seen if "customer_history" in one or "memberships_before" in one]) == 1
