"""The comparison levels of each kind of column, with default probabilities to be learnt from the records.

The defaults are rounded from the practice of customer files; `h` says what people of one household share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from rcu.matching.autocolumns import BEGINNING, LETTERS_OF_LOCAL, LOCAL_PART, SORTED_WORDS, Kind, Trait
from rcu.matching.conditions import (
    Absent,
    All,
    Any,
    Condition,
    CrossEqual,
    Different,
    Equal,
    Initial,
    OneEdit,
    Prefix,
    SameParts,
    SharedToken,
    Similar,
    Swapped,
    Within,
)
from rcu.matching.model import Comparison, ComparisonLevel


@dataclass(frozen=True, slots=True)
class _Level:
    """A level before it is named after its column; `h` and `fixed` as in the model."""

    name: str
    when: Condition | None
    m: float
    h: float
    u: float
    fixed: Literal[True] | None = None


def comparison_of(trait: Trait) -> Comparison:
    """Make the comparison of one column."""
    column = trait.column
    levels = [level for level in (_already_said(trait), *_LEVELS[trait.kind](trait)) if level is not None]
    return Comparison(
        name=column,
        shows=(column,),
        missing=Absent(of=(column,)),
        levels=tuple(
            ComparisonLevel(
                name=level.name,
                says=f"{column}: {level.name}",
                when=level.when,
                m=level.m,
                h=level.h,
                u=level.u,
                frequency_of=column if level.name == _SAME else None,
                fixed=level.fixed,
            )
            for level in levels
        ),
    )


_NEUTRAL: Final = 0.01
_NAMESAKE: Final = 0.003
"""Against the neutral: mailboxes after one name, but not the same, are rather those of two people of that name."""
_SAME: Final = "same"
_CLOSE: Final = "close"
_DIFFERENT: Final = "different"


def _cross(trait: Trait, *, m: float, h: float, u: float) -> _Level | None:
    if trait.partner is None:
        return None
    return _Level("in another column", CrossEqual(column=trait.column, other=trait.partner), m, h, u)


def _already_said(trait: Trait) -> _Level | None:
    if not trait.given:
        return None
    said = Any(of=tuple(Equal(of=(column, trait.column)) for column in trait.given))
    return _Level(f"as {' or '.join(trait.given)} says", said, _NEUTRAL, _NEUTRAL, _NEUTRAL)


def _numbered(trait: Trait) -> _Level:
    """The same letters and other digits or marks: what namesakes' mailboxes show more often than one person's slip."""
    local, letters = f"{trait.column}{LOCAL_PART}", f"{trait.column}{LETTERS_OF_LOCAL}"
    other = All(of=(Equal(of=(letters,)), Different(column=local)))
    return _Level("numbered", other, _NAMESAKE, _NEUTRAL, _NEUTRAL, fixed=True)


def _repeated(trait: Trait) -> _Level | None:
    if trait.repeats is None:
        return None
    said = Any(of=(Equal(of=(trait.repeats,)), Similar(column=trait.repeats, floor=0.8)))
    return _Level("as the names say", said, _NAMESAKE, _NEUTRAL, _NEUTRAL, fixed=True)


def _swapped(trait: Trait, *, m: float, h: float, u: float) -> _Level | None:
    """First and last name changed places: said once, by the first name; for the last name it is neutral."""
    if trait.partner is None:
        return None
    return _Level("swapped", Swapped(column=trait.column, other=trait.partner), m, h, u)


def _first_name(trait: Trait) -> list[_Level | None]:
    c = trait.column
    return [
        _Level(_SAME, Equal(of=(c,)), 0.75, 0.02, 0.004),
        _swapped(trait, m=0.02, h=0.0003, u=0.00001),
        _Level(
            "part", Any(of=(SharedToken(column=c), Prefix(column=c, shortest=3), Initial(column=c))), 0.06, 0.05, 0.04
        ),
        _Level(_CLOSE, Any(of=(OneEdit(column=c, shortest=3), Similar(column=c, floor=0.92))), 0.1, 0.02, 0.006),
        _Level("alike", Similar(column=c, floor=0.8), 0.02, 0.04, 0.03),
        _Level(_DIFFERENT, None, 0.05, 0.87, 0.92),
    ]


def _middle_name(trait: Trait) -> list[_Level | None]:
    c = trait.column
    return [
        _Level(_SAME, Equal(of=(c,)), 0.7, 0.02, 0.02),
        _Level("initial", Any(of=(Initial(column=c), SharedToken(column=c))), 0.12, 0.05, 0.05),
        _Level(_CLOSE, Any(of=(OneEdit(column=c, shortest=3), Similar(column=c, floor=0.92))), 0.06, 0.02, 0.01),
        _Level(_DIFFERENT, None, 0.12, 0.91, 0.92),
    ]


def _last_name(trait: Trait) -> list[_Level | None]:
    c = trait.column
    return [
        _Level(_SAME, Equal(of=(c,)), 0.75, 0.8, 0.002),
        _swapped(trait, m=_NEUTRAL, h=_NEUTRAL, u=_NEUTRAL),
        _Level("part", Any(of=(SharedToken(column=c), Prefix(column=c, shortest=4))), 0.04, 0.04, 0.002),
        _Level(_CLOSE, Any(of=(OneEdit(column=c, shortest=3), Similar(column=c, floor=0.92))), 0.11, 0.04, 0.004),
        _Level("alike", Similar(column=c, floor=0.8), 0.02, 0.02, 0.02),
        _Level(_DIFFERENT, None, 0.06, 0.1, 0.97),
    ]


def _full_name(trait: Trait) -> list[_Level | None]:
    c, ordered = trait.column, f"{trait.column}{SORTED_WORDS}"
    return [
        _Level(_SAME, Equal(of=(c,)), 0.6, 0.01, 0.0001),
        _Level("same words", Any(of=(Equal(of=(ordered,)), SharedToken(column=c))), 0.12, 0.02, 0.0005),
        _Level(
            _CLOSE, Any(of=(OneEdit(column=c, shortest=5), Similar(column=ordered, floor=0.93))), 0.13, 0.02, 0.0005
        ),
        _Level("alike", Similar(column=ordered, metric="levenshtein", floor=0.7), 0.08, 0.15, 0.005),
        _Level("rather alike", Similar(column=ordered, metric="levenshtein", floor=0.5), 0.04, 0.3, 0.08),
        _Level(_DIFFERENT, None, 0.03, 0.5, 0.91),
    ]


def _date(trait: Trait) -> list[_Level | None]:
    c = trait.column
    slips = (SameParts(column=c, slip="swapped"), SameParts(column=c, slip="partial"))
    return [
        _Level(_SAME, Equal(of=(c,)), 0.8, 0.006, 0.0001),
        _Level(_CLOSE, Any(of=(OneEdit(column=c), *slips)), 0.1, 0.004, 0.002),
        _Level("one part off", SameParts(column=c, slip="part"), 0.04, 0.01, 0.004),
        _Level("two slips", OneEdit(column=c, edits=2), 0.02, 0.03, 0.02),
        _Level(_DIFFERENT, None, 0.04, 0.95, 0.97),
    ]


def _email(trait: Trait) -> list[_Level | None]:
    c, local = trait.column, f"{trait.column}{LOCAL_PART}"
    return [
        _Level(_SAME, Equal(of=(c,)), 0.7, 0.15, 0.00001),
        _cross(trait, m=0.05, h=0.02, u=0.00001),
        _Level("domain", All(of=(Equal(of=(local,)), OneEdit(column=c, edits=2, shortest=8))), 0.04, 0.005, 0.00001),
        # Two mailboxes that are both as their owners' names are differ as these do: that is not a slip of the mailbox.
        _repeated(trait),
        _numbered(trait),
        _Level(_CLOSE, OneEdit(column=c, edits=2, shortest=8), 0.08, 0.01, 0.00002),
        _Level("same local part", Equal(of=(local,)), 0.02, 0.01, 0.00003),
        _alike_mailbox(trait),
        _Level(_DIFFERENT, None, 0.15, 0.8, 0.999),
    ]


def _alike_mailbox(trait: Trait) -> _Level:
    """Mailboxes that begin alike, which says nothing beyond the names they begin with."""
    alike = Similar(column=trait.column, floor=0.88)
    if trait.repeats is None:
        return _Level("alike", alike, 0.03, 0.03, 0.0005)
    return _Level("alike", alike, _NEUTRAL, _NEUTRAL, _NEUTRAL)


def _phone(trait: Trait) -> list[_Level | None]:
    c = trait.column
    return [
        _Level(_SAME, Equal(of=(c,)), 0.7, 0.4, 0.00001),
        _cross(trait, m=0.05, h=0.03, u=0.00001),
        _Level(_CLOSE, OneEdit(column=c, shortest=7), 0.05, 0.01, 0.0001),
        _Level(_DIFFERENT, None, 0.25, 0.59, 0.999),
    ]


def _address(trait: Trait) -> list[_Level | None]:
    c, ordered = trait.column, f"{trait.column}{SORTED_WORDS}"
    return [
        _Level(_SAME, Equal(of=(c,)), 0.6, 0.75, 0.0005),
        _cross(trait, m=0.04, h=0.04, u=0.0005),
        _Level("same words", Any(of=(Equal(of=(ordered,)), SharedToken(column=c))), 0.06, 0.06, 0.001),
        _Level(
            _CLOSE, Any(of=(OneEdit(column=c, edits=2, shortest=6), Similar(column=c, floor=0.92))), 0.1, 0.05, 0.002
        ),
        _Level("alike", Similar(column=ordered, metric="levenshtein", floor=0.65), 0.04, 0.02, 0.02),
        _Level(_DIFFERENT, None, 0.16, 0.08, 0.97),
    ]


def _house_number(trait: Trait) -> list[_Level | None]:
    c = trait.column
    return [
        _Level(_SAME, Equal(of=(c,)), 0.8, 0.9, 0.02),
        _Level(_CLOSE, OneEdit(column=c, shortest=2), 0.07, 0.02, 0.1),
        _Level(_DIFFERENT, None, 0.13, 0.08, 0.88),
    ]


def _postcode(trait: Trait) -> list[_Level | None]:
    c = trait.column
    return [
        _Level(_SAME, Equal(of=(c,)), 0.75, 0.9, 0.002),
        _Level(_CLOSE, OneEdit(column=c), 0.07, 0.02, 0.01),
        _Level("same area", Equal(of=(f"{c}{BEGINNING}",)), 0.04, 0.02, 0.03),
        _Level(_DIFFERENT, None, 0.14, 0.06, 0.96),
    ]


def _text(trait: Trait, *, h: float) -> list[_Level | None]:
    c = trait.column
    return [
        _Level(_SAME, Equal(of=(c,)), 0.7, h, 0.02),
        _Level("part", SharedToken(column=c), 0.04, 0.04, 0.01),
        _Level(_CLOSE, Any(of=(OneEdit(column=c), Similar(column=c, floor=0.9))), 0.1, 0.03, 0.005),
        _Level(_DIFFERENT, None, 0.16, 0.93 - h, 0.965),
    ]


def _place(trait: Trait) -> list[_Level | None]:
    return _text(trait, h=0.88)


def _plain_text(trait: Trait) -> list[_Level | None]:
    return _text(trait, h=0.35)


def _category(trait: Trait) -> list[_Level | None]:
    return [
        _Level(_SAME, Equal(of=(trait.column,)), 0.85, 0.6, 0.3),
        _Level(_DIFFERENT, None, 0.15, 0.4, 0.7),
    ]


def _code(trait: Trait) -> list[_Level | None]:
    return [
        _Level(_SAME, Equal(of=(trait.column,)), 0.6, 0.3, 0.01),
        _Level(_CLOSE, OneEdit(column=trait.column), 0.05, 0.02, 0.02),
        _Level(_DIFFERENT, None, 0.35, 0.68, 0.97),
    ]


def _number(trait: Trait) -> list[_Level | None]:
    c = trait.column
    return [
        _Level(_SAME, Equal(of=(c,)), 0.7, 0.1, 0.03),
        _Level(_CLOSE, Within(column=c, most=1), 0.12, 0.07, 0.05),
        _Level("near", Within(column=c, most=3), 0.06, 0.13, 0.08),
        _Level(_DIFFERENT, None, 0.12, 0.7, 0.84),
    ]


_LEVELS: Final[dict[Kind, Callable[[Trait], list[_Level | None]]]] = {
    Kind.FIRST_NAME: _first_name,
    Kind.MIDDLE_NAME: _middle_name,
    Kind.LAST_NAME: _last_name,
    Kind.FULL_NAME: _full_name,
    Kind.DATE: _date,
    Kind.EMAIL: _email,
    Kind.PHONE: _phone,
    Kind.ADDRESS: _address,
    Kind.HOUSE_NUMBER: _house_number,
    Kind.POSTCODE: _postcode,
    Kind.PLACE: _place,
    Kind.TEXT: _plain_text,
    Kind.CODE: _code,
    Kind.CATEGORY: _category,
    Kind.NUMBER: _number,
}
