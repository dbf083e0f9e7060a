"""What is a person's own is told from what his family shares by what goes with what."""

import numpy as np
import pandas as pd
import pytest

from rcu.matching.auto import Kind, Trait, plan


def households(count: int = 200) -> pd.DataFrame:
    """Two to a house: one surname and number, first names that tell the sex."""
    rng = np.random.default_rng(5)
    house = np.arange(2 * count) // 2
    first = rng.integers(0, 30, 2 * count)
    return pd.DataFrame(
        {"first": [f"NAME{n}" for n in first], "last": [f"LAST{n % 150}" for n in house],
         "sex": ["FM"[n % 2] for n in first], "house": [str(n * 7 % 90) for n in house],
         "mail": [f"box{n}@x.org" for n in range(2 * count)]},
        dtype=object,
    )  # fmt: skip


FIRST, LAST = Trait("first", Kind.FIRST_NAME), Trait("last", Kind.LAST_NAME)
SEX, HOUSE = Trait("sex", Kind.CATEGORY), Trait("house", Kind.NUMBER)


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        pytest.param([FIRST, LAST, SEX, HOUSE], [{"first", "sex"}], id="sex with the name, number with the house"),
        pytest.param([FIRST, LAST], [{"first"}], id="names alone"),
        pytest.param([LAST, Trait("mail", Kind.EMAIL)], [{"mail"}], id="nothing of his own: what has most values"),
        pytest.param([FIRST], [], id="one column tells nothing"),
        pytest.param(
            [FIRST, LAST, Trait("mail", Kind.EMAIL, repeats="mail~named")],
            [{"first"}, {"first", "mail"}],
            id="a mailbox after both names is seen both ways",
        ),
    ],
)
def test_columns_are_parted(traits: list[Trait], expected: list[set[str]]) -> None:
    frame = households().assign(**{"mail~named": None})
    ways = plan(frame, traits).own
    assert [{name for name in way if "~" not in name} for way in ways] == expected
