"""What cleaning did to a value, or holds against it: one code each, with the sentence people read."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from rcu.domain.records import Quality


class Note(StrEnum):
    """The codes in the `*_notes` columns; several on one value stand sorted, with a space between."""

    CIVILITY_MOVED = "civility_moved"
    BIRTH_NAME_MOVED = "birth_name_moved"
    WHOLE_NAME_SPLIT = "whole_name_split"
    ORDER_GUESSED = "order_guessed"
    COLUMNS_SWAPPED = "columns_swapped"
    SECOND_PERSON_DROPPED = "second_person_dropped"
    EXTRA_GIVEN_DROPPED = "extra_given_dropped"
    NOT_A_NAME = "not_a_name"
    TWO_DIGIT_YEAR = "two_digit_year"
    EXCEL_SERIAL = "excel_serial"
    IMPOSSIBLE = "impossible"
    FUTURE = "future"
    TOO_OLD = "too_old"
    OVER_FREQUENT = "over_frequent"
    MENDED = "mended"
    DOMAIN_TYPO = "domain_typo"
    DISPOSABLE = "disposable"
    ROLE = "role"
    OWN_DOMAIN = "own_domain"
    ZERO_RESTORED = "zero_restored"
    SPREADSHEET = "spreadsheet"
    TRUNK_ZERO = "trunk_zero"
    PREFIX_ADDED = "prefix_added"
    OVERSEAS_PREFIX = "overseas_prefix"
    SPECIAL = "special"
    PLATFORM = "platform"
    UNASSIGNED = "unassigned"
    POSTCODE_ZERO_RESTORED = "postcode_zero_restored"
    POSTCODE_CLEANED = "postcode_cleaned"
    POSTCODE_FROM_CITY = "postcode_from_city"
    POSTCODE_UNREADABLE = "postcode_unreadable"
    CITY_FROM_POSTCODE = "city_from_postcode"
    CITY_TYPO = "city_typo"
    CITY_UNKNOWN = "city_unknown"
    DISAGREE = "disagree"
    INCOMPLETE = "incomplete"
    PLACE_MOVED = "place_moved"
    UNKNOWN_COUNTRY = "unknown_country"
    PLACEHOLDER = "placeholder"
    UNREADABLE = "unreadable"


MEANINGS: Final[dict[Note, str]] = {
    Note.CIVILITY_MOVED: "a civility stood in the name; it was taken out of it",
    Note.BIRTH_NAME_MOVED: "the birth name stood in the last name; it was set apart",
    Note.WHOLE_NAME_SPLIT: "one column held the whole name; it was split",
    Note.ORDER_GUESSED: "nothing says which word is the last name",
    Note.COLUMNS_SWAPPED: "first and last name stood in each other's column; they changed places",
    Note.SECOND_PERSON_DROPPED: "two people stood in the first name; the first one was kept",
    Note.EXTRA_GIVEN_DROPPED: "several first names stood in the column; the first one was kept",
    Note.NOT_A_NAME: "digits or signs that no name has",
    Note.TWO_DIGIT_YEAR: "the year had two digits; the century was added",
    Note.EXCEL_SERIAL: "a spreadsheet had turned the date into a number; it was turned back",
    Note.IMPOSSIBLE: "no such day",
    Note.FUTURE: "a date of birth in the future",
    Note.TOO_OLD: "a date of birth more than 120 years ago",
    Note.OVER_FREQUENT: "far more people have it than can be true",
    Note.MENDED: "marks, spaces or a second address stood around the address; they were taken off",
    Note.DOMAIN_TYPO: "the domain looks like a misspelt provider; the address was kept and another suggested",
    Note.DISPOSABLE: "a domain of throw-away addresses",
    Note.ROLE: "a mailbox of a function, not of a person",
    Note.OWN_DOMAIN: "a mailbox of the retailer",
    Note.ZERO_RESTORED: "the leading zero was lost; it was put back",
    Note.SPREADSHEET: "a spreadsheet had turned the number into a figure; it was turned back",
    Note.TRUNK_ZERO: "a zero stood behind the country code; it was dropped",
    Note.PREFIX_ADDED: "the country code had lost its +; it was put back",
    Note.OVERSEAS_PREFIX: "an overseas number stood behind +33; it has its own country code now",
    Note.SPECIAL: "a service or short number, nobody's own",
    Note.PLATFORM: "a number of a call platform, nobody's own",
    Note.UNASSIGNED: "no such number has been given out",
    Note.POSTCODE_ZERO_RESTORED: "the leading zero of the postcode was lost; it was put back",
    Note.POSTCODE_CLEANED: "letters or marks stood in the postcode; they were taken off",
    Note.POSTCODE_FROM_CITY: "the postcode was taken from the town",
    Note.POSTCODE_UNREADABLE: "the postcode cannot be one",
    Note.CITY_FROM_POSTCODE: "the town was taken from the postcode, which has only one",
    Note.CITY_TYPO: "the town was misspelt; the official name was taken",
    Note.CITY_UNKNOWN: "no such town",
    Note.DISAGREE: "postcode and town exist but do not go together",
    Note.INCOMPLETE: "a street without postcode and town",
    Note.PLACE_MOVED: "postcode and town stood in the street; they were set apart",
    Note.UNKNOWN_COUNTRY: "a country nobody knows",
    Note.PLACEHOLDER: "typed in place of a value",
    Note.UNREADABLE: "nothing could be made of it",
}
"""What each code means, in words for a report."""

_SEVERITY: Final = (Quality.MISSING, Quality.VALID, Quality.REPAIRED, Quality.SUSPECT, Quality.JUNK)


def worst(qualities: Iterable[Quality]) -> Quality:
    """Give the worst of some qualities: missing, valid, repaired, suspect, junk; missing of none."""
    return max(qualities, key=_SEVERITY.index, default=Quality.MISSING)


def joined(notes: Iterable[str]) -> str | None:
    """Write several codes into one column: sorted, once each, None when there are none."""
    return " ".join(sorted(set(notes))) or None
