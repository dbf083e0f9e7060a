"""Ingest: what a source delivers becomes batches of rows, each accepted or refused with its reason."""

from rcu.ingest.connector import Connector, Description
from rcu.ingest.contract import Contract, load_contract, shipped_contracts
from rcu.ingest.flatfile import FlatFileConnector
from rcu.ingest.prestashop import ELEMENT, PrestashopConnector
from rcu.ingest.registry import KINDS, connector

__all__ = [
    "ELEMENT",
    "KINDS",
    "Connector",
    "Contract",
    "Description",
    "FlatFileConnector",
    "PrestashopConnector",
    "connector",
    "load_contract",
    "shipped_contracts",
]
