"""A profile as it goes over the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rcu.api.schemas.base import Wire


class Address(Wire):
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


class Golden(Wire):
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


class Beaten(Wire):
    """A value that did not survive, and why."""

    record: str
    values: dict[str, str]
    because: str


class Provenance(Wire):
    """Where a group of fields came from: a record, or a steward's decision."""

    record: str | None = Field(default=None, description="source:native_id of the record that gave it")
    source: Literal["steward"] | None = Field(default=None, description="where no record gave it: a steward set it")
    decision: int | None = Field(default=None, description="the number of that decision")
    actor: str | None = Field(default=None, description="who decided")
    same: list[str] = Field(default_factory=list[str], description="records that say the same")
    beat: list[Beaten] = Field(default_factory=list[Beaten])


class Consent(Wire):
    """The word in force for one channel and purpose."""

    channel: str
    purpose: str
    state: Literal["granted", "denied"]
    basis: str | None = None
    evidence: str | None = None
    occurred_at: str | None = None
    record: str


class ContactPoint(Wire):
    """A mailbox or number, the golden one of each kind first."""

    kind: Literal["email", "mobile", "landline"]
    value: str
    quality: str
    records: list[str]
    consents: list[Consent] = Field(default_factory=list[Consent], description="absent without the scope `consent`")


class Part(Wire):
    """Orders of one channel or store."""

    orders: int
    net_revenue: str


class OrderAggregates(Wire):
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


class Aggregates(Wire):
    """What the events add up to."""

    orders: list[OrderAggregates]
    last_email_click_at: str | None


class Score(Wire):
    """A score and its reason in words."""

    value: int
    reason: str


class DataQuality(Score):
    """How complete, valid and fresh the golden record is (0 to 100)."""

    completeness: float
    validity: float
    freshness: float


class Rfm(Wire):
    """Quintiles among all buyers, 5 is best; null for a customer who never bought."""

    recency: Score
    frequency: Score
    monetary: Score


class Scores(Wire):
    """All scores."""

    rfm: Rfm | None
    data_quality: DataQuality


class WhyHousehold(Wire):
    """Why customers are a household."""

    code: Literal["name_and_address"]
    says: str = Field(description="the same in words")
    groups: list[str] = Field(
        description="the groups of fields it leans on; `provenance` names the records behind them"
    )


class Household(Wire):
    """Customers who belong together without being one person."""

    household_id: str = Field(description="the id of its oldest member")
    members: list[str]
    reason: WhyHousehold | None = Field(default=None, description="absent from documents of earlier versions")


class SourceRecord(Wire):
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


class Profile(Wire):
    """One customer. Members outside the key's scopes are absent."""

    customer_id: str
    golden: Golden | None = None
    provenance: dict[str, Provenance] | None = None
    contact_points: list[ContactPoint] | None = None
    aggregates: Aggregates | None = None
    scores: Scores | None = None
    household: Household | None = None
    records: list[SourceRecord] | None = None


class ChosenProfile(BaseModel):
    """With `fields`: those members of a profile that were chosen, and of them what was. All else is left out."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": True})

    customer_id: str


class HouseholdMembers(Wire):
    """The household of a customer, with its members as far as the key may read."""

    customer_id: str = Field(description="the customer that was asked about")
    household_id: str
    reason: WhyHousehold | None
    members: list[Profile] = Field(description="the oldest first")
