"""A request of every operation, in an order in which each finds what it asks for, on small exports of the fixtures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx2
from fastapi import FastAPI
from fastapi.testclient import TestClient

from fixtures.generator import generate
from rcu.api.app import Options, create_app
from rcu.cleaning import CleaningSettings
from rcu.matching.model import load_model
from rcu.services import keys
from rcu.services.asking import FourEyes
from rcu.services.importing import Importer
from rcu.services.models import keep
from rcu.services.quarantine import release
from rcu.services.running import run
from rcu.services.sources import FRENCH_RETAIL_SOURCES, find_source, put_source
from rcu.store import schema
from rcu.store.engine import Store

NOW: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""When the exports are taken."""
_PERSON: Final = {"first_name": "PAULETTE", "last_name": "MOREAUX"}
_WHOLE: Final = {**_PERSON, "birth_date": "1980-03-12", "address_line": "12 RUE DE LA PAIX", "postcode": "75002"}
_MARIE: Final = {
    "civility": "Mme", "first_name": "Marie", "last_name": "DURAND", "email": "marie.durand@mail.example.fr",
    "phone": "06 39 98 12 34", "store": "M001", "updated_at": "2026-03-01T10:15:00+01:00",
}  # fmt: skip
_URL: Final = "https://shop.example/rcu"


@dataclass(frozen=True, slots=True)
class Asking:
    """Callers of an application, and what to do with each answer."""

    app: FastAPI
    callers: Mapping[str, TestClient]
    keep: Callable[[str, httpx2.Response], None]

    def ask(self, method: str, url: str, body: object = None, *, by: str = "office", **query: object) -> Any:  # noqa: ANN401
        """Ask, hand the answer on under its operation, and give its content."""
        params = {name: str(value) for name, value in query.items()}
        answer = self.callers[by].request(method, url, json=body, params=params)
        if answer.status_code >= 400:
            msg = f"{method} {url} answers {answer.status_code}: {answer.text}"
            raise RuntimeError(msg)
        self.keep(_operation(self.app, answer), answer)
        shown = answer.content and answer.headers["content-type"] == "application/json"
        return answer.json() if shown else answer.text


def _operation(app: FastAPI, answer: httpx2.Response) -> str:
    """The operation that answered, by its route."""
    scope = {"type": "http", "method": answer.request.method, "path": answer.request.url.path, "headers": []}
    scope["raw_path"] = answer.request.url.raw_path.partition(b"?")[0]
    for route in app.state.routes:
        if route.matches(scope)[0].value == 2:
            return route.operation_id
    raise RuntimeError(f"no route of {answer.request.url.path}")


def record(folder: Path, keep_answer: Callable[[str, httpx2.Response], None]) -> None:
    """Ask for everything, on a store that is made in a folder."""
    store = Store(f"sqlite:///{folder / 'examples.db'}")
    try:
        schema.upgrade(store)
        _take(store, folder / "exports")
        with _application(store) as app:
            asking = Asking(app, _callers(app), keep_answer)
            _read(asking)
            _write(asking)
            _decide(asking)
            _review(asking)
            _administer(asking)
            _tell(asking)
    finally:
        store.close()


@contextmanager
def _application(store: Store) -> Iterator[FastAPI]:
    app = create_app(store, options=Options(behind_seconds=3600.0))
    yield app
    for one in ("gathering", "accesses", "key_uses"):
        getattr(app.state, one).close()


def _take(store: Store, exports: Path) -> None:
    generate(exports, seed=11, households=60)
    for source in FRENCH_RETAIL_SOURCES:
        put_source(store, source, NOW)
        files = sorted(path for path in (exports / source.name).iterdir() if path.is_file())
        Importer(store, find_source(store, source.name).connect(), CleaningSettings(), _clock).take(files)
        release(store, source.name, CleaningSettings(), _clock)
    run(store, load_model(), clock=_clock)
    keep(store, load_model().model_copy(update={"name": "strict", "match_probability": 0.999_999}), clock=_clock)


def _clock() -> datetime:
    return NOW


