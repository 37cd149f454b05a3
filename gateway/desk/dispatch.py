"""What agents ask for: whether they may, a note in the audit, and the conductor does it.

Each command runs to its end, whatever becomes of the connection that it came by, and is remembered by its
`id`: sent again, it is answered and not done again. A command that could not be done for now is forgotten, so
that it may be tried again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping

import structlog
from prometheus_client import Counter
from pydantic import BaseModel

from gateway.accounts.account import Account
from gateway.accounts.audit import Audit
from gateway.accounts.permissions import Action
from gateway.desk.attendance import Attendance
from gateway.desk.commands import (
    Accept,
    Ask,
    Command,
    Connect,
    Consult,
    ConsultAnswer,
    ConsultEnd,
    Decline,
    End,
    HandBack,
    Hold,
    Mute,
    Note,
    OfSession,
    Press,
    RunTool,
    Say,
    Supervise,
    Transfer,
    Typing,
    WrapUp,
)
from gateway.desk.conductor import Closing, Conductor, Target, ToolRequest
from gateway.desk.messages import Done, Error
from gateway.desk.seat import Seat, Tab
from gateway.live import Busy, Draining
from gateway.protocol_error import ProtocolError
from pipelines.facts import Unavailable

log = structlog.get_logger()

REMEMBERED = 10_000
"Commands of all agents together; the oldest are forgotten first."
AT_ONCE = 8
"Commands of one agent that may be under way at the same time."
LONGEST_S = 20.0
LONGEST_THOUGHT_S = 45.0
"For what a model or a tool answers."

COMMANDS = Counter("warmline_desk_commands_total", "Commands of agents", ["type", "result"])

ACTIONS: Mapping[type[Command], Action] = {
    Accept: Action.ACCEPT,
    Decline: Action.ACCEPT,
    Connect: Action.ACCEPT,
    Say: Action.MESSAGE,
    Typing: Action.MESSAGE,
    Note: Action.NOTE,
    Ask: Action.ASK,
    Hold: Action.HOLD,
    Mute: Action.MUTE,
    Press: Action.PRESS,
    Transfer: Action.TRANSFER,
    Consult: Action.CONSULT,
    ConsultAnswer: Action.ACCEPT,
    ConsultEnd: Action.ACCEPT,
    HandBack: Action.HAND_BACK,
    End: Action.END,
    WrapUp: Action.WRAP_UP,
    RunTool: Action.RUN_TOOL,
    Supervise: Action.SUPERVISE,
}
NOT_YOURS = "This customer is not yours."

Outcome = BaseModel | Error | None
"The answer that a command has beside `done`, or why it was not done."


class Dispatch:
    """The commands of this node's agents."""

    def __init__(
        self, conductor: Conductor, attendance: Attendance, audit: Audit, tasks: asyncio.TaskGroup
    ) -> None:
        self._conductor = conductor
        self._attendance = attendance
        self._audit = audit
        self._tasks = tasks
        self._known: OrderedDict[tuple[str, str], asyncio.Task[Outcome]] = OrderedDict()
        self._under_way: dict[str, int] = {}

    async def obey(self, tab: Tab, command: Command) -> None:
        """Do it, or see that it was done, and answer the tab."""
        task = self._begin(tab.seat, command)
        outcome = await asyncio.shield(task)
        if isinstance(outcome, Error):
            tab.outbox.push(outcome)
            return
        if outcome is not None:
            tab.outbox.push(outcome)
        if command.id is not None:
            tab.outbox.push(Done(id=command.id))

    def _begin(self, seat: Seat, command: Command) -> asyncio.Task[Outcome]:
        key = (seat.agent_id, command.id or "")
        if command.id is not None and (known := self._known.get(key)) is not None:
            return known
        task = self._tasks.create_task(self._carry_out(seat, command), name=f"desk {kind(command)}")
        if command.id is not None:
            self._known[key] = task
            task.add_done_callback(lambda done: self._forget_failed(key, done))
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return task

    def _forget_failed(self, key: tuple[str, str], task: asyncio.Task[Outcome]) -> None:
        outcome = None if task.cancelled() else task.result()
        failed = task.cancelled() or (isinstance(outcome, Error) and outcome.retry)
        if failed and self._known.get(key) is task:
            del self._known[key]

    async def _carry_out(self, seat: Seat, command: Command) -> Outcome:
        """Errors are values: this outlives whoever asked."""
        agent_id = seat.agent_id
        self._under_way[agent_id] = self._under_way.get(agent_id, 0) + 1
        try:
            if self._under_way[agent_id] > AT_ONCE:
                raise Busy(f"{AT_ONCE} of your commands are under way; wait for one of them")
            outcome = await self._check_and_do(seat, command)
        except Exception as error:
            # The outermost loop of a command: our own bug ends this one, nobody else's.
            failure = explain(error, command.id)
            if failure.code == "internal":
                log.exception("desk command failed", command=kind(command), agent_id=agent_id)
            COMMANDS.labels(kind(command), failure.code).inc()
            return failure
        finally:
            self._under_way[agent_id] -= 1
            if not self._under_way[agent_id]:
                del self._under_way[agent_id]
        COMMANDS.labels(kind(command), "done").inc()
        return outcome

    async def _check_and_do(self, seat: Seat, command: Command) -> Outcome:
        action = ACTIONS[type(command)]
        if not seat.may(action):
            raise not_allowed(action)
        slow = isinstance(command, Ask | RunTool)
        async with asyncio.timeout(LONGEST_THOUGHT_S if slow else LONGEST_S):
            if isinstance(command, OfSession):
                await self._check_own(seat, command)
            if not isinstance(command, Typing):
                await self._note(seat.agent_id, command)
            return await self._do(seat.account, command)

    async def _check_own(self, seat: Seat, command: OfSession) -> None:
        session_id = command.session
        if seat.may(Action.SUPERVISE):
            return  # the conductor knows whom they supervise
        if isinstance(command, ConsultAnswer | ConsultEnd):
            if not seat.consults_on(session_id) and not seat.has(session_id):
                raise ProtocolError("too_late", "This question has ended.", status=409)
            return  # nothing else of the session is for who is asked
        if not seat.has(session_id):
            await self._attendance.look_up(seat)
        if not seat.has(session_id):
            raise ProtocolError("not_yours", NOT_YOURS, status=403)

    async def _note(self, agent_id: str, command: Command) -> None:
        session_id = command.session if isinstance(command, OfSession) else None
        await self._audit.note(agent_id, kind(command), session_id, **_details(command))

    async def _do(self, agent: Account, command: Command) -> Outcome:
        match command:
            case OfSession():
                return await self._do_in_session(agent, command)
            case Accept():
                await self._conductor.accept(command.lease, agent)
            case Decline():
                await self._conductor.decline(command.lease, agent, command.reason)
        return None

    async def _do_in_session(self, agent: Account, command: OfSession) -> Outcome:
        session_id = command.session
        match command:
            case Say() | Typing() | Note() | Ask():
                return await self._write(agent, command)
            case Hold() | Mute() | Press() | Supervise():
                await self._turn_a_knob(agent, command)
            case Consult() | ConsultAnswer() | ConsultEnd():
                await self._consult(agent, command)
            case Connect():
                await self._conductor.connect(session_id, agent)
            case Transfer(queue=queue, agent=colleague, note=note):
                await self._conductor.transfer(session_id, agent, Target(queue, colleague), note)
            case HandBack(note=note):
                await self._conductor.hand_back(session_id, agent, note)
            case End():
                await self._conductor.end(session_id, agent)
            case WrapUp(disposition=disposition, notes=notes, follow_up=follow_up):
                await self._conductor.wrap_up(session_id, agent, Closing(disposition, notes, follow_up))
            case RunTool(id=request_id, tool=tool, arguments=arguments, confirmed=confirmed):
                request = ToolRequest(request_id, tool, arguments, confirmed)
                return await self._conductor.run_tool(session_id, agent, request)
        return None

    async def _consult(self, agent: Account, command: Consult | ConsultAnswer | ConsultEnd) -> None:
        session_id = command.session
        match command:
            case Consult(agent=colleague):
                await self._conductor.consult(session_id, agent, colleague)
            case ConsultAnswer(consult=consult, answer=answer):
                await self._conductor.consult_answer(session_id, agent, consult, answer == "accept")
            case ConsultEnd(how=how):
                await self._conductor.consult_end(session_id, agent, how)

    async def _write(self, agent: Account, command: Say | Typing | Note | Ask) -> Outcome:
        session_id = command.session
        match command:
            case Say():
                await self._conductor.message(session_id, agent, command.text, command.id)
            case Typing():
                await self._conductor.typing(session_id, agent, command.on)
            case Note():
                await self._conductor.note(session_id, agent, command.text)
            case Ask():
                return await self._conductor.ask(session_id, agent, command.id, command.text)
        return None

    async def _turn_a_knob(self, agent: Account, command: Hold | Mute | Press | Supervise) -> None:
        session_id = command.session
        match command:
            case Hold():
                await self._conductor.hold(session_id, agent, command.on)
            case Mute():
                await self._conductor.mute(session_id, agent, command.on)
            case Press():
                await self._conductor.press(session_id, agent, command.digits)
            case Supervise():
                await self._conductor.supervise(session_id, agent, command.mode)


