import audioop
import random

import pytest

from gateway.rtp.codec import codec, primed
from tests.fakes.rtp_call import tone

NAMES = ["PCMU", "PCMA", "G722", "opus"]
each_codec = pytest.mark.parametrize("name", NAMES)


@each_codec
def test_what_is_encoded_is_heard(name: str) -> None:
    coder, decoder = codec(name), codec(name)
    heard = [decoder.decode(coder.encode(frame)) for frame in tone(coder.sample_rate, 20)]
    assert {len(pcm) for pcm in heard} == {coder.sample_rate // 50 * 2}
    assert audioop.rms(b"".join(heard[5:]), 2) == pytest.approx(5657, rel=0.1)


@each_codec
def test_a_payload_lasts_20_ms(name: str) -> None:
    coder = codec(name)
    ticks = 960 if name == "opus" else 160
    assert coder.samples(coder.encode(tone(coder.sample_rate, 1)[0])) == ticks
    assert coder.samples(coder.quiet) == ticks


@each_codec
def test_the_quiet_payload_is_silence_whatever_was_before(name: str) -> None:
    coder, decoder = codec(name), codec(name)
    for frame in [*tone(coder.sample_rate, 5), *[bytes(coder.sample_rate // 50 * 2)] * 3]:
        decoder.decode(coder.encode(frame))
    heard = [decoder.decode(coder.quiet) for _ in range(10)]
    pcm = b"".join(heard[5:])
    assert abs(audioop.avg(pcm, 2)) < 40, "a constant that nobody hears"
    assert audioop.rms(audioop.bias(pcm, 2, -audioop.avg(pcm, 2)), 2) <= 2


@each_codec
def test_a_broken_payload_raises_nothing(name: str) -> None:
    dice = random.Random(name)
    decoder = codec(name)
    assert decoder.decode(b"") == b""
    assert decoder.samples(b"") == 0
    for _ in range(300):
        payload = dice.randbytes(dice.randrange(1, 300))
        assert len(decoder.decode(payload)) % 2 == 0
        assert 0 <= decoder.samples(payload) <= 5760


@pytest.mark.parametrize(
    ("payload", "milliseconds"),
    [
        (b"\x00", 10),
        (b"\x18", 60),
        (b"\x60", 10),
        (b"\x68", 20),
        (b"\x80", 2.5),
        (b"\xf8", 20),
        (b"\xf9", 40),
        (b"\xfb\x03", 60),
        (b"\xfb\x3f", 120),
        (b"\xfb", 0),
    ],
)
def test_opus_says_how_long_it_lasts(payload: bytes, milliseconds: float) -> None:
    assert codec("opus").samples(payload) == milliseconds * 48


def test_names_are_spelt_as_one_likes_and_unknown_ones_refused() -> None:
    assert codec("pcmu").quiet == b"\xff" * 160
    with pytest.raises(ValueError):
        codec("G729")


@pytest.mark.parametrize(("rate", "wanted"), [(8000, 16000), (16000, 8000)])
def test_a_primed_resampler_gives_a_frame_for_a_frame(rate: int, wanted: int) -> None:
    resampler = primed(rate, wanted)
    assert resampler is not None
    heard = [resampler.feed(frame) for frame in tone(rate, 50)]
    assert {len(pcm) for pcm in heard} == {wanted // 50 * 2}
    assert audioop.rms(b"".join(heard[5:]), 2) == pytest.approx(5657, rel=0.05)
    assert primed(8000, 8000) is None
