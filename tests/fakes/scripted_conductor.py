"""A `Conductor` that a test scripts: remembers what it was asked, and answers as it was told.

Offers it accepts at the real queue, and tells the desk of the contact that comes of it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from gateway.accounts.account import Account
from gateway.desk.commands import How, Mode
from gateway.desk.conductor import Closing, Target, ToolRequest
from gateway.desk.messages import Answer, Contact, ToolRan
from gateway.desk.seats import Seats
from gateway.desk.watching import LogWatching
from gateway.leg import Leg
from gateway.protocol_error import ProtocolError
from gateway.queue.contacts import ContactQueue
from gateway.session_log import SessionLog
from gateway.store.file_store import StoredFile
from pipelines.briefing import Briefing
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary


class ScriptedConductor:
    def __init__(self, queue: ContactQueue, seats: Seats) -> None:
        self.asked: list[tuple[Any, ...]] = []
        "What it was asked, in order: the name, then the arguments, agents by id."
        self.failing: dict[str, Exception] = {}
        "By name: raised instead of an answer."
        self.waiting: dict[str, asyncio.Event] = {}
        "By name: answers only once it is set."
        self.contacts: dict[str, Contact] = {}
        self.logs: dict[str, SessionLog] = {}
        self.legs: dict[str, Leg] = {}
        self._queue = queue
        self._seats = seats

    def change(self, contact: Contact) -> None:
        """A contact came to another state, here or on another node."""
        assert contact.handoff_id is not None
        if contact.state == "closed":
            self.contacts.pop(contact.handoff_id, None)
        else:
            self.contacts[contact.handoff_id] = contact
        self._seats.contact_changed(contact)

    def names(self) -> list[str]:
        return [each[0] for each in self.asked if each[0] not in ("contacts_of", "live_sessions")]

    async def accept(self, lease_id: str, agent: Account) -> None:
        await self._hear("accept", lease_id, agent.agent_id)
        offer = await self._queue.accept(lease_id, agent.agent_id)
        if offer is None:
            raise ProtocolError("too_late", "Somebody else took it.", status=409)
        wanted = offer.wanted
        self.change(
            Contact(
                session=wanted.session_id,
                channel=wanted.channel,
                state="briefing",
                floor="bot",
                since=1.0,
                handoff_id=wanted.handoff_id,
                agent_id=agent.agent_id,
                agent=agent.display_name,
                queue=wanted.queue,
                customer="Ms. Ott",
            )
        )

    async def decline(self, lease_id: str, agent: Account, reason: str) -> None:
        await self._hear("decline", lease_id, agent.agent_id, reason)
        await self._queue.decline(lease_id, agent.agent_id, reason)

    async def connect(self, session_id: str, agent: Account) -> None:
        await self._hear("connect", session_id, agent.agent_id)

    async def message(self, session_id: str, agent: Account, text: str, client_id: str) -> None:
        await self._hear("message", session_id, agent.agent_id, text, client_id)

    async def share_file(self, session_id: str, agent: Account, file: StoredFile) -> None:
        await self._hear("share_file", session_id, agent.agent_id, file)

    async def typing(self, session_id: str, agent: Account, on: bool) -> None:
        await self._hear("typing", session_id, agent.agent_id, on)

    async def note(self, session_id: str, agent: Account, text: str) -> None:
        await self._hear("note", session_id, agent.agent_id, text)

    async def hold(self, session_id: str, agent: Account, on: bool) -> None:
        await self._hear("hold", session_id, agent.agent_id, on)

    async def mute(self, session_id: str, agent: Account, on: bool) -> None:
        await self._hear("mute", session_id, agent.agent_id, on)

    async def press(self, session_id: str, agent: Account, digits: str) -> None:
        await self._hear("press", session_id, agent.agent_id, digits)

    async def transfer(self, session_id: str, agent: Account, target: Target, note: str) -> None:
        await self._hear("transfer", session_id, agent.agent_id, target, note)

    async def consult(self, session_id: str, agent: Account, colleague_id: str) -> None:
        await self._hear("consult", session_id, agent.agent_id, colleague_id)

    async def consult_answer(self, session_id: str, agent: Account, consult_id: str, accept: bool) -> None:
        await self._hear("consult_answer", session_id, agent.agent_id, consult_id, accept)

    async def consult_end(self, session_id: str, agent: Account, how: How) -> None:
        await self._hear("consult_end", session_id, agent.agent_id, how)

    async def hand_back(self, session_id: str, agent: Account, note: str) -> None:
        await self._hear("hand_back", session_id, agent.agent_id, note)

    async def end(self, session_id: str, agent: Account) -> None:
        await self._hear("end", session_id, agent.agent_id)

    async def wrap_up(self, session_id: str, agent: Account, closing: Closing) -> None:
        await self._hear("wrap_up", session_id, agent.agent_id, closing)

    async def ask(self, session_id: str, agent: Account, question_id: str, text: str) -> Answer:
        await self._hear("ask", session_id, agent.agent_id, question_id, text)
        return Answer(session=session_id, id=question_id, text=f"About {text}")

    async def run_tool(self, session_id: str, agent: Account, request: ToolRequest) -> ToolRan:
        await self._hear("run_tool", session_id, agent.agent_id, request)
        return ToolRan(session=session_id, id=request.request_id, tool=request.tool, outcome="done")

    async def supervise(self, session_id: str, agent: Account, mode: Mode) -> None:
        await self._hear("supervise", session_id, agent.agent_id, mode)

    async def contacts_of(self, agent_id: str) -> Sequence[Contact]:
        await self._hear("contacts_of", agent_id)
        return [contact for contact in self.contacts.values() if contact.agent_id == agent_id]

    async def live_sessions(self, most: int) -> Sequence[Contact]:
        await self._hear("live_sessions", most)
        return list(self.contacts.values())[:most]

    async def watch(self, session_id: str) -> LogWatching:
        await self._hear("watch", session_id)
        if session_id not in self.logs:
            raise ProtocolError("not_yours", "There is no such session.", status=404)
        return LogWatching(self.logs[session_id])

    async def briefing(self, session_id: str) -> Briefing:
        await self._hear("briefing", session_id)
        return BriefingFold(Glossary()).briefing()

    async def agent_leg(self, agent_id: str, leg: Leg) -> None:
        self.legs[agent_id] = leg
        await self._hear("agent_leg", agent_id)

    async def agent_leg_lost(self, agent_id: str) -> None:
        self.legs.pop(agent_id, None)
        await self._hear("agent_leg_lost", agent_id)

    async def agent_gone(self, agent_id: str) -> None:
        await self._hear("agent_gone", agent_id)

    async def _hear(self, name: str, *arguments: Any) -> None:
        self.asked.append((name, *arguments))
        if name in self.waiting:
            await self.waiting[name].wait()
        if name in self.failing:
            raise self.failing[name]
