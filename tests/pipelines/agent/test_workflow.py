from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.agent import workflow
from pipelines.agent.commands import (
    Affirm,
    Ask,
    Cancel,
    Chat,
    Clarify,
    Command,
    Correct,
    Courtesy,
    Deny,
    Fill,
    HandOff,
    Start,
    Unclear,
)
from pipelines.agent.definition import ConfirmStep, Spoken
from pipelines.agent.definition_file import load_definition
from pipelines.agent.position import CONFIRMATION, GO_ON, OFFER, PERSON, RESUMPTION, Position
from pipelines.agent.steps import Answer, Decision, Returned, Tell, Transfer, Use
from pipelines.agent.workflow import TRIES, decide, offer_person, proceed
from pipelines.conversation import Conversation
from pipelines.facts import WorkflowChanged

SHOP = load_definition(Path(workflow.__file__).parent / "definitions" / "shop.yaml")
SAY, IDENTITY = SHOP.phrases, SHOP.identity
REFUND, ADDRESS, STATUS = (SHOP.workflows[name] for name in ("refund", "change_address", "order_status"))
CONFIRM = {
    name: step.confirm
    for name, each in SHOP.workflows.items()
    for step in each.steps
    if isinstance(step, ConfirmStep)
}
ORDER, ZIP = Fill("order_id", "10812"), Fill("zip", "60614")
HOME = Fill("new_address", "12 Oak Street, Denver, CO 80202")
DONE = Returned("done", {"amount": 84.0})
ALLOWED = Returned("refused", {"amount": 84.0}, code="not_confirmed")
"The gate's answer to a call that only lacks the customer's yes."
OVER_LIMIT = Returned("refused", code="over_limit", sentence="That is {too} much.", offer_person=True)
DOWN = Returned("failed")


class Talk:
    """A conversation with the decider: between turns only facts are kept, as after a restart."""

    def __init__(self, *, verified: bool = False) -> None:
        self.conversation = Conversation("s")
        self.verified = verified
        self.decision = Decision(Position(), ())
        self.question_heard = True

    @property
    def position(self) -> Position:
        return Position.of(self.conversation.workflow, SHOP, question_heard=self.question_heard)

    def hear(self, *commands: Command) -> Decision:
        return self._took(decide(SHOP, self.position, commands, verified=self.verified))

    def receive(self, returned: Returned) -> Decision:
        use = self.decision.use
        self.verified |= use is not None and use.tool == IDENTITY.tool and returned.outcome == "done"
        return self._took(proceed(SHOP, self.decision.position, returned, verified=self.verified))

    def offer(self, reason: str) -> Decision:
        return self._took(offer_person(SHOP, self.position, reason, "general"))

    @property
    def lines(self) -> list[Spoken]:
        return [step.line for step in self.decision.steps if isinstance(step, Tell)]

    @property
    def changes(self) -> list[tuple[str, str]]:
        facts = [step for step in self.decision.steps if isinstance(step, WorkflowChanged)]
        return [(fact.workflow, fact.state) for fact in facts]

    def _took(self, decision: Decision) -> Decision:
        for step in decision.steps:
            if isinstance(step, WorkflowChanged):
                self.conversation.apply(step)
        self.decision = decision
        return decision


def at_confirmation() -> Talk:
    talk = Talk(verified=True)
    talk.hear(Start("refund", (("order_id", "10812"),)))
    talk.receive(ALLOWED)
    assert talk.lines == [CONFIRM["refund"]]
    return talk


def ask_of(slot: str, name: str = "refund") -> Spoken:
    return SHOP.slots_of(name)[slot].ask


# --- slots -------------------------------------------------------------------------------------------


def test_a_workflow_asks_for_each_slot_in_its_order() -> None:
    talk = Talk()
    talk.hear(Start("order_status"))
    assert talk.lines == [ask_of("order_id")]
    talk.hear(ORDER)
    assert talk.lines == [ask_of("zip")]
    assert talk.hear(ZIP).use == Use("verify_identity", {"order_id": "10812", "zip_code": "60614"})
    assert talk.receive(DONE).use == Use("look_up_order", {"order_id": "10812"})
    talk.receive(Returned("done", {"status": "cancelled"}))
    assert talk.lines == [STATUS.say.done.cases["cancelled"]]
    assert talk.changes == [("order_status", "done")]


@given(st.permutations([ORDER, ZIP, HOME]), st.data())
def test_slots_come_in_any_order_and_in_any_portions(fills: list[Fill], data: st.DataObject) -> None:
    at_once = data.draw(st.integers(0, 3))
    talk = Talk()
    talk.hear(Start("change_address", tuple((fill.slot, fill.value) for fill in fills[:at_once])))
    for fill in fills[at_once:]:
        while talk.decision.use is not None:
            talk.receive(DONE)
        talk.hear(fill)
    if talk.decision.use and talk.decision.use.tool == IDENTITY.tool:
        talk.receive(DONE)
    assert talk.decision.use == Use(
        "change_address", {"order_id": "10812", "new_address": HOME.value}, "write", confirmed=False
    )


