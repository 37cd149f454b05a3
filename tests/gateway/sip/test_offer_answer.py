"""Offer and answer (RFC 3264), with the examples that telephones make of it."""

from dataclasses import replace

import pytest

from gateway.protocol_error import ProtocolError
from gateway.rtp.agreed import Direction, SrtpKey
from gateway.sip import offer_answer
from gateway.sip.offer_answer import MediaCapabilities, agree, answer, offer
from gateway.sip.sdp import Audio, OtherMedia, SessionDescription, parse
from tests.gateway.sip.descriptions import ALL, BROWSERLIKE, CARRIER, FAX, SNOM
from tests.gateway.sip.mutants import mutants

KEYS = (
    SrtpKey("AES_CM_128_HMAC_SHA1_80", b"a" * 30),
    SrtpKey("AES_CM_128_HMAC_SHA1_32", b"b" * 30),
    SrtpKey("AEAD_AES_128_GCM", b"c" * 28),
)
PLAIN = MediaCapabilities("203.0.113.1", 20_000, 77)
SECURE = replace(PLAIN, srtp="optional", keys=KEYS)
STRICT = replace(SECURE, srtp="required")


def refusal(offered: SessionDescription, ours: MediaCapabilities = PLAIN) -> int:
    with pytest.raises(ProtocolError) as refused:
        answer(offered, ours, 1)
    return refused.value.status


def audio_of(described: SessionDescription) -> Audio:
    assert described.audio is not None
    return described.audio


# --- answers ---


def test_we_answer_one_codec_under_the_offers_payload_types() -> None:
    described, agreed = answer(parse(SNOM), PLAIN, 1)
    mine = audio_of(described)
    assert [(c.payload_type, c.name) for c in mine.codecs] == [(9, "G722"), (101, "telephone-event")]
    assert (agreed.codec, agreed.payload_type, agreed.clock_rate, agreed.dtmf_payload_type) == (
        "G722",
        9,
        8000,
        101,
    )
    assert (agreed.remote_host, agreed.remote_port, agreed.remote_rtcp_port) == ("192.0.2.10", 61234, 61235)
    assert agreed.direction == Direction.SENDRECV
    assert parse(bytes(described)) == described


def test_our_order_decides_and_what_the_trunk_leaves_out_is_not_taken() -> None:
    _, agreed = answer(parse(SNOM), replace(PLAIN, codecs=("opus", "PCMA", "G722")), 1)
    assert agreed.codec == "PCMA"
    assert refusal(parse(SNOM), replace(PLAIN, codecs=("opus",))) == 488


def test_comfort_noise_ptime_and_another_rtcp_port_are_taken_note_of() -> None:
    _, agreed = answer(parse(CARRIER), PLAIN, 1)
    assert (agreed.comfort_noise_payload_type, agreed.ptime_ms, agreed.remote_rtcp_port) == (13, 30, 40003)
    assert not agreed.rtcp_mux


def test_a_caller_without_keypad_events_gets_none() -> None:
    _, agreed = answer(parse(CARRIER.replace(b" 101\r", b"\r")), PLAIN, 1)
    assert agreed.dtmf_payload_type is None


def test_opus_with_events_of_another_rate_still_has_a_keypad() -> None:
    text = BROWSERLIKE.replace(b"telephone-event/48000", b"telephone-event/8000")
    _, agreed = answer(parse(text), SECURE, 1)
    assert (agreed.codec, agreed.clock_rate, agreed.dtmf_payload_type) == ("opus", 48_000, 97)


def test_other_media_are_refused_each_in_its_place() -> None:
    offered = parse(BROWSERLIKE.replace(b"m=audio", b"m=application 9 TCP/BFCP *\nm=audio"))
    described, _ = answer(offered, SECURE, 1)
    assert [type(m) for m in described.media] == [OtherMedia, Audio, OtherMedia]
    assert b"m=application 0 TCP/BFCP *\r\n" in bytes(described)
    assert b"m=video 0 RTP/AVP 31\r\n" in bytes(described)


