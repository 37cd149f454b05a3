"""What agents ask of handoffs: whether the customer is theirs and it is the time for it, then it happens.

`gateway.desk.conductor` says what each command means and what it raises.
"""

from collections.abc import Sequence
from typing import Literal

from gateway.accounts.account import Account
from gateway.desk.commands import How, Mode
from gateway.desk.conductor import Closing, Target, ToolRequest
from gateway.desk.files import shared_by
from gateway.desk.messages import Answer, ToolRan
from gateway.desk.messages import Contact as ContactView
from gateway.desk.watching import LogWatching
from gateway.handoff.closing import follow_up
from gateway.handoff.consulting import Consulting
from gateway.handoff.contact import Contact
from gateway.handoff.handoffs import Handoffs
from gateway.handoff.house import House
from gateway.handoff.line import Wish
from gateway.handoff.states import (
    Agent,
    AgentLost,
    Connect,
    Ended,
    HandedBack,
    Input,
    State,
    TakenOver,
    Transferred,
    WrappedUp,
)
from gateway.handoff.talk import Talk
from gateway.handoff.tool_answer import tool_ran
from gateway.leg import Leg
from gateway.live import LiveSession, LiveSessions
from gateway.matrix import Mode as RoomMode
from gateway.participant import Participant
from gateway.protocol_error import ProtocolError
from gateway.room import Role
from gateway.store.desk_records import DeskRecords, WrapUp
from gateway.store.file_store import StoredFile
from pipelines.advisor import Advisor
from pipelines.advisor import ToolRequest as AdvisorRequest
from pipelines.briefing import Briefing
from pipelines.facts import HumanTurn, NoteAdded, Unavailable, Words
from tools.tool import Colleague, ToolResult

MODES = {"monitor": RoomMode.MONITOR, "whisper": RoomMode.WHISPER, "barge": RoomMode.BARGE}
WITH_CUSTOMER = frozenset((State.BRIEFING, State.BRIDGING, State.HUMAN_ACTIVE, State.HUMAN_CHECK))
Purpose = Literal["private", "hand_back", "whisper", "wrap_up"]


