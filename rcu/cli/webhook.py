"""`rcu webhook` and `rcu deliver`: changes told to others without their asking."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from rcu.cli.common import AsJson, now, opened, out, print_json
from rcu.config import settings
from rcu.domain.changes import ChangeKind
from rcu.domain.webhooks import DeliveryState
from rcu.errors import Conflict, InputError
from rcu.services.webhooks import WebhookChange, Webhooks, WebhookShown
from rcu.store.deliveries import Delivery

app = typer.Typer(help="Webhooks: changes told to others without their asking.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="WEBHOOK", help="the number of a webhook")]
Kinds = Annotated[
    list[ChangeKind] | None, typer.Option("--kind", help="Only this kind of change; may be repeated. By default all.")
]
Words = Annotated[str | None, typer.Option("--description", help="What to say of it.")]
After = Annotated[int | None, typer.Option("--after", metavar="SEQUENCE", help="Tell what comes after this change.")]


@contextmanager
def _webhooks() -> Generator[Webhooks]:
    with opened() as store:
        yield Webhooks(store, clock=now, private=settings().webhook_private)


@app.command("create")
def create(
    url: Annotated[str, typer.Argument(help="where it is, as https://shop.example/rcu")],
    *,
    kind: Kinds = None,
    description: Words = None,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """Make a webhook and print its secret, for the only time."""
    with _webhooks() as webhooks:
        shown, secret = webhooks.create(url, kinds=kind or (), description=description, after=after)
    _secret(shown, secret, as_json=as_json)


@app.command("list")
def list_webhooks(as_json: AsJson = False) -> None:
    """List the webhooks, what waits for each, and why one is disabled."""
    with _webhooks() as webhooks:
        found = webhooks.every()
    if as_json:
        print_json([_plain(one) for one in found])
        return
    table = Table("webhook", "address", "kinds", "state", "told up to", "waiting", box=None)
    for one in found:
        told = one.webhook
        why = f": {told.disabled_why}" if told.disabled_why else ""
        kinds = ", ".join(sorted(told.kinds)) or "all"
        table.add_row(
            str(told.webhook_id), escape(told.url), kinds, escape(told.state + why), str(told.last_sequence),
            str(one.waiting),
        )  # fmt: skip
    out.print(table)


@app.command("show")
def show(webhook_id: Number, as_json: AsJson = False) -> None:
    """Show one webhook."""
    with _webhooks() as webhooks:
        _print(webhooks.get(webhook_id), as_json=as_json)


@app.command("update")
def update(
    webhook_id: Number,
    *,
    url: Annotated[str | None, typer.Option("--url", help="Where it is from now on.")] = None,
    kind: Kinds = None,
    every: Annotated[bool, typer.Option("--all-kinds", help="Tell it of all kinds of changes.")] = False,
    description: Words = None,
    as_json: AsJson = False,
) -> None:
    """Change where a webhook is, or what it is told of; what is not named stays."""
    if kind and every:
        raise InputError("say either --kind or --all-kinds")
    kinds = frozenset[str](kind or ()) if kind or every else None
    with _webhooks() as webhooks:
        _print(webhooks.update(webhook_id, WebhookChange(url, kinds, description)), as_json=as_json)


@app.command("delete")
def delete(
    webhook_id: Number, yes: Annotated[bool, typer.Option("--yes", help="its log goes with it")] = False
) -> None:
    """Take a webhook away, with its log."""
    if not yes:
        raise Conflict("what waits for the webhook, and its log, would be lost", hint="say --yes when that is wanted")
    with _webhooks() as webhooks:
        webhooks.delete(webhook_id)
    out.print(f"webhook {webhook_id} is deleted")


@app.command("enable")
def enable(webhook_id: Number, after: After = None, as_json: AsJson = False) -> None:
    """Take a webhook into use: it goes on where it was, with what was given up; or after a change."""
    with _webhooks() as webhooks:
        _print(webhooks.enable(webhook_id, after=after), as_json=as_json)


@app.command("disable")
def disable(
    webhook_id: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why, for whoever finds it so.")] = "by hand",
    as_json: AsJson = False,
) -> None:
    """Take a webhook out of use; what waits for it goes on waiting."""
    with _webhooks() as webhooks:
        _print(webhooks.disable(webhook_id, reason), as_json=as_json)


@app.command("rotate")
def rotate(webhook_id: Number, as_json: AsJson = False) -> None:
    """Give a webhook a new secret and print it, for the only time; for a day the former one signs as well."""
    with _webhooks() as webhooks:
        shown, secret = webhooks.rotate(webhook_id)
    _secret(shown, secret, as_json=as_json)


@app.command("deliveries")
def deliveries(
    webhook_id: Number,
    state: Annotated[DeliveryState | None, typer.Option("--state", help="Only those in this state.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what became of each delivery, the newest first."""
    with _webhooks() as webhooks:
        found, further = webhooks.deliveries(webhook_id, state=state, limit=limit)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    table = Table("delivery", "change", "kind", "customer", "state", "attempts", "answer", "ms", "next", box=None)
    for one in found:
        table.add_row(*_row(one))
    out.print(table)
    if further:
        out.print("there are more: --limit")


