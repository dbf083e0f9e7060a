"""What one customer is made of, over the wire: records, events, consents, and why the records are one person."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from rcu.api.schemas.base import Wire
from rcu.api.schemas.profile import Address, HouseholdMembers, Profile

MOST_OF_PAGE: Final = 200
"""Records or events of one page."""
_WORD: Final = "[a-z][a-z_]{0,39}"


class NoteTold(Wire):
    """What cleaning did to a value, or holds against it."""

    code: str
    says: str


class CustomerRecord(Wire):
    """One record as it was cleaned. A value that is not there is absent; how to reach anybody needs `contact`."""

    source: str
    native_id: str
    record_id: str = Field(description="the id given to the record when it first arrived; answers for ever")
    store: str | None = None
    record_kind: str | None = None
    civility: str | None = None
    gender: str | None = None
    likely_gender: str | None = Field(default=None, description="the sex nearly all bearers of the first name have")
    first_name: str | None = None
    last_name: str | None = None
    birth_name: str | None = None
    company: str | None = None
    birth_date: str | None = None
    loyalty_number: str | None = None
    email: str | None = None
    email_kind: str | None = Field(default=None, description="personal, role or disposable")
    email_suggestion: str | None = Field(default=None, description="the address meant where its domain is misspelt")
    mobile: str | None = None
    landline: str | None = None
    other_phones: str | None = Field(default=None, description="E.164, with spaces between")
    address: Address | None = None
    quality: dict[str, str] = Field(description="by field: valid, repaired, suspect, junk or missing")
    notes: dict[str, list[NoteTold]] = Field(description="by field")
    is_guest: bool
    deleted: bool = Field(description="the source said so")
    absent: bool = Field(description="not in the source's last full export")
    created_at: str | None = None
    updated_at: str | None = None
    address_updated_at: str | None = Field(default=None, description="of an address that came by itself")
    arrived_at: str


class CustomerRecords(Wire):
    """Records of one customer, the oldest first."""

    customer_id: str
    records: list[CustomerRecord]
    next_cursor: str | None = Field(description="give it back for the next page; null at the end")


class EventsQuery(Wire):
    """Which events of a customer."""

    kind: str | None = Field(
        default=None,
        pattern=f"^{_WORD}(,{_WORD})*$",
        max_length=200,
        description="only these kinds, with commas between: order, return, email_click ...",
        examples=["order,return"],
    )
    since: str | None = Field(
        default=None,
        max_length=40,
        description="an instant with its offset: only what happened then or later",
        json_schema_extra={"format": "date-time"},
    )
    expand: Literal["lines"] | None = Field(default=None, description="with the lines of orders and returns")
    cursor: str | None = Field(default=None, max_length=200, description="next_cursor of the page before")
    limit: int = Field(default=50, ge=1, le=MOST_OF_PAGE)


class CustomerEventLine(Wire):
    """One line of an order or return; money as decimal text in the currency of the event."""

    line_number: int
    product_id: str | None = None
    label: str | None = None
    category: str | None = None
    quantity: str
    unit_price: str | None = None
    discount: str | None = None
    amount: str


class CustomerEvent(Wire):
    """One event. Money is decimal text; a return's is negative."""

    event: str = Field(description="source:native_id")
    record: str = Field(description="the record it is of")
    kind: str = Field(description="order, return, or email_ and what was done")
    channel: str
    store: str | None = None
    label: str | None = Field(default=None, description="the campaign of an email event")
    occurred_at: str
    currency: str | None = None
    amount: str | None = None
    discount: str | None = None
    shipping: str | None = None
    cancelled: bool = Field(description="aggregates leave it out")
    related: str | None = Field(default=None, description="the order a return is of")
    lines: list[CustomerEventLine] | None = Field(default=None, description="with `expand=lines`; absent otherwise")
    more_lines: Literal[True] | None = Field(default=None, description="there are more lines than are given")


class CustomerEvents(Wire):
    """Events of one customer, the newest first."""

    customer_id: str
    events: list[CustomerEvent]
    next_cursor: str | None = Field(description="give it back for older ones; null at the end")


class ConsentEntry(Wire):
    """One thing that was said of a consent."""

    state: Literal["granted", "denied"]
    basis: str | None = None
    evidence: str | None = None
    occurred_at: str | None = None
    recorded_at: str
    record: str = Field(description="source:native_id of the record that said it")
    in_force: bool


class CustomerConsent(Wire):
    """What is permitted on one contact point, by channel and purpose, and what that follows from."""

    contact: str = Field(description="email or phone")
    value: str | None = Field(default=None, description="the mailbox or number, with the scope `contact`")
    channel: str
    purpose: str
    state: Literal["granted", "denied"]
    entries: list[ConsentEntry] = Field(description="the newest first")
    left_out: int = Field(description="older entries that are not told")


class CustomerConsents(Wire):
    """The ledger of one customer's consents."""

    customer_id: str
    consents: list[CustomerConsent]
    left_out: int = Field(description="consents that are not told")


class HeldLink(Wire):
    """Two records and how alike they are; `weight` is log2 odds. Words, never values, the weightiest first."""

    left: str
    right: str
    weight: float | None = None
    probability: float | None = None
    agrees: list[str] | None = None
    differs: list[str] | None = None


class InsideLink(HeldLink):
    """A link inside the customer."""

    joins: bool = Field(description="heavy enough to join by itself, with nothing against it")


class RefusedLink(HeldLink):
    """A link to another customer that was not followed."""

    customer_id: str = Field(description="the other customer")
    because: list[str]


class HeldDecision(Wire):
    """A decision in force that ties records together or keeps them apart; records by key."""

    decision_id: int
    kind: str
    actor: str
    decided_at: str
    together: list[list[str]]
    apart: list[list[str]]
    reason: str | None = Field(default=None, description="with the scope `steward`")


class CustomerExplanation(Wire):
    """Why the records of a customer are one person."""

    customer_id: str
    records: list[str] = Field(description="source:native_id, the oldest first")
    links: list[InsideLink] = Field(description="the heaviest first")
    refused: list[RefusedLink] = Field(description="the heaviest first")
    decisions: list[HeldDecision]
    more_links: bool = Field(description="there are lighter ones")
    more_records: bool = Field(description="there are younger ones, which are not looked at")


class Beside(Wire):
    """What is beside a profile, as far as it was asked for and the key's scopes open it."""

    household: HouseholdMembers | None = Field(default=None, description="null for who is alone")
    events: CustomerEvents | None = Field(default=None, description="the newest 20")


class ExpandedProfile(Profile):
    """A profile, with `expand` what is beside it."""

    expanded: Beside | None = Field(default=None, description="with `expand`; absent otherwise")
