"""An error that says whose fault it is, and what to answer."""

from gateway.protocol_error import ProtocolError


def test_tells_people_programs_and_the_protocol_what_was_wrong() -> None:
    error = ProtocolError("too_large", "A message has at most 64 KiB.", 513)
    assert str(error) == error.message == "A message has at most 64 KiB."
    assert (error.code, error.status) == ("too_large", 513)


def test_is_a_bad_request_unless_told_otherwise() -> None:
    assert ProtocolError("malformed", "It is not SIP.").status == 400
