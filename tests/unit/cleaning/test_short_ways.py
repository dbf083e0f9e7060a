"""The short ways for ordinary names and addresses give what the long ways give."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.cleaning import CleaningSettings
from rcu.cleaning.addresses import read_address
from rcu.cleaning.names import read_name
from rcu.cleaning.plainaddresses import PlainAddresses
from rcu.cleaning.plainnames import PlainNames

SETTINGS = CleaningSettings(shop_names=("Maison Verte",))
TYPED = (
    "JEAN|Jean-Pierre|marie|D'ESTAING|Ø'Brien|Saint-Exupéry|DE LA TOUR|M|M M|MME|Mme Marie|Née|Petit née Grand|XXX",
    "Maison Verte|Verte|CLIENT|Comptoir|SARL|Jean et Marie|Aa|aaa|Lï|Van den Berg|Hotel|l'Hermite|Le-Goff|SAINT|ép",
)
names = st.sampled_from("|".join(TYPED).split("|")) | st.text(alphabet="abÉzMe '-.", max_size=8)
streets = st.lists(
    st.sampled_from(
        [
            "rue",
            "RUE",
            "av.",
            "Bd",
            "de",
            "la",
            "du",
            "d'Estaing",
            "GAL",
            "Général",
            "12",
            "14",
            "8",
            "mai",
            "bis",
            "ter",
            "B",
            "BAT",
            "appt",
            "residence",
            "chez",
            "lot",
            "Z.A.",
            "-",
            ",",
            "saint-Jean",
        ]
    ),
    min_size=1,
    max_size=6,
).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(
    st.tuples(
        st.sampled_from([None, "M.", "Mme", "M et Mme"]),
        st.none(),
        names,
        names,
        st.none() | names,
        st.none(),
        st.none(),
    )
)
def test_an_ordinary_name_reads_the_same_the_short_way(parts: tuple[str | None, ...]) -> None:
    short = PlainNames(SETTINGS).read(parts)
    assert short is None or short == read_name(parts, settings=SETTINGS)


@settings(max_examples=400, deadline=None)
@given(
    st.tuples(
        streets | st.tuples(st.integers(0, 99), streets).map(lambda pair: f"{pair[0]} {pair[1]}"),
        st.none() | streets,
        st.sampled_from([None, "75012", "1000", "abc"]),
        st.sampled_from([None, "Paris 12", "75012 PARIS", "XXX"]),
        st.sampled_from([None, "France", "Monaco", "Belgique", "?"]),
    )
)
def test_an_ordinary_address_reads_the_same_the_short_way(parts: tuple[str | None, ...]) -> None:
    short = PlainAddresses(SETTINGS).read(parts)
    assert short is None or short == read_address(parts, settings=SETTINGS)


def test_ordinary_records_do_take_the_short_way() -> None:
    assert PlainNames(SETTINGS).read(("MME", None, "Marie", "DE LA TOUR", None, None, None)) is not None
    assert PlainAddresses(SETTINGS).read(("12 bis rue de la Paix", "BAT B", "75002", "PARIS", None)) is not None
