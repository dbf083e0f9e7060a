"""The short way for ordinary addresses: read all at once, what `emails.standardise_email` gives one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rcu.cleaning.columns import TEXT, Arrow, Codes, Mask, Plain, mask_of, text_array
from rcu.cleaning.emails import GMAIL, LOCAL_LIMIT, PERSONAL, PLAIN, is_disposable, meant_domain
from rcu.cleaning.junk import JunkLists
from rcu.domain.records import Quality

_ONE_LETTER = "^(?:" + "|".join(f"{letter}+" for letter in "abcdefghijklmnopqrstuvwxyz0123456789") + ")$"


def plain_emails(values: Arrow, junk: JunkLists) -> Plain:
    """Tell which addresses are ordinary: plain syntax, a domain and a local part no rule looks for; read those."""
    lower = pc.utf8_lower(values)
    mask = mask_of(pc.match_substring_regex(lower, f"^{PLAIN}$")) & mask_of(pc.is_valid(values))
    # Arrow lowers some letters otherwise than Python does; none of them is ASCII
    mask &= mask_of(pc.string_is_ascii(values))
    places = np.flatnonzero(mask)
    address = lower.take(pa.array(places))
    parts = pc.split_pattern(address, "@").flatten() if len(address) else text_array([])
    local, domain = parts[0::2], parts[1::2]
    ordinary = _ordinary_local(local, junk) & _of_domains(domain, lambda one: _is_ordinary(one, junk))
    mask[places[~ordinary]] = False
    kept = pa.array(ordinary)
    address, local, domain = address.filter(kept), local.filter(kept), domain.filter(kept)
    key = _keys(local, domain)
    count = len(address)
    nothing = pa.nulls(count, TEXT)
    return Plain(
        mask,
        {
            "email": address,
            "email_key": key,
            "email_kind": pa.repeat(pa.scalar(PERSONAL, TEXT), count),
            "email_suggestion": nothing,
            "email_quality": pa.repeat(pa.scalar(Quality.VALID.value, TEXT), count),
            "email_notes": nothing,
        },
    )


def _ordinary_local(local: Arrow, junk: JunkLists) -> Mask:
    bare = pc.replace_substring_regex(local, r"[._-]", "")
    telling = pc.replace_substring_regex(pc.replace_substring_regex(bare, r"\+.*$", ""), r"[0-9]+$", "")
    lists = text_array(junk.email_locals | junk.email_roles)
    odd = mask_of(pc.is_in(bare, lists)) | mask_of(pc.is_in(telling, lists))
    odd |= mask_of(pc.match_substring_regex(bare, _ONE_LETTER))
    return ~odd & (_lengths(bare) > 2) & (_lengths(local) <= LOCAL_LIMIT)


def _lengths(texts: Arrow) -> Codes:
    return cast("Codes", pc.utf8_length(texts).to_numpy())


def _is_ordinary(domain: str, junk: JunkLists) -> bool:
    known = domain in junk.own_domains or domain in junk.email_domains or domain in _domains_of(junk)
    return not known and meant_domain(domain) is None and not is_disposable(domain)


def _domains_of(junk: JunkLists) -> frozenset[str]:
    return frozenset(address.rpartition("@")[2] for address in junk.email_addresses)


def _of_domains(domain: Arrow, test: Callable[[str], bool]) -> Mask:
    encoded = domain.dictionary_encode()
    answers = np.array([test(one) for one in encoded.dictionary.to_pylist()], dtype=bool)
    return answers[encoded.indices.to_numpy()]


def _keys(local: Arrow, domain: Arrow) -> Arrow:
    bare = pc.replace_substring_regex(local, r"\+.*$", "")
    gmail = pc.is_in(domain, text_array(GMAIL))
    at = pa.scalar("@", TEXT)
    google = pc.binary_join_element_wise(pc.replace_substring(bare, ".", ""), pa.scalar("gmail.com", TEXT), at)
    return pc.if_else(gmail, google, pc.binary_join_element_wise(bare, domain, at))
