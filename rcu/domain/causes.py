"""Why a customer became what it is: the run, record or decision that changed it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CauseKind(StrEnum):
    """What can change a customer.

    RUN: a run, and with it what was imported before it. RECORD: records that were sent one by one. DECISION, UNDO,
    APPROVE: what somebody decided.
    """

    RUN = "run"
    RECORD = "record"
    DECISION = "decision"
    UNDO = "undo"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class Cause:
    """What changed a customer.

    Attributes:
        kind: what it was.
        number: of the run or the decision; records that are sent have none.
        actor: who sent the record or decided, where that is known.
    """

    kind: CauseKind
    number: int | None = None
    actor: str | None = None
