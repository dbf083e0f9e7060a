"""Raw customer rows of the fixture generator, as many as asked for, without their tickets and orders."""

from __future__ import annotations

from random import Random
from typing import Final

import numpy as np
import pandas as pd

from fixtures.generator.baskets import STORES
from fixtures.generator.census import Census, take_census
from fixtures.generator.reference import load_reference
from rcu.domain.records import RAW_FIELDS

ROWS_PER_HOUSEHOLD: Final = 3.46
TILL: Final = {
    "civility": "CIVILITE", "last_name": "NOM", "first_name": "PRENOM", "birth_name": "NOM_NAISSANCE",
    "birth_date": "DATE_NAISSANCE", "address_line": "ADRESSE1", "address_complement": "ADRESSE2",
    "postcode": "CODE_POSTAL", "city": "VILLE", "country": "PAYS", "phone": "TEL_FIXE", "mobile": "TEL_PORTABLE",
    "email": "EMAIL", "loyalty_number": "NUM_CARTE",
}  # fmt: skip
SHOP: Final = {"last_name": "lastname", "first_name": "firstname", "company": "company", "email": "email"}
SHOP_ADDRESS: Final = {
    "address_line": "address1", "address_complement": "address2", "postcode": "postcode", "city": "city",
    "phone": "phone", "mobile": "phone_mobile",
}  # fmt: skip
MEMBER: Final = {
    "email": "Email Address", "first_name": "First Name", "last_name": "Last Name", "mobile": "Phone Number",
    "postcode": "Postal Code",
}  # fmt: skip
CIVILITIES: Final = {"1": "M", "2": "MME"}


def raw_customers(rows: int, *, seed: int) -> pd.DataFrame:
    """Generate about `rows` rows: `RAW_FIELDS` as text (None when empty), and `person`, the truth."""
    households = max(1, round(rows / ROWS_PER_HOUSEHOLD))
    stores = np.random.default_rng([seed, households]).integers(0, STORES, households)
    census = take_census(Random(f"{seed} people"), load_reference(), home_stores=stores)
    frame = pd.concat([_till(census), _shop(census), _members(census)], ignore_index=True)
    text = [name for name in RAW_FIELDS if name in frame.columns]
    frame[text] = frame[text].astype(object).where(frame[text].notna() & (frame[text] != ""), None)
    return frame


def _till(census: Census) -> pd.DataFrame:
    columns = {field: [record.values[name] for record in census.till] for field, name in TILL.items()}
    return pd.DataFrame({**columns, "person": [record.person for record in census.till]})


def _shop(census: Census) -> pd.DataFrame:
    columns = {field: [customer.values.get(name, "") for customer in census.shop] for field, name in SHOP.items()}
    columns["civility"] = [CIVILITIES.get(customer.values.get("id_gender", ""), "") for customer in census.shop]
    columns["birth_date"] = [customer.values.get("birthday", "") for customer in census.shop]
    last = [customer.addresses[-1].values if customer.addresses else {} for customer in census.shop]
    for field, name in SHOP_ADDRESS.items():
        columns[field] = [address.get(name, "") for address in last]
    return pd.DataFrame({**columns, "person": [customer.person for customer in census.shop]})


def _members(census: Census) -> pd.DataFrame:
    columns = {field: [member.values[name] for member in census.members] for field, name in MEMBER.items()}
    return pd.DataFrame({**columns, "person": [member.person for member in census.members]})
