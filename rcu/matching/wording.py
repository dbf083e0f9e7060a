"""An explanation in words, for someone who knows no statistics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rcu.matching.explain import NOTHING_TO_COMPARE, Explanation, Rival, Step, Verdict

STRENGTHS: Final = ((10.0, "very strong"), (5.0, "strong"), (2.0, "fair"), (0.5, "weak"))
"""From how many bits on evidence is called so: 10 bits make something about 1,000 times as likely."""
_SAYS_LITTLE: Final = 0.5
_RULES_OUT: Final = 2.0

_VERDICTS: Final = {
    Verdict.MATCH: "One person: they are joined automatically.",
    Verdict.POSSIBLE_MATCH: "Perhaps one person: left to a steward.",
    Verdict.NO_MATCH: "Not one person, as far as these values tell.",
}


def strength(bits: float) -> str | None:
    """How strong so many bits of evidence are, for or against; None for next to nothing."""
    return next((name for least, name in STRENGTHS if abs(bits) >= least), None)


def in_words(told: Explanation) -> tuple[str, ...]:
    """Sentences that say the verdict, what it rests on, and what was not known."""
    known = [step for step in told.steps if step.says != NOTHING_TO_COMPARE]
    nothing = [step.comparison for step in told.steps if step.says == NOTHING_TO_COMPARE]
    sentences = [
        _VERDICTS[told.verdict],
        *(f"Whatever else agrees, a machine never joins two records with {says}." for says in told.contradictions),
        _shared(told, known),
        _listed(f"For one person rather than {told.rival}", told, known, sign=1) or "Nothing speaks for one person.",
        _listed(f"For {told.rival}", told, known, sign=-1),
        f"Not known of both: {_and(nothing)}." if nothing else "",
    ]
    return tuple(sentence for sentence in sentences if sentence)


def _listed(head: str, told: Explanation, known: Iterable[Step], *, sign: int) -> str:
    """The steps that speak one way, the strongest first."""
    heard = [(told.against_rival(step) * sign, step) for step in known]
    ordered = sorted((one for one in heard if one[0] >= _SAYS_LITTLE), key=lambda one: -one[0])
    parts = [f"{step.says} ({_note(step, bits)})" for bits, step in ordered]
    return f"{head}: {_and(parts)}." if parts else ""


def _note(step: Step, bits: float) -> str:
    rarity = f", {_one_in(step.share)}" if step.share else ""
    return f"{strength(bits)}{rarity}"


def _one_in(share: float) -> str:
    """A share of people in round numbers."""
    people = 1 / share
    digits = 10 ** max(len(str(int(people))) - 2, 0)
    return f"about one person in {round(people / digits) * digits:,} has it"


def _shared(told: Explanation, known: Iterable[Step]) -> str:
    """What two people of one household share as well: it rules strangers out and tells no more."""
    if told.rival is not Rival.HOUSEHOLD:
        return ""
    common = [step.says for step in known if step.strangers >= _RULES_OUT and abs(step.household) < _SAYS_LITTLE]
    return f"No strangers, but within a household it says nothing: {_and(common)}." if common else ""


def _and(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
