"""Make connectors by kind, from settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rcu.errors import ConfigurationError
from rcu.ingest import flatfile, prestashop
from rcu.ingest.connector import Connector
from rcu.ingest.contract import Contract, load_contract, shipped_contracts

KINDS: Final = (flatfile.KIND, prestashop.KIND)
"""The kinds of connectors RCU has."""


def connector(
    kind: str,
    *,
    name: str,
    contracts: Sequence[Contract | Path | str] = (),
    time_zone: str = "Europe/Paris",
) -> Connector:
    """Make the connector of a source called `name`.

    `contracts` are for `flatfile`: contracts, paths of contract files, or names of shipped ones (`till_clients`).
    `time_zone` is for `prestashop`, whose times are written without one.

    Raises:
        ConfigurationError: no such kind or contract, or a contract that cannot be used.
    """
    if kind == flatfile.KIND:
        if not contracts:
            msg = f"source {name} reads flat files but has no contract"
            raise ConfigurationError(msg)
        return flatfile.FlatFileConnector(name, tuple(_contract(one) for one in contracts))
    if kind == prestashop.KIND:
        return prestashop.PrestashopConnector(name, time_zone=time_zone)
    msg = f"no kind of connector {kind}"
    raise ConfigurationError(msg, hint=f"kinds: {', '.join(KINDS)}")


def _contract(given: Contract | Path | str) -> Contract:
    if isinstance(given, Contract):
        return given
    if isinstance(given, Path):
        return load_contract(given)
    shipped = shipped_contracts()
    if given not in shipped:
        msg = f"no shipped contract {given}"
        raise ConfigurationError(msg, hint=f"shipped: {', '.join(shipped)}")
    return shipped[given]
