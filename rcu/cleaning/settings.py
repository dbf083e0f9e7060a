"""What a shop may decide about cleaning; everything else is a rule."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from rcu.cleaning.junk import JunkLists, shipped_lists


@dataclass(frozen=True, slots=True)
class CleaningSettings:
    """Settings of `standardise`; the defaults suit a French shop.

    `pivot_year`: two-digit years up to it are 20xx, the others 19xx.
    `as_of`: the day birth dates are judged on (cleaning reads no clock): later ones lie in the future.
    `default_country`: ISO 3166 alpha-2, for addresses without a country and phones without a prefix.
    `junk`: values that are nobody's, the retailer's own domains and shop names among them (`junk.extended_lists`).
    `day_first`: read 03/04/1980 as 3 April. The order is a setting and is never guessed from the value.
    """

    pivot_year: int = 26
    as_of: dt.date = dt.date(2026, 12, 31)
    default_country: str = "FR"
    junk: JunkLists = field(default_factory=shipped_lists)
    day_first: bool = True
