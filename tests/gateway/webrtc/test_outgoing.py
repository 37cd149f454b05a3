"""The track we send: paced by the clock, silent at no cost, decodable by any Opus decoder."""

import asyncio

import av
import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from gateway.webrtc.outgoing import FADING_FRAMES, MOST_BEHIND_S, QUIET, OutgoingTrack
from pipelines.audio import Frame
from tests import virtual_time
from tests.contracts.leg import tone


def decode(payloads: list[bytes]) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    codec = av.CodecContext.create("libopus", "r")
    codec.format, codec.layout, codec.sample_rate = "s16", "mono", 48_000
    return np.concatenate([f.to_ndarray()[0] for p in payloads for f in codec.decode(av.Packet(p))])


async def packets(track: OutgoingTrack, count: int) -> list[av.Packet]:
    return [await track.recv() for _ in range(count)]


def test_a_packet_leaves_every_20_ms() -> None:
    async def main() -> None:
        track, loop = OutgoingTrack(lambda: None), asyncio.get_running_loop()
        begun = loop.time()
        sent = await packets(track, 51)
        assert loop.time() - begun == pytest.approx(1.0)
        assert [packet.pts for packet in sent] == [960 * n for n in range(51)]

    virtual_time.run(main())


def test_speech_survives_the_codec() -> None:
    async def main() -> None:
        frames = tone(50)
        heard = decode([bytes(p) for p in await packets(OutgoingTrack(iter(frames).__next__), 50)])
        assert len(heard) == 48_000
        spectrum = np.abs(np.fft.rfft(heard[24_000:].astype(float)))
        assert np.argmax(spectrum) * 2 == 440

    virtual_time.run(main())


def test_after_speech_silence_fades_in_and_is_then_the_same_few_bytes() -> None:
    async def main() -> None:
        script: list[Frame | None] = [*tone(10), *[None] * 10]
        sent = [bytes(p) for p in await packets(OutgoingTrack(iter(script).__next__), 20)]
        quiet = sent[10 + FADING_FRAMES :]
        assert set(quiet) == {QUIET}
        assert QUIET not in sent[: 10 + FADING_FRAMES]
        loudness = np.abs(decode(sent).astype(int)).reshape(20, -1).max(axis=1)
        assert loudness[5] > 4_000
        assert max(loudness[13:]) < 200, "no click where the codec changes its mode"

    virtual_time.run(main())


def test_a_sender_that_was_held_up_catches_up_a_little_and_never_in_a_burst() -> None:
    async def main() -> None:
        track, loop = OutgoingTrack(lambda: None), asyncio.get_running_loop()
        await packets(track, 2)
        await asyncio.sleep(0.1)
        before = loop.time()
        await packets(track, 4)
        assert loop.time() == before, "80 ms are made up for at once"
        await asyncio.sleep(MOST_BEHIND_S + 1)
        before = loop.time()
        await packets(track, 11)
        assert loop.time() - before == pytest.approx(0.2)

    virtual_time.run(main())


def test_a_stopped_track_says_so() -> None:
    async def main() -> None:
        track = OutgoingTrack(lambda: None)
        track.stop()
        with pytest.raises(MediaStreamError):
            await track.recv()

    virtual_time.run(main())
