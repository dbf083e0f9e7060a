"""A retailer's own lists add to those shipped; every note has its sentence; what too many share is nobody's."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from rcu.cleaning import CleaningSettings, standardise
from rcu.cleaning.frequency import generic, over_frequent_days
from rcu.cleaning.junk import extended_lists, shipped_lists
from rcu.cleaning.notes import MEANINGS, Note, joined, worst
from rcu.domain.records import Quality


def cleaned(settings: CleaningSettings, **raw: str) -> dict[str, str | None]:
    frame = standardise(pd.DataFrame([raw]), settings=settings).astype(object)
    return frame.where(frame.notna(), None).iloc[0].to_dict()


def test_lists_in_a_folder_add_to_those_shipped(tmp_path: Path) -> None:
    (tmp_path / "junk_names.txt").write_text("# ours\nClient Fidélité\n", encoding="utf-8")
    (tmp_path / "junk_phones.txt").write_text("01 42 68 53 00  # the shop\n", encoding="utf-8")
    (tmp_path / "own_domains.txt").write_text("@Lilas.example\n", encoding="utf-8")
    (tmp_path / "shop_names.txt").write_text("Boutique Lilas\n", encoding="utf-8")
    settings = CleaningSettings(junk=extended_lists(tmp_path, own_domains=("roses.example",)))
    assert cleaned(settings, last_name="CLIENT FIDELITE")["record_kind"] == "junk"
    assert cleaned(settings, last_name="boutique lilas")["record_kind"] == "junk"
    assert cleaned(settings, last_name="CLIENT COMPTOIR")["record_kind"] == "junk"
    assert cleaned(settings, phone="0142685300")["landline_notes"] == "placeholder"
    assert cleaned(settings, email="caisse1@lilas.example")["email_notes"] == "own_domain"
    assert cleaned(settings, email="a.dupont@roses.example")["email_notes"] == "own_domain"


def test_without_a_folder_the_lists_are_those_shipped() -> None:
    assert extended_lists() == shipped_lists()
    assert cleaned(CleaningSettings(), last_name="CLIENT FIDELITE")["record_kind"] == "person"


def test_a_list_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "junk_names.txt").write_bytes("CLIENT FIDÉLITÉ".encode("cp1252"))
    with pytest.raises(UnicodeDecodeError):
        extended_lists(tmp_path)


def test_every_note_has_its_sentence() -> None:
    assert set(MEANINGS) == set(Note)
    assert len(set(MEANINGS.values())) == len(MEANINGS)


def test_the_worst_quality_counts_and_notes_are_sorted() -> None:
    assert worst([Quality.VALID, Quality.SUSPECT, Quality.REPAIRED]) is Quality.SUSPECT
    assert worst([]) is Quality.MISSING
    assert joined(["b", "a", "b"]) == "a b"
    assert joined([]) is None


def test_a_number_of_too_many_names_is_nobodys() -> None:
    numbers = pd.Series(["+33612345679"] * 4 + ["+33698765431"] * 4 + [None])
    names = pd.Series(["A", "B", "C", "D", "A", "A", "B", "B", "E"])
    assert generic(numbers, names, most_names=3).tolist() == [True] * 4 + [False] * 5


def test_a_day_too_many_were_born_on_is_no_birth_date() -> None:
    dates = pd.Series(["1980-01-01"] * 20 + ["1980-03-12", "--01-01", None])
    assert over_frequent_days(dates).tolist() == [True] * 20 + [False] * 3
