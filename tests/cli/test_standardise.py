"""`rcu standardise`: any customer file in, the same file with standard columns out."""

from __future__ import annotations

import csv
import re
from functools import partial
from pathlib import Path

import orjson
import pandas as pd
import pytest
from openpyxl import Workbook, load_workbook

from rcu.cleaning.notes import MEANINGS
from rcu.services import standardise_outputs
from rcu.services.standardise_columns import FURTHER_COLUMNS, OUTPUT_COLUMNS
from tests.cli.conftest import Command

HEADER = ["CIVILITE", "NOM", "PRENOM", "ADRESSE", "CP", "VILLE", "TEL", "PORTABLE", "MAIL", "DATE DE NAISSANCE"]
ROWS = [
    ["MME", "LEFÈVRE", "ÉLODIE", "12 BIS AV DU GAL DE GAULLE", "75011", "PARIS", "01 42 68 53 00", "06 78 12 45 93",
     "Elodie.Lefevre@Gmail.com", "07/04/1981"],
    ["M", "DUPONT", "Jean-Pierre", "3 rue des Lilas", "6000", "NICE", "", "678124594", "jpdupont@gmial.com", ""],
    ["M", "NOEL", "Hervé", "", "69003", "LYON", "", "0666666666", "", "31/02/1980"],
]  # fmt: skip


@pytest.fixture
def standardise(started: Command) -> Command:
    """`rcu standardise`, started in an empty folder."""
    return partial(started, "standardise")


def cut(
    path: Path, header: list[str], rows: list[list[str]], *, encoding: str = "cp1252", separator: str = ";"
) -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=separator).writerows([header, *rows])
    return path


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    """A French export: cp1252 and semicolons."""
    return cut(tmp_path / "clients.csv", HEADER, ROWS)


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_file_keeps_its_columns_and_gets_the_standard_ones(standardise: Command, clients: Path) -> None:
    assert standardise(clients).code == 0
    written = table(Path("clients_standardised.csv"))
    assert list(written.columns) == [*HEADER, *OUTPUT_COLUMNS, *FURTHER_COLUMNS]
    assert written[HEADER].to_numpy().tolist() == ROWS


def test_the_contract_of_columns_is_kept() -> None:
    assert OUTPUT_COLUMNS == (
        "civility", "first_name_std", "last_name_std", "birth_name_std", "name_key", "phonetic_key", "email_std",
        "email_key", "email_quality", "email_suggestion", "phone_e164", "phone_kind", "phone_quality",
        "address_number", "address_suffix", "street_type", "street_name", "address_complement", "address_line_4",
        "postcode_std", "commune_std", "commune_insee", "birth_date_std", "quality",
    )  # fmt: skip


def test_a_row_is_standardised(standardise: Command, clients: Path) -> None:
    standardise(clients)
    first = table(Path("clients_standardised.csv")).iloc[0]
    told = {
        "civility": "MME",
        "first_name_std": "Élodie",
        "last_name_std": "Lefèvre",
        "name_key": "LEFEVRE ELODIE",
        "email_std": "elodie.lefevre@gmail.com",
        "email_quality": "valid",
        "phone_e164": "+33678124593",
        "phone_kind": "mobile",
        "phone_quality": "valid",
        "landline_e164": "+33142685300",
        "address_number": "12",
        "address_suffix": "B",
        "street_type": "AVENUE",
        "street_name": "DU GENERAL DE GAULLE",
        "address_line_4": "12 B AVENUE DU GENERAL DE GAULLE",
        "postcode_std": "75011",
        "commune_std": "PARIS",
        "birth_date_std": "1981-04-07",
        "quality": "valid",
        "notes": "",
    }
    assert {name: first[name] for name in told} == told


