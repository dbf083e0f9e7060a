"""Delivering: the change feed is told to webhooks, each change until it is taken, in the order of each customer.

The feed is the outbox: deliveries are made of what stands in it, so nothing is told that was rolled back, and nothing
that was published is left out. One process delivers at a time.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from rcu.domain.webhooks import TEST_KIND, DeliveryState, WebhookState, retry_after
from rcu.errors import Conflict
from rcu.sending.posting import Outcome, Posting
from rcu.sending.signatures import signed
from rcu.services.webhooks import disabled
from rcu.store import deliveries as delivery_rows
from rcu.store import feed
from rcu.store import webhooks as rows
from rcu.store.deliveries import Delivery, Tried
from rcu.store.engine import Store
from rcu.store.webhooks import Webhook

Post = Callable[[str, Mapping[str, str], bytes], Awaitable[Outcome]]

_AT_ONCE: Final = 16
"""So many are under way to each webhook: one that hangs keeps no other waiting."""
_MADE_AT_ONCE: Final = 5_000
_MOST_WAITING: Final = 10_000
"""Where more wait for a webhook, no more are made for it: the feed keeps them."""
_IDLE_SECONDS: Final = 0.5
_STAND_BY_SECONDS: Final = 5.0
_log: Final = logging.getLogger("rcu.deliver")


@dataclass(frozen=True, slots=True)
class Sending:
    """A delivery, and whom it is for."""

    webhook: Webhook
    delivery: Delivery


class Delivering:
    """Makes deliveries of the feed, sends them, and keeps what came of it."""

    def __init__(
        self, store: Store, post: Post, *, clock: Callable[[], datetime], chance: Callable[[], float] = random.random
    ) -> None:
        """`post` makes one attempt; `chance` gives numbers from 0 to 1."""
        self._store, self._post, self._clock, self._chance = store, post, clock, chance
        self._next: list[Sending] = []
        self._under_way: dict[asyncio.Task[Outcome], Sending] = {}
        self.counts: Counter[DeliveryState] = Counter()
        """What came of the attempts so far; those that are to be made again are waiting."""

    async def once(self) -> None:
        """Deliver until nothing is due any more; what failed is due later."""
        while await asyncio.to_thread(self._more) or self._under_way:
            await self._some()

    async def until(self, stop: asyncio.Event, held: Callable[[], None]) -> None:
        """Deliver until told to stop, and end what is under way; `held` raises an error where the lock is lost."""
        try:
            while not stop.is_set():
                await asyncio.to_thread(held)
                if await asyncio.to_thread(self._more) or self._under_way:
                    await self._some(timeout=_IDLE_SECONDS)
                else:
                    await _waited(stop, _IDLE_SECONDS)
        finally:
            while self._under_way:
                await self._some()

    def _more(self) -> bool:
        """Make deliveries of the feed; whether there was anything to make, or is anything to send."""
        with self._store.read() as connection:
            oldest, newest = feed.bounds(connection)
            webhooks = rows.every(connection, WebhookState.ENABLED)
        made = [self._make(one, oldest, newest) for one in webhooks]
        self._next = [sending for one in webhooks for sending in self._due(one)]
        return any(made) or bool(self._next)

    def _make(self, webhook: Webhook, oldest: int, newest: int) -> bool:
        """Make deliveries of the next changes; only so many wait for a webhook."""
        if webhook.last_sequence >= newest:
            return False
        if webhook.last_sequence + 1 < oldest:
            self._disable({webhook.webhook_id: "changes it was not told of are not kept any more"})
            return False
        until = min(newest, webhook.last_sequence + _MADE_AT_ONCE)
        with self._store.begin() as connection:
            if delivery_rows.count_waiting(connection, webhook.webhook_id) >= _MOST_WAITING:
                return False
            if rows.advance(connection, webhook, until):
                delivery_rows.make(
                    connection,
                    webhook.webhook_id,
                    after=webhook.last_sequence,
                    until=until,
                    kinds=webhook.kinds,
                    now=self._clock(),
                )
        return True

    def _due(self, webhook: Webhook) -> list[Sending]:
        number = webhook.webhook_id
        mine = [one.delivery.delivery_id for one in self._under_way.values() if one.webhook.webhook_id == number]
        if len(mine) >= _AT_ONCE:
            return []
        with self._store.read() as connection:
            found = delivery_rows.due(
                connection, webhook.webhook_id, now=self._clock(), limit=_AT_ONCE - len(mine), under_way=mine
            )
        return [Sending(webhook, one) for one in found]

    async def _some(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # it is that of `wait`
        """Send what is next, and keep what came of all that has ended by then."""
        for one in self._next:
            self._under_way[asyncio.create_task(self._send(one))] = one
        self._next = []
        if not self._under_way:
            return
        done, _ = await asyncio.wait(self._under_way, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if done:
            await asyncio.to_thread(self._keep, [(self._under_way[task], task.result()) for task in done])
        for task in done:
            del self._under_way[task]

    async def _send(self, one: Sending) -> Outcome:
        now = self._clock()
        secrets = [one.webhook.secret]
        if one.webhook.former_secret and one.webhook.former_until and now < one.webhook.former_until:
            secrets.append(one.webhook.former_secret)
        body = payload(one.delivery)
        headers = signed(secrets, message_id(one.webhook, one.delivery), now, body)
        return await self._post(one.webhook.url, headers | {"content-type": "application/json"}, body)

    def _keep(self, found: list[tuple[Sending, Outcome]]) -> None:
        tried = [self._tried(sending, outcome) for sending, outcome in found]
        self._disable(
            {
                sending.webhook.webhook_id: "its receiver answers that it is gone (410)"
                if outcome.gone
                else f"delivery {one.delivery_id} was given up after {one.attempts} attempts ({one.error})"
                for (sending, outcome), one in zip(found, tried, strict=True)
                if one.state is DeliveryState.DEAD and sending.delivery.kind != TEST_KIND
            }
        )
        with self._store.begin() as connection:
            delivery_rows.tried(connection, tried)
        self.counts.update(one.state for one in tried)

    def _tried(self, sending: Sending, outcome: Outcome) -> Tried:
        now, attempts = self._clock(), sending.delivery.attempts + 1
        state, next_at = DeliveryState.DELIVERED, now
        if outcome.error is not None:
            wait = retry_after(attempts, chance=self._chance(), asked=outcome.retry_after)
            ends = wait is None or outcome.gone or sending.delivery.kind == TEST_KIND
            state = DeliveryState.DEAD if ends else DeliveryState.WAITING
            next_at = now if wait is None else now + wait
        return Tried(
            sending.delivery.delivery_id,
            state,
            attempts,
            next_at,
            tried_at=now,
            status=outcome.status,
            error=outcome.error,
            milliseconds=round(outcome.seconds * 1000),
        )

    def _disable(self, whys: Mapping[int, str]) -> None:
        if not whys:
            return
        with self._store.begin() as connection:
            for webhook_id, why in whys.items():
                rows.change(connection, webhook_id, disabled(why, self._clock()))
        for webhook_id, why in whys.items():
            _log.warning("webhook %d is disabled: %s", webhook_id, why)


def payload(delivery: Delivery) -> bytes:
    """What a receiver gets: which customer, and no more of it; the rest is to be asked for with a key."""
    told = {
        "sequence": delivery.sequence,
        "customer_id": delivery.customer_id,
        "version": delivery.version,
        "now_customer_id": delivery.now_customer_id,
    }
    if delivery.kind == TEST_KIND:
        told = {"webhook_id": delivery.webhook_id}
    kind = "webhook" if delivery.kind == TEST_KIND else "customer"
    content = {"type": f"{kind}.{delivery.kind}", "timestamp": delivery.changed_at, "data": told}
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)


def message_id(webhook: Webhook, delivery: Delivery) -> str:
    """What a receiver knows a delivery by, however often it comes; no other delivery ever has it."""
    what = delivery.delivery_id if delivery.sequence is None else delivery.sequence
    told = f"{webhook.webhook_id} {webhook.created_at.isoformat()} {delivery.kind} {what}"
    return "msg_" + hashlib.blake2b(told.encode(), digest_size=15).hexdigest()


async def deliver(store: Store, stop: asyncio.Event, *, clock: Callable[[], datetime], private: bool = False) -> None:
    """Deliver until told to stop; while another process does, or the database cannot be reached, stand by."""
    while not stop.is_set():
        try:
            with store.deliverer_lock() as held:
                async with Posting(private=private) as posting:
                    await Delivering(store, posting.post, clock=clock).until(stop, held)
        except Conflict:
            pass
        except Exception as error:  # noqa: BLE001  # whatever it is, what waits is to be delivered
            _log.warning("delivering was interrupted: %s", type(error).__name__)
        await _waited(stop, _STAND_BY_SECONDS)


async def deliver_once(store: Store, *, clock: Callable[[], datetime], private: bool = False) -> Counter[DeliveryState]:
    """Deliver what is due; says what came of the attempts.

    Raises:
        Conflict: another process delivers.
    """
    with store.deliverer_lock():
        async with Posting(private=private) as posting:
            work = Delivering(store, posting.post, clock=clock)
            await work.once()
            return work.counts


async def _waited(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
