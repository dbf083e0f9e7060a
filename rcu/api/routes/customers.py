"""Customers: by id, as they are and were; by record, by identifiers, page by page."""

from __future__ import annotations

from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Header, Path, Query, Response
from starlette.routing import Match
from starlette.types import Scope

from rcu.api.bodies import BoundedRoute
from rcu.api.deps import (
    CleaningDep,
    HistoryReader,
    IdentityReader,
    Reader,
    Reads,
    ReadsDep,
    StoreDep,
    may_look_back,
)
from rcu.api.errors import responses
from rcu.api.moved import CustomerId, elsewhere
from rcu.api.picking import Picked, picked
from rcu.api.schemas import (
    ChosenProfile,
    CustomerHistory,
    HouseholdMembers,
    LookupRequest,
    LookupResponse,
    Profile,
)
from rcu.api.schemas.parts import ExpandedProfile
from rcu.api.showing import given_out, lookup_answer, profile_answer
from rcu.errors import InputError
from rcu.services import expanding, household, looking_back, lookups, reading
from rcu.services.fields import Fields
from rcu.store.customers import StoredProfile


class CustomersRoute(BoundedRoute):
    """A route on which no customer is called as what else there is beside them."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Leave an address to the route that knows it, whatever the method."""
        match, child = super().matches(scope)
        called = child.get("path_params", {}).get("customer_id")
        return (Match.NONE, {}) if called in _NO_IDS else (match, child)


_NO_IDS: Final = frozenset({"lookup", "search"})
router = APIRouter(prefix="/v1", tags=["customers"], route_class=CustomersRoute)

_Key = Annotated[str, Path(min_length=1, max_length=200)]
_AsOf = Annotated[
    str | None,
    Query(
        max_length=40,
        description="an instant with its offset: the profile that was true then",
        json_schema_extra={"format": "date-time"},
    ),
]
_IfNoneMatch = Annotated[str | None, Header(max_length=1000)]


_Expand = Annotated[
    str | None,
    Query(max_length=100, description="what to give beside the profile, with commas between: household, events"),
]


@router.get(
    "/customers/{customer_id}",
    operation_id="getCustomer",
    response_model=ExpandedProfile | ChosenProfile,
    responses=responses(304, 307, 404, 409, 410),
    summary="One customer by id, as it is or was",
)
def get_customer(
    customer_id: CustomerId,
    store: StoreDep,
    key: Reader,
    reads: ReadsDep,
    as_of: _AsOf = None,
    if_none_match: _IfNoneMatch = None,
    fields: Picked = None,
    expand: _Expand = None,
) -> Response:
    """Give the profile as stored. An id that was merged into another answers 307 to the present one."""
    may_look_back(key, as_of)
    chosen, beside = picked(fields), None if expand is None else _beside(expand, as_of)
    stores = key.terms.stores
    if as_of is None:
        profile = reading.customer(store, customer_id, stores=stores)
    else:
        profile = looking_back.profile_as_of(store, customer_id, looking_back.read_instant(as_of), stores=stores)
    if profile.customer_id != customer_id.lower():
        return elsewhere(profile.customer_id, as_of=as_of, fields=fields, expand=expand)
    if beside is not None:
        return _expanded(profile, beside, reads, chosen)
    reads.showed([profile.customer_id], more=() if as_of is None else ("history",))
    return profile_answer(profile, key, if_none_match, chosen)


@router.post(
    "/customers/lookup",
    operation_id="lookupCustomers",
    response_model=LookupResponse,
    responses=responses(),
    summary="Customers by e-mail, phone, loyalty number or record",
)
def lookup_customers(
    request: LookupRequest, store: StoreDep, cleaning: CleaningDep, key: Reader, reads: ReadsDep
) -> Response:
    """Look up to 100 identifiers; values are standardised as records are, so any way of writing them finds them.

    A hash is of the mailbox trimmed and in lower case, or of the phone in E.164.
    """
    asked = [lookups.Asked(identifier.type, identifier.value) for identifier in request.identifiers]
    answers = lookups.lookup(store, asked, cleaning, stores=key.terms.stores)
    shown, named = given_out(answers)
    reads.showed(shown)
    reads.named(named)
    return lookup_answer(answers, key)


def _beside(expand: str, as_of: str | None) -> frozenset[str]:
    if as_of is not None:
        raise InputError("expand gives what is there at present", hint="leave out as_of, or ask for the household")
    return expanding.read_expand(expand)


