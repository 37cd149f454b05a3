"""The headless caller, without a gateway at the other end. With one: `tests/interop/test_webrtc.py`."""

import asyncio

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from gateway.events import Message
from gateway.webrtc import caller, sdp
from pipelines.audio import Frame, silence
from tests.contracts.leg import tone


def test_a_tone_is_audible_and_silence_is_not() -> None:
    assert caller.audible(tone(1)[0])
    assert not caller.audible(silence())


def test_its_offer_is_one_that_we_take_ourselves_and_names_the_session() -> None:
    async def main() -> None:
        async def refuse(offer: Message) -> Message:
            assert sdp.check(offer["sdp"]).has_data_channel
            assert offer["request_data"] == {"session": "s_1", "token": "t"}
            assert (offer["type"], offer["pc_id"]) == ("offer", None)
            raise ConnectionRefusedError

        with pytest.raises(ConnectionRefusedError):
            async with caller.connect(refuse, {"session": "s_1", "token": "t"}):
                raise AssertionError("nobody answered")

    asyncio.run(main())


def test_whoever_records_its_mouth_gets_what_is_sent_and_no_silence() -> None:
    async def main() -> None:
        person = caller.Caller(RTCPeerConnection(RTCConfiguration(iceServers=[])))
        sent: list[Frame] = []
        person.mouth = sent.append
        person.say(tone(2))
        assert [person.next_to_say() for _ in range(3)] == [*tone(2), None]
        assert sent == tone(2)

    asyncio.run(main())