def test_repairs_and_refusals_are_marked_and_explained(standardise: Command, clients: Path) -> None:
    standardise(clients)
    _, second, third = (row for _, row in table(Path("clients_standardised.csv")).iterrows())
    assert second["phone_e164"] == "+33678124594"
    assert second["email_suggestion"] == "jpdupont@gmail.com"
    assert second["postcode_std"] == "06000"
    assert second["quality"] == "suspect"
    assert {"email:domain_typo", "mobile:zero_restored", "address:postcode_zero_restored"} <= set(
        second["notes"].split()
    )
    assert (third["phone_e164"], third["phone_quality"], third["quality"]) == ("", "junk", "junk")
    assert {"mobile:placeholder", "birth_date:impossible"} <= set(third["notes"].split())
    assert all(note.partition(":")[2] in MEANINGS for note in f"{second['notes']} {third['notes']}".split())


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".xlsx", ".jsonl"])
def test_what_was_written_can_be_standardised_again(standardise: Command, clients: Path, ending: str) -> None:
    standardise(clients, "-o", f"once{ending}")
    assert standardise(f"once{ending}", "-o", "twice.csv").code == 0
    standardise(clients)
    once, twice = table(Path("clients_standardised.csv")), table(Path("twice.csv"))
    assert twice[list(OUTPUT_COLUMNS)].equals(once[list(OUTPUT_COLUMNS)])


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".xlsx", ".jsonl"])
def test_every_format_holds_the_same_table(standardise: Command, clients: Path, ending: str) -> None:
    assert standardise(clients, "-o", f"out/made{ending}").code == 0
    made = Path(f"out/made{ending}")
    read = {
        ".csv": table,
        ".parquet": pd.read_parquet,
        ".xlsx": lambda path: pd.read_excel(path, dtype=str),
        ".jsonl": lambda path: pd.DataFrame([orjson.loads(line) for line in path.read_bytes().splitlines()]),
    }[ending](made)
    standardise(clients)
    expected = table(Path("clients_standardised.csv"))
    assert read.astype(object).where(read.notna(), "").astype(str).to_numpy().tolist() == expected.to_numpy().tolist()
    assert list(read.columns) == list(expected.columns)
    assert sorted(path.name for path in Path("out").iterdir()) == [made.name, "report.html"]


def test_values_that_look_like_formulas_or_hold_quotes_stay_as_they_are(standardise: Command, tmp_path: Path) -> None:
    odd = ["=1+1", 'dit "Jo", le grand; dernier', "#N/D", "-5"]
    file = cut(tmp_path / "odd.csv", ["NOM", "NOTE"], [["DUPONT", value] for value in odd])
    standardise(file)
    standardise(file, "-o", "odd.xlsx")
    assert table(Path("odd_standardised.csv"))["NOTE"].tolist() == odd
    cells = [row[1] for row in load_workbook("odd.xlsx").active.iter_rows(min_row=2)]
    assert [(cell.value, cell.data_type) for cell in cells] == [(value, "s") for value in odd]


def test_an_excel_file_is_read_with_its_dates(standardise: Command, tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["Nom", "Prénom", "Date de naissance", "Code postal", "Ville"])
    book.active.append(["Martin", "Zoé", pd.Timestamp("1990-02-28").to_pydatetime(), 1000, "BOURG EN BRESSE"])
    book.save(tmp_path / "book.xlsx")
    assert standardise("book.xlsx", "-o", "made.xlsx").code == 0
    (row,) = pd.read_excel("made.xlsx", dtype=str).to_dict("records")
    assert (row["birth_date_std"], row["postcode_std"], row["commune_std"]) == (
        "1990-02-28", "01000", "BOURG EN BRESSE",
    )  # fmt: skip


def test_a_whole_name_and_a_whole_address_are_taken_apart(standardise: Command, tmp_path: Path) -> None:
    rows = [["Mme Claire DURAND", "14 rue des Acacias 44000 Nantes"], ["M. Paul MOREL", "2 place Bellecour 69002 Lyon"]]
    standardise(cut(tmp_path / "names.csv", ["Nom complet", "Adresse complète"], rows, encoding="utf-8"))
    written = table(Path("names_standardised.csv"))
    assert written["name_key"].tolist() == ["DURAND CLAIRE", "MOREL PAUL"]
    assert written["address_line_4"].tolist() == ["14 RUE DES ACACIAS", "2 PLACE BELLECOUR"]
    assert written["postcode_std"].tolist() == ["44000", "69002"]


