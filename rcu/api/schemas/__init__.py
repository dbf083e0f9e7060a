"""What goes over the wire: documented here, written once by the services and handed out as stored."""

from __future__ import annotations

from rcu.api.schemas.base import Problem, Wire
from rcu.api.schemas.decisions import (
    DecisionEntry,
    DecisionList,
    DecisionMade,
    DecisionPreview,
    DecisionRequest,
    DecisionWords,
)
from rcu.api.schemas.events import EventsRequest, EventsTaken
from rcu.api.schemas.history import CustomerHistory
from rcu.api.schemas.listing import CustomerExport, CustomerPage, CustomerQuery
from rcu.api.schemas.models import CustomerBecoming, CustomerCounts, ModelComparison, ModelName
from rcu.api.schemas.profile import (
    Address,
    Aggregates,
    Beaten,
    ChosenProfile,
    Consent,
    ContactPoint,
    DataQuality,
    Golden,
    Household,
    HouseholdMembers,
    OrderAggregates,
    Part,
    Profile,
    Provenance,
    Rfm,
    Score,
    Scores,
    SourceRecord,
)
from rcu.api.schemas.reading import (
    ChangeEntry,
    ChangePage,
    Health,
    Identifier,
    LookupRequest,
    LookupResponse,
    LookupResult,
)
from rcu.api.schemas.records import NamedRecordForm, RecordReason, RecordsRequest, UpsertedRecord, UpsertedRecords

__all__ = [
    "Address",
    "Aggregates",
    "Beaten",
    "ChangeEntry",
    "ChangePage",
    "ChosenProfile",
    "Consent",
    "ContactPoint",
    "CustomerBecoming",
    "CustomerCounts",
    "CustomerExport",
    "CustomerHistory",
    "CustomerPage",
    "CustomerQuery",
    "DataQuality",
    "DecisionEntry",
    "DecisionList",
    "DecisionMade",
    "DecisionPreview",
    "DecisionRequest",
    "DecisionWords",
    "EventsRequest",
    "EventsTaken",
    "Golden",
    "Health",
    "Household",
    "HouseholdMembers",
    "Identifier",
    "LookupRequest",
    "LookupResponse",
    "LookupResult",
    "ModelComparison",
    "ModelName",
    "NamedRecordForm",
    "OrderAggregates",
    "Part",
    "Problem",
    "Profile",
    "Provenance",
    "RecordReason",
    "RecordsRequest",
    "Rfm",
    "Score",
    "Scores",
    "SourceRecord",
    "UpsertedRecord",
    "UpsertedRecords",
    "Wire",
]
