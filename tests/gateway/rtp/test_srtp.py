import pytest

from gateway.protocol_error import ProtocolError
from gateway.rtp import packet, rtcp
from gateway.rtp.agreed import SrtpKey
from gateway.rtp.packet import RtpPacket
from gateway.rtp.srtp import KEY_BYTES, LONGEST, SrtpReceiver, SrtpSender
from tests.fakes.mutants import mutants

COMPOUND = rtcp.build([rtcp.Report(1), rtcp.SourceDescription(1, b"a name")])


def key(suite: str = "AES_CM_128_HMAC_SHA1_80", first: int = 0) -> SrtpKey:
    return SrtpKey(suite, bytes(range(first, first + KEY_BYTES[suite])))


def plain(number: int) -> bytes:
    return packet.build(RtpPacket(0, False, number % 65536, number * 160, 1, b"\xd5" * 160))


@pytest.mark.parametrize("suite", sorted(KEY_BYTES))
def test_what_is_protected_is_opened_again(suite: str) -> None:
    sender, receiver = SrtpSender(key(suite)), SrtpReceiver(key(suite))
    for number in (65_534, 65_535, 65_536, 65_537):  # the roll-over counter goes on
        protected = sender.rtp(plain(number))
        assert b"\xd5" * 16 not in protected
        assert receiver.rtp(protected) == plain(number)
    assert receiver.rtcp(sender.rtcp(COMPOUND)) == COMPOUND


def test_a_replayed_packet_is_told_from_a_forged_one() -> None:
    sender, receiver = SrtpSender(key()), SrtpReceiver(key())
    protected = sender.rtp(plain(1))
    receiver.rtp(protected)
    with pytest.raises(ProtocolError) as replayed:
        receiver.rtp(protected)
    assert replayed.value.code == "srtp_replayed"
    with pytest.raises(ProtocolError) as forged:
        receiver.rtp(SrtpSender(key(first=9)).rtp(plain(2)))
    assert forged.value.code == "srtp_not_authentic"


def test_plain_rtp_is_not_taken_for_srtp() -> None:
    with pytest.raises(ProtocolError):
        SrtpReceiver(key()).rtp(plain(1))


@pytest.mark.parametrize("suite", sorted(KEY_BYTES))
def test_mutants_raise_nothing_but_our_own_error(suite: str) -> None:
    sender, receiver = SrtpSender(key(suite)), SrtpReceiver(key(suite))
    seeds = [sender.rtp(plain(1)), sender.rtp(plain(2)), sender.rtcp(COMPOUND)]
    for mutant in mutants(seeds, 3_000):
        for unprotect in (receiver.rtp, receiver.rtcp):
            try:
                assert unprotect(mutant) in (plain(1), plain(2), COMPOUND)
            except ProtocolError:
                pass
    for size in (0, 1, 11, LONGEST, LONGEST + 1, 2048):
        with pytest.raises(ProtocolError):
            receiver.rtp(bytes(size))
        with pytest.raises(ProtocolError):
            receiver.rtcp(bytes(size))


def test_a_key_of_the_wrong_length_is_our_mistake() -> None:
    with pytest.raises(ValueError):
        SrtpSender(SrtpKey("AES_CM_128_HMAC_SHA1_80", bytes(16)))
