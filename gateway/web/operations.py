"""For those who run the gateway: is it alive, is it ready, what does it measure."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from gateway.health import Health


def operations_routes(health: Health) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`."""
    router = APIRouter()

    @router.get("/healthz")
    async def alive() -> Response:
        return JSONResponse({"alive": True})

    @router.get("/readyz")
    async def ready() -> Response:
        report = await health.look()
        parts = {
            name: {"state": part.state, "detail": part.detail, "required": part.required}
            for name, part in report.parts.items()
        }
        body = {
            "ready": report.ready,
            "draining": health.draining,
            "missing": report.missing,
            "parts": parts,
        }
        return JSONResponse(body, 200 if report.ready else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