def test_what_was_given_already_is_not_asked_again() -> None:
    talk = Talk()
    talk.hear(Start("refund", (("order_id", "10812"), ("zip", "60614"))))
    assert talk.decision.use is not None and not talk.lines


# --- confirmation ------------------------------------------------------------------------------------


def test_the_question_is_asked_only_after_the_gate_would_allow_it() -> None:
    talk = Talk(verified=True)
    use = talk.hear(Start("refund", (("order_id", "10812"),))).use
    assert use == Use("request_refund", {"order_id": "10812"}, "write", confirmed=False)
    talk.receive(OVER_LIMIT)
    assert CONFIRM["refund"] not in talk.lines


def test_a_yes_directly_after_our_question_runs_what_it_named() -> None:
    talk = at_confirmation()
    use = talk.hear(Affirm()).use
    assert use == Use("request_refund", {"order_id": "10812"}, "write", confirmed=True)
    talk.receive(DONE)
    assert talk.lines == [REFUND.say.done.otherwise]
    assert talk.changes == [("refund", "done")]


@pytest.mark.parametrize("before", [Ask("how long?"), Unclear(CONFIRMATION), Fill("order_id", "10437")])
def test_a_yes_after_anything_in_between_answers_the_question_asked_again(before: Command) -> None:
    talk = at_confirmation()
    talk.hear(before)
    assert talk.decision.use is not None and not talk.decision.use.confirmed
    talk.receive(ALLOWED)
    assert talk.lines[-1] == CONFIRM["refund"]
    asked_for = talk.position.slots["order_id"]
    assert talk.hear(Affirm()).use == Use("request_refund", {"order_id": asked_for}, "write", confirmed=True)


def test_a_yes_to_a_question_that_was_cut_off_is_none() -> None:
    talk = at_confirmation()
    talk.question_heard = False
    use = talk.hear(Affirm()).use
    assert use is not None and not use.confirmed


def test_a_yes_of_somebody_whose_identity_is_gone_is_none() -> None:
    talk = at_confirmation()
    talk.verified = False
    use = talk.hear(Affirm()).use
    assert use is not None and not use.confirmed


def test_a_yes_with_another_value_is_a_yes_to_nothing() -> None:
    talk = at_confirmation()
    use = talk.hear(Affirm(), Correct("order_id", "10437")).use
    assert use == Use("request_refund", {"order_id": "10437"}, "write", confirmed=False)


def test_a_yes_to_nothing_does_nothing() -> None:
    talk = Talk(verified=True)
    assert talk.hear(Affirm()).use is None
    assert talk.lines == [SAY.clarify]


@pytest.mark.parametrize("answer", [Deny(), Cancel()])
def test_a_no_ends_it_and_nothing_is_done(answer: Command) -> None:
    talk = at_confirmation()
    assert talk.hear(answer).use is None
    assert talk.lines == [REFUND.say.declined]
    assert talk.changes == [("refund", "cancelled")]


def test_an_effect_that_happened_unconfirmed_is_never_done_again() -> None:
    talk = Talk(verified=True)
    talk.hear(Start("refund", (("order_id", "10812"),)))
    assert talk.receive(DONE).use is None
    assert talk.changes == [("refund", "done")]


# --- identity ----------------------------------------------------------------------------------------


def test_identity_is_proven_once_a_session() -> None:
    talk = Talk()
    talk.hear(Start("order_status", (("order_id", "10812"), ("zip", "60614"))))
    talk.receive(DONE)
    talk.receive(DONE)
    use = talk.hear(Start("refund", (("order_id", "10437"),))).use
    assert use is not None and use.tool == "request_refund"


def test_a_proof_that_does_not_match_is_asked_again_and_the_third_time_a_person_is_offered() -> None:
    talk = Talk()
    talk.hear(Start("refund", (("order_id", "10812"), ("zip", "11111"))))
    wrong = Returned("refused", code="no_match")
    for number in range(TRIES - 1):
        talk.receive(wrong)
        assert talk.lines == [IDENTITY.mismatch]
        talk.hear(Fill("zip", f"2222{number}"))
    talk.receive(wrong)
    assert talk.lines == [SAY.too_many_tries, SAY.offer_person]
    assert talk.changes == [("refund", "failed"), (OFFER, "active")]


# --- digression, correction, cancelling, switching ----------------------------------------------------


