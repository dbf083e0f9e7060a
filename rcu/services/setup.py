"""From settings to the things services need."""

from __future__ import annotations

from rcu.cleaning import CleaningSettings
from rcu.config import Settings


def cleaning_settings(settings: Settings) -> CleaningSettings:
    """How this retailer's values are cleaned."""
    return CleaningSettings(
        pivot_year=settings.century_pivot, own_domains=settings.own_domains, shop_names=settings.shop_names
    )
