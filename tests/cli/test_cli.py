"""The command line: what it does, what it prints for people and programs, and the exit codes it promises."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from rcu import __version__
from rcu.domain.keys import Rate
from rcu.services import keys
from rcu.services.listing import customers_page
from rcu.store.customers import by_record
from rcu.store.tables import customers, memberships, records
from tests.cli.conftest import Command
from tests.conftest import Databases, Road

CLIENTS, TICKETS = "CLIENTS_20251231.csv", "TICKETS_2025.csv.gz"
TILL = ("--contract", "till_clients", "--contract", "till_tickets")


def quarantined(rcu: Command) -> list[dict[str, Any]]:
    return rcu("quarantine", "list", "--limit", 1000, "--json").json["rows"]


# --- sources, imports, runs -------------------------------------------------------------------------------------------


def test_sources_are_listed_the_most_trusted_first(rcu: Command, tmp_path: Path) -> None:
    assert rcu("source", "add", "till", *TILL, "--rank", 20, "--folder", tmp_path / "inbox").code == 0
    assert rcu("source", "add", "shop", "--kind", "prestashop", "--rank", 10).code == 0
    listed = rcu("source", "list", "--json").json
    assert [(one["source"]["name"], one["source"]["rank"], one["records"]) for one in listed] == [
        ("shop", 10, 0),
        ("till", 20, 0),
    ]
    assert listed[1]["source"]["folder"] == str(tmp_path / "inbox")
    assert re.search(r"shop .*\n *till ", rcu("source", "list").out)


def test_a_source_that_is_added_again_is_changed(rcu: Command) -> None:
    rcu("source", "add", "shop", "--kind", "prestashop", "--rank", 10)
    rcu("source", "add", "shop", "--kind", "prestashop", "--rank", 50)
    assert [one["source"]["rank"] for one in rcu("source", "list", "--json").json] == [50]


def test_of_a_source_what_is_named_is_set_and_the_rest_stays(rcu: Command, tmp_path: Path) -> None:
    rcu("source", "add", "till", *TILL, "--rank", 20, "--folder", tmp_path / "inbox")
    assert rcu("source", "set", "till", "--events-of-deleted", "drop").code == 0
    assert rcu("source", "set", "till", "--rank", 5).out == "source till: rank 5, events of deleted records: drop\n"
    (one,) = rcu("source", "list", "--json").json
    assert (one["source"]["events_of_deleted"], one["source"]["rank"]) == ("drop", 5)
    assert one["source"]["folder"] == str(tmp_path / "inbox")
    assert re.search(r"till .* drop ", rcu("source", "list").out)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        pytest.param(("till", "--events-of-deleted", "burn"), 2, id="a policy that is none"),
        pytest.param(("nobody", "--rank", 1), 4, id="a source that is not connected"),
    ],
)
def test_a_source_that_cannot_be_set_so_is_refused(rcu: Command, args: tuple[str | int, ...], code: int) -> None:
    rcu("source", "add", "till", *TILL)
    assert rcu("source", "set", *args).code == code


def test_an_import_tells_what_became_of_each_file_and_takes_it_once(rcu: Command, exports: Path) -> None:
    rcu("source", "add", "till", *TILL)
    file = exports / "till" / CLIENTS
    (first,) = rcu("import", "till", file, "--json").json
    assert first["rows_accepted"] + first["rows_refused"] == first["rows_read"] > 100
    assert first["records"]["new"] == first["rows_accepted"]
    (again,) = rcu("import", "till", file, "--json").json
    assert (again["again"], again["records"]["new"]) == (True, 0)
    assert "taken before" in rcu("import", "till", file).out


def test_a_run_takes_what_lies_complete_in_the_folders_and_publishes(
    rcu: Command, exports: Path, databases: Databases, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    shutil.copy(exports / "till" / CLIENTS, inbox)
    os.utime(inbox / CLIENTS, (0, 0))
    shutil.copyfile(exports / "till" / TICKETS, inbox / TICKETS)  # just written: may still be on its way
    (inbox / "notes.txt").write_text("not a file of the till", encoding="utf-8")
    rcu("source", "add", "till", *TILL, "--folder", inbox)
    report = rcu("run", "--json").json
    assert [one["name"] for one in report["files"]] == [CLIENTS]
    assert 0 < report["run"]["customers"] <= report["run"]["records"] == report["files"][0]["rows_accepted"]
    assert report["run"]["created"] == report["run"]["customers"]
    again = rcu("run")
    assert "(0 touched)" in again.out
    assert "0 created, 0 updated" in again.out
    assert rcu("verify").code == 0


# --- quarantine -------------------------------------------------------------------------------------------------------


@pytest.fixture
def refused(rcu: Command, exports: Path, tmp_path: Path) -> list[dict[str, Any]]:
    """The rows of the till's customers that were refused, as exported."""
    rcu("source", "add", "till", *TILL)
    rcu("import", "till", exports / "till" / CLIENTS)
    assert rcu("quarantine", "export", tmp_path / "refused.jsonl").code == 0
    return [orjson.loads(line) for line in (tmp_path / "refused.jsonl").read_bytes().splitlines()]