def test_a_question_in_between_is_answered_and_our_own_asked_again() -> None:
    talk = Talk()
    talk.hear(Start("refund"))
    decision = talk.hear(Ask("how long does it take?"))
    assert decision.steps[0] == Answer("how long does it take?")
    assert talk.lines == [SAY.resume, ask_of("order_id")]
    assert talk.position.attempts == 0


def test_a_correction_goes_back_and_takes_the_new_value() -> None:
    talk = Talk(verified=True)
    talk.hear(Start("change_address", (("order_id", "10812"),)))
    assert talk.lines == [ask_of("new_address", "change_address")]
    talk.hear(Correct("order_id", "10437"))
    assert talk.lines == [ask_of("new_address", "change_address")]
    assert talk.position.slots == {"order_id": "10437"}


def test_a_late_correction_mends_what_ended_last() -> None:
    talk = Talk(verified=True)
    talk.hear(Start("order_status", (("order_id", "10812"),)))
    talk.receive(Returned("refused", code="not_yours"))
    assert talk.hear(Correct("order_id", "10437")).use == Use("look_up_order", {"order_id": "10437"})


def test_another_wish_leaves_the_first_one() -> None:
    talk = Talk(verified=True)
    talk.hear(Start("change_address", (("order_id", "10812"),)))
    talk.hear(Start("refund"))
    assert talk.lines == [SAY.leaving, ask_of("order_id")]
    assert talk.changes == [("change_address", "cancelled"), ("refund", "active")]


def test_the_same_wish_again_goes_on_with_what_it_brings() -> None:
    talk = Talk()
    talk.hear(Start("refund"))
    talk.hear(Start("refund", (("order_id", "10812"),)))
    assert talk.lines == [ask_of("zip")]


def test_of_two_wishes_the_second_follows_the_first_even_if_that_is_cancelled() -> None:
    talk = Talk(verified=True)
    talk.hear(Start("refund"), Start("order_status", (("order_id", "10437"),)))
    assert talk.lines == [ask_of("order_id")]
    assert talk.hear(Cancel()).use == Use("look_up_order", {"order_id": "10437"})
    assert talk.lines == [REFUND.say.declined, SAY.next]


# --- tries and people --------------------------------------------------------------------------------


def test_after_three_failed_tries_a_person_is_offered() -> None:
    talk = Talk()
    talk.hear(Start("refund"))
    for _ in range(TRIES - 1):
        talk.hear(Unclear("order_id"))
        assert talk.lines == [SHOP.slots_of("refund")["order_id"].again]
    talk.hear(Clarify())
    assert talk.lines == [SAY.too_many_tries, SAY.offer_person]
    assert talk.position.awaiting == PERSON


def test_a_good_answer_forgives_the_tries_before_it() -> None:
    talk = Talk()
    talk.hear(Start("refund"))
    talk.hear(Unclear("order_id"))
    talk.hear(Unclear("order_id"))
    talk.hear(ORDER)
    talk.hear(Unclear("zip"))
    talk.hear(Unclear("zip"))
    assert talk.position.workflow == "refund"


def test_a_refusal_says_why_offers_a_person_and_a_yes_asks_for_one_with_its_skill() -> None:
    talk = Talk(verified=True)
    talk.hear(Start("refund", (("order_id", "10812"),)))
    talk.receive(OVER_LIMIT)
    assert [line.chat for line in talk.lines] == ["That is {{too}} much.", SAY.offer_person.chat]
    decision = talk.hear(Affirm())
    assert Transfer("over_limit", "refunds") in decision.steps
    assert talk.changes == [(OFFER, "done")]


def test_a_service_that_is_down_is_said_and_a_person_offered() -> None:
    talk = Talk(verified=True)
    talk.hear(Start("order_status", (("order_id", "10812"),)))
    talk.receive(DOWN)
    assert talk.lines == [STATUS.say.failed, SAY.offer_person]


@pytest.mark.parametrize("answer", [Deny(), Cancel()])
def test_a_person_who_is_not_wanted_is_not_called(answer: Command) -> None:
    talk = Talk()
    talk.offer("not_covered")
    talk.hear(answer)
    assert talk.lines == [SAY.person_declined]
    assert talk.changes == [(OFFER, "cancelled")]


def test_a_wish_instead_of_an_answer_to_the_offer_is_begun() -> None:
    talk = Talk()
    talk.offer("not_covered")
    use = talk.hear(Start("refund", (("order_id", "10812"), ("zip", "60614")))).use
    assert use is not None and use.tool == IDENTITY.tool
    assert talk.changes == [(OFFER, "cancelled"), ("refund", "active")]


def cut_off(**slots: str) -> Talk:
    """Asked whether what the call was about that was lost shall go on."""
    talk = Talk()
    talk.conversation.apply(Position(awaiting=RESUMPTION, slots=slots).changed("active"))
    return talk


