"""Telephone numbers and user names as they are dialled, shown and configured.  [core]"""

import re

LONGEST = 64
_SEPARATORS = re.compile(r"[-.()\s]")
_PHONE = re.compile(r"\+?[0-9()\s.-]*[0-9][0-9()\s.-]*", re.ASCII)
_DIALLABLE = re.compile(r"\+?[A-Za-z0-9*#_.-]{1,63}", re.ASCII)


def normalised(user: str) -> str:
    """A user part without its parameters (`;phone-context=…`); a number also without visual separators.

    Empty for what nobody could have dialled.
    """
    bare = user.partition(";")[0][:LONGEST]
    if _PHONE.fullmatch(bare):
        return _SEPARATORS.sub("", bare)
    return bare if bare.isprintable() else ""


def is_diallable(number: str) -> bool:
    """Whether a number or user name can stand in an address that we call, as it is."""
    return _DIALLABLE.fullmatch(number) is not None


def fits(pattern: str, number: str) -> bool:
    """Whether a configured pattern (a `*` at its end stands for anything) is about a number."""
    return number.startswith(pattern[:-1]) if pattern.endswith("*") else number == pattern


def exactness(pattern: str) -> tuple[bool, int]:
    """To be sorted by: of two patterns that fit, the greater one is meant."""
    return not pattern.endswith("*"), len(pattern)
