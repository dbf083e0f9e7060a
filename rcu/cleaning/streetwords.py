"""The words of French address lines: kinds of streets, parts that only guide the postman, abbreviations in names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from rcu.cleaning.text import load_list

Words = Sequence[str]

ARTICLES: Final = frozenset({"DE", "DU", "DES", "D", "LA", "LE", "LES", "L", "A", "AU", "AUX", "EN", "ET"})
"""Words that street keys leave out, so that `AV GENERAL DE GAULLE` and `AVENUE DU GENERAL DE GAULLE` are one."""

LINKS: Final = frozenset({"DE", "DU", "DES", "D", "LA", "LE", "LES", "L", "AU", "AUX", "ET", "SUR", "SOUS", "DIT",
                          "DITE", "GRAND", "GRANDE", "PETIT", "PETITE", "VIEUX", "VIEIL", "VIEILLE", "HAUT", "HAUTE",
                          "BAS", "BASSE", "NOUVEAU", "NOUVELLE", "ANCIEN", "ANCIENNE", "BEAU", "BELLE"})  # fmt: skip
"""Words that tie the next word to a name: behind them `RESIDENCE`, `TOUR` or `RUE` opens nothing."""

MONTHS: Final = {"JANV": "JANVIER", "FEV": "FEVRIER", "FEVR": "FEVRIER", "MARS": "MARS", "AVR": "AVRIL", "MAI": "MAI",
                 "JUIN": "JUIN", "JUIL": "JUILLET", "AOUT": "AOUT", "SEPT": "SEPTEMBRE", "OCT": "OCTOBRE",
                 "NOV": "NOVEMBRE", "DEC": "DECEMBRE", "JANVIER": "JANVIER", "FEVRIER": "FEVRIER", "AVRIL": "AVRIL",
                 "JUILLET": "JUILLET", "SEPTEMBRE": "SEPTEMBRE", "OCTOBRE": "OCTOBRE", "NOVEMBRE": "NOVEMBRE",
                 "DECEMBRE": "DECEMBRE"}  # fmt: skip

REPETITIONS: Final = {"BIS": "B", "TER": "T", "QUATER": "Q", "QUATRO": "Q", "QUINQUIES": "QUINQUIES"}
"""Suffixes of a house number, and the letter the postal norm writes."""

_ADJECTIVES: Final = {"GRANDE": "GRANDE", "GDE": "GRANDE", "GRDE": "GRANDE", "GRAND": "GRAND", "GD": "GRAND",
                      "GRD": "GRAND", "PETITE": "PETITE", "PTE": "PETITE", "PETIT": "PETIT", "PT": "PETIT",
                      "VIEUX": "VIEUX", "VX": "VIEUX", "VIEILLE": "VIEILLE", "VLE": "VIEILLE", "ANCIEN": "ANCIEN",
                      "ANCIENNE": "ANCIENNE", "ANC": "ANCIENNE", "NOUVELLE": "NOUVELLE", "NVLLE": "NOUVELLE",
                      "NOUVEAU": "NOUVEAU", "HAUT": "HAUT", "HAUTE": "HAUTE", "BAS": "BAS",
                      "BASSE": "BASSE"}  # fmt: skip
_QUALIFIED: Final = {"RUE": "E", "ROUTE": "E", "PLACE": "E", "AVENUE": "E", "ALLEE": "E", "IMPASSE": "E", "VOIE": "E",
                     "CHEMIN": "", "SENTIER": "", "BOULEVARD": ""}  # fmt: skip
_LONGEST: Final = 4


class Kind(NamedTuple):
    """A kind of street: its full form and what it is (`way`, `road`, `close`, `estate`, `hamlet`)."""

    full: str
    group: str


class Opener(NamedTuple):
    """What opens a part that is no street: the full form, its slot, and where it may stand."""

    full: str
    slot: str
    where: str


def _rows(name: str) -> list[tuple[str, ...]]:
    return [tuple(cell.strip() for cell in line.split(",")) for line in load_list(name)]


def _kinds() -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    for full, group, forms in _rows("street_kinds.csv"):
        for form in (full, *filter(None, forms.split("/"))):
            found[form] = Kind(full, group)
    return found


def _openers() -> dict[str, list[Opener]]:
    found: dict[str, list[Opener]] = {}
    for full, slot, where, forms in _rows("delivery_words.csv"):
        for form in (full, *filter(None, forms.split("/"))):
            found.setdefault(form, []).append(Opener(full, slot, where))
    return found


def _titles() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for full, where, forms in _rows("street_titles.csv"):
        for form in forms.split("/"):
            found.setdefault(form, {})[where] = full
    return found


KINDS: Final = _kinds()
"""Every written form of a kind of street."""

WAYS: Final = frozenset(kind.full for kind in KINDS.values() if kind.group == "way")
"""The kinds one lives along, the clearest streets there are."""

OPENERS: Final = _openers()
"""Every written form that opens a part of an address that is no street."""

TITLES: Final = _titles()
"""Every abbreviation inside a street's name: where it may stand, and the full form."""