def test_every_refused_row_is_exported_as_it_was(rcu: Command, refused: list[dict[str, Any]], exports: Path) -> None:
    lines = (exports / "till" / CLIENTS).read_bytes().decode("cp1252").splitlines()
    assert refused
    assert [one["quarantine_id"] for one in refused] == [one["quarantine_id"] for one in quarantined(rcu)]
    for one in refused:
        row = one["row"] if isinstance(one["row"], str) else ";".join(one["row"].values())
        assert row == lines[one["line"] - 1]


def test_listing_shows_where_rows_stand_and_never_what_they_hold(rcu: Command, refused: list[dict[str, Any]]) -> None:
    shown = rcu("quarantine", "list").out + rcu("quarantine", "list", "--json").out
    assert all(one["reason"] in shown for one in refused)
    rows = [one["row"].split(";") if isinstance(one["row"], str) else list(one["row"].values()) for one in refused]
    held = {value for row in rows for value in row if len(value) > 3}
    assert held
    assert [value for value in held if value in shown] == []


def test_listing_can_be_narrowed(rcu: Command, refused: list[dict[str, Any]]) -> None:
    def listed(*filters: str) -> list[int]:
        return [one["quarantine_id"] for one in rcu("quarantine", "list", "--json", *filters).json["rows"]]

    dated = [one["quarantine_id"] for one in refused if one["reason"] == "bad_date"]
    assert listed("--reason", "bad_date") == dated
    assert listed("--source", "till", "--limit", "2") == [one["quarantine_id"] for one in refused[:2]]
    assert listed("--source", "shop") == []


def test_a_corrected_row_gets_in_and_nothing_is_lost(
    rcu: Command, refused: list[dict[str, Any]], databases: Databases, tmp_path: Path
) -> None:
    dated = [one for one in refused if one["reason"] == "bad_date"]
    corrections = tmp_path / "corrections.jsonl"
    for one in dated[1:]:
        one["row"]["DATE_CREATION"] = "01/02/2024 10:00:00"
    corrections.write_bytes(b"\n".join(orjson.dumps(one) for one in dated))
    before = rcu("source", "list", "--json").json[0]["records"]
    (report,) = rcu("quarantine", "replay", corrections, "--json").json
    assert (report["rows_read"], report["rows_accepted"], report["rows_refused"]) == (len(dated), len(dated) - 1, 1)
    assert rcu("source", "list", "--json").json[0]["records"] == before + len(dated) - 1
    left = quarantined(rcu)
    assert len(left) == len(refused) - (len(dated) - 1)
    untouched = {one["quarantine_id"] for one in refused} - {one["quarantine_id"] for one in dated}
    assert untouched < {one["quarantine_id"] for one in left}
    store = databases.open(os.environ["RCU_DATABASE_URL"])
    with store.read() as connection:
        ids = connection.execute(select(records.c.native_id)).scalars().all()
    assert {one["row"]["CODE_CLIENT"] for one in dated[1:]} <= set(ids)


def test_rows_replayed_as_they_are_are_refused_again_with_nothing_lost(
    rcu: Command, refused: list[dict[str, Any]]
) -> None:
    (report,) = rcu("quarantine", "replay", "--json").json
    assert report["rows_refused"] == len(refused)
    assert sorted(one["reason"] for one in quarantined(rcu)) == sorted(one["reason"] for one in refused)


