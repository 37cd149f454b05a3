"""Addresses of From, To, Contact, Route and their like.  [core]

A display name, a URI and the header field's parameters: RFC 3261, sections 20.10, 20.20, 20.30, 20.34, 20.39.
"""

import re
from dataclasses import dataclass, field

import sipmessage

from gateway.sip import parameters as parameter_list
from gateway.sip.grammar import QUOTED, SPACE, comma_separated, quoted, unquoted
from gateway.sip.parameters import Parameters
from gateway.sip.uri import URI

_NAMED = re.compile(rf'{SPACE}(?P<name>{QUOTED}{SPACE}|[^"<>,;:\\]*)<(?P<uri>[^<>\s"]+)>', re.DOTALL)
_BARE = re.compile(rf'{SPACE}(?P<uri>[^\s<>",;?]+)')
"Without angle brackets a URI has no comma, question mark or semicolon: what follows them is the header's."


@dataclass(frozen=True)
class Address(sipmessage.Address):
    """A display name (unquoted), a URI, and the parameters of the header field, such as `tag`.

    One that was parsed is written as it stood, one that was made or changed from its parts.
    """

    uri: URI
    parameters: Parameters = field(default_factory=Parameters)
    _text: str = field(default="", init=False, repr=False, compare=False)

    @classmethod
    def parse(cls, value: str) -> "Address":
        """Exactly one address; raises ValueError only."""
        addresses = cls.parse_many(value)
        if len(addresses) != 1:
            raise ValueError("there must be one address")
        return addresses[0]

    @classmethod
    def parse_many(cls, value: str) -> "list[Address]":  # type: ignore[override]  # nobody adds to it
        """One address or more, separated by commas; raises ValueError only."""
        return comma_separated(_scan, value)

    @property
    def tag(self) -> str:
        """The `tag` parameter, empty where there is none."""
        return self.parameters.get("tag") or ""

    def __str__(self) -> str:
        if self._text:
            return self._text
        name = f"{quoted(self.name)} " if self.name else ""
        return f"{name}<{self.uri}>{self.parameters}"


def _scan(text: str, start: int) -> tuple[Address, int]:
    match = _NAMED.match(text, start) or _BARE.match(text, start)
    if match is None:
        raise ValueError("this is no address")
    name = match.groupdict().get("name") or ""
    parameters, end = parameter_list.scan(text, match.end())
    address = Address(URI.parse(match["uri"]), unquoted(name.strip(" \t")), parameters)
    object.__setattr__(address, "_text", text[start:end].strip(" \t"))
    return address, end
