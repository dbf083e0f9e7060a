"""A phonetic code for French surnames: names that sound alike in French get the same code.

The code is read from the match key (upper case, no accents). Rules, in order:

1. particles at the front are dropped (DE LA TOUR sounds as TOUR), spaces are closed up;
2. letters written double become single; H is silent, except in CH and PH;
3. groups: PH=F, EAU/AU=O, AI/EI/AY/EY/OE=E, QU/CK/C/Q=K, C before E I Y=S, G before E I Y=J (the E of
   GEORGES is mute), GU before E I=G, GN=N, SCH/SH/CH=C, Y=I, W=V, X=S, Z=S, TION=SION, ILL=I;
4. nasals: AN/AM/EN/EM=A and IN/IM/AIN/EIN/YN/UN/UM=I and ON/OM=O before a consonant or the end are written 1, 4 and 0;
5. one silent ending goes: E, ER, ET and the like, or S X Z T D P without an E behind, G and C after a nasal; AULT, AUD,
   OT, EAU all end as O;
6. a vowel inside is kept, since French surnames differ by vowels (MARTIN is not MORTON); an empty code is None.
"""

from __future__ import annotations

import re

PARTICLES = frozenset({"DE", "DU", "DES", "D", "LA", "LE", "LES", "L", "VAN", "VON", "DEN", "DER", "EL", "AL", "BEN",
                       "DA",
                       "DI", "DOS", "DEL", "AIT", "TER"})  # fmt: skip

# each rule with the letter without which it has nothing to do, which is quicker to look for
_RULES: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (letter, re.compile(pattern), replacement)
    for letter, pattern, replacement in (
        ("H", r"SCH|SH|TCH", "CH"),
        ("P", r"PH", "F"),
        ("H", r"(?<!C)H", ""),
        ("", r"(.)\1+", r"\1"),
        ("T", r"TION", "SION"),
        ("Y", r"Y(?=[NM](?:[^AEIOUY]|$))", "I"),
        ("U", r"EAU[XLTDS]*$|AU[LTDX]+S?$|EAU|AU", "O"),
        ("", r"(?:AI|EI|I|U)[NM](?=[^AEIOUYNM]|$)", "4"),
        ("", r"[AE][NM](?=[^AEIOUYNM]|$)", "1"),
        ("O", r"O[NM](?=[^AEIOUYNM]|$)", "0"),
        ("E", r"OEU|EU|OE", "E"),
        ("", r"AI|EI|AY|EY", "E"),
        ("O", r"OI|OY", "2"),
        ("O", r"OU", "U"),
        ("L", r"ILE?(?=[AEIOU]|$)", "I"),
        ("C", r"CH", "8"),
        ("G", r"GN", "N"),
        ("G", r"G(?=[EI])", "J"),
        ("J", r"(?<=J)E(?=[AO01])", ""),
        ("G", r"GU(?=[EI])", "G"),
        ("C", r"C(?=[EI])", "S"),
        ("", r"QU|CK|[CQ]", "K"),
        ("Y", r"Y", "I"),
        ("W", r"W", "V"),
        ("", r"X|Z", "S"),
        ("", r"(.)\1+", r"\1"),
    )
)
_SILENT = re.compile(r"(?<=.)(?:E(?:R|[STDP]+)?S?|[STDP]+|(?<=[014])[GK]S?)$")


def sound(key: str) -> str | None:
    """Code a surname's match key, or None when nothing is left to pronounce.

    Digits of the result stand for sounds (0 on, 1 an, 2 oi, 4 in, 8 ch); compare codes, do not read them.
    """
    code = "".join(without_particles(key).split())
    for letter, pattern, replacement in _RULES:
        if letter in code:
            code = pattern.sub(replacement, code)
    return _SILENT.sub("", code, count=1) or None


def without_particles(key: str) -> str:
    """Drop the particles a surname starts with; a name made of particles alone is kept whole."""
    words = key.split(" ")
    start = 0
    while start < len(words) - 1 and words[start] in PARTICLES:
        start += 1
    return " ".join(words[start:])
