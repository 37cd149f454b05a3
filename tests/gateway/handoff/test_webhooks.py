"""Other systems are told of handoffs: signed, in order, again when it failed, and never in anybody's way."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from gateway.desk.messages import Contact
from gateway.handoff.webhooks import WAITING, Webhooks
from gateway.queue.webhook import Webhook
from pipelines.briefing import Briefing
from pipelines.briefing_parts import Who
from tests import virtual_time
from tests.fakes.office import Shown

NOW = 1_795_000_000.0
SECRET = "a-secret-of-the-ticket-desk"
TICKETS = Webhook.model_validate({"key": "tickets", "url": "https://tickets.example/hook", "secret": SECRET})
ROSA = Briefing.of(None, None, who=Who(name="Rosa Blum", verified=True, email="rosa@example.com"))


class Tickets(httpx.AsyncBaseTransport):
    """Another system: answers as told, then 200, and keeps what came."""

    def __init__(self, *answers: int | Exception) -> None:
        self._answers = list(answers)
        self.came: list[tuple[float, httpx.Request]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.came.append((asyncio.get_running_loop().time(), request))
        answer = self._answers.pop(0) if self._answers else 200
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for _, request in self.came]


def contact(state: str, handoff_id: str = "h_1", **change: Any) -> Contact:
    known = {"session": "s_1", "channel": "voice", "floor": "bot", "since": NOW, "queue": "general"}
    return Contact.model_validate({**known, "handoff_id": handoff_id, "state": state, **change})


def run(
    tickets: Tickets,
    test: Callable[[Webhooks], Awaitable[None]],
    *webhooks: Webhook,
    shown: Shown | None = None,
) -> None:
    async def main() -> None:
        desks = Webhooks(shown or Shown(), webhooks or (TICKETS,), lambda _: ROSA, lambda: NOW, tickets)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(desks.run())
            await test(desks)
            await asyncio.sleep(1)
            running.cancel()

    virtual_time.run(main())


def test_each_turn_of_a_handoff_is_told_once_with_the_briefing() -> None:
    tickets, shown = Tickets(), Shown()

    async def test(desks: Webhooks) -> None:
        for state in ("screen", "queued", "offered", "queued", "human_active", "human_active", "wrap_up"):
            desks.contact_changed(contact(state, agent="Alex"))
        for _ in range(2):
            desks.contact_changed(contact("closed", outcome="talked"))

    run(tickets, test, shown=shown)
    assert [each["type"] for each in tickets.told] == ["handoff.queued", "handoff.connected", "handoff.ended"]
    first = tickets.told[0]
    assert (first["session"], first["handoff_id"], first["queue"]) == ("s_1", "h_1", "general")
    assert first["briefing"]["who"]["name"] == "Rosa Blum"
    assert "rosa@example.com" not in json.dumps(tickets.told), "contact data are masked, as at the desk"
    assert len(shown.contacts) == 9, "the desks see everything"


def test_who_knows_the_secret_can_tell_that_it_was_us() -> None:
    tickets = Tickets()

    async def test(desks: Webhooks) -> None:
        desks.contact_changed(contact("queued"))

    run(tickets, test)
    ((_, request),) = tickets.came
    at, made = (part.split("=")[1] for part in request.headers["warmline-signature"].split(","))
    assert int(at) == NOW
    expected = hmac.new(SECRET.encode(), f"{at}.".encode() + request.content, hashlib.sha256).hexdigest()
    assert made == expected
    assert request.headers["warmline-notice"] == json.loads(request.content)["id"]
    assert SECRET not in str(request.headers)


@pytest.mark.parametrize("failure", [500, 503, 429, httpx.ConnectError("no"), httpx.ReadTimeout("no")])
def test_what_does_not_arrive_is_sent_again_and_the_next_waits(failure: int | Exception) -> None:
    tickets = Tickets(failure, failure)

    async def test(desks: Webhooks) -> None:
        desks.contact_changed(contact("queued"))
        desks.contact_changed(contact("closed", outcome="cancelled"))
        await asyncio.sleep(20)

    run(tickets, test)
    assert [round(at) for at, _ in tickets.came] == [0, 2, 12, 12]
    types = [each["type"] for each in tickets.told]
    assert types == ["handoff.queued"] * 3 + ["handoff.ended"]
    assert len({each["id"] for each in tickets.told[:3]}) == 1, "the same notice has the same id"


@pytest.mark.parametrize("answer", [301, 400, 401, 410])
def test_what_is_refused_is_not_sent_again_nor_elsewhere(answer: int) -> None:
    tickets = Tickets(answer)

    async def test(desks: Webhooks) -> None:
        desks.contact_changed(contact("queued"))
        await asyncio.sleep(600)

    run(tickets, test)
    assert len(tickets.came) == 1


def test_a_system_that_is_gone_is_given_up_and_holds_nobody_up() -> None:
    tickets, shown = Tickets(*[500] * 5), Shown()

    async def test(desks: Webhooks) -> None:
        for number in range(WAITING + 50):
            desks.contact_changed(contact("queued", f"h_{number}"))
        assert len(shown.contacts) == WAITING + 50, "desks are shown it at once"
        await asyncio.sleep(400)

    run(tickets, test, shown=shown)
    assert len(tickets.came) == 5 + WAITING - 1
    assert len({each["handoff_id"] for each in tickets.told}) == WAITING


def test_a_webhook_may_be_told_of_some_queues_only() -> None:
    tickets = Tickets()
    billing = TICKETS.model_copy(update={"queues": ("billing",)})

    async def test(desks: Webhooks) -> None:
        desks.contact_changed(contact("queued"))
        desks.contact_changed(contact("queued", "h_2", queue="billing"))

    run(tickets, test, billing)
    assert [each["handoff_id"] for each in tickets.told] == ["h_2"]
