"""Which close code tells what was wrong."""

import pytest

from gateway.protocol_error import ProtocolError
from gateway.stream.connection import close_code


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("binary_message", 1003),
        ("malformed_json", 1007),
        ("bad_base64", 1007),
        ("message_too_long", 1009),
        ("second_start", 1002),
        ("out_of_sequence", 1002),
    ],
)
def test_a_fault_has_the_close_code_of_the_websocket_protocol(fault: str, code: int) -> None:
    assert close_code(ProtocolError(fault, "")) == code
