"""SIP, SIPS and tel URIs, and others as far as a header field may hold them.  [core]

RFC 3261, section 19.1; RFC 3966.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

import sipmessage

from gateway.sip.grammar import HOST, PORT, host, port
from gateway.sip.parameters import Parameters

LONGEST = 2_048
"Characters."

_ESCAPED = "%[0-9A-Fa-f]{2}"
_USER = rf"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/#]|{_ESCAPED})+"
"`#` should be escaped; telephones that dial service codes do not."
_PASSWORD = rf"(?:[A-Za-z0-9\-_.!~*'()&=+$,]|{_ESCAPED})*"
_PARAMETER = rf"(?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]|{_ESCAPED})"
_PARAMETERS = rf"(?P<parameters>(?:;{_PARAMETER}+(?:={_PARAMETER}*)?)*)"
_HEADERS = rf"(?P<headers>(?:[A-Za-z0-9\-_.!~*'()\[\]/?:+$&=]|{_ESCAPED})+)"
_SIP = re.compile(
    rf"(?P<scheme>sips?):(?:(?P<user>{_USER})(?::(?P<password>{_PASSWORD}))?@)?"
    rf"(?P<host>{HOST})(?::(?P<port>{PORT}))?{_PARAMETERS}(?:\?{_HEADERS})?",
    re.IGNORECASE,
)
_TEL = re.compile(rf"tel:(?P<number>\+?[0-9A-F*#\-.()]+){_PARAMETERS}", re.IGNORECASE)
_OTHER = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):(?P<rest>[!-~]+)")

_USER_SAFE = "-_.!~*'()&=+$,;?/"
_PASSWORD_SAFE = "-_.!~*'()&=+$,"
_PARAMETER_SAFE = "-_.!~*'()[]/:&+$"


@dataclass(frozen=True)
class URI(sipmessage.URI):
    """A URI. `host` of an IPv6 address has its brackets; `user` of a tel URI is its number.

    Of a scheme that we do not know, `host` holds all that follows the colon. One that was parsed is written
    as it stood, one that was made or changed (`dataclasses.replace`) from its parts.
    """

    parameters: Parameters = field(default_factory=Parameters)
    headers: str = ""
    "What follows the `?`, escapes and all: `Replaces=...` in a Refer-To."
    _text: str = field(default="", init=False, repr=False, compare=False)

    @classmethod
    def parse(cls, value: str) -> "URI":
        """Raises ValueError only."""
        if len(value) > LONGEST:
            raise ValueError("this URI is too long")
        if match := _SIP.fullmatch(value):
            uri = _sip(match)
        elif match := _TEL.fullmatch(value):
            uri = cls("tel", "", user=match["number"], parameters=_parameters(match["parameters"]))
        elif (match := _OTHER.fullmatch(value)) and match["scheme"].lower() not in {"sip", "sips", "tel"}:
            uri = cls(match["scheme"].lower(), match["rest"])
        else:
            raise ValueError("this is no URI")
        object.__setattr__(uri, "_text", value)
        return uri

    def __str__(self) -> str:
        return self._text or self._canonical()

    def _canonical(self) -> str:
        text = f"{self.scheme}:"
        if self.scheme == "tel":
            text += self.user or ""
        elif self.user is not None:
            text += quote(self.user, safe=_USER_SAFE)
            if self.password is not None:
                text += ":" + quote(self.password, safe=_PASSWORD_SAFE)
            text += "@"
        text += self.host
        if self.port is not None:
            text += f":{self.port}"
        text += "".join(_parameter_text(name, value) for name, value in self.parameters.items())
        return text + (f"?{self.headers}" if self.headers else "")


def _sip(match: re.Match[str]) -> URI:
    user, password = match["user"], match["password"]
    return URI(
        scheme=match["scheme"].lower(),
        host=host(match["host"]),
        user=None if user is None else _unescaped(user),
        password=None if password is None else _unescaped(password),
        port=port(match["port"]),
        parameters=_parameters(match["parameters"]),
        headers=match["headers"] or "",
    )


def _parameters(text: str) -> Parameters:
    """Percent-decoded; the first of a name counts."""
    values: dict[str, str | None] = {}
    for parameter in text.split(";")[1:]:
        name, equals, value = parameter.partition("=")
        values.setdefault(_unescaped(name).lower(), _unescaped(value) if equals else None)
    return Parameters(values)


def _parameter_text(name: str, value: str | None) -> str:
    text = f";{quote(name, safe=_PARAMETER_SAFE)}"
    return text if value is None else f"{text}={quote(value, safe=_PARAMETER_SAFE)}"


def _unescaped(text: str) -> str:
    """Raises UnicodeDecodeError, a ValueError, for escapes that are not UTF-8."""
    return unquote(text, errors="strict")
