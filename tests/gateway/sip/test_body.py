import pytest

from gateway.protocol_error import ProtocolError
from gateway.sip.body import description, media_type, session_description
from gateway.sip.message import Request
from tests.gateway.sip.requests import request

SDP = b"v=0\r\ns=-\r\nm=audio 4000 RTP/AVP 0\r\n"
ISUP = (
    b"--b-1\r\nContent-Type: application/ISUP;version=nxv3\r\n\r\n\x01\x11\x02\r\n"
    b"--b-1\r\nContent-Disposition: session\r\nContent-Type: application/sdp\r\n\r\n" + SDP + b"--b-1--\r\n"
)


def carrying(kind: str, body: bytes, *headers: tuple[str, str]) -> Request:
    made = request(headers=(("Content-Type", kind), *headers))
    made.body = body
    return made


@pytest.mark.parametrize("kind", ["application/sdp", "Application/SDP; charset=utf-8"])
def test_a_plain_description(kind: str) -> None:
    assert session_description(carrying(kind, SDP)) == SDP


@pytest.mark.parametrize("boundary", ['"b-1"', "b-1"])
def test_a_description_beside_something_else(boundary: str) -> None:
    assert session_description(carrying(f"multipart/mixed;boundary={boundary}", ISUP)) == SDP


def test_no_body_is_no_description() -> None:
    assert session_description(carrying("text/plain", b"\r\n")) is None
    assert session_description(request()) is None


@pytest.mark.parametrize(
    ("kind", "body", "encoding"),
    [
        ("text/plain", SDP, "identity"),
        ("application/sdp", SDP, "gzip"),
        ("multipart/mixed", ISUP, "identity"),
        ("multipart/mixed;boundary=other", ISUP, "identity"),
        ("multipart/mixed;boundary=b-1", ISUP.replace(b"/sdp", b"/cpim"), "identity"),
    ],
)
def test_anything_else_is_refused_or_where_that_cannot_be_overlooked(
    kind: str, body: bytes, encoding: str
) -> None:
    message = carrying(kind, body, ("Content-Encoding", encoding))
    with pytest.raises(ProtocolError) as refusal:
        session_description(message)
    assert refusal.value.status == 415
    assert description(message) is None


def test_a_media_type_has_no_parameters() -> None:
    assert media_type(carrying("Application/SDP;x=y", b"")) == "application/sdp"
    assert media_type(request()) == ""
