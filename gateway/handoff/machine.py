"""Decides about one handoff: what happens and the time go in, what is to be done comes out.  [core]

What does not fit the state is passed over: a yes that comes too late, a repeated click, a hang-up after the
end. Such an input changes nothing and gives no actions; `take` returns None, so that its sender can be told.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.handoff.states import (
    Accepted,
    Action,
    Agent,
    AgentLost,
    Answered,
    Arrange,
    Bridge,
    Bridged,
    BridgeFailed,
    Brief,
    Called,
    Cancelled,
    Chose,
    Connect,
    CustomerGone,
    Dial,
    Ended,
    Enqueue,
    Floor,
    HandedBack,
    HangUpAgent,
    HangUpCustomer,
    Input,
    LeaveQueue,
    Moved,
    NotReached,
    Offered,
    OfferOver,
    PickedUp,
    Refused,
    Release,
    Requested,
    Resume,
    Screen,
    Screened,
    Sentence,
    State,
    TakenOver,
    Tell,
    TellAgent,
    Transferred,
    Unbridge,
    WrappedUp,
)

Actions = list[Action]


@dataclass(frozen=True, slots=True)
class HandoffLimits:
    """How long each state may last, ms."""

    screen_ms: int = 3_000
    alternatives_ms: int = 60_000
    queued_ms: int = 600_000
    offered_ms: int = 25_000
    "The queue's own lease is shorter; this is for a queue that forgot it."
    dialling_ms: int = 30_000
    human_check_ms: int = 15_000
    briefing_ms: int = 20_000
    whisper_ms: int = 40_000
    "The same by telephone: the whisper and the question after it take about 20 s, and may be heard again."
    bridging_ms: int = 5_000
    human_active_ms: int = 4 * 3_600_000
    rescue_ms: int = 1_000
    "Until the bot speaks; then the customer is in line again."
    wrap_up_ms: int = 180_000
    caller_gone_ms: int = 5_000


RESCUED = 100
"Added to the priority of a customer who has lost their agent."
REFUSED = frozenset(("declined", "hung_up"))
"Why an agent did not take the customer, where they said so: they are not asked again."
CALLS = "customer_calls"
"Why an agent is asked who has had the customer in the chat."
LINED_UP = frozenset((State.QUEUED, State.OFFERED, State.DIALLING, State.HUMAN_CHECK, State.BRIEFING))
"The customer has a place in line, or somebody is about to come."
AT_REST = frozenset((State.AI_ACTIVE, State.CLOSED))


class Handoff:
    """One handoff, from the wish for a person to its outcome."""

    def __init__(self, handoff_id: str, limits: HandoffLimits | None = None) -> None:
        self.handoff_id = handoff_id
        self._limits = limits or HandoffLimits()
        self.state = State.AI_ACTIVE
        self.reason = ""
        "Why it is in this state, a stable code."
        self.outcome: str | None = None
        "How it went, once it is over; a stable code."
        self.agent: Agent | None = None
        "Who is asked, briefed, connected or wraps up."
        self.lease_id: str | None = None
        self.due_ms: int | None = None
        "When the state ends by itself; None at rest."
        self._priority = 0
        self._had_their_turn: set[str] = set()
        self._asked = False
        "Somebody wanted a person; a supervisor may come without that."
        self._talked = False
        "A person has had the customer in this handoff."

    @property
    def floor(self) -> Floor:
        """Who may speak or write to the customer."""
        if self.state is State.HUMAN_ACTIVE:
            return "human"
        return "none" if self.state in (State.WRAP_UP, State.CALLER_GONE, State.CLOSED) else "bot"

    @property
    def over(self) -> bool:
        """Whether it has its outcome; it does nothing more."""
        return self.outcome is not None

    def take(self, happened: Input, now_ms: int) -> Actions | None:
        """What is to be done about it, in order; None if it does not fit where things stand."""
        if self.over:
            return None
        if isinstance(happened, CustomerGone):
            return self._customer_gone(now_ms)
        if isinstance(happened, TakenOver):
            return self._taken_over(happened.agent, now_ms)
        step = TRANSITIONS.get((self.state, type(happened)))
        return step(self, happened, now_ms) if step is not None else None

    def overdue(self, now_ms: int) -> Actions:
        """What is to be done because the state has lasted too long; nothing before `due_ms`."""
        if self.due_ms is None or now_ms < self.due_ms:
            return []
        return TIMEOUTS[self.state](self, now_ms)

    # --- moving ---------------------------------------------------------------------------------------

    def _go(self, state: State, reason: str, now_ms: int) -> None:
        self.state, self.reason = state, reason
        self.due_ms = None if state in AT_REST else now_ms + getattr(self._limits, f"{state.value}_ms")

    def _finish(self, state: State, outcome: str, now_ms: int) -> None:
        self._go(state, outcome, now_ms)
        self.outcome = outcome

    def _line_up(self, reason: str, now_ms: int, *, had_their_turn: bool = False) -> Actions:
        """Into the line, or back into it; the queue itself knows who missed the customer."""
        if self.agent is not None and had_their_turn:
            self._had_their_turn.add(self.agent.agent_id)
        self.agent = self.lease_id = None
        self._go(State.QUEUED, reason, now_ms)
        return [Enqueue(self._priority, frozenset(self._had_their_turn))]

    # --- before somebody comes ------------------------------------------------------------------------

    def _requested(self, happened: Requested, now_ms: int) -> Actions:
        self._priority, self._asked = happened.priority, True
        self._go(State.SCREEN, happened.reason, now_ms)
        return [Screen()]

    def _screened(self, happened: Screened, now_ms: int) -> Actions:
        if happened.open and happened.online:
            return [*self._line_up("somebody_is_there", now_ms), Tell(Sentence.CONNECTING)]
        return self._nobody("nobody_is_there" if happened.open else "closed", Sentence.NOBODY, now_ms)

    def _nobody(self, reason: str, sentence: Sentence, now_ms: int) -> Actions:
        self.agent = self.lease_id = None
        self._go(State.ALTERNATIVES, reason, now_ms)
        return [Tell(sentence)]

    def _chose(self, happened: Chose, now_ms: int) -> Actions:
        if happened.choice == "wait":
            return self._line_up("customer_waits", now_ms)
        if happened.choice == "stay":
            self._finish(State.AI_ACTIVE, "stayed", now_ms)
            return []
        self._finish(State.AI_ACTIVE, happened.choice, now_ms)
        return [Arrange(happened.choice), Tell(Sentence.ARRANGED)]

    def _cancelled(self, happened: Cancelled, now_ms: int) -> Actions:
        actions = self._let_go_of_agent()
        self._finish(State.AI_ACTIVE, "cancelled", now_ms)
        return [LeaveQueue(), *actions, Tell(Sentence.CANCELLED)]

    def _offered(self, happened: Offered, now_ms: int) -> Actions:
        self.agent, self.lease_id = happened.agent, happened.lease_id
        if happened.agent.phone is None:
            self._go(State.OFFERED, "agent_found", now_ms)
            return []
        self._go(State.DIALLING, "agent_found", now_ms)
        return [Dial(happened.agent)]

    def _offer_over(self, happened: OfferOver, now_ms: int) -> Actions | None:
        if happened.lease_id != self.lease_id or self.agent is None:
            return None
        actions: Actions = [HangUpAgent()] if self.agent.phone else []
        if self.state in (State.HUMAN_CHECK, State.BRIEFING):
            if not self.agent.phone:
                return None  # who reads at a desk has accepted it
            told: Actions = [TellAgent(Sentence.TAKEN)] if self.state is State.BRIEFING else []
            actions = [*told, *actions, Release(self.agent)]
        return actions + self._line_up(happened.why, now_ms, had_their_turn=happened.why in REFUSED)

    def _accepted(self, happened: Accepted, now_ms: int) -> Actions | None:
        if happened.lease_id != self.lease_id or self.agent is None:
            return None
        self._go(State.BRIEFING, "accepted", now_ms)
        return [Brief(self.agent)]

    def _answered(self, happened: Answered, now_ms: int) -> Actions:
        self._go(State.HUMAN_CHECK, "answered", now_ms)
        return []

    def _not_reached(self, happened: NotReached, now_ms: int) -> Actions:
        return [*self._let_go_of_agent(), *self._line_up(happened.why, now_ms)]

    def _moved(self, happened: Moved, now_ms: int) -> Actions:
        actions = self._let_go_of_agent()
        self._finish(State.CLOSED, "transferred", now_ms)
        return [LeaveQueue(), *actions]

    def _picked_up(self, happened: PickedUp, now_ms: int) -> Actions:
        assert self.agent is not None
        if not happened.person:
            return [*self._let_go_of_agent(), *self._line_up("machine", now_ms)]
        self._go(State.BRIEFING, "picked_up", now_ms)
        self.due_ms = now_ms + self._limits.whisper_ms
        return [Brief(self.agent)]

    def _connect(self, happened: Connect, now_ms: int) -> Actions:
        assert self.agent is not None
        self._go(State.BRIDGING, "agent_ready", now_ms)
        return [Tell(Sentence.COMING), Bridge(self.agent)]

    def _refused(self, happened: Refused, now_ms: int) -> Actions:
        refused = happened.why in REFUSED
        return [*self._let_go_of_agent(), *self._line_up(happened.why, now_ms, had_their_turn=refused)]

    def _let_go_of_agent(self) -> Actions:
        """The agent who is asked, called or briefed is free again; their telephone is hung up."""
        agent = self.agent
        if agent is None:
            return []
        hang_up: Actions = [HangUpAgent()] if agent.phone else []
        return hang_up if self.state is State.OFFERED else [*hang_up, Release(agent)]

    # --- with a person --------------------------------------------------------------------------------

    def _bridged(self, happened: Bridged, now_ms: int) -> Actions:
        self._talked = True
        self._go(State.HUMAN_ACTIVE, "connected", now_ms)
        return []

    def _bridge_failed(self, happened: BridgeFailed, now_ms: int) -> Actions:
        return self._not_connected(happened.why, now_ms)

    def _not_connected(self, why: str, now_ms: int) -> Actions:
        actions: Actions = [Unbridge(), *self._let_go_of_agent()]
        if self._asked:
            lined_up = self._line_up(why, now_ms, had_their_turn=why != "agent_lost")
            return [*actions, *lined_up, Tell(Sentence.NOT_CONNECTED)]
        self._finish(State.AI_ACTIVE, "not_connected", now_ms)
        return actions

    def _called(self, happened: Called, now_ms: int) -> Actions:
        """The agent is asked before the customer hears them; the bot has the call meanwhile."""
        assert self.agent is not None
        self._go(State.BRIEFING, CALLS, now_ms)
        return [Unbridge(), Brief(self.agent)]

    def _read(self, now_ms: int) -> Actions:
        """The time for reading is over. Who did not say yes to a call does not get it."""
        assert self.agent is not None
        if self.reason == CALLS:
            return [*self._refused(Refused("not_confirmed"), now_ms), Tell(Sentence.MOVING_ON)]
        if self.agent.phone:
            return self._refused(Refused("not_confirmed"), now_ms)
        return self._connect(Connect(), now_ms)

    def _handed_back(self, happened: HandedBack, now_ms: int) -> Actions:
        actions = self._let_go_of_agent()
        self._finish(State.AI_ACTIVE, "handed_back", now_ms)
        return [Unbridge(), *actions, Resume(Sentence.BACK)]

    def _transferred(self, happened: Transferred, now_ms: int) -> Actions:
        actions = self._let_go_of_agent()
        self._priority += RESCUED
        lined_up = self._line_up("transferred", now_ms, had_their_turn=True)
        return [Unbridge(), *actions, *lined_up, Resume(Sentence.MOVING_ON)]

    def _agent_lost(self, happened: AgentLost, now_ms: int) -> Actions:
        if self.state is State.BRIDGING:
            return self._not_connected("agent_lost", now_ms)
        actions = self._let_go_of_agent()
        if self.state in (State.BRIEFING, State.HUMAN_CHECK):
            return [*actions, *self._line_up("agent_lost", now_ms)]
        if self.agent is not None:
            self._had_their_turn.discard(self.agent.agent_id)
        self._priority += RESCUED
        self.agent = self.lease_id = None  # who comes back is offered the customer first
        self._go(State.RESCUE, "agent_lost", now_ms)
        return [Unbridge(), *actions, Resume(Sentence.LOST_AGENT)]

    def _rescued(self, now_ms: int) -> Actions:
        return self._line_up("agent_lost", now_ms)

    def _ended(self, happened: Ended, now_ms: int) -> Actions:
        self._go(State.WRAP_UP, "agent_ended", now_ms)
        return [Unbridge(), *self._hang_up_phone(), HangUpCustomer()]

    def _hang_up_phone(self) -> Actions:
        return [HangUpAgent()] if self.agent is not None and self.agent.phone else []

    def _wrapped_up(self, happened: WrappedUp, now_ms: int) -> Actions:
        return self._close(now_ms)

    def _close(self, now_ms: int) -> Actions:
        released: Actions = [Release(self.agent)] if self.agent is not None else []
        self._finish(State.CLOSED, "talked" if self._talked else "abandoned", now_ms)
        return released

    # --- whatever the state ---------------------------------------------------------------------------

    def _customer_gone(self, now_ms: int) -> Actions | None:
        state = self.state
        if state in (State.WRAP_UP, State.CALLER_GONE):
            return None
        if state is State.HUMAN_ACTIVE:
            self._go(State.CALLER_GONE, "customer_left", now_ms)
            return [Unbridge(), TellAgent(Sentence.CUSTOMER_LEFT)]
        if state in (State.BRIEFING, State.BRIDGING):
            self._go(State.CALLER_GONE, "customer_left", now_ms)
            unbridge: Actions = [Unbridge()] if state is State.BRIDGING else []
            return [*unbridge, LeaveQueue(), TellAgent(Sentence.CUSTOMER_LEFT)]
        actions = self._let_go_of_agent() if state in LINED_UP else []
        leave: Actions = [LeaveQueue()] if state in LINED_UP else []
        self._finish(State.CLOSED, f"abandoned_{state.value}", now_ms)
        return [*leave, *actions]

    def _told(self, now_ms: int) -> Actions:
        """The agent was told that the customer has left."""
        actions = self._let_go_of_agent()
        if self._talked and self.agent is not None:
            if not self.agent.phone:
                self._go(State.WRAP_UP, "customer_left", now_ms)
                return []
            self._finish(State.CLOSED, "talked", now_ms)  # nobody can write anything down on a telephone
            return actions
        self._finish(State.CLOSED, "abandoned_briefing", now_ms)
        return actions

    def _taken_over(self, agent: Agent, now_ms: int) -> Actions | None:
        state = self.state
        if state in (State.WRAP_UP, State.CALLER_GONE, State.BRIDGING):
            return None
        if self.agent is not None and self.agent.agent_id == agent.agent_id:
            return None
        parted: Actions = [Unbridge()] if state is State.HUMAN_ACTIVE else []
        leave: Actions = [LeaveQueue()] if state in LINED_UP else []
        actions = [*leave, *parted, *self._let_go_of_agent()]
        self.agent, self.lease_id = agent, None
        self._go(State.BRIDGING, "taken_over", now_ms)
        return [*actions, Bridge(agent)]

    # --- when time is up ------------------------------------------------------------------------------

    def _waited_too_long(self, now_ms: int) -> Actions:
        return [LeaveQueue(), *self._nobody("waited_too_long", Sentence.WAITED_TOO_LONG, now_ms)]

    def _no_choice(self, now_ms: int) -> Actions:
        self._finish(State.AI_ACTIVE, "no_choice", now_ms)
        return []

    def _missed(self, now_ms: int) -> Actions:
        return [LeaveQueue(), *self._let_go_of_agent(), *self._line_up("missed", now_ms)]

    def _too_long(self, now_ms: int) -> Actions:
        return self._handed_back(HandedBack(), now_ms)


Step = Callable[[Handoff, Input, int], Actions | None]


def _table() -> dict[tuple[State, type[Input]], Step]:
    """Which input does what in which state. `CustomerGone` and `TakenOver` may come in any."""
    rows: list[tuple[tuple[State, ...], type[Input], Callable[..., Actions | None]]] = [
        ((State.AI_ACTIVE,), Requested, Handoff._requested),
        ((State.SCREEN,), Screened, Handoff._screened),
        ((State.ALTERNATIVES,), Chose, Handoff._chose),
        ((State.SCREEN, State.ALTERNATIVES, *sorted(LINED_UP)), Cancelled, Handoff._cancelled),
        ((State.QUEUED,), Offered, Handoff._offered),
        (
            (State.OFFERED, State.DIALLING, State.HUMAN_CHECK, State.BRIEFING),
            OfferOver,
            Handoff._offer_over,
        ),
        ((State.OFFERED,), Accepted, Handoff._accepted),
        ((State.DIALLING,), Answered, Handoff._answered),
        ((State.DIALLING,), NotReached, Handoff._not_reached),
        ((State.DIALLING,), Moved, Handoff._moved),
        ((State.HUMAN_CHECK,), PickedUp, Handoff._picked_up),
        ((State.BRIEFING,), Connect, Handoff._connect),
        ((State.BRIEFING,), Refused, Handoff._refused),
        ((State.BRIDGING,), Bridged, Handoff._bridged),
        ((State.BRIDGING,), BridgeFailed, Handoff._bridge_failed),
        ((State.HUMAN_ACTIVE,), Called, Handoff._called),
        ((State.HUMAN_ACTIVE,), HandedBack, Handoff._handed_back),
        ((State.HUMAN_ACTIVE,), Transferred, Handoff._transferred),
        ((State.HUMAN_ACTIVE,), Ended, Handoff._ended),
        (
            (State.HUMAN_CHECK, State.BRIEFING, State.BRIDGING, State.HUMAN_ACTIVE),
            AgentLost,
            Handoff._agent_lost,
        ),
        ((State.WRAP_UP,), WrappedUp, Handoff._wrapped_up),
    ]
    return {(state, kind): step for states, kind, step in rows for state in states}


TRANSITIONS = _table()

TIMEOUTS: dict[State, Callable[[Handoff, int], Actions]] = {
    State.SCREEN: lambda handoff, now: handoff._nobody("no_answer", Sentence.NOBODY, now),
    State.ALTERNATIVES: Handoff._no_choice,
    State.QUEUED: Handoff._waited_too_long,
    State.OFFERED: Handoff._missed,
    State.DIALLING: lambda handoff, now: handoff._not_reached(NotReached("no_answer"), now),
    State.HUMAN_CHECK: lambda handoff, now: handoff._picked_up(PickedUp(person=False), now),
    State.BRIEFING: Handoff._read,
    State.BRIDGING: lambda handoff, now: handoff._bridge_failed(BridgeFailed("took_too_long"), now),
    State.HUMAN_ACTIVE: Handoff._too_long,
    State.RESCUE: Handoff._rescued,
    State.WRAP_UP: Handoff._close,
    State.CALLER_GONE: Handoff._told,
}
"When a state has lasted too long. A telephone that says neither yes nor no does not get the customer."
