"""SRTP keys in a session description: `a=crypto` lines (SDES, RFC 4568).  [core]

The keys stand there in clear, so this protects calls only where the signalling is protected (TLS).
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.rtp.agreed import SrtpKey

KEY_BYTES = {"AES_CM_128_HMAC_SHA1_80": 30, "AES_CM_128_HMAC_SHA1_32": 30, "AEAD_AES_128_GCM": 28}
"Master key and salt together, by the suites we know (RFC 4568, section 6.2; RFC 7714, section 14.2)."
MOST = 16
"Lines of one stream that are looked at."

_LINE = re.compile(
    r"(?P<tag>[1-9]\d{0,8}) +(?P<suite>\w{1,64}) +inline:(?P<key>[A-Za-z0-9+/]{1,128}={0,2})"
    r"(?:\|(?:2\^)?\d{1,20})?"  # the lifetime: longer than any call lasts
    r"(?P<parameters>(?: +[\x21-\x7e]{1,64}){0,8})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Crypto:
    """One key that is offered or chosen."""

    tag: int
    "An answer names the offer's."
    key: SrtpKey

    def __str__(self) -> str:
        return f"{self.tag} {self.key.suite} inline:{base64.b64encode(self.key.key).decode()}"


def parse_all(values: Iterable[str]) -> Iterator[Crypto]:
    """The keys we can use, of the values of `a=crypto`, in order. What we cannot use is passed over.

    That is other suites, several keys or a key identifier (MKI) on one line, and session parameters that
    change what is protected; a parameter that begins with `-` or is a mere hint may stay (section 6.3).
    """
    for value, _ in zip(values, range(MOST), strict=False):
        line = _LINE.fullmatch(value)
        if line is None or line["suite"] not in KEY_BYTES or not _harmless(line["parameters"]):
            continue
        key = _decoded(line["key"])
        if len(key) == KEY_BYTES[line["suite"]]:
            yield Crypto(int(line["tag"]), SrtpKey(line["suite"], key))


def _harmless(parameters: str) -> bool:
    return all(name.startswith(("-", "WSH=")) for name in parameters.split())


def _decoded(text: str) -> bytes:
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return b""
