"""For those who run the gateway: is it alive, is it ready, what does it measure."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from gateway.events import Message
from gateway.health import Health, Report

VOICE = "voice"
"The part of the gateway that takes calls."


def operations_routes(health: Health) -> APIRouter:
    """`/healthz`, `/readyz`, `/readyz/calls` and `/metrics`."""
    router = APIRouter()

    @router.get("/healthz")
    async def alive() -> Response:
        return JSONResponse({"alive": True})

    @router.get("/readyz")
    async def ready() -> Response:
        report = await health.look()
        return JSONResponse(_body(health, report), 200 if report.ready else 503)

    @router.get("/readyz/calls")
    async def ready_for_calls() -> Response:
        report = await health.look()
        takes_calls = report.ready and VOICE in report.parts and VOICE not in report.missing
        return JSONResponse(_body(health, report), 200 if takes_calls and not health.full else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def _body(health: Health, report: Report) -> Message:
    parts = {
        name: {"state": part.state, "detail": part.detail, "required": part.required}
        for name, part in report.parts.items()
    }
    return {
        "ready": report.ready,
        "draining": health.draining,
        "full": health.full,
        "missing": report.missing,
        "parts": parts,
    }
