"""The `;name=value` parameters of addresses, Via and other header fields (RFC 3261, section 25.1).  [core]"""

import re
from collections.abc import Iterator, Mapping

import sipmessage

from gateway.sip.grammar import QUOTED, SPACE, TOKEN, quoted, unquoted

_PARAMETER = re.compile(rf'{SPACE};{SPACE}({TOKEN})(?:{SPACE}={SPACE}({QUOTED}|[^\s;,"<>]*))?', re.DOTALL)
MOST_PARAMETERS = 64

_UNQUOTED_VALUE = re.compile(r"[!#-+\-.-:=?-\[\]-~]+")
"""What may stand without quotes: more than a token, which has no `=` and no `/`.

Tags and branches out there have them, and are compared as they were sent.
"""


class Parameters(sipmessage.Parameters):
    """Names in lower case, as they are compared, to values; None for a name without one.

    Unlike sipmessage's, values in header fields are not percent-decoded (a tag is compared as it stands), and
    a quoted string is one value whatever it holds.
    """

    def __init__(self, values: Mapping[str, str | None] | None = None, /, **named: str | None) -> None:
        self._values = {**(values or {}), **named}

    @classmethod
    def parse(cls, value: str) -> "Parameters":
        """Raises ValueError."""
        parameters, end = scan(value, 0)
        if value[end:].strip(" \t"):
            raise ValueError("these are no parameters")
        return parameters

    def replace(self, **changes: str | None) -> "Parameters":
        """A copy with `changes`."""
        return Parameters(self._values, **changes)

    def __getitem__(self, key: str) -> str | None:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __str__(self) -> str:
        return "".join(_text(name, value) for name, value in self.items())


def scan(text: str, start: int) -> tuple[Parameters, int]:
    """The parameters that begin at `start`, perhaps none, and where they end. The first of a name counts.

    Raises ValueError when there is no end of them.
    """
    values: dict[str, str | None] = {}
    for _ in range(MOST_PARAMETERS):
        match = _PARAMETER.match(text, start)
        if match is None:
            return Parameters(values), start
        name, value = match.groups()
        values.setdefault(name.lower(), None if value is None else unquoted(value))
        start = match.end()
    raise ValueError("there are too many parameters")


def _text(name: str, value: str | None) -> str:
    if value is None:
        return f";{name}"
    return f";{name}={value if _UNQUOTED_VALUE.fullmatch(value) else quoted(value)}"
