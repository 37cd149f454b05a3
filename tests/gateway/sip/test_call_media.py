"""One call's media terms: what a stream is told, and when a description gets a new number."""

import asyncio

import pytest

from gateway.protocol_error import ProtocolError
from gateway.rtp.agreed import AgreedMedia, Direction
from gateway.sip.call_media import CallMedia, capabilities
from gateway.sip.sdp import parse
from gateway.trunks import Trunk
from tests import virtual_time
from tests.gateway.sip.descriptions import FAX, SNOM


class Stream:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[AgreedMedia] = []

    def configure(self, agreed: AgreedMedia) -> None:
        self.told.append(agreed)

    def close(self) -> None:
        self.told.clear()


def media(srtp: str = "none") -> tuple[CallMedia, Stream]:
    trunk = Trunk.model_validate({"name": "t", "networks": "192.0.2.1", "srtp": srtp})
    stream = Stream()
    return CallMedia(stream, capabilities(trunk, "203.0.113.1", 20_000)), stream  # type: ignore[arg-type]


def test_an_answer_is_given_and_the_stream_told() -> None:
    ours, stream = media()
    assert parse(ours.answer(SNOM)).audio is not None
    assert [agreed.codec for agreed in stream.told] == ["G722"]
    assert ours.agreed == stream.told[0]


def test_the_same_answer_keeps_its_number_and_another_gets_the_next() -> None:
    ours, _ = media()
    first = ours.answer(SNOM)
    assert ours.answer(SNOM) == first
    held = ours.answer(SNOM.replace(b"a=sendrecv", b"a=sendonly"))
    assert parse(held).version == parse(first).version + 1
    assert parse(held).session_id == parse(first).session_id


def test_a_bad_offer_changes_nothing() -> None:
    ours, stream = media()
    ours.answer(SNOM)
    with pytest.raises(ProtocolError):
        ours.answer(FAX)
    assert len(stream.told) == 1


def test_two_ends_agree() -> None:
    ours, our_stream = media("required")
    theirs, their_stream = media("required")
    ours.take_answer(theirs.answer(ours.offer()))
    assert our_stream.told[0].srtp_send == their_stream.told[0].srtp_receive is not None
    assert not ours.offering


def test_what_we_hold_stays_held_when_they_offer_something() -> None:
    ours, _ = media()
    theirs, _ = media()
    ours.take_answer(theirs.answer(ours.offer(Direction.SENDONLY)))
    again = parse(ours.answer(SNOM))
    assert again.audio is not None and again.audio.direction == Direction.SENDONLY


def test_a_refused_hold_is_none() -> None:
    ours, stream = media()
    ours.answer(SNOM)
    ours.offer(Direction.SENDONLY)
    assert ours.offering
    ours.take_refusal()
    assert not ours.offering and len(stream.told) == 1
    again = parse(ours.answer(SNOM))
    assert again.audio is not None and again.audio.direction == Direction.SENDRECV


def test_an_answer_that_nobody_asked_for_is_none() -> None:
    ours, stream = media()
    ours.take_answer(SNOM)
    assert stream.told == []


def test_every_call_has_keys_of_its_own() -> None:
    trunk = Trunk.model_validate({"name": "t", "networks": "192.0.2.1", "srtp": "required"})
    one, other = (capabilities(trunk, "203.0.113.1", 20_000) for _ in range(2))
    assert {key.key for key in one.keys}.isdisjoint(key.key for key in other.keys)
    assert capabilities(trunk.model_copy(update={"srtp": "none"}), "203.0.113.1", 2).keys == ()


@pytest.mark.parametrize("outcome", ["agreed", "refused", "over"])
def test_who_wants_a_change_learns_what_became_of_it(outcome: str) -> None:
    async def main() -> None:
        ours, _ = media()
        theirs, _ = media()
        offers: list[bytes] = []
        async with asyncio.TaskGroup() as tasks:
            changing = tasks.create_task(ours.change(Direction.SENDONLY, offers.append))
            await asyncio.sleep(0)
            if outcome == "agreed":
                ours.take_answer(theirs.answer(offers[0]))
            elif outcome == "refused":
                ours.take_refusal()
            else:
                ours.close()
        assert changing.result() is (outcome == "agreed")

    virtual_time.run(main())
