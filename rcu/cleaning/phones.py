"""Phones: any way of writing a number becomes E.164; what is nobody's own is told apart from people's numbers.

The numbering plan is that of `phonenumbers` (Google's metadata); the French numbers, nearly all there are, are read
with its patterns and without its parser, which is right and slow.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType

from rcu.cleaning.junk import JunkLists
from rcu.cleaning.notes import Note, joined
from rcu.cleaning.text import clean, repeated
from rcu.domain.records import Quality

MOBILE: Final = "mobile"
LANDLINE: Final = "landline"
SPECIAL: Final = "special"
PLATFORM: Final = "platform"
PERSONAL: Final = frozenset({MOBILE, LANDLINE})
"""The kinds that belong to a person or a household; the others are never a key."""
FRENCH_REGIONS: Final = frozenset({"FR", "GP", "MQ", "GF", "RE", "YT", "PM", "MC", "BL", "MF"})
_FRENCH_DIGITS: Final = 10
_MANY_DIGITS: Final = 15
_MOST_DIGITS: Final = 17  # E.164 has 15, and two may stand for the international prefix
_SHORT_DIGITS: Final = 6
_MIQUELON_DIGITS: Final = 6

PLATFORM_PREFIXES: Final = frozenset(
    {"0162", "0163", "0270", "0271", "0377", "0378", "0424", "0425", "0568", "0569", "0948", "0949"}
)
"""Blocks the French regulator (ARCEP) keeps for machines that call people, overseas ones (09475 to 09479) apart."""
# overseas prefixes as dialled from there, the country code that carries them and the region that knows them
OVERSEAS: Final = {
    "0590": ("590", "GP"), "0690": ("590", "GP"), "0691": ("590", "GP"), "0594": ("594", "GF"), "0694": ("594", "GF"),
    "0596": ("596", "MQ"), "0696": ("596", "MQ"), "0697": ("596", "MQ"), "0262": ("262", "RE"), "0263": ("262", "RE"),
    "0692": ("262", "RE"), "0693": ("262", "RE"), "0269": ("262", "YT"), "0639": ("262", "YT"), "0508": ("508", "PM"),
    "0708": ("508", "PM"),
}  # fmt: skip
_OVERSEAS_CODES: Final = frozenset(code for code, _ in OVERSEAS.values())
RUNS: Final = "|".join([*(f"(?:{pair:02d}){{4}}" for pair in range(100)), *(f"{digit}{{7}}" for digit in range(10))])
"""One pair of digits four times over, or one digit seven times: nobody has such a number (a regex for RE2)."""

_ORDINARY = re.compile(r"0\d(?:[ .-]?\d\d){4}", re.ASCII)
_NON_DIGITS = re.compile(r"[^0-9]+")
_TRUNK_ZERO = re.compile(r"^((?:\+|00)[\s.]*\d{1,3}[\s.-]*)\(\s*0\s*\)")
_SPREADSHEET = re.compile(r"(\d{9,13})[.,]0+", re.ASCII)
_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?E\+?(\d{1,2})", re.ASCII | re.IGNORECASE)
_ALTERNATIVES = re.compile(r"\s*(?:/|;|,|\bou\b|\bet\b|\||(?<=\d{9})-(?=\+?\d{9}))\s*", re.IGNORECASE)
_RUNS = re.compile(r"(\d\d)\1{3}|(\d)\2{6}", re.ASCII)


class Phone(NamedTuple):
    """One number: E.164 (None when not kept), its kind (None when unknown), its quality and why."""

    value: str | None
    kind: str | None
    quality: Quality
    notes: str | None = None


MISSING: Final = Phone(None, None, Quality.MISSING)
_UNREADABLE: Final = Phone(None, None, Quality.SUSPECT, Note.UNREADABLE)
_PLACEHOLDER: Final = Phone(None, None, Quality.JUNK, Note.PLACEHOLDER)
_SHORT: Final = Phone(None, SPECIAL, Quality.JUNK, Note.SPECIAL)


def read_phones(raw: str | None, region: str, *, junk: JunkLists) -> tuple[Phone, ...]:
    """Read the numbers of one field; most hold one, some hold two parted by a slash or `ou`.

    `region` (ISO 3166 alpha-2) is where a number without prefix is dialled.
    """
    if raw and region in FRENCH_REGIONS and _ORDINARY.fullmatch(raw):
        return (_french(_NON_DIGITS.sub("", raw), Quality.VALID, None, junk),)
    text = clean(raw)
    if text is None:
        return (MISSING,)
    parts = [text]
    if len(_NON_DIGITS.sub("", text)) > _MANY_DIGITS:
        parts = [part for part in _ALTERNATIVES.split(text) if part] or [text]
    return tuple(read_phone(part, region, junk=junk) for part in parts)


def read_phone(text: str, region: str, *, junk: JunkLists) -> Phone:
    """Read one number, written nationally as in `region`, or with its country code."""
    text, quality, note = _unspoiled(text)
    digits = _NON_DIGITS.sub("", text)
    if not digits or len(digits) > _MOST_DIGITS:
        return _PLACEHOLDER if repeated(text) else _UNREADABLE
    international = text.lstrip("( ").startswith("+")
    if international or digits.startswith("00"):
        return _international(digits if international else digits[2:], quality, note, junk)
    if region not in FRENCH_REGIONS:
        return _foreign(digits, region, junk)
    return _national(digits, quality, note, junk)


@cache
def plan(region: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Give the patterns of a region's mobiles and of its landlines (lines of boxes included), without the leading 0."""
    known = PhoneMetadata.metadata_for_region(region)
    mobile = [known.mobile] if known else []
    fixed = [known.fixed_line, known.voip] if known else []
    return _any_of(mobile), _any_of(fixed)


