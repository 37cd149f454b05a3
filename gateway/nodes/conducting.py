"""A `Conductor` for the sessions of all nodes: what is not here is asked of the node that has it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from gateway.accounts.account import Account
from gateway.desk.commands import How, Mode
from gateway.desk.conductor import Closing, Conductor, Target, ToolRequest, Watching
from gateway.desk.messages import Answer, Contact, ToolRan
from gateway.events import Message
from gateway.leg import Leg
from gateway.nodes.mesh import ANSWER_S, Mesh
from gateway.nodes.watching import RemoteWatchings, new_watch
from gateway.protocol_error import ProtocolError
from gateway.store.file_store import StoredFile
from pipelines.briefing import Briefing
from pipelines.facts import Unavailable

ACCOUNT = TypeAdapter(Account)
CLOSING = TypeAdapter(Closing)
FILE = TypeAdapter(StoredFile)
TARGET = TypeAdapter(Target)
TOOL = TypeAdapter(ToolRequest)

Has = Callable[[str], bool]
"Whether a session lives on this node."


class NodesConducting:
    """Around the conductor of this node."""

    def __init__(self, here: Conductor, has: Has, mesh: Mesh, watchings: RemoteWatchings) -> None:
        self._here = here
        self._has = has
        self._mesh = mesh
        self._watchings = watchings
        mesh.serve("conduct", self._serve)
        mesh.serve("contacts", self._serve_contacts)
        mesh.serve("live", self._serve_live)
        mesh.serve("agent.gone", self._serve_gone)

    # --- commands of the queue: any node can carry them out ------------------------------------------------

    async def accept(self, lease_id: str, agent: Account) -> None:
        """See `Conductor`."""
        await self._here.accept(lease_id, agent)

    async def decline(self, lease_id: str, agent: Account, reason: str) -> None:
        """See `Conductor`."""
        await self._here.decline(lease_id, agent, reason)

    # --- commands of a session -----------------------------------------------------------------------------

    async def connect(self, session_id: str, agent: Account) -> None:
        """See `Conductor`."""
        await self._do("connect", session_id, agent)

    async def message(self, session_id: str, agent: Account, text: str, client_id: str) -> None:
        """See `Conductor`."""
        await self._do("message", session_id, agent, text=text, client_id=client_id)

    async def share_file(self, session_id: str, agent: Account, file: StoredFile) -> None:
        """See `Conductor`."""
        await self._do("share_file", session_id, agent, file=file)

    async def typing(self, session_id: str, agent: Account, on: bool) -> None:
        """See `Conductor`."""
        await self._do("typing", session_id, agent, on=on)

    async def note(self, session_id: str, agent: Account, text: str) -> None:
        """See `Conductor`."""
        await self._do("note", session_id, agent, text=text)

    async def hold(self, session_id: str, agent: Account, on: bool) -> None:
        """See `Conductor`."""
        await self._do("hold", session_id, agent, on=on)

    async def mute(self, session_id: str, agent: Account, on: bool) -> None:
        """See `Conductor`."""
        await self._do("mute", session_id, agent, on=on)

    async def press(self, session_id: str, agent: Account, digits: str) -> None:
        """See `Conductor`."""
        await self._do("press", session_id, agent, digits=digits)

    async def transfer(self, session_id: str, agent: Account, target: Target, note: str) -> None:
        """See `Conductor`."""
        await self._do("transfer", session_id, agent, target=target, note=note)

    async def consult(self, session_id: str, agent: Account, colleague_id: str) -> None:
        """See `Conductor`."""
        await self._do("consult", session_id, agent, colleague_id=colleague_id)

    async def consult_answer(self, session_id: str, agent: Account, consult_id: str, accept: bool) -> None:
        """See `Conductor`."""
        await self._do("consult_answer", session_id, agent, consult_id=consult_id, accept=accept)

    async def consult_end(self, session_id: str, agent: Account, how: How) -> None:
        """See `Conductor`."""
        await self._do("consult_end", session_id, agent, how=how)

    async def hand_back(self, session_id: str, agent: Account, note: str) -> None:
        """See `Conductor`."""
        await self._do("hand_back", session_id, agent, note=note)

    async def end(self, session_id: str, agent: Account) -> None:
        """See `Conductor`."""
        await self._do("end", session_id, agent)

    async def wrap_up(self, session_id: str, agent: Account, closing: Closing) -> None:
        """See `Conductor`."""
        await self._do("wrap_up", session_id, agent, closing=closing)

    async def ask(self, session_id: str, agent: Account, question_id: str, text: str) -> Answer:
        """See `Conductor`."""
        found = await self._do("ask", session_id, agent, question_id=question_id, text=text)
        return Answer.model_validate(found)

    async def run_tool(self, session_id: str, agent: Account, request: ToolRequest) -> ToolRan:
        """See `Conductor`."""
        return ToolRan.model_validate(await self._do("run_tool", session_id, agent, request=request))

    async def supervise(self, session_id: str, agent: Account, mode: Mode) -> None:
        """See `Conductor`."""
        await self._do("supervise", session_id, agent, mode=mode)

    # --- what is to be seen --------------------------------------------------------------------------------

    async def contacts_of(self, agent_id: str) -> Sequence[Contact]:
        """See `Conductor`."""
        answers = await self._mesh.ask_all("contacts", {"agent": agent_id})
        return [*await self._here.contacts_of(agent_id), *_contacts(answers)]

    async def live_sessions(self, most: int) -> Sequence[Contact]:
        """See `Conductor`."""
        answers = await self._mesh.ask_all("live", {"most": most})
        return [*await self._here.live_sessions(most), *_contacts(answers)][:most]

    async def watch(self, session_id: str) -> Watching:
        """See `Conductor`."""
        if self._has(session_id):
            return await self._here.watch(session_id)
        watch_id = new_watch()
        question = {"name": "watch", "session": session_id, "watch": watch_id, "to": self._mesh.node}
        with self._watchings.expected(watch_id):
            answer = _result(await self._mesh.ask("conduct", question))
            return self._watchings.open(session_id, str(answer["node"]), int(answer["seq"]), watch_id)

    async def briefing(self, session_id: str) -> Briefing:
        """See `Conductor`."""
        if self._has(session_id):
            return await self._here.briefing(session_id)
        question = {"name": "briefing", "session": session_id}
        return Briefing.model_validate(_result(await self._mesh.ask("conduct", question)))

    # --- agents' connections -------------------------------------------------------------------------------

    async def agent_leg(self, agent_id: str, leg: Leg) -> None:
        """See `Conductor`."""
        await self._here.agent_leg(agent_id, leg)

    async def agent_leg_lost(self, agent_id: str) -> None:
        """See `Conductor`."""
        await self._here.agent_leg_lost(agent_id)

    async def agent_gone(self, agent_id: str) -> None:
        """See `Conductor`."""
        self._mesh.tell("agent.gone", {"agent": agent_id})
        await self._here.agent_gone(agent_id)

    # --- between nodes -------------------------------------------------------------------------------------

    async def _do(self, name: str, session_id: str, agent: Account, **given: Any) -> Any:
        if self._has(session_id):
            return await getattr(self._here, name)(session_id, agent, **given)
        question = {
            "name": name,
            "session": session_id,
            "agent": ACCOUNT.dump_python(agent, mode="json"),
            "given": _plain(given),
        }
        within_s = THOUGHT_S if name in THOUGHTS else ANSWER_S
        return _result(await self._mesh.ask("conduct", question, within_s=within_s))

    async def _serve(self, question: Message) -> Message | None:
        """Another node's agent wants something of a session; None: it does not live here."""
        session_id, name = str(question["session"]), str(question["name"])
        if not self._has(session_id):
            return None
        try:
            if name == "watch":
                watch = await self._watchings.serve(session_id, str(question["watch"]), str(question["to"]))
                return {"done": watch}
            if name == "briefing":
                return {"done": (await self._here.briefing(session_id)).model_dump(mode="json")}
            if name not in COMMANDS:
                return {"error": {"code": "unknown_command", "message": "This node is older.", "status": 400}}
            agent = ACCOUNT.validate_python(question["agent"])
            given = {key: _typed(key, value) for key, value in question["given"].items()}
            done: Awaitable[Any] = getattr(self._here, name)(session_id, agent, **given)
            result = await done
            return {"done": result.model_dump(mode="json") if result is not None else None}
        except ProtocolError as error:
            return {"error": {"code": error.code, "message": error.message, "status": error.status}}
        except Unavailable as error:
            return {"unavailable": str(error)}

    async def _serve_contacts(self, question: Message) -> Message:
        return _told(await self._here.contacts_of(str(question["agent"])))

    async def _serve_live(self, question: Message) -> Message:
        return _told(await self._here.live_sessions(int(question["most"])))

    async def _serve_gone(self, news: Message) -> None:
        await self._here.agent_gone(str(news["agent"]))


