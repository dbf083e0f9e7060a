"""Any tabular file becomes columns of text, or an error that says what to do."""

import gzip
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from rcu.errors import UnreadableFile
from rcu.ingest.anyfile import read_any


def written(tmp_path: Path, name: str, content: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        pytest.param("a.csv", "nom,ville\nZoé,Angoulême\n".encode(), "text, utf-8, separator ,", id="UTF-8 and commas"),
        pytest.param(
            "a.csv", "\ufeffnom;ville\nZoé;Angoulême\n".encode(), "text, utf-8, separator ;", id="a byte order mark"
        ),
        pytest.param(
            "a.csv", "nom;ville\nZoé;Angoulême\n".encode("cp1252"), "text, cp1252, separator ;", id="Windows accents"
        ),
        pytest.param(
            "a.txt",
            "nom\tville\nZoé\tAngoulême\n".encode("utf-16"),
            "text, utf-16, separator tab",
            id="UTF-16 and tabs",
        ),
        pytest.param(
            "a.csv", " nom | ville\n Zoé | Angoulême\n".encode(), "text, utf-8, separator |", id="blanks around values"
        ),
        pytest.param(
            "a.csv.gz", gzip.compress("nom,ville\nZoé,Angoulême\n".encode()), "text, utf-8, separator ,", id="gzip"
        ),
        pytest.param("a.jsonl", '{"nom":"Zoé","ville":"Angoulême"}\n'.encode(), "JSON lines", id="JSON lines"),
        pytest.param("a.json", '[{"nom":"Zoé","ville":"Angoulême"}]'.encode(), "JSON array", id="a JSON array"),
    ],
)
def test_the_same_table_comes_out_of_every_form_of_text(tmp_path: Path, name: str, content: bytes, form: str) -> None:
    read = read_any(written(tmp_path, name, content))
    assert (read.form, read.frame.to_dict("records")) == (form, [{"nom": "Zoé", "ville": "Angoulême"}])


def test_parquet_and_excel_values_become_text_as_a_person_writes_them(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["id", "born", "size"])
    book.active.append([7, pd.Timestamp("1980-02-01").to_pydatetime(), 1.5])
    book.save(tmp_path / "a.xlsx")
    pd.DataFrame({"id": [7], "born": [pd.Timestamp("1980-02-01")], "size": [1.5]}).to_parquet(tmp_path / "a.parquet")
    for name in ("a.xlsx", "a.parquet"):
        assert read_any(tmp_path / name).frame.to_dict("records") == [{"id": "7", "born": "1980-02-01", "size": "1.5"}]


def test_nested_json_is_flattened_and_words_for_nothing_are_missing(tmp_path: Path) -> None:
    content = b'{"a":{"b":1},"c":"NULL"}\n{"a":{"b":2},"c":"  x  y "}\n'
    frame = read_any(written(tmp_path, "a.jsonl", content)).frame
    assert frame["a.b"].tolist() == ["1", "2"]
    assert frame["c"].isna().tolist() == [True, False]
    assert frame["c"].iloc[1] == "x y"


def test_columns_without_or_with_the_same_name_get_one_of_their_own(tmp_path: Path) -> None:
    frame = read_any(written(tmp_path, "a.csv", b"name,,name\na,b,c\n")).frame
    assert list(frame.columns) == ["name", "column 2", "name (2)"]


def test_a_file_without_header_has_its_columns_numbered_and_says_so(tmp_path: Path) -> None:
    read = read_any(written(tmp_path, "a.csv", b"Ann,1980-01-02\nBob,1981-02-03\n"))
    assert (list(read.frame.columns), len(read.frame), len(read.notes)) == (["column 1", "column 2"], 2, 1)


def test_one_row_too_wide_among_many_is_left_out_and_told_by_its_place(tmp_path: Path) -> None:
    rows = ["name,city", *["Ann,Paris"] * 150, "Bob,Lyon,France"]
    read = read_any(written(tmp_path, "a.csv", "\n".join(rows).encode()))
    assert len(read.frame) == 150
    assert read.notes == ("1 rows with more fields than the header are left out: 152",)


def test_an_inch_mark_that_opens_no_quote_is_a_letter(tmp_path: Path) -> None:
    frame = read_any(written(tmp_path, "a.csv", b'name,size\nAnn,"5\nBob,6\n')).frame
    assert frame["size"].tolist() == ['"5', "6"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param("a.csv", b"", "empty", id="an empty file"),
        pytest.param("a.csv", b"name,city\n", "without rows", id="only a header"),
        pytest.param("a.csv", b"name,city\nSecret,b,c\n", "more fields", id="a row too wide"),
        pytest.param("a.csv", b'name,city\n"Secret,b\nc,d,e\n', "never closed", id="an open quote"),
        pytest.param("a.bin", b"\x00\x01\x02\x00\x00\x03", "binary", id="binary content"),
        pytest.param("a.xlsx", b"PK\x03\x04nothing", "workbook", id="a broken workbook"),
        pytest.param("a.parquet", b"PAR1nothing", "Parquet", id="a broken Parquet file"),
        pytest.param("a.csv.gz", b"\x1f\x8b\x08nothing", "damaged", id="a cut archive"),
        pytest.param("a.jsonl", b'{"a": "Secret"}\n{oops\n', "line 2", id="a broken line of JSON"),
        pytest.param("a.json", b"[1, 2]", "list of objects", id="JSON without objects"),
        pytest.param("a.pdf", b"%PDF-1.7", "not a table", id="a PDF"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason_a_hint_and_no_value(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    with pytest.raises(UnreadableFile, match=reason) as caught:
        read_any(written(tmp_path, name, content))
    assert caught.value.hint
    assert "Secret" not in str(caught.value)


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(UnreadableFile):
            read_any(path)


def test_a_workbook_whose_rows_end_at_their_last_cell_is_sound(tmp_path: Path) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("a")
    for row in (["nom", "prenom", "mail"], ["Dupont", "Jean", "a@b.fr"], ["Durand"]):
        sheet.append(row)
    book.save(tmp_path / "written.xlsx")
    with zipfile.ZipFile(tmp_path / "written.xlsx") as written, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as bare:
        for name in written.namelist():
            bare.writestr(name, re.sub(rb"<dimension[^>]*/>", b"", written.read(name)))
    frame = read_any(tmp_path / "a.xlsx").frame
    assert frame["nom"].tolist() == ["Dupont", "Durand"]
    assert frame["mail"].isna().tolist() == [False, True]