def is_placeholder(digits: str, junk: JunkLists) -> bool:
    """Tell whether the digits of a number, dialled nationally, were only typed to get past a screen."""
    return digits in junk.phones or _RUNS.search(digits) is not None


def _any_of(descriptions: list[phonenumbers.PhoneNumberDesc | None]) -> re.Pattern[str]:
    patterns = [one.national_number_pattern for one in descriptions if one and one.national_number_pattern]
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"(?!)", re.ASCII)


def _unspoiled(text: str) -> tuple[str, Quality, str | None]:
    """Undo what a spreadsheet or a habit did to a number: `612345678.0`, `6.12345678E+08`, `+33 (0)6`."""
    if found := _TRUNK_ZERO.match(text):
        return found[1] + text[found.end() :], Quality.REPAIRED, Note.TRUNK_ZERO
    if found := _SPREADSHEET.fullmatch(text):
        return found[1], Quality.REPAIRED, Note.SPREADSHEET
    if found := _SCIENTIFIC.fullmatch(text):
        shown, power = found[2] or "", int(found[3])
        # digits the spreadsheet did not show are lost
        whole = found[1] + shown if len(shown) == power else ""
        return whole, Quality.REPAIRED, Note.SPREADSHEET
    return text, Quality.VALID, None


def _national(digits: str, quality: Quality, note: str | None, junk: JunkLists) -> Phone:
    size = len(digits)
    if size == _FRENCH_DIGITS and digits[0] == "0":
        return _french(digits, quality, note, junk)
    if size == _FRENCH_DIGITS - 1 and digits[0] != "0":
        return _french("0" + digits, Quality.REPAIRED, note or Note.ZERO_RESTORED, junk)
    if (found := _without_plus(digits, note, junk)) is not None:
        return found
    if is_placeholder(digits, junk) or repeated(digits):
        return _PLACEHOLDER
    return _SHORT if 1 < size <= _SHORT_DIGITS and digits[0] != "0" else _UNREADABLE


def _without_plus(digits: str, note: str | None, junk: JunkLists) -> Phone | None:
    """Read a number whose country code has lost its +: `33612345679`, `330612345679`, `590690301234`."""
    size = len(digits)
    if size == _FRENCH_DIGITS + 1 and digits.startswith("33"):
        return _french("0" + digits[2:], Quality.REPAIRED, note or Note.PREFIX_ADDED, junk)
    if size == _FRENCH_DIGITS + 2 and digits.startswith("330"):
        return _french(digits[2:], Quality.REPAIRED, f"{Note.PREFIX_ADDED} {Note.TRUNK_ZERO}", junk)
    if size == _FRENCH_DIGITS + 2 and digits[:3] in _OVERSEAS_CODES:
        return _international(digits, Quality.REPAIRED, note or Note.PREFIX_ADDED, junk)
    return None


def _french(digits: str, quality: Quality, note: str | None, junk: JunkLists) -> Phone:
    """Judge ten digits starting with 0, as dialled in France and overseas."""
    prefix = digits[:4]
    if is_placeholder(digits, junk) or digits[1] == "0":
        return _PLACEHOLDER
    if prefix in PLATFORM_PREFIXES:
        return Phone("+33" + digits[1:], PLATFORM, Quality.JUNK, Note.PLATFORM)
    if digits[1] == "8":
        return Phone("+33" + digits[1:], SPECIAL, Quality.JUNK, Note.SPECIAL)
    code, region = OVERSEAS.get(prefix, ("33", "FR"))
    subscriber = digits[4:] if prefix == "0508" else digits[1:]
    kind = MOBILE if digits[1] in "67" else LANDLINE
    if not any(pattern.fullmatch(subscriber) for pattern in plan(region)):
        return Phone(f"+{code}{subscriber}", kind, Quality.SUSPECT, Note.UNASSIGNED)
    return Phone(f"+{code}{subscriber}", kind, quality, note)


