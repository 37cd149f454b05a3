"""Agents who are reached by telephone: who is called when, with what, and what came of it.

The call to an agent is one function; it lasts as long as their connection, whoever it is with.
"""

from collections.abc import Callable

import structlog

from gateway.handoff.agent_call import AgentCall
from gateway.handoff.phrases import HandoffPhrases
from gateway.handoff.states import Agent, AgentLost, Answered, Input, Moved, NotReached
from gateway.leg import Leg
from gateway.placed_call import Parts
from gateway.protocol_error import ProtocolError
from gateway.queue.contacts import ContactQueue
from gateway.queue.settings import Queues
from gateway.sip.call_failed import CallFailed
from gateway.sip.context import USER_TO_USER, user_to_user
from gateway.sip.leg import TRANSFERRED
from gateway.switchboard import TRANSFERS, Lines, TelephoneLeg
from pipelines.briefing import Briefing
from pipelines.facts import Unavailable

log = structlog.get_logger(__name__)

FAILURES = {
    486: "busy",
    600: "busy",
    408: "no_answer",
    480: "no_answer",
    487: "no_answer",
    603: "declined",
    607: "declined",
}
"SIP response codes; every other one is `failed`."


class AgentTelephones:
    """Calls agents' telephones; `lines` is the way out, once there is one."""

    def __init__(
        self,
        lines: Callable[[], Lines | None],
        settings: Queues,
        queue: ContactQueue,
        parts: Parts,
        phrases: HandoffPhrases | None = None,
    ) -> None:
        self._lines = lines
        self._settings = settings
        self._queue = queue
        self._parts = parts
        self._phrases = phrases or HandoffPhrases()
        self._calls: dict[str, AgentCall] = {}
        "Those that were answered, by lease."

    def leg(self, lease_id: str) -> Leg | None:
        """The connection to an agent who was called, while it lasts."""
        call = self._calls.get(lease_id)
        return call.leg if call is not None else None

    def dismiss(self, lease_id: str, text: str) -> None:
        """Tell the agent this, in a few seconds, and hang up; nothing when their connection is gone."""
        call = self._calls.get(lease_id)
        if call is not None:
            call.dismiss(text)

    def refers(self, agent: Agent, customer: Leg) -> bool:
        """Whether the customer is to be sent there, rather than connected here."""
        phone = self._settings.phone(agent.phone or "")
        return phone is not None and phone.refer and isinstance(customer, TelephoneLeg)

    async def send(
        self, customer: Leg, agent: Agent, briefing: Briefing, put: Callable[[Input], None]
    ) -> None:
        """Have the customer's own network call the agent's number in our place.

        `put` gets `Moved`, and the customer's leg has ended; or `NotReached`, and they are still there.
        """
        phone = self._settings.phone(agent.phone or "")
        if phone is None or not isinstance(customer, TelephoneLeg):
            put(NotReached("no_telephone"))
            return
        code = 0
        try:
            async for progress in customer.transfer(phone.number, context=_context(briefing)):
                code = progress.code
        except ProtocolError as error:
            log.warning("customer not sent on", agent=agent.agent_id, reason=str(error))
        moved = 200 <= code < 300
        TRANSFERS.labels("moved" if moved else "failed").inc()
        if moved:
            await customer.hang_up(TRANSFERRED)
            put(Moved())
        elif customer.ended is None:
            put(NotReached(FAILURES.get(code, "failed")))

    async def call(
        self, agent: Agent, lease_id: str, briefing: Briefing, put: Callable[[Input], None]
    ) -> None:
        """Call the agent and tell them what it is about; lasts as long as the connection. Cancel to hang up.

        `put` gets `Answered`, `NotReached`, `PickedUp`, `Connect`, `Refused` and `AgentLost`.
        """
        lines, phone = self._lines(), self._settings.phone(agent.phone or "")
        if lines is None or phone is None:
            put(NotReached("no_telephone"))
            return

        async def accept() -> bool:
            return await self._queue.accept(lease_id, agent.agent_id) is not None

        headers = {USER_TO_USER: user_to_user(_context(briefing))}
        answered = False
        try:
            async with lines.call(phone.number, trunk=phone.trunk, headers=headers, ringing=_ring) as leg:
                answered = True
                put(Answered())
                call = AgentCall(lease_id, leg, self._parts, self._phrases, accept, put)
                self._calls[lease_id] = call
                try:
                    await call.run(briefing.spoken() if phone.whisper else None)
                finally:
                    del self._calls[lease_id]
        except* CallFailed as failures:
            put(NotReached(_why(_first(failures))))
        except* (ProtocolError, Unavailable) as errors:
            log.warning("agent not called", agent=agent.agent_id, reason=str(_first(errors)))
            put(AgentLost() if answered else NotReached("failed"))


def _first(group: "BaseExceptionGroup[Exception]") -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _why(failure: BaseException) -> str:
    return FAILURES.get(failure.code, "failed") if isinstance(failure, CallFailed) else "failed"


def _ring() -> None:
    """Nobody has to know."""


def _context(briefing: Briefing) -> str:
    """What goes with the call for their own screen: why, nothing personal."""
    return briefing.why.intent or briefing.why.reason or "a customer"
