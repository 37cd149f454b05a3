"""The telephone number that a customer says, writes or keys, as it can be dialled.  [core]

People leave out their country's code. Where the rules for calls out (`telephone.dial`) allow exactly one
country in which the number makes sense, that one is meant.
"""

import re
from collections.abc import Callable

from gateway.sip import numbers
from gateway.sip.destinations import Destinations
from gateway.trunks import Telephone
from tools.evidence import spoken_digits

FEWEST, MOST = 7, 15
"Digits (E.164 has at most 15); fewer are a time, a ZIP code or an order."

InFull = Callable[[str], str | None]
"A number as it is said, to how it is dialled; None: we cannot call it, or it is not clear which is meant."


def whom_we_can_call(telephone: Telephone) -> InFull:
    """By the configured rules. Without a telephone our people dial, and know what is meant."""
    if not telephone.listen:
        return as_written
    destinations, allowed = Destinations(telephone.dial), telephone.dial.allowed
    return lambda number: in_full(number, destinations, allowed)


def as_written(number: str) -> str | None:
    """The number without its separators, if it is one."""
    plain = numbers.normalised(number)
    return plain if re.fullmatch(rf"\+?\d{{{FEWEST},{MOST}}}", plain, re.ASCII) else None


def said_numbers(text: str) -> list[str]:
    """Every telephone number in the words, each once, as it was said."""
    found = [run for run in spoken_digits(text).split() if FEWEST <= len(run) <= MOST]
    return [f"+{run}" if _is_international(run, text) else run for run in dict.fromkeys(found)]


def in_full(number: str, destinations: Destinations, allowed: tuple[str, ...]) -> str | None:
    """The number as it is to be dialled; None: we may not call it, or it is not clear which one is meant.

    `allowed`: the patterns of `destinations`.
    """
    plain = numbers.normalised(number)
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    if re.fullmatch(r"\+?\d{2,15}", plain, re.ASCII) is None:
        return None
    if destinations.allows(plain):
        return destinations.check(plain)
    if plain.startswith("+"):
        return None
    codes = {code for pattern in allowed for code in _codes(pattern)}
    full = {_with_code(code, plain) for code in codes}
    found = {destinations.check(each) for each in full if destinations.allows(each)}
    return found.pop() if len(found) == 1 else None


def _codes(pattern: str) -> list[str]:
    """The countries' codes that a pattern may begin with: 1 to 3 digits (E.164)."""
    digits = re.match(r"\+(\d+)", pattern)
    if digits is None:
        return []
    return [digits[1][0]] if digits[1][0] in "17" else [digits[1][:length] for length in (2, 3)]


def _with_code(code: str, plain: str) -> str:
    """A number that may have its country's code already, and may have the zero that is dialled within one."""
    return f"+{plain}" if plain.startswith(code) else f"+{code}{plain.removeprefix('0')}"


def _is_international(run: str, text: str) -> bool:
    """Whether a plus stands, or is said, directly before it."""
    before = re.search(r"(?:\+|\bplus\b)\W*(.*)", text, re.I | re.S)
    return before is not None and spoken_digits(before[1]).startswith(run)
