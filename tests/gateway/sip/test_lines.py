"""All trunks of a gateway: looked up, registered, asked; with a registrar on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.protocol_error import ProtocolError
from gateway.sip.callers import Callers
from gateway.sip.digest import Challenges
from gateway.sip.endpoint import Endpoint, open_endpoint
from gateway.sip.hop import Hop
from gateway.sip.lines import Lines
from gateway.trunks import Telephone
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.gateway.sip.registrar import Registrar
from tests.gateway.sip.telephones import Answering, telephone
from tests.interop import ports

ACCOUNT = {"registers": True, "username": "u123", "password": "secret", "networks": []}


@asynccontextmanager
async def with_registrar(registrar: Registrar, **trunk: Any) -> AsyncIterator[Endpoint]:
    settings = telephone(ports.free(), registrar.port, trunk={**ACCOUNT, **trunk})
    async with registrar.open(), open_endpoint(settings, Answering()) as endpoint:
        await asyncio.sleep(3)
        yield endpoint


def lines_of(*trunks: dict[str, Any]) -> Lines:
    settings = Telephone.model_validate(
        {
            "listen": "udp:127.0.0.1,tls:127.0.0.1",
            "tls": {"certificate": "c", "private_key": "k"},
            "numbers": [{"pattern": "*"}],
            "trunks": trunks,
        }
    )
    return Lines(settings.trunks, Callers(settings, Challenges("r", b"s")), str, 0)


# --- with a registrar ---


def test_a_trunk_is_registered_with_renewed_and_left() -> None:
    registrar = Registrar(expires_s=120)

    async def main() -> None:
        async with with_registrar(registrar) as endpoint:
            assert registrar.registered == [600]
            assert [(line.state, line.detail) for line in endpoint.trunks()] == [("ready", "registered")]
            await asyncio.sleep(200)
            assert registrar.registered == [600] * 3
        assert registrar.registered[-1] == 0, "we say that we go"

    virtual_time.run(main())


def test_a_wrong_password_is_not_tried_over_and_over() -> None:
    registrar = Registrar(password="another")

    async def main() -> None:
        async with with_registrar(registrar) as endpoint:
            assert endpoint.trunks()[0].state == "down"
            await asyncio.sleep(600)
            assert registrar.registered == []

    virtual_time.run(main())


def test_a_registrar_that_comes_back_is_registered_with_again() -> None:
    registrar = Registrar(there=False)

    async def main() -> None:
        async with with_registrar(registrar) as endpoint:
            await asyncio.sleep(40)
            assert endpoint.trunks()[0].detail == "unreachable"
            registrar.there = True
            await asyncio.sleep(40)
            assert endpoint.trunks()[0].state == "ready"

    virtual_time.run(main())


def test_a_trunk_is_asked_whether_it_is_there() -> None:
    registrar = Registrar()

    async def main() -> None:
        trunk = {"registers": False, "options_s": 30, "networks": ["127.0.0.1"]}
        async with with_registrar(registrar, **trunk) as endpoint:
            await asyncio.sleep(95)
            assert registrar.asked == 4 and endpoint.trunks()[0].state == "ready"
            registrar.there = False
            await asyncio.sleep(70)
            assert endpoint.trunks()[0].state == "down"

    virtual_time.run(main())


# --- which trunk ---


def test_the_way_out() -> None:
    lines = lines_of(
        {"name": "in", "networks": "192.0.2.0/24"},
        {"name": "one", "address": "192.0.2.1", "calls": 1},
        {"name": "two", "address": "192.0.2.2"},
    )
    assert lines.way_out(None)[1] == Hop("udp", "192.0.2.1", 5060)
    assert lines.way_out("two")[1] == Hop("udp", "192.0.2.2", 5060)
    lines["one"].calls = 1
    assert lines.way_out(None)[0] is lines["two"], "the other is full"
    with pytest.raises(Unavailable):
        lines.way_out("one")
    for name in ("in", "three"):
        with pytest.raises(ProtocolError) as refused:
            lines.way_out(name)
        assert refused.value.status == 404


def test_one_that_is_down_is_taken_last() -> None:
    lines = lines_of(
        {"name": "one", "address": "192.0.2.1", "options_s": 30}, {"name": "two", "address": "192.0.2.2"}
    )
    lines["one"].unanswered("options", 0)
    assert lines.way_out(None)[0] is lines["two"]


def test_whose_certificate_it_must_be() -> None:
    lines = lines_of(
        {"name": "one", "address": "sip.one.example", "transport": "tls"},
        {"name": "two", "address": "192.0.2.2", "transport": "tls", "verify": False},
    )
    lines["one"].looked_up(["192.0.2.1"], lambda hop: None, 0)  # type: ignore[arg-type,return-value]
    assert lines.identity(Hop("tls", "192.0.2.1", 5061)) == ("sip.one.example", True)
    assert lines.identity(Hop("tls", "192.0.2.2", 5061)) == ("192.0.2.2", False)
    assert lines.identity(Hop("tls", "192.0.2.3", 5061)) == (None, True), "a stranger is verified"


def test_a_name_that_nobody_knows_is_seen_and_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(*_: object, **__: object) -> None:
        raise OSError("nobody knows")

    async def main() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", nobody)
        settings = telephone(ports.free(), 5060, trunk={"address": "sip.carrier.example", "options_s": 5})
        async with open_endpoint(settings, Answering()) as endpoint:
            await asyncio.sleep(60)
            state = endpoint.trunks()[0]
            assert (state.state, state.detail) == ("down", "its address cannot be looked up")

    virtual_time.run(main())


def test_a_name_is_looked_up_and_its_addresses_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(*_: object, **__: object) -> list[object]:
        return [(0, 0, 0, "", (host, 5060)) for host in ("127.0.0.1", "2001:db8::1", "127.0.0.1")]

    async def main() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
        settings = telephone(ports.free(), 5060, trunk={**ACCOUNT, "address": "sip.carrier.example"})
        async with open_endpoint(settings, Answering()) as endpoint:
            await asyncio.sleep(1)
            line = endpoint._signalling.lines["peer"]
            assert line.hops == (Hop("udp", "127.0.0.1", 5060),), "we have no socket for the other"
            assert endpoint._signalling.knows("127.0.0.1")

    virtual_time.run(main())
