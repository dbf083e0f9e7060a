"""What the shipped contracts make of small files of each kind."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from rcu.domain.intake import Batch, Entity
from rcu.errors import UnreadableFile
from tests.unit.ingest import samples


def rows(batch: Batch, entity: Entity, *columns: str) -> list[tuple[object, ...]]:
    """Give some columns of a frame as tuples, None for missing and times as ISO text."""
    found = batch.frames[entity][list(columns)]
    texts = {name: found[name].map(str, na_action="ignore") if "_at" in name else found[name] for name in columns}
    frame = pd.DataFrame(texts).astype(object)
    return list(frame.where(frame.notna(), None).itertuples(index=False, name=None))


def only(source: object, path: Path) -> Batch:
    (batch,) = samples.read(source, path)  # type: ignore[arg-type]
    return batch


def test_a_till_customer_gives_a_record_and_its_consents(tmp_path: Path) -> None:
    batch = only(samples.till(), samples.write(tmp_path, "CLIENTS_20251231.csv", samples.CLIENTS))
    assert (batch.number, batch.rows_read, batch.refusals) == (0, 2, ())
    assert rows(batch, Entity.RECORD, "line", "native_id", "last_name", "mobile", "email", "store", "updated_at") == [
        (2, "C00010000", "LEFÈVRE", "0612345679", "zoe@free.fr", "M001", "2024-07-15 22:00:00+00:00"),
        (3, "C00010001", 'L"HÔTE', None, None, "M002", None),
    ]
    assert rows(
        batch, Entity.CONSENT, "record_native_id", "contact_kind", "contact_raw", "channel", "state", "occurred_at"
    ) == [
        ("C00010000", "email", "zoe@free.fr", "email", "granted", "2024-01-14 23:00:00+00:00"),
        ("C00010000", "phone", "0612345679", "sms", "denied", "2024-01-14 23:00:00+00:00"),
    ]


def test_ticket_lines_give_orders_and_the_odd_hours_of_the_year_are_placed(tmp_path: Path) -> None:
    batch = only(samples.till(), samples.write(tmp_path, "TICKETS_2025.csv.gz", samples.TICKETS))
    assert rows(
        batch, Entity.ORDER, "native_id", "record_native_id", "kind", "channel", "occurred_at", "amount_minor"
    ) == [
        ("M001-1", "C00010000", "order", "store", "2025-07-15 08:30:00+00:00", None),
        ("M001-2", None, "order", "store", "2025-10-26 00:30:00+00:00", None),
        ("M001-3", "C00010000", "return", "store", "2025-03-30 01:00:00+00:00", None),
    ]
    columns = ("order_native_id", "line_number", "quantity_milli", "unit_price_minor", "discount_minor", "amount_minor")
    assert rows(batch, Entity.ORDER_LINE, *columns) == [
        ("M001-1", 1, 2000, 450, 0, 900),
        ("M001-1", 2, 1250, 200, 10, 240),
        ("M001-2", 1, 1000, 450, 0, 450),
        ("M001-3", 1, -1000, 450, 0, -450),
    ]


def test_an_audience_member_gives_a_record_and_the_consent_of_its_status(tmp_path: Path) -> None:
    batch = only(samples.email(), samples.write(tmp_path, "audience.csv", samples.AUDIENCE))
    assert rows(batch, Entity.RECORD, "line", "native_id", "last_name", "birth_date") == [
        (2, "101", "Lefèvre", "--03-12"),
        (3, "102", "L'Hôte\nde Paris", None),
        (5, "103", None, None),
    ]
    assert rows(batch, Entity.CONSENT, "record_native_id", "state", "occurred_at", "evidence") == [
        ("101", "granted", "2024-01-15 09:05:00+00:00", "OPTIN_IP 10.0.0.1; CONFIRM_IP 10.0.0.2"),
        ("102", "denied", "2024-06-01 08:00:00+00:00", None),
    ]


def test_activity_gives_events_and_an_unsubscription_is_a_denial(tmp_path: Path) -> None:
    batch = only(samples.email(), samples.write(tmp_path, "activity.csv.gz", samples.ACTIVITY))
    assert rows(batch, Entity.EMAIL_EVENT, "record_native_id", "action", "campaign", "occurred_at") == [
        ("101", "sent", "c1", "2025-06-01 08:00:00+00:00"),
        ("101", "click", "c1", "2025-06-01 09:00:00+00:00"),
        ("102", "unsubscribe", "c1", "2025-06-01 10:00:00+00:00"),
    ]
    assert batch.frames[Entity.EMAIL_EVENT]["native_id"].is_unique
    assert rows(batch, Entity.CONSENT, "record_native_id", "contact_raw", "state") == [
        ("102", "jean@free.fr", "denied")
    ]


GOOD_LINE = samples.TICKETS.split(b"\r\n")[1]


@pytest.mark.parametrize(
    ("line", "reason", "field"),
    [
        pytest.param(
            GOOD_LINE.replace(b"2,40", b"2,40").replace(b"9,00", b"abc"), "bad_amount", "MONTANT", id="no amount"
        ),
        pytest.param(GOOD_LINE.replace(b"9,00", b"12,3,4"), "bad_amount", "MONTANT", id="two decimal commas"),
        pytest.param(GOOD_LINE.replace(b"9,00", b"9.00"), "bad_amount", "MONTANT", id="the other decimal mark"),
        pytest.param(GOOD_LINE.replace(b";2;", b";1X;"), "bad_amount", "QUANTITE", id="no quantity"),
        pytest.param(GOOD_LINE.replace(b"15/07", b"31/02"), "bad_date", "DATE HEURE", id="a day that never was"),
        pytest.param(GOOD_LINE.replace(b"M001-1", b" "), "missing_key", "NUM_TICKET", id="no ticket number"),
        pytest.param(GOOD_LINE[:-1] + b"Z", "bad_value", "TYPE", id="an unknown kind"),
        pytest.param(GOOD_LINE + b";", "too_many_fields", None, id="a separator too many"),
        pytest.param(GOOD_LINE[:-3], "too_few_fields", None, id="a line cut short"),
        pytest.param(GOOD_LINE.replace(b"Th", b"T\x81"), "bad_encoding", None, id="a byte that is no letter"),
        pytest.param(GOOD_LINE.replace(b"Th", b"T\0"), "bad_encoding", None, id="a NUL byte"),
        pytest.param(GOOD_LINE.replace(b"Th", b"T" * 10_001), "field_too_long", "LIBELLE", id="a field too long"),
    ],
)
def test_a_bad_line_is_refused_alone_with_its_reason(
    tmp_path: Path, line: bytes, reason: str, field: str | None
) -> None:
    content = samples.TICKETS + line + b"\r\n" + GOOD_LINE.replace(b"M001-1", b"M001-9") + b"\r\n"
    batch = only(samples.till(), samples.write(tmp_path, "TICKETS_2025.csv", content))
    assert [(one.line, one.reason, one.field) for one in batch.refusals] == [(6, reason, field)]
    assert (batch.rows_read, len(batch.raw)) == (6, 5)
    assert json.loads(batch.refusals[0].raw)


def test_a_runaway_quote_damages_its_own_line_alone(tmp_path: Path) -> None:
    content = samples.AUDIENCE.replace(b"paul@free.fr,Paul", b'paul@free.fr,"Paul') + b"".join(
        b"p%d@free.fr,,,,,,1,subscribed,,,,,,%d,e,\n" % (number, number) for number in range(500)
    )
    batch = only(samples.email(), samples.write(tmp_path, "audience.csv", content))
    assert [(one.line, one.reason) for one in batch.refusals] == [(5, "bad_value")]
    assert batch.rows_read == 503


def test_a_byte_order_mark_and_reordered_columns_do_not_matter(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + samples.ACTIVITY.replace(b"LEID,Email Address", b"leid,EMAIL_ADDRESS")
    batch = only(samples.email(), samples.write(tmp_path, "activity.csv", content))
    assert (batch.rows_read, batch.refusals) == (3, ())


def test_a_batch_boundary_never_cuts_a_ticket(tmp_path: Path) -> None:
    header, *_ = samples.TICKETS.split(b"\r\n")
    lines = [GOOD_LINE.replace(b"M001-1", b"T%d" % ticket) for ticket in range(40) for _ in range(1 + ticket % 5)]
    path = samples.write(tmp_path, "TICKETS_2025.csv", b"\r\n".join([header, *lines]))
    for size in (1, 2, 3, 7, 50):
        batches = samples.read(samples.till(), path, batch_rows=size)
        tickets = [set(batch.frames[Entity.ORDER]["native_id"]) for batch in batches]
        assert sum(map(len, tickets)) == len(set().union(*tickets)) == 40
        assert [batch.number for batch in batches] == list(range(len(batches)))
        assert sum(batch.rows_read for batch in batches) == len(lines)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param(
            "CLIENTS_1.csv", samples.CLIENTS.replace(b"CODE_CLIENT", b"CODE"), "CODE_CLIENT", id="no key column"
        ),
        pytest.param("CLIENTS_1.csv", samples.CLIENTS.replace(b";", b","), "CODE_CLIENT", id="another separator"),
        pytest.param("CLIENTS_1.csv", samples.CLIENTS.decode("cp1252").encode(), "UTF-8", id="UTF-8 for cp1252"),
        pytest.param("CLIENTS_1.csv", samples.CLIENTS.decode("cp1252").encode("utf-16"), "UTF-16", id="UTF-16"),
        pytest.param(
            "audience.csv", (samples.AUDIENCE * 3).decode().encode("latin-1"), "utf-8", id="latin-1 for UTF-8"
        ),
        pytest.param("CLIENTS_1.csv.gz", b"", "gzip", id="a gzip stream cut short"),
        pytest.param("OTHER.csv", samples.CLIENTS, "contract", id="no contract"),
    ],
)
def test_a_file_that_is_not_what_its_contract_says_is_refused_whole(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = samples.write(tmp_path, name, content or samples.CLIENTS * 100)
    if not content:
        path.write_bytes(path.read_bytes()[:-40])
    source = samples.till() if "audience" not in name else samples.email()
    with pytest.raises(UnreadableFile, match=said) as caught:
        samples.read(source, path)
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"", b"\r\n", samples.TICKETS.split(b"\r\n")[0] + b"\r\n"])
def test_a_file_without_rows_gives_no_batch(tmp_path: Path, content: bytes) -> None:
    assert samples.read(samples.till(), samples.write(tmp_path, "TICKETS_2025.csv", content)) == []
