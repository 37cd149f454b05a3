import io
import json
import logging
import sys

import structlog
from loguru import logger as loguru

from gateway import log
from gateway.config import Logging


def lines(settings: Logging) -> list[dict[str, object]]:
    stream = io.StringIO()
    log.configure(settings, stream)
    ours = structlog.get_logger("gateway.test")
    ours.info("customer spoke", session_id="s_1", **{"pii.text": "my secret"})
    ours.debug("detail")
    logging.getLogger("some.library").warning("it rains in %s", "Bergen")
    logging.getLogger("httpx").info("GET https://…")
    loguru.info("transcript: my secret")
    loguru.warning("transcript: my secret")
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        ours.exception("it failed")
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_personal_data_is_masked_wherever_it_comes_from() -> None:
    logged = lines(Logging(format="json"))
    assert [line["event"] for line in logged] == [
        "customer spoke",
        "it rains in Bergen",
        "library message",
        "it failed",
    ]
    assert "my secret" not in json.dumps(logged)
    assert (logged[0]["session_id"], logged[0]["pii.text"]) == ("s_1", log.MASK)
    assert logged[2]["level"] == "warning"
    assert "RuntimeError: broken" in str(logged[3]["exception"])


def test_personal_data_is_shown_when_the_configuration_says_so() -> None:
    logged = lines(Logging(format="json", pii=True))
    assert logged[0]["pii.text"] == "my secret"
    assert logged[2]["pii.message"] == "transcript: my secret"


def test_the_level_holds_for_everybody() -> None:
    assert [line["event"] for line in lines(Logging(format="json", level="error"))] == ["it failed"]
    assert "detail" in [line["event"] for line in lines(Logging(format="json", level="debug"))]


def test_on_a_terminal_lines_are_for_people() -> None:
    stream = io.StringIO()
    log.configure(Logging(format="console"), stream)
    structlog.get_logger("gateway.test").info("hello", **{"pii.name": "Ada"})
    assert "hello" in stream.getvalue() and "Ada" not in stream.getvalue()
    assert not stream.getvalue().startswith("{")
    assert sys.stderr is not stream
