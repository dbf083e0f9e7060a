"""What the other engines are given: the standardised columns, and the keys their candidates share; imports nothing."""

from __future__ import annotations

COLUMNS = [
    "first_name_key", "last_name_key", "first_name_root", "last_name_sound", "birth_date", "email_key", "mobile",
    "landline", "loyalty_number", "postcode", "city_key", "street_key", "street_number",
]  # fmt: skip
BLOCKING = [
    ("email_key",), ("mobile",), ("landline",), ("loyalty_number",), ("first_name_key", "last_name_key", "postcode"),
    ("first_name_key", "last_name_key", "birth_date"), ("last_name_sound", "postcode", "first_name_root"),
    ("birth_date", "last_name_sound"), ("postcode", "street_key", "street_number"),
]  # fmt: skip
