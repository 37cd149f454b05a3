"""The telephone as a whole: calls in and out, strangers, floods, limits and the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from gateway.protocol_error import ProtocolError
from gateway.rtp import ports as rtp_ports
from gateway.sip.call_failed import CallFailed
from gateway.sip.endpoint import Endpoint, open_endpoint
from gateway.sip.leg import SipLeg
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.contracts.leg import listen
from tests.gateway.sip.bare_phone import SDP, Phone, request
from tests.gateway.sip.telephones import Answering, connected, pair, telephone
from tests.interop import certificates, ports

STRANGER = "127.0.0.9"


@asynccontextmanager
async def alone(**changes: Any) -> AsyncIterator[tuple[Endpoint, Answering, int]]:
    """A gateway whose trunk is whoever sends from 127.0.0.1."""
    at, answering = ports.free(), Answering()
    async with open_endpoint(telephone(at, ports.free(), **changes), answering) as endpoint:
        yield endpoint, answering, at


def used_pairs() -> float:
    value: float = rtp_ports.PORTS.labels("used")._value.get()
    return value


# --- every way ---


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_calls_go_over_udp_and_tcp(transport: str) -> None:
    async def main() -> None:
        async with connected(transport) as (near, theirs):
            assert len(await listen(near, 0.5)) >= 20
            await near.hang_up("enough")
            await asyncio.sleep(0.1)
            assert theirs.ended is not None and theirs.ended.by == "remote"

    virtual_time.run(main())


@pytest.mark.parametrize("verify", [True, False])
def test_calls_go_over_tls_with_srtp(tmp_path: Path, verify: bool) -> None:
    file = certificates.make(tmp_path / "tls.pem")
    tls = {"certificate": file, "private_key": file, **({"authorities": file} if verify else {})}
    changes = {"tls": tls, "trunk": {"verify": verify, "srtp": "required"}}

    async def main() -> None:
        async with connected("tls", changes, changes) as (near, theirs):
            assert near.call.hop.transport == "tls"
            assert theirs.media.agreed is not None and theirs.media.agreed.srtp_send is not None
            assert len(await listen(near, 0.3)) >= 10

    asyncio.run(main())


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_calls_go_in_the_loop_of_production(tmp_path: Path, transport: str) -> None:
    file = certificates.make(tmp_path / "tls.pem")
    changes = {"tls": {"certificate": file, "private_key": file, "authorities": file}}

    async def main() -> None:
        async with connected(transport, changes, changes) as (near, theirs):
            assert len(await listen(near, 0.3)) >= 10
            await near.hang_up("enough")
            async with asyncio.timeout(2):
                await theirs.over.wait()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_a_certificate_that_nobody_signed_is_not_believed(tmp_path: Path) -> None:
    file = certificates.make(tmp_path / "tls.pem")
    changes = {"tls": {"certificate": file, "private_key": file}}

    async def main() -> None:
        async with pair("tls", changes, changes) as both:
            with pytest.raises(CallFailed) as failed:
                async with both.far.call("+4930"):
                    raise AssertionError("connected to somebody")
            assert failed.value.code == 503
            assert both.answering.legs == []

    asyncio.run(main())


def test_calls_go_over_ipv6() -> None:
    at = ports.free(), ports.free()

    def six(here: int, there: int) -> dict[str, Any]:
        trunk = {"address": f"[::1]:{there}", "networks": ["::1"]}
        return {"listen": [f"udp:[::1]:{here}"], "trunk": trunk}

    async def main() -> None:
        answering = Answering()
        async with (
            open_endpoint(telephone(0, 0, **six(*at)), answering) as near,
            open_endpoint(telephone(0, 0, **six(*at[::-1])), Answering()) as far,
        ):
            assert near.addresses == [f"udp:[::1]:{at[0]}"]
            await asyncio.sleep(0.1)
            async with far.call("+4930"):
                await answering.came.wait()
                assert len(await listen(answering.legs[0], 0.5)) >= 20

    virtual_time.run(main())


def test_many_calls_at_once_and_nothing_is_left_of_them() -> None:
    async def main() -> None:
        before = used_pairs()
        async with pair() as both:

            async def talk() -> None:
                async with both.far.call("+4930") as leg:
                    assert len(await listen(leg, 1.0)) >= 45

            async with asyncio.TaskGroup() as tasks:
                for _ in range(8):
                    tasks.create_task(talk())
            await asyncio.sleep(1)
            assert len(both.answering.legs) == 8
            assert used_pairs() == before
            assert [line.calls for line in (*both.near.trunks(), *both.far.trunks())] == [0, 0]

    virtual_time.run(main())


# --- calls that cannot be ---


def test_a_call_beyond_a_trunks_limit_is_told_to_come_later() -> None:
    async def main() -> None:
        async with pair(near={"trunk": {"calls": 1}}) as both, both.far.call("+4930"):
            with pytest.raises(CallFailed) as failed:
                async with both.far.call("+4930"):
                    raise AssertionError("let in")
            assert (failed.value.code, failed.value.retry_after_s) == (503, 30)

    virtual_time.run(main())


def test_a_call_for_which_no_port_is_free_is_told_to_come_later() -> None:
    first = ports.free(2)

    async def main() -> None:
        near = {"rtp_ports": {"first": first, "last": first + 1}, "trunk": {"calls": 1}}
        async with pair(near=near) as both:
            async with both.far.call("+4930"):
                pass
            await asyncio.sleep(0.1)
            with pytest.raises(CallFailed) as failed:
                async with both.far.call("+4930"):
                    raise AssertionError("its port still rests")
            assert failed.value.code == 503

    virtual_time.run(main())


def test_numbers_that_are_not_ours_and_codecs_that_we_lack() -> None:
    async def main() -> None:
        numbers = {"numbers": [{"pattern": "+4930"}], "trunk": {"codecs": ["PCMA"]}}
        async with pair(near=numbers) as both:
            for number, code in (("+4940", 404), ("+4930", 488)):
                with pytest.raises(CallFailed) as failed:
                    async with both.far.call(number):
                        raise AssertionError("connected")
                assert failed.value.code == code
            assert both.near.trunks()[0].calls == 0

    virtual_time.run(main())


@pytest.mark.parametrize(
    ("number", "options", "status"),
    [
        ("+1900", {}, 403),
        ("+49@evil.example", {}, 403),
        ("+4930", {"trunk": "nobody"}, 404),
        ("+4930", {"headers": {"Via": "x"}}, 400),
        ("+4930", {"headers": {"User-to-User": "a\r\nVia: x"}}, 400),
        ("+4930", {"headers": {"User-to-User": "x" * 2000}}, 400),
    ],
)
def test_what_may_not_be_placed_is_not(number: str, options: dict[str, Any], status: int) -> None:
    async def main() -> None:
        async with pair(far={"dial": {"allowed": ["+49*"]}}) as both:
            with pytest.raises(ProtocolError) as refused:
                async with both.far.call(number, **options):
                    raise AssertionError("placed")
            assert refused.value.status == status
            await asyncio.sleep(0.5)
            assert both.answering.legs == []

    virtual_time.run(main())


def test_so_many_a_minute_and_at_once() -> None:
    async def main() -> None:
        async with pair(far={"dial": {"allowed": ["*"], "per_minute": 2, "calls": 1}}) as both:
            async with both.far.call("+4930"):
                with pytest.raises(ProtocolError) as refused:
                    async with both.far.call("+4930"):
                        raise AssertionError("placed")
                assert refused.value.status == 429
            async with both.far.call("+4930"):
                pass
            with pytest.raises(ProtocolError):
                async with both.far.call("+4930"):
                    raise AssertionError("placed")

    virtual_time.run(main())


def test_nobody_there() -> None:
    async def main() -> None:
        async with alone(transport="tcp") as (endpoint, _, _):
            await asyncio.sleep(0.1)
            with pytest.raises(CallFailed) as failed:
                async with endpoint.call("+4930"):
                    raise AssertionError("connected")
            assert failed.value.code == 503

    virtual_time.run(main())


def test_a_trunk_whose_address_is_not_known_cannot_be_called() -> None:
    async def main() -> None:
        async with alone(trunk={"address": "nowhere.invalid"}) as (endpoint, _, _):
            with pytest.raises(Unavailable):
                async with endpoint.call("+4930"):
                    raise AssertionError("connected")

    asyncio.run(main())


def test_a_dial_that_is_cancelled_is_taken_back() -> None:
    async def main() -> None:
        number = {"pattern": "*", "ring_s": 30.0}
        async with pair(near={"numbers": [number]}) as both:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2), both.far.call("+4930"):
                    raise AssertionError("answered")
            await asyncio.sleep(0.5)
            assert [line.calls for line in (*both.near.trunks(), *both.far.trunks())] == [0, 0]

    virtual_time.run(main())


# --- who answers ---


@pytest.mark.parametrize("fails", [False, True])
def test_a_call_is_over_when_its_function_is_and_a_failure_hurts_nobody_else(fails: bool) -> None:
    async def answer(leg: SipLeg) -> None:
        await asyncio.sleep(1)
        if fails:
            raise RuntimeError("a bug")

    async def main() -> None:
        async with pair(answer=answer) as both:
            for _ in range(2):
                async with both.far.call("+4930") as leg:
                    async with asyncio.timeout(2):
                        await leg.over.wait()
                    assert leg.ended is not None and leg.ended.by == "remote"

    virtual_time.run(main())


def test_a_bug_in_one_calls_events_ends_that_call_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with pair() as both, both.far.call("+4930") as first, both.far.call("+4930") as second:
            broken = both.answering.legs[0]

            def told(event: object) -> None:
                raise RuntimeError("a bug")

            monkeypatch.setattr(broken, "told", told)
            assert not await first.hold(), "it hangs up instead of answering"
            await asyncio.sleep(0.5)
            assert first.ended is not None and second.ended is None
            assert await second.hold()
            assert [line.calls for line in both.near.trunks()] == [1]

    virtual_time.run(main())


def test_a_contact_that_wants_tls_where_there_is_none_is_survived() -> None:
    async def main() -> None:
        async with alone() as (endpoint, answering, at):
            with Phone(at) as phone:
                await phone.ask(request("INVITE", sdp=SDP, Contact="<sips:bob@127.0.0.1:9>"))
                to = next(line for line in phone.got[-1].split("\r\n") if line.startswith("To:"))
                phone.send(request("ACK", branch="ack", To=to[4:], Call_ID="call-1"))
                await asyncio.sleep(0.1)
                await answering.legs[0].hang_up("enough")
                await asyncio.sleep(20)
                assert await phone.ask(request("OPTIONS", branch="after")) == ["SIP/2.0 200 OK"]

    virtual_time.run(main())


# --- strangers and floods ---


@pytest.mark.parametrize(
    "method", ["INVITE", "OPTIONS", "REGISTER", "SUBSCRIBE", "BYE", "CANCEL", "FOO", "F O"]
)
def test_a_stranger_hears_nothing(method: str) -> None:
    async def main() -> None:
        async with alone() as (_, answering, at):
            with Phone(at, STRANGER) as stranger:
                assert await stranger.ask(request(method, sdp=SDP), 40) == []
                assert answering.legs == []

    virtual_time.run(main())


def test_a_stranger_who_is_refused_learns_no_more_of_numbers_that_exist() -> None:
    async def main() -> None:
        async with alone(strangers="refuse", numbers=[{"pattern": "+4930"}]) as (_, _, at):
            with Phone(at, STRANGER) as stranger:
                answers = [
                    await stranger.ask(request("INVITE", number, sdp=SDP, branch=number[1:]))
                    for number in ("+4930", "+4940")
                ]
                assert answers[0] == answers[1] == ["SIP/2.0 403 Forbidden"]

    virtual_time.run(main())


def test_a_flood_is_ignored_for_a_while_and_hurts_no_call() -> None:
    async def main() -> None:
        async with alone(strangers="refuse") as (_, _, at):
            with Phone(at, STRANGER) as stranger, Phone(at) as trunk:
                for number in range(500):
                    stranger.send(request("OPTIONS", branch=str(number)))
                    await asyncio.sleep(0)
                await asyncio.sleep(0.5)
                assert 40 <= len(stranger.read()) <= 60
                assert await stranger.ask(request("OPTIONS", branch="later"), 30) == []
                assert await trunk.ask(request("OPTIONS", branch="trunk")) == ["SIP/2.0 200 OK"]
                await asyncio.sleep(65)
                assert await stranger.ask(request("OPTIONS", branch="much later")) == [
                    "SIP/2.0 400 Bad Request"
                ]
                assert await stranger.ask(request("OPTIONS", branch="later still")) == [
                    "SIP/2.0 400 Bad Request"
                ]

    virtual_time.run(main())


def test_a_guess_at_a_password_is_answered_a_few_times_only() -> None:
    async def main() -> None:
        login = {"username": "pbx", "password": "correct horse"}
        async with alone(trunk={"login": login, "networks": []}) as (_, answering, at):
            with Phone(at, STRANGER) as guesser:
                wrong = 'Digest username="pbx", realm="warmline", nonce="1", uri="sip:x", response="0"'
                heard = []
                for number in range(30):
                    made = request("INVITE", sdp=SDP, branch=str(number), Authorization=wrong)
                    heard += await guesser.ask(made, 0.01)
                assert 2 <= heard.count("SIP/2.0 403 Forbidden") <= 6
                assert answering.legs == []

    virtual_time.run(main())


# --- bad callers ---


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"\0" * 100, b"hello", b"INVITE", b"\xff" * 2000, b"SIP/2.0 200 OK\r\n\r\n"]
)
def test_nonsense_is_survived(data: bytes) -> None:
    async def main() -> None:
        async with alone() as (_, _, at):
            with Phone(at) as phone:
                await phone.ask(data)
                assert await phone.ask(request("OPTIONS")) == ["SIP/2.0 200 OK"]

    virtual_time.run(main())


def test_who_never_acknowledges_is_hung_up_on_and_leaves_no_port() -> None:
    async def main() -> None:
        before = used_pairs()
        async with alone() as (endpoint, answering, at):
            with Phone(at) as phone:
                lines = await phone.ask(request("INVITE", sdp=SDP))
                assert lines[:2] == ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]
                await asyncio.sleep(70)
                assert answering.legs[0].ended is not None
                assert answering.legs[0].ended.by == "network"
                assert used_pairs() == before and endpoint.trunks()[0].calls == 0
                assert 5 <= sum("200 OK" in text for text in phone.read()) <= 12, "it was repeated in between"

    virtual_time.run(main())


def test_an_invite_that_comes_again_is_one_call() -> None:
    async def main() -> None:
        async with alone() as (_, answering, at):
            with Phone(at) as phone:
                for _ in range(5):
                    await phone.ask(request("INVITE", sdp=SDP))
                assert len(answering.legs) == 1

    virtual_time.run(main())


def test_an_invite_without_an_offer_gets_ours() -> None:
    async def main() -> None:
        async with alone() as (_, answering, at):
            with Phone(at) as phone:
                await phone.ask(request("INVITE"))
                assert "m=audio" in phone.got[-1] and answering.legs == [], "nobody talks before the answer"
                to = next(line for line in phone.got[-1].split("\r\n") if line.startswith("To:"))
                phone.send(request("ACK", sdp=SDP, branch="ack", To=to[4:], Call_ID="call-1"))
                await asyncio.sleep(0.2)
                assert len(answering.legs) == 1 and answering.legs[0].sample_rate == 8000

    virtual_time.run(main())


def test_a_bye_that_guesses_ends_nothing() -> None:
    async def main() -> None:
        async with connected() as (near, theirs):
            at = int(near._way.target("1").port or 0)
            with Phone(at) as phone:
                bye = request("BYE", Call_ID=near.call.request.call_id, To="<sip:x@y>;tag=guess")
                lines = await phone.ask(bye)
                assert lines == ["SIP/2.0 481 Call/Transaction Does Not Exist"]
                assert near.ended is None and theirs.ended is None

    virtual_time.run(main())


# --- the end, and what cannot begin ---


def test_a_draining_gateway_keeps_its_calls_and_takes_no_more() -> None:
    async def main() -> None:
        async with pair() as both, both.far.call("+4930") as leg:
            both.near.drain()
            with pytest.raises(CallFailed) as failed:
                async with both.far.call("+4930"):
                    raise AssertionError("let in")
            assert failed.value.code == 503
            assert leg.ended is None and len(await listen(leg, 0.5)) >= 20
            both.far.drain()
            with pytest.raises(Unavailable):
                async with both.far.call("+4930"):
                    raise AssertionError("placed")

    virtual_time.run(main())


def test_closing_hangs_up_what_is_left() -> None:
    async def main() -> None:
        at = ports.free(), ports.free()
        async with open_endpoint(telephone(*at[::-1]), Answering()) as far:
            answering = Answering()
            async with open_endpoint(telephone(*at), answering):
                await asyncio.sleep(0.1)
                call = far.call("+4930")
                leg = await call.__aenter__()
                await answering.came.wait()
            await asyncio.sleep(0.1)
            assert leg.ended is not None and leg.ended.by == "remote"
            await call.__aexit__(None, None, None)

    virtual_time.run(main())


def test_a_port_that_is_taken_is_said_and_nothing_stays_open() -> None:
    async def main() -> None:
        async with alone() as (_, _, at):
            free = ports.free()
            wanted = telephone(
                at, 5060, listen=[f"udp:127.0.0.1:{free}", f"udp:[::1]:{free}", f"tcp:127.0.0.1:{free}"]
            )
            taken = telephone(at, 5060)
            with pytest.raises(Unavailable, match=f"udp:127.0.0.1:{at}"):
                async with open_endpoint(taken, Answering()):
                    raise AssertionError("open")
            async with open_endpoint(wanted, Answering()) as endpoint:
                assert len(endpoint.addresses) == 3

    virtual_time.run(main())


def test_a_certificate_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    async def main() -> None:
        missing = {"certificate": tmp_path / "none.pem", "private_key": tmp_path / "none.pem"}
        with pytest.raises(Unavailable, match=r"none\.pem"):
            async with open_endpoint(telephone(ports.free(), 5061, "tls", tls=missing), Answering()):
                raise AssertionError("open")

    virtual_time.run(main())
