"""Emails: the address one writes to, the key one matches on, and whose mailbox it may be."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple

from disposable_email_domains import blocklist
from email_validator import EmailNotValidError, validate_email
from rapidfuzz.distance import OSA

from rcu.cleaning.junk import JunkLists
from rcu.cleaning.notes import Note, joined
from rcu.cleaning.text import clean, fold, load_list, load_pairs, repeated
from rcu.domain.records import Quality

PERSONAL: Final = "personal"
ROLE: Final = "role"
DISPOSABLE: Final = "disposable"
GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})
PLAIN: Final = r"[a-z0-9_][a-z0-9_+-]*(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}[a-z]{2,18}"
"""Addresses nothing is wrong with, in lower case (a regex for RE2 and `re`); the local part has 64 letters at most."""
LOCAL_LIMIT: Final = 64
_ASIDE: Final = "._-"

_PLAIN = re.compile(PLAIN)
_CANDIDATE = re.compile(r"[<\"'(\[\s,;:]*([^\s<>;,|\"()\[\]]+@[^\s<>;|\"()\[\]]+)")
_BRACKETED = re.compile(r"[<(\[:]\s*([^\s<>;,|\"()\[\]]+@[^\s<>;|\"()\[\]]+)")
_AROUND_AT = re.compile(r"\s*(?:@|\[at\]|\(at\))\s*")
_DOT_SPACES = re.compile(r"\s*\.\s*(?=\S)")
_COMMA_FOR_DOT = re.compile(r"(?<=[a-z0-9]),(?=[a-z0-9.-]+@)")
_DOTS = re.compile(r"\.{2,}")
_SECOND = re.compile(r"[,/;](?=.*@)")
_NUMBER_BEHIND = re.compile(r"\d+$")
_SHORTEST_SLIP: Final = 5


class Email(NamedTuple):
    """A mail address, its key, what kind of mailbox it is, the address that may be meant, its quality and why."""

    value: str | None
    key: str | None
    kind: str | None
    suggestion: str | None
    quality: Quality
    notes: str | None


MISSING: Final = Email(None, None, None, None, Quality.MISSING, None)
_PLACEHOLDER: Final = Email(None, None, None, None, Quality.JUNK, Note.PLACEHOLDER)
_OWN: Final = Email(None, None, None, None, Quality.JUNK, Note.OWN_DOMAIN)


def standardise_email(raw: str | None, *, junk: JunkLists) -> Email:
    """Standardise one address: lower case, checked syntax, harmless damage mended, placeholders dropped.

    A misspelt domain (`gamil.com`) is suspect and kept as it was written: it is never corrected in silence, the address
    meant is suggested. Domains with accents are written in their ASCII form (RFC 5890), in which both forms are one.
    """
    if raw is None:
        return MISSING
    address = raw.lower()
    if is_plain(address):
        return _judge(address, junk)
    text = clean(raw)
    return MISSING if text is None else _read_damaged(text.lower(), junk)


def _read_damaged(text: str, junk: JunkLists) -> Email:
    """Read an address that is not plain: in other letters, with things around it, or none at all."""
    if (address := _checked(text)) is not None:
        return _judge(address, junk)
    mended = _mend(text)
    if mended is not None and (address := _checked(mended)) is not None:
        return _mended(_judge(address, junk))
    if _is_placeholder(text, junk):
        return _PLACEHOLDER
    return Email(None, None, None, _unaccented(mended or text), Quality.SUSPECT, Note.UNREADABLE)


def email_key(address: str) -> str:
    """Give the key two spellings of one mailbox share: no +tag, and for Gmail no dots and one domain."""
    local, _, domain = address.rpartition("@")
    bare = local.split("+", 1)[0] or local
    if domain in GMAIL:
        return f"{bare.replace('.', '') or bare}@gmail.com"
    return f"{bare}@{domain}"


def is_plain(address: str) -> bool:
    """Tell whether a lower-case address is one nothing is wrong with at first sight."""
    return _PLAIN.fullmatch(address) is not None and address.index("@") <= LOCAL_LIMIT


@lru_cache(maxsize=16_384)
def meant_domain(domain: str) -> str | None:
    """Give the provider a domain is a misspelling of, None when it is none: a known typo, or one slip away."""
    if domain in _typos():
        return _typos()[domain]
    common, known = _providers()
    if domain in known or domain.count(".") > 1:
        return None
    near = (provider for provider in common if len(provider.partition(".")[0]) >= _SHORTEST_SLIP)
    return next((provider for provider in near if OSA.distance(domain, provider, score_cutoff=1) == 1), None)


def is_disposable(domain: str) -> bool:
    """Tell whether a domain, or the one it is part of, gives out throw-away addresses."""
    parts = domain.split(".")
    return any(".".join(parts[start:]) in blocklist for start in range(len(parts) - 1))


def is_junk_local(bare: str, junk: JunkLists) -> bool:
    """Tell whether what stands before the @, without dots, hyphens and underscores, is nobody's."""
    return bare in junk.email_locals or (len(bare) > 2 and bare.count(bare[0]) == len(bare))


