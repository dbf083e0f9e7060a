"""What stands around a name: civilities, couples, maiden-name words, company forms, placeholders."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from rcu.cleaning.junk import JunkLists
from rcu.cleaning.text import fold, repeated

MISTER: Final = "M"
MADAM: Final = "MME"
COUPLE: Final = "M ET MME"
GENDERS: Final = {MISTER: "M", MADAM: "F"}

_CIVILITIES = {
    "M": MISTER, "MR": MISTER, "MONSIEUR": MISTER, "MONS": MISTER, "MISTER": MISTER, "SIR": MISTER, "HOMME": MISTER,
    "MME": MADAM, "MMES": MADAM, "MDM": MADAM, "MAD": MADAM, "MADAME": MADAM, "MRS": MADAM, "MS": MADAM,
    "MISS": MADAM, "MLLE": MADAM, "MELLE": MADAM, "MLE": MADAM, "MADEMOISELLE": MADAM, "FEMME": MADAM, "F": MADAM,
    "H": MISTER, "1": MISTER, "2": MADAM,
    "MM": COUPLE, "MMME": COUPLE, "FAMILLE": COUPLE, "FAM": COUPLE, "COUPLE": COUPLE, "MMM": COUPLE,
}  # fmt: skip
# words that are civilities only in a civility column, never inside a name
_COLUMN_ONLY = frozenset(
    {"HOMME", "FEMME", "F", "H", "1", "2", "MS", "MAD", "SIR", "MONS", "FAM", "COUPLE", "MMM", "MM"}
)
_JOINERS = frozenset({"ET", "OU", "AND", ""})
_GENDERS_RAW = {"M": "M", "H": "M", "HOMME": "M", "MASCULIN": "M", "MALE": "M", "MASC": "M", "1": "M", "MR": "M",
                "F": "F", "FEMME": "F", "FEMININ": "F", "FEMALE": "F", "FEM": "F", "2": "F", "MME": "F",
                "MLLE": "F"}  # fmt: skip

BORN: Final = frozenset({"NEE", "NE"})
MARRIED: Final = frozenset({"EPOUSE", "EPSE", "EP", "VEUVE", "VVE"})

# forms that make a company wherever they stand, and words that do when they open a name
_COMPANY_FORMS = frozenset({"SARL", "SAS", "SASU", "EURL", "EIRL", "SCI", "SNC", "SCP", "SCM", "SELARL", "EARL",
                            "GAEC", "SCEA",
                            "GIE", "SCOP", "ASSOCIATION", "SOCIETE", "ENTREPRISE", "SYNDICAT", "COPROPRIETE",
                            "FONDATION",
                            "EHPAD", "CSE", "LTD", "GMBH", "SPRL", "HOLDING"})  # fmt: skip
_COMPANY_OPENINGS = frozenset({"MAIRIE", "COMMUNE", "ECOLE", "COLLEGE", "LYCEE", "HOTEL", "RESTAURANT", "PHARMACIE",
                               "CABINET",
                               "GARAGE", "BOULANGERIE", "COMITE", "AMICALE", "ASSO", "ETS", "ETABLISSEMENTS",
                               "ETABLISSEMENT",
                               "CLINIQUE", "HOPITAL", "CHU", "CHR", "SA", "UNIVERSITE", "MINISTERE", "PREFECTURE",
                               "CRECHE",
                               "COMMUNAUTE", "CONSEIL", "AGENCE", "MAISON", "AUTO", "CAMPING", "CE"})  # fmt: skip
_COMPANY_ALONE = _COMPANY_FORMS - {"SAS", "EARL", "HOLDING"} | {"MAIRIE"}

# words of placeholders that real names have too; the other words of the placeholder mark it
_COMMON = frozenset({"DE", "A", "LA", "LE", "DU"})
_ONLY_X = re.compile(r"X+(?: X+)*")
_DOTTED = re.compile(r"\b(?:[A-Za-z]\.){2,}")


def read_civility(raw: str) -> str | None:
    """Read a civility column: `M`, `MME`, `M ET MME` for a couple, None for anything else."""
    found = {_CIVILITIES[word] for word in fold(raw).split() if word in _CIVILITIES}
    if COUPLE in found or len(found) == 2:
        return COUPLE
    return found.pop() if found else None


def read_gender(raw: str) -> str | None:
    """Read a gender column in any of its usual codes."""
    return _GENDERS_RAW.get(fold(raw))


def take_civility(words: list[str], *, lone_m: bool) -> tuple[str | None, list[str]]:
    """Split the civilities off the front of a name: `M. et Mme Durand` gives the couple and `Durand`.

    A bare `M` is a civility only with `lone_m`; without, it may well be an initial. Something must remain.
    """
    taken: set[str] = set()
    rest = words
    while len(rest) > 1 and (civility := _civility_of(rest[0], lone_m=lone_m)) is not None:
        taken.add(civility)
        rest = _after_joiner(rest[1:], lone_m=lone_m)
    if not taken:
        return None, words
    return (COUPLE if len(taken) > 1 else next(iter(taken))), rest


def is_company_title(raw: str) -> bool:
    """Tell whether a civility column says that the record is an organisation's."""
    return not _COMPANY_FORMS.isdisjoint(fold(raw).split())


def is_company(text: str, *, alone: bool) -> bool:
    """Tell whether a name is an organisation's; `alone` when there is no given name beside it."""
    words = fold(_DOTTED.sub(lambda found: found[0].replace(".", "") + " ", text) if "." in text else text).split(" ")
    if len(words) == 1:
        return alone and words[0] in _COMPANY_ALONE
    if any(word in _COMPANY_FORMS for word in words):
        return True
    return alone and words[0] in _COMPANY_OPENINGS


def is_junk_name(key: str, junk: JunkLists) -> bool:
    """Tell whether a folded name stands for nobody: a known placeholder, the shop, one letter repeated."""
    if key in junk.names or (_ONLY_X.fullmatch(key) is not None and len(key) > 1):
        return True
    return len(key) > 2 and repeated(key.replace(" ", ""))


@cache
def marked_words() -> frozenset[str]:
    """Give every folded word that some rule for names looks for; a name without any of them is read as it stands."""
    return frozenset({*_CIVILITIES, *_JOINERS, *BORN, *MARRIED, *_COMPANY_FORMS, *_COMPANY_OPENINGS, "AND", "X"})


@cache
def junk_words(junk: JunkLists) -> frozenset[str]:
    """Give the words placeholders are made of; a name without any of them is not a placeholder of two words."""
    return frozenset(word for name in junk.names for word in name.split() if word not in _COMMON)


def _civility_of(word: str, *, lone_m: bool) -> str | None:
    folded = fold(word)
    if folded in _COLUMN_ONLY:
        return None
    if "/" in word or "&" in word:
        return read_civility(word) if all(part in _CIVILITIES for part in folded.split()) and folded else None
    if folded == MISTER and not lone_m and word not in {"M.", "m."}:
        return None
    return _CIVILITIES.get(folded)


def _after_joiner(words: list[str], *, lone_m: bool) -> list[str]:
    joined = len(words) > 2 and fold(words[0]) in _JOINERS and _civility_of(words[1], lone_m=lone_m) is not None
    return words[1:] if joined else words
