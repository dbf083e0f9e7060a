"""What the first record would have to wait for, done before it comes: tables read, statements prepared."""

from __future__ import annotations

import gc
from contextlib import suppress

from rcu.domain.records import RecordKey
from rcu.services.arrivals import Given
from rcu.services.upserting import RealTime
from rcu.store import sources as source_rows

_MADE_UP = {
    "civility": "Mme",
    "first_name": "Marie",
    "last_name": "DURAND",
    "birth_date": "12/03/1980",
    "email": "marie.durand@mail.example.fr",
    "phone": "06 39 98 12 34",
    "address_line": "12 RUE DES LILAS",
    "postcode": "69003",
    "city": "LYON",
    "loyalty_number": "L0",
}
"""Nobody: the phone and the mailbox are of ranges that are given to none."""
_OTHER_TOWNS = ({"city": "LION", "postcode": "69003"}, {"city": "VILEURBANE"}, {"city": "VILLE NOUVELLE DU LAC"})
"""To read towns that are written otherwise takes tables that are made when they are first needed."""
_KEYS = ("rcu serve is starting: 1", "rcu serve is starting: 2")


def warm_up(real_time: RealTime) -> None:
    """Clean a record that is made up, and take it twice in a dry run where a source is connected.

    What the database has against it is left to the first record to tell: it may not be migrated, or be at a run.
    """
    for town in ({}, *_OTHER_TOWNS):
        real_time.clean(Given(RecordKey("rcu", _KEYS[0]), _MADE_UP | town))
    with suppress(Exception):
        with real_time.store.read() as connection:
            connected = source_rows.all_sources(connection)
        given = [Given(RecordKey(source.name, key), _MADE_UP) for source in connected[:1] for key in _KEYS]
        if given:
            real_time.upsert(given, dry_run=True)


def settle_memory() -> None:
    """Let the garbage collector pass over what is there now, which stays: looking through it would stop requests."""
    gc.collect()
    gc.freeze()
