"""Which pages may talk to us: browsers let any page open a websocket anywhere, so we ask whence it is. [core]

A page we served ourselves has our own host as origin. While we listen on loopback only, our host is a
loopback name and nothing else; otherwise a foreign name that resolves to 127.0.0.1 (DNS rebinding) would
pass as ourselves.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit


class Origins:
    """The rule for the `Origin` and `Host` headers of a request."""

    def __init__(self, listening_host: str, allowed: Iterable[str]) -> None:
        self.loopback_only = is_loopback(listening_host)
        "Nobody but this machine can reach us."
        self._allowed = {origin.rstrip("/").lower() for origin in allowed}

    def admit(self, origin: str | None, host: str | None) -> bool:
        """Whether a request may come in; programs that are no browsers send no `Origin`."""
        if origin is None:
            return True
        if origin.rstrip("/").lower() in self._allowed:
            return True
        try:
            name, from_where = urlsplit(f"//{host}").hostname or "", urlsplit(origin).netloc
        except ValueError:
            return False
        if self.loopback_only and not is_loopback(name):
            return False
        return host is not None and from_where.lower() == host.lower()


def is_loopback(host: str) -> bool:
    """Whether this name or address is this machine's own, unreachable from others."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
