"""The telephone's configuration: what works, and what is said of what cannot."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.trunks import Telephone

CARRIER: dict[str, Any] = {
    "name": "carrier",
    "address": "sip.carrier.example",
    "registers": True,
    "username": "u123",
    "password": "secret",
}
WORKING: dict[str, Any] = {
    "listen": ["udp:0.0.0.0:5060", "tls:[::]:5061"],
    "tls": {"certificate": "c.pem", "private_key": "k.pem"},
    "trunks": [CARRIER, {"name": "pbx", "networks": ["192.0.2.0/24"], "srtp": "required"}],
    "numbers": [{"pattern": "+4930123456"}, {"pattern": "100", "trunk": "pbx"}, {"pattern": "*"}],
    "dial": {"allowed": ["+49*"], "refused": "+49900*"},
}


def changed(**changes: Any) -> dict[str, Any]:
    return {**WORKING, **changes}


def trunk(**changes: Any) -> dict[str, Any]:
    return changed(trunks=[{**CARRIER, **changes}], numbers=[{"pattern": "*"}])


def problem(values: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as refused:
        Telephone.model_validate(values)
    (error,) = refused.value.errors()
    return error["msg"]


def test_there_is_no_telephone_by_default() -> None:
    assert Telephone().listen == ()


def test_a_working_telephone() -> None:
    telephone = Telephone.model_validate(WORKING)
    carrier, pbx = telephone.trunks
    assert [(at.transport, at.port) for at in telephone.listen] == [("udp", 5060), ("tls", 5061)]
    assert carrier.destination == ("sip.carrier.example", 5060)
    assert carrier.takes_calls and pbx.takes_calls
    assert telephone.dial.refused == ("+49900*",)
    assert "secret" not in repr(telephone)


def test_the_environment_writes_lists_with_commas() -> None:
    telephone = Telephone.model_validate(
        changed(listen="udp:0.0.0.0:5060,tcp:0.0.0.0:5060", headers="X-A, X-B")
    )
    assert len(telephone.listen) == 2 and telephone.headers == ("X-A", "X-B")


def test_the_usual_port_depends_on_the_transport() -> None:
    telephone = Telephone.model_validate(trunk(transport="tls"))
    assert telephone.trunks[0].destination[1] == 5061
    telephone = Telephone.model_validate(trunk(address="[2001:db8::1]:5080"))
    assert telephone.trunks[0].destination == ("2001:db8::1", 5080)


def test_a_trunk_that_only_calls_out_takes_no_calls() -> None:
    telephone = Telephone.model_validate(trunk(registers=False))
    assert not telephone.trunks[0].takes_calls


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (trunk(password=None), "`registers` needs a `username` and a `password`"),
        (trunk(address=None), "need an `address`"),
        (trunk(address="sip:a@b"), "`HOST:PORT`"),
        (trunk(registers=False, address=None), "`networks` or a `login`"),
        (trunk(codecs=[]), "`codecs` must name at least one"),
        (trunk(codecs=["G729"]), "'opus', 'G722', 'PCMU' or 'PCMA'"),
        (trunk(networks=["203.0.113.5/28"]), "`203.0.113.5/28` is no network"),
        (trunk(networks="0.0.0.0/0"), "carrier would let everybody in: `0.0.0.0/0`"),
        (trunk(name="My Trunk"), "small letters"),
        (trunk(session_s=30), "90"),
        (trunk(login={"username": "a", "password": "short"}), "at least 8 characters"),
        (trunk(transport="tcp", address=None, registers=False, networks=["192.0.2.1"]), "uses TCP"),
        (changed(trunks=[CARRIER, CARRIER]), "two trunks have the same `name`: `carrier`"),
        (changed(numbers=[{"pattern": "1", "trunk": "x"}]), "the number 1 is of no trunk here: `x`"),
        (changed(numbers=[{"pattern": "1*"}, {"pattern": "1*"}]), "two numbers overlap"),
        (changed(numbers=[{"pattern": "1*2"}]), "a `*` at its end"),
        (changed(numbers=[{"pattern": "sip:1@x"}]), "a `*` at its end"),
        (changed(numbers=[], dial={}), "no number is answered"),
        (changed(listen=[]), "at least one address to `listen` at"),
        (changed(listen=["udp:here"]), "udp:0.0.0.0:5060"),
        (changed(listen=["tls:0.0.0.0"]), "uses UDP, and we do not `listen` with it: `carrier`"),
        (changed(listen=["udp:127.0.0.1", "udp:127.0.0.2"]), "0.0.0.0 is all of them: `udp for IPv4`"),
        (trunk(domain="a b"), "`HOST:PORT`"),
        (changed(tls={}), "`tls` needs `certificate` and `private_key`"),
        (changed(rtp_ports="20000-20099"), "`rtp_ports` hold fewer calls (50) than a trunk may have (100)"),
        (changed(rtp_ports="20000-20000"), "holds no call"),
        (changed(headers=["Via"]), "only headers that begin with `X-`"),
        (changed(headers=["X-A\r\nVia"]), "only headers that begin with `X-`"),
        (changed(advertised="sip.example"), "no name"),
        (changed(realm='a"b'), "letters, digits"),
        (changed(strangers="welcome"), "'ignore' or 'refuse'"),
        ({"listen": ["udp:0.0.0.0:5060"]}, "lets nobody in"),
        (
            {
                "listen": ["udp:0.0.0.0"],
                "trunks": [{"name": "a", "networks": "192.0.2.1"}],
                "dial": {"allowed": "*"},
            },
            "`dial` needs a trunk with an `address`",
        ),
    ],
)
def test_what_cannot_work_is_said_in_words(values: dict[str, Any], said: str) -> None:
    assert said in problem(values)


def test_trunks_that_cannot_be_told_apart() -> None:
    login = {"password": "correct horse"}
    same: list[dict[str, Any]] = [{"name": name, "networks": ["192.0.2.0/24"]} for name in ("a", "b")]
    assert "a and b cannot be told apart: `192.0.2.0/24`" in problem(
        changed(trunks=same, numbers=[{"pattern": "*"}])
    )
    told = [{**values, "login": {**login, "username": values["name"]}} for values in same]
    told[0]["address"] = "192.0.2.1"
    assert len(Telephone.model_validate(changed(trunks=told, numbers=[{"pattern": "*"}])).trunks) == 2
    told[1]["login"] = told[0]["login"]
    assert "`login` of the same `username`: `a`" in problem(changed(trunks=told, numbers=[{"pattern": "*"}]))
