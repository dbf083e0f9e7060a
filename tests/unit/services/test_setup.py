"""Settings become what services need; a folder of lists that cannot be read is said, not passed over."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from rcu.config import Settings
from rcu.errors import ConfigurationError
from rcu.services.setup import cleaning_settings

TODAY = date(2026, 11, 22)


def test_shop_names_own_domains_and_lists_come_together(tmp_path: Path) -> None:
    (tmp_path / "junk_names.txt").write_text("CLIENT FIDELITE\n", encoding="utf-8")
    settings = Settings(junk_folder=tmp_path, shop_names=("Boutique Lilas",), own_domains=("lilas.example",))
    junk = cleaning_settings(settings, TODAY).junk
    assert {"CLIENT FIDELITE", "BOUTIQUE LILAS", "CLIENT COMPTOIR"} <= junk.names
    assert junk.own_domains == {"lilas.example"}


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="RCU_JUNK_FOLDER"):
        cleaning_settings(Settings(junk_folder=tmp_path / "nowhere"), TODAY)


def test_a_list_that_is_not_utf_8_is_said_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "shop_names.txt").write_bytes("Boutique Lilas d'Été".encode("cp1252"))
    with pytest.raises(ConfigurationError, match="UTF-8") as refused:
        cleaning_settings(Settings(junk_folder=tmp_path), TODAY)
    assert "Lilas" not in str(refused.value)
