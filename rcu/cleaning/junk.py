"""Values that are nobody's: the lists shipped with the package, and what a retailer adds to them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from rcu.cleaning.text import fold, read_list

OWN_DOMAINS: Final = "own_domains.txt"
SHOP_NAMES: Final = "shop_names.txt"


@dataclass(frozen=True, slots=True)
class JunkLists:
    """Values typed in place of a customer's, each list as it is compared.

    `names`: folded (upper case, no accents), the retailer's shops among them; `phones`: ten digits as dialled in
    France; `email_addresses`, `email_locals` (what stands before the @, dots, hyphens and underscores left out) and
    `email_domains`: lower case; `email_roles`: locals of functions, not of people; `own_domains`: the retailer's own.
    """

    names: frozenset[str]
    phones: frozenset[str]
    email_addresses: frozenset[str]
    email_locals: frozenset[str]
    email_domains: frozenset[str]
    email_roles: frozenset[str]
    own_domains: frozenset[str] = frozenset()


_FILES: Final = {
    "names": "junk_names.txt",
    "phones": "junk_phones.txt",
    "email_addresses": "junk_emails.txt",
    "email_locals": "junk_email_locals.txt",
    "email_domains": "junk_email_domains.txt",
    "email_roles": "email_roles.txt",
}


@cache
def shipped_lists() -> JunkLists:
    """Give the lists shipped with the package."""
    return _read(files("rcu.cleaning") / "data")


def extended_lists(
    folder: Path | None = None, *, own_domains: tuple[str, ...] = (), shop_names: tuple[str, ...] = ()
) -> JunkLists:
    """Give the shipped lists with what a retailer adds: names said in settings, and files of a folder.

    The folder may hold any of `junk_names.txt`, `junk_phones.txt`, `junk_emails.txt`, `junk_email_locals.txt`,
    `junk_email_domains.txt`, `email_roles.txt`, `shop_names.txt` and `own_domains.txt`: UTF-8, an entry a line, `#`
    starts a comment.

    Raises:
        OSError: when the folder cannot be read.
        UnicodeDecodeError: when a file is not UTF-8.
    """
    shipped, added = shipped_lists(), _read(folder) if folder else _EMPTY
    domains = {*own_domains, *(_entries(folder / OWN_DOMAINS) if folder else ())}
    shops = {*shop_names, *(_entries(folder / SHOP_NAMES) if folder else ())}
    lists = {one.name: getattr(shipped, one.name) | getattr(added, one.name) for one in fields(JunkLists)}
    lists["own_domains"] = frozenset(domain.strip().lower().removeprefix("@") for domain in domains)
    lists["names"] |= {fold(name) for name in shops}
    return JunkLists(**lists)


def _read(folder: Traversable) -> JunkLists:
    lists = {field: _entries(folder / name) for field, name in _FILES.items()}
    return JunkLists(
        names=frozenset(fold(name) for name in lists["names"]),
        phones=frozenset("".join(filter(str.isdigit, number)) for number in lists["phones"]),
        **{field: frozenset(map(str.lower, lists[field])) for field in list(_FILES)[2:]},
    )


def _entries(path: Traversable) -> list[str]:
    return read_list(path) if path.is_file() else []


_EMPTY: Final = JunkLists(*(frozenset() for _ in range(len(_FILES))))
