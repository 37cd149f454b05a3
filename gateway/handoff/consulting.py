"""Agents who ask a colleague while their customer hears music, and hand over or go back.

The core `consult.py` decides; this carries it out in the call's room, at the queue and at the desks. Whether
the customer is the agent's, `Conducting` has found out. Everything happens where the session lives, because
sound does not cross nodes.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress

import structlog
from prometheus_client import Counter

from gateway.accounts.account import Account
from gateway.desk.commands import How
from gateway.desk.messages import Consult as ConsultView
from gateway.handoff.consult import (
    Accepted,
    Actions,
    Consult,
    ConsultLimits,
    Declined,
    Do,
    HandedOver,
    HandOver,
    Happening,
    Left,
    Lost,
    NotHandedOver,
    Parted,
    Stage,
    WentBack,
)
from gateway.handoff.contact import Contact
from gateway.handoff.handoffs import Handoffs
from gateway.handoff.house import House
from gateway.handoff.states import Agent, State, TakenOver
from gateway.leg import Leg
from gateway.matrix import Mode, Role
from gateway.participant import Participant
from gateway.protocol_error import ProtocolError
from gateway.queue.contacts import OnDuty, Wanted
from pipelines.facts import Unavailable

log = structlog.get_logger(__name__)

IN_CALL = frozenset((State.BRIEFING, State.BRIDGING, State.HUMAN_ACTIVE, State.HUMAN_CHECK))

CONSULTS = Counter("warmline_consults_total", "Colleagues who were asked, by how it ended", ["outcome"])


class Asking:
    """One consult while it lasts, and what belongs to it."""

    def __init__(self, consult: Consult, contact: Contact, asker: Agent, colleague: Agent) -> None:
        self.consult = consult
        self.contact = contact
        self.asker = asker
        self.colleague = colleague
        self.over = asyncio.Event()
        self.participant: Participant | None = None
        "The colleague in the room."
        self.there: asyncio.Task[None] | None = None
        "Has them there."

    @property
    def session_id(self) -> str:
        """The customer's."""
        return self.contact.live.session_id

    def is_between(self, agent_id: str) -> bool:
        """Whether somebody asks or is asked."""
        return agent_id in (self.asker.agent_id, self.colleague.agent_id)


