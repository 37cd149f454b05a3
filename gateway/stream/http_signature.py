"""HTTP message signatures as Genesys AudioHook makes them (draft-ietf-httpbis-message-signatures-11).  [core]

The client signs named parts of the handshake with HMAC-SHA256. We demand the parts that AudioHook promises,
a nonce and an age of seconds; whoever calls this must see to it that a nonce is good once.
"""

import binascii
import hmac
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.stream.signatures import SignedRequest

REQUIRED = frozenset(
    [
        "@request-target",
        "@authority",
        "audiohook-organization-id",
        "audiohook-session-id",
        "audiohook-correlation-id",
        "x-api-key",
    ]
)
LONGEST_AGE_S = 10
CLOCK_SKEW_S = 3
SHORTEST_NONCE = 22
"Characters: 128 bits in base64."

_INPUT = re.compile(r"(?P<label>[a-z*][a-z0-9_.*-]*)=(?P<params>\((?P<parts>[^()]*)\)(?P<rest>[^,]*))\Z")
_PART = re.compile(r'"([a-z0-9@-]+)"')
_PARAMETER = re.compile(r';([a-z]+)=(?:"([^"\\]*)"|(\d{1,15}))')


@dataclass(frozen=True, slots=True)
class _Input:
    """What `Signature-Input` says."""

    label: str
    parts: tuple[str, ...]
    parameters: Mapping[str, str]
    raw: str
    "As it goes into what is signed."


def verify(request: SignedRequest, api_key: str, secret: bytes) -> str | None:
    """The nonce of a good signature; None for any other request.

    `@authority` is the host in the address, `@request-target` its path and query.
    """
    said = _read(request.headers.get("signature-input", ""))
    signature = _signature(request.headers.get("signature", ""), said.label) if said else None
    if said is None or signature is None or not _is_fresh(said, request.now_s):
        return None
    lines = [_line(request, part) for part in said.parts]
    signed = "\n".join([*lines, f'"@signature-params": {said.raw}'])
    expected = hmac.digest(secret, signed.encode(), "sha256")
    given_key = request.headers.get("x-api-key", "").encode("utf-8", "surrogateescape")
    good = hmac.compare_digest(expected, signature) & hmac.compare_digest(given_key, api_key.encode())
    return said.parameters["nonce"] if good else None


def _read(line: str) -> _Input | None:
    found = _INPUT.match(line.strip())
    if found is None:
        return None
    names, given = found["parts"].split(), _PARAMETER.findall(found["rest"])
    parts = [part[1] for name in names if (part := _PART.fullmatch(name))]
    parameters = {name: text or number for name, text, number in given}
    raw = found["params"]
    whole = "".join(
        f';{name}="{text}"' if not number else f";{name}={number}" for name, text, number in given
    )
    if len(parts) != len(names) or len(set(parts)) != len(parts) or whole != found["rest"]:
        return None
    if not set(parts) >= REQUIRED or parameters.get("alg", "hmac-sha256") != "hmac-sha256":
        return None
    return _Input(found["label"], tuple(parts), parameters, raw)


def _is_fresh(said: _Input, now_s: int) -> bool:
    created, expires = said.parameters.get("created", ""), said.parameters.get("expires")
    if not _is_number(created) or len(said.parameters.get("nonce", "")) < SHORTEST_NONCE:
        return False
    if expires is not None and (not _is_number(expires) or int(expires) < now_s):
        return False
    return -CLOCK_SKEW_S <= now_s - int(created) <= LONGEST_AGE_S


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _signature(line: str, label: str) -> bytes | None:
    for member in line.split(","):
        name, _, value = member.strip().partition("=")
        if name == label and len(value) > 2 and value[0] == value[-1] == ":":
            try:
                return b64decode(value[1:-1], validate=True)
            except binascii.Error:
                return None
    return None


def _line(request: SignedRequest, part: str) -> str:
    """One covered part; a header that is missing is empty, and will not fit."""
    host, slash, target = request.url.partition("://")[2].partition("/")
    derived = {"@authority": host, "@request-target": slash + target}
    value = derived.get(part) or request.headers.get(part, "").strip()
    return f'"{part}": {value}'
