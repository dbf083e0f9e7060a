"""Records that are sent one by one, and what became of them."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from rcu.api.schemas.base import Wire
from rcu.api.schemas.cases import CaseKindName
from rcu.api.schemas.profile import Profile
from rcu.services.record_form import KeyPart, RecordForm


class NamedRecordForm(RecordForm):
    """A record with its key."""

    model_config = ConfigDict(json_schema_extra={})  # the example without a key would be none

    source: KeyPart
    native_id: KeyPart


class RecordsRequest(Wire):
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


class RecordReason(Wire):
    """A record it belongs with, or may; keys and words, no values."""

    record: str
    customer_id: str = Field(description="the customer that record belongs to")
    probability: float = Field(description="that both are the same person")
    says: list[str] = Field(description="what agrees or differs, the weightiest first")


class OpenedCase(Wire):
    """A case that was opened; in a dry run there is none by that number."""

    case_id: int
    kind: CaseKindName


class UpsertedRecord(Wire):
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
    cases: list[OpenedCase] = Field(description="cases about its customer that were opened")
    customer: Profile | None = Field(default=None, description="with `profile=true`; absent otherwise")


class UpsertedRecords(Wire):
    """What became of each record, in the order of the request."""

    results: list[UpsertedRecord]
