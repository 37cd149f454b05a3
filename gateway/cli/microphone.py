"""The caller's microphone and loudspeaker, through the optional `sounddevice` package (PortAudio)."""

import asyncio
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gateway.webrtc.caller import Caller
from pipelines.audio import FRAME_MS, SAMPLE_RATE, Frame

BLOCK = SAMPLE_RATE * FRAME_MS // 1000
MOST_WAITING = 10
"Frames of the microphone; while so many wait to be sent, newer ones are dropped."


def missing() -> str | None:
    """Why there is no microphone, as one line for people; None when there is one."""
    try:
        sound = importlib.import_module("sounddevice")
        sound.check_input_settings(channels=1, dtype="int16", samplerate=SAMPLE_RATE)
    except ImportError:
        return 'no --wav given, and the microphone needs an extra: pip install "warmline[microphone]"'
    except OSError as fault:
        return f"no --wav given, and the sound library cannot be used: {fault}"
    except sound.PortAudioError as fault:
        return f"no --wav given, and there is no microphone: {fault}"
    return None


@contextmanager
def attached(person: Caller) -> Iterator[None]:
    """Speak what the microphone hears and play what the call says, while the block lasts."""
    sound = importlib.import_module("sounddevice")
    loop = asyncio.get_running_loop()

    def spoken(data: Any, *_: Any) -> None:
        loop.call_soon_threadsafe(_say, person, Frame(bytes(data)))

    shape = {"samplerate": SAMPLE_RATE, "channels": 1, "dtype": "int16", "blocksize": BLOCK}
    with sound.RawInputStream(callback=spoken, **shape), sound.RawOutputStream(**shape) as loudspeaker:
        person.listener = lambda frame: _play(loudspeaker, frame)
        try:
            yield
        finally:
            person.listener = None


def _say(person: Caller, frame: Frame) -> None:
    if person.waiting < MOST_WAITING:
        person.say([frame])


def _play(loudspeaker: Any, frame: Frame) -> None:
    if loudspeaker.write_available >= BLOCK:  # else it would block the event loop
        loudspeaker.write(frame.pcm)
