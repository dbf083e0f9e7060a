"""The tables, one schema for both databases.

Money is held in minor units (cents) as whole numbers, so sums are exact on both databases; instants are UTC.
Text that is only ever handed out whole (profile documents, raw rows) is text. Names of people, phones and the like
are only in `records`, `raw_batches`, `quarantine`, `consents`, `customers`, `customer_history`, `decision_values` and
`overrides`.
"""

from __future__ import annotations

from rcu.store.tables.access import access_log, api_key_secrets, api_keys
from rcu.store.tables.base import BigInt, metadata
from rcu.store.tables.cases import case_customers, case_events, cases, weak_customers
from rcu.store.tables.history import customer_history, memberships_before
from rcu.store.tables.identity import (
    blocking_keys,
    cluster_quality,
    decision_links,
    decision_records,
    decisions,
    identifier_frequency,
    links,
    match_models,
    memberships,
    model_adoptions,
    records,
    records_before,
    steward_links,
    value_counts,
    waiting,
)
from rcu.store.tables.intake import consents, event_lines, events, quarantine, raw_batches, raw_files, sources
from rcu.store.tables.overrides import decision_values, overrides
from rcu.store.tables.profiles import (
    aggregates,
    change_counter,
    changes,
    customers,
    idempotency_keys,
    runs,
    scores,
    secrets,
)
from rcu.store.tables.webhooks import deliveries, webhooks

__all__ = [
    "BigInt",
    "access_log",
    "aggregates",
    "api_key_secrets",
    "api_keys",
    "blocking_keys",
    "case_customers",
    "case_events",
    "cases",
    "change_counter",
    "changes",
    "cluster_quality",
    "consents",
    "customer_history",
    "customers",
    "decision_links",
    "decision_records",
    "decision_values",
    "decisions",
    "deliveries",
    "event_lines",
    "events",
    "idempotency_keys",
    "identifier_frequency",
    "links",
    "match_models",
    "memberships",
    "memberships_before",
    "metadata",
    "model_adoptions",
    "overrides",
    "quarantine",
    "raw_batches",
    "raw_files",
    "records",
    "records_before",
    "runs",
    "scores",
    "secrets",
    "sources",
    "steward_links",
    "value_counts",
    "waiting",
    "weak_customers",
    "webhooks",
]
