"""Which commune a postcode and a town stand for: the INSEE code of today's commune, or none rather than a guess.

In this order: the name among those of the postcode; a slip, a cut or a left-out word in such a name; the exact name
under another postcode one slip away; the name in the department, which serves the codes of CEDEX; the name anywhere.
"""

from __future__ import annotations

from functools import cached_property
from itertools import chain
from typing import Final, NamedTuple

from rcu.cleaning.communenames import bare_readings, readings, squash
from rcu.cleaning.communesearch import TILL_CUTS, closest, misspelt, one_commune, one_slip_from, slips
from rcu.cleaning.communetable import COMMUNE, DISTRICT, Entry, Shelf, Table, department_of, load_table, prevailing
from rcu.cleaning.communetowns import CAPITALS, Town
from rcu.cleaning.notes import Note

_MONACO: Final = "980"
_NO_NAME: Final = "VILLE"
"""Typed for nothing, but Villé in Alsace is a town."""

_CUT_SAINTS: Final = frozenset({"SA", "SAI", "SAIN"})


class Resolution(NamedTuple):
    """What was found: the name to show and its key, the commune's code, the postcode, and notes on what was done."""

    name: str | None
    key: str | None
    commune: str | None
    postcode: str | None
    notes: tuple[Note, ...] = ()


def exact(postcode: str | None, town: Town) -> Resolution | None:
    """Find the commune of a town that is written right under its postcode, by look-ups alone; else None."""
    if postcode is None or town.name is None or town.number is not None:
        return None
    shelf = load_table().postcode(postcode)
    entry = shelf.exact.get(squash(town.name)) if shelf is not None else None
    return _found(entry, postcode) if entry is not None else None


def resolve(postcode: str | None, town: Town, *, written: str | None = None) -> Resolution:
    """Find the commune of a postcode and a town.

    `written` holds the digits of the postcode as they were typed, which tell more than the postcode when one was lost
    or doubled.
    """
    table = load_table()
    shelf = table.postcode(postcode) if postcode else None
    if town.name is None or (town.name == _NO_NAME and not (shelf and _NO_NAME in shelf.exact)):
        return _by_postcode(shelf, postcode)
    if found := exact(postcode, town):
        return found
    search = _Search(table, postcode, town, written)
    if town.number is not None and town.number <= CAPITALS.get(town.name, ("", 0))[1]:
        return search.arrondissement(town.name, town.number)
    if postcode is not None and postcode.startswith(_MONACO):
        return search.as_written()
    return (search.under_postcode(shelf) if shelf else None) or search.beyond_postcode(shelf)


def _by_postcode(shelf: Shelf | None, postcode: str | None) -> Resolution:
    """Name the town of a postcode that has one only."""
    if shelf is None or len(shelf.communes) != 1:
        return Resolution(None, None, None, postcode)
    own = next(entry for entry in shelf.entries if entry.kind in {COMMUNE, DISTRICT})
    return _found(own, postcode, Note.CITY_FROM_POSTCODE)


def _found(entry: Entry, postcode: str | None, *notes: Note) -> Resolution:
    return Resolution(entry.name, entry.name, entry.insee, postcode, notes)


