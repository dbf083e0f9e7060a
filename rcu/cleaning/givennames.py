"""Given names: the full form a familiar form stands for."""

from __future__ import annotations

from functools import cache

from rcu.cleaning.text import load_pairs


@cache
def diminutives() -> dict[str, str]:
    """Load the table of familiar forms (`FRED` stands for `FREDERIC`), keys and roots folded."""
    return load_pairs("diminutives.csv")


def given_root(key: str) -> str:
    """Give the full form of a familiar form; any other name, compound names included, is its own root."""
    return diminutives().get(key, key)
