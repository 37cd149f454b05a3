"""Tells other systems of handoffs: signed, in order, and again when it did not arrive.

What waits is in memory only: a gateway that is killed takes it along. It never holds a handoff up.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence

import httpx
import structlog
from prometheus_client import Counter

from gateway.desk.messages import Consult, Contact
from gateway.handoff.house import Desks
from gateway.handoff.notice import Kind, kind_of, notice, signature
from gateway.queue.webhook import Webhook
from pipelines.briefing import Briefing

log = structlog.get_logger(__name__)

WAITING = 256
"Notices for one webhook; further ones are dropped."
AGAIN_S = (2.0, 10.0, 60.0, 300.0)
"After a failure; then a notice is given up."
TIMEOUT_S = 5.0
REMEMBERED = 4_096
NOTICES = Counter(
    "warmline_webhook_notices_total",
    "Notices to other systems, by what became of them",
    ["webhook", "outcome"],
)
"`delivered`; `refused`: their fault or ours, not tried again; `given_up`; `full`: too many waited."


class Webhooks:
    """`Desks` around others; `run` must run beside them."""

    def __init__(
        self,
        desks: Desks,
        webhooks: Sequence[Webhook],
        briefing: Callable[[str], Briefing],
        now: Callable[[], float],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._desks = desks
        self._briefing = briefing
        self._now = now
        self._transport = transport
        self._waiting: dict[Webhook, asyncio.Queue[tuple[str, bytes]]] = {
            webhook: asyncio.Queue(WAITING) for webhook in webhooks
        }
        self._told: OrderedDict[tuple[str, Kind], None] = OrderedDict()

    def contact_changed(self, contact: Contact) -> None:
        """See `Desks`."""
        self._desks.contact_changed(contact)
        kind = kind_of(contact)
        if kind is None or contact.handoff_id is None or not self._is_new(contact.handoff_id, kind):
            return
        wanted = [each for each in self._waiting if not each.queues or contact.queue in each.queues]
        if not wanted:
            return
        notice_id = f"n_{secrets.token_hex(8)}"
        body = notice(kind, notice_id, contact, self._briefing(contact.session), self._now())
        for webhook in wanted:
            if self._waiting[webhook].full():
                NOTICES.labels(webhook.key, "full").inc()
            else:
                self._waiting[webhook].put_nowait((notice_id, body))

    def briefing_changed(self, session_id: str, briefing: Briefing) -> None:
        """See `Desks`."""
        self._desks.briefing_changed(session_id, briefing)

    def consult_changed(self, consult: Consult, briefing: Briefing | None) -> None:
        """See `Desks`."""
        self._desks.consult_changed(consult, briefing)

    async def run(self) -> None:
        """Deliver until cancelled; returns when there is nobody to be told."""
        if not self._waiting:
            return
        client = httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT_S, trust_env=False)
        async with client, asyncio.TaskGroup() as tasks:
            for webhook, waiting in self._waiting.items():
                tasks.create_task(self._serve(client, webhook, waiting), name=f"webhook {webhook.key}")

    def _is_new(self, handoff_id: str, kind: Kind) -> bool:
        if (handoff_id, kind) in self._told:
            return False
        self._told[handoff_id, kind] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return True

    async def _serve(
        self, client: httpx.AsyncClient, webhook: Webhook, waiting: "asyncio.Queue[tuple[str, bytes]]"
    ) -> None:
        while True:
            notice_id, body = await waiting.get()
            outcome = await self._deliver(client, webhook, notice_id, body)
            NOTICES.labels(webhook.key, outcome).inc()
            if outcome != "delivered":
                log.warning("webhook not told", webhook=webhook.key, notice=notice_id, outcome=outcome)

    async def _deliver(self, client: httpx.AsyncClient, webhook: Webhook, notice_id: str, body: bytes) -> str:
        for again_s in (*AGAIN_S, None):
            code = await self._post(client, webhook, notice_id, body)
            if 200 <= code < 300:
                return "delivered"
            if 300 <= code < 500 and code not in (408, 425, 429):
                return "refused"
            if again_s is not None:
                await asyncio.sleep(again_s)
        return "given_up"

    async def _post(self, client: httpx.AsyncClient, webhook: Webhook, notice_id: str, body: bytes) -> int:
        """The status of the answer, whose body nobody reads; 0 when there was none."""
        headers = {
            "content-type": "application/json",
            "warmline-notice": notice_id,
            "warmline-signature": signature(webhook.secret.get_secret_value(), int(self._now()), body),
        }
        try:
            async with client.stream("POST", webhook.url, content=body, headers=headers) as answer:
                return answer.status_code
        except httpx.HTTPError as error:
            log.info("webhook unreachable", webhook=webhook.key, reason=type(error).__name__)
            return 0
