"""What webhooks are told: made of the change feed, tried until it is taken, kept as a log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, insert, literal, select, update

from rcu.domain.webhooks import TEST_KIND, DeliveryState
from rcu.store.tables import changes, deliveries
from rcu.store.writing import upsert


@dataclass(frozen=True, slots=True)
class Delivery:
    """One telling of one change to one webhook.

    Attributes:
        delivery_id: its number.
        webhook_id: whom it is for.
        sequence: of the change; None of a test.
        customer_id: the customer that changed; None of a test.
        kind: of the change, or test.
        version: of the customer.
        now_customer_id: of a merge: the customer it is part of now.
        changed_at: the instant of the change.
        state: what became of it.
        attempts: how often it was tried since it was last set to wait.
        next_at: not tried before then.
        tried_at: the last attempt.
        last_status: what the receiver answered.
        last_error: the kind of error; None: it was taken, or is not tried yet.
        milliseconds: what the last attempt took.
    """

    delivery_id: int
    webhook_id: int
    sequence: int | None
    customer_id: str | None
    kind: str
    version: int | None
    now_customer_id: str | None
    changed_at: datetime
    state: DeliveryState
    attempts: int
    next_at: datetime
    tried_at: datetime | None
    last_status: int | None
    last_error: str | None
    milliseconds: int | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of an attempt; with `attempts` after it, and `next_at` where it is tried again."""

    delivery_id: int
    state: DeliveryState
    attempts: int
    next_at: datetime
    tried_at: datetime
    status: int | None
    error: str | None
    milliseconds: int


_COLUMNS: Final = tuple(deliveries.c[name] for name in Delivery.__dataclass_fields__)
_OF_CHANGE: Final = ("sequence", "customer_id", "kind", "version", "now_customer_id", "changed_at")
_WAITING: Final = deliveries.c.state == DeliveryState.WAITING.value
_OPEN: Final = deliveries.c.state != DeliveryState.DELIVERED.value


def _delivery(row: Sequence[Any]) -> Delivery:
    told: dict[str, Any] = dict(zip(Delivery.__dataclass_fields__, row, strict=True))
    told["state"] = DeliveryState(told["state"])
    return Delivery(**told)


def make(
    connection: Connection, webhook_id: int, *, after: int, until: int, kinds: Collection[str], now: datetime
) -> None:
    """Make a webhook's deliveries of the changes after a sequence until another; those there are wait once more."""
    again = {"state": DeliveryState.WAITING.value, "attempts": 0, "next_at": now}
    same = {"webhook_id": webhook_id, **again}
    chosen = [changes.c.sequence > after, changes.c.sequence <= until]
    if kinds:
        chosen.append(changes.c.kind.in_(sorted(kinds)))
    given = (literal(value, deliveries.c[name].type) for name, value in same.items())
    rows = select(*(changes.c[name] for name in _OF_CHANGE), *given).where(*chosen).order_by(changes.c.sequence)
    statement = upsert(connection, deliveries).from_select([*_OF_CHANGE, *same], rows)
    there = [deliveries.c.webhook_id, deliveries.c.sequence]
    connection.execute(statement.on_conflict_do_update(index_elements=there, set_=again))


def make_test(connection: Connection, webhook_id: int, now: datetime) -> Delivery:
    """Make a delivery that tells of no change."""
    values = {
        "webhook_id": webhook_id,
        "kind": TEST_KIND,
        "changed_at": now,
        "state": DeliveryState.WAITING.value,
        "attempts": 0,
        "next_at": now,
    }
    return _delivery(connection.execute(insert(deliveries).values(**values).returning(*_COLUMNS)).one())


def count_waiting(connection: Connection, webhook_id: int) -> int:
    """How many deliveries of a webhook wait."""
    mine = select(func.count()).select_from(deliveries).where(deliveries.c.webhook_id == webhook_id, _WAITING)
    return connection.execute(mine).scalar_one()


