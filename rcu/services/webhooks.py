"""Webhooks: who is told of changes; made, changed, taken out of use, and told again."""

from __future__ import annotations

import secrets as chance
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from rcu.domain.changes import ChangeKind
from rcu.domain.webhooks import DeliveryState, WebhookState
from rcu.errors import Conflict, InputError, NotFound
from rcu.sending.addresses import check_url
from rcu.sending.signatures import shown_secret
from rcu.services.cursors import read_cursor, write_cursor
from rcu.services.following import ChangesGone
from rcu.store import deliveries as delivery_rows
from rcu.store import feed
from rcu.store import webhooks as rows
from rcu.store.deliveries import Delivery
from rcu.store.engine import Store, Transaction
from rcu.store.webhooks import Webhook

_SECRET_BYTES: Final = 32
_OVERLAP: Final = timedelta(hours=24)
_MOST: Final = 100
_CURSOR: Final = "d1"


@dataclass(frozen=True, slots=True)
class WebhookShown:
    """A webhook, and how many deliveries wait for it."""

    webhook: Webhook
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """What is to become of a webhook; None leaves it as it is, and no kinds are all."""

    url: str | None = None
    kinds: frozenset[str] | None = None
    description: str | None = None


class Webhooks:
    """The webhooks of a store. Each call is one transaction."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime], private: bool = False) -> None:
        """`private` permits addresses within one's own net, and without TLS."""
        self._store, self._clock, self._private = store, clock, private

    def create(
        self, url: str, *, kinds: Iterable[str] = (), description: str | None = None, after: int | None = None
    ) -> tuple[WebhookShown, str]:
        """Make a webhook, and give its secret, which is shown only now.

        Args:
            url: where it is.
            kinds: the kinds of changes it is told of; none is: all.
            description: what somebody says of it.
            after: it is told of what comes after this change; by default of what comes from now on.

        Raises:
            InputError: the address, a kind or `after` cannot be used.
            ChangesGone: changes after that one are not kept any more.
            Conflict: there are too many.
        """
        check_url(url, private=self._private)
        secret = chance.token_bytes(_SECRET_BYTES)
        values = {"url": url, "kinds": _known(kinds), "description": description, "secret": secret}
        with self._store.begin() as connection:
            if len(rows.every(connection)) >= _MOST:
                raise Conflict(f"there are {_MOST} webhooks", hint="delete one that is not needed any more")
            begin = {"last_sequence": _checked(connection, after), "state": WebhookState.ENABLED}
            made = rows.add(connection, {**values, **begin, "created_at": self._clock()})
            return _shown(connection, made), shown_secret(secret)

    def every(self) -> list[WebhookShown]:
        """All webhooks, the oldest first."""
        with self._store.read() as connection:
            waiting = delivery_rows.waiting_counts(connection)
            return [WebhookShown(one, waiting.get(one.webhook_id, 0)) for one in rows.every(connection)]

    def get(self, webhook_id: int) -> WebhookShown:
        """One webhook.

        Raises:
            NotFound: there is none of that number.
        """
        with self._store.read() as connection:
            return _shown(connection, webhook_id)

    def update(self, webhook_id: int, change: WebhookChange) -> WebhookShown:
        """Change where a webhook is or what it is told of; what waits for it goes to the new address.

        Raises:
            NotFound: there is none of that number.
            InputError: the address or a kind cannot be used.
        """
        if change.url is not None:
            check_url(change.url, private=self._private)
        told = {"url": change.url, "description": change.description}
        values: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
        if change.kinds is not None:
            values["kinds"] = _known(change.kinds)
        with self._store.begin() as connection:
            return _changed(connection, webhook_id, values)

    def delete(self, webhook_id: int) -> None:
        """Take a webhook away, with its log.

        Raises:
            NotFound: there is none of that number.
        """
        with self._store.begin() as connection:
            rows.change(connection, webhook_id, {})
            if not rows.remove(connection, webhook_id):
                raise NotFound("webhook", str(webhook_id))

    def enable(self, webhook_id: int, *, after: int | None = None) -> WebhookShown:
        """Take a webhook into use: it goes on where it was, and what was given up is tried anew; or after a change.

        Raises:
            NotFound: there is none of that number.
            ChangesGone: the changes to go on with are not kept any more.
            InputError: `after` is not there yet.
        """
        values = {"state": WebhookState.ENABLED.value, "disabled_at": None, "disabled_why": None}
        with self._store.begin() as connection:
            shown = _changed(connection, webhook_id, values)
            begin = _checked(connection, shown.webhook.last_sequence if after is None else after)
            if after is None:
                delivery_rows.wait_again(connection, webhook_id, self._clock())
            else:
                delivery_rows.drop_open(connection, webhook_id)
            return _changed(connection, webhook_id, {"last_sequence": begin})

    def disable(self, webhook_id: int, why: str) -> WebhookShown:
        """Take a webhook out of use; what waits for it goes on waiting.

        Raises:
            NotFound: there is none of that number.
        """
        with self._store.begin() as connection:
            return _changed(connection, webhook_id, disabled(why, self._clock()))

    def rotate(self, webhook_id: int) -> tuple[WebhookShown, str]:
        """Give a webhook a new secret, which is shown only now; for a day the former one signs as well.

        Raises:
            NotFound: there is none of that number.
        """
        secret = chance.token_bytes(_SECRET_BYTES)
        with self._store.begin() as connection:
            before = _changed(connection, webhook_id, {}).webhook
            values = {"former_secret": before.secret, "former_until": self._clock() + _OVERLAP, "secret": secret}
            return _changed(connection, webhook_id, values), shown_secret(secret)

    def deliveries(
        self, webhook_id: int, *, state: DeliveryState | None = None, cursor: str | None = None, limit: int = 50
    ) -> tuple[list[Delivery], str | None]:
        """The log of a webhook, the newest first, and the cursor of older ones.

        Raises:
            NotFound: there is no webhook of that number.
            InvalidCursor: when the cursor is not one this service gave out.
        """
        before = None if cursor is None else read_cursor(_CURSOR, cursor)
        with self._store.read() as connection:
            _shown(connection, webhook_id)
            found = delivery_rows.log(connection, webhook_id, state=state, before=before, limit=limit + 1)
        shown = found[:limit]
        return shown, write_cursor(_CURSOR, shown[-1].delivery_id) if len(found) > limit else None

    def replay(self, webhook_id: int, *, sequence: int) -> WebhookShown:
        """Tell a webhook again of all changes from one on.

        Raises:
            NotFound: there is no webhook of that number.
            ChangesGone: changes from that one on are not kept any more.
            InputError: the change is not there yet.
        """
        with self._store.begin() as connection:
            shown = _changed(connection, webhook_id, {})
            after = _checked(connection, sequence - 1)
            delivery_rows.drop_open(connection, webhook_id, after=after)
            return _changed(connection, webhook_id, {"last_sequence": min(after, shown.webhook.last_sequence)})

    def replay_one(self, webhook_id: int, delivery_id: int) -> Delivery:
        """Have one delivery made again.

        Raises:
            NotFound: there is no such webhook, or it has no such delivery.
        """
        with self._store.begin() as connection:
            _changed(connection, webhook_id, {})
            delivery_rows.wait_again(connection, webhook_id, self._clock(), delivery_id=delivery_id)
            found = delivery_rows.find(connection, webhook_id, delivery_id)
        if found is None:
            raise NotFound("delivery", str(delivery_id))
        return found

    def test(self, webhook_id: int) -> Delivery:
        """Have a test sent, which tells of no customer; it is tried once.

        Raises:
            NotFound: there is no webhook of that number.
            Conflict: it is disabled.
        """
        with self._store.begin() as connection:
            if _changed(connection, webhook_id, {}).webhook.state is WebhookState.DISABLED:
                raise Conflict("the webhook is disabled", hint="enable it first")
            return delivery_rows.make_test(connection, webhook_id, self._clock())


