"""Cut the words of an address line into parts: the street, what guides the postman, and what else stands there."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from rcu.cleaning.streetnames import Street, street_of, write_out
from rcu.cleaning.streetwords import (
    ARTICLES,
    KINDS,
    LINKS,
    MONTHS,
    REPETITIONS,
    Words,
    kind_at,
    opener_at,
    opens_guide,
    opens_way,
)

_NUMBER: Final = re.compile(r"(\d{1,5})(BIS|TER|QUATER|QUATRO|QUINQUIES|[A-Z])?")
_POSTCODE: Final = re.compile(r"\d{5}")
_GLUED: Final = re.compile(r"(BP|CS|TSA|CIDEX|RN|RD|CD|APPT|APT|APP|BAT|BT|ESC|ETG|BAL)(\d+)")
_GLUED_FIRST: Final = re.compile(r"(BP|CS|TSA|CIDEX|RN|RD|CD|APPT|APT|APP|BAT|BT|ESC|ETG|BAL|N|D)(\d+)")
_GLUED_KIND: Final = re.compile(r"(\d{1,4})([A-Z]{2,})")
_YEAR: Final = re.compile(r"1[5-9]\d\d|20\d\d")
# single letters behind a number that are a suffix although no type follows: 12 B LE BOURG, but 12 L ORANGERIE
_SUFFIX_LETTERS: Final = frozenset("BCEFGHTQ")
_VOWELS: Final = frozenset("AEIOUYH")
_NUMBER_MARKS: Final = frozenset({"N", "NO", "NUM", "NUMERO", "NR"})
# words a final number belongs to
_OWN_NUMBER: Final = frozenset(MONTHS) | ARTICLES | {"AN", "RN", "RD", "D", "CD", "KM", "PK", "BP", "CS", "LOT", "ZONE"}
_HAMLET_STARTS: Final = frozenset({"LE", "LA", "LES"})
_PEOPLE: Final = frozenset({"M", "MR", "MME", "MLLE", "MM", "MRS", "MONSIEUR", "MADAME", "MADEMOISELLE", "MESSIEURS",
                            "FAMILLE", "SARL", "SAS", "SASU", "SA", "EURL", "SCI", "SNC", "SCP", "EARL", "GAEC", "ETS",
                            "ETABLISSEMENT", "ETABLISSEMENTS", "SOCIETE", "STE", "ENTREPRISE", "ASSOCIATION", "ASSO",
                            "CABINET", "MAGASIN", "BOUTIQUE", "COMPTABILITE", "SERVICE", "ATT"})  # fmt: skip
_RANKS: Final = {("way", True): 0, ("road", True): 0, ("close", True): 0, ("way", False): 1, ("road", False): 1,
                 ("estate", True): 2, ("hamlet", True): 2, ("none", True): 3, ("close", False): 4,
                 ("estate", False): 4, ("hamlet", False): 4, ("none", False): 5}  # fmt: skip
_SLOTS: Final = {"way": "flat", "road": "flat", "close": "building", "estate": "building", "hamlet": "place"}


class Part(NamedTuple):
    """A part of an address line.

    `group` is flat, building or place for what only guides the postman; number for a number alone; way, road, close,
    estate, hamlet or none (no type) for what may be the street.
    """

    group: str
    number: str | None
    suffix: str | None
    street: Street
    text: str

    @property
    def rank(self) -> int | None:
        """How good a street this is, 0 the best; None when it is none."""
        if self.group == "none" and self.number is None and is_person(self.text):
            return None
        return _RANKS.get((self.group, self.number is not None))

    @property
    def slot(self) -> str:
        """The slot of a part that is not the street of its address: flat, building or place."""
        if self.group == "none":
            return "flat" if _is_note(self.text) else "place"
        return "flat" if self.group == "number" else _SLOTS.get(self.group, self.group)


_NO_STREET: Final = Street(None, None, None)


def split_parts(words: Words) -> list[Part]:
    """Cut folded words into parts, in their order; every word stands in one."""
    words = _unmarked(_separated(words))
    parts: list[Part] = []
    place = 0
    while place < len(words):
        part, place = _next_part(words, place)
        parts.append(part)
    return parts


def is_person(text: str) -> bool:
    """Tell whether text names a person or a company (`MME MARTIN`) and no place."""
    first, _, behind = text.partition(" ")
    # STE MARIE is a hamlet, STE DUPONT might be a company: the saint is the safer reading
    return first in _PEOPLE and first != "STE" and bool(behind)


def house_number(words: Words, place: int) -> tuple[str | None, str | None, int]:
    """Read a house number: its digits, its suffix as the postal norm writes it, and how many words they take."""
    found = _NUMBER.fullmatch(words[place])
    if found is None:
        return None, None, 0
    if len(found[1]) == 5 and not _typed_behind(words, place + 1):  # a postcode, unless a street follows
        return None, None, 0
    digits, suffix, size = found[1].lstrip("0") or None, found[2], 1
    if suffix is None and place + 1 < len(words) and _is_suffix(words, place + 1):
        suffix, size = words[place + 1], 2
    return digits, REPETITIONS.get(suffix, suffix) if suffix and digits else None, size


def _typed_behind(words: Words, place: int) -> bool:
    return place < len(words) and kind_at(words, place) is not None


def _is_suffix(words: Words, place: int) -> bool:
    word = words[place]
    if len(word) != 1 or not word.isalpha():
        return word in REPETITIONS
    if place + 1 == len(words):
        return True
    own, typed = kind_at(words, place), kind_at(words, place + 1) is not None
    if own is not None and (own[1] > 1 or not typed):  # C D 5, R LECLERC
        return False
    if word == "L":
        return typed and words[place + 1][0] not in _VOWELS
    return typed or word in _SUFFIX_LETTERS or opener_at(words, place + 1, first=False) is not None


def _separated(words: Words) -> list[str]:
    """Part what was written in one: 12RUE, BP40, APT12, RN7, D906 where a street begins."""
    separated: list[str] = []
    for word in words:
        starts = not separated or (len(separated) == 1 and separated[0].isdigit())
        pattern = _GLUED_FIRST if starts else _GLUED
        if (found := pattern.fullmatch(word)) or ((found := _GLUED_KIND.fullmatch(word)) and found[2] in KINDS):
            separated += [found[1], found[2]]
        else:
            separated.append(word)
    return separated


def _unmarked(words: list[str]) -> list[str]:
    """Leave out the word for number before one: NO 12 RUE FOCH; but N 7 is a road."""
    if len(words) < 2 or words[0] not in _NUMBER_MARKS:
        return words
    size = house_number(words, 1)[2]
    return words[1:] if size and (words[0] != "N" or _typed_behind(words, 1 + size)) else words


def _next_part(words: list[str], place: int) -> tuple[Part, int]:
    guide = opener_at(words, place, first=True)
    if guide is not None:
        return _guide_part(words, place, guide[0].full, guide[0].slot, guide[1], complete=guide[0].where == "floor")
    number, suffix, size = house_number(words, place)
    start = place + size
    if size and (start == len(words) or _opens_guide_part(words, start)):
        return Part("number", number, suffix, _NO_STREET, _glued(number, suffix)), start
    if size and _is_second_suffix(words, start):
        return Part("number", number, suffix, _NO_STREET, _glued(number, suffix)), start
    found = kind_at(words, start)
    group = found[0].group if found else "none"
    first = start + (found[1] if found else 1) + (1 if found and found[1] == 1 else 0)
    end = _end(words, first, ways=_breaks_ways(group, numbered=size > 0), road=group == "road")
    behind = words[start:end]
    if found and number is None:
        number, suffix, behind = _final_number(behind, found[1], found[0].group)
    raw = " ".join(behind)
    street = street_of(raw)
    text = raw if group == "none" and number is None and _is_note(raw) else street.display
    return Part(group, number, suffix, street, text), end


def _glued(number: str | None, suffix: str | None) -> str:
    return (number or "") + (suffix or "")


def _is_second_suffix(words: Words, place: int) -> bool:
    """Tell a second suffix, which is none of the street's: 34 BIS A RUE FOCH."""
    word = words[place]
    alone = len(word) == 1 and word.isalpha() and kind_at(words, place) is None
    return (alone or word in REPETITIONS) and _typed_behind(words, place + 1)


