"""Frames cut from streams of bytes."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.audio import Framer, silence


@given(st.lists(st.binary(max_size=1_500), max_size=20))
def test_frames_hold_the_bytes_in_order_whatever_the_pieces(pieces: list[bytes]) -> None:
    framer = Framer(8_000)
    frames = [frame for piece in pieces for frame in framer.feed(piece)]
    frames += framer.flush()
    assert all(len(frame.pcm) == 320 and frame.sample_rate == 8_000 for frame in frames)
    whole = b"".join(pieces)
    assert b"".join(frame.pcm for frame in frames) == whole + b"\0" * (-len(whole) % 320)


def test_a_flushed_framer_begins_anew() -> None:
    framer = Framer(16_000)
    framer.feed(b"x")
    assert len(framer.flush()) == 1
    assert framer.flush() == []


def test_silence_says_that_it_is_ours() -> None:
    assert silence(8_000).filled
    assert silence(8_000).pcm == bytes(320)
