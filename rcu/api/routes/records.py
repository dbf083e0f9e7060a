"""Records one by one or a few together: taken, matched and published before the answer goes out."""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.routing import Match
from starlette.types import Scope

from rcu.api.bodies import BoundedRoute, Handler
from rcu.api.deps import RECORDS, WRITES_RECORDS, GatheringDep, Reads, ReadsDep, RealTimeDep, admit, shown_key
from rcu.api.errors import responses
from rcu.api.repeats import RepeatableRoute
from rcu.api.schemas import RecordsRequest, UpsertedRecord, UpsertedRecords
from rcu.domain.records import RecordKey
from rcu.services import reading
from rcu.services.arrivals import Condition, Content, Given, Upserted
from rcu.services.gathering import Gathering
from rcu.services.record_form import KeyPart, RecordForm, answer, record_key
from rcu.store.keys import ApiKey

router = APIRouter(prefix="/v1", tags=["records"], route_class=RepeatableRoute)

_Source = Annotated[KeyPart, Path(description="the source's name")]
_NativeId = Annotated[KeyPart, Path(description="the id the source gave; any printable characters, percent-encoded")]
_DryRun = Annotated[bool, Query(description="write nothing, and say what would happen")]
_Profile = Annotated[bool, Query(description="give the customer's profile too, as far as the key's scopes allow")]

_IfMatch = Annotated[
    str | None, Header(max_length=1000, description="take it only in place of what has this `ETag`; `*`: of whatever")
]
_IfNoneMatch = Annotated[
    str | None, Header(max_length=1000, description="`*`: take it only where there is no such record")
]


_CHECKED: Final = ("if-match", "if-none-match", "x-purpose", "x-on-behalf-of")
"""Headers that hardly any record comes with."""


class _PutRoute(BoundedRoute):
    """The route of single records.

    Nearly all of them come as `application/json`, without a query, and with a key that was seen a moment ago. Those are
    read here, by the same forms. What is otherwise, or wrong in any way, goes through FastAPI, which tells.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Leave out what asks for the customer of a record, another route; in an id its slash is encoded."""
        if scope.get("raw_path", b"").endswith(b"/customer"):
            return Match.NONE, {}
        return super().matches(scope)

    async def answer(self, request: Request, body: bytes, handle: Handler) -> Response:
        """Take a record straight, if it is sent as nearly all are."""
        return await self.straight(request, body) or await handle(request)

    async def straight(self, request: Request, body: bytes) -> Response | None:
        """Take a record that is sent as nearly all are; None where it is not."""
        headers = request.headers
        if request.scope["query_string"] or headers.get("content-type") != "application/json":
            return None
        if any(name in headers for name in _CHECKED):
            return None
        shown = shown_key(request)
        key = None if shown is None else request.app.state.keys.remembered(shown)
        if key is None or not key.scopes & RECORDS:
            return None
        try:
            form = RecordForm.model_validate_json(body)
            native_key = record_key(request.path_params["source"], request.path_params["native_id"])
        except ValidationError:
            return None
        admit(request, key)
        return await _taken(request.app.state.gathering, form.given(native_key), key)


@dataclass(frozen=True, slots=True)
class _Named:
    """The record a request names, and what must be stored of it."""

    key: RecordKey
    only_if: Condition | None


async def _named(
    source: _Source, native_id: _NativeId, if_match: _IfMatch = None, if_none_match: _IfNoneMatch = None
) -> _Named:
    if if_match is None and if_none_match is None:
        return _Named(RecordKey(source, native_id), None)
    return _Named(RecordKey(source, native_id), Condition(_tags(if_match), _tags(if_none_match)))


def _tags(header: str | None) -> frozenset[str] | None:
    """The entity tags of a header without their quotes; weak ones are another's."""
    return None if header is None else frozenset(one.strip().strip('"') for one in header.split(","))


async def put_record(
    named: Annotated[_Named, Depends(_named)],
    record: RecordForm,
    real_time: RealTimeDep,
    gathering: GatheringDep,
    reads: ReadsDep,
    *,
    dry_run: _DryRun = False,
    profile: _Profile = False,
) -> Response:
    """Take a record: standardise, match and publish it. The same content again changes nothing."""
    given, key = replace(record.given(named.key), only_if=named.only_if), reads.key
    if not dry_run and not profile:
        return await _taken(gathering, given, key)
    actor = f"key {key.name}"
    if dry_run:
        (done,) = await run_in_threadpool(real_time.upsert, [given], dry_run=True, profiles=profile, actor=actor)
    else:
        done = await wrap_future(gathering.send(given, profiles=True, actor=actor))
    (shown,) = await run_in_threadpool(_shown, [done], reads)
    if dry_run:
        return _response(_told(shown, key))
    return _response(_told(shown, key), created=done.content is Content.NEW, tag=done.tag)


router.add_api_route(
    "/records/{source}/{native_id:path}",
    put_record,
    methods=["PUT"],
    dependencies=[WRITES_RECORDS],
    route_class_override=_PutRoute,
    operation_id="putRecord",
    response_model=UpsertedRecord,
    responses={201: {"model": UpsertedRecord, "description": "The record is new"}, **responses(404, 409, 412, 413)},
    summary="Take one record and say whose it is",
)


async def _taken(gathering: Gathering, given: Given, key: ApiKey) -> Response:
    done = await wrap_future(gathering.send(given, actor=f"key {key.name}"))
    return _response(_told(done, key), created=done.content is Content.NEW, tag=done.tag)


def _shown(done: Sequence[Upserted], reads: Reads) -> Sequence[Upserted]:
    """Without the profiles of customers that are none of the key's stores; that the others are read is written down."""
    ids = [one.customer_id for one in done if one.profile is not None]
    seen = reading.shown_to(reads.store, ids, reads.key.terms.stores)
    reads.showed(seen)
    return [one if one.customer_id in seen else replace(one, profile=None) for one in done]


@router.post(
    "/records:batch",
    dependencies=[WRITES_RECORDS],
    operation_id="putRecords",
    response_model=UpsertedRecords,
    responses=responses(404, 409, 413),
    summary="Take up to 500 records, all of them or none",
)
def put_records(
    request: RecordsRequest,
    real_time: RealTimeDep,
    reads: ReadsDep,
    *,
    dry_run: _DryRun = False,
    profile: _Profile = False,
) -> Response:
    """Take records in one transaction, each key once; results are in the order of the request."""
    given = [one.given(RecordKey(one.source, one.native_id)) for one in request.records]
    done = real_time.upsert(given, dry_run=dry_run, profiles=profile, actor=f"key {reads.key.name}")
    return _response({"results": [_told(one, reads.key) for one in _shown(done, reads)]})


def _response(content: dict[str, Any], *, created: bool = False, tag: str | None = None) -> Response:
    headers = {"Cache-Control": "private, no-store"}
    if tag is not None:
        headers["ETag"] = f'"{tag}"'
    return Response(orjson.dumps(content), 201 if created else 200, media_type="application/json", headers=headers)


def _told(done: Upserted, key: ApiKey) -> dict[str, Any]:
    told = answer(done)
    if done.profile is not None:
        told["customer"] = orjson.Fragment(reading.visible(done.profile, key.scopes))
    return told
