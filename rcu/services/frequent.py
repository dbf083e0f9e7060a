"""What is asked for all day: profiles by id and lookups, each by a key, many at a time.

What takes a closer look, as a hash does, is not answered here: see `reading` and `lookups`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from rcu.cleaning import CleaningSettings
from rcu.services.lookups import MOST_CANDIDATES, Answer, Asked, answer_of, key_of
from rcu.services.together import Together
from rcu.store.carriers import LOOKUP_COLUMNS, carried, carriers_of
from rcu.store.customers import StoredProfile, by_present_ids
from rcu.store.engine import Store

_ID: Final = "id"
_TYPES: Final = frozenset({"email", "phone", "loyalty_number"})


class FrequentReads:
    """Answers such questions; settle it on the event loop that asks nearly always, and close it at the end."""

    def __init__(self, store: Store, settings: CleaningSettings) -> None:
        queries = {identifier: carried(identifier, MOST_CANDIDATES) for identifier in LOOKUP_COLUMNS}
        self._together = Together("reads", store, {_ID: by_present_ids, **queries})
        self._settings = settings
        self.settle, self.close = self._together.settle, self._together.close

    async def profile(self, customer_id: str) -> StoredProfile | None:
        """The customer that has an id now."""
        rows = await self._together.ask(_ID, customer_id)
        return StoredProfile(*rows[0]) if rows else None

    async def lookup(self, asked: Sequence[Asked]) -> list[Answer] | None:
        """What `lookups.lookup` gives for some identifiers; None where one of them takes a closer look."""
        if any(one.type not in _TYPES for one in asked):
            return None
        keys = [key_of(one, self._settings) for one in asked]
        coming = [self._together.ask(*key) for key in keys if key is not None]
        if len(coming) > 1:
            await asyncio.gather(*coming)
        told = iter(coming)
        answers: list[Answer] = []
        for key in keys:
            found = [] if key is None else carriers_of(await next(told))
            if found is None:
                return None
            answers.append(Answer("invalid") if key is None else answer_of(found))
        return answers
