"""RCU, a Référentiel Client Unique: one golden record per customer."""

__version__ = "0.1.0"
