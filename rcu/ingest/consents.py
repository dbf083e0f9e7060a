"""Read the consents a row of a flat file carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from rcu.domain.intake import LINE, Entity
from rcu.ingest.contract import ConsentRule
from rcu.ingest.fields import Filling
from rcu.ingest.frames import frame_of
from rcu.ingest.table import Mask, large_text, mapped, text_series

Consents = dict[str, "pd.Series[Any]"]


def read_consents(filling: Filling, *, owner: str) -> list[Consents]:
    """Read every consent rule over the whole chunk; `owner` is the field with the record's id.

    A row without a contact or without a known state says nothing: it is dropped later, with the faulty rows.
    """
    return [_read(filling, rule, owner) for rule in filling.contract.consents]


def consent_frame(read: Sequence[Consents], sound: Mask) -> pd.DataFrame:
    """Put the consents of the sound rows in one frame, in the order of the file."""
    kept = [_kept(columns, sound) for columns in read]
    frames = [frame_of(Entity.CONSENT, columns, size=len(columns[LINE])) for columns in kept]
    joined = pd.concat(frames, ignore_index=True)
    return joined.sort_values(LINE, kind="stable", ignore_index=True)


def _read(filling: Filling, rule: ConsentRule, owner: str) -> Consents:
    table = filling.table
    states, _ = mapped(table.trimmed(filling.column(rule.state.column)), dict(rule.state.values))
    state = text_series(states)
    granted = _first_time(filling, rule.granted_at)
    denied = _first_time(filling, rule.denied_at)
    size = len(table.lines)
    return {
        LINE: pd.Series(table.lines, dtype="Int64"),
        "record_native_id": filling.series[owner],
        "contact_kind": _same("email" if rule.contact == "email" else "phone", size),
        "contact_raw": filling.series[rule.contact],
        "channel": _same(rule.channel, size),
        "purpose": _same(rule.purpose, size),
        "state": state,
        "occurred_at": granted.where(state.eq("granted").fillna(value=False), denied),
        "basis": _same(rule.basis, size),
        "evidence": _evidence(filling, rule.evidence),
    }


def _first_time(filling: Filling, columns: Sequence[str]) -> pd.Series[Any]:
    found: pd.Series[Any] = pd.Series(pd.NaT, index=range(len(filling.table.lines)), dtype="datetime64[us, UTC]")
    for name in columns:
        found = found.fillna(filling.times([filling.column(name)]))
    return found


def _evidence(filling: Filling, names: Sequence[str]) -> pd.Series[Any]:
    columns = [(name, filling.table.trimmed(filling.column(name)).to_pylist()) for name in names]
    size = len(filling.table.lines)
    texts = [
        "; ".join(f"{name} {values[place]}" for name, values in columns if values[place]) or None
        for place in range(size)
    ]
    return text_series(large_text(texts))


def _same(value: str, size: int) -> pd.Series[Any]:
    return pd.Series([value] * size, dtype="str")


def _kept(columns: Consents, sound: Mask) -> Consents:
    told = columns["state"].notna().to_numpy() & columns["contact_raw"].notna().to_numpy()
    places = np.flatnonzero(sound & told)
    return {name: column.iloc[places].reset_index(drop=True) for name, column in columns.items()}