def bare_local(local: str) -> str:
    """Give the part before the @ without the marks that set its words apart."""
    return local.translate(_NO_MARKS) or local


_NO_MARKS: Final = str.maketrans("", "", _ASIDE)


@cache
def _typos() -> dict[str, str]:
    return load_pairs("email_domain_typos.csv")


@cache
def _providers() -> tuple[tuple[str, ...], frozenset[str]]:
    """Give the common providers, commonest first, and all that are known."""
    common = tuple(load_list("mail_providers.txt"))
    return common, frozenset(common).union(load_list("mail_providers_other.txt"))


def _judge(address: str, junk: JunkLists) -> Email:
    local, _, domain = address.rpartition("@")
    if domain in junk.own_domains:
        return _OWN
    if _is_junk(local, domain, junk):
        return _PLACEHOLDER
    notes: list[str] = []
    meant, kind = meant_domain(domain), PERSONAL
    if meant:
        notes.append(Note.DOMAIN_TYPO)
    elif is_disposable(domain):
        kind = DISPOSABLE
        notes.append(Note.DISPOSABLE)
    if kind == PERSONAL and is_role(bare_local(local), junk):
        kind = ROLE
        notes.append(Note.ROLE)
    quality = Quality.SUSPECT if notes else Quality.VALID
    return Email(address, email_key(address), kind, f"{local}@{meant}" if meant else None, quality, joined(notes))


def is_role(bare: str, junk: JunkLists) -> bool:
    """Tell whether a local part without marks names a function: `contact`, `info2`, `service.client`."""
    return _NUMBER_BEHIND.sub("", bare.split("+", 1)[0]) in junk.email_roles


def _mended(email: Email) -> Email:
    if email.value is None:
        return email
    quality = Quality.REPAIRED if email.quality is Quality.VALID else email.quality
    return email._replace(quality=quality, notes=joined([Note.MENDED, *(email.notes or "").split()]))


def _is_junk(local: str, domain: str, junk: JunkLists) -> bool:
    bare = bare_local(local)
    if is_junk_local(bare, junk) or domain in junk.email_domains or f"{local}@{domain}" in junk.email_addresses:
        return True
    return len(bare) <= 2 and bare == domain.partition(".")[0]


def _is_placeholder(text: str, junk: JunkLists) -> bool:
    bare = re.sub(r"[^a-z0-9]", "", text)
    return bare in junk.email_locals or not bare or repeated(bare)


def _mend(text: str) -> str | None:
    """Undo what copying does to an address: mailto, brackets, spaces, doubled or final dots, a comma for a dot."""
    text = _AROUND_AT.sub("@", text.removeprefix("mailto:"))
    if text.count("@") == 1:
        text = _COMMA_FOR_DOT.sub(".", text)
    text = _DOT_SPACES.sub(".", text)
    found = _CANDIDATE.match(text) or _BRACKETED.search(text)
    if found is None:
        return None
    local, _, domain = found.group(1).partition("@")
    first_domain = _SECOND.split(domain)[0].replace(",", ".")
    return f"{_DOTS.sub('.', local).strip('.-')}@{_DOTS.sub('.', first_domain).strip('.,-/')}"


def _checked(text: str) -> str | None:
    """Give the address in ASCII when its syntax is right, else None."""
    if "@" not in text:
        return None
    if is_plain(text):
        return text
    try:
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except (EmailNotValidError, ValueError):
        return None
    return checked.ascii_email if checked.ascii_email and checked.ascii_email.islower() else None


def _unaccented(text: str) -> str | None:
    """Suggest the address without accents before the @, which hardly any provider gives out."""
    local, at, domain = text.rpartition("@")
    if not at or local.isascii() or not domain.isascii():
        return None
    plain = "".join(letter if letter.isascii() else fold(letter).lower() for letter in local)
    return f"{plain}@{domain}" if is_plain(f"{plain}@{domain}") else None
