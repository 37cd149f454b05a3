import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol_error import ProtocolError
from gateway.rtp import rtcp
from gateway.rtp.rtcp import Goodbye, Report, ReportBlock, RtcpPacket, Sent, SourceDescription
from tests.fakes.mutants import mutants

word = st.integers(0, 2**32 - 1)
blocks = st.builds(
    ReportBlock, word, st.integers(0, 255), st.integers(-(2**23), 2**23 - 1), word, word, word, word
)
sent = st.builds(Sent, st.integers(0, 2**64 - 1), word, word, word)
several = st.lists(blocks, max_size=31).map(tuple)
any_packet = st.one_of(
    st.builds(Report, word, several, st.none() | sent),
    st.builds(SourceDescription, word, st.binary(max_size=255)),
    st.builds(Goodbye, st.lists(word, max_size=31).map(tuple)),
)
BLOCK = ReportBlock(7, 12, -3, 0x10005, 80, 0x11223344, 65536)
COMPOUND: list[RtcpPacket] = [
    Report(1, (BLOCK,), Sent(2**40, 160, 10, 1600)),
    SourceDescription(1, b"a name"),
    Goodbye((1,)),
]


@given(st.lists(any_packet, min_size=1, max_size=5))
def test_what_is_built_is_parsed(packets: list[RtcpPacket]) -> None:
    assert rtcp.parse(rtcp.build(packets)) == packets


def test_a_real_compound_is_understood() -> None:
    report = "81c9000700000001000000020a0000050000ffff0000002011223344 00010000"
    names = "81ca000300000001 01056e616d6531 00"
    assert rtcp.parse(bytes.fromhex(report + names)) == [
        Report(1, (ReportBlock(2, 10, 5, 0xFFFF, 32, 0x11223344, 65536),)),
        SourceDescription(1, b"name1"),
    ]


def test_a_report_need_not_come_first_and_other_kinds_are_stepped_over() -> None:
    feedback = bytes.fromhex("81cd0002") + bytes(8)
    extended = bytes.fromhex("80cf0001") + bytes(4)
    assert rtcp.parse(feedback + bytes(Goodbye((1,))) + extended) == [Goodbye((1,))]


def test_profile_specific_extensions_and_reasons_are_stepped_over() -> None:
    report = bytearray(bytes(Report(1, (BLOCK,))) + bytes(8))
    report[3] += 2
    goodbye = bytearray(bytes(Goodbye((1,))) + b"\3bye")
    goodbye[3] += 1
    assert rtcp.parse(bytes(report + goodbye)) == [Report(1, (BLOCK,)), Goodbye((1,))]


def test_padding_of_the_last_packet_is_left_out() -> None:
    padded = bytearray(bytes(Goodbye((1,))) + b"\0\0\0\4")
    padded[0] |= 0x20
    padded[3] += 1
    assert rtcp.parse(bytes(padded)) == [Goodbye((1,))]
    with pytest.raises(ProtocolError):
        rtcp.parse(bytes(padded) + bytes(Goodbye((1,))))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\xc9\x00",
        b"\x80\xc9\x00\x01",
        b"\x40\xc9\x00\x01" + bytes(4),
        b"\x81\xc9\x00\x01" + bytes(4),
        b"\x80\xc8\x00\x01" + bytes(4),
        b"\x80\xc9\x00\x00",
        b"\x82\xcb\x00\x01" + bytes(4),
        b"\x81\xca\x00\x02" + bytes(4) + b"\x01\x09ab",
        b"\x81\xca\x00\x02" + bytes(4) + b"\x01\x02ab",
        b"\x82\xca\x00\x02" + bytes(8),
        b"\xa0\xcb\x00\x01" + b"\0\0\0\5",
        b"\xa0\xcb\x00\x00",
    ],
)
def test_what_does_not_fit_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        rtcp.parse(data)


def test_mutants_raise_nothing_but_our_own_error() -> None:
    seeds = [rtcp.build(COMPOUND), *(bytes(each) for each in COMPOUND)]
    refused = 0
    for mutant in mutants(seeds, 20_000):
        try:
            rtcp.parse(mutant)
        except ProtocolError:
            refused += 1
    assert 1_000 < refused < 20_000
