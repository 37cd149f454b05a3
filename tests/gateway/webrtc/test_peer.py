"""One answering peer: what its answer says, and that it closes whatever happened."""

import asyncio

import pytest

from gateway.protocol_error import ProtocolError
from gateway.webrtc import sdp
from gateway.webrtc.outgoing import OutgoingTrack
from gateway.webrtc.peer import Peer, PeerEvents
from tests.gateway.webrtc.offers import OFFER


def peer() -> Peer:
    def nothing(*_: object) -> None:
        """Nobody listens."""

    return Peer(OutgoingTrack(lambda: None), [], PeerEvents(nothing, nothing, nothing, nothing))


def sections(answer: str) -> dict[str, str]:
    """The answer's media sections by kind."""
    return {part.split(" ", 1)[0]: part for part in answer.split("m=")[1:]}


def test_it_speaks_and_listens_and_refuses_the_camera() -> None:
    async def main() -> None:
        one = peer()
        answer = sections(await one.answer(sdp.check(OFFER)))
        assert "a=sendrecv" in answer["audio"]
        assert "opus/48000/2" in answer["audio"]
        assert "PCM" not in answer["audio"]  # we decode Opus only
        assert "a=inactive" in answer["video"]
        assert "webrtc-datachannel" in answer["application"]
        assert one.has_data_channel
        await one.close()

    asyncio.run(main())


def test_it_offers_nobody_elses_servers() -> None:
    async def main() -> None:
        one = peer()
        answer = await one.answer(sdp.check(OFFER))
        assert "typ host" in answer
        assert "typ srflx" not in answer
        await one.close()

    asyncio.run(main())


def test_a_client_without_data_channel_is_known_as_such() -> None:
    async def main() -> None:
        one = peer()
        await one.answer(
            sdp.check(OFFER[: OFFER.index("m=application")].replace("BUNDLE 0 1 2", "BUNDLE 0 1"))
        )
        assert not one.has_data_channel
        assert not one.writable
        await one.close()

    asyncio.run(main())


def test_whoever_waits_for_its_end_learns_of_it_even_if_nothing_ever_came() -> None:
    async def main() -> None:
        one = peer()
        await one.answer(sdp.check(OFFER.replace("a=sendrecv", "a=recvonly")))
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            tasks.create_task(one.closed())
            await asyncio.sleep(0.05)
            await one.close()
            await one.close()
        assert await one.packets() == 0

    asyncio.run(main())


def test_a_peer_that_never_answered_closes_too() -> None:
    async def main() -> None:
        one = peer()
        with pytest.raises(ProtocolError):
            await one.answer(sdp.check(OFFER.replace("VP8", "AV9")))
        await one.close()

    asyncio.run(main())
