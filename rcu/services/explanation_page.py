"""An explanation as one HTML page that stands alone: words, waterfalls, how the customer was built. No script."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from rcu.errors import InputError
from rcu.matching.explain import Explanation
from rcu.matching.unions import Outcome
from rcu.services.explaining import PairTold, RecordTold
from rcu.services.pages import template


@dataclass(frozen=True, slots=True)
class Stave:
    """One row of a waterfall: `left` and `width` of its bar in percent of the chart."""

    name: str
    says: str
    one: str
    other: str
    bits: float
    left: float
    width: float


def staves(told: Explanation) -> tuple[Stave, ...]:
    """The bars of one pair's waterfall, on one scale that shows 0."""
    rungs = told.waterfall
    ends = [0.0, *(rung.end for rung in rungs)]
    low, span = min(ends), max(max(ends) - min(ends), 1.0)
    values = {step.comparison: (step.left, step.right) for step in told.steps}
    return tuple(
        Stave(
            rung.name, rung.says, *values.get(rung.name, ("", "")), bits=rung.bits,
            left=100 * (min(rung.start, rung.end) - low) / span, width=max(100 * abs(rung.bits) / span, 0.5),
        )
        for rung in rungs
    )  # fmt: skip


def render_page(told: PairTold | RecordTold) -> str:
    """Render the page of a pair or of a record."""
    pairs = [told] if isinstance(told, PairTold) else told.nearest
    record = told if isinstance(told, RecordTold) else None
    steps = record.steps if record else ()
    return template("explanation.html.j2").render(
        record=record,
        pairs=[(pair, staves(pair.explanation)) for pair in pairs],
        joined=[step for step in steps if step.outcome is Outcome.JOINED],
        refused=[step for step in steps if step.outcome is Outcome.REFUSED],
    )


def write_page(told: PairTold | RecordTold, path: Path) -> None:
    """Write the page, whole or not at all.

    Raises:
        InputError: it cannot be written there.
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".rcu-") as scratch:
            made = Path(scratch) / path.name
            made.write_text(render_page(told), encoding="utf-8")
            made.replace(path)
    except OSError as error:
        msg = f"cannot write {path.name}: {error.strerror}"
        raise InputError(msg, hint="give another --html file") from None