SHORT_KINDS: Final = {
    kind.full: form for form, kind in reversed(KINDS.items()) if len(form) < len(kind.full) and kind.full != "RUE"
}
"""What a label prints for a kind of street when the line is too long; a RUE stays one."""

SHORT_TITLES: Final = {
    full: form
    for form, rules in reversed(TITLES.items())
    for where, full in rules.items()
    if where in {"title", "bare"} and len(form) < len(full)
}
"""What a label prints for a title inside a street's name when the line is too long."""

SHORT_FORMS: Final = SHORT_KINDS | {
    opener.full: form
    for form, openers in reversed(OPENERS.items())
    for opener in openers
    if len(form) < len(opener.full) and " " not in form
}
"""What a label prints for a word of the other lines when the line is too long."""

# abbreviations that are roads before a number only
_ROAD_LETTERS: Final = frozenset({"N", "D", "RN", "RD", "CD", "VC", "CR", "R N", "R D", "C D", "V C", "C R"})
# ways clear enough to open a street behind other words without a house number: RES LES PINS AV FOCH
_CLEAR_WAYS: Final = frozenset({"RUE", "AVENUE", "BOULEVARD", "PLACE", "CHEMIN", "ROUTE", "IMPASSE", "ALLEE", "ALLEES",
                                "QUAI", "SQUARE", "GRANDE RUE", "ROUTE NATIONALE", "ROUTE DEPARTEMENTALE", "ROND POINT",
                                "CHEMIN RURAL", "VIEUX CHEMIN", "ANCIENNE ROUTE", "SENTIER"})  # fmt: skip
# kinds clear enough to open a building or a place behind a street's name: 12 RUE AMPERE ZI NORD
_CLEAR_GUIDES: Final = frozenset({"RESIDENCE", "LOTISSEMENT", "LIEU DIT", "HAMEAU", "QUARTIER", "CAMPING", "CITE",
                                  "CENTRE COMMERCIAL", "PARC D ACTIVITES", "ZONE ARTISANALE", "ZONE INDUSTRIELLE",
                                  "ZONE D ACTIVITES", "ZONE D ACTIVITES ECONOMIQUES", "ZONE COMMERCIALE",
                                  "ZONE D AMENAGEMENT CONCERTE"})  # fmt: skip
_KIND_STARTS: Final = frozenset(form.split(" ")[0] for form in KINDS if " " in form)
_OPENER_STARTS: Final = frozenset(form.split(" ")[0] for form in OPENERS)

MAY_OPEN: Final = (
    _OPENER_STARTS
    | {form.split(" ")[0] for form, kind in KINDS.items() if kind.full in _CLEAR_GUIDES}
    | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
) - {"D", "L"}
"""Words that may open a part behind a street's name, single letters included: what a plain street does not hold."""

_IDENTIFIER: Final = re.compile(
    r"\d+[A-Z]{0,2}\d*|[A-Z]{1,2}\d+[A-Z]?|[A-Z]|II|III|IV|VI|GAUCHE|DROITE|FACE|NORD|SUD|EST|OUEST|NO"
)
_ORDINAL: Final = re.compile(r"(\d{1,2})(ER|ERE|E|EME|EM|ND|NDE)?")
_FLOORS: Final = frozenset({"ETAGE", "ETG", "ETAG", "ETGE", "ET"})
_SIDES: Final = frozenset({"GAUCHE", "DROITE", "FACE"})