COMMANDS = frozenset(
    (
        "connect",
        "message",
        "share_file",
        "typing",
        "note",
        "hold",
        "mute",
        "press",
        "transfer",
        "consult",
        "consult_answer",
        "consult_end",
        "hand_back",
        "end",
        "wrap_up",
        "ask",
        "run_tool",
        "supervise",
    )
)
THOUGHTS = frozenset(("ask", "run_tool"))
THOUGHT_S = 45.0
"What a model or a tool answers may take so long."
_TYPED: Mapping[str, TypeAdapter[Any]] = {
    "closing": CLOSING,
    "file": FILE,
    "target": TARGET,
    "request": TOOL,
}


def _plain(given: Mapping[str, Any]) -> Message:
    return {
        key: _TYPED[key].dump_python(value, mode="json") if key in _TYPED else value
        for key, value in given.items()
    }


def _typed(key: str, value: Any) -> Any:
    return _TYPED[key].validate_python(value) if key in _TYPED else value


def _told(contacts: Sequence[Contact]) -> Message:
    return {"contacts": [contact.model_dump(mode="json") for contact in contacts]}


def _contacts(answers: Sequence[Message]) -> list[Contact]:
    return [Contact.model_validate(each) for answer in answers for each in answer["contacts"]]


def _result(answer: Message | None) -> Any:
    """What another node answered; raises what it said is wrong."""
    if answer is None:  # who asks has seen the session: its node is gone, or the question was lost
        raise Unavailable("the gateway that has this customer does not answer; try again in a moment")
    if (error := answer.get("error")) is not None:
        raise ProtocolError(str(error["code"]), str(error["message"]), int(error["status"]))
    if (why := answer.get("unavailable")) is not None:
        raise Unavailable(str(why))
    return answer["done"]