def test_dropped_rows_are_gone_from_the_list_and_the_others_stay(rcu: Command, refused: list[dict[str, Any]]) -> None:
    assert rcu("quarantine", "drop", "--id", refused[0]["quarantine_id"]).out.startswith("1 rows dropped")
    assert [one["quarantine_id"] for one in quarantined(rcu)] == [one["quarantine_id"] for one in refused[1:]]
    rcu("quarantine", "drop", "--source", "till")
    assert quarantined(rcu) == []


# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_key_is_printed_once_listed_without_itself_and_revoked(rcu: Command, databases: Databases) -> None:
    made = rcu("key", "create", "shop", "--scope", "identity", "--scope", "orders", "--json").json
    printed = rcu("key", "create", "all").out.strip()
    store = databases.open(os.environ["RCU_DATABASE_URL"])
    assert keys.find_key(store, printed).scopes == keys.READS  # type: ignore[union-attr]
    listed = rcu("key", "list", "--json")
    assert [(one["name"], one["scopes"]) for one in listed.json] == [
        ("all", sorted(keys.READS)),
        ("shop", ["identity", "orders"]),
    ]
    assert all(key not in listed.out + rcu("key", "list").out for key in (made["key"], printed))
    assert rcu("key", "revoke", "shop").code == 0
    assert keys.find_key(store, made["key"]) is None
    assert [bool(one["revoked_at"]) for one in rcu("key", "list", "--json").json] == [False, True]


def test_a_key_is_rotated_shown_held_to_terms_and_ended(rcu: Command, databases: Databases) -> None:
    terms = ("--expires", "2199-01-01T00:00:00Z", "--purpose", "checkout", "--rate", 5, "--burst", 20)
    made = rcu("key", "create", "till", *terms, "--store", "M001", "--store", "M002", "--json").json["key"]
    other = rcu("key", "rotate", "till", "--overlap", 0.5).out.strip()
    store = databases.open(os.environ["RCU_DATABASE_URL"])
    found = keys.find_key(store, made)
    assert found is not None
    assert (found.terms.purpose, found.terms.rate, found.terms.stores) == ("checkout", Rate(5, 20), {"M001", "M002"})
    assert found == keys.find_key(store, other)
    shown = rcu("key", "show", "till").out
    assert "5/s, 20 at once" in shown
    assert "M001 M002" in shown
    assert shown.count("a secret of") == len(rcu("key", "show", "till", "--json").json["secrets"]) == 2
    assert "2199-01-01" in rcu("key", "list").out
    assert rcu("key", "rotate", "till", "--overlap", 0).code == 0
    assert keys.find_key(store, other) is None
    assert rcu("key", "expire", "till", "--never").out.strip() == "till does not end"
    assert rcu("key", "expire", "till").code == 0
    assert rcu("key", "rotate", "till").code == 5
    assert rcu("key", "accesses", "till", "--json").json == {"accesses": [], "next_cursor": None}


# --- evaluate, explain, verify ----------------------------------------------------------------------------------------


def test_evaluation_against_the_truth_is_told_overall_and_by_pair_of_sources(
    rcu_travelled: Command, exports: Path
) -> None:
    told = rcu_travelled("evaluate", exports / "truth.csv", "--json").json
    assert told["overall"]["pairwise"]["f1"] > 0.8
    assert ["shop", "till"] in [one["sources"] for one in told["by_source"]]
    assert f"{told['overall']['b_cubed']['f1']:.4f}" in rcu_travelled("evaluate", exports / "truth.csv").out


def joined(road: Road, one: str, other: str) -> tuple[str, str]:
    """Two records of one customer, one of each source."""
    for profile in customers_page(road.store, cursor=None, limit=1000).profiles:
        of = {row["source"]: f"{row['source']}:{row['native_id']}" for row in orjson.loads(profile.profile)["records"]}
        if {one, other} <= of.keys():
            return of[one], of[other]
    pytest.fail("nobody is known to both")


def test_a_pair_is_explained_with_its_sum_and_what_it_is_at_present(rcu_travelled: Command, travelled: Road) -> None:
    pair = joined(travelled, "till", "shop")
    told = rcu_travelled("explain", *pair, "--json").json
    found = told["explanation"]
    assert told["one_customer"] is True
    total = found["prior_strangers"] + sum(step["strangers"] for step in found["steps"])
    assert found["total_strangers"] == pytest.approx(total)
    shown = rcu_travelled("explain", *pair).out
    assert found["verdict"] in shown
    assert told["words"][0] in shown
    assert "they are one customer at present" in shown
    assert all(f"{step['strangers']:+.1f}" in shown for step in found["steps"])


