"""What was decided, as somebody reads it: by whom, why, about which records, and whether it still counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rcu.domain.decisions import Decision, DecisionKind, Pair, State, states
from rcu.domain.records import CUSTOMER_ID, RecordKey
from rcu.errors import InputError, NotFound
from rcu.golden.record import SHOWN_OF_GROUP
from rcu.store import decisions as rows
from rcu.store.decisions import Subject
from rcu.store.engine import Store, Transaction

_AT_ONCE: Final = 1_000
_NEWEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class DecisionTold:
    """A decision; records by key.

    `changed` are records that say something else than when it was taken; `fields` the columns that it fills or
    empties, by name: their values are in the customer's profile.
    """

    decision_id: int
    kind: DecisionKind
    state: State
    actor: str
    reason: str
    decided_at: datetime
    about: int | None
    records: tuple[str, ...]
    together: tuple[tuple[str, str], ...]
    apart: tuple[tuple[str, str], ...]
    changed: tuple[str, ...]
    fields: tuple[str, ...]


def decisions(store: Store, about: str | None = None) -> list[DecisionTold]:
    """All decisions, the newest first; or those about one record, or about any record of one customer.

    Raises:
        NotFound: no record or customer is called so.
        InputError: it is neither a record's key nor a customer id.
    """
    return [one for some in decision_pages(store, about) for one in some]


def decision_pages(store: Store, about: str | None = None) -> Iterator[Sequence[DecisionTold]]:
    """The same, a thousand at a time; who or what there is not is told before the first."""
    first = decisions_page(store, about, limit=_AT_ONCE)

    def pages() -> Iterator[Sequence[DecisionTold]]:
        found, older = first
        yield found
        while older is not None:
            found, older = decisions_page(store, about, before=older, limit=_AT_ONCE)
            yield found

    return pages()


def decisions_page(
    store: Store, about: str | None = None, *, before: int = _NEWEST, limit: int
) -> tuple[list[DecisionTold], int | None]:
    """Decisions below a number, the newest first, and the number older ones are below (None at the end).

    Whether they count follows from what was decided about them, which is read with them, and from nothing else.

    Raises:
        NotFound, InputError: as `decisions`.
    """
    with store.read() as connection:
        mine = None if about is None else [one.record_id for one in _records_of(connection, about)]
        numbers = rows.page(connection, record_ids=mine, before=before, limit=limit + 1)
        further, numbers = numbers[limit:], numbers[:limit]
        every = rows.decisions_about(connection, numbers=numbers)
        state = states(every)
        shown = sorted((one for one in every if one.decision_id in set(numbers)), key=lambda one: -one.decision_id)
        known = rows.subjects_by_id(connection, {at for one in shown for at in one.records})
    by_number = {one.record_id: one for one in known}
    told = [_told(one, state[one.decision_id], by_number) for one in shown]
    return told, numbers[-1] if further else None


def _records_of(connection: Transaction, about: str) -> list[Subject]:
    name = about.lower()
    if CUSTOMER_ID.fullmatch(name):
        found = rows.subjects_born_as(connection, [name])
    else:
        try:
            found = rows.subjects_by_key(connection, [RecordKey.parse(about)])
        except ValueError as error:
            raise InputError(str(error)) from None
    if not found:
        raise NotFound("record or customer", about)
    cluster = found[0].cluster_id
    if cluster is None or not CUSTOMER_ID.fullmatch(name):
        return found
    return rows.subjects_of_clusters(connection, [cluster])


def _told(one: Decision, state: State, known: dict[int, Subject]) -> DecisionTold:
    def named(links: tuple[Pair, ...]) -> tuple[tuple[str, str], ...]:
        return tuple((str(known[left].key), str(known[right].key)) for left, right in links)

    changed = [known[at] for at, content in one.records.items() if known[at].content_hash != content]
    return DecisionTold(
        decision_id=one.decision_id,
        kind=one.kind,
        state=state,
        actor=one.actor,
        reason=one.reason,
        decided_at=one.decided_at,
        about=one.about,
        records=tuple(str(known[at].key) for at in sorted(one.records)),
        together=named(one.together),
        apart=named(one.apart),
        changed=tuple(str(subject.key) for subject in changed),
        fields=tuple(_fields(one)),
    )


def _fields(one: Decision) -> Iterator[str]:
    """What an override sets: the fields that have a value, and the groups that it empties."""
    for group, values in sorted(one.sets.items()):
        filled = [name for name in SHOWN_OF_GROUP[group] if values.get(name) is not None]
        yield from filled or [group]
