"""Offers and candidates of honest and of other clients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocol_error import ProtocolError
from gateway.webrtc import sdp
from tests.gateway.webrtc.offers import OFFER

HOST = "candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host"


def test_a_browsers_offer_is_taken_without_the_candidates_that_are_of_no_use() -> None:
    offer = sdp.check(OFFER)
    assert offer.user_fragment == "EsAw"
    assert offer.has_data_channel
    assert offer.candidates == 1
    assert ".local" not in offer.sdp
    assert "tcptype" not in offer.sdp
    assert "127.0.0.1 9 typ host" in offer.sdp


def test_lines_may_end_in_one_character_or_two() -> None:
    assert sdp.check(OFFER.replace("\n", "\r\n")) == sdp.check(OFFER)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("m=audio", "m=image"), "no audio section"),
        (("opus/48000", "speex/16000"), "without Opus"),
        (("a=ice-pwd", "a=x"), "without ICE credentials"),
        (("a=fingerprint", "a=x"), "without a DTLS fingerprint"),
        (("a=rtcp-mux", "a=x"), "without rtcp-mux"),
        (("a=setup:actpass", "a=setup:maybe"), "does not follow RFC 8866"),
        (("m=audio 9 UDP", "m=audio nine UDP"), "does not follow RFC 8866"),
        ((OFFER, ""), "no audio section"),
        ((OFFER, "hello"), "does not follow|no audio section"),
        (("m=audio", "m=video 9 UDP/TLS/RTP/SAVPF 96\n" * 9 + "m=audio"), "more than 8 media sections"),
        (("a=ice-ufrag", f"a={HOST}\n" * 65 + "a=ice-ufrag"), "more than 64 candidates"),
    ],
)
def test_an_offer_we_cannot_take_is_refused_with_the_reason(change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(ProtocolError, match=complaint) as refusal:
        sdp.check(OFFER.replace(*change))
    assert refusal.value.code == "bad_sdp"
    assert refusal.value.status == 400


@given(st.data())
def test_mutilated_offers_are_taken_or_refused_and_never_a_surprise(data: st.DataObject) -> None:
    lines = OFFER.splitlines()
    index = data.draw(st.integers(0, len(lines) - 1))
    line = lines[index]
    cut = data.draw(st.integers(0, len(line)))
    lines[index] = line[:cut] + data.draw(st.text(max_size=8)) + line[cut + data.draw(st.integers(0, 3)) :]
    try:
        sdp.check("\n".join(lines))
    except ProtocolError:
        pass


@given(st.text(max_size=200))
def test_any_text_as_an_offer_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        sdp.check(text)


def test_a_trickled_candidate_is_read() -> None:
    candidate = sdp.candidate(HOST, "0", 0)
    assert candidate is not None
    assert (candidate.ip, candidate.port, candidate.sdpMid) == ("192.0.2.1", 50000, "0")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "candidate:",
        "candidate:1 1 udp 2122260223 3f2a1c0e-5a0b.local 50000 typ host",
        "candidate:1 1 udp 2122260223 evil.example.com 50000 typ host",
        "candidate:1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
    ],
)
def test_candidates_of_no_use_are_passed_over(text: str) -> None:
    assert sdp.candidate(text, "0", 0) is None


@pytest.mark.parametrize("text", ["candidate:1 1 udp", HOST.replace("50000", "port"), "x"])
def test_malformed_candidates_are_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match="RFC 8839"):
        sdp.candidate(text, "0", 0)


def test_a_candidate_must_say_which_section_it_belongs_to() -> None:
    with pytest.raises(ProtocolError, match="sdp_mid"):
        sdp.candidate(HOST, None, None)


@given(st.text(max_size=80))
def test_any_text_as_a_candidate_is_taken_or_refused(text: str) -> None:
    try:
        sdp.candidate(text, "0", 0)
    except ProtocolError as refusal:
        assert refusal.code == "bad_candidate"
