"""The tokens that SIP header fields are made of (RFC 3261, section 25.1).  [core]

Every pattern takes linear time whatever it is given: no two neighbours can share out the same text in several
ways (hence the possessive white space). Header lines were unfolded before, so it is spaces and tabs.
"""

import re
from collections.abc import Callable
from ipaddress import IPv6Address
from typing import TypeVar

T = TypeVar("T")

SPACE = r"[ \t]*+"
TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]+"
QUOTED = r'"(?:[^"\\]|\\.)*"'
"With its quotes, for patterns with DOTALL. A backslash takes the next character along."
HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?\.?)"
"""A name, an IPv4 address, an IPv6 address in brackets.

Wider than the RFC, whose top labels end in no digit and know no underscore: names of containers and machines
(`kamailio2`, `sip_edge`) stand in real Vias and Contacts.
"""
PORT = r"[0-9]{1,5}"

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_COMMA = re.compile(rf"{SPACE},")
_END = re.compile(rf"{SPACE}\Z")

MOST_ITEMS = 80
"In a list: more than the hops that Max-Forwards allows. Reading thousands would hold up every call."


def comma_separated(scan: Callable[[str, int], tuple[T, int]], text: str) -> list[T]:
    """One item or more; `scan` reads the one that begins at an index and says where it ends.

    Raises ValueError.
    """
    items: list[T] = []
    start = 0
    while len(items) < MOST_ITEMS:
        item, end = scan(text, start)
        items.append(item)
        if _END.match(text, end):
            return items
        comma = _COMMA.match(text, end)
        if comma is None:
            raise ValueError("something stands where a comma or the end must be")
        start = comma.end()
    raise ValueError("the list is too long")


def quoted(text: str) -> str:
    """A quoted string that means `text`."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquoted(text: str) -> str:
    """What a quoted string means; anything else is left as it is."""
    return _ESCAPED.sub(r"\1", text[1:-1]) if text.startswith('"') else text


def host(text: str) -> str:
    """A host that matched `HOST`, looked at more closely; raises ValueError."""
    if text.startswith("["):
        IPv6Address(text[1:-1])
    return text


def port(text: str | None) -> int | None:
    """A port that matched `PORT`; raises ValueError for one that cannot be."""
    if text is None:
        return None
    if not 0 < int(text) < 65_536:
        raise ValueError("there is no such port")
    return int(text)