def test_a_file_of_one_row_is_read_by_its_headers(standardise: Command, tmp_path: Path) -> None:
    standardise(cut(tmp_path / "one.csv", HEADER, ROWS[:1]))
    assert table(Path("one_standardised.csv"))["name_key"].tolist() == ["LEFEVRE ELODIE"]


# --- columns ----------------------------------------------------------------------------------------------------------


def test_own_columns_of_the_same_name_are_kept_under_another(standardise: Command, tmp_path: Path) -> None:
    header = ["NOM", "quality", "quality_raw", "notes"]
    file = cut(
        tmp_path / "clash.csv", header, [["DUPONT", "good", "old", "calls at night"], ["MARTIN", "bad", "x", ""]]
    )
    answer = standardise(file, "--json")
    assert answer.json["renamed"] == {"quality": "quality_raw_2", "notes": "notes_raw"}
    written = table(Path("clash_standardised.csv"))
    assert list(written.columns[:4]) == ["NOM", "quality_raw_2", "quality_raw", "notes_raw"]
    assert written["quality_raw_2"].tolist() == ["good", "bad"]
    assert written["quality"].tolist() == ["valid", "valid"]
    assert "quality is called quality_raw_2" in standardise(file).out


def test_what_the_caller_says_overrides_the_guess(standardise: Command, tmp_path: Path) -> None:
    rows = [["DURAND", "MARTIN", "Zoé"], ["PETIT", "BERNARD", "Luc"]]
    file = cut(tmp_path / "told.csv", ["A=B", "NOM", "PRENOM"], rows)
    standardise(file, "--map", "A=B=last_name", "--map", "NOM=ignore")
    written = table(Path("told_standardised.csv"))
    assert written["name_key"].tolist() == ["DURAND ZOE", "PETIT LUC"]
    assert written["NOM"].tolist() == ["MARTIN", "BERNARD"]


def test_a_second_email_column_is_left_and_named(standardise: Command, tmp_path: Path) -> None:
    rows = [["a.dupont@orange.fr", "b.martin@free.fr"], ["c.petit@sfr.fr", "d.roux@laposte.net"]]
    answer = standardise(cut(tmp_path / "two.csv", ["Email", "Email 2"], rows))
    assert "Email 2 is left as it is: Email was read as email" in answer.out
    assert table(Path("two_standardised.csv"))["email_std"].tolist() == ["a.dupont@orange.fr", "c.petit@sfr.fr"]


# --- what is told -----------------------------------------------------------------------------------------------------


def test_the_table_of_qualities_and_the_findings_are_printed(standardise: Command, clients: Path) -> None:
    out = standardise(clients).out
    assert re.search(r"^name +3 \(100 %\)", out, flags=re.MULTILINE)
    assert re.search(r"^birth date +1 \(33 %\) .* 1 \(33 %\)$", out, flags=re.MULTILINE)
    assert re.search(r"^mobile +zero_restored +the leading zero was lost", out, flags=re.MULTILINE)
    assert re.search(r"^3 rows in [\d.]+ s$", out, flags=re.MULTILINE)
    assert "clients_standardised.csv, report.html" in out


def test_a_field_without_a_column_is_said_to_have_none(standardise: Command, tmp_path: Path) -> None:
    assert "birth date (no column)" in standardise(cut(tmp_path / "names.csv", ["NOM"], [["DURAND"], ["MARTIN"]])).out