def kind_at(words: Words, place: int) -> tuple[Kind, int] | None:
    """Find the kind of street that opens at a place, and how many words it takes; None when there is none.

    A kind of one word needs a name behind it (`PLACE` alone is a name), one of several words does not.
    """
    word, left = words[place], len(words) - place
    if left > 1 and (word in _KIND_STARTS or word in _ADJECTIVES):
        for size in range(min(_LONGEST, left), 1, -1):
            form = " ".join(words[place : place + size])
            kind = KINDS.get(form)
            if kind is not None and (form not in _ROAD_LETTERS or _is_number(words, place + size)):
                return kind, size
        kind = _qualified(word, words[place + 1])
        if kind is not None:
            return kind, 2
    kind = KINDS.get(word)
    if kind is None or left < 2 or (word in _ROAD_LETTERS and not _is_number(words, place + 1)):
        return None
    return kind, 1


def _is_number(words: Words, place: int) -> bool:
    return place < len(words) and words[place].isdigit()


def opener_at(words: Words, place: int, *, first: bool) -> tuple[Opener, int] | None:
    """Find what opens a part that is no street (flat, building, post box), and how many words it takes."""
    floor = _floor_at(words, place)
    if floor:
        return Opener(_floor_text(words[place : place + floor]), "flat", "floor"), floor
    word, left = words[place], len(words) - place
    if word not in _OPENER_STARTS:
        return None
    for size in range(min(_LONGEST, left), 0, -1):
        for opener in OPENERS.get(" ".join(words[place : place + size]), ()):
            if _fits(opener.where, words, place + size, first=first):
                return opener, size
    return None


def opens_way(words: Words, place: int) -> bool:
    """Tell whether a clear way opens here without a house number (`AV FOCH`, not `R FOCH`)."""
    found = kind_at(words, place)
    return found is not None and found[0].full in _CLEAR_WAYS and len(words[place]) > 1


def opens_guide(words: Words, place: int) -> bool:
    """Tell whether an estate or a hamlet opens here behind another name (`RESIDENCE DU PARC`)."""
    found = kind_at(words, place)
    if words[place] == "L":  # L D is a lieu-dit where a part begins only
        return False
    return found is not None and found[0].full in _CLEAR_GUIDES and len(words) - place > found[1]


def _qualified(adjective: str, word: str) -> Kind | None:
    """Join an adjective and a way: PETITE RUE, VX CHE; the adjective agrees with the way."""
    kind = KINDS.get(word)
    full = _ADJECTIVES.get(adjective)
    if kind is None or full is None or kind.full not in _QUALIFIED:
        return None
    feminine = _QUALIFIED[kind.full] == "E"
    if feminine and full in {"GRAND", "PETIT"}:
        full += "E"
    return KINDS.get(f"{full} {kind.full}") or Kind(f"{full} {kind.full}", kind.group)


def _floor_at(words: Words, place: int) -> int:
    """Count the words of a floor that opens here: 2EME ETAGE, 2 EME ETG, 2E GAUCHE; 0 when there is none."""
    found = _ORDINAL.fullmatch(words[place])
    if found is None:
        return 0
    behind = place + 1
    ordinal = found[2]
    if ordinal is None and behind < len(words) and words[behind] in {"ER", "ERE", "E", "EME", "EM", "ND"}:
        ordinal, behind = words[behind], behind + 1
    if behind >= len(words):
        return 0
    word = words[behind]
    if word in _FLOORS and (ordinal is not None or word != "ET"):
        return behind + 1 - place
    return behind - place if ordinal is not None and word in _SIDES else 0


def _floor_text(words: Words) -> str:
    text = "".join(word for word in words if word not in _FLOORS)
    return f"{text} ETAGE" if words[-1] in _FLOORS else text


def _fits(where: str, words: Words, behind: int, *, first: bool) -> bool:
    if where == "anywhere":
        return True
    if where == "first":
        return first
    if behind >= len(words):
        return False
    word = words[behind]
    if where == "numbered":
        return word[0].isdigit()
    if word in {"D", "L", "A"}:
        return behind + 1 == len(words) or _starts_part(words, behind + 1)
    return _IDENTIFIER.fullmatch(word) is not None


def _starts_part(words: Words, place: int) -> bool:
    word = words[place]
    return word[0].isdigit() or word in _OPENER_STARTS or opens_way(words, place) or opens_guide(words, place)
