"""The handoff's decisions: every transition, every timeout, and what holds in any order of events."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.handoff.machine import AT_REST, TIMEOUTS, TRANSITIONS, Actions, Handoff, HandoffLimits
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

ALEX = Agent("a_alex", "Alex")
PHIL = Agent("a_phil", "Phil", phone="night_line")
SAM = Agent("a_sam", "Sam")
WISH = Requested("customer_asked")
HERE = Screened(open=True, online=1)
TO_ALEX = Offered("l_1", ALEX)
TO_PHIL = Offered("l_1", PHIL)
AGAIN = Enqueue(0, frozenset())
ANEW = Enqueue(0, frozenset({"a_alex"}))
ANEW_WITHOUT_PHIL = Enqueue(0, frozenset({"a_phil"}))


def after(*happened: Input, limits: HandoffLimits | None = None) -> Handoff:
    """A handoff to which this happened, one second apart, each of it fitting."""
    handoff = Handoff("h_1", limits)
    for number, each in enumerate(happened):
        assert handoff.take(each, number * 1000) is not None, each
    return handoff


TO_BRIEFING = (WISH, HERE, TO_ALEX, Accepted("l_1"))
TO_HUMAN = (*TO_BRIEFING, Connect(), Bridged())
TO_DIALLING = (WISH, HERE, TO_PHIL)
TO_PHONE_BRIEFING = (*TO_DIALLING, Answered(), PickedUp(person=True))

CASES: dict[str, tuple[Sequence[Input], Input, State, Actions]] = {
    "a wish is looked into before anything is promised": ((), WISH, State.SCREEN, [Screen()]),
    "somebody is there": (
        (WISH,),
        HERE,
        State.QUEUED,
        [Enqueue(0, frozenset()), Tell(Sentence.CONNECTING)],
    ),
    "nobody is there": (
        (WISH,),
        Screened(open=True, online=0),
        State.ALTERNATIVES,
        [Tell(Sentence.NOBODY)],
    ),
    "closed": ((WISH,), Screened(open=False, online=3), State.ALTERNATIVES, [Tell(Sentence.NOBODY)]),
    "rather a callback": (
        (WISH, Screened(open=False, online=0)),
        Chose("callback"),
        State.AI_ACTIVE,
        [Arrange("callback"), Tell(Sentence.ARRANGED)],
    ),
    "rather a message": (
        (WISH, Screened(open=False, online=0)),
        Chose("message"),
        State.AI_ACTIVE,
        [Arrange("message"), Tell(Sentence.ARRANGED)],
    ),
    "rather the bot": ((WISH, Screened(open=False, online=0)), Chose("stay"), State.AI_ACTIVE, []),
    "wait all the same": (
        (WISH, Screened(open=True, online=0)),
        Chose("wait"),
        State.QUEUED,
        [Enqueue(0, frozenset())],
    ),
    "an agent is found": ((WISH, HERE), TO_ALEX, State.OFFERED, []),
    "the agent says yes": ((WISH, HERE, TO_ALEX), Accepted("l_1"), State.BRIEFING, [Brief(ALEX)]),
    "the agent says no": ((WISH, HERE, TO_ALEX), OfferOver("l_1", "declined"), State.QUEUED, [ANEW]),
    "the agent does not see it": ((WISH, HERE, TO_ALEX), OfferOver("l_1", "missed"), State.QUEUED, [AGAIN]),
    "the agent vanishes while it rings": (
        (WISH, HERE, TO_ALEX),
        OfferOver("l_1", "offline"),
        State.QUEUED,
        [AGAIN],
    ),
    "never mind": (
        (WISH, HERE, TO_ALEX),
        Cancelled(),
        State.AI_ACTIVE,
        [LeaveQueue(), Tell(Sentence.CANCELLED)],
    ),
    "never mind, while the agent reads": (
        TO_BRIEFING,
        Cancelled(),
        State.AI_ACTIVE,
        [LeaveQueue(), Release(ALEX), Tell(Sentence.CANCELLED)],
    ),
    "the agent has read enough": (
        TO_BRIEFING,
        Connect(),
        State.BRIDGING,
        [Tell(Sentence.COMING), Bridge(ALEX)],
    ),
    "the agent has read, and declines": (TO_BRIEFING, Refused(), State.QUEUED, [Release(ALEX), ANEW]),
    "the agent vanishes while reading": (TO_BRIEFING, AgentLost(), State.QUEUED, [Release(ALEX), AGAIN]),
    "connected": ((*TO_BRIEFING, Connect()), Bridged(), State.HUMAN_ACTIVE, []),
    "not connected": (
        (*TO_BRIEFING, Connect()),
        BridgeFailed("no_audio"),
        State.QUEUED,
        [Unbridge(), Release(ALEX), ANEW, Tell(Sentence.NOT_CONNECTED)],
    ),
    "the agent vanishes while being connected": (
        (*TO_BRIEFING, Connect()),
        AgentLost(),
        State.QUEUED,
        [Unbridge(), Release(ALEX), AGAIN, Tell(Sentence.NOT_CONNECTED)],
    ),
    "the customer calls, after writing so far": (
        TO_HUMAN,
        Called(),
        State.BRIEFING,
        [Unbridge(), Brief(ALEX)],
    ),
    "back to the bot": (
        TO_HUMAN,
        HandedBack(),
        State.AI_ACTIVE,
        [Unbridge(), Release(ALEX), Resume(Sentence.BACK)],
    ),
    "on to a colleague": (
        TO_HUMAN,
        Transferred(),
        State.QUEUED,
        [Unbridge(), Release(ALEX), Enqueue(100, frozenset({"a_alex"})), Resume(Sentence.MOVING_ON)],
    ),
    "the agent is lost": (
        TO_HUMAN,
        AgentLost(),
        State.RESCUE,
        [Unbridge(), Release(ALEX), Resume(Sentence.LOST_AGENT)],
    ),
    "the agent ends it": (TO_HUMAN, Ended(), State.WRAP_UP, [Unbridge(), HangUpCustomer()]),
    "written down": ((*TO_HUMAN, Ended()), WrappedUp("resolved"), State.CLOSED, [Release(ALEX)]),
    "the customer leaves the person": (
        TO_HUMAN,
        CustomerGone(),
        State.CALLER_GONE,
        [Unbridge(), TellAgent(Sentence.CUSTOMER_LEFT)],
    ),
    "the customer leaves in line": ((WISH, HERE), CustomerGone(), State.CLOSED, [LeaveQueue()]),
    "the customer leaves while it rings": (
        (WISH, HERE, TO_ALEX),
        CustomerGone(),
        State.CLOSED,
        [LeaveQueue()],
    ),
    "the customer leaves while the agent reads": (
        TO_BRIEFING,
        CustomerGone(),
        State.CALLER_GONE,
        [LeaveQueue(), TellAgent(Sentence.CUSTOMER_LEFT)],
    ),
    "an agent by telephone is called": ((WISH, HERE), TO_PHIL, State.DIALLING, [Dial(PHIL)]),
    "their telephone is picked up": (TO_DIALLING, Answered(), State.HUMAN_CHECK, []),
    "their telephone is busy": (
        TO_DIALLING,
        NotReached("busy"),
        State.QUEUED,
        [HangUpAgent(), Release(PHIL), AGAIN],
    ),
    "their customer was sent to them": (
        TO_DIALLING,
        Moved(),
        State.CLOSED,
        [LeaveQueue(), HangUpAgent(), Release(PHIL)],
    ),
    "a person picked up": ((*TO_DIALLING, Answered()), PickedUp(person=True), State.BRIEFING, [Brief(PHIL)]),
    "a machine picked up": (
        (*TO_DIALLING, Answered()),
        PickedUp(person=False),
        State.QUEUED,
        [HangUpAgent(), Release(PHIL), AGAIN],
    ),
    "a telephone says yes": (
        TO_PHONE_BRIEFING,
        Connect(),
        State.BRIDGING,
        [Tell(Sentence.COMING), Bridge(PHIL)],
    ),
    "a telephone says no": (
        TO_PHONE_BRIEFING,
        Refused(),
        State.QUEUED,
        [HangUpAgent(), Release(PHIL), ANEW_WITHOUT_PHIL],
    ),
    "an offer ends while it is not known who picked up": (
        (*TO_DIALLING, Answered()),
        OfferOver("l_1", "missed"),
        State.QUEUED,
        [HangUpAgent(), Release(PHIL), AGAIN],
    ),
    "an offer ends while a telephone listens": (
        TO_PHONE_BRIEFING,
        OfferOver("l_1", "missed"),
        State.QUEUED,
        [TellAgent(Sentence.TAKEN), HangUpAgent(), Release(PHIL), AGAIN],
    ),
    "the customer leaves while a telephone rings": (
        TO_DIALLING,
        CustomerGone(),
        State.CLOSED,
        [LeaveQueue(), HangUpAgent(), Release(PHIL)],
    ),
    "a supervisor takes the bot's customer": ((), TakenOver(SAM), State.BRIDGING, [Bridge(SAM)]),
    "a supervisor takes an agent's customer": (
        TO_HUMAN,
        TakenOver(SAM),
        State.BRIDGING,
        [Unbridge(), Release(ALEX), Bridge(SAM)],
    ),
    "a supervisor takes a customer for whom it rings": (
        (WISH, HERE, TO_ALEX),
        TakenOver(SAM),
        State.BRIDGING,
        [LeaveQueue(), Bridge(SAM)],
    ),
    "a supervisor who cannot be connected leaves the customer to the bot": (
        (TakenOver(SAM),),
        BridgeFailed("no_audio"),
        State.AI_ACTIVE,
        [Unbridge(), Release(SAM)],
    ),
}


@pytest.mark.parametrize(("before", "happened", "state", "actions"), CASES.values(), ids=CASES.keys())
def test_what_happens_leads_to_a_state_and_to_actions(
    before: Sequence[Input], happened: Input, state: State, actions: Actions
) -> None:
    handoff = after(*before)
    assert handoff.take(happened, 10_000) == actions
    assert handoff.state is state


def test_every_row_of_the_table_is_among_the_cases() -> None:
    shown = {(after(*before).state, type(happened)) for before, happened, _, _ in CASES.values()}
    missing = {row for row in TRANSITIONS if row not in shown}
    assert missing == {
        (State.SCREEN, Cancelled),
        (State.ALTERNATIVES, Cancelled),
        (State.QUEUED, Cancelled),
        (State.DIALLING, Cancelled),
        (State.HUMAN_CHECK, Cancelled),
        (State.DIALLING, OfferOver),
        (State.HUMAN_CHECK, AgentLost),
    }, "one `Cancelled` stands for all; the other two are below"


def test_who_cancels_goes_back_to_the_bot_from_wherever_it_was() -> None:
    ways: list[Sequence[Input]] = [
        (WISH,),
        (WISH, Screened(open=False, online=0)),
        (WISH, HERE),
        TO_DIALLING,
        (*TO_DIALLING, Answered()),
    ]
    for before in ways:
        handoff = after(*before)
        actions = handoff.take(Cancelled(), 10_000)
        assert actions is not None and actions[0] == LeaveQueue() and actions[-1] == Tell(Sentence.CANCELLED)
        assert (handoff.state, handoff.outcome) == (State.AI_ACTIVE, "cancelled")


def test_a_lease_that_ends_while_a_telephone_rings_hangs_up() -> None:
    handoff = after(*TO_DIALLING)
    assert handoff.take(OfferOver("l_1", "withdrawn"), 5_000) == [HangUpAgent(), AGAIN]


def test_a_telephone_that_is_hung_up_before_it_is_known_who_it_was_is_no_agent() -> None:
    handoff = after(*TO_DIALLING, Answered())
    assert handoff.take(AgentLost(), 5_000) == [HangUpAgent(), Release(PHIL), AGAIN]


OVERDUE: dict[State, tuple[Sequence[Input], State, Actions]] = {
    State.SCREEN: ((WISH,), State.ALTERNATIVES, [Tell(Sentence.NOBODY)]),
    State.ALTERNATIVES: ((WISH, Screened(open=False, online=0)), State.AI_ACTIVE, []),
    State.QUEUED: (
        (WISH, HERE),
        State.ALTERNATIVES,
        [LeaveQueue(), Tell(Sentence.WAITED_TOO_LONG)],
    ),
    State.OFFERED: ((WISH, HERE, TO_ALEX), State.QUEUED, [LeaveQueue(), AGAIN]),
    State.DIALLING: (TO_DIALLING, State.QUEUED, [HangUpAgent(), Release(PHIL), AGAIN]),
    State.HUMAN_CHECK: (
        (*TO_DIALLING, Answered()),
        State.QUEUED,
        [HangUpAgent(), Release(PHIL), AGAIN],
    ),
    State.BRIEFING: (TO_BRIEFING, State.BRIDGING, [Tell(Sentence.COMING), Bridge(ALEX)]),
    State.BRIDGING: (
        (*TO_BRIEFING, Connect()),
        State.QUEUED,
        [Unbridge(), Release(ALEX), ANEW, Tell(Sentence.NOT_CONNECTED)],
    ),
    State.HUMAN_ACTIVE: (TO_HUMAN, State.AI_ACTIVE, [Unbridge(), Release(ALEX), Resume(Sentence.BACK)]),
    State.RESCUE: ((*TO_HUMAN, AgentLost()), State.QUEUED, [Enqueue(100, frozenset())]),
    State.WRAP_UP: ((*TO_HUMAN, Ended()), State.CLOSED, [Release(ALEX)]),
    State.CALLER_GONE: ((*TO_HUMAN, CustomerGone()), State.WRAP_UP, []),
}


@pytest.mark.parametrize("state", OVERDUE)
def test_no_state_lasts_for_ever(state: State) -> None:
    before, leads_to, actions = OVERDUE[state]
    handoff = after(*before)
    assert handoff.state is state
    due_ms = handoff.due_ms
    assert due_ms is not None
    assert handoff.overdue(due_ms - 1) == [] and handoff.state is state
    assert handoff.overdue(due_ms) == actions
    assert handoff.state is leads_to


def test_nobody_writes_anything_down_on_a_telephone() -> None:
    handoff = after(*TO_PHONE_BRIEFING, Connect(), Bridged(), CustomerGone())
    assert handoff.overdue(60_000) == [HangUpAgent(), Release(PHIL)]
    assert (handoff.state, handoff.outcome) == (State.CLOSED, "talked")


def test_a_whisper_may_be_heard_twice() -> None:
    handoff = after(*TO_PHONE_BRIEFING)
    assert handoff.due_ms is not None and handoff.due_ms >= 4_000 + 2 * 18_000


def test_every_state_but_those_at_rest_has_a_limit() -> None:
    assert set(OVERDUE) == set(TIMEOUTS) == set(State) - AT_REST


def test_a_telephone_that_says_nothing_does_not_get_the_customer() -> None:
    handoff = after(*TO_PHONE_BRIEFING)
    assert handoff.due_ms is not None
    assert handoff.overdue(handoff.due_ms) == [HangUpAgent(), Release(PHIL), AGAIN]
    assert handoff.reason == "not_confirmed"


def test_a_customer_who_leaves_a_briefing_is_told_to_the_agent_who_is_then_free() -> None:
    handoff = after(*TO_PHONE_BRIEFING, CustomerGone())
    assert handoff.due_ms is not None
    assert handoff.overdue(handoff.due_ms) == [HangUpAgent(), Release(PHIL)]
    assert (handoff.state, handoff.outcome) == (State.CLOSED, "abandoned_briefing")


@pytest.mark.parametrize("late", [Accepted("l_0"), OfferOver("l_0", "missed")])
def test_another_lease_is_not_ours(late: Input) -> None:
    handoff = after(WISH, HERE, TO_ALEX)
    assert handoff.take(late, 9_000) is None
    assert handoff.state is State.OFFERED


def test_a_second_yes_changes_nothing() -> None:
    handoff = after(*TO_BRIEFING)
    assert handoff.take(Accepted("l_1"), 9_000) is None
    assert handoff.state is State.BRIEFING


def test_an_agent_who_wrote_so_far_is_not_heard_without_their_yes() -> None:
    handoff = after(*TO_HUMAN, Called())
    assert handoff.due_ms is not None and handoff.floor == "bot"
    lined_up = Enqueue(0, frozenset())
    assert handoff.overdue(handoff.due_ms) == [Release(ALEX), lined_up, Tell(Sentence.MOVING_ON)]


def test_after_the_outcome_nothing_happens_any_more() -> None:
    handoff = after(*TO_HUMAN, HandedBack())
    assert handoff.over and handoff.outcome == "handed_back"
    for happened in (WISH, CustomerGone(), TakenOver(SAM), AgentLost()):
        assert handoff.take(happened, 99_000) is None
    assert handoff.overdue(10**9) == []


def test_who_lost_their_connection_may_get_the_customer_back() -> None:
    handoff = after(*TO_HUMAN, AgentLost())
    assert handoff.due_ms is not None
    assert handoff.overdue(handoff.due_ms) == [Enqueue(100, frozenset())], "without nobody"


AGENTS = (ALEX, PHIL, SAM)
LEASES = ("l_1", "l_2")
HAPPENINGS: list[Input | None] = [
    None,  # time passes until the state is overdue
    WISH,
    *(Screened(open=is_open, online=online) for is_open in (True, False) for online in (0, 2)),
    Chose("callback"),
    Chose("message"),
    Chose("stay"),
    Chose("wait"),
    Cancelled(),
    *(Offered(lease, agent) for lease in LEASES for agent in AGENTS),
    *(OfferOver(lease, why) for lease in LEASES for why in ("declined", "missed", "offline", "withdrawn")),
    *(Accepted(lease) for lease in LEASES),
    Answered(),
    NotReached("busy"),
    Moved(),
    PickedUp(person=True),
    PickedUp(person=False),
    Connect(),
    Refused(),
    Bridged(),
    BridgeFailed("no_audio"),
    Called(),
    HandedBack(),
    Transferred(),
    Ended(),
    AgentLost(),
    CustomerGone(),
    WrappedUp("resolved"),
    *(TakenOver(agent) for agent in AGENTS),
]
UNASKED = 40
"So many in a hundred come whatever the state; the others fit it, so that the far states are reached."


def pick(handoff: Handoff, number: int) -> Input | None:
    """One of the happenings."""
    among = HAPPENINGS
    if number % 100 >= UNASKED:
        among = [each for each in HAPPENINGS if each is None or (handoff.state, type(each)) in TRANSITIONS]
    return among[number // 100 % len(among)]


class World:
    """What the actions amount to outside: who is in line, bridged, on the phone, occupied, told what."""

    def __init__(self) -> None:
        self.in_line = self.bridged = self.phone = False
        self.occupied: set[str] = set()

    def do(self, actions: Actions) -> None:
        for action in actions:
            match action:
                case Enqueue():
                    assert not self.in_line, "in line twice"
                    self.in_line = True
                case LeaveQueue():
                    self.in_line = False
                case Dial():
                    assert not self.phone, "two telephones at once"
                    self.phone = True
                case HangUpAgent():
                    self.phone = False
                case _:
                    self._connect(action)

    def _connect(self, action: Action) -> None:
        match action:
            case Bridge(agent):
                assert not self.bridged, "two people at once"
                self.bridged = True
                self.occupied.add(agent.agent_id)
            case Unbridge():
                self.bridged = False
            case Brief(agent):
                self.occupied.add(agent.agent_id)
            case Release(agent):
                self.occupied.discard(agent.agent_id)


def check(handoff: Handoff, world: World) -> None:
    """What design section 9 says always holds."""
    state = handoff.state
    assert (handoff.floor == "human") == (state is State.HUMAN_ACTIVE)
    assert world.bridged == (state in (State.BRIDGING, State.HUMAN_ACTIVE))
    assert (handoff.due_ms is None) == (state in AT_REST), "no state without a timeout"
    assert handoff.over == (handoff.outcome is not None)
    assert not handoff.over or state in AT_REST
    if state is State.QUEUED:
        assert world.in_line and handoff.agent is None and handoff.lease_id is None
    else:
        assert not world.in_line or state in (State.OFFERED, State.DIALLING, State.HUMAN_CHECK)
    assert len(world.occupied) <= 1, "one person at a time"
    if handoff.over:
        assert not (world.in_line or world.bridged or world.phone or world.occupied), "nobody is left ringing"


def take(handoff: Handoff, world: World, happened: Input | None, now_ms: int) -> int:
    """Let it happen, as the shell would: an accepted or called agent is no longer in line."""
    if happened is None:
        now_ms = max(now_ms, handoff.due_ms or now_ms)
        state = handoff.state
        world.do(handoff.overdue(now_ms))
        assert state in AT_REST or handoff.state is not state, "time leads on"
        return now_ms
    before = handoff.state, handoff.due_ms, handoff.agent
    if isinstance(happened, Accepted | Offered | OfferOver | Answered):
        was_in_line = world.in_line
        actions = handoff.take(happened, now_ms)
        if actions is not None and was_in_line and not isinstance(happened, Answered):
            world.in_line = isinstance(happened, Offered) and happened.agent.phone is None
    else:
        actions = handoff.take(happened, now_ms)
    if actions is None:
        assert (handoff.state, handoff.due_ms, handoff.agent) == before, "what does not fit changes nothing"
    else:
        world.do(actions)
    return now_ms


@pytest.mark.timeout(90)
@settings(max_examples=10_000, deadline=None)
@given(st.lists(st.integers(0, 9_999), max_size=25))
def test_no_order_of_events_breaks_what_always_holds(numbers: list[int]) -> None:
    handoff, world, now_ms = Handoff("h_1"), World(), 0
    for number in numbers:
        now_ms = take(handoff, world, pick(handoff, number), now_ms) + 100
        check(handoff, world)
    for _ in range(20):  # then nothing happens any more
        now_ms = take(handoff, world, None, now_ms)
        check(handoff, world)
    assert handoff.state in AT_REST, "it always comes to rest"
