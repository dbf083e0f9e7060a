"""Files of verdicts: what is read, what counts once, and errors that name the line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from rcu.domain.records import RecordKey
from rcu.errors import InputError
from rcu.services.verdicts import WORDS, SaidPair, placed, read_verdicts

ONE, TWO, THREE = RecordKey("till", "C1"), RecordKey("shop", "2"), RecordKey("email", "3")
RECORDS = pd.DataFrame(
    [(key.source, key.native_id) for key in (TWO, ONE, THREE)], columns=["source", "native_id"], index=[7, 8, 9]
)


def written(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "verdicts.csv"
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


@pytest.mark.parametrize(("word", "same"), WORDS.items())
def test_every_word_for_a_verdict_is_understood(tmp_path: Path, word: str, same: bool) -> None:
    path = written(tmp_path, "left,right,verdict", f"till:C1,shop:2, {word.title()} ")
    assert read_verdicts(path) == (SaidPair(2, ONE, TWO, same),)


@pytest.mark.parametrize(
    ("lines", "encoding"),
    [
        pytest.param(["left;right;verdict", "till:C1;shop:2;same"], "utf-8-sig", id="as a French Excel writes it"),
        pytest.param(["verdict,note,right,left", 'same,"a, b",shop:2,till:C1'], "utf-8", id="columns in any order"),
    ],
)
def test_files_of_other_tools_are_read(tmp_path: Path, lines: list[str], encoding: str) -> None:
    assert read_verdicts(written(tmp_path, *lines, encoding=encoding)) == (SaidPair(2, ONE, TWO, same=True),)


def test_lines_not_judged_are_left_out_and_a_pair_said_twice_counts_once(tmp_path: Path) -> None:
    lines = ["till:C1,shop:2,same", "shop:2,email:3,", "till:C1,email:3,unsure", "shop:2,till:C1,yes"]
    assert read_verdicts(written(tmp_path, "left,right,verdict", *lines)) == (SaidPair(2, ONE, TWO, same=True),)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        pytest.param(["left,right", "till:C1,shop:2"], "no column verdict", id="a column is missing"),
        pytest.param([""], "no column left, right, verdict", id="an empty file"),
        pytest.param(["left,right,verdict", "till:C1,shop:2,same", "C1,shop:2,same"], "line 3 does not", id="no key"),
        pytest.param(["left,right,verdict", "till:C1,till:C1,same"], "line 2 names one record twice", id="one record"),
        pytest.param(["left,right,verdict", "till:C1,shop:2,perhaps"], "line 2 has no verdict", id="no such word"),
        pytest.param(
            ["left,right,verdict", "till:C1,shop:2,same", "shop:2,till:C1,no"],
            "line 3 says the opposite of line 2",
            id="two verdicts that contradict each other",
        ),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path, lines: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says) as error:
        read_verdicts(written(tmp_path, *lines))
    assert error.value.message.startswith("verdicts.csv: ")
    assert error.value.hint


@pytest.mark.parametrize(
    "content", [pytest.param(None, id="no file"), pytest.param("é".encode("cp1252"), id="another encoding")]
)
def test_a_file_that_is_no_text_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "verdicts.csv"
    if content:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"verdicts.csv: cannot be read"):
        read_verdicts(path)


def test_verdicts_are_placed_by_row_whatever_the_frame_is_labelled() -> None:
    found = placed((SaidPair(2, ONE, TWO, same=True), SaidPair(3, THREE, ONE, same=False)), RECORDS)
    assert (found.left.tolist(), found.right.tolist(), found.same.tolist()) == ([1, 2], [0, 1], [True, False])
    assert len(placed((), RECORDS)) == 0


def test_a_verdict_about_a_record_never_delivered_is_named_with_its_line() -> None:
    said = (SaidPair(2, ONE, TWO, same=True), SaidPair(5, ONE, RecordKey("till", "C9"), same=True))
    with pytest.raises(InputError, match="line 5 of the verdicts: there is no record till:C9") as error:
        placed(said, RECORDS)
    assert error.value.hint
    assert "1 of 2" in error.value.hint
