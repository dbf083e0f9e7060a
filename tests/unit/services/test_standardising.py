"""Standard columns for anyone's file: what is read from where, and what too many people share."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from rcu.cleaning import CleaningSettings
from rcu.cleaning import standardise as clean
from rcu.cleaning.junk import shipped_lists
from rcu.domain.records import Quality
from rcu.errors import InputError
from rcu.services.standardise_columns import FIELDS, output_columns, without_shared, worst_of
from rcu.services.standardise_files import MOST_EXCEL_ROWS, write_csv, write_excel
from rcu.services.standardise_findings import findings, suggestions
from rcu.services.standardise_inputs import Inputs, read_inputs
from rcu.services.standardise_outputs import percent, plan_targets, recognised, stacked
from rcu.services.standardising import FieldQuality, Standardised, StandardiseRequest, standardise

SURNAMES = ["DURAND", "MARTIN", "PETIT", "BERNARD", "ROUX", "MOREL", "GIRARD", "LAMBERT", "FAURE", "MERCIER"]


def frame(**columns: list[str | None]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(values, dtype="str") for name, values in columns.items()})


def inputs(columns: dict[str, list[str | None]], **chosen: str) -> Inputs:
    return read_inputs(frame(**columns), chosen)


def done(tmp_path: Path, **columns: list[str | None]) -> Standardised:
    path = tmp_path / "file.csv"
    frame(**columns).to_csv(path, index=False)
    return standardise(StandardiseRequest(path), settings=CleaningSettings())


# --- columns in -------------------------------------------------------------------------------------------------------

VALUES = {
    "civility": ["MME", "M"],
    "first_name": ["Zoé", "Luc"],
    "last_name": ["DURAND", "MARTIN"],
    "birth_name": ["PETIT", "ROUX"],
    "full_name": ["DURAND Zoé", "Luc MARTIN"],
    "birth_date": ["07/04/1981", "12/12/1970"],
    "company": ["ACME SARL", "BOULANGERIE DU PORT"],
    "email": ["zoe@orange.fr", "luc@free.fr"],
    "phone": ["0142685300", "0472685311"],
    "mobile": ["0678124593", "0678124594"],
    "address_line": ["12 rue des Lilas", "3 place Bellecour"],
    "address_complement": ["Bat A", "Appt 12"],
    "street_number": ["12", "3"],
    "postcode": ["75011", "69002"],
    "city": ["PARIS", "LYON"],
    "country": ["FR", "BE"],
}


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("NOM", "last_name"), ("Nom de famille", "last_name"), ("Nom d'usage", "last_name"),
        ("nom_client", "last_name"),
        ("PRENOM", "first_name"), ("Prénom(s)", "first_name"), ("CIVILITE", "civility"), ("Civ.", "civility"),
        ("NOM DE JEUNE FILLE", "birth_name"), ("Nom de naissance", "birth_name"), ("NOM_JF", "birth_name"),
        ("Nom complet", "full_name"), ("Nom et prénom", "full_name"), ("Prénom et nom", "full_name"),
        ("RAISON SOCIALE", "company"), ("Société", "company"),
        ("DATE DE NAISSANCE", "birth_date"), ("Né(e) le", "birth_date"), ("DT_NAISS", "birth_date"),
        ("Date naiss.", "birth_date"),
        ("MAIL", "email"), ("E-MAIL", "email"), ("COURRIEL", "email"), ("Adresse mail", "email"),
        ("Adresse électronique", "email"),
        ("TEL", "phone"), ("Tél.", "phone"), ("TELEPHONE", "phone"), ("N° de téléphone", "phone"),
        ("Tel domicile", "phone"), ("Téléphone fixe", "phone"),
        ("PORTABLE", "mobile"), ("MOBILE", "mobile"), ("Tél. portable", "mobile"), ("N° mobile", "mobile"),
        ("TEL_PORT", "mobile"),
        ("ADRESSE", "address_line"), ("ADRESSE1", "address_line"), ("Adresse complète", "address_line"),
        ("ADR1", "address_line"), ("N° et rue", "address_line"),
        ("ADRESSE2", "address_complement"), ("Complément d'adresse", "address_complement"),
        ("Bâtiment", "address_complement"), ("ADR_3", "address_complement"),
        ("N° voie", "street_number"), ("NUM_VOIE", "street_number"),
        ("CP", "postcode"), ("CODE POSTAL", "postcode"), ("CODPOST", "postcode"),
        ("VILLE", "city"), ("Localité", "city"), ("LIB_VILLE", "city"), ("CP Ville", "city"),
        ("PAYS", "country"), ("Code pays", "country"),
    ],
)  # fmt: skip
def test_headers_of_french_exports_are_recognised(header: str, field: str) -> None:
    columns = {"MAGASIN": ["M1", "M2"], header: VALUES[field]}
    if field == "street_number":
        columns["RUE"] = ["rue des Lilas", "place Bellecour"]
    used = inputs(columns).used
    assert header in used.get("address_line" if field == "street_number" else field, ())


def test_a_column_with_one_value_or_few_is_read_by_its_header() -> None:
    rows = 200
    used = inputs(
        {"NOM": [f"NAME{chr(65 + n % 26)}" for n in range(rows)], "VILLE": ["PARIS"] * rows,
         "NOM DE NAISSANCE": ["DURAND", *[None] * (rows - 1)]}
    ).used  # fmt: skip
    assert used["city"] == ("VILLE",)
    assert used["birth_name"] == ("NOM DE NAISSANCE",)


@pytest.mark.parametrize(
    ("header", "values"),
    [
        pytest.param("MAIL", ["O", "N", "O"], id="a flag is no mailbox"),
        pytest.param("MOBILE", ["oui", "non", None], id="a flag is no phone"),
        pytest.param("NOM", ["12", "13", "14"], id="numbers are no names"),
        pytest.param("INSEE", ["1800475123456", "2800475123457", None], id="a national identifier is left alone"),
    ],
)
def test_a_header_alone_is_not_believed(header: str, values: list[str | None]) -> None:
    with pytest.raises(InputError, match="none of the 1 columns"):
        inputs({header: values})


def test_addresses_of_computers_are_not_phones() -> None:
    found = inputs({"NOM": ["DURAND", "MARTIN"], "OPTIN_IP": ["203.0.113.146", "192.0.2.72"]})
    assert "phone" not in found.used


def test_a_gender_that_an_earlier_run_guessed_is_not_taken_for_a_stated_one() -> None:
    assert "gender" not in inputs({"NOM": ["DURAND", "MARTIN"], "likely_gender": ["F", "M"]}).used


def test_two_phone_columns_stand_for_phone_and_mobile_and_a_third_is_left() -> None:
    found = inputs({"TEL1": ["0142685300"], "TEL2": ["0678124593"], "TEL3": ["0472685311"]})
    assert found.used == {"phone": ("TEL1",), "mobile": ("TEL2",)}
    assert found.notes == ("TEL3 is left as it is: TEL1 was read as phone",)


def test_a_column_told_goes_before_one_recognised() -> None:
    found = inputs({"MAIL": ["a@free.fr"], "AUTRE": ["b@free.fr"]}, AUTRE="email")
    assert found.used["email"] == ("AUTRE",)
    assert found.notes == ("MAIL is left as it is: AUTRE was read as email",)


def test_lines_of_a_complement_are_put_together() -> None:
    found = inputs({"ADRESSE1": ["1 rue A", "2 rue B", "3 rue C"], "ADRESSE2": ["Bat A", None, None],
                    "ADRESSE3": ["Etage 2", "Hall 3", None]})  # fmt: skip
    assert found.raw["address_complement"].fillna("").tolist() == ["Bat A, Etage 2", "Hall 3", ""]


def test_number_and_type_of_a_street_are_put_before_its_name() -> None:
    found = inputs({"NUM_VOIE": ["12", "3", None], "TYPE_VOIE": ["RUE", "AVENUE", "PLACE"],
                    "NOM_VOIE": ["DES LILAS", "3 AVENUE FOCH", "BELLECOUR"]})  # fmt: skip
    assert found.raw["address_line"].tolist() == ["12 RUE DES LILAS", "3 AVENUE FOCH", "PLACE BELLECOUR"]
    assert found.used["address_line"] == ("NUM_VOIE", "TYPE_VOIE", "NOM_VOIE")


def test_a_number_that_the_line_begins_with_is_not_written_twice() -> None:
    found = inputs({"NUM_VOIE": ["12", "1"], "RUE": ["12 rue des Lilas", "11 rue Foch"]})
    assert found.raw["address_line"].tolist() == ["12 rue des Lilas", "1 11 rue Foch"]


def test_a_birth_date_in_three_columns_is_put_together() -> None:
    years = [str(year) for year in range(1950, 1990)]
    found = inputs({"ANNEE NAISSANCE": years, "MOIS NAISSANCE": ["4"] * 40, "JOUR NAISSANCE": ["7"] * 40})
    assert found.raw["birth_date"].iloc[0] == "07/04/1950"
    assert found.used == {"birth_date": ("JOUR NAISSANCE", "MOIS NAISSANCE", "ANNEE NAISSANCE")}


@pytest.mark.parametrize(
    ("dates", "month_first"),
    [
        pytest.param(["05/14", "12/25", "01/31", "03/04"], True, id="months first, as no day could stand there"),
        pytest.param(["05/14", "12/25", "31/01", "03/04", "2/28"], False, id="one date says otherwise"),
        pytest.param(["05/14/1980", "03/04/1981"], False, id="one slip is no proof"),
        pytest.param(["1980-05-14", "1981-01-31", "1990-12-25"], False, id="the year first"),
    ],
)
def test_a_column_of_dates_shows_whether_months_come_first(dates: list[str | None], month_first: bool) -> None:
    assert inputs({"Birthday": dates}).month_first == month_first


def test_dates_written_month_first_are_read_so(tmp_path: Path) -> None:
    result = done(tmp_path, Birthday=["05/14", "12/25", "01/31", "03/04"])
    assert result.added["birth_date_std"].tolist() == ["--05-14", "--12-25", "--01-31", "--03-04"]
    assert any("month before day" in note for note in result.notes)


def test_parts_of_a_street_or_date_alone_are_nothing_to_clean() -> None:
    with pytest.raises(InputError, match="none of the 2 columns"):
        inputs({"NUM_VOIE": ["12", "14"], "MOIS NAISSANCE": ["4", "5"]})


# --- columns out ------------------------------------------------------------------------------------------------------


def test_keys_are_made_of_whichever_names_there_are() -> None:
    made = output_columns(
        clean(frame(last_name=["DUPOND", "MARTIN", None], first_name=["Jean", None, "Zoé"])), junk=shipped_lists()
    )
    assert made["name_key"].tolist() == ["DUPOND JEAN", "MARTIN", "ZOE"]
    assert made["phonetic_key"].str.split().str.len().tolist() == [2, 1, 1]


def test_names_that_sound_alike_have_one_phonetic_key() -> None:
    made = output_columns(
        clean(frame(last_name=["DUPONT", "DUPOND"], first_name=["Philippe", "Filipe"])), junk=shipped_lists()
    )
    assert made["phonetic_key"].iloc[0] == made["phonetic_key"].iloc[1]


@pytest.mark.parametrize(
    ("phone", "mobile", "number", "kind", "quality"),
    [
        pytest.param("0142685300", "0678124593", "+33678124593", "mobile", "valid", id="the mobile first"),
        pytest.param("0142685300", None, "+33142685300", "landline", "valid", id="else the landline"),
        pytest.param("0678124593", None, "+33678124593", "mobile", "valid", id="a mobile in the other column"),
        pytest.param("0892123456", None, "+33892123456", "special", "junk", id="a service number"),
        pytest.param("0162123456", None, "+33162123456", "platform", "junk", id="a platform"),
        pytest.param(
            "0142685300", "0666666666", "+33142685300", "landline", "valid", id="the quality of the one chosen"
        ),
        pytest.param(None, "0666666666", None, None, "junk", id="nothing kept"),
        pytest.param(None, None, None, None, "missing", id="nothing written"),
    ],
)
def test_one_phone_is_chosen(
    phone: str | None, mobile: str | None, number: str | None, kind: str | None, quality: str
) -> None:
    made = output_columns(clean(frame(phone=[phone], mobile=[mobile])), junk=shipped_lists())
    (row,) = made[["phone_e164", "phone_kind", "phone_quality"]].astype(object).where(made.notna(), None).to_numpy()
    assert row.tolist() == [number, kind, quality]


def test_the_quality_of_a_row_is_the_worst_of_its_fields() -> None:
    table = frame(**{f"{field}_quality": ["valid", "missing", "repaired", "junk"] for field in FIELDS})
    table["email_quality"] = ["repaired", "missing", "suspect", "valid"]
    assert worst_of(table, FIELDS).tolist() == ["repaired", "missing", "suspect", "junk"]


@pytest.mark.parametrize(("names", "shared"), [pytest.param(6, False, id="six"), pytest.param(7, True, id="seven")])
def test_a_phone_or_mailbox_of_more_than_six_names_is_nobodys(names: int, shared: bool) -> None:
    raw = frame(
        last_name=SURNAMES[:names], mobile=["0678124593"] * names, phone=["0142685300"] * names,
        email=["accueil.lyon@orange.fr"] * names,
    )  # fmt: skip
    table = without_shared(clean(raw))
    for field, key in (("mobile", "mobile"), ("landline", "landline"), ("email", "email_key")):
        assert table[key].isna().all() == shared
        assert (table[f"{field}_quality"] == "junk").all() == shared
        assert table[f"{field}_notes"].fillna("").str.contains("over_frequent").all() == shared
    made = output_columns(table, junk=shipped_lists())
    assert made["phone_e164"].isna().all() == shared


def test_a_shared_number_is_not_taken_up_again_from_the_other_numbers() -> None:
    rows = 8
    mobiles = ["0678124593"] * 7 + ["0678999001 / 0678124593"]
    raw = frame(last_name=SURNAMES[:rows], mobile=mobiles)
    made = output_columns(without_shared(clean(raw)), junk=shipped_lists())
    assert made["phone_e164"].fillna("").tolist() == [""] * 7 + ["+33678999001"]
    assert made["other_phones"].isna().all()


def test_one_family_may_share_a_number() -> None:
    raw = frame(last_name=["DURAND"] * 9, first_name=["Zoé"] * 9, mobile=["0678124593"] * 9)
    assert (without_shared(clean(raw))["mobile_quality"] == "valid").all()


def test_a_day_far_too_many_were_born_on_is_no_birth_date() -> None:
    dates = ["01/01/1981"] * 30 + [f"{day:02d}/05/1981" for day in range(1, 29)]
    table = without_shared(clean(frame(birth_date=dates)))
    assert table["birth_date"].isna().sum() == 30
    assert set(table["birth_date_notes"].dropna()) == {"over_frequent"}


# --- the whole --------------------------------------------------------------------------------------------------------


def test_findings_are_counted_with_a_few_different_examples(tmp_path: Path) -> None:
    result = done(tmp_path, NOM=SURNAMES * 2, PORTABLE=[f"6781245{n:02d}" for n in range(10)] * 2)
    (found,) = findings(result, examples=True)
    assert (found.field, found.note, found.count) == ("mobile", "zero_restored", 20)
    assert [(one.row, one.written, one.standard, one.quality) for one in found.examples[:2]] == [
        (1, "678124500", "+33678124500", "repaired"),
        (2, "678124501", "+33678124501", "repaired"),
    ]
    assert len(found.examples) == 5


def test_misspelt_domains_are_counted(tmp_path: Path) -> None:
    result = done(tmp_path, MAIL=["a@gmial.com", "b@gmial.com", "c@orange.fr"])
    (one,) = suggestions(result)
    assert (one.written, one.meant, one.count) == ("gmial.com", "gmail.com", 2)


def test_standardising_what_was_standardised_changes_no_value(tmp_path: Path) -> None:
    first = done(tmp_path, NOM=["DURAND", "MARTIN"], RUE=["12 bis av Foch", "3 rue B"], CP=["6000", "69003"],
                 VILLE=["NICE", "LYON"], TEL=["678124593", "0142685300"])  # fmt: skip
    path = tmp_path / "again.csv"
    write_csv(first.table, path)
    second = standardise(StandardiseRequest(path), settings=CleaningSettings())
    assert set(second.renamed) == set(first.added.columns)
    pd.testing.assert_frame_equal(second.added, first.added)


def test_every_column_is_told_with_what_it_was_read_as(tmp_path: Path) -> None:
    result = done(tmp_path, NOM=["DURAND", "MARTIN"], MAGASIN=["A", "B"], MAIL=["a@free.fr", "b@free.fr"],
                  EMAIL2=["c@free.fr", "d@free.fr"])  # fmt: skip
    assert recognised(result) == [
        ("NOM", "last_name", "header"),
        ("MAGASIN", None, "not recognised as a field"),
        ("MAIL", "email", "header"),
        ("EMAIL2", None, "another column is read as email"),
    ]


# --- files ------------------------------------------------------------------------------------------------------------


def test_what_is_written_as_csv_is_read_back_to_the_letter(tmp_path: Path) -> None:
    odd = ['say "hi"', "a,b", "a;b", "two\nlines", " edge ", "é€漢", '"', ",", None, "\r", "\\"]
    table = frame(**{"a": odd, 'b "c", d': odd[::-1]})
    write_csv(table, tmp_path / "odd.csv")
    with (tmp_path / "odd.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows == [list(table.columns), *table.astype(object).where(table.notna(), "").to_numpy().tolist()]


def test_more_rows_than_a_sheet_has_are_refused(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": pd.Series(["x"], dtype="str").repeat(MOST_EXCEL_ROWS + 1)})
    with pytest.raises(InputError, match="more than an Excel sheet holds"):
        write_excel(table, tmp_path / "many.xlsx")


@pytest.mark.parametrize(
    ("file", "table"),
    [
        pytest.param("in/clients.csv", "clients_standardised.csv", id="beside where one stands"),
        pytest.param("clients.csv.gz", "clients_standardised.csv", id="packed"),
        pytest.param("book.xlsx", "book_standardised.csv", id="a workbook"),
    ],
)
def test_the_table_is_named_after_the_file(file: str, table: str) -> None:
    targets = plan_targets(Path(file), None, None)
    assert (str(targets.table), str(targets.report)) == (table, "report.html")


def test_a_link_to_the_input_is_the_input(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("NOM\nX\n")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(InputError, match="is the file to be read"):
        plan_targets(tmp_path / "a.csv", tmp_path / "b.csv", None)


@pytest.mark.parametrize(
    ("count", "says"),
    [(0, "0 %"), (1, "<0.1 %"), (50, "0.5 %"), (5_000, "50 %"), (9_999, "100.0 %"), (10_000, "100 %")],
)
def test_shares_are_short_and_little_is_not_nothing(count: int, says: str) -> None:
    assert percent(count, 10_000) == says


def test_pieces_of_a_bar_fill_it_and_say_what_they_are() -> None:
    counts = dict.fromkeys(Quality, 0) | {Quality.VALID: 60, Quality.JUNK: 38, Quality.MISSING: 2}
    pieces = stacked(FieldQuality("name", ("NOM",), counts), 100)
    assert [(one.quality, one.label) for one in pieces] == [
        ("valid", "valid 60 %"),
        ("junk", "junk 38 %"),
        ("missing", ""),
    ]
    assert pieces[0].width + pieces[1].width + pieces[2].width == pytest.approx(520)
    assert pieces[2].says == "missing: 2 rows, 2.0 %"