class Conducting:
    """A `Conductor` for the sessions of this process."""

    def __init__(
        self, handoffs: Handoffs, sessions: LiveSessions, records: DeskRecords, advisor: Advisor | None
    ) -> None:
        self._handoffs = handoffs
        self._sessions = sessions
        self._records = records
        self._advisor = advisor
        self._supervisors: dict[tuple[str, str], Participant | None] = {}
        "By session and agent; None: a supervisor who reads a chat."
        self._consulting = Consulting(handoffs, self._listens)

    # --- offers ---------------------------------------------------------------------------------------

    async def accept(self, lease_id: str, agent: Account) -> None:
        """See `Conductor`."""
        if await self._house.queue.accept(lease_id, agent.agent_id) is None:
            raise ProtocolError("too_late", "This offer has ended.", 409)

    async def decline(self, lease_id: str, agent: Account, reason: str) -> None:
        """See `Conductor`."""
        if not await self._house.queue.decline(lease_id, agent.agent_id, reason):
            raise ProtocolError("too_late", "This offer has ended.", 409)

    async def connect(self, session_id: str, agent: Account) -> None:
        """See `Conductor`."""
        contact = self._own(session_id, agent)
        if contact.channel == "voice" and agent.agent_id not in self._house.legs:
            raise ProtocolError("no_audio", "Connect your microphone first.", 409)
        if contact.state not in (State.BRIDGING, State.HUMAN_ACTIVE):
            await _put(contact, Connect())

    # --- with the customer ----------------------------------------------------------------------------

    async def message(self, session_id: str, agent: Account, text: str, client_id: str) -> None:
        """See `Conductor`."""
        log = self._with_customer(session_id, agent).live.log
        if f"{agent.agent_id} {client_id}" in log.taken:
            return
        await log.emit(
            HumanTurn(
                turn_id=log.new_id("h"),
                channel="chat",
                agent_id=agent.agent_id,
                agent=agent.display_name,
                client_id=client_id,
                pii=Words(text=text),
            )
        )

    async def share_file(self, session_id: str, agent: Account, file: StoredFile) -> None:
        """See `Conductor`."""
        log = self._with_customer(session_id, agent).live.log
        await log.emit(shared_by(agent, file))

    async def typing(self, session_id: str, agent: Account, on: bool) -> None:
        """See `Conductor`."""
        self._with_customer(session_id, agent).typing(on)

    async def note(self, session_id: str, agent: Account, text: str) -> None:
        """See `Conductor`."""
        await self._note(self._own_or_supervised(session_id, agent), agent, text, "private")

    async def hold(self, session_id: str, agent: Account, on: bool) -> None:
        """See `Conductor`."""
        contact = self._with_customer(session_id, agent)
        _call(contact)
        self._consulting.check_hold(session_id, on)
        contact.connection.set_hold(on)
        contact.show()

    async def mute(self, session_id: str, agent: Account, on: bool) -> None:
        """See `Conductor`."""
        contact = self._with_customer(session_id, agent)
        _call(contact)
        contact.connection.set_mute(on)
        contact.show()

    async def press(self, session_id: str, agent: Account, digits: str) -> None:
        """See `Conductor`."""
        customer = _call(self._with_customer(session_id, agent)).room.customer
        press = getattr(customer, "press", None)
        if press is None:
            raise ProtocolError("no_keys", "Keys can only be sent to a telephone.", 409)
        await press(digits)

    async def transfer(self, session_id: str, agent: Account, target: Target, note: str) -> None:
        """See `Conductor`."""
        contact = self._with_customer(session_id, agent)
        await self._check_target(target, agent, contact)
        if note.strip():
            await self._note(contact.live, agent, note, "private")
        contact.redirect(target.queue, target.agent_id)
        await _put(contact, Transferred())

    async def hand_back(self, session_id: str, agent: Account, note: str) -> None:
        """See `Conductor`."""
        contact = self._with_customer(session_id, agent)
        if note.strip():
            await self._note(contact.live, agent, note, "hand_back")
        await _put(contact, HandedBack())

    async def end(self, session_id: str, agent: Account) -> None:
        """See `Conductor`."""
        await _put(self._with_customer(session_id, agent), Ended())

    async def wrap_up(self, session_id: str, agent: Account, closing: Closing) -> None:
        """See `Conductor`."""
        contact = self._own(session_id, agent)
        queue, now = contact.queue, self._house.now()
        known = {each.code for each in self._house.settings.dispositions_of(queue)}
        if closing.disposition not in known:
            raise ProtocolError("unknown_disposition", f"Known here: {', '.join(sorted(known))}.", 422)
        task = follow_up(closing, session_id, queue, agent.agent_id, now)
        if task is not None:
            await self._records.add_follow_up(task)
        await self._records.keep_wrap_up(
            WrapUp(
                session_id,
                contact.handoff_id,
                agent.agent_id,
                closing.disposition,
                closing.notes,
                now,
                task.follow_up_id if task is not None else None,
            )
        )
        await _put(contact, WrappedUp(closing.disposition))

    # --- asking a colleague ---------------------------------------------------------------------------

    async def consult(self, session_id: str, agent: Account, colleague_id: str) -> None:
        """See `Conductor`."""
        contact = self._with_customer(session_id, agent)
        _call(contact)
        await self._check_target(Target(agent_id=colleague_id), agent, contact)
        await self._consulting.ask(contact, agent, colleague_id)

    async def consult_answer(self, session_id: str, agent: Account, consult_id: str, accept: bool) -> None:
        """See `Conductor`."""
        await self._consulting.answer(session_id, agent, consult_id, accept)

    async def consult_end(self, session_id: str, agent: Account, how: How) -> None:
        """See `Conductor`."""
        await self._consulting.end(session_id, agent, how)

    # --- the bot beside the agent ---------------------------------------------------------------------

    async def ask(self, session_id: str, agent: Account, question_id: str, text: str) -> Answer:
        """See `Conductor`."""
        live = self._own_or_supervised(session_id, agent)
        briefing = self._handoffs.briefing(session_id).for_role(agent.role)
        if self._advisor is None:
            raise Unavailable("nobody here can be asked")
        advice = await self._advisor.ask(live.log.conversation, briefing, text)
        return Answer(session=session_id, id=question_id, text=advice.text, citations=tuple(advice.citations))

    async def run_tool(self, session_id: str, agent: Account, request: ToolRequest) -> ToolRan:
        """See `Conductor`."""
        live = self._own_or_supervised(session_id, agent)
        advisor = self._advisor
        if advisor is None or request.tool not in {tool.tool for tool in advisor.tools(agent.role)}:
            raise ProtocolError("unknown_tool", "There is no such tool for you.", 404)
        wanted = AdvisorRequest(
            request.request_id,
            request.tool,
            request.arguments,
            Colleague(agent.agent_id, agent.role),
            request.confirmed,
        )
        result: ToolResult | None = None
        async for item in advisor.run_tool(live.log.conversation, wanted):
            if isinstance(item, ToolResult):
                result = item
            else:
                await live.log.emit(item)
        if result is None:
            raise Unavailable("the tool gave no answer")
        return tool_ran(session_id, request, result)

    # --- supervisors ----------------------------------------------------------------------------------

    async def supervise(self, session_id: str, agent: Account, mode: Mode) -> None:
        """See `Conductor`."""
        if mode != "off" and self._consulting.consulted(agent.agent_id):
            raise ProtocolError("wrong_state", "A colleague asks you; end that first.", 409)
        if mode == "take_over":
            await self._take_over(session_id, agent)
        elif mode == "off":
            self._leave(session_id, agent)
        else:
            await self._supervise(session_id, agent, MODES[mode])
        self._count_supervisors(session_id)

    async def _supervise(self, session_id: str, agent: Account, mode: RoomMode) -> None:
        talk, key = self._handoffs.talk_of(session_id), (session_id, agent.agent_id)
        self._live(session_id)
        participant = self._supervisors.get(key)
        if talk is None:
            if mode is not RoomMode.MONITOR:
                raise ProtocolError("wrong_state", "There is no call to speak in; a chat can be read.", 409)
            self._supervisors[key] = None
            return
        if participant is None or participant.gone.is_set():
            leg = self._house.legs.get(agent.agent_id)
            if leg is None:
                raise ProtocolError("no_audio", "Connect your microphone first.", 409)
            participant = await talk.room.join(Role.SUPERVISOR, leg)
            self._supervisors[key] = participant
        talk.room.supervise(participant, mode)

    async def _take_over(self, session_id: str, agent: Account) -> None:
        self._live(session_id)
        if self._handoffs.talk_of(session_id) is not None and agent.agent_id not in self._house.legs:
            raise ProtocolError("no_audio", "Connect your microphone first.", 409)
        self._leave(session_id, agent)
        taken = TakenOver(Agent(agent.agent_id, agent.display_name))
        contact = self._handoffs.of(session_id)
        if contact is not None:
            await _put(contact, taken)
        elif self._handoffs.begin(session_id, Wish("taken_over", "general", "general"), taken) is None:
            raise Unavailable("handoffs are not possible right now")

    def _leave(self, session_id: str, agent: Account) -> None:
        participant = self._supervisors.pop((session_id, agent.agent_id), None)
        talk = self._handoffs.talk_of(session_id)
        if participant is not None and talk is not None:
            talk.room.leave(participant)

    def _listens(self, agent_id: str) -> bool:
        return any(
            supervisor == agent_id and participant is not None and not participant.gone.is_set()
            for (_, supervisor), participant in self._supervisors.items()
        )

    def _count_supervisors(self, session_id: str) -> None:
        if (contact := self._handoffs.of(session_id)) is not None:
            contact.supervisors = sum(session == session_id for session, _ in self._supervisors)
            contact.show()

    # --- what is to be seen ---------------------------------------------------------------------------

    async def contacts_of(self, agent_id: str) -> Sequence[ContactView]:
        """See `Conductor`."""
        return [
            contact.view()
            for contact in self._handoffs
            if contact.agent is not None and contact.agent.agent_id == agent_id
            if contact.state not in (State.OFFERED, State.DIALLING) and not contact.over
        ]

    async def live_sessions(self, most: int) -> Sequence[ContactView]:
        """See `Conductor`."""
        handed = [contact.view() for contact in self._handoffs]
        known = {view.session for view in handed}
        with_bot = (
            ContactView(
                session=live.session_id,
                channel="voice" if self._handoffs.talk_of(live.session_id) is not None else "chat",
                state=State.AI_ACTIVE.value,
                floor="bot",
                since=live.began_at,
            )
            for live in self._sessions
            if live.session_id not in known and (live.busy or not live.log.quiet)
        )
        return [*handed, *with_bot][:most]

    async def watch(self, session_id: str) -> LogWatching:
        """See `Conductor`."""
        return LogWatching(self._live(session_id).log)

    async def briefing(self, session_id: str) -> Briefing:
        """See `Conductor`."""
        self._live(session_id)
        return self._handoffs.briefing(session_id)

    # --- agents' connections --------------------------------------------------------------------------

    async def agent_leg(self, agent_id: str, leg: Leg) -> None:
        """See `Conductor`."""
        self._house.legs[agent_id] = leg
        self._consulting.agent_leg(agent_id, leg)
        for contact in self._of(agent_id):
            await contact.agent_leg(leg)

    async def agent_leg_lost(self, agent_id: str) -> None:
        """See `Conductor`."""
        self._house.legs.pop(agent_id, None)
        self._consulting.agent_leg_lost(agent_id)
        for contact in self._of(agent_id):
            if contact.channel == "voice":
                contact.put_soon(AgentLost())

    async def agent_gone(self, agent_id: str) -> None:
        """See `Conductor`."""
        self._consulting.agent_gone(agent_id)
        for contact in self._of(agent_id):
            talks = contact.channel == "voice" and agent_id in self._house.legs
            if not talks:  # who reloads the page, or lost only its websocket, goes on talking
                contact.put_soon(AgentLost())
        for session_id, supervisor in list(self._supervisors):
            if supervisor == agent_id:
                self._supervisors.pop((session_id, supervisor))
                self._count_supervisors(session_id)

    def engaged(self) -> set[str]:
        """Who of the desks, on any node, is needed here: they have a customer, or supervise somebody who has.

        Agents in a call whose audio is connected here show by that that they are there.
        """
        with_customer = {
            contact.agent.agent_id
            for contact in self._handoffs
            if contact.state in WITH_CUSTOMER and contact.agent is not None and contact.agent.phone is None
        }
        return (with_customer | {agent_id for _, agent_id in self._supervisors}) - self._house.legs.keys()

    # --- small parts ----------------------------------------------------------------------------------

    @property
    def _house(self) -> House:
        return self._handoffs.house

    def _of(self, agent_id: str) -> list[Contact]:
        return [
            contact
            for contact in self._handoffs
            if contact.state in WITH_CUSTOMER and contact.agent is not None
            if contact.agent.agent_id == agent_id
        ]

    def _live(self, session_id: str) -> LiveSession:
        live = self._sessions.find(session_id)
        if live is None:
            raise ProtocolError("not_yours", "There is no such session here.", 404)
        return live

    def _own(self, session_id: str, agent: Account) -> Contact:
        """The contact that this agent has."""
        contact = self._handoffs.of(session_id)
        held = contact is not None and contact.agent is not None
        if contact is None or not held or contact.state in (State.OFFERED, State.DIALLING):
            raise ProtocolError("not_yours", "This customer is not yours.", 403)
        if contact.agent is not None and contact.agent.agent_id != agent.agent_id:
            raise ProtocolError("not_yours", "This customer is not yours.", 403)
        return contact

    def _with_customer(self, session_id: str, agent: Account) -> Contact:
        """The contact in which this agent has the floor."""
        contact = self._own(session_id, agent)
        if contact.state is not State.HUMAN_ACTIVE:
            raise ProtocolError("no_floor", "You are not connected with this customer now.", 409)
        return contact

    def _own_or_supervised(self, session_id: str, agent: Account) -> LiveSession:
        if (session_id, agent.agent_id) in self._supervisors:
            return self._live(session_id)
        return self._own(session_id, agent).live

    async def _note(self, live: LiveSession, agent: Account, text: str, purpose: Purpose) -> None:
        words = Words(text=text)
        await live.log.emit(
            NoteAdded(purpose=purpose, agent_id=agent.agent_id, agent=agent.display_name, pii=words)
        )

    async def _check_target(self, target: Target, agent: Account, contact: Contact) -> None:
        if target.queue is not None and target.queue not in self._house.settings.by_name:
            raise ProtocolError("unknown_target", "There is no such queue.", 422)
        if target.agent_id is None:
            return
        there = {each.presence.agent_id: each.presence for each in await self._house.queue.agents()}
        colleague = there.get(target.agent_id)
        if colleague is None or target.agent_id == agent.agent_id:
            raise ProtocolError("unknown_target", "This colleague is not there.", 422)
        hears = colleague.phone is not None or target.agent_id in self._house.legs
        if contact.channel == "voice" and not hears:  # perhaps at another node, where sound does not come
            raise ProtocolError("unknown_target", "This colleague can't take calls of this gateway now.", 422)


async def _put(contact: Contact, happened: Input) -> None:
    if not await contact.put(happened):
        raise ProtocolError("wrong_state", f"Not while the handoff is in `{contact.state.value}`.", 409)


def _call(contact: Contact) -> Talk:
    if contact.talk is None:
        raise ProtocolError("wrong_state", "There is no call with this customer.", 409)
    return contact.talk
