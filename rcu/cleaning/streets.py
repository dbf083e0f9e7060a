"""Street types and the words of French streets: what abbreviations stand for."""

from __future__ import annotations

from typing import Final

from rcu.cleaning.text import load_pairs

STREET_TYPES: Final = load_pairs("street_types.csv")
"""Every written form of a street type, and the full form."""

WORDS: Final = load_pairs("street_words.csv")
"""Abbreviated titles and words inside street names, and the full form."""

COMPLEMENTS: Final = load_pairs("complement_words.csv")
"""Words that open a delivery complement (flat, building, floor), and the full form."""

ARTICLES: Final = frozenset({"DE", "DU", "DES", "D", "LA", "LE", "LES", "L", "A", "AU", "AUX", "EN", "ET"})
"""Words that street keys leave out, so that `AV GENERAL DE GAULLE` and `AVENUE DU GENERAL DE GAULLE` are one."""

REPETITIONS: Final = {"BIS": "B", "TER": "T", "QUATER": "Q", "QUATRO": "Q", "B": "B", "T": "T", "Q": "Q"}
"""Suffixes of a house number."""
