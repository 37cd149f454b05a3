"""The signalling by itself: what comes in is passed on, what is due is done in time, nothing raises."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.sip.hop import Hop
from gateway.sip.message import BadRequest
from gateway.sip.signalling import Signalling, new_id
from gateway.sip.uri import URI
from gateway.sip.user_agent import Invited, Told
from tests import virtual_time
from tests.gateway.sip.bare_phone import SDP, Phone, request
from tests.gateway.sip.descriptions import SNOM
from tests.gateway.sip.listener import Spawn
from tests.gateway.sip.mutants import mutants
from tests.gateway.sip.telephones import telephone
from tests.interop import ports

STRANGER = Hop("udp", "127.0.0.9", 5060)


@asynccontextmanager
async def opened(**changes: Any) -> AsyncIterator[tuple[Signalling, list[Invited | Told], int]]:
    at, told = ports.free(), list[Invited | Told]()
    async with asyncio.TaskGroup() as tasks:
        signalling = Signalling(telephone(at, 5070, **changes), told.append, Spawn(tasks))
        signalling.sockets.bind()
        await signalling.sockets.open()
        try:
            yield signalling, told, at
        finally:
            signalling.close()


def test_an_invite_is_told_and_answered_in_time() -> None:
    async def main() -> None:
        async with opened() as (signalling, told, at):
            with Phone(at) as phone:
                assert await phone.ask(request("INVITE", sdp=SDP)) == ["SIP/2.0 100 Trying"]
                (invited,) = told
                assert isinstance(invited, Invited)
                invited.invitation.reject(486, signalling.now_ms())
                signalling.settle()
                await asyncio.sleep(0.6)
                assert [text.split("\r\n")[0] for text in phone.read()] == ["SIP/2.0 486 Busy Here"] * 2
                assert isinstance(told[-1], Told), "the timer went off by itself: no ACK came"

    virtual_time.run(main())


def test_what_brings_about_more_is_done_before_it_returns() -> None:
    async def main() -> None:
        rejected: list[Invited | Told] = []
        async with opened() as (signalling, told, at):

            def reject(event: Invited | Told) -> None:
                rejected.append(event)
                if isinstance(event, Invited):
                    event.invitation.reject(404, signalling.now_ms())
                    signalling.settle()

            signalling._tell = reject
            with Phone(at) as phone:
                assert await phone.ask(request("INVITE", sdp=SDP)) == [
                    "SIP/2.0 100 Trying",
                    "SIP/2.0 404 Not Found",
                ]
                assert len(rejected) == 2

    virtual_time.run(main())


def test_keepalives_are_no_messages() -> None:
    async def main() -> None:
        async with opened() as (_, told, at):
            with Phone(at) as phone:
                for data in (b"", b"\r\n\r\n", b"\0\0\0\0"):
                    assert await phone.ask(data) == []

    virtual_time.run(main())


@pytest.mark.parametrize("strangers", ["ignore", "refuse"])
def test_a_stream_that_breaks_off_is_answered_only_to_whom_we_answer(strangers: str) -> None:
    async def main() -> None:
        refused: list[Hop] = []
        async with opened(strangers=strangers) as (signalling, _, _):
            signalling._transactions.refuse = lambda fault, hop: refused.append(hop)  # type: ignore[method-assign]
            signalling.refuse(BadRequest("x", "x"), STRANGER)
            signalling.refuse(BadRequest("x", "x"), Hop("tcp", "127.0.0.1", 5060))
        assert len(refused) == (1 if strangers == "ignore" else 2)

    virtual_time.run(main())


@pytest.mark.parametrize("login", [False, True])
def test_mutants_of_requests_end_nothing(login: bool) -> None:
    credentials = 'Digest username="pbx", realm="warmline", nonce="1", uri="sip:x", response="0", nc=00000001'
    originals = [
        request(method, sdp=SNOM.decode(), Authorization=credentials)
        for method in ("INVITE", "OPTIONS", "BYE", "CANCEL", "ACK")
    ]
    trunk = {"login": {"username": "pbx", "password": "correct horse"}} if login else {}

    async def main() -> None:
        async with opened(trunk=trunk) as (signalling, _, at):
            for number, data in enumerate(mutants(originals, 1000, seed=4)):
                signalling.datagram(data, Hop("udp", "127.0.0.1", 1024 + number % 60_000))
            await asyncio.sleep(70)
            with Phone(at) as phone:
                answer = "401 Unauthorized" if login else "200 OK"
                assert await phone.ask(request("OPTIONS", branch="after")) == [f"SIP/2.0 {answer}"]

    virtual_time.run(main())


def test_a_call_is_redirected_only_to_where_we_may_call_and_through_the_same_trunk() -> None:
    async def main() -> None:
        async with opened(dial={"allowed": ["+49*"]}) as (signalling, _, _):
            trunk = signalling.lines["peer"].trunk
            redirect = signalling.terms(trunk).redirect
            assert redirect(URI.parse("sip:+4930@evil.example")) == Hop("udp", "127.0.0.1", 5070)
            assert redirect(URI.parse("sip:+1900@127.0.0.1")) is None
            assert redirect(URI.parse("sip:127.0.0.1")) is None

    virtual_time.run(main())


def test_terms_are_the_trunks() -> None:
    async def main() -> None:
        trunk = {"session_s": None, "symmetric": True, "username": "u", "password": "p"}
        async with opened(trunk=trunk, headers=["X-Session"]) as (signalling, _, _):
            terms = signalling.terms(signalling.lines["peer"].trunk)
            assert (terms.trunk, terms.session_expires_s, terms.symmetric) == ("peer", 0, True)
            assert terms.credentials is not None and terms.context_headers == ("X-Session",)

    virtual_time.run(main())


def test_ids_are_never_the_same() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000
