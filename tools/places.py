"""Streets and states in one spelling, so that "Ave." equals "avenue" and "Illinois" equals "IL". [core]

For comparing addresses that were said with addresses as they are written; US usage (USPS Publication 28).
"""

from collections.abc import Sequence

_STREETS = {
    "st": "street",
    "str": "street",
    "ave": "avenue",
    "av": "avenue",
    "rd": "road",
    "blvd": "boulevard",
    "dr": "drive",
    "ln": "lane",
    "ct": "court",
    "pl": "place",
    "sq": "square",
    "ter": "terrace",
    "pkwy": "parkway",
    "hwy": "highway",
    "cir": "circle",
    "apt": "apartment",
    "ste": "suite",
    "fl": "floor",
    "n": "north",
    "s": "south",
    "e": "east",
    "w": "west",
    "ne": "northeast",
    "nw": "northwest",
    "se": "southeast",
    "sw": "southwest",
}
_STATES = {
    "alabama": "al", "alaska": "ak", "arizona": "az", "arkansas": "ar", "california": "ca", "colorado": "co",
    "connecticut": "ct", "delaware": "de", "florida": "fl", "georgia": "ga", "hawaii": "hi", "idaho": "id",
    "illinois": "il", "indiana": "in", "iowa": "ia", "kansas": "ks", "kentucky": "ky", "louisiana": "la",
    "maine": "me", "maryland": "md", "massachusetts": "ma", "michigan": "mi", "minnesota": "mn",
    "mississippi": "ms", "missouri": "mo", "montana": "mt", "nebraska": "ne", "nevada": "nv", "ohio": "oh",
    "oklahoma": "ok", "oregon": "or", "pennsylvania": "pa", "tennessee": "tn", "texas": "tx", "utah": "ut",
    "vermont": "vt", "virginia": "va", "washington": "wa", "wisconsin": "wi", "wyoming": "wy",
    "new hampshire": "nh", "new jersey": "nj", "new mexico": "nm", "new york": "ny", "north carolina": "nc",
    "north dakota": "nd", "rhode island": "ri", "south carolina": "sc", "south dakota": "sd",
    "west virginia": "wv", "district of columbia": "dc",
}  # fmt: skip


def canonical(words: Sequence[str]) -> list[str]:
    """The words with states as their two letters and street words written out; others as they are.

    Two letters that are both a state and a street word ("CT", "FL") become the street word in either
    spelling, so that both compare equal.
    """
    plain: list[str] = []
    place = 0
    while place < len(words):
        for length in (3, 2, 1):
            name = " ".join(words[place : place + length])
            if length == 1 or name in _STATES:
                word = _STATES.get(name, name)
                plain.append(_STREETS.get(word, word))
                place += length
                break
    return plain