def _international(digits: str, quality: Quality, note: str | None, junk: JunkLists) -> Phone:
    if digits.startswith("330") and len(digits) == _FRENCH_DIGITS + 2:
        return _french(digits[2:], Quality.REPAIRED, Note.TRUNK_ZERO, junk)
    if digits.startswith("33") and len(digits) == _FRENCH_DIGITS + 1:
        if "0" + digits[2:5] in OVERSEAS:
            quality, note = Quality.REPAIRED, note or Note.OVERSEAS_PREFIX
        return _french("0" + digits[2:], quality, note, junk)
    code, rest = digits[:3], digits[3:]
    if code in _OVERSEAS_CODES:
        national = _overseas_national(code, rest)
        return _french(national, quality, note, junk) if national else _UNREADABLE
    if digits.startswith("33"):
        return _PLACEHOLDER if is_placeholder(digits[2:], junk) else _UNREADABLE
    found = _foreign("+" + digits, None, junk)
    return found._replace(quality=quality, notes=note) if found.kind in PERSONAL and note else found


def _overseas_national(code: str, rest: str) -> str | None:
    """Give the ten digits dialled at home for a number behind an overseas country code; None when it is none."""
    if code == "508" and len(rest) == _MIQUELON_DIGITS:
        return "0508" + rest
    national = "0" + rest.removeprefix("0")
    known = len(national) == _FRENCH_DIGITS and OVERSEAS.get(national[:4], ("", ""))[0] == code
    return national if known and national[:4] != "0508" else None


def _foreign(number: str, region: str | None, junk: JunkLists) -> Phone:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return _UNREADABLE
    national = phonenumbers.national_significant_number(parsed)
    if is_placeholder(number.removeprefix("+"), junk) or is_placeholder(national, junk):
        return _PLACEHOLDER
    value = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_valid_number(parsed):
        return Phone(None, None, Quality.SUSPECT, Note.UNASSIGNED)
    kind = _KINDS.get(phonenumbers.number_type(parsed), SPECIAL)
    if kind not in PERSONAL:
        return Phone(value, kind, Quality.JUNK, Note.SPECIAL)
    return Phone(value, kind, Quality.VALID)


# where both kinds share a numbering range (North America) a number is held to be a mobile
_KINDS: Final = {
    PhoneNumberType.MOBILE: MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: MOBILE,
    PhoneNumberType.FIXED_LINE: LANDLINE,
    PhoneNumberType.VOIP: LANDLINE,
    PhoneNumberType.PERSONAL_NUMBER: LANDLINE,
}


class Phones(NamedTuple):
    """The mobile and the landline of a record and its other numbers, with what is to be said of the two fields."""

    mobile: str | None
    landline: str | None
    other_phones: str | None
    mobile_quality: Quality
    landline_quality: Quality
    mobile_notes: str | None
    landline_notes: str | None


def distribute(phone: tuple[Phone, ...], mobile: tuple[Phone, ...]) -> Phones:
    """Put each number where its kind says, whichever column it was written in; its own column goes first.

    Numbers that are not chosen, and those that are nobody's own, are kept together in `other_phones`. A column that
    gave no number says why with its quality.
    """
    best_mobile = _first(mobile + phone, MOBILE) or _leftover(mobile)
    best_landline = _first(phone + mobile, LANDLINE) or _leftover(phone)
    chosen = {best.value for best in (best_mobile, best_landline) if best.kind in PERSONAL}
    others = dict.fromkeys(one.value for one in mobile + phone if one.value and one.value not in chosen)
    return Phones(
        best_mobile.value if best_mobile.kind == MOBILE else None,
        best_landline.value if best_landline.kind == LANDLINE else None,
        " ".join(others) or None,
        best_mobile.quality,
        best_landline.quality,
        joined(best_mobile.notes.split()) if best_mobile.notes else None,
        joined(best_landline.notes.split()) if best_landline.notes else None,
    )


def _first(numbers: tuple[Phone, ...], kind: str) -> Phone | None:
    return next((number for number in numbers if number.kind == kind), None)


def _leftover(numbers: tuple[Phone, ...]) -> Phone:
    """When a column gave nothing, say whether it held junk, something unreadable, or nothing."""
    return next((number for number in numbers if number.kind not in PERSONAL), MISSING)
