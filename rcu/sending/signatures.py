"""Signatures as in Standard Webhooks, https://github.com/standard-webhooks/standard-webhooks (specification 1.0.0)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Final

_PREFIX: Final = "whsec_"


def shown_secret(secret: bytes) -> str:
    """A secret as it is shown to whoever verifies with it."""
    return _PREFIX + base64.b64encode(secret).decode()


def signed(secrets: Iterable[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that go with a message; signed with each secret, so that one can be replaced by another.

    Args:
        secrets: what it is signed with.
        message_id: the same each time the message is sent.
        at: the instant of this attempt.
        body: as it is sent, byte for byte.
    """
    timestamp = str(int(at.timestamp()))
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    signatures = (hmac.new(secret, content, hashlib.sha256).digest() for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signatures),
    }
