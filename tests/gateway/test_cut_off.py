import pytest

from gateway.cut_off import STOPPING, CutOff, cut_off
from gateway.events import Event, HandoffChanged, LegJoined, LegLeft, SessionEnded
from pipelines.facts import CustomerTurn, Fact, HandoffRequested, Words, WorkflowChanged

JOINED = LegJoined(leg_id="l1", role="customer", kind="sip")
SAID = CustomerTurn(turn_id="c1", channel="voice", pii=Words(text="I want a refund"))
REFUND = WorkflowChanged(workflow="refund", state="active", awaiting="order_id")
LOST = LegLeft(leg_id="l1", by="network", reason="no sound for 10 s")
HUNG_UP = LegLeft(leg_id="l1", by="remote", reason="hung up")
WISH = HandoffRequested(reason="customer_asked", skill="refunds")


def state(state: str, reason: str = "", outcome: str | None = None, handoff_id: str = "h1") -> HandoffChanged:
    return HandoffChanged(handoff_id=handoff_id, state=state, floor="bot", reason=reason, outcome=outcome)


def verdict(*facts: Fact) -> CutOff | None:
    return cut_off(Event(n, 100.0 + n, fact) for n, fact in enumerate(facts, 1))


def test_a_call_that_the_network_lost_was_about_what_was_under_way() -> None:
    assert verdict(JOINED, SAID, REFUND, LOST) == CutOff(104.0, "refund")
    done = REFUND.model_copy(update={"state": "done", "awaiting": None})
    assert verdict(JOINED, SAID, REFUND, done, LOST) == CutOff(105.0)


def test_a_process_that_died_has_lost_its_calls() -> None:
    assert verdict(JOINED, SAID, REFUND) == CutOff(103.0, "refund")


def test_a_gateway_that_stops_has_lost_them_too() -> None:
    stopped = LegLeft(leg_id="l1", by="local", reason=f"{STOPPING} stop")
    assert verdict(JOINED, SAID, stopped) == CutOff(103.0)


@pytest.mark.parametrize(
    "facts",
    [
        (),
        (SAID,),  # a chat
        (JOINED, LOST),  # nothing was said
        (JOINED, SAID, REFUND, HUNG_UP),  # enough of the bot
        (JOINED, SAID, LOST, SessionEnded(outcome="resolved", reason="bye", by="bot")),
        (JOINED, WISH, state("human_active"), state("wrap_up", "agent_ended"), HUNG_UP),
        (JOINED, WISH, state("human_active"), state("ai_active", "handed_back", "handed_back"), HUNG_UP),
        (JOINED, WISH, state("ai_active", "callback", "callback"), HUNG_UP),
    ],
)
def test_what_ended_as_somebody_wanted_is_over(facts: tuple[Fact, ...]) -> None:
    assert verdict(*facts) is None


def test_who_left_the_line_wanted_a_person() -> None:
    left = state("closed", "abandoned_queued", "abandoned_queued")
    assert verdict(JOINED, WISH, state("queued"), HUNG_UP, left) == CutOff(105.0, None, "refunds")
    assert verdict(JOINED, WISH, state("queued"), HUNG_UP) == CutOff(104.0, None, "refunds")


def test_who_hung_up_on_a_person_may_not_have_meant_to() -> None:
    gone, wrapped = state("caller_gone", "customer_left"), state("closed", "talked", "talked")
    facts = (JOINED, WISH, state("human_active"), HUNG_UP, gone, state("wrap_up", "customer_left"), wrapped)
    assert verdict(*facts) == CutOff(107.0, None, "refunds")


def test_an_earlier_handoff_and_an_earlier_call_do_not_count() -> None:
    abandoned = state("closed", "customer_left", "abandoned_briefing")
    again = (JOINED.model_copy(update={"leg_id": "l2"}), SAID)
    back = state("ai_active", "handed_back", "handed_back", "h2")
    left = LegLeft(leg_id="l2", by="remote", reason="hung up")
    assert verdict(JOINED, WISH, abandoned, LOST, *again, back, left) is None
    assert verdict(JOINED, SAID, LOST, *again, HUNG_UP.model_copy(update={"leg_id": "l1"})) is not None


def test_an_agents_leg_is_not_the_customers() -> None:
    agent = LegLeft(leg_id="l9", role="human", by="network", reason="gone")
    assert verdict(JOINED, SAID, agent, HUNG_UP) is None
