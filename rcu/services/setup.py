"""From settings to the things services need."""

from __future__ import annotations

from datetime import date

from rcu.cleaning import CleaningSettings
from rcu.cleaning.junk import extended_lists
from rcu.config import Settings


def cleaning_settings(settings: Settings, today: date) -> CleaningSettings:
    """How this retailer's values are cleaned; birth dates after `today` are not believed."""
    return CleaningSettings(
        pivot_year=settings.century_pivot,
        as_of=today,
        junk=extended_lists(settings.junk_folder, own_domains=settings.own_domains, shop_names=settings.shop_names),
    )
