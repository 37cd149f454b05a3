"""A byte stream cut into messages, however it arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip.framer import StreamFramer
from gateway.sip.message import LONGEST_HEAD, LONGEST_MESSAGE, BadRequest, parse
from tests.gateway.sip.torture import MESSAGES

STREAM = [MESSAGES[name] for name in ("esc02", "mpart01", "wsinv", "noreason", "longreq")]


def head(*lines: str) -> bytes:
    return "\r\n".join(["OPTIONS sip:a SIP/2.0", *lines, "", ""]).encode()


@given(st.lists(st.integers(1, 700), max_size=60))
def test_messages_come_out_whole_however_the_stream_is_cut(sizes: list[int]) -> None:
    stream = b"".join(STREAM)
    framer = StreamFramer()
    cut = []
    for size in sizes:
        cut += framer.feed(stream[:size])
        stream = stream[size:]
    assert cut + framer.feed(stream) == STREAM


def test_every_octet_alone() -> None:
    framer = StreamFramer()
    cut = [message for octet in b"".join(STREAM[:2]) for message in framer.feed(bytes([octet]))]
    assert cut == STREAM[:2]


def test_a_ping_is_counted_and_a_pong_is_nothing() -> None:
    framer = StreamFramer()
    assert framer.feed(b"\r\n\r\n" * 2) == []
    assert framer.pongs_due == 2
    assert framer.feed(b"\r\n" + STREAM[0] + b"\r\n\r\n" + STREAM[1]) == STREAM[:2]
    assert framer.pongs_due == 3


def test_a_ping_that_comes_in_pieces() -> None:
    framer = StreamFramer()
    for piece in (b"\r", b"\n", b"\r", b"\n"):
        assert framer.pongs_due == 0
        framer.feed(piece)
    assert framer.pongs_due == 1
    assert framer.feed(STREAM[0]) == STREAM[:1]


@pytest.mark.parametrize(
    "line",
    ["Content-Length: 3", "l:3", "CONTENT-LENGTH \t:\r\n 3 ", "L :  3", "X-l: 9\r\nl: 3\r\nX: a\r\n l: 8"],
)
def test_the_length_in_all_its_forms(line: str) -> None:
    message = head(line) + b"abc"
    assert StreamFramer().feed(message + STREAM[0]) == [message, STREAM[0]]


@pytest.mark.parametrize(
    "lines",
    [[], ["l: -1"], ["l: x"], ["l:"], ["l: 1", "Content-Length: 1"], ["l: 9999999999999"], ["l: \u0663"]],
)
def test_a_stream_that_cannot_be_followed(lines: list[str]) -> None:
    with pytest.raises(BadRequest) as fault:
        StreamFramer().feed(head("Via: SIP/2.0/TCP a", *lines))
    assert (fault.value.code, fault.value.status) == ("no_length", 400)
    assert fault.value.request is not None and fault.value.request.method == "OPTIONS"


@pytest.mark.parametrize("name", ["ncl", "mcl01"])
def test_torture_messages_that_end_a_stream_can_still_be_answered(name: str) -> None:
    with pytest.raises(BadRequest) as fault:
        StreamFramer().feed(MESSAGES[name])
    assert fault.value.status == 400
    assert fault.value.request is not None
    assert fault.value.request.call_id.startswith(name)


def test_clerr_waits_for_the_rest() -> None:
    framer = StreamFramer()
    assert framer.feed(MESSAGES["clerr"]) == []
    (message,) = framer.feed(b"x" * 9999)
    assert len(parse(message).body) == 9999


def test_a_message_that_would_be_too_long_is_refused_before_it_is_there() -> None:
    with pytest.raises(BadRequest) as fault:
        StreamFramer().feed(head(f"l: {LONGEST_MESSAGE}", "Via: SIP/2.0/TCP a"))
    assert fault.value.status == 513
    assert fault.value.request is not None


@pytest.mark.parametrize("octets", [b"x", b"a: b\r\n", b"\0"])
def test_a_header_without_an_end_is_not_waited_for(octets: bytes) -> None:
    framer = StreamFramer()
    with pytest.raises(BadRequest) as fault:
        for _ in range(LONGEST_HEAD):
            framer.feed(octets * 4)
    assert fault.value.status == 513


def test_a_response_that_ends_a_stream_is_answered_by_nobody() -> None:
    with pytest.raises(BadRequest) as fault:
        StreamFramer().feed(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a\r\n\r\n")
    assert fault.value.request is None
