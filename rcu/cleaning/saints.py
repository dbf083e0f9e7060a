"""SAINT and its forms, which the postal norm NF Z10-011 writes short."""

from __future__ import annotations

from typing import Final

SHORT_SAINTS: Final = {"SAINT": "ST", "SAINTE": "STE", "SAINTS": "STS", "SAINTES": "STES"}


def short_saints(folded: str) -> str:
    """Write every SAINT as ST, for keys: the surname typed as SAINT or as ST is one."""
    return " ".join(SHORT_SAINTS.get(word, word) for word in folded.split(" ")) if "SAINT" in folded else folded


def postal_saints(folded: str) -> str:
    """Write SAINT as ST before a name, for display; a last word stays whole, since the town of Saintes is SAINTES."""
    head, space, last = folded.rpartition(" ")
    return f"{short_saints(head)}{space}{last}"
