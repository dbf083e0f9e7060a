"""Who is whom, told as tables: what arrives, what people decide, and the state each step leaves.

The cases are those the FHIR world agrees on (HAPI FHIR's tests of its master data management: no candidate, one,
several, possible, redirected, manual links), in this service's words.

    arrives A A2        records are delivered, and a run follows
    merge A B           somebody decides so, and a run follows; likewise not_same, and undo with a decision's number
    A+A2 | B            the customers there are, by their records
    A ~ N               two customers, and a possible match between them
    A x H               two customers, and no link at all
    A2 -> A             the id that record was born with answers with the customer named after the other
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import and_, or_, select

from rcu.domain.decisions import DecisionKind
from rcu.services.asking import Ask
from rcu.services.deciding import decide, undo
from rcu.services.reading import customer
from rcu.services.verification import verify
from rcu.store.tables import links, records
from tests.conftest import Road, clock
from tests.e2e.test_deliveries import till_file
from tests.e2e.test_road import partition

ADDRESS: Final = "12 RUE DE LA PAIX;;75002;PARIS;FRANCE"
MAIL: Final = "paule.moreau@mail.example.fr"
PEOPLE: Final[Mapping[str, str]] = {
    "A": f"MME;MOREAU;PAULE;;12/03/1980;{ADDRESS};;;{MAIL}",
    "A2": f"MME;MOREAU;PAULE;;;;;;;;;;{MAIL}",
    "A3": "MME;MOREAU;PAULE;;12/03/1980;;;75002;PARIS;FRANCE;;;",
    "N": "MME;MOREAU;PAULE;;;;;;;;;;",
    "P": f"MME;MOREAU;P;;;{ADDRESS};;;",
    "H": f"M.;MOREAU;HENRI;;;{ADDRESS};;;",
    "B": "M.;LEFEVRE;GUSTAVE;;01/02/1955;3 AVENUE FOCH;;69003;LYON;FRANCE;;;g.lefevre@post.example.fr",
    "B2": "M.;LEFEVRE;GUSTAVE;;;;;;;;;;g.lefevre@post.example.fr",
}
"""A2 and A3 are each A, and only perhaps one another; N is perhaps A by the name alone, P by an initial; H is A's
household; B is a stranger."""


class World:
    """A road, told in steps."""

    def __init__(self, road: Road, folder: Path) -> None:
        self._road, self._folder = road, folder
        self._files = 0

    def step(self, text: str) -> None:
        verb, *names = text.split()
        match verb:
            case "arrives":
                self._arrives(names)
            case "merge" | "not_same":
                keys = tuple(f"till:{name}" for name in names)
                decide(
                    self._road.store,
                    Ask(DecisionKind(verb), keys, "anne", "I know them"),
                    clock=clock,
                    model=self._road.model,
                )
            case "undo":
                undo(
                    self._road.store,
                    int(names[0]),
                    actor="anne",
                    reason="I did not",
                    clock=clock,
                    model=self._road.model,
                )
            case _:
                self._holds(text)
                return
        self._road.run()
        assert verify(self._road.store, self._road.model).differences == 0

    def _arrives(self, names: list[str]) -> None:
        self._files += 1
        at = f"{self._files:02d}/06/2025 10:00:00"
        rows = [f"{name};{PEOPLE[name]};;M001;01/01/2024 09:00:00;{at};;;" for name in names]
        self._road.take("till", till_file(self._folder, str(self._files), *rows))

    def _holds(self, text: str) -> None:
        if "->" in text:
            born, now = (self._id(name.strip()) for name in text.split("->"))
            assert customer(self._road.store, born).customer_id == now
        elif "~" in text or " x " in text:
            one, other = text.replace("~", "x").split(" x ")
            assert not any({f"till:{one.strip()}", f"till:{other.strip()}"} <= members for members in self._customers())
            assert self._linked(one.strip(), other.strip()) == ("~" in text)
        else:
            told = {frozenset(f"till:{name.strip()}" for name in part.split("+")) for part in text.split("|")}
            assert self._customers() == told

    def _customers(self) -> set[frozenset[str]]:
        return set(partition(self._road))

    def _id(self, name: str) -> str:
        with self._road.store.read() as connection:
            return connection.execute(select(records.c.birth_id).where(records.c.native_id == name)).scalar_one()

    def _linked(self, one: str, other: str) -> bool:
        left, right = records.alias(), records.alias()
        ways = [and_(left.c.native_id == one, right.c.native_id == other)]
        ways.append(and_(left.c.native_id == other, right.c.native_id == one))
        statement = (
            select(links.c.weight)
            .join(left, left.c.record_id == links.c.left_id)
            .join(right, right.c.record_id == links.c.right_id)
            .where(or_(*ways))
        )
        with self._road.store.read() as connection:
            return connection.execute(statement).first() is not None


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(["arrives A", "A", "A -> A"], id="no candidate: a customer of its own"),
        pytest.param(["arrives A B", "arrives A2", "A+A2 | B", "A2 -> A"], id="one candidate: joined"),
        pytest.param(["arrives A", "arrives A", "A", "A -> A"], id="the same record again: the same customer"),
        pytest.param(
            ["arrives A2 B", "arrives A3", "A2 | A3 | B", "A2 ~ A3", "arrives A", "A2+A3+A | B", "A3 -> A2", "A -> A2"],
            id="several candidates: their customers become one, under the oldest id",
        ),
        pytest.param(["arrives A", "arrives N", "A | N", "A ~ N"], id="possible: two customers, left to a steward"),
        pytest.param(["arrives A P", "A | P", "A ~ P"], id="possible by an initial"),
        pytest.param(["arrives A H", "A | H", "A x H"], id="a household is no person"),
        pytest.param(
            ["arrives A N", "merge A N", "A+N", "N -> A", "undo 1", "A | N", "A ~ N", "N -> N"],
            id="manual match of a possible one, and back",
        ),
        pytest.param(
            ["arrives A A2", "A+A2", "not_same A A2", "A | A2", "A2 -> A2", "undo 1", "A+A2", "A2 -> A"],
            id="manual no-match of an automatic one, and back",
        ),
        pytest.param(
            ["arrives A A2", "not_same A A2", "arrives A3", "A+A3 | A2", "arrives A2", "A+A3 | A2"],
            id="a manual no-match holds for what arrives later",
        ),
        pytest.param(
            ["arrives A B", "merge A B", "B -> A", "arrives B2", "A+B+B2", "B2 -> A", "undo 1", "A | B+B2", "B2 -> B"],
            id="redirected: what joined the merged customer goes with its own person when that is undone",
        ),
        pytest.param(
            ["arrives A B H", "merge A B", "merge B H", "A+B+H", "H -> A", "undo 1", "A | B+H", "H -> B"],
            id="redirected twice: undoing the first leaves the second",
        ),
        pytest.param(
            ["arrives A H", "merge A H", "A+H", "arrives A2", "A+H+A2", "undo 1", "A+A2 | H"],
            id="a manual match stands against a contradiction",
        ),
        pytest.param(["arrives N A", "not_same A N", "arrives A", "A | N"], id="a manual no-match of a possible one"),
    ],
)  # fmt: skip
def test_each_step_leaves_the_state_that_is_told(road: Road, tmp_path: Path, steps: list[str]) -> None:
    world = World(road, tmp_path)
    for text in steps:
        world.step(text)
