"""Messages between us and the Piper process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.piper_wire import (
    HEADER,
    MAX_PAYLOAD,
    RATE,
    Kind,
    WireError,
    WireMessage,
    speak,
    unpack_header,
)


@given(st.sampled_from(Kind), st.integers(0, 2**32 - 1), st.binary(max_size=100))
def test_what_is_packed_can_be_read(kind: Kind, request: int, payload: bytes) -> None:
    packed = WireMessage(kind, request, payload).pack()
    assert unpack_header(packed[: HEADER.size]) == (len(payload), kind, request)
    assert packed[HEADER.size :] == payload


def test_a_request_carries_rate_and_text() -> None:
    message = speak(7, "Grüße", 8_000)
    assert RATE.unpack(message.payload[:4]) == (8_000,)
    assert message.payload[4:].decode() == "Grüße"


@pytest.mark.parametrize("header", [HEADER.pack(MAX_PAYLOAD + 1, 4, 1), HEADER.pack(1, 99, 1), b"Traceback"])
def test_rubbish_is_no_message(header: bytes) -> None:
    with pytest.raises(WireError):
        unpack_header(header)


def test_a_patient_request_differs_in_its_kind_only() -> None:
    hurried, patient = speak(7, "hi", 8_000), speak(7, "hi", 8_000, patient=True)
    assert (hurried.kind, patient.kind) == (Kind.SPEAK, Kind.LEARN)
    assert hurried.payload == patient.payload
