"""How we log: structlog for ourselves, and whatever libraries say routed through the same door.

Personal data may stand only under keys that begin with `pii.`; they are masked unless the configuration
says otherwise. Messages of libraries that see transcripts (pipecat logs through loguru) count as personal
data as a whole.
"""

import logging
import sys
import warnings
from typing import Any, TextIO

import structlog
from loguru import logger as loguru
from structlog.typing import EventDict, Processor, WrappedLogger

from gateway.config import Logging

loguru.remove()  # pipecat greets the world while it is imported; until `configure` nobody listens

MASK = "•••"
NOISY = (
    "uvicorn.error",
    "uvicorn.access",
    "aioice",
    "aiortc",
    "httpx",
    "httpx2",
    "httpcore",
    "openai",
    "alembic",
)
"Libraries that report every connection; we hear of their warnings only."


def configure(settings: Logging, stream: TextIO = sys.stderr) -> None:
    """Send all logs of this process to `stream`; call it once, before the libraries are used."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([] if settings.pii else [mask_personal_data]),
                *_rendering(settings, stream),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    warnings.simplefilter("default" if settings.level == "debug" else "ignore")
    _route_loguru()


def mask_personal_data(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace the values of `pii.` keys (a structlog processor)."""
    return {key: MASK if key.startswith("pii.") else value for key, value in event.items()}


def _rendering(settings: Logging, stream: TextIO) -> list[Processor]:
    if settings.format == "console" or (settings.format == "auto" and stream.isatty()):
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _route_loguru() -> None:
    loguru.remove()
    loguru.add(_relay, level="WARNING", format="{message}", backtrace=False, diagnose=False)


def _relay(message: Any) -> None:
    record = message.record
    log = structlog.get_logger(record["name"])
    text = {"pii.message": str(message).strip()}
    log.log(record["level"].no, "library message", line=record["line"], **text)
