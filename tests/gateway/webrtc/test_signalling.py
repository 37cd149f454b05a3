"""Offers and answers without a network: who is answered, who is refused, and who serves the leg."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from gateway.config import IceServer, Turn, WebRtc
from gateway.live import Busy
from gateway.protocol_error import ProtocolError
from gateway.webrtc.leg import WebRtcLeg
from gateway.webrtc.signalling import Answer, Candidate, Candidates, Offer, Signalling
from tests.gateway.webrtc.offers import OFFER

HOST = "candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host"
NEW = Offer(sdp=OFFER, type="offer")


class Served:
    """Signalling whose answerer stays in the call until it has ended."""

    def __init__(self, tasks: asyncio.TaskGroup, settings: WebRtc) -> None:
        self.signalling = Signalling(settings, tasks.create_task)
        self.legs: list[WebRtcLeg] = []

    async def offer(self, **changes: Any) -> Answer:
        return await self.signalling.offer(NEW.model_copy(update=changes), self._answer)

    async def _answer(self, leg: WebRtcLeg, offer: Offer) -> None:
        self.legs.append(leg)
        async for _ in leg.messages():
            pass


@asynccontextmanager
async def served(settings: WebRtc = WebRtc(calls=2)) -> AsyncIterator[Served]:  # noqa: B008 - frozen
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        the = Served(tasks, settings)
        yield the
        await the.signalling.hang_up_all("the test is over")


def test_a_new_offer_is_answered_and_its_leg_served_beyond_the_request() -> None:
    async def main() -> None:
        async with served() as the:
            answer = await the.offer()
            assert answer.type == "answer"
            assert "m=audio" in answer.sdp
            await asyncio.sleep(0.1)
            (leg,) = the.legs
            assert leg.ended is None
            assert leg.leg_id not in answer.pc_id, "what is logged does not open the call to others"
        assert leg.ended is not None

    asyncio.run(main())


def test_the_same_client_again_gets_the_same_call() -> None:
    async def main() -> None:
        async with served() as the:
            first = await the.offer()
            for restart in (False, True):
                again = await the.offer(pc_id=first.pc_id, restart_pc=restart)
                assert again.pc_id == first.pc_id
                assert again.sdp != "", restart
            assert len(the.legs) == 1

    asyncio.run(main())


def test_an_ice_restart_gets_a_new_connection_with_new_credentials() -> None:
    async def main() -> None:
        async with served() as the:
            first = await the.offer()
            same = await the.offer(pc_id=first.pc_id)
            other = await the.offer(pc_id=first.pc_id, sdp=OFFER.replace("EsAw", "Fresh"))
            assert _user_fragment(same) == _user_fragment(first) != _user_fragment(other)

    asyncio.run(main())


def test_two_offers_of_one_client_at_once_are_answered_one_after_the_other() -> None:
    async def main() -> None:
        async with served() as the:
            first = await the.offer()
            answers = await asyncio.gather(*(the.offer(pc_id=first.pc_id) for _ in range(3)))
            assert {answer.pc_id for answer in answers} == {first.pc_id}

    asyncio.run(main())


def test_an_unknown_peer_is_told_to_begin_anew() -> None:
    async def main() -> None:
        async with served() as the:
            with pytest.raises(ProtocolError, match="begin a new one") as refusal:
                await the.offer(pc_id="p_guess", restart_pc=True)
            assert (refusal.value.code, refusal.value.status) == ("unknown_peer", 404)
            with pytest.raises(ProtocolError):
                await the.signalling.add_candidates(Candidates(pc_id="p_guess", candidates=[]))

    asyncio.run(main())


def test_a_bad_offer_takes_no_line_and_leaves_the_present_connection_alone() -> None:
    async def main() -> None:
        async with served(WebRtc(calls=1)) as the:
            with pytest.raises(ProtocolError):
                await the.offer(sdp="v=0")
            with pytest.raises(ProtocolError, match="cannot be answered"):
                await the.offer(sdp=OFFER.replace("VP8", "AV9"))
            first = await the.offer()
            with pytest.raises(ProtocolError):
                await the.offer(pc_id=first.pc_id, restart_pc=True, sdp=OFFER.replace("VP8", "AV9"))
            await asyncio.sleep(0)
            (leg,) = the.legs
            assert leg.ended is None

    asyncio.run(main())


def test_when_all_lines_are_taken_a_new_caller_is_told_and_a_line_that_is_free_again_is_given() -> None:
    async def main() -> None:
        async with served(WebRtc(calls=1)) as the:
            await the.offer()
            with pytest.raises(Busy, match="1 lines are taken"):
                await the.offer()
            await asyncio.sleep(0.05)
            await the.legs[0].hang_up("enough")
            await asyncio.sleep(0.2)
            await the.offer()

    asyncio.run(main())


def test_stopping_the_application_ends_the_calls() -> None:
    async def main() -> None:
        async with asyncio.timeout(10):
            with pytest.raises(ExceptionGroup):
                async with asyncio.TaskGroup() as tasks:
                    the = Served(tasks, WebRtc())
                    await the.offer()
                    await asyncio.sleep(0.05)
                    raise RuntimeError("stop")
        assert the.legs[0].ended is not None
        with pytest.raises(RuntimeError):
            await the.offer()

    asyncio.run(main())


@pytest.mark.parametrize(
    "text",
    [HOST, "", "candidate:1 1 udp 1 gone.local 5 typ host", HOST.replace("udp", "tcp")],
    ids=["host", "end", "mdns", "tcp"],
)
def test_trickled_candidates_are_taken_or_passed_over(text: str) -> None:
    async def main() -> None:
        async with served() as the, asyncio.timeout(1):
            first = await the.offer()
            trickled = Candidates(pc_id=first.pc_id, candidates=[Candidate(candidate=text, sdp_mid="0")])
            await the.signalling.add_candidates(trickled)

    asyncio.run(main())


def test_endless_candidates_are_refused() -> None:
    async def main() -> None:
        async with served() as the:
            first = await the.offer()
            many = [
                Candidate(candidate=HOST.replace("50000", str(port)), sdp_mid="0")
                for port in range(50_000, 50_064)
            ]
            with pytest.raises(ProtocolError) as refusal:
                await the.signalling.add_candidates(Candidates(pc_id=first.pc_id, candidates=many))
            assert refusal.value.code == "too_many_candidates"

    asyncio.run(main())


def test_request_data_is_read_under_both_of_its_names() -> None:
    for name in ("request_data", "requestData"):
        offer = Offer.model_validate(
            {"sdp": OFFER, "type": "offer", "extra": 1, name: {"session": "s_1", "token": "t", "more": 2}}
        )
        assert offer.request_data is not None
        assert (offer.request_data.session, offer.request_data.token) == ("s_1", "t")


@pytest.mark.parametrize(
    "wrong", [{"type": "answer"}, {"sdp": 5}, {"sdp": "x" * 65_537}, {"pc_id": "p" * 129}, {"restart_pc": []}]
)
def test_malformed_and_oversized_offers_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Offer.model_validate({"sdp": OFFER, "type": "offer", **wrong})


def test_ice_servers_carry_credentials_for_the_one_who_asks() -> None:
    async def main() -> None:
        turn = Turn(urls=("turn:127.0.0.1:9",), secret=SecretStr("s"))
        settings = WebRtc(ice_servers=(IceServer(urls=("stun:127.0.0.1:9",)),), turn=turn)
        async with asyncio.TaskGroup() as tasks:
            message = Signalling(settings, tasks.create_task).ice_servers("v_1")
        assert [server["urls"] for server in message["iceServers"]] == [
            ["stun:127.0.0.1:9"],
            ["turn:127.0.0.1:9"],
        ]
        assert message["iceServers"][1]["username"].endswith(":v_1")

    asyncio.run(main())


def _user_fragment(answer: Answer) -> str:
    return next(line for line in answer.sdp.splitlines() if line.startswith("a=ice-ufrag"))
