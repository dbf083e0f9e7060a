"""Names and postcodes that are nearly right: slips, cuts, words left out, shortened or added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from rcu.cleaning.communenames import saints_whole, significant, skeleton, spelt_out, squash
from rcu.cleaning.communetable import Entry, Shelf, by_rank

TILL_CUTS: Final = 16
"""From this length on a name may have been cut by a till (20, 26, 32 characters) or a form."""

_SHORTEST: Final = 4
_SLIPS: Final = ((0, 0), (3, 1), (6, 2), (14, 3))
_FEW_SLIPS: Final = ((0, 0), (5, 1), (9, 2))
_ONE_SLIP: Final = ((0, 0), (4, 1))


def slips(written: str | None, postcode: str) -> bool:
    """Tell whether a postcode was written with one slip: a digit wrong, lost, doubled, or two that changed places."""
    return written is not None and OSA.distance(written, postcode, score_cutoff=1) == 1


def one_slip_from(postcode: str) -> Iterator[str]:
    """Give the postcodes one slip away: one digit another, or two neighbours that changed places."""
    for place, digit in enumerate(postcode):
        before, behind = postcode[:place], postcode[place + 1 :]
        yield from (before + other + behind for other in "0123456789" if other != digit)
        if behind and behind[0] != digit:
            yield before + behind[0] + digit + behind[1:]


def closest(name: str, shelf: Shelf, *, known: bool = False, wide: bool = False) -> list[Entry]:
    """Find the names on a shelf that `name` may stand for: of one commune, of several that are equally near, or none.

    A name that is `known`, because a commune elsewhere bears it, must be nearer; so must one on a `wide` shelf, which
    holds so many names that some are alike.
    """
    ways = [
        lambda: _begun(name, shelf, whole_words=known or wide),
        lambda: shelf.skeletons.get(skeleton(name), ()),
        lambda: misspelt(name, shelf, _ONE_SLIP if known else _FEW_SLIPS if wide else _SLIPS),
    ]
    if not (known or wide):
        ways += [
            lambda: _abbreviated(name, shelf),
            lambda: _cut_and_misspelt(name, shelf),
            lambda: _lengthened(name, shelf),
        ]
    return next((by_rank(found) for way in ways if (found := way())), [])


def one_commune(entries: Iterable[Entry]) -> Entry | None:
    """Give the first entry when all are of one commune."""
    found = list(entries)
    return found[0] if len({entry.insee for entry in found}) == 1 else None


def _begun(name: str, shelf: Shelf, *, whole_words: bool) -> list[Entry]:
    """Give the names of which this is the beginning."""
    if len(name) < _SHORTEST:
        return []
    if whole_words and len(name) < TILL_CUTS:
        return [entry for entry in shelf.entries if entry.spelling.startswith(f"{name} ")]
    short, long = squash(name), spelt_out(name)
    return [entry for text, owners in shelf.spellings.items() if text.startswith((short, long)) for entry in owners]


def misspelt(name: str, shelf: Shelf, limits: tuple[tuple[int, int], ...] = _ONE_SLIP) -> list[Entry]:
    """Find the names fewest slips away: letters wrong, lost, added, or two that changed places."""
    distances: dict[str, tuple[int, Entry]] = {}
    for form in {squash(name), spelt_out(name)}:
        most = max(slips for length, slips in limits if len(form) >= length)
        for text, distance, _ in process.extract(
            form, shelf.spellings.keys(), scorer=OSA.distance, score_cutoff=most, limit=None
        ):
            for entry in shelf.spellings[text]:
                if entry.insee not in distances or distance < distances[entry.insee][0]:
                    distances[entry.insee] = int(distance), entry
    least = min((distance for distance, _ in distances.values()), default=0)
    return [entry for distance, entry in distances.values() if distance == least]


def _abbreviated(name: str, shelf: Shelf) -> list[Entry]:
    """Find the names each of whose words was cut (`VILLEN S LOT`)."""
    words = significant(name)
    return [entry for entry in shelf.entries if _cuts(words, significant(entry.spelling))]


def _cuts(words: list[str], whole: list[str]) -> bool:
    return (
        len(words) == len(whole) > 1
        and sum(map(len, words)) >= _SHORTEST
        and all(long.startswith(short) for short, long in zip(words, whole, strict=True))
    )


def _cut_and_misspelt(name: str, shelf: Shelf) -> list[Entry]:
    if len(name) < TILL_CUTS:
        return []
    near: list[Entry] = []
    for form in {squash(name), spelt_out(name)}:
        for text, owners in shelf.spellings.items():
            if any(
                OSA.distance(form, text[:size], score_cutoff=1) <= 1 for size in range(len(form) - 1, len(form) + 2)
            ):
                near.extend(owners)
    return near


def _lengthened(name: str, shelf: Shelf) -> list[Entry]:
    """Find the longest name behind which something more was written: a quarter, a region, the country."""
    whole = f"{name} "
    begun = [
        entry
        for entry in shelf.entries
        if len(entry.spelling) >= _SHORTEST
        and whole.startswith((f"{entry.spelling} ", f"{saints_whole(entry.spelling)} "))
    ]
    longest = max((len(entry.spelling) for entry in begun), default=0)
    return [entry for entry in begun if len(entry.spelling) == longest]