def _row(one: Delivery) -> tuple[str, ...]:
    numbers = ("" if one.last_status is None else str(one.last_status), one.last_error)
    answer = " ".join(filter(None, numbers))
    further = f"{one.next_at:%Y-%m-%d %H:%M:%S}" if one.state is DeliveryState.WAITING else ""
    return (
        str(one.delivery_id), str(one.sequence or ""), one.kind, one.customer_id or "", one.state, str(one.attempts),
        answer, str(one.milliseconds or ""), further,
    )  # fmt: skip


@app.command("replay")
def replay(
    webhook_id: Number,
    sequence: Annotated[int | None, typer.Option("--from", metavar="SEQUENCE", help="All from this change on.")] = None,
    delivery: Annotated[int | None, typer.Option("--delivery", metavar="NUMBER", help="One delivery.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell a webhook again: all changes from one on, or one delivery."""
    if (sequence is None) == (delivery is None):
        raise InputError("say either --from or --delivery")
    with _webhooks() as webhooks:
        if delivery is not None:
            webhooks.replay_one(webhook_id, delivery)
        if sequence is not None:
            webhooks.replay(webhook_id, sequence=sequence)
        _print(webhooks.get(webhook_id), as_json=as_json)


@app.command("test")
def send_test(webhook_id: Number, as_json: AsJson = False) -> None:
    """Have a test sent, which tells of no customer; `rcu webhook deliveries` shows what came of it."""
    with _webhooks() as webhooks:
        made = webhooks.test(webhook_id)
    if as_json:
        print_json(asdict(made))
    else:
        out.print(f"delivery {made.delivery_id} is sent by whoever delivers: rcu serve, or rcu deliver")


def _plain(shown: WebhookShown) -> dict[str, Any]:
    told = {name: value for name, value in asdict(shown.webhook).items() if name not in {"secret", "former_secret"}}
    return told | {"waiting": shown.waiting}


def _print(shown: WebhookShown, *, as_json: bool) -> None:
    told = _plain(shown)
    if as_json:
        print_json(told)
        return
    table = Table(box=None, show_header=False)
    for name, value in told.items():
        text = (
            ", ".join(sorted(value)) or "all" if isinstance(value, frozenset) else "" if value is None else str(value)
        )
        table.add_row(name, escape(text))
    out.print(table)


def _secret(shown: WebhookShown, secret: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_plain(shown) | {"secret": secret})
        return
    out.print(f"webhook {shown.webhook.webhook_id}; its secret, shown only now:")
    out.print(secret, soft_wrap=True)


async def _until_stopped(work: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> None:
    """Do something until the process is told to stop."""
    stop = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # as on Windows, where an interrupt ends it
            asyncio.get_running_loop().add_signal_handler(one, stop.set)
    await work(stop)


def deliver(
    once: Annotated[bool, typer.Option("--once", help="Deliver what is due, and end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell webhooks of changes until stopped; `rcu serve` does so too, and one process does it at a time."""
    from rcu.services import delivering  # noqa: PLC0415  # its HTTP client takes longer to load than any other command

    with opened() as store:
        private = settings().webhook_private
        if not once:
            asyncio.run(_until_stopped(lambda stop: delivering.deliver(store, stop, clock=now, private=private)))
            return
        counts = asyncio.run(delivering.deliver_once(store, clock=now, private=private))
    told = {state.value: counts[state] for state in DeliveryState}
    if as_json:
        print_json(told)
    else:
        out.print(f"{told['delivered']:,} delivered, {told['waiting']:,} to be tried again, {told['dead']:,} given up")