def test_two_customers_are_explained_too(rcu_travelled: Command, travelled: Road) -> None:
    with travelled.store.read() as connection:
        rows = connection.execute(
            select(records.c.native_id, memberships.c.cluster_id)
            .join(memberships, memberships.c.record_id == records.c.record_id)
            .where(records.c.source == "till").order_by(records.c.record_id)
        ).all()  # fmt: skip
    stranger = next(native_id for native_id, cluster in rows if cluster != rows[0][1])
    assert "they are two customers at present" in rcu_travelled("explain", f"till:{rows[0][0]}", f"till:{stranger}").out


def test_a_customer_is_explained_by_its_id_or_any_of_its_records(
    rcu_travelled: Command, travelled: Road, tmp_path: Path
) -> None:
    record, other = joined(travelled, "till", "shop")
    told = rcu_travelled("explain", record, "--nearest", 2, "--json").json
    assert {record, other} <= set(told["members"])
    assert len([step for step in told["steps"] if step["outcome"] == "joined"]) == len(told["members"]) - 1
    assert len(told["nearest"]) <= 2
    assert not {near["right"] for near in told["nearest"]} & set(told["members"])
    with travelled.store.read() as connection:
        profile = by_record(connection, *record.split(":"))
    assert profile is not None
    page = tmp_path / "why.html"
    by_id = rcu_travelled("explain", profile.customer_id, "--html", page, "--json").json
    assert by_id["members"] == told["members"]
    assert all(member in page.read_text(encoding="utf-8") for member in told["members"])


def test_a_page_that_cannot_be_written_is_said(rcu_travelled: Command, travelled: Road, tmp_path: Path) -> None:
    record, other = joined(travelled, "till", "shop")
    refused = rcu_travelled("explain", record, other, "--html", tmp_path / "no" / "why.html")
    assert (refused.code, "cannot write why.html" in refused.err) == (3, True)


def test_verify_finds_nothing_in_a_sound_database_and_what_was_tampered_with(
    rcu_travelled: Command, travelled: Road
) -> None:
    sound = rcu_travelled("verify", "--json")
    assert (sound.code, sound.json["differences"]) == (0, 0)
    with travelled.store.begin() as connection:
        one = connection.execute(select(customers.c.cluster_id).limit(1)).scalar_one()
        connection.execute(update(customers).where(customers.c.cluster_id == one).values(profile='{"customer_id":"x"}'))
    tampered = rcu_travelled("verify", "--json")
    assert (tampered.code, tampered.json["profiles"], tampered.json["differences"]) == (1, 1, 1)
    assert "1 differences" in rcu_travelled("verify").out