def kind(command: Command) -> str:
    """The command's `type`."""
    return str(getattr(command, "type", ""))


def not_allowed(action: Action) -> ProtocolError:
    """The answer to somebody whose role does not allow it."""
    return ProtocolError("not_allowed", f"Your role does not allow `{action}`.", status=403)


def explain(error: Exception, client_id: str | None) -> Error:
    """An error as the desk gets it."""
    match error:
        case ProtocolError():
            return Error(id=client_id, code=error.code, fault="client", message=error.message)
        case Busy() | Draining():
            code = "busy" if isinstance(error, Busy) else "draining"
            return Error(id=client_id, code=code, fault="gateway", message=_sentence(error), retry=True)
        case Unavailable():
            return Error(
                id=client_id, code="unavailable", fault="dependency", message=_sentence(error), retry=True
            )
        case TimeoutError():
            text = "It took too long. Look whether it was done before you try again."
            return Error(id=client_id, code="too_slow", fault="dependency", message=text)
    text = "Something went wrong on our side."
    return Error(id=client_id, code="internal", fault="gateway", message=text)


def _sentence(error: Exception) -> str:
    text = str(error) or "not possible right now"
    return f"{text[0].upper()}{text[1:]}."


def _details(command: Command) -> dict[str, str | int | bool | None]:
    """What the audit keeps of a command beside its kind: codes and ids, no words."""
    match command:
        case Accept(lease=lease):
            return {"lease": lease}
        case Decline(lease=lease, reason=reason):
            return {"lease": lease, "reason": reason}
        case Hold(on=on) | Mute(on=on):
            return {"on": on}
        case Supervise(mode=mode):
            return {"mode": mode}
        case Transfer(queue=queue, agent=agent):
            return {"queue": queue, "agent": agent}
        case Consult() | ConsultAnswer() | ConsultEnd():
            return command.model_dump(exclude={"type", "id", "session"})
        case WrapUp(disposition=disposition, follow_up=follow_up):
            return {"disposition": disposition, "follow_up": follow_up is not None}
        case RunTool(tool=tool, confirmed=confirmed):
            return {"tool": tool, "confirmed": confirmed}
        case Press(digits=digits):
            return {"digits": len(digits)}
    return {}
