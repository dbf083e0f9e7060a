"""Cleaning: a million raw rows of the fixture generator, all fields; `phonenumbers` on the same numbers beside it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.customers import raw_customers
from benchmarks.machine import Step, describe, measure, python

SEED: Final = 7
_HEAD: Final = """
import json, sys, threading, time
import pandas as pd
raw = pd.read_parquet(sys.argv[1]).astype("str")
"""
WHOLE: Final = (
    _HEAD
    + """
import gc, psutil, pyarrow
from rcu.cleaning import standardise
process, most, stop = psutil.Process(), 0, threading.Event()
gc.collect(), pyarrow.default_memory_pool().release_unused()
held = process.memory_info().rss
def watch():
    global most
    while not stop.wait(0.1):
        most = max(most, process.memory_info().rss)
watcher = threading.Thread(target=watch)
watcher.start()
began = time.perf_counter()
standard = standardise(raw)
seconds = time.perf_counter() - began
stop.set(), watcher.join()
print(json.dumps({"seconds": seconds, "over": most - held, "rows": len(standard)}))
"""
)
FIELD: Final = (
    _HEAD
    + """
from rcu.cleaning import standardise
columns = [name for name in sys.argv[2].split(",") if name in raw.columns]
part = raw[columns]
distinct = len(part.drop_duplicates())
standardise(part.head(1000))
began = time.perf_counter()
standardise(part)
print(json.dumps({"seconds": time.perf_counter() - began, "distinct": distinct}))
"""
)
YARDSTICK: Final = (
    _HEAD
    + """
import phonenumbers
numbers = pd.unique(pd.concat([raw["phone"], raw["mobile"]]).dropna())
began = time.perf_counter()
for number in numbers:
    try:
        parsed = phonenumbers.parse(number, "FR")
    except phonenumbers.NumberParseException:
        continue
    if phonenumbers.is_valid_number(parsed):
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        phonenumbers.number_type(parsed)
print(json.dumps({"seconds": time.perf_counter() - began, "distinct": len(numbers)}))
"""
)
FIELDS: Final = {
    "names": "civility,first_name,last_name,birth_name,company",
    "addresses": "address_line,address_complement,postcode,city,country",
    "phones": "phone,mobile,country",
    "emails": "email",
    "birth dates": "birth_date",
}


def run(rows: int) -> str:
    """Generate, clean, and give the section of the results."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.parquet"
        raw = raw_customers(rows, seed=SEED).drop(columns="person")
        raw.to_parquet(path)
        count = len(raw)
        del raw
        whole = measure("cleaning", python(WHOLE, str(path)))
        parts = {name: _told(measure(name, python(FIELD, str(path), columns))) for name, columns in FIELDS.items()}
        yardstick = _told(measure("phonenumbers", python(YARDSTICK, str(path))))
    return _section(count, _told(whole), parts, yardstick)


def _told(step: Step) -> dict[str, float]:
    return json.loads(step.output)


def _section(
    rows: int, whole: dict[str, float], parts: dict[str, dict[str, float]], yardstick: dict[str, float]
) -> str:
    lines = [
        f"| {name} | {part['distinct']:,} | {part['seconds']:.1f} | {rows / part['seconds']:,.0f} |"
        for name, part in parts.items()
    ]
    table = "\n".join(lines)
    phones = parts["phones"]["seconds"]
    return f"""## Cleaning {rows:,} generated customer rows

Measured on {describe()}.

All fields: **{whole["seconds"]:.1f} s**, {whole["over"] / 2**20:,.0f} MB over the input, in a process started cold
(reference data loaded within). Yardstick: `phonenumbers` alone on the {yardstick["distinct"]:,} distinct numbers
(parse, check, kind, format) takes {yardstick["seconds"]:.1f} s: all of cleaning takes
{whole["seconds"] / yardstick["seconds"]:.2f} times that, its phones {phones / yardstick["seconds"]:.2f} times.

| field | distinct | seconds | rows per second |
|---|---:|---:|---:|
{table}
"""