def disabled(why: str, now: datetime) -> dict[str, Any]:
    """A webhook out of use."""
    return {"state": WebhookState.DISABLED.value, "disabled_at": now, "disabled_why": why}


def _shown(connection: Transaction, webhook_id: int) -> WebhookShown:
    found = rows.find(connection, webhook_id)
    if found is None:
        raise NotFound("webhook", str(webhook_id))
    return WebhookShown(found, delivery_rows.count_waiting(connection, webhook_id))


def _changed(connection: Transaction, webhook_id: int, values: dict[str, Any]) -> WebhookShown:
    if not rows.change(connection, webhook_id, values):
        raise NotFound("webhook", str(webhook_id))
    return _shown(connection, webhook_id)


def _known(kinds: Iterable[str]) -> frozenset[str]:
    chosen, known = frozenset(kinds), frozenset(ChangeKind)
    if chosen - known:
        msg = f"no such kind of change: {', '.join(sorted(chosen - known))}"
        raise InputError(msg, hint=f"kinds are {', '.join(ChangeKind)}")
    return chosen


def _checked(connection: Transaction, after: int | None) -> int:
    """Where to begin: after a change that is there, and all after which are kept; by default after the newest."""
    oldest, newest = feed.bounds(connection)
    if after is None:
        return newest
    if not 0 <= after <= newest:
        raise InputError(f"there is no change {after} yet", hint=f"the newest is {newest}")
    if after + 1 < oldest:
        raise ChangesGone(oldest, newest)
    return after
