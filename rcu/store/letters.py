"""Texts in the order of their bytes, in which they are found by how they begin; another part of what `sql` is for.

PostgreSQL orders texts as a language does, unless it is asked by operators of their own, which indexes of
`tables.identity.beginning` serve: https://www.postgresql.org/docs/current/indexes-opclass.html
"""

from __future__ import annotations

from typing import Any, Final, Self

from sqlalchemy import Boolean, ColumnElement, Text, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType


class at_least(FunctionElement[bool]):  # noqa: N801  # it reads as the function it is
    """Whether a text comes at or after another in the order of bytes, as indexes of `tables.identity.beginning` do."""

    inherit_cache = True
    type = Boolean()
    sign = ">="

    def __init__(self, text: ColumnElement[str], other: ColumnElement[str] | str) -> None:
        super().__init__(text, literal(other) if isinstance(other, str) else other)

    def self_group(self, against: OperatorType | None = None) -> Self:  # noqa: ARG002  # of its base
        """A condition as it stands, see `among`."""
        return self


class after(at_least):  # noqa: N801
    """Whether it comes after."""

    inherit_cache = True
    sign = ">"


class before(at_least):  # noqa: N801
    """Whether it comes before."""

    inherit_cache = True
    sign = "<"


class in_letters(FunctionElement[str]):  # noqa: N801
    """What to order by so that texts come in that order."""

    inherit_cache = True
    type = Text()


@compiles(at_least, "sqlite")
def _by_bytes(element: at_least, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401
    text, other = (compiler.process(part, **how) for part in element.clauses)
    return f"({text} {element.sign} ({other}))"


@compiles(at_least)
def _by_pattern(element: at_least, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401
    text, other = (compiler.process(part, **how) for part in element.clauses)
    return f"({text} ~{element.sign}~ ({other}))"


@compiles(in_letters, "sqlite")
def _letters(element: in_letters, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401
    return compiler.process(element.clauses, **how)


@compiles(in_letters)
def _letters_by_pattern(element: in_letters, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401
    return f"{compiler.process(element.clauses, **how)} USING ~<~"


_LAST_LETTER: Final = "\U0010ffff"


def not_beyond(text: ColumnElement[str], beginning: ColumnElement[str] | str) -> ColumnElement[bool]:
    """Whether a text comes before all that begin otherwise and come after those that begin so."""
    return before(text, beginning + _LAST_LETTER)
