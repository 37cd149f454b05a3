"""TURN credentials as coturn checks them, and the list of servers that browsers get."""

import base64
import hashlib
import hmac

from pydantic import SecretStr

from gateway.config import IceServer, Turn, WebRtc
from gateway.webrtc import turn


def test_the_password_is_the_hmac_of_the_name_under_the_shared_secret() -> None:
    name, password = turn.credentials("north", "w_1", 1_700_000_600)
    assert name == "1700000600:w_1"
    assert base64.b64decode(password) == hmac.digest(b"north", name.encode(), hashlib.sha1)


def test_credentials_expire_after_the_configured_lifetime() -> None:
    settings = WebRtc(turn=Turn(urls=("turn:t.example:3478",), secret=SecretStr("s"), lifetime_s=600))
    (server,) = turn.ice_servers(settings, "w_1", now=1_700_000_000.9)
    assert server.username == "1700000600:w_1"
    assert server.credential is not None


def test_without_a_secret_only_the_configured_servers_are_given() -> None:
    stun = IceServer(urls=("stun:s.example:3478",))
    settings = WebRtc(ice_servers=(stun,), turn=Turn(urls=("turn:t.example:3478",)))
    assert turn.ice_servers(settings, "w_1", now=0) == [stun]


def test_browsers_get_the_servers_as_they_want_them() -> None:
    servers = [
        IceServer(urls=("stun:s.example:3478",)),
        IceServer(urls=("turn:t.example:3478",), username="u", credential=SecretStr("p")),
    ]
    assert turn.message(servers) == {
        "iceServers": [
            {"urls": ["stun:s.example:3478"]},
            {"urls": ["turn:t.example:3478"], "username": "u", "credential": "p"},
        ]
    }