def test_a_second_audio_stream_is_refused() -> None:
    offered = parse(SNOM + SNOM[SNOM.index(b"m=") :])
    described, _ = answer(offered, PLAIN, 1)
    assert len(described.media) == 2
    assert b"m=audio 0 RTP/AVP 9 0 8 3 99 18 101\r\n" in bytes(described)


@pytest.mark.parametrize(
    ("theirs", "wish", "ours"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendonly", "sendrecv", "recvonly"),
        ("recvonly", "sendrecv", "sendonly"),
        ("inactive", "sendrecv", "inactive"),
        ("sendrecv", "sendonly", "sendonly"),
        ("sendonly", "sendonly", "inactive"),
        ("sendrecv", "inactive", "inactive"),
    ],
)
def test_directions_meet(theirs: str, wish: str, ours: str) -> None:
    offered = parse(SNOM.replace(b"a=sendrecv", f"a={theirs}".encode()))
    described, agreed = answer(offered, PLAIN, 1, Direction(wish))
    assert audio_of(described).direction == agreed.direction == Direction(ours)


@pytest.mark.parametrize("attribute", ["sendrecv", "sendonly"])
def test_hold_as_it_was_in_rfc_2543_sends_nothing(attribute: str) -> None:
    text = SNOM.replace(b"c=IN IP4 192.0.2.10", b"c=IN IP4 0.0.0.0")
    _, agreed = answer(parse(text.replace(b"a=sendrecv", f"a={attribute}".encode())), PLAIN, 1)
    assert agreed.direction == Direction.RECVONLY
    assert agreed.remote_host == ""


@pytest.mark.parametrize("host", [b"224.0.0.1", b"255.255.255.255", b"phone.example"])
def test_addresses_that_are_no_machines_are_refused(host: bytes) -> None:
    assert refusal(parse(SNOM.replace(b"c=IN IP4 192.0.2.10", b"c=IN IP4 " + host))) == 488


def test_nothing_but_fax_is_refused() -> None:
    assert refusal(parse(FAX)) == 488


# --- encryption ---


def test_an_encrypted_offer_gets_our_key_under_its_tag() -> None:
    described, agreed = answer(parse(BROWSERLIKE), SECURE, 1)
    (crypto,) = audio_of(described).cryptos
    assert (crypto.tag, crypto.key) == (2, KEYS[0])
    assert agreed.srtp_send == KEYS[0]
    assert agreed.srtp_receive == SrtpKey("AES_CM_128_HMAC_SHA1_80", b"123456789012345678901234567890")
    assert audio_of(described).protocol == "RTP/SAVP"
    assert agreed.rtcp_mux and agreed.remote_rtcp_port == 20000


def test_encryption_is_neither_left_out_nor_invented() -> None:
    assert refusal(parse(BROWSERLIKE), PLAIN) == 488
    assert refusal(parse(BROWSERLIKE.replace(b"a=crypto", b"a=x")), SECURE) == 488
    assert refusal(parse(SNOM), STRICT) == 488
    _, agreed = answer(parse(SNOM), SECURE, 1)
    assert agreed.srtp_send is None


def test_keys_offered_beside_plain_rtp_are_used() -> None:
    described, agreed = answer(parse(BROWSERLIKE.replace(b"RTP/SAVP", b"RTP/AVP")), STRICT, 1)
    assert agreed.srtp_send == KEYS[0]
    assert audio_of(described).protocol == "RTP/AVP"


def test_of_two_streams_the_encrypted_one_is_taken_where_we_can() -> None:
    both = SNOM + BROWSERLIKE[BROWSERLIKE.index(b"m=audio") : BROWSERLIKE.index(b"m=video")]
    described, agreed = answer(parse(both), SECURE, 1)
    assert isinstance(described.media[0], OtherMedia) and agreed.srtp_send is not None
    described, agreed = answer(parse(both), PLAIN, 1)
    assert isinstance(described.media[1], OtherMedia) and agreed.srtp_send is None


