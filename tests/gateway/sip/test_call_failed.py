"""Why a call was not answered."""

from gateway.sip.call_failed import CallFailed


def test_says_the_code_and_the_reason_and_when_to_try_again() -> None:
    failure = CallFailed(503, "Service Unavailable", 30)
    assert str(failure) == "503 Service Unavailable"
    assert (failure.code, failure.reason, failure.retry_after_s) == (503, "Service Unavailable", 30)
    assert CallFailed(486, "Busy Here").retry_after_s is None
