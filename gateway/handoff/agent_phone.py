"""The telephone of an agent, for one handoff: the call to it, or the customer's being sent on to it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.handoff.house import House, Telephones
from gateway.handoff.line import Unanswered
from gateway.handoff.states import Agent, Input, NotReached, Sentence
from gateway.handoff.talk import Talk
from gateway.leg import Leg
from pipelines.briefing import Briefing

SENTENCES = 5
"That the bot may still be saying when it is to be silent: the wait for one is too short for more."
DECLINED = frozenset(("declined", "hung_up"))
"Why a telephone did not take it, where somebody was there."

Put = Callable[[Input], None]


class AgentPhone:
    """At most one call at a time; `beside` runs it as long as the handoff lasts."""

    def __init__(
        self,
        house: House,
        put: Put,
        tell: Callable[[str], None],
        beside: Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"],
    ) -> None:
        self._house = house
        self._put = put
        self._tell = tell
        self._beside = beside
        self._lease_id: str | None = None
        self._dismissed = False
        "The agent's telephone is told why, and hangs up by itself."
        self._calling: asyncio.Task[None] | None = None

    @property
    def calling(self) -> "asyncio.Task[None] | None":
        """The call, from its beginning to its end."""
        return self._calling

    @property
    def leg(self) -> Leg | None:
        """The connection, while it lasts."""
        telephones = self._house.telephones
        if telephones is None or self._lease_id is None:
            return None
        return telephones.leg(self._lease_id)

    def dial(self, agent: Agent, lease_id: str | None, talk: Talk | None, briefing: Briefing) -> None:
        """Call it for this offer, or send the customer on to it."""
        telephones = self._house.telephones
        self._lease_id, self._dismissed = lease_id, False
        if telephones is None or lease_id is None:
            self._put(NotReached("no_telephone"))
            return

        def put(happened: Input) -> None:
            if self._lease_id == lease_id:  # else it is a call that still says goodbye
                self._put(happened)

        if talk is not None and telephones.refers(agent, talk.room.customer):
            calling = self._send_on(telephones, talk, agent, briefing, put)
        else:
            calling = telephones.call(agent, lease_id, briefing, put)
        self._calling = self._beside(calling, f"dial {agent.agent_id}")

    def dismiss(self, sentence: Sentence) -> None:
        """Tell them this, and hang up."""
        telephones = self._house.telephones
        if telephones is not None and self._lease_id is not None:
            self._dismissed = True
            telephones.dismiss(self._lease_id, self._house.phrases.of(sentence))

    def hang_up(self, *, at_once: bool = False) -> None:
        """End the call; one that is being dismissed ends by itself, behind the last words."""
        if self._calling is not None and (at_once or not self._dismissed):
            self._calling.cancel()

    def unanswered(self, reason: str) -> Unanswered | None:
        """The offer that was made there, in case that it still stands."""
        if self._lease_id is None:
            return None
        return Unanswered(self._lease_id, reason in DECLINED, reason)

    async def _send_on(
        self, telephones: Telephones, talk: Talk, agent: Agent, briefing: Briefing, put: Put
    ) -> None:
        """Tell the customer, and have them sent to the agent's number."""

        def tell(happened: Input) -> None:
            if isinstance(happened, NotReached):
                self._tell(self._house.phrases.not_connected)
            put(happened)

        self._tell(self._house.phrases.sending_on)
        for _ in range(SENTENCES):
            await talk.said()
        await telephones.send(talk.room.customer, agent, briefing, tell)
