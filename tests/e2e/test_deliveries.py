"""Deliveries as they really come: older versions, full exports with fewer rows, damaged files, refused rows."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from rcu.cleaning import CleaningSettings
from rcu.errors import InputError, UnreadableFile
from rcu.services import quarantine
from rcu.services.importing import Importer
from rcu.services.reading import customer_of_record
from rcu.services.sources import find_source
from rcu.services.verification import verify
from tests.conftest import Road, clock, files_of
from tests.e2e.test_road import profiles

HEADER = (
    "CODE_CLIENT;CIVILITE;NOM;PRENOM;NOM_NAISSANCE;DATE_NAISSANCE;ADRESSE1;ADRESSE2;CODE_POSTAL;VILLE;PAYS;TEL_FIXE;"
    "TEL_PORTABLE;EMAIL;NUM_CARTE;MAGASIN;DATE_CREATION;DATE_MODIF;OPTIN_EMAIL;OPTIN_SMS;DATE_OPTIN"
)


def client(
    code: str, *, last: str = "DUPONT", first: str = "JEANNE", email: str = "", changed: str = "05/06/2025 10:00:00"
) -> str:
    """A row of the till's customers."""
    address = "12 RUE DE LA PAIX;;75002;PARIS;FRANCE"
    return f"{code};MME;{last};{first};;12/03/1980;{address};;;{email};;M001;01/01/2024 09:00:00;{changed};;;"


def till_file(folder: Path, name: str, *rows: str) -> Path:
    path = folder / f"CLIENTS_{name}.csv"
    path.write_bytes("\r\n".join([HEADER, *rows, ""]).encode("cp1252"))
    return path


def golden(road: Road, code: str) -> dict:
    return orjson.loads(customer_of_record(road.store, "till", code).profile)["golden"]


@pytest.mark.parametrize("order", [("old", "new"), ("new", "old")])
def test_the_newer_version_of_a_record_stays_whichever_comes_first(
    road: Road, tmp_path: Path, order: tuple[str, ...]
) -> None:
    made = {
        "old": till_file(tmp_path, "old", client("C1", email="jeanne.avant@gmail.com", changed="01/01/2025 10:00:00")),
        "new": till_file(tmp_path, "new", client("C1", email="jeanne.apres@gmail.com", changed="01/06/2025 10:00:00")),
    }
    for name in order:
        road.take("till", made[name])
    road.run()
    assert golden(road, "C1")["email"] == "jeanne.apres@gmail.com"


def test_a_record_absent_from_a_full_export_is_shown_as_deleted_and_comes_back(road: Road, tmp_path: Path) -> None:
    rows = [client(f"C{number}", last=f"NOM{'ABCDEFGHIJKLMNOP'[number]}") for number in range(12)]
    road.take("till", till_file(tmp_path, "1", *rows))
    road.run()
    report = road.take("till", till_file(tmp_path, "2", *rows[1:]))[0]
    road.run()
    profile = orjson.loads(customer_of_record(road.store, "till", "C0").profile)
    assert (report.absent, report.absences_held) == (1, False)
    assert profile["records"][0]["deleted"] is True
    road.take("till", till_file(tmp_path, "3", *rows, ""))
    road.run()
    assert "deleted" not in orjson.loads(customer_of_record(road.store, "till", "C0").profile)["records"][0]
    assert verify(road.store, road.model).differences == 0


def test_a_full_export_that_lacks_too_much_is_not_believed_until_told(road: Road, tmp_path: Path) -> None:
    rows = [client(f"C{number}", last=f"NOM{number}") for number in range(40)]
    road.take("till", till_file(tmp_path, "1", *rows))
    few = till_file(tmp_path, "2", *rows[:5])
    report = road.take("till", few)[0]
    assert (report.absent, report.absences_held) == (35, True)
    connector = find_source(road.store, "till").connect()
    report = Importer(road.store, connector, CleaningSettings(), clock, accept_absences=True).take([few])[0]
    assert (report.absent, report.absences_held) == (35, False)


def test_a_refused_row_of_a_full_export_is_not_taken_for_an_absence(road: Road, tmp_path: Path) -> None:
    road.take("till", till_file(tmp_path, "1", client("C1"), client("C2")))
    report = road.take("till", till_file(tmp_path, "2", client("C1"), client("C2") + ";one;too;many"))[0]
    assert (report.rows_refused, report.absent) == (1, 0)


