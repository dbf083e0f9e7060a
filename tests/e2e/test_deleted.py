"""A record that its source deleted: a tombstone, whose events count or do not, as its source has it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from rcu.domain.records import RecordKey
from rcu.domain.sources import EventsOfDeleted
from rcu.errors import NotFound
from rcu.services.arrivals import Given
from rcu.services.parts import EventsWanted, events
from rcu.services.reading import customer_of_record
from rcu.services.sources import change_source, find_source
from rcu.services.upserting import RealTime
from rcu.services.verification import verify
from tests.conftest import NOW, Road, clock
from tests.e2e.test_deliveries import client, till_file

TICKETS = "NUM_TICKET;LIGNE;DATE;HEURE;MAGASIN;CAISSE;CODE_CLIENT;CODE_ARTICLE;LIBELLE;RAYON;QUANTITE;PRIX_UNITAIRE;REMISE;MONTANT;TYPE"  # noqa: E501
KEEP, DROP = EventsOfDeleted.KEEP, EventsOfDeleted.DROP
SAME = {"first_name": "JEANNE", "last_name": "DUPONT", "birth_date": "12/03/1980", "postcode": "75002"}
SAME |= {"address_line": "12 RUE DE LA PAIX", "email": "jeanne.dupont@mail.example.fr"}
OTHERS = ("MARTIN", "LEROY", "PETIT", "MOREL", "GARNIER", "ROUX", "BLANC", "FAURE", "HENRY", "PERRIN", "MICHEL", "NOEL")


def tickets_file(folder: Path, name: str, *rows: tuple[str, str, str]) -> Path:
    """Tickets (number, customer, amount), each of one line."""
    path = folder / f"TICKETS_{name}.csv"
    lines = (
        f"{number};1;01/07/2025;09:05:19;M001;1;{who};1;THE;EPICERIE;1;{amount};0,00;{amount};V"
        for number, who, amount in rows
    )
    path.write_bytes("\r\n".join([TICKETS, *lines, ""]).encode("cp1252"))
    return path


def put(road: Road, native_id: str, *, deleted: bool = False, after: int) -> None:
    """The till or the shop sends Jeanne's record, so many hours from now."""
    source = "shop" if native_id.isdigit() else "till"
    given = Given(RecordKey(source, native_id), SAME, deleted=deleted, updated_at=NOW + timedelta(hours=after))
    RealTime(road.store, road.model, clock=clock).upsert([given])


def profile(road: Road, native_id: str = "C1") -> dict[str, Any]:
    return orjson.loads(customer_of_record(road.store, "till", native_id).profile)


def revenue(road: Road) -> str | None:
    assert verify(road.store, road.model).differences == 0
    told = profile(road)
    bought = events(road.store, told["customer_id"], EventsWanted({"order"}), cursor=None, limit=50).pieces
    net = next((one["net_revenue"] for one in told["aggregates"]["orders"]), None)
    assert sum(Decimal(one["amount"]) for one in bought) == Decimal(net or 0)
    return net


@pytest.fixture
def shopper(road: Road, tmp_path: Path) -> Road:
    """Jeanne with a record of the till (C1, one ticket of 10) and one more (C2, one of 5), and a dozen others."""
    rows = [client(one, email=SAME["email"]) for one in ("C1", "C2")]
    rows += [client(f"X{number}", last=name, first="ODETTE") for number, name in enumerate(OTHERS)]
    road.take("till", till_file(tmp_path, "1", *rows))
    road.take("till", tickets_file(tmp_path, "1", ("T1", "C1", "10,00"), ("T2", "C2", "5,00"), ("T3", "X1", "7,00")))
    road.run()
    assert profile(road)["customer_id"] == profile(road, "C2")["customer_id"]
    return road


@pytest.mark.parametrize(("policy", "left"), [(KEEP, "15.00"), (DROP, "10.00")])
def test_events_of_a_deleted_record_count_as_its_source_has_it(
    shopper: Road, policy: EventsOfDeleted, left: str
) -> None:
    change_source(shopper.store, "till", NOW, events_of_deleted=policy)
    shopper.run()
    assert revenue(shopper) == "15.00"
    put(shopper, "C2", deleted=True, after=1)
    assert revenue(shopper) == left
    put(shopper, "C2", after=2)
    assert revenue(shopper) == "15.00"


def test_a_customer_whose_only_record_is_deleted_bought_nothing_any_more(shopper: Road) -> None:
    change_source(shopper.store, "till", NOW, events_of_deleted=DROP)
    shopper.run()
    for number, name in enumerate(("C1", "C2")):
        put(shopper, name, deleted=True, after=number + 1)
    assert revenue(shopper) is None
    assert profile(shopper)["scores"]["rfm"] is None
    assert [one["deleted"] for one in profile(shopper)["records"]] == [True, True]


def test_a_policy_that_changes_is_worked_out_by_the_next_run(shopper: Road) -> None:
    put(shopper, "C2", deleted=True, after=1)
    for policy, left in ((DROP, "10.00"), (KEEP, "15.00"), (DROP, "10.00")):
        change_source(shopper.store, "till", NOW, events_of_deleted=policy)
        assert verify(shopper.store, shopper.model).waiting == 1
        shopper.run()
        assert revenue(shopper) == left


def test_a_policy_of_one_source_says_nothing_of_another(shopper: Road) -> None:
    change_source(shopper.store, "shop", NOW, events_of_deleted=DROP)
    put(shopper, "7", after=1)
    put(shopper, "C2", deleted=True, after=2)
    put(shopper, "7", deleted=True, after=3)
    assert revenue(shopper) == "15.00"


def test_a_run_over_everything_finds_the_same(shopper: Road) -> None:
    put(shopper, "C2", deleted=True, after=1)
    change_source(shopper.store, "till", NOW, events_of_deleted=DROP)
    shopper.run()
    before = customer_of_record(shopper.store, "till", "C1").profile
    shopper.model = shopper.model.model_copy(update={"match_probability": 0.97})
    shopper.run()
    assert customer_of_record(shopper.store, "till", "C1").profile == before
    assert revenue(shopper) == "10.00"


def test_absent_from_a_full_export_is_deleted_too(shopper: Road, tmp_path: Path) -> None:
    change_source(shopper.store, "till", NOW, events_of_deleted=DROP)
    others = [client(f"X{number}", last=name, first="ODETTE") for number, name in enumerate(OTHERS)]
    shopper.take("till", till_file(tmp_path, "2", client("C1", email=SAME["email"]), *others))
    shopper.run()
    assert revenue(shopper) == "10.00"
    shopper.take("till", tickets_file(tmp_path, "2", ("T4", "C2", "20,00")))
    shopper.run()
    assert revenue(shopper) == "10.00"
    both = [client(one, email=SAME["email"]) for one in ("C1", "C2")]
    shopper.take("till", till_file(tmp_path, "3", *both, *others, ""))  # other bytes than the first
    shopper.run()
    assert revenue(shopper) == "35.00"


def test_changing_a_source_leaves_what_is_not_named(shopper: Road) -> None:
    change_source(shopper.store, "till", NOW, events_of_deleted=DROP)
    change_source(shopper.store, "till", NOW, rank=5)
    found = find_source(shopper.store, "till")
    assert (found.rank, found.events_of_deleted, found.contracts) == (5, DROP, ("till_clients", "till_tickets"))
    with pytest.raises(NotFound):
        change_source(shopper.store, "nobody", NOW, rank=5)