# --- our offers ---


def test_two_of_us_agree_with_each_other() -> None:
    for ours in (PLAIN, SECURE, STRICT):
        theirs = replace(ours, host="203.0.113.2", port=30_000)
        offered = parse(bytes(offer(ours, 1)))
        answered, at_their_end = answer(offered, theirs, 1)
        at_our_end = agree(offer(ours, 1), parse(bytes(answered)), ours)
        assert (at_our_end.codec, at_our_end.clock_rate) == ("opus", 48_000)
        assert at_our_end.dtmf_payload_type == at_their_end.dtmf_payload_type == 110
        assert at_our_end.remote_host == "203.0.113.2"
        assert at_our_end.srtp_send == at_their_end.srtp_receive
        assert at_our_end.srtp_receive == at_their_end.srtp_send
        assert (at_our_end.srtp_send is None) == (ours is PLAIN)
        assert at_our_end.rtcp_mux and at_their_end.rtcp_mux


def test_an_optional_key_does_not_frighten_those_who_know_none() -> None:
    text = bytes(offer(SECURE, 1))
    assert b"RTP/AVP" in text and b"a=crypto:1 AES_CM_128_HMAC_SHA1_80" in text
    answered, _ = answer(parse(text), PLAIN, 1)
    assert agree(offer(SECURE, 1), answered, SECURE).srtp_send is None
    with pytest.raises(ProtocolError):
        agree(offer(STRICT, 1), answered, STRICT)


def test_hold_is_an_offer_too_and_what_comes_back_is_ours_to_obey() -> None:
    held = offer(PLAIN, 2, Direction.SENDONLY)
    answered, theirs = answer(held, replace(PLAIN, port=30_000), 1)
    assert theirs.direction == Direction.RECVONLY
    assert agree(held, answered, PLAIN).direction == Direction.SENDONLY


@pytest.mark.parametrize(
    "change",
    [
        (b"m=audio 30000", b"m=audio 0"),
        (b"opus/48000/2", b"speex/16000"),
        (b"RTP/AVP 111", b"RTP/SAVP 111"),
        (b"IN IP4 203.0.113.1", b"IN IP4 239.1.1.1"),
        (b"m=audio", b"m=video"),
    ],
)
def test_an_answer_to_something_else_is_refused(change: tuple[bytes, bytes]) -> None:
    answered, _ = answer(offer(PLAIN, 1), replace(PLAIN, port=30_000), 1)
    with pytest.raises(ProtocolError) as refused:
        agree(offer(PLAIN, 1), parse(bytes(answered).replace(*change)), PLAIN)
    assert refused.value.status == 488


def test_a_key_that_answers_another_tag_or_suite_is_none() -> None:
    answered, _ = answer(offer(STRICT, 1), replace(STRICT, port=30_000), 1)
    for change in ((b"crypto:1 ", b"crypto:2 "), (b"SHA1_80", b"SHA1_32")):
        with pytest.raises(ProtocolError):
            agree(offer(STRICT, 1), parse(bytes(answered).replace(*change)), STRICT)


def test_mutants_are_answered_or_refused() -> None:
    for text in mutants(ALL, 5000, seed=2):
        try:
            described, agreed = answer(parse(text), SECURE, 1)
        except ProtocolError:
            continue
        assert agreed.codec in offer_answer.OFFERED
        assert len(parse(bytes(described)).media) == len(parse(text).media)


def test_mutants_of_answers_are_agreed_to_or_refused() -> None:
    answered, _ = answer(offer(SECURE, 1), replace(SECURE, port=30_000), 1)
    for text in mutants([bytes(answered), *ALL], 5000, seed=3):
        try:
            agreed = agree(offer(SECURE, 1), parse(text), SECURE)
        except ProtocolError:
            continue
        assert agreed.remote_port > 0
