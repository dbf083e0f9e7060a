"""From settings to the things services need."""

from __future__ import annotations

from datetime import date

from rcu.cleaning import CleaningSettings
from rcu.cleaning.junk import JunkLists, extended_lists
from rcu.config import Settings
from rcu.domain.cases import CaseRules
from rcu.errors import ConfigurationError


def cleaning_settings(settings: Settings, today: date) -> CleaningSettings:
    """How this retailer's values are cleaned; birth dates after `today` are not believed."""
    return CleaningSettings(
        pivot_year=settings.century_pivot,
        as_of=today,
        junk=_junk_lists(settings),
    )


def case_rules(settings: Settings) -> CaseRules:
    """Where cases begin."""
    return CaseRules(most_records=settings.case_records)


def _junk_lists(settings: Settings) -> JunkLists:
    """The shipped lists of placeholders with the retailer's own.

    Raises:
        ConfigurationError: the folder of lists is not there, or a list is not UTF-8.
    """
    folder = settings.junk_folder
    if folder is not None and not folder.is_dir():
        msg = f"RCU_JUNK_FOLDER names no folder: {folder}"
        raise ConfigurationError(msg)
    try:
        return extended_lists(folder, own_domains=settings.own_domains, shop_names=settings.shop_names)
    except (UnicodeDecodeError, OSError):
        msg = "a list in RCU_JUNK_FOLDER cannot be read; lists are UTF-8 text, an entry a line"
        raise ConfigurationError(msg) from None
