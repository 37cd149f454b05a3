"""pipecat's serializers as an independent reading of the providers' protocols.

They stand where our wires stand, so what they write must be what we write, and what they read in a provider's
message must be what we read.
"""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
)
from pipecat.serializers.base_serializer import FrameSerializer

from gateway.stream.wire import Heard, Message, Pressed, Wire, WireEvent
from tests.contracts.leg import tone


class Reference:
    """A serializer at a sample rate."""

    def __init__(self, serializer: FrameSerializer, rate: int) -> None:
        self._serializer = serializer
        self._rate = rate
        setup: Any = SimpleNamespace(audio_in_sample_rate=rate)
        asyncio.run(serializer.setup(setup))

    def write(self, frame: Frame) -> Any:
        """What it sends: the object in a text, or bytes."""
        message = asyncio.run(self._serializer.serialize(frame))
        return json.loads(message) if isinstance(message, str) else message

    def read(self, message: Message) -> Frame | None:
        return asyncio.run(self._serializer.deserialize(message))

    def sound(self, pcm: bytes) -> Any:
        return self.write(OutputAudioRawFrame(pcm, self._rate, 1))


def said(message: Message | None) -> Any:
    """Our message in the same form."""
    return json.loads(message) if isinstance(message, str) else message


def assert_same_writing(wire: Wire, reference: Reference, rate: int, *, clear: bool = True) -> None:
    """What both send for sound and, if the protocol's clear is stateless, for a barge-in."""
    for frame in tone(3, rate=rate):
        assert said(wire.media(frame.pcm)) == reference.sound(frame.pcm)
    if clear:
        assert said(wire.clear()) == reference.write(InterruptionFrame())


def assert_same_reading(wire: Wire, reference: Reference, *messages: Message) -> None:
    """What both understand: sound and keys."""
    for message in messages:
        ours, theirs = wire.receive(message), reference.read(message)
        match theirs:
            case InputAudioRawFrame():
                assert ours == [Heard(theirs.audio)]
            case InputDTMFFrame():
                assert ours == [Pressed(str(theirs.button.value))]
            case _:
                assert not [event for event in ours if isinstance(event, Heard | Pressed)]


def events(wire: Wire, *messages: Message) -> list[WireEvent]:
    """Everything a wire says of messages."""
    return [event for message in messages for event in wire.receive(message)]