def test_a_refused_row_is_corrected_exported_and_replayed(road: Road, tmp_path: Path) -> None:
    bad = client("C2", last="MARTIN", first="ODETTE", changed="31/02/2025 10:00:00")
    report = road.take("till", till_file(tmp_path, "1", client("C1"), bad))[0]
    assert (report.rows_accepted, report.rows_refused) == (1, 1)
    rows = quarantine.listed(road.store, quarantine.Filter(source="till"))
    assert [(row.line, row.field, row.reason) for row in rows] == [(3, "DATE_MODIF", "bad_date")]
    told = [json.loads(line) for line in quarantine.export(rows)]
    told[0]["row"]["DATE_MODIF"] = "28/02/2025 10:00:00"
    corrected = quarantine.read_corrections(orjson.dumps(one) for one in told)
    replayer = quarantine.Replayer(road.store, CleaningSettings(), clock)
    reports = replayer.replay(list(corrected), corrected).files
    assert (reports[0].rows_accepted, reports[0].rows_refused, reports[0].records.new) == (1, 0, 1)
    assert quarantine.listed(road.store, quarantine.Filter()) == []
    road.run()
    assert golden(road, "C2")["last_name"] == "Martin"


def test_a_row_replayed_without_being_corrected_is_in_quarantine_again(road: Road, tmp_path: Path) -> None:
    road.take("till", till_file(tmp_path, "1", client("C1", changed="31/02/2025 10:00:00"), "torn;row"))
    before = quarantine.listed(road.store, quarantine.Filter())
    for _ in range(2):
        ids = [row.quarantine_id for row in quarantine.listed(road.store, quarantine.Filter())]
        quarantine.Replayer(road.store, CleaningSettings(), clock).replay(ids)
    after = quarantine.listed(road.store, quarantine.Filter())
    assert sorted((row.reason, row.raw) for row in after) == sorted((row.reason, row.raw) for row in before)


def test_a_refused_element_of_the_shop_is_corrected_and_replayed(road: Road, tmp_path: Path, exports: Path) -> None:
    for path in files_of(exports, "shop"):
        road.take("shop", path)
    rows = [
        row
        for row in quarantine.listed(road.store, quarantine.Filter())
        if row.reason == "missing_key" and row.field == "email"
    ]
    corrections = {row.quarantine_id: {**json.loads(row.raw), "email": f"corrige{row.line}@gmail.com"} for row in rows}
    reports = quarantine.Replayer(road.store, CleaningSettings(), clock).replay(list(corrections), corrections).files
    assert corrections
    assert sum(report.records.new for report in reports) == len(corrections)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut in the middle": lambda content: content[: len(content) // 2],
    "cut near the end": lambda content: content[:-17],
    "re-encoded as UTF-16": lambda content: content.decode("cp1252", "replace").encode("utf-16"),
    "re-encoded as UTF-8": lambda content: content.decode("cp1252", "replace").encode(),
    "a column missing": lambda content: content.replace(b"CODE_CLIENT;", b"CLIENT_CODE;", 1).replace(
        b"LEID", b"MEMBER", 1
    ),
    "empty": lambda _content: b"",
    "NUL as an escape": lambda content: content.replace(b"Paris", b"Par\\u0000is"),
    "only its first line": lambda content: content.split(b"\n")[0] + b"\n",
    "1 M characters in a field": lambda content: content.replace(b";", b";" + b"x" * 1_000_000, 30).replace(
        b",", b"," + b"y" * 1_000_000, 1
    ),
    "NUL bytes": lambda content: content[:5000] + b"\x00" * 100 + content[5000:],
    "random bytes at the end": lambda content: content + bytes(range(256)),
}


@pytest.mark.parametrize("damage", list(DAMAGES))
@pytest.mark.parametrize("source", ["till", "shop", "email"])
def test_every_row_of_a_damaged_file_is_accepted_or_refused_or_the_file_is(
    road: Road, exports: Path, tmp_path: Path, source: str, damage: str
) -> None:
    for path in files_of(exports, source):
        whole = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        hurt = tmp_path / path.name.removesuffix(".gz")
        hurt.write_bytes(DAMAGES[damage](whole))
        try:
            report = road.take(source, hurt)[0]
        except UnreadableFile:
            continue
        assert report.rows_accepted + report.rows_refused == report.rows_read
        with road.store.read() as connection:
            kept = connection.exec_driver_sql("SELECT sum(rows_accepted) FROM raw_batches").scalar() or 0
        assert kept >= report.rows_accepted
    road.run()
    assert verify(road.store, road.model).differences == 0


def test_a_file_of_another_source_is_refused_before_anything_is_taken(road: Road, exports: Path) -> None:
    with pytest.raises(InputError, match="not a file of source till"):
        road.take("till", *files_of(exports, "till"), exports / "email" / "audience.csv")
    road.run()
    assert profiles(road) == []