def _expanded(profile: StoredProfile, beside: frozenset[str], reads: Reads, fields: Fields | None) -> Response:
    """A profile with what is beside it. Events come and go without it, so that its tag says nothing of them."""
    key = reads.key
    more = expanding.expanded(reads.store, profile, beside, key.scopes, stores=key.terms.stores)
    reads.showed([profile.customer_id, *sorted(more.shown)])
    shown = reading.visible(profile.profile, key.scopes)
    content = more.into(shown if fields is None else fields.of(shown))
    return Response(content, media_type="application/json", headers={"Cache-Control": "private, no-store"})


@router.get(
    "/customers/{customer_id}/household",
    operation_id="getHousehold",
    response_model=HouseholdMembers,
    responses=responses(307, 404, 409, 410),
    summary="The household of a customer, as it is or was",
)
def get_household(
    customer_id: CustomerId, store: StoreDep, key: IdentityReader, reads: ReadsDep, as_of: _AsOf = None
) -> Response:
    """Give who belongs together with a customer, and why. A customer who is alone has no household: 404."""
    may_look_back(key, as_of)
    at = None if as_of is None else looking_back.read_instant(as_of)
    try:
        shown = household.household(store, customer_id, at, stores=key.terms.stores)
    except household.Alone as error:
        if error.customer_id == customer_id.lower():
            raise
        return elsewhere(error.customer_id, "/household", as_of=as_of)
    if shown.customer_id != customer_id.lower():
        return elsewhere(shown.customer_id, "/household", as_of=as_of)
    reads.showed([one.customer_id for one in shown.members], more=() if as_of is None else ("history",))
    headers = {"Cache-Control": "private, no-store"}
    return Response(household.answer(shown, key.scopes), media_type="application/json", headers=headers)


@router.get(
    "/customers/{customer_id}/history",
    operation_id="getCustomerHistory",
    response_model=CustomerHistory,
    responses=responses(404, 410),
    summary="What a customer was, the newest version first",
)
def get_customer_history(
    customer_id: CustomerId,
    store: StoreDep,
    key: HistoryReader,
    reads: ReadsDep,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """List versions: when each was true, what made it, which records came and left, and which fields changed."""
    page = looking_back.history(store, customer_id, key.scopes, cursor=cursor, limit=limit, stores=key.terms.stores)
    reads.showed([page.customer_id], more=("history",))
    headers = {"Cache-Control": "private, no-store"}
    content = orjson.dumps(looking_back.answer(page), option=orjson.OPT_UTC_Z)
    return Response(content, media_type="application/json", headers=headers)


@router.get(
    "/records/{source}/{native_id:path}/customer",
    operation_id="getCustomerOfRecord",
    response_model=Profile | ChosenProfile,
    responses=responses(304, 404, 410),
    summary="The customer a record belongs to",
)
def get_customer_of_record(
    source: _Key,
    native_id: _Key,
    store: StoreDep,
    key: Reader,
    reads: ReadsDep,
    if_none_match: _IfNoneMatch = None,
    fields: Picked = None,
) -> Response:
    """Give the profile of the customer that a source knows under an id of its own."""
    chosen = picked(fields)
    profile = reading.customer_of_record(store, source, native_id, stores=key.terms.stores)
    reads.showed([profile.customer_id])
    return profile_answer(profile, key, if_none_match, chosen)


@router.get(
    "/loyalty-numbers/{number:path}/customer",
    operation_id="getCustomerOfLoyaltyNumber",
    response_model=Profile | ChosenProfile,
    responses=responses(304, 404, 409),
    summary="The customer who has a loyalty number",
)
def get_customer_of_loyalty_number(
    number: _Key,
    store: StoreDep,
    key: Reader,
    reads: ReadsDep,
    if_none_match: _IfNoneMatch = None,
    fields: Picked = None,
) -> Response:
    """Give the profile of who has a number; where several have it, 409 with their ids."""
    chosen = picked(fields)
    try:
        profile = lookups.customer_of_loyalty_number(store, number, stores=key.terms.stores)
    except lookups.SharedIdentifier as error:
        reads.named(error.candidates)
        raise
    reads.showed([profile.customer_id])
    return profile_answer(profile, key, if_none_match, chosen)
