"""Given names: their key and the full form a diminutive stands for."""

from __future__ import annotations

from functools import cache

from rcu.cleaning.text import fold, load_pairs


@cache
def diminutives() -> dict[str, str]:
    """Load the table of familiar forms (`FRED` stands for `FREDERIC`), keys and roots folded."""
    return load_pairs("diminutives.csv")


@cache
def known_given_names() -> frozenset[str]:
    """Give the single-word given names the table knows, short and full, to tell a given name from a surname."""
    table = diminutives()
    return frozenset(name for name in (*table, *table.values()) if " " not in name and len(name) > 2)


def given_key(display: str) -> str:
    """Fold a given name; `Jean-Pierre` and `Jean Pierre` are one key, an initial keeps its letter."""
    return fold(display)


def given_root(key: str) -> str:
    """Give the full form of a familiar form; any other name, compound names included, is its own root."""
    return diminutives().get(key, key)


def looks_given(word: str) -> bool:
    """Tell whether a word (or the first part of a compound) is a given name the table knows."""
    return fold(word).split(" ")[0] in known_given_names()
