"""Settings, from the environment (RCU_*) and a `.env` file; read by the CLI, the API and the services only."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

SEARCH_PER_MINUTE: Final = 300


class Settings(BaseSettings):
    """Everything that can be set from outside."""

    model_config = SettingsConfigDict(env_prefix="RCU_", env_file=".env", extra="ignore", frozen=True)

    database_url: str = Field(default="sqlite:///var/rcu.db", description="sqlite:///file or postgresql://...")
    model: str = Field(default="french_retail", description="a shipped matching model, or the path of one")
    shop_names: tuple[str, ...] = Field(default=(), description="names of your shops: never a customer's name")
    own_domains: tuple[str, ...] = Field(default=(), description="your own mail domains: never a customer's mailbox")
    junk_folder: Path | None = Field(
        default=None, description="a folder of lists of your own placeholders: junk_names.txt, junk_phones.txt ..."
    )
    century_pivot: int = Field(default=26, ge=0, le=99, description="two-digit years up to this are 20xx")
    four_eyes_records: int | None = Field(
        default=None, ge=1, description="a merge of more records than this waits for a second person"
    )
    four_eyes_revenue: int | None = Field(
        default=None, ge=0, description="so does one of customers with more net revenue together, in whole units"
    )
    case_records: int = Field(
        default=20, ge=1, description="a customer with more records than this is a case for a steward"
    )
    keep_changes_days: int = Field(default=30, ge=30, description="so long the change feed goes back")
    deliver: bool = Field(default=True, description="whether `rcu serve` tells webhooks")
    webhook_private: bool = Field(
        default=False, description="whether webhooks may be within your own net, and without TLS"
    )
    search_per_minute: int = Field(
        default=SEARCH_PER_MINUTE, ge=1, description="so often may a key search in a minute, in each server process"
    )
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
