"""The microphone through a stand-in for the sound library: there is no sound card where tests run."""

import asyncio
import re
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.cli import microphone
from gateway.webrtc.caller import Caller
from pipelines.audio import Frame, silence


class Stream:
    """A stream of the sound library, driven by the test."""

    def __init__(self, callback: Any = None, **shape: Any) -> None:
        self.callback, self.shape = callback, shape
        self.written: list[bytes] = []
        self.write_available = microphone.BLOCK
        self.open = False

    def __enter__(self) -> "Stream":
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False

    def write(self, data: bytes) -> None:
        self.written.append(data)


class Sound(SimpleNamespace):
    """The module."""

    class PortAudioError(Exception):
        pass

    def __init__(self, fault: Exception | None = None) -> None:
        super().__init__(streams=[])
        self._fault = fault

    def check_input_settings(self, **_: Any) -> None:
        if self._fault:
            raise self._fault

    def RawInputStream(self, **how: Any) -> Stream:
        return self._stream(**how)

    def RawOutputStream(self, **how: Any) -> Stream:
        return self._stream(**how)

    def _stream(self, **how: Any) -> Stream:
        self.streams.append(Stream(**how))
        return self.streams[-1]  # type: ignore[no-any-return]


class Person:
    """The part of a caller that the microphone uses."""

    def __init__(self) -> None:
        self.said: list[Frame] = []
        self.listener: Any = None

    @property
    def waiting(self) -> int:
        return len(self.said)

    def say(self, frames: list[Frame]) -> None:
        self.said += frames


@pytest.mark.parametrize(
    ("module", "complaint"),
    [
        (None, r"pip install .warmline\[microphone\]."),
        (Sound(OSError("no libportaudio")), "sound library cannot be used: no libportaudio"),
        (Sound(Sound.PortAudioError("no device")), "there is no microphone: no device"),
    ],
)
def test_a_missing_microphone_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, module: Any, complaint: str
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    fault = microphone.missing()
    assert fault is not None
    assert re.search(complaint, fault)


def test_a_microphone_that_works_is_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", Sound())
    assert microphone.missing() is None


def test_what_the_microphone_hears_is_said_and_what_the_call_says_is_played(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        sound, person = Sound(), Person()
        monkeypatch.setitem(sys.modules, "sounddevice", sound)
        with microphone.attached(_caller(person)):
            heard, loudspeaker = sound.streams
            heard.callback(bytes(range(128)) * 5, 320, None, None)
            await asyncio.sleep(0)
            assert person.said == [Frame(bytes(range(128)) * 5)]
            person.listener(silence())
            loudspeaker.write_available = 0
            person.listener(silence())
            assert loudspeaker.written == [silence().pcm], "a full loudspeaker never holds the call up"
        assert not heard.open
        assert not loudspeaker.open
        assert person.listener is None

    asyncio.run(main())


def test_a_network_slower_than_the_sound_card_does_not_pile_speech_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        sound, person = Sound(), Person()
        monkeypatch.setitem(sys.modules, "sounddevice", sound)
        with microphone.attached(_caller(person)):
            for _ in range(100):
                sound.streams[0].callback(silence().pcm)
            await asyncio.sleep(0)
        assert len(person.said) == microphone.MOST_WAITING

    asyncio.run(main())


def _caller(person: Person) -> Caller:
    return person  # type: ignore[return-value]
