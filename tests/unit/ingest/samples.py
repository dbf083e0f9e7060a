"""Small exports of each source, as bytes a test may mangle."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from rcu.domain.intake import Batch
from rcu.ingest import Connector, connector

CLIENTS = (
    "CODE_CLIENT;CIVILITE;NOM;PRENOM;NOM_NAISSANCE;DATE_NAISSANCE;ADRESSE1;ADRESSE2;CODE_POSTAL;VILLE;PAYS;TEL_FIXE;"
    "TEL_PORTABLE;EMAIL;NUM_CARTE;MAGASIN;DATE_CREATION;DATE_MODIF;OPTIN_EMAIL;OPTIN_SMS;DATE_OPTIN\r\n"
    "C00010000;MME;LEFÈVRE;ZOÉ;;12/03/1980;12 RUE DE LA PAIX;;75002;PARIS;FR;;0612345679;zoe@free.fr;2990001;M001;"
    "15/01/2024 10:30:00;16/07/2024;O;N;15/01/2024\r\n"
    'C00010001;M;L"HÔTE;JEAN;;;;;;;;;;;;M002;15/01/2024;;;;\r\n'
).encode("cp1252")

TICKETS = (
    "NUM_TICKET;LIGNE;DATE;HEURE;MAGASIN;CAISSE;CODE_CLIENT;CODE_ARTICLE;LIBELLE;RAYON;QUANTITE;PRIX_UNITAIRE;REMISE;"
    "MONTANT;TYPE\r\n"
    "M001-1;1;15/07/2025;10:30:00;M001;1;C00010000;A1;Thé;Épicerie;2;4,50;0,00;9,00;V\r\n"
    "M001-1;2;15/07/2025;10:30:00;M001;1;C00010000;A2;Pommes;Fruits;1,250;2,00;0,10;2,40;V\r\n"
    "M001-2;1;26/10/2025;02:30:00;M001;1;;A1;Thé;Épicerie;1;4,50;0,00;4,50;V\r\n"
    "M001-3;1;30/03/2025;02:30:00;M001;1;C00010000;A1;Thé;Épicerie;-1;4,50;0,00;-4,50;R\r\n"
).encode("cp1252")

AUDIENCE = (
    "Email Address,First Name,Last Name,Phone Number,Birthday,Postal Code,MEMBER_RATING,STATUS,OPTIN_TIME,OPTIN_IP,"
    "CONFIRM_TIME,CONFIRM_IP,LAST_CHANGED,LEID,EUID,TAGS\n"
    "zoe@free.fr,Zoé,Lefèvre,,03/12,75002,4,subscribed,2024-01-15 09:00:00,10.0.0.1,2024-01-15 09:05:00,10.0.0.2,"
    '2024-02-01 00:00:00,101,e1,"vip, ""fidèle"""\n'
    'jean@free.fr,Jean,"L\'Hôte\nde Paris",,,,2,unsubscribed,2024-01-15 09:00:00,,,,2024-06-01 08:00:00,102,e2,\n'
    "paul@free.fr,Paul,,,,,1,cleaned,2024-01-15 09:00:00,,,,2024-06-01 08:00:00,103,e3,\n"
).encode()

ACTIVITY = (
    "LEID,Email Address,Campaign ID,Campaign Title,Action,Timestamp,URL,IP\n"
    '101,zoe@free.fr,c1,"Soldes, été",sent,2025-06-01 08:00:00,,\n'
    "101,zoe@free.fr,c1,Soldes,click,2025-06-01 09:00:00,https://boutique.example/a,10.0.0.1\n"
    "102,jean@free.fr,c1,Soldes,unsub,2025-06-01 10:00:00,,10.0.0.3\n"
).encode()

CUSTOMER = {
    "id": 1, "deleted": "0", "lastname": "Lefèvre", "firstname": "Zoé", "email": "zoe@free.fr", "id_gender": "2",
    "birthday": "1980-03-12", "newsletter": "1", "optin": "1", "company": "", "siret": "", "active": "1",
    "is_guest": "0",
    "newsletter_date_add": "2024-01-15 10:00:00", "ip_registration_newsletter": "10.0.0.1",
    "date_add": "2024-01-15 10:00:00", "date_upd": "2024-07-15 10:00:00",
}  # fmt: skip
ORDER = {
    "id": 7, "reference": "ABC", "id_customer": "1", "id_currency": "1", "current_state": "5", "valid": "1",
    "date_add": "2025-07-15 10:30:00", "total_discounts_tax_incl": "1.000000", "total_paid_tax_incl": "12.905000",
    "total_products_wt": "9.000000", "total_shipping_tax_incl": "4.900000",
    "associations": {"order_rows": [
        {"id": "1", "product_id": "3", "product_quantity": "2", "product_name": "Thé", "product_reference": "A1",
         "unit_price_tax_incl": "4.500000"},
    ]},
}  # fmt: skip
SLIP = {
    "id": 5, "id_customer": "1", "id_order": "7", "amount": "4.500000", "total_products_tax_incl": "4.500000",
    "total_shipping_tax_incl": "0.000000", "date_add": "2025-08-01 10:00:00",
    "associations": {"order_slip_details": [
        {"id": "1", "id_order_detail": "1", "product_quantity": "1", "amount_tax_incl": "4.500000"},
    ]},
}  # fmt: skip
ADDRESS = {
    "id": 9, "id_customer": "1", "id_country": "8", "company": "", "lastname": "Lefèvre", "firstname": "Zoé",
    "address1": "12 rue de la Paix", "address2": "Bât B", "postcode": "75002", "city": "Paris", "phone": "",
    "phone_mobile": "0612345679", "deleted": "0", "date_add": "2024-01-15 10:00:00", "date_upd": "2024-01-15 10:00:00",
}  # fmt: skip


def till() -> Connector:
    return connector("flatfile", name="till", contracts=["till_clients", "till_tickets"])


def email() -> Connector:
    return connector("flatfile", name="email", contracts=["email_audience", "email_activity"])


def shop() -> Connector:
    return connector("prestashop", name="shop")


def array(key: str, *elements: object) -> bytes:
    """Write an export as the shop does: an element a line."""
    lines = ",\n".join(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in elements)
    return f'{{"{key}":[\n{lines}\n]}}\n'.encode()


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
    return path


def read(source: Connector, path: Path, *, batch_rows: int = 50_000) -> list[Batch]:
    return list(source.read(path, batch_rows=batch_rows))
