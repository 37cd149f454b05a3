"""Via: the way back of a response (RFC 3261, section 20.42; `rport`: RFC 3581).  [core]"""

import re
from dataclasses import dataclass, field, replace

import sipmessage

from gateway.sip import parameters as parameter_list
from gateway.sip.grammar import HOST, PORT, SPACE, TOKEN, comma_separated, host, port
from gateway.sip.parameters import Parameters

MAGIC_COOKIE = "z9hG4bK"
"A branch that begins so, and goes on, is unique and names the transaction (RFC 3261, section 8.1.1.7)."

_SENT_BY = re.compile(
    rf"{SPACE}SIP{SPACE}/{SPACE}2\.0{SPACE}/{SPACE}(?P<transport>{TOKEN})[ \t]+(?P<host>{HOST})"
    rf"(?:{SPACE}:{SPACE}(?P<port>{PORT}))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Via(sipmessage.Via):
    """One hop that the request took. `host` of an IPv6 address has its brackets.

    One that was parsed is written as it stood, one that was made or changed from its parts.
    """

    parameters: Parameters = field(default_factory=Parameters)
    _text: str = field(default="", init=False, repr=False, compare=False)

    @classmethod
    def parse(cls, value: str) -> "Via":
        """Exactly one; raises ValueError only."""
        vias = cls.parse_many(value)
        if len(vias) != 1:
            raise ValueError("there must be one Via")
        return vias[0]

    @classmethod
    def parse_many(cls, value: str) -> "list[Via]":  # type: ignore[override]  # nobody adds to it
        """One or more, separated by commas; raises ValueError only."""
        return comma_separated(_scan, value)

    @property
    def sent_by(self) -> str:
        """Host and, where it is named, port; as they are compared."""
        return self.host.lower() if self.port is None else f"{self.host.lower()}:{self.port}"

    @property
    def branch(self) -> str:
        """The `branch` parameter, empty where there is none."""
        return self.parameters.get("branch") or ""

    @property
    def names_its_transaction(self) -> bool:
        """Whether the branch is one of RFC 3261: with the magic cookie and more than that."""
        return self.branch.startswith(MAGIC_COOKIE) and len(self.branch) > len(MAGIC_COOKIE)

    @property
    def asks_for_port(self) -> bool:
        """Whether the response is to go to where the request came from (`rport`, RFC 3581)."""
        return "rport" in self.parameters

    def received_from(self, host: str, port: int) -> "Via":
        """This Via as a server amends it that got the request from there.

        RFC 3261, section 18.2.1: `received` where it differs from what the Via says. RFC 3581, section 4: the
        `rport` that was asked for, and then `received` in any case.
        """
        if self.asks_for_port:
            changes = {"received": host, "rport": str(port)}
        elif self.host.strip("[]") != host:
            changes = {"received": host}
        else:
            return self
        return replace(self, parameters=self.parameters.replace(**changes))

    def __str__(self) -> str:
        if self._text:
            return self._text
        sent_by = self.host if self.port is None else f"{self.host}:{self.port}"
        return f"SIP/2.0/{self.transport} {sent_by}{self.parameters}"


def _scan(text: str, start: int) -> tuple[Via, int]:
    match = _SENT_BY.match(text, start)
    if match is None:
        raise ValueError("this is no Via")
    parameters, end = parameter_list.scan(text, match.end())
    via = Via(match["transport"], host(match["host"]), port(match["port"]), parameters)
    object.__setattr__(via, "_text", text[start:end].strip(" \t"))
    return via, end
