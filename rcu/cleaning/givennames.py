"""Given names: the full form a familiar form stands for, and the commonest of the spellings of one name."""

from __future__ import annotations

from functools import cache
from typing import Final

from rcu.cleaning.text import load_list, load_pairs

_EITHER: Final = ""


def is_familiar(key: str) -> bool:
    """Tell whether a key is a familiar form of some name, as FRED is."""
    return key in full_forms()


def given_root(key: str, sex: str | None) -> str:
    """Give the full form of a familiar form, in its commonest spelling; any other name is its own root.

    Where a form stands for several names the sex stated (`F`, `M`) chooses: ALEX is ALEXANDRE, but ALEXANDRA of a
    woman; without it, and among names of one sex, the commonest counts. Compound names are their own root.
    """
    forms = full_forms().get(key, {})
    full = forms.get(sex or _EITHER) or forms.get(_EITHER, key)
    return spellings().get(full, full)


@cache
def full_forms() -> dict[str, dict[str, str]]:
    """Load the full forms of each familiar form by the sex they are of (`F`, `M`); empty where it is not stated."""
    forms: dict[str, dict[str, str]] = {}
    for line in load_list("diminutives.csv"):
        short, full, sex = (*line.split(","), _EITHER)[:3]
        forms.setdefault(short, {})[sex] = full
    return forms


@cache
def spellings() -> dict[str, str]:
    """Load the spellings of names, each with the commonest spelling of the same name."""
    return load_pairs("given_spellings.csv")
