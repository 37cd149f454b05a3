"""One handoff while it is under way: waits for what happens, asks the machine, and does what it says.

A task of its own, from the wish for a person to the outcome. What takes long (a telephone that rings) runs
beside it and reports back; everything else is done in order, so that no two things happen at once.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from gateway.desk.messages import Contact as ContactView
from gateway.events import HandoffChanged, LegJoined, LegLeft, QueuePosition
from gateway.handoff.house import OUTCOMES, STATES, TIMES, House, Telephones
from gateway.handoff.line import Line, Unanswered
from gateway.handoff.machine import Handoff
from gateway.handoff.record import Record
from gateway.handoff.states import (
    Action,
    Agent,
    AgentLost,
    Arrange,
    Bridge,
    Bridged,
    BridgeFailed,
    Brief,
    Called,
    CustomerGone,
    Dial,
    Enqueue,
    HandedBack,
    HangUpAgent,
    HangUpCustomer,
    Input,
    LeaveQueue,
    NotReached,
    Release,
    Requested,
    Resume,
    Screen,
    Screened,
    Sentence,
    State,
    Tell,
    TellAgent,
    Transferred,
    Unbridge,
)
from gateway.handoff.talk import Talk
from gateway.leg import Leg
from gateway.live import LiveSession
from gateway.participant import Participant
from gateway.queue.contacts import Wanted
from gateway.queue.hours import is_open
from gateway.room import Role
from pipelines.briefing import Briefing
from pipelines.facts import (
    Activity,
    Channel,
    CustomerTurn,
    Fact,
    ReplyDone,
    ReplyStarted,
    Unavailable,
    Words,
)

log = structlog.get_logger(__name__)

INBOX = 64
"Happenings that wait; more are refused: nobody clicks that fast."
SENTENCES = 3
"That the bot may still be saying when it is to be silent: the wait for one is too short for more."
DECLINED = frozenset(("declined", "hung_up"))
"Why a telephone did not take it, where somebody was there."
LOOK_EVERY_S = 5.0
"At the customer's place in line."
LAST_WORDS_S = 4.0
"Sentences that are not in the chat yet may take so long."
LAST_ERRANDS_S = 20.0
"So long they take at a queue that cannot be reached."
TELL_EVERY_S = 40.0
"A customer who waits and says nothing hears how it stands."


@dataclass(frozen=True, slots=True)
class Wish:
    """Why a person is wanted, and what they should know."""

    reason: str
    skill: str
    queue: str
    priority: int = 0


@dataclass(slots=True)
class _Happening:
    happened: Input
    taken: "asyncio.Future[bool]"


class Contact:
    """One customer's handoff."""

    def __init__(
        self,
        handoff_id: str,
        live: LiveSession,
        wish: Wish,
        house: House,
        briefing: Callable[[], Briefing],
        talk: Talk | None = None,
    ) -> None:
        self.live = live
        self.wish = wish
        self._house = house
        self._briefing = briefing
        self._handoff = Handoff(handoff_id, house.limits)
        self._inbox: asyncio.Queue[_Happening] = asyncio.Queue(INBOX)
        make = house.make_suggestions
        self._suggests = make(live.log.emit) if make is not None else None
        self._to_write: asyncio.Queue[str] = asyncio.Queue(INBOX)
        "Sentences for a chat."
        self._talk = talk
        self._began_in_chat = talk is None
        self._bridging: asyncio.Task[None] | None = None
        self._human: Participant | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._record: Record | None = None
        "While it runs."
        self._line = Line(handoff_id, house.queue)
        self._lined_up = Enqueue(0, frozenset())
        "How it was put in line last."
        self._queue = wish.queue
        self._only_agent: str | None = None
        self._since = house.now()
        "When the wish came: its place in line."
        self._changed_at = self._since
        self._words_at = 0.0
        self._told: State | None = None
        self.hold = self.muted = False
        self.supervisors = 0
        self.last_agent: Agent | None = None
        "Who had the customer; for who comes back."

    # --- what others see ------------------------------------------------------------------------------

    @property
    def handoff_id(self) -> str:
        """Its id."""
        return self._handoff.handoff_id

    @property
    def state(self) -> State:
        """Where it stands."""
        return self._handoff.state

    @property
    def over(self) -> bool:
        """Whether it has its outcome; what is still being done changes nothing for the customer."""
        return self._handoff.over

    @property
    def agent(self) -> Agent | None:
        """Who is asked, briefed, connected or wraps up."""
        return self._handoff.agent

    @property
    def lease_id(self) -> str | None:
        """Of the offer that is out."""
        return self._handoff.lease_id

    @property
    def human(self) -> Participant | None:
        """The agent in the room, in a call."""
        return self._human

    @property
    def talk(self) -> Talk | None:
        """The call, if there is one."""
        return self._talk

    @property
    def queue(self) -> str:
        """The line that the customer stands in."""
        return self._queue

    @property
    def channel(self) -> Channel:
        """How the customer is there."""
        return "voice" if self._talk is not None else "chat"

    def view(self) -> ContactView:
        """As a desk shows it."""
        handoff, due_ms = self._handoff, self._handoff.due_ms
        until = None if due_ms is None else round(self._house.now() + (due_ms - _now_ms()) / 1000, 1)
        return ContactView(
            session=self.live.session_id,
            channel=self.channel,
            state=handoff.state.value,
            floor=handoff.floor,
            since=self._changed_at,
            handoff_id=handoff.handoff_id,
            agent_id=handoff.agent.agent_id if handoff.agent else None,
            agent=handoff.agent.name if handoff.agent else None,
            queue=self._queue,
            reason=self.wish.reason,
            customer=self._briefing().who.name,
            until=until if handoff.state is State.BRIEFING else None,
            hold=self.hold,
            muted=self.muted,
            supervisors=self.supervisors,
            outcome=handoff.outcome,
        )

    def show(self) -> None:
        """Tell the desks where it stands."""
        if self._house.desks is not None:
            self._house.desks.contact_changed(self.view())

    # --- what others do -------------------------------------------------------------------------------

    def call(self, talk: Talk, *, agent_is_free: bool) -> None:
        """A customer who was in the chat calls: they go on with the same agent, or with one who can talk.

        The agent is asked first: nobody is to hear their room unawares. `agent_is_free`: they have no call.
        """
        self._talk = talk
        if self.state is State.QUEUED:
            self._enqueue(self._lined_up)
        elif self.state is State.HUMAN_ACTIVE and self.agent is not None:
            leg = self._leg_of(self.agent)
            if agent_is_free and leg is not None and leg.ended is None:
                talk.tell(self._house.phrases.putting_through)
                self._line.rebook(self.agent.agent_id, "voice")
                self.put_soon(Called())
            else:
                self.redirect(None, None)
                self.put_soon(Transferred())

    def call_over(self) -> None:
        """The customer has hung up; those who were in the chat before are there still."""
        if not self._began_in_chat or (self.agent is not None and self.agent.phone):
            self.put_soon(CustomerGone())
            return
        self._part()
        self._talk = None
        if self.agent is not None and self.state in (State.BRIEFING, State.BRIDGING, State.HUMAN_ACTIVE):
            self._line.rebook(self.agent.agent_id, "chat")
        if self.state is State.BRIDGING:
            self.put_soon(Bridged())
        elif self.state is State.QUEUED:
            self._enqueue(self._lined_up)
        self.show()

    async def agent_leg(self, leg: Leg) -> None:
        """The agent's audio is another one now: they reloaded the page, or opened another tab."""
        former, talk, hold = self._human, self._talk, self.hold
        if self.state is not State.HUMAN_ACTIVE or talk is None or former is None or self.agent is None:
            return
        self._stop(self._watching)
        human = self._human = await talk.room.join(Role.HUMAN, leg)
        talk.room.mute(human, self.muted)
        self._watching = self._beside(self._until_lost(human), f"agent of {self.handoff_id}")
        self._note(LegJoined(leg_id=leg.leg_id, role="human", kind=leg.kind))
        if await talk.bridge(self.agent, human):
            talk.room.hold(hold)
            talk.room.leave(former)
            self._note(_left(former))
        else:
            self.put_soon(AgentLost())

    def redirect(self, queue: str | None, only_agent: str | None) -> None:
        """Where a transfer goes to."""
        self._queue, self._only_agent = queue or self._queue, only_agent

    async def put(self, happened: Input) -> bool:
        """Let it happen; whether it fitted where things stand. Raises `Unavailable` when too much waits."""
        if self.over:
            return False
        item = _Happening(happened, asyncio.get_running_loop().create_future())
        try:
            self._inbox.put_nowait(item)
        except asyncio.QueueFull as error:
            raise Unavailable("too much happens in this handoff at once") from error
        return await item.taken

    def put_soon(self, happened: Input) -> None:
        """Like `put`, for those who do not wait for the outcome."""
        if self.over:
            return
        try:
            self._inbox.put_nowait(_Happening(happened, asyncio.get_running_loop().create_future()))
        except asyncio.QueueFull:
            log.error("handoff inbox full", handoff=self.handoff_id)

    def typing(self, on: bool) -> None:
        """Show the customer that the agent writes, or no longer."""
        self.live.log.show(Activity(state="typing" if on else "idle"))

    def saw(self, fact: Fact) -> None:
        """Something was said in the session."""
        if isinstance(fact, CustomerTurn | ReplyDone):
            self._words_at = asyncio.get_running_loop().time()
        if isinstance(fact, CustomerTurn) and self._suggests and self.state is State.HUMAN_ACTIVE:
            self._suggests.turn_finished(self.live.log.conversation, fact.turn_id, fact.channel)

    # --- the task -------------------------------------------------------------------------------------

    async def run(self, first: Input | None = None) -> None:
        """From the first happening (the wish) to the outcome."""
        async with asyncio.TaskGroup() as self._tasks:
            self._record = Record(self.live.log, self._tasks)
            beside = [
                self._tasks.create_task(self._line.run(), name=f"errands of {self.handoff_id}"),
                self._tasks.create_task(self._tell_place(), name=f"place of {self.handoff_id}"),
                self._tasks.create_task(self._write(), name=f"words of {self.handoff_id}"),
                *([self._beside(self._suggests.run(), "suggestions")] if self._suggests else []),
            ]
            try:
                await self._let(first or Requested(self.wish.reason, self.wish.priority))
                while not self._handoff.over:
                    await self._next()
                self._refuse_rest()
                await self._settled()
            finally:
                self._refuse_rest()
                for task in beside:
                    task.cancel()
                self._stop(self._dialling)
                self._stop(self._bridging)
                self._tasks = self._record = None

    async def abandon(self) -> None:
        """A bug of ours ended the handoff: leave nobody in line, and the customer to the bot."""
        agent = self.agent
        self._part()
        for clean_up in (
            self._house.queue.leave(self.handoff_id),
            *([self._house.queue.finish(self.handoff_id, agent.agent_id)] if agent else []),
        ):
            try:
                await clean_up
            except Unavailable as error:
                log.warning("handoff not cleaned up", handoff=self.handoff_id, reason=str(error))
        if self._talk is not None and self._talk.with_person:
            self._talk.tell(self._house.phrases.not_connected)
        failed = HandoffChanged(
            handoff_id=self.handoff_id,
            state=State.AI_ACTIVE.value,
            floor="bot",
            reason="failed",
            outcome="failed",
        )
        self.live.log.assume(failed)
        try:
            await self.live.log.emit(failed)
        except Unavailable as error:
            log.warning("fact of a handoff not stored", session_id=self.live.session_id, reason=str(error))
            self.live.log.show(failed)

    async def _next(self) -> None:
        """What happens next, or the end of the state's time."""
        due_ms = self._handoff.due_ms
        try:
            async with asyncio.timeout_at(None if due_ms is None else due_ms / 1000):
                item = await self._inbox.get()
        except TimeoutError:
            await self._do_all(self._handoff.overdue(max(_now_ms(), due_ms or 0)))
            return
        taken = await self._let(item.happened)
        if not item.taken.done():
            item.taken.set_result(taken)

    async def _let(self, happened: Input) -> bool:
        actions = self._handoff.take(happened, _now_ms())
        if actions is None:
            return False
        await self._do_all(actions)
        return True

    async def _do_all(self, actions: list[Action]) -> None:
        await self._state_changed()
        for action in actions:
            try:
                await self._do(action)
            except Unavailable as error:
                log.warning("handoff", did_not=type(action).__name__, reason=str(error))
        self.show()

    async def _state_changed(self) -> None:
        """State it in the session's log, and to whoever watches."""
        handoff = self._handoff
        if handoff.state is self._told:
            return
        self._told, self._changed_at = handoff.state, self._house.now()
        STATES.labels(handoff.state.value).inc()
        if handoff.state is State.OFFERED or handoff.state is State.DIALLING:
            TIMES.labels("offer", self.channel).observe(self._changed_at - self._since)
        if handoff.state is State.BRIEFING:
            TIMES.labels("yes", self.channel).observe(self._changed_at - self._since)
        if handoff.state is State.HUMAN_ACTIVE:
            TIMES.labels("person", self.channel).observe(self._changed_at - self._since)
            self.last_agent = handoff.agent
        if handoff.outcome is not None:
            OUTCOMES.labels(handoff.outcome, self.channel).inc()
        if handoff.floor != "bot":
            self.live.cancel()  # a reply in the chat ends before another has the floor
        assert self._record is not None
        await self._record.changed(
            HandoffChanged(
                handoff_id=handoff.handoff_id,
                state=handoff.state.value,
                floor=handoff.floor,
                reason=handoff.reason,
                agent_id=handoff.agent.agent_id if handoff.agent else None,
                agent=handoff.agent.name if handoff.agent else None,
                outcome=handoff.outcome,
            )
        )

    # --- what the machine wants done ------------------------------------------------------------------

    async def _do(self, action: Action) -> None:
        match action:
            case Screen():
                self._beside(self._screen(), "screen")
            case Enqueue():
                self._enqueue(action)
            case LeaveQueue():
                self._line.leave()
            case Release(agent):
                self._release(agent)
            case Dial(agent):
                self._dial(agent)
            case Arrange(choice):
                await self._house.arranges.arrange(self.live.session_id, choice, self._queue, self._reach())
            case _:
                await self._do_in_session(action)

    async def _do_in_session(self, action: Action) -> None:
        match action:
            case Tell(sentence) | Resume(sentence):
                self._tell(self._house.phrases.of(sentence))
            case TellAgent(sentence):
                self._tell_agent(sentence)
            case Bridge(agent):
                await self._bridge(agent)
            case Unbridge():
                self._part()
            case HangUpAgent():
                if not self._dismissed:  # else the telephone hangs up by itself, behind the last words
                    self._stop(self._dialling)
            case HangUpCustomer():
                if self._talk is not None:
                    await self._talk.room.customer.hang_up("the agent ended the call")
            case Brief():
                pass  # a desk has it on its screen; the telephone's call goes on by itself

    async def _screen(self) -> None:
        """Find out who could come."""
        house, online, wait_s = self._house, 0, None
        opened = is_open(house.settings.schedule(self._queue), house.now())
        try:
            there = await house.queue.availability(self._queue, self._skills, house.language, self.channel)
            online, wait_s = there.online, there.wait_s
        except Unavailable as error:
            log.warning("queue unreachable", reason=str(error))
        self.put_soon(Screened(opened, online, wait_s))

    @property
    def _skills(self) -> frozenset[str]:
        """What the person must know, where the queue's people differ in it."""
        known = self._house.settings.of(self._queue).skills
        return frozenset({self.wish.skill} if self.wish.skill in known and len(known) > 1 else ())

    def _enqueue(self, action: Enqueue) -> None:
        self._lined_up = action
        wanted = Wanted(
            handoff_id=self.handoff_id,
            session_id=self.live.session_id,
            queue=self._queue,
            channel=self.channel,
            skills=self._skills,
            language=self._house.language,
            priority=action.priority,
            since=self._since,
            not_agents=action.without - ({self._only_agent} if self._only_agent else set()),
            only_agent=self._only_agent,
            reason=self.wish.reason,
        )
        self._line.enqueue(wanted)

    def _release(self, agent: Agent) -> None:
        """The agent has a place free again; a telephone whose offer still stands has not taken it."""
        lease_id, reason = self._dialled_lease, self._handoff.reason
        unanswered = None
        if agent.phone is not None and lease_id is not None:
            unanswered = Unanswered(lease_id, reason in DECLINED, reason)
        self._line.release(agent.agent_id, unanswered)

    # --- telephones of agents -------------------------------------------------------------------------

    _dialled_lease: str | None = None
    _dismissed = False
    "The agent's telephone is told why, and hangs up by itself."

    def _dial(self, agent: Agent) -> None:
        telephones, lease_id = self._house.telephones, self._handoff.lease_id
        self._dialled_lease, self._dismissed = lease_id, False
        if telephones is None or lease_id is None:
            self.put_soon(NotReached("no_telephone"))
            return

        def put(happened: Input) -> None:
            if self._dialled_lease == lease_id:  # else it is a call that still says goodbye
                self.put_soon(happened)

        customer = self._talk.room.customer if self._talk is not None else None
        if customer is not None and telephones.refers(agent, customer):
            calling = self._send_on(telephones, customer, agent, put)
        else:
            calling = telephones.call(agent, lease_id, self._briefing(), put)
        self._dialling = self._beside(calling, f"dial {agent.agent_id}")

    async def _send_on(
        self, telephones: Telephones, customer: Leg, agent: Agent, put: Callable[[Input], None]
    ) -> None:
        """Tell the customer, and have them sent to the agent's number."""

        def tell(happened: Input) -> None:
            if isinstance(happened, NotReached):
                self._tell(self._house.phrases.not_connected)
            put(happened)

        self._tell(self._house.phrases.sending_on)
        for _ in range(SENTENCES):
            if self._talk is not None:
                await self._talk.said()
        await telephones.send(customer, agent, self._briefing(), tell)

    @staticmethod
    def _stop(task: "asyncio.Task[None] | None") -> None:
        if task is not None:
            task.cancel()

    def _leg_of(self, agent: Agent) -> Leg | None:
        if agent.phone is None:
            return self._house.legs.get(agent.agent_id)
        lease, telephones = self._dialled_lease, self._house.telephones
        return telephones.leg(lease) if telephones is not None and lease is not None else None

    # --- words ----------------------------------------------------------------------------------------

    def _tell(self, text: str) -> None:
        """Say it to the customer: the bot does, or it is written in the chat."""
        if self._talk is not None:
            self._talk.tell(text)
        elif not self._to_write.full():
            self._to_write.put_nowait(text)

    async def _write(self) -> None:
        """Write sentences into the chat, each after the reply that is under way."""
        while True:
            text = await self._to_write.get()
            try:
                await self.live.silent()
                if not self.live.log.with_person:
                    await self._write_down(text)
            finally:
                self._to_write.task_done()

    async def _write_down(self, text: str) -> None:
        turn_id = self.live.log.new_id("r")
        words = Words(text=text)
        for fact in (
            ReplyStarted(turn_id=turn_id, answers=None),
            ReplyDone(turn_id=turn_id, answers=None, source="fixed", pii=words),
        ):
            try:
                await self.live.log.emit(fact)
            except Unavailable as error:
                log.warning("sentence not stored", session_id=self.live.session_id, reason=str(error))
                self.live.log.show(fact)
        self.live.answer_owed()

    def _tell_agent(self, sentence: Sentence) -> None:
        """Say it at the agent's telephone; a desk sees the state."""
        lease_id, telephones = self._dialled_lease, self._house.telephones
        if telephones is not None and lease_id is not None:
            self._dismissed = True
            telephones.dismiss(lease_id, self._house.phrases.of(sentence))

    def _reach(self) -> dict[str, str]:
        """By what the customer can be reached again: what the wire and they themselves told."""
        who = self._briefing().who
        found = {"phone": who.claims.get("caller"), "email": who.email, "name": who.name}
        return {key: value for key, value in found.items() if value}

    # --- connecting -----------------------------------------------------------------------------------

    async def _bridge(self, agent: Agent) -> None:
        leg = self._leg_of(agent)
        if self._talk is None:
            self._bridging = self._beside(self._connect_chat(), "bridge")
        elif leg is None or leg.ended is not None:
            self.put_soon(BridgeFailed("no_audio"))
        else:
            self._bridging = self._beside(self._connect(self._talk, agent, leg), "bridge")

    async def _connect(self, talk: Talk, agent: Agent, leg: Leg) -> None:
        """Have the agent there, let the bot end its sentence, and only then give the agent the floor."""
        human = self._human = await talk.room.join(Role.HUMAN, leg)
        self._note(LegJoined(leg_id=leg.leg_id, role="human", kind=leg.kind))
        self._watching = self._beside(self._until_lost(human), f"agent of {self.handoff_id}")
        await talk.said()
        self.put_soon(Bridged() if await talk.bridge(agent, human) else BridgeFailed("no_audio"))

    async def _connect_chat(self) -> None:
        """Let the bot's last sentence into the chat: it may write nothing once the agent has the floor."""
        await self._written()
        self.put_soon(Bridged())

    def _part(self) -> None:
        """Agent and customer do not hear each other any more."""
        self._stop(self._bridging)
        self._stop(self._watching)
        human, self._human = self._human, None
        self.hold = self.muted = False
        if self._talk is not None:
            self._talk.part()
            if human is not None:
                self._talk.room.leave(human)
        if human is not None:
            self._note(_left(human))

    async def _until_lost(self, human: Participant) -> None:
        await human.gone.wait()
        if self._human is not human:
            return
        ended, agent = human.leg.ended, self.agent
        hung_up = agent is not None and agent.phone and ended is not None and ended.by == "remote"
        # Who hangs a telephone up has finished; they have no other way to say so.
        self.put_soon(HandedBack() if hung_up and self.state is State.HUMAN_ACTIVE else AgentLost())

    # --- the line -------------------------------------------------------------------------------------

    async def _tell_place(self) -> None:
        """Keep a customer who waits informed, for as long as the handoff lasts."""
        shown: QueuePosition | None = None
        clock = asyncio.get_running_loop().time
        told_at = clock()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self.state is not State.QUEUED:
                told_at = clock()
                continue
            try:
                stands = await self._house.queue.position(self.handoff_id)
            except Unavailable:
                continue
            if stands.position is None:
                continue
            now = QueuePosition(handoff_id=self.handoff_id, position=stands.position, wait_s=stands.wait_s)
            if now != shown:
                self.live.log.show(now)
                shown = now
            if clock() - max(told_at, self._words_at) >= TELL_EVERY_S and self._talk is not None:
                told_at = clock()
                self._talk.tell(self._house.phrases.waiting(stands.position, stands.wait_s))

    # --- small parts ----------------------------------------------------------------------------------

    def _beside(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        assert self._tasks is not None
        return self._tasks.create_task(work, name=name)

    def _note(self, fact: Fact) -> None:
        if self._record is not None:
            self._record.note(fact)

    async def _settled(self) -> None:
        """Let the last errands be done, and the last sentences into the chat."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_ERRANDS_S):
                await self._line.done()
        await self._written()

    async def _written(self) -> None:
        """Let what is to be told into the chat."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._to_write.join()

    def _refuse_rest(self) -> None:
        while not self._inbox.empty():
            item = self._inbox.get_nowait()
            if not item.taken.done():
                item.taken.set_result(False)


def _left(human: Participant) -> LegLeft:
    ended = human.leg.ended
    by, reason = (ended.by, ended.reason) if ended else ("local", "parted")
    return LegLeft(leg_id=human.leg.leg_id, role="human", by=by, reason=reason)


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