def waiting_counts(connection: Connection) -> dict[int, int]:
    """How many deliveries wait, by webhook."""
    counted = select(deliveries.c.webhook_id, func.count()).where(_WAITING).group_by(deliveries.c.webhook_id)
    return {row[0]: row[1] for row in connection.execute(counted)}


def due(
    connection: Connection, webhook_id: int, *, now: datetime, limit: int, under_way: Collection[int] = ()
) -> list[Delivery]:
    """Deliveries of a webhook to be tried now, but for those under way: of each customer the first that is open."""
    before = deliveries.alias("before")
    earlier = exists().where(
        before.c.webhook_id == deliveries.c.webhook_id,
        before.c.customer_id == deliveries.c.customer_id,
        before.c.state != DeliveryState.DELIVERED.value,
        before.c.sequence < deliveries.c.sequence,
    )
    mine = and_(deliveries.c.webhook_id == webhook_id, _WAITING, deliveries.c.next_at <= now, ~earlier)
    statement = select(*_COLUMNS).where(mine, deliveries.c.delivery_id.not_in(sorted(under_way)))
    rows = connection.execute(statement.order_by(deliveries.c.next_at, deliveries.c.delivery_id).limit(limit))
    return [_delivery(row) for row in rows]


def tried(connection: Connection, found: Sequence[Tried]) -> None:
    """Keep what came of some attempts, but of deliveries that were set to wait anew meanwhile."""
    for one in found:
        as_it_was = (deliveries.c.delivery_id == one.delivery_id, _WAITING, deliveries.c.attempts == one.attempts - 1)
        connection.execute(
            update(deliveries)
            .where(*as_it_was)
            .values(
                state=one.state.value,
                attempts=one.attempts,
                next_at=one.next_at,
                tried_at=one.tried_at,
                last_status=one.status,
                last_error=one.error,
                milliseconds=one.milliseconds,
            )
        )


def find(connection: Connection, webhook_id: int, delivery_id: int) -> Delivery | None:
    """A delivery of a webhook by its number."""
    mine = deliveries.c.webhook_id == webhook_id, deliveries.c.delivery_id == delivery_id
    row = connection.execute(select(*_COLUMNS).where(*mine)).one_or_none()
    return None if row is None else _delivery(row)


def log(
    connection: Connection, webhook_id: int, *, state: DeliveryState | None, before: int | None, limit: int
) -> list[Delivery]:
    """Deliveries of a webhook, the newest first; those made before one."""
    chosen: list[ColumnElement[bool]] = [deliveries.c.webhook_id == webhook_id]
    if state is not None:
        chosen.append(deliveries.c.state == state.value)
    if before is not None:
        chosen.append(deliveries.c.delivery_id < before)
    rows = connection.execute(select(*_COLUMNS).where(*chosen).order_by(deliveries.c.delivery_id.desc()).limit(limit))
    return [_delivery(row) for row in rows]


def wait_again(connection: Connection, webhook_id: int, now: datetime, *, delivery_id: int | None = None) -> None:
    """Have one delivery of a webhook tried anew; or all that wait or were given up."""
    chosen = _OPEN if delivery_id is None else deliveries.c.delivery_id == delivery_id
    values = {"state": DeliveryState.WAITING.value, "attempts": 0, "next_at": now}
    connection.execute(update(deliveries).where(deliveries.c.webhook_id == webhook_id, chosen).values(**values))


def drop_open(connection: Connection, webhook_id: int, *, after: int | None = None) -> None:
    """Take away deliveries of a webhook that were not taken: of changes after one, or all."""
    chosen = [deliveries.c.webhook_id == webhook_id, _OPEN, deliveries.c.sequence.is_not(None)]
    if after is not None:
        chosen.append(deliveries.c.sequence > after)
    connection.execute(delete(deliveries).where(*chosen))


def forget(connection: Connection, before: datetime) -> None:
    """Forget what was delivered before an instant."""
    done = deliveries.c.state == DeliveryState.DELIVERED.value
    connection.execute(delete(deliveries).where(done, deliveries.c.tried_at < before))