def _opens_guide_part(words: Words, place: int) -> bool:
    guide = opener_at(words, place, first=True)
    if guide is None or guide[0].where == "first":
        return False
    if guide[0].full == "CHEZ":  # hamlets of the south-west: 12 CHEZ GAUTIER
        return place + 1 < len(words) and words[place + 1] in _PEOPLE
    return True


def _guide_part(words: list[str], place: int, full: str, slot: str, size: int, *, complete: bool) -> tuple[Part, int]:
    first = place + size + (0 if complete or full in {"RDC", "DERNIER ETAGE", "REZ DE JARDIN", "SOUS SOL"} else 1)
    lot = full == "LOT" and first < len(words) and words[first] in _HAMLET_STARTS
    end = first if lot else min(_end(words, first, ways=True, near=first), len(words))
    tail = words[place + size : end]
    text = " ".join([full, *(write_out(tail) if slot != "flat" else tail)])
    return Part(slot, None, None, _NO_STREET, text), end


def _breaks_ways(group: str, *, numbered: bool) -> bool:
    return group in {"estate", "hamlet"} or (group == "none" and not numbered)


def _end(words: list[str], first: int, *, ways: bool, road: bool = False, near: int = -1) -> int:
    """Find where the part ends whose words reach at least up to `first`: where another one opens, or at the end."""
    for place in range(first, len(words)):
        if place != near and words[place - 1] in LINKS:
            continue
        if (road and words[place] in _HAMLET_STARTS) or _POSTCODE.fullmatch(words[place]):
            return place
        if opener_at(words, place, first=False) or opens_guide(words, place):
            return place
        if _opens_numbered(words, place) or (ways and opens_way(words, place)):
            return place
    return len(words)


def _opens_numbered(words: Words, place: int) -> bool:
    number, _, size = house_number(words, place)
    return number is not None and place + size < len(words) and kind_at(words, place + size) is not None


def _final_number(words: list[str], kind_size: int, group: str) -> tuple[str | None, str | None, list[str]]:
    """Take the house number from the end of a street: RUE DE BRETAGNE 16."""
    for size in (1, 2):
        rest, tail = words[:-size], words[-size:]
        if len(rest) <= kind_size:
            break
        number, suffix, taken = house_number(tail, 0)
        if number is None or taken != size or len(number) > 4:
            continue
        if rest[-1] in _NUMBER_MARKS:
            alone = len(rest) == kind_size + 1
            return (None, None, [*rest[:-1], *tail]) if alone else (number, suffix, rest[:-1])
        if _keeps_number(rest[-1], number, group):
            break
        return number, suffix, rest
    return None, None, words


def _keeps_number(before: str, number: str, group: str) -> bool:
    if group == "road" or before in _OWN_NUMBER or before == "ZONE" or _YEAR.fullmatch(number):
        return True
    return before.isdigit() and not _YEAR.fullmatch(before)


def _is_note(text: str) -> bool:
    words = text.split(" ")
    return is_person(text) or any(mark.isdigit() for mark in text) or all(len(word) < 2 for word in words)
