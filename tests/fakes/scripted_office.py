"""What a scripted desk answers over HTTP beside its websocket: follow-ups, measures, drafts of wrap-ups.

All of it is empty until a test fills it in; every answer is a model of the gateway.
"""

import time
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.accounts.permissions import Action
from gateway.desk.measured import Measured
from gateway.handoff.recent import Recent
from gateway.web.follow_ups import Closing, FollowUpCount, FollowUps, FollowUpView
from gateway.web.messages import HttpError, HttpErrorBody
from pipelines.wrap_up import WrapUpDraft


class ScriptedOffice:
    """`may` says whether whoever asks may do this: None, or why not."""

    def __init__(self, may: Callable[[Request, Action], Response | None]) -> None:
        self.follow_ups: list[FollowUpView] = []
        self.closed: list[tuple[str, str]] = []
        "Follow-up and outcome."
        self.measured = Measured(node=None, now=time.time(), waiting=(), recent=Recent().report(0.0))
        self.draft: WrapUpDraft | None = None
        self.refusals: dict[str, Response] = {}
        "By the beginning of a path: what is answered instead, until a test takes it away."
        self.asked: list[str] = []
        "Paths with their queries."
        self._may = may

    def routes(self) -> list[Route]:
        """To be served beside the desk's own."""
        return [
            Route("/api/desk/follow-ups", self._list),
            Route("/api/desk/follow-ups/count", self._count),
            Route("/api/desk/follow-ups/{follow_up_id}/close", self._close, methods=["POST"]),
            Route("/api/desk/measures", self._measures),
            Route("/api/desk/wrap-up", self._wrap_up),
        ]

    async def _list(self, request: Request) -> Response:
        found = FollowUps(follow_ups=sorted(self.follow_ups, key=lambda each: each.due_at))
        return self._refused(request, Action.FOLLOW_UP) or _json(found)

    async def _count(self, request: Request) -> Response:
        due = sum(each.due_at <= time.time() for each in self.follow_ups)
        count = FollowUpCount(open=len(self.follow_ups), due=due)
        return self._refused(request, Action.FOLLOW_UP) or _json(count)

    async def _close(self, request: Request) -> Response:
        if (refused := self._refused(request, Action.FOLLOW_UP)) is not None:
            return refused
        follow_up_id = request.path_params["follow_up_id"]
        self.closed.append((follow_up_id, Closing.model_validate(await request.json()).outcome))
        kept = [each for each in self.follow_ups if each.follow_up_id != follow_up_id]
        if len(kept) == len(self.follow_ups):
            return refusal("closed_already", 409, "Somebody has closed it already.")
        self.follow_ups = kept
        return Response(status_code=204)

    async def _measures(self, request: Request) -> Response:
        return self._refused(request, Action.SEE_MEASURES) or _json(self.measured)

    async def _wrap_up(self, request: Request) -> Response:
        refused = self._refused(request, Action.WRAP_UP)
        if refused is None and self.draft is None:
            return refusal("not_yours", 403, "This customer is not yours.")
        return refused or _json(self.draft)

    def _refused(self, request: Request, action: Action) -> Response | None:
        path = request.url.path
        self.asked.append(path + (f"?{request.url.query}" if request.url.query else ""))
        for beginning, answer in self.refusals.items():
            if path.startswith(beginning):
                return answer
        return self._may(request, action)


def refusal(code: str, status: int, message: str) -> JSONResponse:
    """An error of an HTTP route, as docs/wire.md has them."""
    error = HttpError(code=code, fault="client", message=message, retry=status in (429, 503))
    return JSONResponse(HttpErrorBody(error=error).model_dump(), status)


def _json(model: BaseModel | None) -> JSONResponse:
    body: Any = model.model_dump(mode="json") if model is not None else None
    return JSONResponse(body)