def test_the_summary_for_machines_counts_and_names_nobody(standardise: Command, clients: Path) -> None:
    answer = standardise(clients, "--json")
    told = answer.json
    assert told["rows"] == 3
    assert told["fields"]["mobile"] == {
        "columns": ["PORTABLE", "TEL"], "valid": 1, "repaired": 1, "suspect": 0, "junk": 1, "missing": 0,
    }  # fmt: skip
    assert told["row_quality"] == {"valid": 1, "repaired": 0, "suspect": 1, "junk": 1, "missing": 0}
    assert {"field": "mobile", "note": "placeholder", "meaning": "typed in place of a value", "rows": 1} in told[
        "findings"
    ]
    assert told["written"] == ["clients_standardised.csv", "report.html"]
    values = {value for row in ROWS for value in row if len(value) > 3}
    assert [value for value in values if value.lower() in answer.out.lower()] == []


def test_the_report_stands_alone_and_shows_what_was_done(standardise: Command, tmp_path: Path) -> None:
    rows = [*ROWS, ["M", "<script>alert(1)</script>", "Al", "", "", "", "", "", "x@gmial.com", ""]]
    assert standardise(cut(tmp_path / "c.csv", HEADER, rows), "--report", "pages/seen.html").code == 0
    page = Path("pages/seen.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in page
    assert "<script" not in page
    assert "http" not in page
    assert page.count("<svg") == 1
    assert "the leading zero was lost" in page
    assert "678124594" in page
    assert "<td>gmial.com</td><td>gmail.com</td>" in page
    assert "keep it as safe as the file itself" in page
    assert sorted(path.name for path in Path("pages").iterdir()) == ["seen.html"]


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("nowhere.csv",), "there is no such file", id="no file"),
        pytest.param(("clients.csv", "-o", "clients.csv"), "is the file to be read", id="onto itself"),
        pytest.param(
            ("clients.csv", "-o", "./x/../clients.csv"), "is the file to be read", id="onto itself, another way"
        ),
        pytest.param(
            ("clients.csv", "--report", "clients.csv"), "is the file to be read", id="the report onto the input"
        ),
        pytest.param(("clients.csv", "-o", "r.csv", "--report", "r.csv"), "would be one file", id="both in one"),
        pytest.param(("clients.csv", "-o", "made.pdf"), "its ending says no format", id="unknown ending"),
        pytest.param(("clients.csv", "--report", "folder"), "is a directory", id="the report is a directory"),
        pytest.param(("clients.csv", "--map", "NOWHERE=email"), "no column called NOWHERE", id="no such column"),
        pytest.param(("clients.csv", "--map", "NOM=surname"), "no field called surname", id="no such field"),
        pytest.param(("clients.csv", "--map", "NOM"), "COLUMN=FIELD", id="no equals sign"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_written(
    standardise: Command, clients: Path, arguments: tuple[str, ...], says: str
) -> None:
    Path("folder").mkdir()
    before = clients.read_bytes()
    answer = standardise(*arguments)
    assert answer.code == 3
    assert says in answer.err
    assert clients.read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == ["clients.csv", "folder"]


def test_a_file_without_a_column_of_people_says_what_to_do(standardise: Command, tmp_path: Path) -> None:
    answer = standardise(cut(tmp_path / "stock.csv", ["SKU", "price"], [["A1", "9"], ["B2", "12"]]))
    assert answer.code == 3
    assert "none of the 2 columns was recognised" in answer.err
    assert "--map" in answer.err


def test_results_of_before_are_replaced(standardise: Command, clients: Path) -> None:
    Path("clients_standardised.csv").write_text("old")
    Path("report.html").write_text("old")
    assert standardise(clients).code == 0
    assert len(table(Path("clients_standardised.csv"))) == 3
    assert Path("report.html").read_text(encoding="utf-8") != "old"


def test_when_the_report_fails_the_table_of_before_stays(
    standardise: Command, clients: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("clients_standardised.csv").write_text("old")

    def full(result: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(standardise_outputs, "render_report", full)
    answer = standardise(clients)
    assert answer.code == 3
    assert "No space left on device" in answer.err
    assert Path("clients_standardised.csv").read_text() == "old"
    assert sorted(path.name for path in Path().iterdir()) == ["clients.csv", "clients_standardised.csv"]
