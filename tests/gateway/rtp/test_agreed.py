import pytest

from gateway.rtp.agreed import Direction, SrtpKey


@pytest.mark.parametrize(
    ("direction", "sends", "receives"),
    [
        ("sendrecv", True, True),
        ("sendonly", True, False),
        ("recvonly", False, True),
        ("inactive", False, False),
    ],
)
def test_directions_are_ours(direction: str, sends: bool, receives: bool) -> None:
    assert Direction(direction).sends is sends
    assert Direction(direction).receives is receives


def test_a_key_does_not_show_in_logs() -> None:
    assert "secret" not in repr(SrtpKey("AES_CM_128_HMAC_SHA1_80", b"secret"))
