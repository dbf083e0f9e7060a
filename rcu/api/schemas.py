"""What goes over the wire: documented here, written once by the services and handed out as stored."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rcu.services.record_form import KeyPart, RecordForm


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Address(_Wire):
    """A postal address, by the lines of NF Z10-011."""

    address_complement: str | None = Field(default=None, description="line 2: flat, floor, stairs, care of")
    building: str | None = Field(default=None, description="line 3: building, residence, entrance")
    street: str | None = Field(default=None, description="line 4: number and street")
    place: str | None = Field(default=None, description="line 5: lieu-dit or post box")
    postcode: str | None = None
    city: str | None = None
    cedex: str | None = Field(default=None, description="CEDEX and its number")
    commune_insee: str | None = Field(default=None, description="INSEE code of today's commune or arrondissement")
    country: str | None = Field(default=None, description="ISO 3166 alpha-2")


class Golden(_Wire):
    """The surviving values. A value that nobody knows is absent."""

    record_kind: Literal["person", "couple", "company", "junk"] | None = None
    civility: str | None = None
    gender: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    birth_name: str | None = None
    company: str | None = None
    birth_date: str | None = Field(
        default=None, description="ISO; --MM-DD when the year is not known, YYYY when only it is"
    )
    email: str | None = None
    mobile: str | None = Field(default=None, description="E.164")
    landline: str | None = Field(default=None, description="E.164")
    loyalty_number: str | None = None
    address: Address | None = None


class Beaten(_Wire):
    """A value that did not survive, and why."""

    record: str
    values: dict[str, str]
    because: str


class Provenance(_Wire):
    """Where a group of fields came from."""

    record: str = Field(description="source:native_id of the record that gave it")
    same: list[str] = Field(default_factory=list[str], description="records that say the same")
    beat: list[Beaten] = Field(default_factory=list[Beaten])


class Consent(_Wire):
    """The word in force for one channel and purpose."""

    channel: str
    purpose: str
    state: Literal["granted", "denied"]
    basis: str | None = None
    evidence: str | None = None
    occurred_at: str | None = None
    record: str


class ContactPoint(_Wire):
    """A mailbox or number, the golden one of each kind first."""

    kind: Literal["email", "mobile", "landline"]
    value: str
    quality: str
    records: list[str]
    consents: list[Consent] = Field(default_factory=list[Consent], description="absent without the scope `consent`")


class Part(_Wire):
    """Orders of one channel or store."""

    orders: int
    net_revenue: str


class OrderAggregates(_Wire):
    """Orders in one currency; money as decimal text."""

    currency: str
    orders: int
    returns: int
    net_revenue: str
    average_basket: str | None
    first_order_at: str | None
    last_order_at: str | None
    preferred_channel: str | None
    preferred_store: str | None
    by_channel: dict[str, Part]
    by_store: dict[str, Part]


class Aggregates(_Wire):
    """What the events add up to."""

    orders: list[OrderAggregates]
    last_email_click_at: str | None


class Score(_Wire):
    """A score and its reason in words."""

    value: int
    reason: str


class DataQuality(Score):
    """How complete, valid and fresh the golden record is (0 to 100)."""

    completeness: float
    validity: float
    freshness: float


class Rfm(_Wire):
    """Quintiles among all buyers, 5 is best; null for a customer who never bought."""

    recency: Score
    frequency: Score
    monetary: Score


class Scores(_Wire):
    """All scores."""

    rfm: Rfm | None
    data_quality: DataQuality


class Household(_Wire):
    """People of one surname at one address."""

    household_id: str
    members: list[str]


class SourceRecord(_Wire):
    """One record of the customer, standardised."""

    source: str
    native_id: str
    record_id: str = Field(description="the id given to the record when it first arrived; answers for ever")
    store: str | None = None
    record_kind: str | None = None
    civility: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    birth_name: str | None = None
    company: str | None = None
    birth_date: str | None = None
    email: str | None = None
    mobile: str | None = None
    landline: str | None = None
    loyalty_number: str | None = None
    address: Address | None = None
    is_guest: bool = False
    deleted: bool = False
    created_at: str | None = None
    updated_at: str | None = None


class Profile(_Wire):
    """One customer. Members outside the key's scopes are absent."""

    customer_id: str
    golden: Golden | None = None
    provenance: dict[str, Provenance] | None = None
    contact_points: list[ContactPoint] | None = None
    aggregates: Aggregates | None = None
    scores: Scores | None = None
    household: Household | None = None
    records: list[SourceRecord] | None = None


Words = Annotated[str, Field(min_length=1, max_length=2_000, description="why, for somebody who reads it in a year")]
Name = Annotated[str, Field(min_length=1, max_length=300, description="source:native_id, or a customer id")]


class DecisionWords(_Wire):
    """Why, and for whom."""

    reason: Words
    on_behalf_of: str | None = Field(default=None, max_length=200, description="the person the caller speaks for")