class _Search:
    """The search for one town whose name is not simply one of its postcode's."""

    def __init__(self, table: Table, postcode: str | None, town: Town, written: str | None) -> None:
        self._table = table
        self._postcode = postcode
        self._town = town
        self._written = written
        self._name = town.name or ""

    @cached_property
    def _known(self) -> list[Entry]:
        """The communes anywhere that bear the name as it is written."""
        written, bare = (
            [entry for letters in spellings(self._name) for entry in self._table.named(letters)]
            for spellings in (readings, bare_readings)
        )
        return written or bare

    def under_postcode(self, shelf: Shelf) -> Resolution | None:
        """Find the name among those of the postcode; None when nothing there is like it."""
        if entry := self._read(shelf):
            return self._accepted(entry)
        near = closest(self._name, shelf, known=bool(self._known))
        if not near:
            return None
        entry = one_commune(near)
        moved = self._postcode_slipped() if self._known else None
        if entry is None or (moved and moved.commune != entry.insee):
            return self._unfound()
        return self._accepted(entry, Note.CITY_TYPO)

    def beyond_postcode(self, shelf: Shelf | None) -> Resolution:
        """Find the town though the postcode does not help: it is missing, wrong, or of CEDEX."""
        cedex = self._town.cedex is not None
        if not (cedex and shelf is None) and (moved := self._postcode_slipped()):
            return moved
        if self._postcode is None:
            return self._anywhere()
        if (cedex or shelf is None) and (found := self._in_department(self._postcode)):
            return found
        if not (self._known or cedex) and (found := self._both_slipped(self._postcode)):
            return found
        return self._unfound()

    def arrondissement(self, capital: str, number: int) -> Resolution:
        """Agree the arrondissement named with the town and the one in the postcode."""
        prefix, _ = CAPITALS[capital]
        entry = self._table.districts[f"{prefix}{number:0>{5 - len(prefix)}}"]
        if self._postcode in entry.postcodes:
            return _found(entry, self._postcode)
        department = department_of(entry.insee)
        if f"{number}" == department and (own := self._district(capital)):
            return _found(own, self._postcode)
        near = [post for post in entry.postcodes if slips(self._written or self._postcode, post)]
        if self._postcode == f"{department}000":
            near = [*entry.postcodes[:1]]
        elif self._postcode is None and not near:
            near = [*entry.postcodes]
        if len(near) == 1:
            return _found(entry, near[0], Note.POSTCODE_FROM_CITY)
        shown = f"{capital} {number}"
        if self._postcode is None or self._of_cedex(department):
            return Resolution(shown, capital, entry.insee, self._postcode)
        return Resolution(shown, capital, None, self._postcode, (Note.DISAGREE,))

    def as_written(self, *notes: Note) -> Resolution:
        """Leave the town as it is written; by the official spelling where all namesakes share one."""
        letters = set(readings(self._name))
        names = {entry.name for entry in self._known if squash(entry.spelling) in letters}
        name = names.pop() if len(names) == 1 and self._town.number is None else self._town.written
        return Resolution(name, name, None, self._postcode, notes)

    def _unfound(self) -> Resolution:
        return self.as_written(Note.DISAGREE if self._known and self._postcode else Note.CITY_UNKNOWN)

    def _read(self, shelf: Shelf) -> Entry | None:
        """Find the name as written, its abbreviations read one way or another."""
        spellings = chain(readings(self._name), bare_readings(self._name))
        found = (letters for letters in spellings if letters in shelf.exact)
        return shelf.exact[letters] if (letters := next(found, None)) else None

    def _accepted(self, entry: Entry, *notes: Note) -> Resolution:
        """Accept a commune found by its name alone; a number behind the name of a capital is the arrondissement's."""
        number = self._town.number
        if number is None:
            return _found(entry, self._postcode, *notes)
        if number <= CAPITALS.get(entry.name, ("", 0))[1]:
            found = self.arrondissement(entry.name, number)
            return found._replace(notes=(*found.notes, Note.CITY_TYPO)) if found.commune else found
        return _found(entry, self._postcode, Note.CITY_TYPO)

    def _district(self, capital: str) -> Entry | None:
        shelf = self._table.postcode(self._postcode) if self._postcode else None
        return shelf.exact.get(capital) if shelf else None

    def _of_cedex(self, department: str) -> bool:
        return bool(self._postcode) and self._postcode not in self._table and self._postcode.startswith(department)

    def _postcode_slipped(self) -> Resolution | None:
        """Undo a slip in the postcode of a town that is written right.

        Of several postcodes that near none is taken. The commune is all the same, unless the postcode is of the same
        department: who lives beside a large town often writes its name, and the codes of CEDEX are like the others.
        """
        shown = {entry.name for entry in self._known}
        names = [*self._known, *(entry for entry in self._table.districts.values() if entry.name in shown)]
        for digits in dict.fromkeys((self._written, self._postcode)):
            near = [(entry, post) for entry in names for post in entry.postcodes if slips(digits, post)]
            if near:
                return self._moved(
                    {post for _, post in near}, [entry for entry, _ in near], lost=digits != self._postcode
                )
        return None

    def _moved(self, posts: set[str], near: list[Entry], *, lost: bool) -> Resolution | None:
        entry = prevailing(near)
        if entry is not None and len(posts) == 1:
            return _found(entry, posts.pop(), Note.POSTCODE_FROM_CITY)
        whole = prevailing(self._known)
        if whole is None or {entry.name for entry in near} != {whole.name}:
            return None
        if lost or self._postcode is None:
            return _found(whole, None, Note.POSTCODE_UNREADABLE)
        elsewhere = department_of(self._postcode) not in map(department_of, posts)
        return _found(whole, None, Note.DISAGREE) if elsewhere else None

    def _in_department(self, postcode: str) -> Resolution | None:
        pool = self._table.department(postcode)
        if entry := self._read(pool):
            return self._accepted(entry)
        if not self._known and (entry := one_commune(closest(self._name, pool, wide=True))):
            return self._accepted(entry, Note.CITY_TYPO)
        return None

    def _both_slipped(self, postcode: str) -> Resolution | None:
        """Undo a slip in the postcode and another in the town, when they meet in one commune."""
        shelves = [(post, shelf) for post in one_slip_from(postcode) if (shelf := self._table.postcode(post))]
        found = [(post, entry) for post, shelf in shelves for entry in misspelt(self._name, shelf)]
        entry = one_commune(entry for _, entry in found)
        if entry is None or len({post for post, _ in found}) > 1:
            return None
        return _found(entry, found[0][0], Note.POSTCODE_FROM_CITY, Note.CITY_TYPO)

    def _anywhere(self) -> Resolution:
        """Find a town without a postcode: it has no namesakes, or only small ones."""
        entry, notes = prevailing(self._known), list[Note]()
        if not self._known:
            entry, notes = prevailing(self._cut()), [Note.CITY_TYPO]
        if entry is None:
            return self.as_written() if self._known else self._unfound()
        if len(entry.postcodes) == 1:
            return _found(entry, entry.postcodes[0], *notes, Note.POSTCODE_FROM_CITY)
        return _found(entry, None, *notes)

    def _cut(self) -> list[Entry]:
        """Find the names in France that begin so, when so much is written that a till may have cut it."""
        if len(self._name) < TILL_CUTS:
            return []
        head, _, last = self._name.rpartition(" ")
        begun = [*self._table.beginning(squash(self._name))]
        return [*begun, *self._table.beginning(squash(f"{head} ST"))] if last in _CUT_SAINTS else begun
