import httpx
import pytest
from fastapi import FastAPI

from gateway.live import Busy, Draining, UnknownSession
from gateway.protocol_error import ProtocolError
from gateway.web.errors import Refused, answer_errors
from pipelines.facts import Unavailable
from tests import virtual_time


def answer_to(error: Exception) -> httpx.Response:
    app = FastAPI()
    answer_errors(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            return await http.get("/")

    return virtual_time.run(main())


@pytest.mark.parametrize(
    ("error", "status", "code", "fault", "retry"),
    [
        (Refused(403, "origin_not_allowed", "No."), 403, "origin_not_allowed", "client", False),
        (Refused(429, "too_many", "No."), 429, "too_many", "client", True),
        (ProtocolError("bad_sdp", "No audio."), 400, "bad_sdp", "client", False),
        (UnknownSession(), 404, "unknown_session", "client", False),
        (Busy("full"), 503, "busy", "gateway", True),
        (Draining("soon gone"), 503, "draining", "gateway", True),
        (Unavailable("the store failed"), 503, "unavailable", "dependency", True),
        (RuntimeError("secret detail"), 500, "internal", "gateway", False),
    ],
)
def test_every_failure_says_whose_fault_it_is(
    error: Exception, status: int, code: str, fault: str, retry: bool
) -> None:
    answer = answer_to(error)
    body = answer.json()["error"]
    assert (answer.status_code, body["code"], body["fault"], body["retry"]) == (status, code, fault, retry)
    assert "secret" not in answer.text
    assert (status == 503) == ("retry-after" in answer.headers)


def test_a_refusal_may_say_when_to_come_back() -> None:
    answer = answer_to(Refused(429, "too_many_tries", "Wait.", retry_after_s=60))
    assert answer.headers["retry-after"] == "60"
