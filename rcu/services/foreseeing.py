"""What a rebuild would change: worked out on the side from one instant of the database, nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import orjson
import pandas as pd

from rcu.errors import InputError
from rcu.matching.arrays import Index
from rcu.matching.compare import Agreement, Change, compare
from rcu.matching.model import MatchModel
from rcu.services.identity import resolve
from rcu.services.models_diff import CustomerChanges, changes_told
from rcu.store import identity as rows
from rcu.store.engine import Store

COLUMNS: Final = ("customer_id", "change", "keeps_id", "becomes", "records")
"""The columns of a list of changes; several ids or records have spaces between."""


@dataclass(frozen=True, slots=True)
class Becoming:
    """What would become of one customer.

    Attributes:
        customer_id: the customer as it is.
        change: merged (with others into one), split (into several, with nobody else), or rearranged (both at once).
        keeps_id: whether one of those it becomes has its id; otherwise the id answers with the customer it is part of.
        becomes: the ids of the customers its records would belong to, the oldest first.
        records: its records, `source:native_id`, the oldest first.
    """

    customer_id: str
    change: Change
    keeps_id: bool
    becomes: tuple[str, ...]
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a rebuild with a model would do to the customers there are.

    `counts` are of before and after; `customers` are all that would change, the oldest first. `waiting` records that no
    run has taken on belong to nobody, and are not in either.
    """

    model: MatchModel
    waiting: int
    counts: CustomerChanges
    customers: tuple[Becoming, ...]


def foresee(store: Store, model: MatchModel) -> Foreseen:
    """Work out the customers of all records with a model, beside those that are stored; others may go on writing.

    Raises:
        ConfigurationError: when it compares columns that records do not have.
    """
    with store.snapshot() as still:
        identity = resolve(still, model)
        stored = rows.stored_memberships(still)
        named = rows.names(still).to_pandas().set_index("record_id")
    known = stored["record_id"].to_numpy()
    before = stored["cluster_id"].to_numpy()
    after = identity.cluster_ids[np.searchsorted(identity.record_ids, known)]
    keys = (named["source"] + ":" + named["native_id"]).reindex(known).to_numpy(dtype=object)
    found = compare(before, after)
    changed = np.array([change is not Change.SAME for change in found.change], dtype=bool)[found.group]
    moves = pd.DataFrame({"before": before, "after": after, "key": keys, "group": found.group}).loc[changed]
    born = dict(zip(named.index.tolist(), named["birth_id"].tolist(), strict=True))
    return Foreseen(
        model=model,
        waiting=len(identity.record_ids) - len(known),
        counts=changes_told(found, keys, before, after=after),
        customers=tuple(_becoming(moves, born, found)),
    )


def _becoming(moves: pd.DataFrame, born: Mapping[int, str], found: Agreement) -> Iterator[Becoming]:
    for cluster, mine in moves.groupby("before", sort=True):
        ends: Index = np.unique(mine["after"].to_numpy(dtype=np.int64))
        customer_id = born[int(str(cluster))]
        becomes = tuple(born[end] for end in ends.tolist())
        change = found.change[int(mine["group"].iloc[0])]
        yield Becoming(customer_id, change, customer_id in becomes, becomes, tuple(mine["key"].tolist()))


def write_changes(path: Path, changes: Iterable[Becoming]) -> None:
    """Write a list of changes as CSV, or as JSON lines where the file is called so.

    Raises:
        InputError: the file is of neither kind, or cannot be written.
    """
    match path.suffix.lower():
        case ".csv":
            content = _csv(changes)
        case ".ndjson" | ".jsonl":
            content = b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in changes)
        case _:
            msg = f"{path}: neither .csv nor .ndjson"
            raise InputError(msg, hint="name the file of changes so")
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        msg = f"{path}: cannot be written"
        raise InputError(msg) from None


def _csv(changes: Iterable[Becoming]) -> bytes:
    told = [
        (one.customer_id, one.change.value, one.keeps_id, " ".join(one.becomes), " ".join(one.records))
        for one in changes
    ]
    return pd.DataFrame(told, columns=list(COLUMNS)).to_csv(index=False).encode()