def _callers(app: FastAPI) -> dict[str, TestClient]:
    """A caller that may do everything, and some that see no more than an example needs."""
    scopes = {
        "office": keys.SCOPES,
        "till": frozenset({"identity", "contact", "records", "events"}),
        "scorer": frozenset({"scores"}),
        "desk": frozenset({"scores", "steward"}),
        "approver": frozenset({"scores", "steward"}),
    }
    made = {name: keys.create_key(app.state.store, name, scopes=some, now=NOW) for name, some in scopes.items()}
    return {
        name: TestClient(app, headers={"Authorization": f"Bearer {one}"}, follow_redirects=False)
        for name, one in made.items()
    }


def _read(asking: Asking) -> None:
    """Customers, as the exports made them."""
    ask = asking.ask
    for name in ("live", "ready"):
        ask("GET", f"/health/{name}")
    everybody = ask("GET", "/v1/customers", limit=500)["customers"]
    ask("GET", "/v1/customers", by="scorer", limit=2)
    one = next(each for each in everybody if len({record["source"] for record in each["records"]}) == 3)
    home = next(each for each in everybody if each["household"])
    number = next(each for each in everybody if each["golden"].get("loyalty_number"))["golden"]["loyalty_number"]
    at, (first, *_) = f"/v1/customers/{one['customer_id']}", one["records"]
    ask("GET", at)
    ask("GET", f"/v1/customers/{home['customer_id']}/household", by="till")
    for part in ("history", "records", "events", "consents", "explanation"):
        ask("GET", f"{at}/{part}", **({"expand": "lines", "kind": "order", "limit": 1} if part == "events" else {}))
    some = "golden.first_name,golden.last_name,golden.loyalty_number"
    ask("GET", f"/v1/records/{first['source']}/{first['native_id']}/customer", fields=some)
    ask("GET", f"/v1/loyalty-numbers/{number}/customer", fields=some)
    mailbox = {"type": "email", "value": one["golden"]["email"]}
    ask(
        "POST",
        "/v1/customers/lookup",
        {"identifiers": [mailbox, {"type": "phone", "value": "06 39 98 00 00"}]},
        by="scorer",
    )
    ask("POST", "/v1/customers/search", {"text": one["golden"]["last_name"].lower()[:6], "limit": 2}, by="till")
    ask("GET", "/v1/customers:export", by="scorer")


def _write(asking: Asking) -> None:
    """Records and events, and how the feed tells of them."""
    ask = asking.ask
    ask("PUT", "/v1/records/till/C00099999", _MARIE, by="till")
    same = {"source": "shop", "native_id": "4711", "full_name": "Mme Marie DURAND", "email": _MARIE["email"]}
    ask("POST", "/v1/records:batch", {"records": [same]}, by="till")
    order = {"source": "shop", "kind": "order", "native_id": "order-100234", "record": "4711", "visitor": "v-51f0"}
    order |= {"occurred_at": "2026-03-01T10:15:00+01:00", "currency": "EUR", "amount": "59.90"}
    visit = {"source": "shop", "kind": "visit", "native_id": "visit-8812", "visitor": "v-51f0", "label": "/chaussures"}
    visit["occurred_at"] = "2026-03-01T10:02:11+01:00"
    ask("POST", "/v1/events:batch", {"events": [visit, order]}, by="till")
    after = max(0, ask("GET", "/v1/changes", limit=1)["newest"] - 2)
    ask("GET", "/v1/changes", after=after)
    ask("GET", "/v1/changes:export", after=after)


def _decide(asking: Asking) -> None:
    """Decisions, one of which a second person agrees to."""
    ask = asking.ask
    everybody = [each["customer_id"] for each in ask("GET", "/v1/customers", by="scorer", limit=500)["customers"]][-8:]
    for about, eyes in ((everybody[:2], FourEyes()), (everybody[2:4], FourEyes(1))):
        asking.app.state.four_eyes = eyes
        body = {"kind": "merge", "about": about, "reason": "she moved and showed both cards"}
        ask("POST", "/v1/decisions/preview", body, by="desk")
        number = ask("POST", "/v1/decisions", body, by="desk")["decision_id"]
        word, by = ("undo", "desk") if eyes == FourEyes() else ("approve", "approver")
        told = {"reason": "the cards were of two sisters" if word == "undo" else "I saw both cards, too"}
        ask("POST", f"/v1/decisions/{number}/{word}/preview", told, by=by)
        ask("POST", f"/v1/decisions/{number}/{word}", told, by=by)
    asking.app.state.four_eyes = FourEyes()
    ask("GET", "/v1/decisions")
    ask("GET", "/v1/decisions:export")


