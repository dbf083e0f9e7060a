"""The records that a request to decide is about, and the links it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rcu.domain.decisions import DecisionKind, Pair, across, chain
from rcu.domain.records import CUSTOMER_ID, RecordKey
from rcu.errors import InputError, NotFound
from rcu.services.asking import Ask, FourEyes
from rcu.services.becoming import Erased, check_each
from rcu.store import decisions as rows
from rcu.store.decisions import Subject
from rcu.store.engine import Transaction

MOST_RECORDS: Final = 500
"""A decision about more records than this is refused: somebody chose the wrong customer."""


def _key(text: str) -> RecordKey:
    try:
        return RecordKey.parse(text)
    except ValueError as error:
        raise InputError(str(error)) from None


def _record(text: str, keyed: Mapping[RecordKey, Subject], which: str) -> Subject:
    found = keyed.get(_key(text))
    if found is None:
        raise NotFound("record", f"{which} of those named")
    if found.erased:
        raise Erased
    return found


class Subjects:
    """The records that a request is about.

    Raises:
        NotFound: a record or a customer id that is named does not exist.
        Erased: the person of one was erased.
        SeveralCustomers: the customer of an id is part of several others today.
        InputError: the request makes no sense.
    """

    def __init__(self, connection: Transaction, ask: Ask) -> None:
        self._connection = connection
        self._ask = ask
        born, keyed = self._stored()
        self._named = [
            self._customer(text, born, at) if CUSTOMER_ID.fullmatch(text) else _record(text, keyed, f"number {at}")
            for at, text in enumerate(ask.about, 1)
        ]
        moved = [one.birth_id for one in self._named if one.birth_id in born and one.cluster_id != one.record_id]
        if moved:  # nobody can tell which customer is meant by an id that leads to several
            check_each(connection, moved)
        self._groups = [[_record(text, keyed, "of a group") for text in group] for group in ask.groups]
        self._check()
        clusters = {one.cluster_id for one in self._named if one.cluster_id is not None}
        self._members: dict[int, list[Subject]] = {}
        for one in rows.subjects_of_clusters(connection, clusters):
            self._members.setdefault(one.cluster_id or one.record_id, []).append(one)
        self.all = self._concerned()
        if len(self.all) > MOST_RECORDS:
            msg = f"this is about {len(self.all):,} records, more than the {MOST_RECORDS:,} one decision may touch"
            raise InputError(msg, hint="name single records instead of the whole customer")

    def _stored(self) -> tuple[dict[str, Subject], dict[RecordKey, Subject]]:
        """The records that are named: by the id each was born with, and by key; however many, two statements."""
        ids = [text for text in self._ask.about if CUSTOMER_ID.fullmatch(text)]
        named = (*self._ask.about, *(text for group in self._ask.groups for text in group))
        keys = {_key(text) for text in named if text not in ids}
        born = rows.subjects_born_as(self._connection, ids) if ids else []
        keyed = rows.subjects_by_key(self._connection, keys) if keys else []
        return {one.birth_id: one for one in born}, {one.key: one for one in keyed}

    @staticmethod
    def _customer(name: str, born: Mapping[str, Subject], at: int) -> Subject:
        """The record an id was born with."""
        found = born.get(name)
        if found is None:
            raise NotFound("customer", f"number {at} of those named")
        if found.erased:
            raise Erased
        return found

    def _check(self) -> None:
        least = {DecisionKind.MERGE: 2, DecisionKind.NOT_SAME: 2}.get(self._ask.kind, 1)
        if len({one.record_id for one in self._named}) < least:
            msg = f"{self._ask.kind.value.replace('_', ' ')} needs {least} different records or customers"
            raise InputError(msg)
        if self._ask.kind is DecisionKind.SPLIT and (len(self._named) != 1 or not self._groups):
            msg = "a split needs one customer and at least one group of its records"
            raise InputError(msg, hint="name the records that leave; those not named stay")
        override = self._ask.kind is DecisionKind.OVERRIDE
        if override is not bool(self._ask.setting) or (override and len(self._named) != 1):
            msg = "an override needs one customer and what its fields are to be"
            raise InputError(msg, hint="name the customer, and fields with their values")
        if self._ask.kind in (DecisionKind.UNDO, DecisionKind.APPROVE):
            msg = "undo and approve are about a decision, not about records"
            raise InputError(msg)

    def _whole(self, one: Subject) -> list[Subject]:
        """A customer's records at present; a record nobody matched yet is alone."""
        return self._members.get(one.cluster_id, [one]) if one.cluster_id is not None else [one]

    def _of(self, text: str, one: Subject) -> list[Subject]:
        """What a name stands for: a customer id for all its records, a record's key for itself."""
        return self._whole(one) if CUSTOMER_ID.fullmatch(text) else [one]

    def _concerned(self) -> list[Subject]:
        match self._ask.kind:
            case DecisionKind.NOT_SAME:
                found = [
                    at for text, one in zip(self._ask.about, self._named, strict=True) for at in self._of(text, one)
                ]
            case DecisionKind.MERGE | DecisionKind.COMMENT:
                found = list(self._named)
            case _:
                found = self._whole(self._named[0])
        return list({one.record_id: one for one in found}.values())

    def links(self) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
        """The must-links and cannot-links of the request."""
        match self._ask.kind:
            case DecisionKind.MERGE:
                return chain([one.record_id for one in self._named]), ()
            case DecisionKind.NOT_SAME:
                return (), across(self._apart())
            case DecisionKind.SPLIT:
                groups = self._parts()
                return tuple(link for group in groups for link in chain(group)), across(groups)
            case DecisionKind.CONFIRM:
                return chain([one.record_id for one in self.all]), ()
            case _:
                return (), ()

    def _apart(self) -> list[list[int]]:
        groups = [
            [at.record_id for at in self._of(text, one)] for text, one in zip(self._ask.about, self._named, strict=True)
        ]
        if len({record for group in groups for record in group}) < sum(map(len, groups)):
            msg = "a record cannot be another person than itself: two of the names stand for the same customer"
            raise InputError(msg, hint="name single records, or split the customer")
        return groups

    def _parts(self) -> list[list[int]]:
        """The groups that leave, and before them what stays."""
        own = [one.record_id for one in self._whole(self._named[0])]
        leaving = [[one.record_id for one in group] for group in self._groups]
        flat = [record for group in leaving for record in group]
        if not set(flat) <= set(own):
            msg = "a record of a group is not one of the customer's"
            raise InputError(msg, hint="look at the customer's records again")
        if len(set(flat)) < len(flat):
            msg = "a record is in two groups"
            raise InputError(msg)
        stays = [record for record in own if record not in set(flat)]
        groups = [group for group in [stays, *leaving] if group]
        if len(groups) < 2:
            msg = "a split needs records that stay or a second group"
            raise InputError(msg)
        return groups

    def weighty(self, limits: FourEyes) -> bool:
        """Whether a merge is of a size or value that needs a second person."""
        everyone = {one.record_id for at in self._named for one in self._whole(at)}
        if limits.records is not None and len(everyone) > limits.records:
            return True
        if limits.revenue is None:
            return False
        clusters = {one.cluster_id for one in self._named if one.cluster_id is not None}
        return rows.revenue_of(self._connection, clusters) > limits.revenue * 100
