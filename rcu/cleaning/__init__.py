"""Cleaning: raw text as a source wrote it becomes standard, comparable text, column by column."""

from rcu.cleaning.settings import CleaningSettings
from rcu.cleaning.standardise import standardise

__all__ = ["CleaningSettings", "standardise"]
