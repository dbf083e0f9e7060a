"""Contracts say what is wrong with them, and sources are made from them by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from rcu.domain.intake import Entity
from rcu.errors import ConfigurationError
from rcu.ingest import KINDS, connector, load_contract, shipped_contracts

GOOD = """
name = "loyalty"
files = ["loyalty*.txt"]
entity = "record"
separator = "|"
[fields]
native_id = { columns = ["ID"], required = true }
last_name = { columns = ["NAME"], synonyms = ["NOM"] }
[constants]
country = "BE"
"""


def saved(folder: Path, text: str) -> Path:
    path = folder / "loyalty.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_retailers_own_contract_reads_his_own_file(tmp_path: Path) -> None:
    source = connector("flatfile", name="loyalty", contracts=[saved(tmp_path, GOOD)])
    path = tmp_path / "LOYALTY_2025.txt"
    path.write_text("id|nom\n1|Peeters\n", encoding="utf-8")
    assert source.matches(path)
    (batch,) = source.read(path)
    record = batch.frames[Entity.RECORD]
    assert record[["native_id", "last_name", "country"]].to_numpy().tolist() == [["1", "Peeters", "BE"]]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param('entity = "record"', 'entity = "ticket"', "entity", id="an unknown entity"),
        pytest.param("last_name", "surname", "surname is not a field of record", id="an unknown field"),
        pytest.param('separator = "|"', 'separator = "||"', "separator", id="two separators"),
        pytest.param('separator = "|"', 'encoding = "utf-16"', "utf-16", id="an encoding without ASCII"),
        pytest.param('separator = "|"', 'time_zone = "Paris"', "Paris", id="no such time zone"),
        pytest.param("native_id =", "first_name =", "native_id", id="no key"),
        pytest.param('columns = ["NAME"]', "required = true", "columns or digest", id="a field from nowhere"),
        pytest.param('separator = "|"', 'seperator = "|"', "seperator", id="a misspelt key"),
        pytest.param("[fields]", "[fields", "loyalty.toml", id="no TOML"),
    ],
)
def test_a_wrong_contract_says_what_and_where(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        load_contract(saved(tmp_path, GOOD.replace(old, new)))


def test_the_shipped_contracts_can_all_be_read() -> None:
    assert list(shipped_contracts()) == ["email_activity", "email_audience", "till_clients", "till_tickets"]


def test_sources_describe_what_they_read() -> None:
    till = connector("flatfile", name="till", contracts=["till_clients", "till_tickets"]).describe()
    assert [(one.name, one.full, one.entities) for one in till.files] == [
        ("till_clients", True, (Entity.RECORD, Entity.CONSENT)),
        ("till_tickets", False, (Entity.ORDER, Entity.ORDER_LINE)),
    ]
    assert connector("prestashop", name="shop").describe().kind in KINDS


@pytest.mark.parametrize(
    ("kind", "contracts", "said"),
    [
        pytest.param("carrier pigeon", [], "carrier pigeon", id="an unknown kind"),
        pytest.param("flatfile", [], "no contract", id="flat files without contract"),
        pytest.param("flatfile", ["nothing"], "nothing", id="no such shipped contract"),
        pytest.param("flatfile", [Path("missing.toml")], "missing.toml", id="no such contract file"),
    ],
)
def test_a_source_that_cannot_be_made_says_why(kind: str, contracts: list[str | Path], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        connector(kind, name="source", contracts=contracts)


@pytest.mark.parametrize(
    ("name", "known"),
    [("customers.json", True), ("orders_2025.json.gz", True), ("ORDER_SLIPS.JSON", True), ("products.json", False)],
)
def test_exports_are_known_by_their_names(name: str, *, known: bool) -> None:
    assert connector("prestashop", name="shop").matches(Path(name)) is known
