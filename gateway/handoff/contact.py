"""One handoff while it is under way: waits for what happens, asks the machine, and does what it says.

A task of its own, from the wish for a person to the outcome. What takes long (a telephone that rings) runs
beside it and reports back; everything else is done in order, so that no two things happen at once.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

import structlog

from gateway.desk.messages import Contact as ContactView
from gateway.events import HandoffChanged
from gateway.handoff.absence import watch
from gateway.handoff.agent_phone import AgentPhone
from gateway.handoff.connection import Connection
from gateway.handoff.house import House
from gateway.handoff.inbox import Inbox
from gateway.handoff.line import Line, Wish
from gateway.handoff.machine import Handoff
from gateway.handoff.place import Place
from gateway.handoff.record import Record
from gateway.handoff.sentences import ChatSentences
from gateway.handoff.states import (
    Action,
    Agent,
    Arrange,
    Bridge,
    Bridged,
    BridgeFailed,
    Brief,
    Called,
    Choice,
    CustomerGone,
    Dial,
    Enqueue,
    HangUpAgent,
    HangUpCustomer,
    Input,
    LeaveQueue,
    Release,
    Requested,
    Resume,
    Screen,
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
from pipelines.briefing import Briefing
from pipelines.facts import Activity, Channel, CustomerTurn, Fact, HandoffChosen, ReplyDone, Unavailable

log = structlog.get_logger(__name__)

ARRANGE_AGAIN_S = (0.5, 2.0, 5.0)
"When a callback or message could not be stored; after the last time the customer is told so."
LAST_ERRANDS_S = 20.0
"So long they take at a queue that cannot be reached."


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
        self._inbox = Inbox(handoff_id)
        make = house.make_suggestions
        self._suggests = make(live.log.emit) if make is not None else None
        self._talk = talk
        self._began_in_chat = talk is None
        self._tasks: asyncio.TaskGroup | None = None
        self._record: Record | None = None
        "While it runs."
        self._line = Line(handoff_id, live.session_id, wish, house)
        self._sentences = ChatSentences(live)
        self._place = Place(handoff_id, live, house, lambda: self.state is State.QUEUED, lambda: self._talk)
        self._phone = AgentPhone(house, self.put_soon, self._tell, self._beside)
        self._connection = Connection(self.put_soon, self._note, self._beside)
        self._chosen: Mapping[str, Any] = {}
        "What they said of the call back that they want."
        self._arranged = house.phrases.arranged
        "What they are told of it."
        self._changed_at = self._line.since
        self.measures = house.recent.begin(handoff_id, wish.reason, wish.queue, self._line.since)
        self._told: State | None = None
        self.supervisors = 0

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
    def connection(self) -> Connection:
        """Agent and customer in a call."""
        return self._connection

    @property
    def talk(self) -> Talk | None:
        """The call, if there is one."""
        return self._talk

    @property
    def queue(self) -> str:
        """The line that the customer stands in."""
        return self._line.queue

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
            queue=self._line.queue,
            reason=self.wish.reason,
            customer=self._briefing().who.name,
            until=until if handoff.state is State.BRIEFING else None,
            hold=self._connection.hold,
            muted=self._connection.muted,
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
            self._line.enqueue(None, self.channel)
        elif self.state is State.HUMAN_ACTIVE and self.agent is not None:
            leg = self._leg_of(self.agent)
            if agent_is_free and leg is not None and leg.ended is None:
                talk.tell(self._house.phrases.putting_through)
                self._line.rebook(self.agent.agent_id, "voice")
                self.put_soon(Called())
            else:
                self._line.redirect(None, None)
                self.put_soon(Transferred())

    def call_over(self) -> None:
        """The customer has hung up; those who were in the chat before are there still."""
        if not self._began_in_chat or (self.agent is not None and self.agent.phone):
            self.put_soon(CustomerGone())
            return
        self._connection.part()
        self._talk = None
        if self.agent is not None and self.state in (State.BRIEFING, State.BRIDGING, State.HUMAN_ACTIVE):
            self._line.rebook(self.agent.agent_id, "chat")
        if self.state is State.BRIDGING:
            self.put_soon(Bridged())
        elif self.state is State.QUEUED:
            self._line.enqueue(None, self.channel)
        self.show()

    async def agent_leg(self, leg: Leg) -> None:
        """The agent's audio is another one now: they reloaded the page, or opened another tab."""
        if self.state is State.HUMAN_ACTIVE and self.agent is not None:
            await self._connection.move(self.agent, leg)

    def redirect(self, queue: str | None, only_agent: str | None) -> None:
        """Where a transfer goes to."""
        self._line.redirect(queue, only_agent)

    async def put(self, happened: Input) -> bool:
        """Let it happen; whether it fitted where things stand. Raises `Unavailable` when too much waits."""
        return await self._inbox.put(happened)

    def put_soon(self, happened: Input) -> None:
        """Like `put`, for those who do not wait for the outcome."""
        self._inbox.put_soon(happened)

    def typing(self, on: bool) -> None:
        """Show the customer that the agent writes, or no longer."""
        self.live.log.show(Activity(state="typing" if on else "idle"))

    def saw(self, fact: Fact) -> None:
        """Something was said in the session."""
        if isinstance(fact, CustomerTurn | ReplyDone):
            self._place.words()
        if isinstance(fact, HandoffChosen) and fact.pii is not None:
            self._chosen = fact.pii.values
        if isinstance(fact, CustomerTurn) and self._suggests and self.state is State.HUMAN_ACTIVE:
            self._suggests.turn_finished(self.live.log.conversation, fact.turn_id, fact.channel)

    # --- the task -------------------------------------------------------------------------------------

    async def run(self, first: Input | None = None) -> None:
        """From the first happening (the wish) to the outcome."""
        async with asyncio.TaskGroup() as self._tasks:
            self._record = Record(self.live.log, self._tasks)
            beside = [
                self._beside(self._line.run(), f"errands of {self.handoff_id}"),
                self._beside(self._place.run(), f"place of {self.handoff_id}"),
                self._beside(watch(self), f"customer of {self.handoff_id}"),
                self._beside(self._sentences.run(), f"words of {self.handoff_id}"),
                *([self._beside(self._suggests.run(), "suggestions")] if self._suggests else []),
            ]
            try:
                await self._let(first or Requested(self.wish.reason, self.wish.priority))
                while not self._handoff.over:
                    await self._next()
                self._inbox.close()
                await self._settled()
            finally:
                self._inbox.close()
                for task in beside:
                    task.cancel()
                self._phone.hang_up(at_once=True)
                self._connection.stop()
                self._tasks = self._record = None

    async def abandon(self) -> None:
        """A bug of ours ended the handoff: leave nobody in line, and the customer to the bot."""
        agent = self.agent
        self._connection.part()
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
        self.measures.ended("failed", self.channel, self._house.now())
        state = State.AI_ACTIVE.value
        failed = HandoffChanged(
            handoff_id=self.handoff_id, state=state, floor="bot", reason="failed", outcome="failed"
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
        item = await self._inbox.next(None if due_ms is None else due_ms / 1000)
        if item is None:
            await self._do_all(self._handoff.overdue(max(_now_ms(), due_ms or 0)))
        else:
            item.answer(await self._let(item.happened))

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
        self.measures.came_to(handoff.state, self.channel, self._changed_at)
        if handoff.outcome is not None:
            self.measures.ended(handoff.outcome, self.channel, self._changed_at)
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
                self._line.enqueue(action, self.channel)
            case LeaveQueue():
                self._line.leave()
            case Release(agent):
                # A telephone whose offer still stands has not taken it.
                unanswered = self._phone.unanswered(self._handoff.reason) if agent.phone else None
                self._line.release(agent.agent_id, unanswered)
            case Dial(agent):
                self._phone.dial(agent, self._handoff.lease_id, self._talk, self._briefing())
            case Arrange(choice):
                await self._arrange(choice)
            case _:
                await self._do_in_session(action)

    async def _do_in_session(self, action: Action) -> None:
        match action:
            case Tell(Sentence.ARRANGED):
                self._tell(self._arranged)
            case Tell(sentence) | Resume(sentence):
                self._tell(self._house.phrases.of(sentence))
            case TellAgent(sentence):
                self._phone.dismiss(sentence)
            case Bridge(agent):
                self._bridge(agent)
            case Unbridge():
                self._connection.part()
            case HangUpAgent():
                self._phone.hang_up()
            case HangUpCustomer():
                if self._talk is not None:
                    await self._talk.room.customer.hang_up("the agent ended the call")
            case Brief():
                pass  # a desk has it on its screen; the telephone's call goes on by itself

    async def _screen(self) -> None:
        """Find out who could come."""
        self.put_soon(await self._line.screen(self.channel))

    def _bridge(self, agent: Agent) -> None:
        leg = self._leg_of(agent)
        if self._talk is None:
            # The bot may write nothing once the agent has the floor, so its last sentence goes first.
            self._connection.begin_with(self._sentences.written())
        elif leg is None or leg.ended is not None:
            self.put_soon(BridgeFailed("no_audio"))
        else:
            self._connection.begin(self._talk, agent, leg)

    def _leg_of(self, agent: Agent) -> Leg | None:
        return self._phone.leg if agent.phone is not None else self._house.legs.get(agent.agent_id)

    def _tell(self, text: str) -> None:
        """Say it to the customer: the bot does, or it is written in the chat."""
        if self._talk is not None:
            self._talk.tell(text)
        else:
            self._sentences.put(text)

    async def _arrange(self, choice: Choice) -> None:
        """Note what the customer chose; they are told so only once it is kept."""
        who = self._briefing().who
        reach = {"phone": who.claims.get("caller"), "email": who.email, "name": who.name}
        known = {key: value for key, value in reach.items() if value}
        for pause_s in ARRANGE_AGAIN_S:
            try:
                self._arranged = await self._house.arranges.arrange(
                    self.live.session_id, choice, self._line.queue, known, self._chosen
                )
                return
            except Unavailable as error:
                log.warning("not arranged yet", handoff=self.handoff_id, reason=str(error))
                await asyncio.sleep(pause_s)
        self._arranged = self._house.phrases.not_arranged

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
        await self._sentences.written()


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