class DecisionRequest(DecisionWords):
    """A decision about records or customers."""

    kind: Literal["merge", "not_same", "split", "confirm", "comment"]
    about: list[Name] = Field(min_length=1, max_length=50)
    groups: list[Annotated[list[Name], Field(min_length=1, max_length=500)]] = Field(
        default_factory=list[list[str]], max_length=50, description="of a split: the records that leave together"
    )
    expected: dict[str, int] = Field(
        default_factory=dict[str, int], description="customer id to the version that was looked at"
    )
    supersede: bool = Field(default=False, description="take back the decisions that stand in the way")


class DecisionMade(_Wire):
    """A decision as it was written."""

    decision_id: int
    kind: str
    state: Literal["in_force", "awaits_approval", "undone"]
    superseded: list[int] = Field(description="decisions that were taken back for it")


class DecisionEntry(_Wire):
    """A decision, with its records by key."""

    decision_id: int
    kind: Literal["merge", "not_same", "split", "confirm", "comment", "undo", "approve"]
    state: Literal["in_force", "awaits_approval", "undone"]
    actor: str
    reason: str
    decided_at: datetime
    about: int | None = Field(description="the decision that is undone or approved")
    records: list[str]
    together: list[tuple[str, str]]
    apart: list[tuple[str, str]]
    changed: list[str] = Field(description="records that say something else than when it was decided")


class DecisionList(_Wire):
    """Decisions, the newest first."""

    decisions: list[DecisionEntry]
    next_before: int | None = Field(description="give it back as `before` for older ones; null at the end")


class NamedRecordForm(RecordForm):
    """A record with its key."""

    model_config = ConfigDict(json_schema_extra={})  # the example without a key would be none

    source: KeyPart
    native_id: KeyPart


class RecordsRequest(_Wire):
    """Up to 500 records, each key once."""

    records: list[NamedRecordForm] = Field(min_length=1, max_length=500)

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "records": [
                        {"source": "till", "native_id": "C1", "first_name": "Marie", "last_name": "DURAND"},
                        {"source": "till", "native_id": "C2", "full_name": "M. Paul PETIT", "phone": "06 39 98 12 34"},
                    ]
                }
            ]
        }
    )


class RecordReason(_Wire):
    """A record it belongs with, or may; keys and words, no values."""

    record: str
    customer_id: str = Field(description="the customer that record belongs to")
    probability: float = Field(description="that both are the same person")
    says: list[str] = Field(description="what agrees or differs, the weightiest first")


class UpsertedRecord(_Wire):
    """What became of one record."""

    record: str = Field(description="source:native_id")
    content: Literal["new", "changed", "unchanged", "older"] = Field(
        description="what it says, beside what was stored; what is older is not taken"
    )
    happened: Literal["created", "joined", "moved", "merged", "split", "unchanged"] = Field(
        description="what became of who is whom"
    )
    customer_id: str
    version: int = Field(description="of the customer's profile")
    merged: list[str] = Field(description="customers that are part of this one now")
    split: list[str] = Field(description="customers that parted from this one")
    why: list[RecordReason] = Field(description="the records of its customer it is nearest to")
    possible: list[RecordReason] = Field(
        description="records of other customers that may be the same person, left to a steward"
    )
    customer: Profile | None = Field(default=None, description="with `profile=true`; absent otherwise")


class UpsertedRecords(_Wire):
    """What became of each record, in the order of the request."""

    results: list[UpsertedRecord]


class CustomerPage(_Wire):
    """A page of customers, oldest first."""

    customers: list[Profile]
    next_cursor: str | None = Field(description="give it back for the next page; null at the end")


class Identifier(_Wire):
    """One identifier; `record` is written source:native_id."""

    type: Literal["email", "phone", "loyalty_number", "record"]
    value: Annotated[str, Field(min_length=1, max_length=320)]


class LookupRequest(_Wire):
    """Up to 100 identifiers."""

    identifiers: Annotated[list[Identifier], Field(min_length=1, max_length=100)]

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"identifiers": [{"type": "email", "value": "marie.durand@mail.example.fr"}]}]}
    )


class LookupResult(_Wire):
    """What one identifier found. `ambiguous` names the customers that share it, at most ten."""

    status: Literal["found", "not_found", "ambiguous", "invalid"]
    customer: Profile | None = None
    customer_ids: list[str] | None = None


class LookupResponse(_Wire):
    """Results in the order of the request."""

    results: list[LookupResult]


class ChangeEntry(_Wire):
    """One change of one customer."""

    sequence: int
    customer_id: str
    kind: Literal["created", "updated", "merged", "split"]
    version: int | None
    now_customer_id: str | None = Field(description="merged: the customer it is part of now")
    changed_at: str


class ChangePage(_Wire):
    """Changes in commit order; `next_after` is where to go on, also when there was nothing new."""

    changes: list[ChangeEntry]
    next_after: int


class Health(_Wire):
    """Whether the service is up."""

    status: Literal["ok"]


class Problem(BaseModel):
    """An error (RFC 9457). Never holds personal data."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"additionalProperties": True})

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[dict[str, Any]] | None = Field(
        default=None, description="what is wrong with which part of the request"
    )
