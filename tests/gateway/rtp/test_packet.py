import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol_error import ProtocolError
from gateway.rtp import packet
from gateway.rtp.packet import RtpPacket
from tests.fakes.mutants import mutants

PLAIN = RtpPacket(0, True, 65535, 2**32 - 1, 0xDEADBEEF, b"audio")

packets = st.builds(
    RtpPacket,
    st.integers(0, 127),
    st.booleans(),
    st.integers(0, 65535),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=200),
)


def with_header(first: int, rest: bytes) -> bytes:
    """A packet whose first byte and what follows the fixed header are given."""
    return bytes([first]) + packet.build(PLAIN)[1:12] + rest


@given(packets)
def test_what_is_built_is_parsed(built: RtpPacket) -> None:
    assert packet.parse(packet.build(built)) == built


def test_a_real_packet_is_understood() -> None:
    data = bytes.fromhex("80880001000000a012345678") + b"\xd5" * 160
    assert packet.parse(data) == RtpPacket(8, True, 1, 160, 0x12345678, b"\xd5" * 160)


def test_contributing_sources_extension_and_padding_are_left_out() -> None:
    sources = bytes(8)
    extension = struct.pack("!HH", 0xBEDE, 2) + bytes(8)
    data = with_header(0x80 | 0x20 | 0x10 | 2, sources + extension + b"audio" + b"\0\0\3")
    assert packet.parse(data).payload == b"audio"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "rtp_too_short"),
        (packet.build(PLAIN)[:11], "rtp_too_short"),
        (with_header(0x40, b""), "rtp_version"),
        (with_header(0xC0, b"audio"), "rtp_version"),
        (with_header(0x8F, b"audio"), "rtp_cut_off"),
        (with_header(0x90, b"\0\0"), "rtp_extension"),
        (with_header(0x90, b"\0\0\0\2" + bytes(7)), "rtp_cut_off"),
        (with_header(0xA0, b"audio\0"), "rtp_padding"),
        (with_header(0xA0, b"audio\7"), "rtp_cut_off"),
    ],
)
def test_what_does_not_fit_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(ProtocolError) as error:
        packet.parse(data)
    assert error.value.code == code


def test_rtcp_is_told_from_rtp_on_one_port() -> None:
    assert not packet.is_rtcp(packet.build(PLAIN))
    assert not packet.is_rtcp(b"\x80")
    assert packet.is_rtcp(bytes([0x80, 200, 0, 0]))


def test_mutants_raise_nothing_but_our_own_error() -> None:
    seeds = [
        packet.build(PLAIN),
        with_header(0xB2, bytes(8) + b"\xbe\xde\0\1" + bytes(4) + b"audio\0\0\3"),
        with_header(0xA0, b"audio\0\0\0\4"),
    ]
    codes: set[str] = set()
    for mutant in mutants(seeds, 20_000):
        try:
            assert len(packet.parse(mutant).payload) <= len(mutant) - packet.HEADER_BYTES
        except ProtocolError as error:
            codes.add(error.code)
    assert codes == {"rtp_too_short", "rtp_version", "rtp_extension", "rtp_padding", "rtp_cut_off"}
