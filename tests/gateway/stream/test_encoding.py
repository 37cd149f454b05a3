"""Samples as providers write them."""

import numpy as np
import pytest

from gateway.stream.encoding import ALAW, LINEAR, MULAW, Encoding
from tests.contracts.leg import tone


@pytest.mark.parametrize("encoding", [MULAW, ALAW])
def test_both_laws_carry_sound_with_little_loss(encoding: Encoding) -> None:
    pcm = tone(1, rate=8_000)[0].pcm
    back = np.frombuffer(encoding.decode(encoding.encode(pcm)), np.int16).astype(int)
    sent = np.frombuffer(pcm, np.int16).astype(int)
    assert np.abs(back - sent).max() <= np.abs(sent).max() // 16
    assert len(encoding.encode(pcm)) == encoding.frame_bytes == 160


def test_the_laws_are_those_of_g711() -> None:
    """ITU-T G.711: silence, and the loudest there is."""
    assert MULAW.encode(b"\0\0") == b"\xff" and ALAW.encode(b"\0\0") == b"\xd5"
    assert MULAW.decode(b"\x80") == (32_124).to_bytes(2, "little")
    assert ALAW.decode(b"\xaa") == (32_256).to_bytes(2, "little")


def test_linear_sound_is_left_alone_but_for_half_a_sample() -> None:
    assert LINEAR.decode(b"\1\2\3") == b"\1\2"
    assert LINEAR.encode(b"\1\2") == b"\1\2"
    assert (LINEAR.frame_bytes, Encoding("linear", 16_000).frame_bytes) == (320, 640)
