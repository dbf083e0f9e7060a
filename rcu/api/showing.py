"""How profiles and what lookups found go over the wire: cut to the scopes, with a tag, or as one of several."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson
from fastapi import Response

from rcu.api.deps import READING
from rcu.services import lookups, reading
from rcu.services.fields import Fields
from rcu.store.customers import StoredProfile
from rcu.store.keys import ApiKey


def etag_of(profile: StoredProfile, scopes: frozenset[str], fields: Fields | None = None) -> str:
    """The stored digest, and, where scopes hide a part or fields were chosen, which: other bytes, another tag."""
    if fields is None and scopes >= READING:
        return f'"{profile.digest}"'
    seen = hashlib.blake2b(" ".join(sorted(scopes & READING)).encode(), digest_size=4).hexdigest()
    return f'"{profile.digest}-{seen}"' if fields is None else f'"{profile.digest}-{seen}-{fields.tag}"'


def profile_answer(
    profile: StoredProfile, key: ApiKey, if_none_match: str | None, fields: Fields | None = None
) -> Response:
    """A profile as far as a key may see it, with its tag; 304 where the caller knows it."""
    etag = etag_of(profile, key.scopes, fields)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    known = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    shown = reading.visible(profile.profile, key.scopes)
    return Response(shown if fields is None else fields.of(shown), media_type="application/json", headers=headers)


def given_out(answers: Sequence[lookups.Answer]) -> tuple[set[str], set[str]]:
    """The customers that answers show, and those of which they tell the id alone."""
    shown = {one.customer_id for answer in answers if answer.status == "found" for one in answer.profiles}
    told = {one.customer_id for answer in answers for one in answer.profiles}
    return shown, told - shown


def _result(answer: lookups.Answer, key: ApiKey) -> bytes:
    if answer.status == "found":
        return b'{"status":"found","customer":' + reading.visible(answer.profiles[0].profile, key.scopes) + b"}"
    told: dict[str, object] = {"status": answer.status}
    if answer.status == "ambiguous":
        told["customer_ids"] = [profile.customer_id for profile in answer.profiles]
    return orjson.dumps(told)


def lookup_answer(answers: Sequence[lookups.Answer], key: ApiKey) -> Response:
    """What was found, in the order of the request."""
    content = b'{"results":[' + b",".join([_result(answer, key) for answer in answers]) + b"]}"
    return Response(content, media_type="application/json", headers={"Cache-Control": "private, no-store"})
