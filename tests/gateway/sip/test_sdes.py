"""Lines of `a=crypto`, right and wrong."""

import pytest

from gateway.sip.sdes import MOST, parse_all

KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
"Of RFC 4568, section 4.1."
LINE = f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"


def test_the_rfcs_example_is_read_and_written() -> None:
    (crypto,) = parse_all([f"{LINE}|2^20"])
    assert (crypto.tag, crypto.key.suite) == (1, "AES_CM_128_HMAC_SHA1_80")
    assert len(crypto.key.key) == 30
    assert str(crypto) == LINE


@pytest.mark.parametrize("tail", ["", "|2^31", "|1048576", " WSH=64", " -experimental", "|2^20 WSH=128"])
def test_what_changes_nothing_may_stand_there(tail: str) -> None:
    assert len(list(parse_all([LINE + tail]))) == 1


@pytest.mark.parametrize(
    "line",
    [
        f"{LINE}|2^20|1:4",
        f"{LINE};inline:{KEY}",
        f"{LINE} UNENCRYPTED_SRTP",
        f"{LINE} UNAUTHENTICATED_SRTP",
        f"{LINE} KDR=1",
        f"{LINE} FEC_ORDER=FEC_SRTP",
        LINE.replace("_80", "_96"),
        LINE.replace("inline", "uri"),
        LINE.replace("1 ", "0 ", 1),
        LINE[:-1],
        LINE + "AAAA",
        LINE[:-1] + "!",
        "",
    ],
)
def test_what_we_could_not_do_is_passed_over_and_the_next_taken(line: str) -> None:
    good = LINE.replace("1 ", "7 ", 1)
    assert [crypto.tag for crypto in parse_all([line, good])] == [7]


def test_gcm_has_a_shorter_salt_and_its_padding_may_be_missing() -> None:
    text = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3OA"
    for padding in ("", "=="):
        (crypto,) = parse_all([f"2 AEAD_AES_128_GCM inline:{text}{padding}"])
        assert crypto.key.key == b"1234567890123456789012345678"


def test_only_so_many_lines_are_looked_at() -> None:
    assert len(list(parse_all([LINE] * 1000))) == MOST


def test_a_key_is_not_shown() -> None:
    (crypto,) = parse_all([LINE])
    assert "wDfvg" not in repr(crypto)
