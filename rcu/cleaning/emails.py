"""Emails: the address one writes to and the key one matches on."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from email_validator import EmailNotValidError, validate_email

from rcu.cleaning.settings import CleaningSettings
from rcu.cleaning.text import clean, load_lines, repeated
from rcu.domain.records import Quality

_PLAIN = re.compile(
    r"[a-z0-9_](?:[a-z0-9_+-]|\.(?!\.)){0,62}(?<!\.)@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}[a-z]{2,18}"
)
_CANDIDATE = re.compile(r"[<\"'(\[\s,;:]*([^\s<>;,|\"()\[\]]+@[^\s<>;|\"()\[\]]+)")
_BRACKETED = re.compile(r"[<(\[:]\s*([^\s<>;,|\"()\[\]]+@[^\s<>;|\"()\[\]]+)")
_AROUND_AT = re.compile(r"\s*(?:@|\[at\]|\(at\))\s*")
_DOT_SPACES = re.compile(r"\s*\.\s*(?=\S)")
_DOTS = re.compile(r"\.{2,}")
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})

_JUNK_ADDRESSES = load_lines("junk_emails.txt")
_JUNK_LOCALS = load_lines("junk_email_locals.txt")
_JUNK_DOMAINS = load_lines("junk_email_domains.txt")
_TYPO_DOMAINS = load_lines("email_domain_typos.txt")


class Email(NamedTuple):
    """A mail address, its key and its quality."""

    value: str | None
    key: str | None
    quality: str


_MISSING: Final = Email(None, None, Quality.MISSING)
_SUSPECT: Final = Email(None, None, Quality.SUSPECT)
_JUNK: Final = Email(None, None, Quality.JUNK)


def standardise_email(raw: str | None, settings: CleaningSettings) -> Email:
    """Standardise one address: lower case, checked syntax, harmless damage mended, placeholders dropped.

    A misspelt domain (`gamil.com`) is suspect and kept as it was written: it is never corrected in silence.
    """
    if raw is None:
        return _MISSING
    address = raw.lower()
    if _PLAIN.fullmatch(address):
        return _judge(address, Quality.VALID, settings)
    text = clean(address)
    if text is None:
        return _MISSING
    address = text.lower()
    if _syntax_ok(address):
        return _judge(address, Quality.VALID, settings)
    mended = _mend(address)
    if mended is not None and _syntax_ok(mended):
        return _judge(mended, Quality.REPAIRED, settings)
    return _JUNK if _is_placeholder(address) else _SUSPECT


def email_key(address: str) -> str:
    """Give the key two spellings of one mailbox share: no +tag, and for Gmail no dots and one domain."""
    local, _, domain = address.rpartition("@")
    bare = local.split("+", 1)[0] or local
    if domain in _GMAIL:
        return f"{bare.replace('.', '') or bare}@gmail.com"
    return f"{bare}@{domain}"


def _judge(address: str, quality: Quality, settings: CleaningSettings) -> Email:
    local, _, domain = address.rpartition("@")
    if _is_junk(local, domain) or domain in settings.own_domains:
        return _JUNK
    if domain in _TYPO_DOMAINS:
        quality = Quality.SUSPECT
    return Email(address, email_key(address), quality)


def _is_junk(local: str, domain: str) -> bool:
    bare = local.replace(".", "").replace("-", "").replace("_", "")
    if bare in _JUNK_LOCALS or domain in _JUNK_DOMAINS or f"{local}@{domain}" in _JUNK_ADDRESSES:
        return True
    if len(bare) > 2 and bare.count(bare[0]) == len(bare):
        return True
    return len(bare) <= 2 and bare == domain.partition(".")[0]


def _is_placeholder(text: str) -> bool:
    bare = re.sub(r"[^a-z]", "", text)
    return bare in _JUNK_LOCALS or not bare or repeated(bare)


def _mend(text: str) -> str | None:
    """Undo what copying does to an address: mailto, brackets, spaces, doubled or final dots, a comma for a dot."""
    text = _AROUND_AT.sub("@", text.removeprefix("mailto:"))
    text = _DOT_SPACES.sub(".", text)
    found = _CANDIDATE.match(text) or _BRACKETED.search(text)
    if found is None:
        return None
    local, _, domain = found.group(1).partition("@")
    first_domain = re.split(r"[,/](?=.*@)", domain)[0].replace(",", ".")
    return f"{_DOTS.sub('.', local).strip('.-')}@{_DOTS.sub('.', first_domain).strip('.,-/')}"


def _syntax_ok(address: str) -> bool:
    if not address.isascii() or "@" not in address:
        return False
    if _PLAIN.fullmatch(address):
        return True
    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except (EmailNotValidError, ValueError):
        return False
    return checked.normalized == address