class Consulting:
    """All consults of this process. `listens`: whether somebody supervises a call now."""

    def __init__(
        self, handoffs: Handoffs, listens: Callable[[str], bool], limits: ConsultLimits | None = None
    ) -> None:
        self._handoffs = handoffs
        self._listens = listens
        self._limits = limits
        self._asked: dict[str, Asking] = {}
        "By session: one at a time."
        handoffs.consulted = self.consulted

    def consulted(self, agent_id: str) -> bool:
        """Whether somebody is asked, or talks with who asked them."""
        return any(asking.colleague.agent_id == agent_id for asking in self._asked.values())

    def check_hold(self, session_id: str, on: bool) -> None:
        """Raises `ProtocolError` where the customer would hear what is not for them."""
        asking = self._asked.get(session_id)
        if asking is not None and asking.consult.talking and not on:
            text = "You talk with a colleague; go back to the customer first."
            raise ProtocolError("wrong_state", text, 409)

    # --- what agents do -------------------------------------------------------------------------------

    async def ask(self, contact: Contact, agent: Account, colleague_id: str) -> None:
        """Let it ring at a colleague whom the queue knows. Raises `ProtocolError` and `Unavailable`."""
        there = {each.presence.agent_id: each for each in await self._house.queue.agents()}
        session_id = contact.live.session_id
        if session_id in self._asked:
            raise ProtocolError("wrong_state", "You ask a colleague already.", 409)
        colleague = self._free(there.get(colleague_id))
        consult = Consult(f"c_{secrets.token_hex(8)}", _now_ms(), self._limits)
        asking = Asking(consult, contact, Agent(agent.agent_id, agent.display_name), colleague)
        self._asked[session_id] = asking
        try:
            await self._house.queue.occupy(self._wanted(asking, consult.consult_id), colleague_id)
            if consult.over or contact.state is not State.HUMAN_ACTIVE or self._in_call(colleague_id):
                raise ProtocolError("wrong_state", "Something else has happened meanwhile.", 409)
        except BaseException:
            if self._asked.get(session_id) is asking:
                del self._asked[session_id]
            # The place may have been taken after all.
            self._handoffs.beside(lambda: self._vacate(asking), f"vacate {consult.consult_id}")
            raise
        contact.connection.on_parted = lambda: self._parted(asking)
        self._handoffs.beside(lambda: self._conduct(asking), f"consult {consult.consult_id}")
        self._tell(asking)

    async def answer(self, session_id: str, agent: Account, consult_id: str, accept: bool) -> None:
        """What the colleague says. Raises `ProtocolError`."""
        asking = self._asked.get(session_id)
        theirs = asking is not None and asking.colleague.agent_id == agent.agent_id
        if asking is None or not theirs or asking.consult.consult_id != consult_id:
            raise ProtocolError("too_late", "This question has ended.", 409)
        if accept:
            self._check_can_talk(asking)
        happened = Accepted(asking.contact.connection.hold) if accept else Declined()
        if not self._let(asking, happened):
            raise ProtocolError("too_late", "This question has ended.", 409)

    async def end(self, session_id: str, agent: Account, how: How) -> None:
        """End it, by either of the two; only who asks hands over. Raises `ProtocolError`, `Unavailable`."""
        asking = self._asked.get(session_id)
        if asking is None or not asking.is_between(agent.agent_id):
            raise ProtocolError("too_late", "Nobody is asked about this customer any more.", 409)
        if agent.agent_id == asking.colleague.agent_id:
            if how == "hand_over":
                raise ProtocolError("not_yours", "Only who has the customer can hand them over.", 403)
            self._must(asking, Left())
        elif how == "back":
            self._must(asking, WentBack())
        else:
            await self._hand_over(asking)

    # --- what happens ---------------------------------------------------------------------------------

    def agent_leg(self, agent_id: str, leg: Leg) -> None:
        """A colleague's audio is another one now: they reloaded the page, or opened another tab."""
        for asking in list(self._asked.values()):
            if asking.colleague.agent_id == agent_id and asking.consult.stage is Stage.TALKING:
                self._take_out(asking)
                self._bring_in(asking, leg)

    def agent_leg_lost(self, agent_id: str) -> None:
        """The audio of somebody who may be asked is gone; without theirs, who asks loses the customer too."""
        for asking in list(self._asked.values()):
            if asking.colleague.agent_id == agent_id:
                self._let(asking, Lost())

    def agent_gone(self, agent_id: str) -> None:
        """The desk of somebody is gone: who asked could not go back, who was asked could not leave."""
        for asking in list(self._asked.values()):
            if asking.is_between(agent_id):
                self._let(asking, Lost())

    def _parted(self, asking: Asking) -> None:
        self._let(asking, Parted(asking.contact.state is State.CALLER_GONE))

    # --- one consult ----------------------------------------------------------------------------------

    async def _conduct(self, asking: Asking) -> None:
        """From the first ring to the end: nothing lasts for ever, and the colleague is free after it."""
        try:
            while not asking.over.is_set():
                due_ms = asking.consult.due_ms
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(None if due_ms is None else due_ms / 1000):
                        await asking.over.wait()
                if due_ms is not None and not asking.over.is_set():
                    self._do_all(asking, asking.consult.overdue(max(_now_ms(), due_ms)))
        finally:
            await self._vacate(asking)

    def _must(self, asking: Asking, happened: Happening) -> None:
        if not self._let(asking, happened):
            raise ProtocolError("wrong_state", "Not while the customer is handed over.", 409)

    def _let(self, asking: Asking, happened: Happening) -> bool:
        actions = asking.consult.take(happened, _now_ms())
        if actions is None:
            return False
        self._do_all(asking, actions)
        return True

    def _do_all(self, asking: Asking, actions: Actions) -> None:
        for action in actions:
            self._do(asking, action)
        consult = asking.consult
        if consult.over and not asking.over.is_set():
            asking.over.set()
            asking.contact.connection.on_parted = None
            del self._asked[asking.session_id]
            CONSULTS.labels(consult.why).inc()
        if actions or consult.over:
            self._tell(asking)

    def _do(self, asking: Asking, action: Do) -> None:
        match action:
            case Do.HOLD | Do.UNHOLD:
                asking.contact.connection.set_hold(action is Do.HOLD)
                asking.contact.show()
            case Do.JOIN:
                self._bring_in(asking, self._house.legs[asking.colleague.agent_id])
            case Do.LEAVE:
                self._take_out(asking)
            case Do.HAND_OVER:
                pass  # `_hand_over` is about to

    def _bring_in(self, asking: Asking, leg: Leg) -> None:
        name = f"{leg.leg_id} in {asking.consult.consult_id}"
        asking.there = self._handoffs.beside(lambda: self._be_there(asking, leg), name)

    def _take_out(self, asking: Asking) -> None:
        participant, asking.participant = asking.participant, None
        if asking.there is not None and asking.there is not asyncio.current_task():
            asking.there.cancel()
        if participant is not None and asking.contact.talk is not None:
            asking.contact.talk.room.leave(participant)

    async def _be_there(self, asking: Asking, leg: Leg) -> None:
        """Have the colleague in the room, until their audio is gone."""
        talk = asking.contact.talk
        try:
            if talk is not None:
                participant = asking.participant = await talk.room.join(Role.SUPERVISOR, leg)
                talk.room.supervise(participant, Mode.CONSULT)
                await participant.gone.wait()
        except RuntimeError as error:  # the call is over, which the handoff has not heard yet
            log.info("colleague cannot join", session_id=asking.session_id, reason=str(error))
        self._let(asking, Lost())

    # --- handing over ---------------------------------------------------------------------------------

    async def _hand_over(self, asking: Asking) -> None:
        """Make an agent of the colleague; done to its end even if nobody waits for it any more."""
        if asking.consult.stage is Stage.ASKED:
            raise ProtocolError("wrong_state", f"{asking.colleague.name} has not said yes yet.", 409)
        self._must(asking, HandOver())
        name = f"hand over {asking.consult.consult_id}"
        await asyncio.shield(self._handoffs.beside(lambda: self._take_over(asking), name))
        if asking.consult.why != "handed_over":
            text = "That did not work. Look who has the customer before you try again."
            raise ProtocolError("wrong_state", text, 409)

    async def _take_over(self, asking: Asking) -> None:
        contact, colleague, done = asking.contact, asking.colleague, False
        try:
            await self._house.queue.occupy(self._wanted(asking, contact.handoff_id), colleague.agent_id)
            done = not asking.consult.over and await contact.put(TakenOver(colleague))
        except Unavailable as error:
            log.warning("not handed over", session_id=asking.session_id, reason=str(error))
        self._let(asking, HandedOver() if done else NotHandedOver())
        if not done:
            await self._vacate(asking, contact.handoff_id)

    # --- at the queue ---------------------------------------------------------------------------------

    def _wanted(self, asking: Asking, handoff_id: str) -> Wanted:
        """What the colleague is to be occupied with: nothing else is offered to them meanwhile."""
        return Wanted(
            handoff_id,
            asking.session_id,
            asking.contact.queue,
            "voice",
            frozenset(),
            self._house.language,
            priority=0,
            since=self._house.now(),
            reason="consult",
        )

    async def _vacate(self, asking: Asking, handoff_id: str | None = None) -> None:
        name = handoff_id or asking.consult.consult_id
        try:
            await self._house.queue.vacate(name, asking.colleague.agent_id)
        except Unavailable as error:
            # The queue itself does it as soon as it can.
            log.warning("queue unreachable", consult=asking.consult.consult_id, reason=str(error))

    # --- small parts ----------------------------------------------------------------------------------

    @property
    def _house(self) -> House:
        return self._handoffs.house

    def _free(self, colleague: OnDuty | None) -> Agent:
        """Somebody who can be asked now. Raises `ProtocolError`."""
        if colleague is None or colleague.presence.phone is not None:
            raise ProtocolError("unknown_target", "This colleague cannot be asked at a desk.", 422)
        agent_id, name = colleague.presence.agent_id, colleague.presence.name
        leg = self._house.legs.get(agent_id)
        if leg is None or leg.ended is not None:
            raise ProtocolError("unknown_target", f"{name}'s audio is not connected here.", 422)
        if colleague.ringing is not None or self._in_call(agent_id) or self.consulted(agent_id):
            raise ProtocolError("colleague_busy", f"{name} is in a call, or one rings there.", 409)
        return Agent(agent_id, name)

    def _in_call(self, agent_id: str) -> bool:
        return self._listens(agent_id) or any(
            contact.agent is not None and contact.agent.agent_id == agent_id and contact.state in IN_CALL
            for contact in self._handoffs
            if contact.talk is not None
        )

    def _check_can_talk(self, asking: Asking) -> None:
        agent_id = asking.colleague.agent_id
        leg = self._house.legs.get(agent_id)
        if leg is None or leg.ended is not None:
            raise ProtocolError("no_audio", "Connect your microphone first.", 409)
        if self._in_call(agent_id):
            raise ProtocolError("wrong_state", "You are in another call.", 409)
        if asking.contact.state is not State.HUMAN_ACTIVE:
            raise ProtocolError("too_late", "This question has ended.", 409)

    def _tell(self, asking: Asking) -> None:
        """Show both desks where it stands."""
        if self._house.desks is None:
            return
        consult, contact = asking.consult, asking.contact
        briefing = self._handoffs.briefing(asking.session_id)
        rings_ms = consult.due_ms if consult.stage is Stage.ASKED else None
        until = None if rings_ms is None else round(self._house.now() + (rings_ms - _now_ms()) / 1000, 1)
        shown = ConsultView(
            consult=consult.consult_id,
            session=asking.session_id,
            state="over" if consult.over else "talking" if consult.talking else "asked",
            agent_id=asking.asker.agent_id,
            agent=asking.asker.name,
            colleague_id=asking.colleague.agent_id,
            colleague=asking.colleague.name,
            customer=briefing.who.name,
            queue=contact.queue,
            reason=contact.wish.reason,
            since=round(self._house.now(), 3),
            until=until,
            why=consult.why,
        )
        self._house.desks.consult_changed(shown, None if consult.over else briefing)


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
