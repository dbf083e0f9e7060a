"""Some thousand records of customers at a time, as Arrow, and the customers they make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby
from typing import Any

import pyarrow as pa

from rcu.services.documents import Row
from rcu.services.projection import Material, Projected, project_one


@dataclass(frozen=True, slots=True)
class Piece:
    """What some customers are made of, each table by cluster_id; see `projection.Material`."""

    members: pa.Table
    consents: pa.Table
    cells: pa.Table


def projected(piece: Piece) -> list[Projected]:
    """Work out the customers of a piece, by cluster_id."""
    consents = _by_cluster(piece.consents)
    cells = _by_cluster(piece.cells)
    return [
        project_one(cluster, Material(list(mine), consents.get(cluster, []), cells.get(cluster, [])))
        for cluster, mine in groupby(_dictionaries(piece.members), key=_cluster_id)
    ]


def _by_cluster(content: pa.Table) -> dict[int, list[Row]]:
    return {cluster: list(mine) for cluster, mine in groupby(_dictionaries(content), key=_cluster_id)}


def _cluster_id(row: Row) -> int:
    return row["cluster_id"]


def _dictionaries(content: pa.Table) -> Iterator[Row]:
    names = content.column_names
    for row in zip(*(_values(column) for column in content.columns), strict=True):
        yield dict(zip(names, row, strict=True))


def _values(column: Any) -> list[Any]:  # noqa: ANN401  # ChunkedArray, generic only in its stubs
    """A column as Python values, None for missing, instants aware; through numpy, which is faster than Arrow alone."""
    if pa.types.is_timestamp(column.type):
        instants = column.cast(pa.timestamp("us")).to_numpy().astype(object).tolist()
        return [None if instant is None else instant.replace(tzinfo=UTC) for instant in instants]
    if pa.types.is_string(column.type) or not column.null_count:
        return column.to_numpy().tolist()
    return column.to_pylist()