# --- exit codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["--version"], 0, __version__, id="0: the version"),
        pytest.param(["db", "check"], 0, "migrations and tables agree", id="0: the migrations are complete"),
        pytest.param(["db", "upgrade"], 0, "up to date", id="0: nothing to upgrade"),
        pytest.param(["conquer"], 2, "No such command", id="2: no such command"),
        pytest.param(["source", "list", "--yaml"], 2, "No such option", id="2: no such option"),
        pytest.param(["import", "till"], 2, "Missing argument", id="2: an argument is missing"),
        pytest.param(
            ["import", "till", "{folder}/stock.csv"],
            3,
            "stock.csv is not a file of source till",
            id="3: a file name the source does not know",
        ),
        pytest.param(
            ["import", "till", "{folder}/" + CLIENTS], 3, "there is no such file", id="3: a file that is not there"
        ),
        pytest.param(["evaluate", "{folder}/truth.csv"], 3, "truth.csv: cannot be read", id="3: no truth"),
        pytest.param(
            ["evaluate", "{folder}/stock.csv"], 3, "stock.csv: no column source", id="3: a truth without its columns"
        ),
        pytest.param(["explain", "till", "shop:1"], 3, "source:native_id", id="3: a record that is not named as one"),
        pytest.param(["quarantine", "drop"], 3, "nothing was chosen", id="3: nothing chosen to drop"),
        pytest.param(
            ["quarantine", "replay", "{folder}/stock.csv"],
            3,
            "line 1 of the corrections",
            id="3: corrections that are none",
        ),
        pytest.param(["key", "create", "x", "--scope", "all"], 3, "no such scope: all", id="3: no such scope"),
        pytest.param(["import", "register", "{folder}/stock.csv"], 4, "no source register", id="4: an unknown source"),
        pytest.param(["explain", "till:1", "shop:1"], 4, "no record till:1", id="4: a record never delivered"),
        pytest.param(["key", "create", "x", "--burst", "5"], 3, "a burst needs a rate", id="3: a burst without a rate"),
        pytest.param(
            ["key", "create", "x", "--expires", "2199-01-01"], 3, "--expires is not a time", id="3: no offset"
        ),
        pytest.param(["key", "show", "nobody"], 4, "no key nobody", id="4: no such key to show"),
        pytest.param(["key", "revoke", "nobody"], 4, "no key nobody", id="4: no such key"),
        pytest.param(["db", "downgrade", "base"], 5, "drops tables", id="5: a downgrade nobody confirmed"),
        pytest.param(["source", "add", "x", "--kind", "fax"], 6, "no kind of connector fax", id="6: no such connector"),
        pytest.param(
            ["source", "add", "x", "--contract", "none"], 6, "no shipped contract none", id="6: no such contract"
        ),
    ],
)
def test_exit_codes_are_those_promised(
    rcu_embedded: Command, tmp_path: Path, arguments: list[str], code: int, says: str
) -> None:
    rcu = rcu_embedded
    rcu("source", "add", "till", *TILL)
    (tmp_path / "stock.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    answer = rcu(*(argument.format(folder=tmp_path) for argument in arguments))
    assert answer.code == code
    assert says in answer.out + answer.err
    assert "Traceback" not in answer.err
    assert bool(answer.out) == (code == 0), "errors go to standard error"


def test_a_command_on_a_database_that_is_not_migrated_says_what_to_do(
    at: Callable[[str], Command], tmp_path: Path
) -> None:
    rcu = at(f"sqlite:///{tmp_path / 'new.db'}")
    for arguments in (["source", "list"], ["run"], ["verify"], ["key", "list"], ["quarantine", "list"]):
        answer = rcu(*arguments)
        assert answer.code == 6
        assert "rcu db upgrade" in answer.err
    assert rcu("db", "upgrade").code == 0
    assert rcu("source", "list").code == 0


def test_an_address_that_is_none_is_a_setting_that_is_not_ready(at: Callable[[str], Command]) -> None:
    answer = at("mysql://root:secret@host/db")("source", "list")
    assert answer.code == 6
    assert "RCU_DATABASE_URL" in answer.err
    assert "secret" not in answer.err


def test_a_run_while_another_is_at_work_is_a_conflict(rcu: Command, databases: Databases) -> None:
    store = databases.open(os.environ["RCU_DATABASE_URL"])
    with store.writer_lock():
        answer = rcu("run")
    assert answer.code == 5
    assert "another import or run is at work" in answer.err


def test_a_folder_that_is_not_there_stops_the_run(rcu_embedded: Command, tmp_path: Path) -> None:
    rcu = rcu_embedded
    rcu("source", "add", "till", *TILL, "--folder", tmp_path / "nowhere")
    answer = rcu("run")
    assert answer.code == 3
    assert "the folder of source till is not there" in answer.err


def test_a_command_loads_no_other(tmp_path: Path) -> None:
    """Loading all of them takes longer than what most of them do."""
    code = "import sys; sys.argv = ['rcu', 'run', '--help']; from rcu.cli.main import run\ntry: run()\nfinally: print(*sorted(sys.modules))"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    loaded = done.stdout.splitlines()[-1].split()
    assert "rcu.cli.data" in loaded
    assert {"rcu.cli.dedupe", "rcu.cli.case", "rcu.cli.admin", "scipy.stats", "fastapi"} & {*loaded} == set()


def test_what_is_no_command_is_told_with_those_there_are(started: Command) -> None:
    assert started("imprt").code == 2
    helped = started("--help")
    assert all(name in helped.out for name in ("import", "run", "case", "standardise"))
