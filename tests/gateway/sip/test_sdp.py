"""Session descriptions of honest, sloppy and hostile telephones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol_error import ProtocolError
from gateway.rtp.agreed import Direction, SrtpKey
from gateway.sip.sdes import Crypto
from gateway.sip.sdp import LONGEST, Audio, Codec, OtherMedia, SessionDescription, parse
from tests.gateway.sip.descriptions import ALL, BROWSERLIKE, CARRIER, FAX, SNOM
from tests.gateway.sip.mutants import mutants


def test_a_desk_phones_offer_is_read() -> None:
    described = parse(SNOM)
    assert (described.session_id, described.version, described.host) == (1203917123, 1203917123, "192.0.2.10")
    audio = described.audio
    assert audio is not None
    assert (audio.host, audio.port, audio.direction, audio.ptime_ms) == (
        "192.0.2.10",
        61234,
        Direction.SENDRECV,
        20,
    )
    assert [c.name for c in audio.codecs] == [
        "G722",
        "PCMU",
        "PCMA",
        "GSM",
        "G726-32",
        "G729",
        "telephone-event",
    ]
    assert audio.codecs[-1] == Codec(101, "telephone-event", 8000, 1, "0-15")
    assert not audio.secure


def test_static_payload_types_need_no_map_and_rtcp_may_be_elsewhere() -> None:
    audio = parse(CARRIER).audio
    assert audio is not None
    assert audio.codecs[:2] == (Codec(8, "PCMA", 8000), Codec(13, "CN", 8000))
    assert (audio.host, audio.rtcp_port, audio.ptime_ms) == ("198.51.100.8", 40003, 30)


def test_keys_of_unknown_suites_are_passed_over_and_other_media_remembered() -> None:
    described = parse(BROWSERLIKE)
    audio = described.audio
    assert audio is not None and audio.secure and audio.rtcp_mux
    assert audio.cryptos == (
        Crypto(2, SrtpKey("AES_CM_128_HMAC_SHA1_80", b"123456789012345678901234567890")),
        Crypto(3, SrtpKey("AES_CM_128_HMAC_SHA1_32", b"987654321098765432109876543210")),
    )
    assert audio.codecs[0] == Codec(96, "opus", 48000, 2, "stereo=1;sprop-stereo=1")
    video = described.media[1]
    assert isinstance(video, Audio | OtherMedia) and not isinstance(video, Audio)
    assert (video.kind, video.protocol, video.formats, video.port) == ("video", "RTP/AVP", "31", 20002)


def test_a_description_without_audio_is_read_all_the_same() -> None:
    assert parse(FAX).audio is None


@pytest.mark.parametrize("attribute", ["sendonly", "recvonly", "inactive"])
def test_the_session_gives_a_direction_to_streams_that_have_none(attribute: str) -> None:
    session_wide = SNOM.replace(b"t=0 0\r\n", f"t=0 0\r\na={attribute}\r\n".encode())
    audio = parse(session_wide.replace(b"a=sendrecv\r\n", b"")).audio
    assert audio is not None and audio.direction == Direction(attribute)
    own = parse(session_wide).audio
    assert own is not None and own.direction == Direction.SENDRECV


@pytest.mark.parametrize("host", [b"IN IP4 0.0.0.0", b"IN IP6 ::"])
def test_an_address_of_nowhere_means_hold(host: bytes) -> None:
    audio = parse(SNOM.replace(b"c=IN IP4 192.0.2.10", b"c=" + host)).audio
    assert audio is not None and audio.takes_nothing


def test_a_streams_own_address_goes_before_the_sessions() -> None:
    audio = parse(SNOM.replace(b"a=ptime", b"c=IN IP4 203.0.113.9/127\r\na=ptime")).audio
    assert audio is not None and audio.host == "203.0.113.9"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((b"v=0", b"v=1"), 400),
        ((b"o=root 1203917123", b"o=root x"), 400),
        ((b"o=root", b"x=root"), 400),
        ((b"c=IN IP4 192.0.2.10", b"c=IN IP4"), 400),
        ((b"c=IN IP4 192.0.2.10\r\n", b""), 400),
        ((b"m=audio 61234", b"m=audio 66666"), 400),
        ((b"m=audio 61234", b"m=audio -1"), 400),
        ((b" RTP/AVP 9 0 8 3 99 18 101", b""), 400),
        ((b"s=call", b"scall"), 400),
        ((b"s=call", b"s=\xff\xfe"), 400),
        ((SNOM[SNOM.index(b"m=") :], b""), 488),
        ((SNOM, b""), 400),
        ((b"m=audio", b"m=video 9 RTP/AVP 31\r\n" * 16 + b"m=audio"), 400),
        ((b"RTP/AVP 9", b"RTP/AVP" + b" 9" * 70), 400),
        ((b"s=call", b"s=" + b"x" * LONGEST), 413),
    ],
)
def test_what_is_wrong_is_refused(change: tuple[bytes, bytes], status: int) -> None:
    with pytest.raises(ProtocolError) as refused:
        parse(SNOM.replace(*change))
    assert refused.value.status == status


def test_a_refused_stream_needs_no_address() -> None:
    text = SNOM.replace(b"c=IN IP4 192.0.2.10\r\n", b"").replace(b"m=audio 61234", b"m=audio 0")
    assert parse(text).audio is None


@pytest.mark.parametrize("payload", [b"128", b"300", b"-1", b"x", "٩".encode()])
def test_payload_types_that_cannot_be_are_not_taken(payload: bytes) -> None:
    try:
        audio = parse(CARRIER.replace(b"RTP/AVP 8 ", b"RTP/AVP " + payload + b" ")).audio
    except ProtocolError:
        return
    assert audio is not None and [c.name for c in audio.codecs] == ["CN", "telephone-event"]


def test_20_000_mutants_raise_nothing_but_protocol_errors_and_what_is_read_can_be_written() -> None:
    read = 0
    for text in mutants(ALL, 20_000):
        try:
            described = parse(text)
        except ProtocolError as refused:
            assert refused.status in (400, 413, 488)
            continue
        read += 1
        assert parse(bytes(described)).session_id == described.session_id
    assert read > 2000, "the mutants are not all hopeless"


_codecs = st.builds(
    Codec,
    payload_type=st.integers(0, 127),
    name=st.sampled_from(["PCMU", "PCMA", "opus", "telephone-event", "CN"]),
    clock_rate=st.sampled_from([8000, 16000, 48000]),
    channels=st.integers(1, 2),
    parameters=st.sampled_from(["", "0-16", "useinbandfec=1"]),
)
_keys = st.builds(
    lambda tag, key: Crypto(tag, SrtpKey("AES_CM_128_HMAC_SHA1_80", key)),
    st.integers(1, 999),
    st.binary(min_size=30, max_size=30),
)
_audio = st.builds(
    Audio,
    host=st.sampled_from(["192.0.2.1", "2001:db8::1"]),
    port=st.integers(1, 65535),
    codecs=st.lists(_codecs, min_size=1, max_size=5, unique_by=lambda c: c.payload_type).map(tuple),
    protocol=st.sampled_from(["RTP/AVP", "RTP/SAVP", "RTP/AVPF"]),
    direction=st.sampled_from(Direction),
    ptime_ms=st.integers(10, 200),
    rtcp_port=st.none() | st.integers(1, 65535),
    rtcp_mux=st.booleans(),
    cryptos=st.lists(_keys, max_size=3).map(tuple),
)
_described = st.builds(
    SessionDescription,
    session_id=st.integers(0, 2**63),
    version=st.integers(0, 2**63),
    host=st.sampled_from(["192.0.2.1", "2001:db8::2"]),
    media=st.lists(_audio, min_size=1, max_size=3).map(tuple),
)


@given(_described)
def test_what_is_written_is_read_as_it_was(described: SessionDescription) -> None:
    assert parse(bytes(described)) == described


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    try:
        parse(text)
    except ProtocolError:
        return