def _review(asking: Asking) -> None:
    """A case that goes through all hands, and one that is closed."""
    ask = asking.ask
    ask("PUT", "/v1/records/till/Q1", _WHOLE)
    (first,) = ask("PUT", "/v1/records/till/Q2", _PERSON)["cases"]
    number, at = first["case_id"], f"/v1/cases/{first['case_id']}"
    ask("GET", "/v1/cases", text="till:Q2")
    ask("GET", "/v1/cases:export", text="till:Q2")
    ask("POST", f"{at}/assign", {"assigned_to": "anne", "expected": 1})
    ask("POST", f"{at}/due", {"at": "2030-01-31T17:00:00+01:00"})
    ask("POST", f"{at}/comment", {"text": "asked her for her date of birth", "on_behalf_of": "anne"})
    ask("POST", f"{at}/defer", {"at": "2999-01-01T00:00:00Z", "reason": "she answers after her holiday"})
    ask("POST", f"{at}/resume", {"reason": "she is at the till"})
    ask("POST", f"{at}/decide", {"kind": "merge", "reason": "she showed both cards"})
    ask("GET", at)
    (other,) = ask("PUT", "/v1/records/till/Q3", {**_PERSON, "store": "M002"})["cases"]
    assert other["case_id"] != number  # noqa: S101
    ask("POST", f"/v1/cases/{other['case_id']}/close", {"reason": "two cousins of one name"})


def _administer(asking: Asking) -> None:
    """Keys, models, runs, sources, the access log, refused rows."""
    ask = asking.ask
    terms = {"stores": ["M001"], "purpose": "checkout", "rate": {"per_second": 10, "burst": 50}}
    wanted = {"name": "till-M001", "scopes": ["identity", "contact", "records"], **terms}
    number = ask("POST", "/v1/keys", wanted)["key_id"]
    ask("GET", "/v1/keys")
    ask("POST", f"/v1/keys/{number}/rotate", {})
    ask("GET", f"/v1/keys/{number}")
    ask("POST", f"/v1/keys/{number}/expire", {"at": "2030-06-30T22:00:00Z"})
    ask("POST", f"/v1/keys/{number}/revoke")
    model = next(each["id"] for each in ask("GET", "/v1/models")["models"] if each["name"] == "strict")
    ask("POST", f"/v1/models/{model}/comparison", limit=1)
    ask("POST", f"/v1/models/{model}/adopt", {"on_behalf_of": "anne"})
    ask("GET", "/v1/models")
    ask("GET", f"/v1/models/{model}")
    ask("GET", f"/v1/runs/{ask('GET', '/v1/runs')['runs'][0]['run_id']}")
    ask("GET", "/v1/sources")
    asking.app.state.accesses.write_now()
    ask("GET", "/v1/access-log")
    ask("GET", "/v1/access-log:export")
    _correct(ask)


def _correct(ask: Callable[..., Any]) -> None:
    ask("GET", "/v1/quarantine/counts", limit=2)
    rows = ask("GET", "/v1/quarantine", source="till", reason="bad_date", file="CLIENTS_20251231.csv")["rows"]
    first, *others = [one["quarantine_id"] for one in rows]
    shown = ask("GET", f"/v1/quarantine/{first}")
    fixed = {"quarantine_id": first, "row": shown["row"] | {shown["field"]: "01/02/2024 10:00:00"}}
    ask("POST", "/v1/quarantine:replay", {"rows": [fixed]})
    ask("POST", "/v1/quarantine:drop", {"ids": others})


def _tell(asking: Asking) -> None:
    """Webhooks."""
    ask = asking.ask
    made = ask("POST", "/v1/webhooks", {"url": _URL, "kinds": ["created", "merged"]})
    at = f"/v1/webhooks/{made['webhook_id']}"
    ask("GET", "/v1/webhooks")
    ask("GET", at)
    ask("POST", f"{at}/test")
    ask("GET", f"{at}/deliveries")
    ask("POST", f"{at}/replay", {"sequence": made["last_sequence"]})
    ask("PATCH", at, {"kinds": ["merged", "split"]})
    ask("POST", f"{at}/disable", {"reason": "the shop is moved"})
    ask("POST", f"{at}/enable", {})
    ask("POST", f"{at}/rotate")
    ask("DELETE", at)
