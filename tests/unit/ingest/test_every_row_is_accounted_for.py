"""However a file is mangled, each of its rows is accepted or refused, or the file is refused whole."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rcu.domain.intake import Batch, Entity
from rcu.errors import UnreadableFile
from tests.unit.ingest import samples

FILES = {
    "CLIENTS_1.csv": (samples.CLIENTS, samples.till()),
    "TICKETS_1.csv": (samples.TICKETS, samples.till()),
    "audience.csv": (samples.AUDIENCE, samples.email()),
    "activity.csv": (samples.ACTIVITY, samples.email()),
    "customers.json": (
        samples.array("customers", samples.CUSTOMER, "12", {**samples.CUSTOMER, "id": 2}),
        samples.shop(),
    ),
    "orders.json": (samples.array("orders", samples.ORDER, {**samples.ORDER, "id": 8}), samples.shop()),
}
UNQUOTED = ("CLIENTS_1.csv", "TICKETS_1.csv")
mangled = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def outcome(folder: Path, name: str, content: bytes, *, batch_rows: int = 2) -> list[Batch] | None:
    """Read a file; None when it is refused whole."""
    try:
        return samples.read(FILES[name][1], samples.write(folder, name, content), batch_rows=batch_rows)
    except UnreadableFile:
        return None


def assert_balanced(batches: list[Batch]) -> None:
    for batch in batches:
        assert len(batch.raw) + len(batch.refusals) == batch.rows_read
        lines = [*batch.raw["line"], *(refusal.line for refusal in batch.refusals)]
        assert len(set(lines)) == len(lines)
        for frame in batch.frames.values():
            assert set(frame["line"]) <= set(batch.raw["line"])


@mangled
@given(data=st.data())
def test_a_mangled_file(tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FILES)))
    content = bytearray(FILES[name][0])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        match data.draw(st.sampled_from(("cut", "insert", "delete", "double"))):
            case "cut":
                del content[at:]
            case "insert":
                content[at:at] = data.draw(
                    st.sampled_from([b"\0", b'"', b";", b",", b"\n", b"\r", b"\xff", b"\x81", b"{", b"}", b"]"])
                )
            case "delete":
                del content[at : at + data.draw(st.integers(1, 30))]
            case _:
                content[at:at] = content[at : at + 200]
    batches = outcome(tmp_path, name, bytes(content))
    if batches is not None:
        assert_balanced(batches)
        if name in UNQUOTED:
            lines = [
                line
                for line in bytes(content).removeprefix(b"\xef\xbb\xbf").split(b"\n")[1:]
                if line.strip(b" \t\r\v\f")
            ]
            assert sum(batch.rows_read for batch in batches) == len(
                [line for line in lines if line.decode("latin-1").strip()]
            )


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_a_file_in_another_encoding(tmp_path: Path, name: str, encoding: str) -> None:
    text = FILES[name][0].decode("cp1252" if name in UNQUOTED else "utf-8")
    batches = outcome(tmp_path, name, text.encode(encoding))
    if batches is not None:
        assert_balanced(batches)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".csv")])
def test_each_column_missing(tmp_path: Path, name: str) -> None:
    content = FILES[name][0].decode("cp1252" if name in UNQUOTED else "utf-8")
    table = pd.read_csv(
        io.StringIO(content), sep=";" if name in UNQUOTED else ",", dtype=str, quoting=3 if name in UNQUOTED else 0
    )
    for column in table.columns:
        quoting = csv.QUOTE_NONE if name in UNQUOTED else csv.QUOTE_MINIMAL
        text = table.drop(columns=column).to_csv(index=False, sep=";" if name in UNQUOTED else ",", quoting=quoting)
        batches = outcome(tmp_path, name, text.encode("cp1252" if name in UNQUOTED else "utf-8"))
        if batches is not None:
            assert_balanced(batches)
            assert sum(batch.rows_read for batch in batches) == len(table)


@pytest.mark.parametrize("name", FILES)
def test_a_million_characters_in_one_field(tmp_path: Path, name: str) -> None:
    content = FILES[name][0]
    place = (
        content.index(b"zoe@free.fr")
        if b"zoe@free.fr" in content
        else content.index("Thé".encode("cp1252" if name in UNQUOTED else "utf-8"))
    )
    batches = outcome(tmp_path, name, content[:place] + b"z" * 1_000_000 + content[place:])
    assert batches is not None
    assert_balanced(batches)
    reasons = [refusal.reason for batch in batches for refusal in batch.refusals]
    assert name.endswith(".json") or "field_too_long" in reasons


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("batch_rows", [1, 2, 1000])
def test_reading_twice_gives_equal_batches(tmp_path: Path, name: str, batch_rows: int) -> None:
    content, source = FILES[name]
    path = samples.write(tmp_path, name, content)
    once, twice = (samples.read(source, path, batch_rows=batch_rows) for _ in range(2))
    assert [(one.number, one.rows_read, one.refusals) for one in once] == [
        (two.number, two.rows_read, two.refusals) for two in twice
    ]
    for one, two in zip(once, twice, strict=True):
        pd.testing.assert_frame_equal(one.raw, two.raw)
        assert one.frames.keys() == two.frames.keys()
        for entity in one.frames:
            pd.testing.assert_frame_equal(one.frames[entity], two.frames[entity])


@pytest.mark.parametrize("name", FILES)
def test_the_cut_into_batches_changes_no_row(tmp_path: Path, name: str) -> None:
    content, source = FILES[name]
    path = samples.write(tmp_path, name, content)
    whole, cut = samples.read(source, path), samples.read(source, path, batch_rows=1)
    for entity in whole[0].frames:
        parts = pd.concat([batch.frames[entity] for batch in cut], ignore_index=True)
        pd.testing.assert_frame_equal(parts, whole[0].frames[Entity(entity)])