def test_what_was_cut_off_goes_on_at_its_first_step_and_with_proof_of_identity() -> None:
    talk = cut_off(workflow="refund")
    talk.hear(Affirm())
    assert talk.lines == [ask_of("order_id")]
    assert talk.changes == [(GO_ON, "done"), ("refund", "active")]
    use = talk.hear(ORDER, ZIP).use
    assert use is not None and use.tool == IDENTITY.tool


@pytest.mark.parametrize("answer", [Deny(), Cancel()])
def test_what_was_cut_off_does_not_go_on_against_a_no(answer: Command) -> None:
    talk = cut_off(workflow="refund")
    talk.hear(answer)
    assert talk.lines == [SAY.person_declined]
    assert talk.changes == [(GO_ON, "cancelled")]


def test_who_was_with_a_person_is_brought_to_one_again() -> None:
    talk = cut_off(skill="refunds")
    assert Transfer("returning", "refunds") in talk.hear(Affirm()).steps
    assert talk.changes == [(GO_ON, "done")]


def test_whoever_calls_again_about_something_else_gets_that() -> None:
    talk = cut_off(workflow="refund")
    talk.hear(Start("order_status"))
    assert talk.changes == [(GO_ON, "cancelled"), ("order_status", "active")]
    talk = cut_off(workflow="refund")
    assert talk.hear(Ask("when do you open?")).steps[0] == Answer("when do you open?")
    assert talk.changes == [(GO_ON, "cancelled")]
    talk = cut_off(workflow="refund")
    assert Transfer("customer_asked", "general") in talk.hear(HandOff()).steps
    assert talk.changes == [(GO_ON, "done")]


def test_a_wish_for_a_person_goes_before_everything_else() -> None:
    talk = at_confirmation()
    decision = talk.hear(Affirm(), HandOff())
    assert decision.use is None
    assert Transfer("customer_asked", "refunds") in decision.steps


def test_courtesy_and_stray_values_get_a_word_back() -> None:
    talk = Talk()
    talk.hear(Courtesy("thanks"))
    assert talk.lines == [SAY.thanks]
    talk.hear(ORDER)
    assert talk.lines == [SAY.which]
    talk.hear(Clarify(("refund", "cancel_order")))
    assert talk.lines == [SAY.clarify_between]


# --- whatever comes ----------------------------------------------------------------------------------

VALUES = st.sampled_from([("order_id", "10812"), ("order_id", "10437"), ("zip", "60614"), ("zip", "1")])
ALL_GIVEN = (("order_id", "10812"), ("zip", "60614"), ("new_address", HOME.value))
COMMANDS = st.one_of(
    st.builds(Affirm),
    st.builds(
        Start,
        st.sampled_from(["refund", "change_address", "order_status"]),
        st.sampled_from([ALL_GIVEN, ()]),
    ),
    VALUES.map(lambda given: Fill(*given)) | VALUES.map(lambda given: Correct(*given)),
    st.sampled_from([Deny(), Cancel(), Ask("?"), Chat("?"), Unclear("zip"), Clarify(), Courtesy("bye")]),
)
RETURNS = st.sampled_from([DONE, DONE, ALLOWED, ALLOWED, OVER_LIMIT, DOWN, Returned("refused", code="x")])
TURN = st.one_of(
    # Two that lead deep, so that what is drawn at random often meets an open question.
    st.just(([Start("refund", ALL_GIVEN)], [DONE, ALLOWED], True)),
    st.tuples(st.just([Affirm()]), st.lists(RETURNS, max_size=2), st.booleans()),
    st.tuples(st.lists(COMMANDS, min_size=1, max_size=3), st.lists(RETURNS, max_size=5), st.booleans()),
)
TURNS = st.lists(TURN, max_size=8)


@settings(max_examples=400)
@given(TURNS, st.booleans())
def test_no_sequence_confirms_an_effect_without_identity_and_a_yes_to_the_question_right_before(
    turns: list[tuple[list[Command], list[Returned], bool]], verified: bool
) -> None:
    talk = Talk(verified=verified)
    asked: Use | None = None
    for commands, results, talk.question_heard in turns:
        before, asked = asked, None
        talk.hear(*commands)
        said_yes = Affirm() in commands and Deny() not in commands and talk.question_heard
        for returned in [*results, *[DOWN] * 6]:
            use = talk.decision.use
            if use is None:
                break
            if use.effect == "write" and use.confirmed:
                assert talk.verified and said_yes
                assert before is not None and (use.tool, use.arguments) == (before.tool, before.arguments)
                before = None  # one yes is good for one effect
            talk.receive(returned)
            asks = bool(talk.lines) and talk.lines[-1] in CONFIRM.values()
            asked = use if asks else None
        assert talk.decision.use is None, "a turn ends"
