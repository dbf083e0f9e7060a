"""Phones: any way of writing a number becomes E.164, as a mobile or a landline; nobody's numbers are dropped."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberType

from rcu.cleaning.text import clean, load_lines, repeated
from rcu.domain.records import Quality

MOBILE: Final = "mobile"
LANDLINE: Final = "landline"
_FRENCH_DIGITS: Final = 10
_MANY_DIGITS: Final = 15

# call-platform blocks, reserved by the French regulator for machines that call people
_PLATFORM = frozenset({"0162", "0163", "0270", "0271", "0377", "0378", "0424", "0425", "0568", "0569", "0948", "0949"})
# overseas prefixes as dialled from there, and the country code that carries them
_OVERSEAS = {"0590": "590", "0690": "590", "0691": "590", "0594": "594", "0694": "594", "0596": "596", "0696": "596",
             "0697": "596", "0262": "262", "0692": "262", "0693": "262", "0269": "262", "0639": "262", "0508": "508",
             "0708": "508"}  # fmt: skip
_OVERSEAS_CODES = {"590": ("0590", "0690", "0691"), "594": ("0594", "0694"), "596": ("0596", "0696", "0697"),
                   "262": ("0262", "0692", "0693", "0269", "0639"), "508": ("0508",)}  # fmt: skip
_MIQUELON_DIGITS: Final = 6
_FRENCH_REGIONS = frozenset({"FR", "GP", "MQ", "GF", "RE", "YT", "PM", "MC"})
_JUNK_PHONES = load_lines("junk_phones.txt")

_ORDINARY = re.compile(r"0\d(?:[ .-]?\d\d){4}", re.ASCII)
_NON_DIGITS = re.compile(r"[^0-9]+")
_TRUNK_ZERO = re.compile(r"^((?:\+|00)[\s.]*33[\s.-]*)\(\s*0\s*\)")
_SPREADSHEET = re.compile(r"(\d{9,13})[.,]0+", re.ASCII)
_ALTERNATIVES = re.compile(r"\s*(?:/|;|,|\bou\b|\bet\b|\|)\s*", re.IGNORECASE)
_RUNS = re.compile(r"(\d\d)\1{3,}|(\d)\2{6,}")


class Phone(NamedTuple):
    """A number in E.164 (None when not kept), its kind (None when unknown) and its quality."""

    value: str | None
    kind: str | None
    quality: str


class Phones(NamedTuple):
    """The mobile and the landline of a record, each with its quality."""

    mobile: str | None
    landline: str | None
    mobile_quality: str
    landline_quality: str


_MISSING: Final = Phone(None, None, Quality.MISSING)
_SUSPECT: Final = Phone(None, None, Quality.SUSPECT)
_JUNK: Final = Phone(None, None, Quality.JUNK)


def read_phones(raw: str | None, region: str) -> tuple[Phone, ...]:
    """Read the numbers of one field; most hold one, some hold two parted by a slash or `ou`."""
    if raw and region in _FRENCH_REGIONS and _ORDINARY.fullmatch(raw):
        return (_french(raw.replace(" ", "").replace(".", "").replace("-", ""), Quality.VALID),)
    text = clean(raw)
    if text is None:
        return (_MISSING,)
    parts = [text]
    if len(_NON_DIGITS.sub("", text)) > _MANY_DIGITS:
        parts = [part for part in _ALTERNATIVES.split(text) if part] or [text]
    return tuple(read_phone(part, region) for part in parts)


def read_phone(text: str, region: str) -> Phone:
    """Read one number; `region` (ISO 3166 alpha-2) is where a number without prefix is dialled."""
    quality = Quality.VALID
    if rewritten := _TRUNK_ZERO.sub(r"\1", text):
        quality, text = (Quality.REPAIRED if rewritten != text else quality), rewritten
    if found := _SPREADSHEET.fullmatch(text):
        text, quality = found[1], Quality.REPAIRED
    digits = _NON_DIGITS.sub("", text)
    if not digits:
        return _JUNK if repeated(text) else _SUSPECT
    if text.lstrip("( ").startswith("+") or digits.startswith("00"):
        return _international(digits if text.lstrip("( ").startswith("+") else digits[2:], quality)
    if region not in _FRENCH_REGIONS:
        return _foreign(digits, region)
    return _national(digits, quality)


def read_pair(phone: str | None, mobile: str | None, *, region: str) -> Phones:
    """Read the phone and mobile fields of one record and tell the mobile from the landline."""
    return distribute(read_phones(phone, region), read_phones(mobile, region))


def distribute(phone: tuple[Phone, ...], mobile: tuple[Phone, ...]) -> Phones:
    """Put each number where its kind says, whichever column it was written in; its own column goes first."""
    best_mobile = _first(mobile + phone, MOBILE) or _leftover(mobile)
    best_landline = _first(phone + mobile, LANDLINE) or _leftover(phone)
    return Phones(best_mobile.value, best_landline.value, best_mobile.quality, best_landline.quality)


def _first(numbers: tuple[Phone, ...], kind: str) -> Phone | None:
    for number in numbers:
        if number.kind == kind:
            return number
    return None


def _leftover(numbers: tuple[Phone, ...]) -> Phone:
    """When a column gave nothing, say whether it held junk, something unreadable, or nothing."""
    for number in numbers:
        if number.value is None:
            return number
    return _MISSING


def _national(digits: str, quality: Quality) -> Phone:
    if len(digits) == _FRENCH_DIGITS and digits[0] == "0":
        return _french(digits, quality)
    if len(digits) == _FRENCH_DIGITS - 1 and digits[0] != "0":
        return _french("0" + digits, Quality.REPAIRED)
    if len(digits) == _FRENCH_DIGITS + 1 and digits.startswith("33"):
        return _french("0" + digits[2:], Quality.REPAIRED)
    if len(digits) == _FRENCH_DIGITS + 2 and digits.startswith("330"):
        return _french(digits[2:], Quality.REPAIRED)
    if len(digits) == _FRENCH_DIGITS + 2 and digits[:3] in _OVERSEAS_CODES:
        return _international(digits, Quality.REPAIRED)
    return _JUNK if _is_junk(digits) or len(digits) <= 4 else _SUSPECT


def _french(digits: str, quality: Quality) -> Phone:
    """Judge ten digits starting with 0, as dialled in France and overseas."""
    prefix = digits[:4]
    if _is_junk(digits) or prefix in _PLATFORM or digits[1] in "08":
        return _JUNK
    code = _OVERSEAS.get(prefix, "33")
    subscriber = digits[4:] if code == "508" and prefix == "0508" else digits[1:]
    kind = MOBILE if digits[1] in "67" else LANDLINE
    return Phone(f"+{code}{subscriber}", kind, quality)


def _international(digits: str, quality: Quality) -> Phone:
    if digits.startswith("330") and len(digits) == _FRENCH_DIGITS + 2:
        return _french(digits[2:], Quality.REPAIRED)
    if digits.startswith("33") and len(digits) == _FRENCH_DIGITS + 1:
        moved = "0" + digits[2:5] in _OVERSEAS
        return _french("0" + digits[2:], Quality.REPAIRED if moved else quality)
    code, rest = digits[:3], digits[3:]
    if code in _OVERSEAS_CODES:
        national = _overseas_national(code, rest)
        return _french(national, quality) if national else _SUSPECT
    if digits.startswith("33"):
        return _JUNK if _is_junk(digits) else _SUSPECT
    return _foreign("+" + digits, None)


def _overseas_national(code: str, rest: str) -> str | None:
    if code == "508" and len(rest) == _MIQUELON_DIGITS:
        return "0508" + rest
    national = "0" + rest.removeprefix("0")
    known = len(national) == _FRENCH_DIGITS and _OVERSEAS.get(national[:4]) == code and code != "508"
    return national if known or (code == "508" and national[:4] == "0708" and len(national) == _FRENCH_DIGITS) else None


def _foreign(number: str, region: str | None) -> Phone:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return _SUSPECT
    if not phonenumbers.is_valid_number(parsed):
        return _JUNK if _is_junk(number) else _SUSPECT
    kind = _KINDS.get(phonenumbers.number_type(parsed))
    if kind is None:
        return _JUNK
    return Phone(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), kind, Quality.VALID)


# where both kinds share a numbering range (North America) a number is held to be a mobile
_KINDS = {
    PhoneNumberType.MOBILE: MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: MOBILE,
    PhoneNumberType.FIXED_LINE: LANDLINE,
    PhoneNumberType.VOIP: LANDLINE,
    PhoneNumberType.PERSONAL_NUMBER: LANDLINE,
}


def _is_junk(digits: str) -> bool:
    return digits in _JUNK_PHONES or _RUNS.search(digits) is not None
