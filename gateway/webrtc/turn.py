"""Which ICE servers a peer may use, with TURN credentials that expire.  [core]

The TURN REST scheme (draft-uberti-behave-turn-rest-00): the user name is `<expiry>:<user>`, the
password an HMAC-SHA1 of it under a secret that the TURN server (coturn: `static-auth-secret`) shares.
"""

import base64
import hashlib
import hmac

from pydantic import SecretStr

from gateway.config import IceServer, WebRtc
from gateway.events import Message


def credentials(secret: str, user: str, expires: int) -> tuple[str, str]:
    """User name and password that the TURN server accepts until `expires` (Unix seconds)."""
    name = f"{expires}:{user}"
    digest = hmac.new(secret.encode(), name.encode(), hashlib.sha1).digest()
    return name, base64.b64encode(digest).decode()


def ice_servers(settings: WebRtc, user: str, now: float) -> list[IceServer]:
    """The configured servers, and TURN with credentials made for `user` (an id, nothing personal)."""
    servers = list(settings.ice_servers)
    turn = settings.turn
    if turn.urls and turn.secret:
        name, password = credentials(turn.secret.get_secret_value(), user, int(now) + turn.lifetime_s)
        servers.append(IceServer(urls=turn.urls, username=name, credential=SecretStr(password)))
    return servers


def message(servers: list[IceServer]) -> Message:
    """The servers as a browser's `RTCConfiguration` has them."""
    return {"iceServers": [_entry(server) for server in servers]}


def _entry(server: IceServer) -> Message:
    entry: Message = {"urls": list(server.urls)}
    if server.username is not None and server.credential is not None:
        entry |= {"username": server.username, "credential": server.credential.get_secret_value()}
    return entry
