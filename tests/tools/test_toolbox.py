import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from tests import virtual_time
from tools import refusals
from tools.declaration import Answer, Permit, Sought, Tool
from tools.policy import Access, Facts, PolicyLimits, Source, ToolPolicy
from tools.tool import (
    CallContext,
    Effect,
    Evidence,
    Identity,
    Outcome,
    Receipt,
    ToolCall,
    ToolError,
    ToolResult,
)
from tools.toolbox import RetryPolicy, Toolbox, idempotency_key

OPEN = ToolPolicy(access=Access.ANYONE)
CHANGING = ToolPolicy(Effect.WRITE, Access.ANYONE)
CONTEXT = CallContext("s_1", "c1", 0.0, evidence=Evidence(said=("order 10437",)), confirmed=True)
DOWN = ToolError("It is down.", retry=True, code="unavailable")


class Thing:
    """A thing to look at and to change, with troubles to come: an error, or seconds that pass."""

    def __init__(self, *troubles: ToolError | float) -> None:
        self.troubles = list(troubles)
        self.keys: list[str] = []
        self.log: list[str] = []

    async def _trouble(self) -> None:
        trouble = self.troubles.pop(0) if self.troubles else 0.0
        if isinstance(trouble, ToolError):
            raise trouble
        await asyncio.sleep(trouble)

    async def look(self, permit: Permit, what: str = "it") -> Answer:
        """Look."""
        self.log.append(f"look {what}")
        await self._trouble()
        self.log.append(f"looked {what}")
        return Answer({"what": "a thing"})

    async def change(self, permit: Permit, how: str = "so", note: str = "") -> Answer:
        """Change."""
        self.keys.append(permit.key)
        self.log.append(f"change {how}")
        await self._trouble()
        self.log.append(f"changed {how}")
        return Answer({"how": "done"}, receipt=Receipt("R-1", "change", 0.0, {}))


def toolbox(*tools: Tool, **settings: Any) -> Toolbox:
    return Toolbox(tools, PolicyLimits(), RetryPolicy(**settings), jitter=lambda: 1.0)


def call(tool: str, **arguments: Any) -> ToolCall:
    return ToolCall("t1", tool, arguments)


def run(box: Toolbox, wish: ToolCall, context: CallContext = CONTEXT) -> ToolResult:
    return virtual_time.run(box.call(wish, context))


# --- outcomes ----------------------------------------------------------------------------------------


def test_a_tool_that_is_not_there_fails() -> None:
    result = run(toolbox(Tool(Thing().look, OPEN)), call("dance"))
    assert (result.outcome, result.error_code, result.retry) == (Outcome.FAILED, "unknown_tool", False)


def test_arguments_that_do_not_fit_fail_without_a_call() -> None:
    thing = Thing()
    result = run(toolbox(Tool(thing.look, OPEN)), call("look", what=["a", "list"]))
    assert (result.error_code, result.error) == ("bad_arguments", "what must be text.")
    assert not thing.log


def test_arguments_nobody_asked_for_change_nothing() -> None:
    thing = Thing()
    assert run(toolbox(Tool(thing.look, OPEN)), call("look", admin=True, what=7)).outcome is Outcome.DONE
    assert thing.log == ["look 7", "looked 7"]


def test_what_the_gate_refuses_is_not_run() -> None:
    thing = Thing()
    box = toolbox(
        Tool(thing.look, ToolPolicy(access=Access.ANYONE, sources={"what": Source.SAID})),
        Tool(thing.change, CHANGING),
    )
    assert run(box, call("look", what="12345")).refusal == refusals.invented("what")
    assert run(box, call("change"), replace(CONTEXT, confirmed=False)).refusal == refusals.NOT_CONFIRMED
    assert not thing.log


def test_an_unconfirmed_change_tells_what_it_would_be() -> None:
    tool = Tool(Thing().change, CHANGING, preview=lambda case: Answer({"how": case.arguments["how"]}))
    result = run(toolbox(tool), call("change", how="well"), replace(CONTEXT, confirmed=False))
    assert result.data == {"how": "well"}


def test_a_change_without_a_receipt_is_our_bug() -> None:
    async def silent(permit: Permit) -> Answer:
        """Change and say nothing."""
        return Answer()

    with pytest.raises(RuntimeError, match="no receipt"):
        run(toolbox(Tool(silent, CHANGING)), call("silent"))


def test_our_own_bugs_are_not_told_to_customers() -> None:
    async def broken(permit: Permit) -> Answer:
        """Break."""
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(toolbox(Tool(broken, OPEN)), call("broken"))


# --- trying again ------------------------------------------------------------------------------------


def test_a_call_that_may_be_repeated_is_tried_three_times_with_growing_pauses() -> None:
    async def scenario() -> tuple[ToolResult, float]:
        result = await toolbox(Tool(Thing(DOWN, DOWN).look, OPEN)).call(call("look"), CONTEXT)
        return result, asyncio.get_running_loop().time()

    result, passed = virtual_time.run(scenario())
    assert result.outcome is Outcome.DONE
    assert passed == pytest.approx(0.1 + 0.2)
    assert result.elapsed_ms == 300


def test_after_the_last_try_the_error_is_told() -> None:
    result = run(toolbox(Tool(Thing(*[DOWN] * 3).look, OPEN)), call("look"))
    assert (result.outcome, result.error, result.error_code) == (Outcome.FAILED, "It is down.", "unavailable")
    assert result.retry


@pytest.mark.parametrize(
    ("tool", "trouble"),
    [
        (lambda thing: Tool(thing.look, OPEN), ToolError("No.", retry=False)),
        (lambda thing: Tool(thing.change, CHANGING, safe_to_retry=False), DOWN),
    ],
)
def test_what_will_not_get_better_or_may_happen_twice_is_not_repeated(
    tool: Callable[[Thing], Tool], trouble: ToolError
) -> None:
    thing = Thing(trouble)
    declared = tool(thing)
    assert run(toolbox(declared), call(declared.signature.name)).outcome is Outcome.FAILED
    assert len(thing.log) == 1


def test_a_slow_tool_is_given_up_at_its_deadline_all_tries_included() -> None:
    async def scenario() -> tuple[ToolResult, float]:
        box = toolbox(Tool(Thing(DOWN, 60.0).look, OPEN, timeout_s=2.0))
        return await box.call(call("look"), CONTEXT), asyncio.get_running_loop().time()

    result, passed = virtual_time.run(scenario())
    assert (result.error_code, result.retry) == ("timeout", True)
    assert passed == pytest.approx(2.0)


@pytest.mark.parametrize(
    "troubles",
    [
        (60.0,),
        (ToolError("Lost.", retry=True, code="unconfirmed"), DOWN, DOWN),
        (ToolError("Lost.", retry=False, code="broken_answer"),),
    ],
)
def test_a_change_whose_answer_is_lost_is_called_neither_done_nor_undone(
    troubles: tuple[ToolError | float, ...],
) -> None:
    result = run(toolbox(Tool(Thing(*troubles).change, CHANGING)), call("change"))
    assert (result.outcome, result.error_code, result.retry) == (Outcome.FAILED, "unconfirmed", True)
    assert result.receipt is None


def test_a_change_that_never_reached_the_service_is_known_to_be_undone() -> None:
    result = run(toolbox(Tool(Thing(DOWN, DOWN, DOWN).change, CHANGING)), call("change"))
    assert result.error_code == "unavailable"


def test_each_try_is_judged_on_new_facts() -> None:
    answers = [Facts(), Facts(failed_tries=9)]

    async def facts(sought: Sought) -> Facts:
        return answers.pop(0)

    policy = replace(OPEN, rules=(lambda case: refusals.TOO_LATE if case.facts.failed_tries else None,))
    conflict = ToolError("Changed meanwhile.", retry=True, code="conflict")
    result = run(toolbox(Tool(Thing(conflict).look, policy, facts)), call("look"))
    assert result.refusal == refusals.TOO_LATE


def test_cancelling_a_call_cancels_the_tool() -> None:
    thing = Thing(60.0)

    async def scenario() -> None:
        async with asyncio.timeout(1.0):
            await toolbox(Tool(thing.look, OPEN, timeout_s=30.0)).call(call("look"), CONTEXT)

    with pytest.raises(TimeoutError):
        virtual_time.run(scenario())
    assert thing.log == ["look it"]


# --- once and only once ------------------------------------------------------------------------------


def keys(*contexts: CallContext, **arguments: Any) -> list[str]:
    thing = Thing()
    for context in contexts:
        run(toolbox(Tool(thing.change, CHANGING, identifying=("how",))), call("change", **arguments), context)
    return thing.keys


def test_the_same_call_of_the_same_turn_has_the_same_key_in_another_process() -> None:
    restarted = replace(CONTEXT, now=99.0, evidence=Evidence())
    first, second = keys(CONTEXT, restarted, how="so")
    assert first == second


def test_another_turn_or_session_has_another_key() -> None:
    all_keys = keys(CONTEXT, replace(CONTEXT, turn_id="c2"), replace(CONTEXT, session_id="s_2"))
    assert len(set(all_keys)) == 3


def test_only_identifying_arguments_count_and_only_by_their_meaning() -> None:
    tool = Tool(Thing().change, CHANGING, identifying=("how",))
    key = idempotency_key(tool, tool.signature.read({"how": " so ", "note": "thanks"}), CONTEXT)
    assert key == idempotency_key(tool, tool.signature.read({"how": "so", "note": "please"}), CONTEXT)
    assert key != idempotency_key(tool, tool.signature.read({"how": "otherwise"}), CONTEXT)


def test_all_tries_of_a_call_carry_one_key() -> None:
    thing = Thing(DOWN, DOWN)
    run(toolbox(Tool(thing.change, CHANGING)), call("change"))
    assert len(thing.keys) == 3
    assert len(set(thing.keys)) == 1


# --- several calls of a turn -------------------------------------------------------------------------


def test_reading_happens_at_once_and_changing_in_order() -> None:
    thing = Thing(3.0, 1.0, 1.0, 0.0, 0.0)
    box = toolbox(Tool(thing.look, OPEN), Tool(thing.change, CHANGING))
    wishes = [
        ToolCall("t1", "look", {"what": "a"}),
        ToolCall("t2", "look", {"what": "b"}),
        ToolCall("t3", "change", {"how": "x"}),
        ToolCall("t4", "change", {"how": "y"}),
        ToolCall("t5", "look", {"what": "c"}),
    ]
    results = virtual_time.run(box.call_all(wishes, CONTEXT))
    assert [result.call_id for result in results] == ["t1", "t2", "t3", "t4", "t5"]
    assert thing.log == [
        *["look a", "look b", "looked b", "looked a"],
        *["change x", "changed x", "change y", "changed y", "look c", "looked c"],
    ]


def test_later_calls_of_a_turn_see_who_was_verified_and_what_was_found() -> None:
    async def verify(permit: Permit) -> Answer:
        """Verify."""
        return Answer({"order_id": "10951"}, identity=Identity("C0001", "order+zip"))

    policy = ToolPolicy(sources={"what": Source.KNOWN})
    box = toolbox(Tool(verify, replace(OPEN, effect=Effect.ATTEMPT)), Tool(Thing().look, policy))
    wishes = [call("look", what="10437"), call("verify"), call("look", what="10951")]
    results = virtual_time.run(box.call_all(wishes, CONTEXT))
    assert results[0].refusal == refusals.NOT_VERIFIED
    assert results[2].outcome is Outcome.DONE


def test_a_turn_makes_no_more_calls_than_it_may() -> None:
    thing = Thing()
    results = virtual_time.run(
        toolbox(Tool(thing.look, OPEN), calls_a_turn=2).call_all([call("look")] * 5, CONTEXT)
    )
    assert [result.error_code for result in results] == [None, None, *["too_many_calls"] * 3]
    assert thing.log.count("looked it") == 2


def test_no_calls_no_results() -> None:
    assert virtual_time.run(toolbox().call_all([], CONTEXT)) == []


# --- what a model is told, what we measure -----------------------------------------------------------


def test_a_model_is_told_of_all_tools_or_of_those_named() -> None:
    box = toolbox(Tool(Thing().look, OPEN), Tool(Thing().change, CHANGING))
    assert [schema["function"]["name"] for schema in box.schemas()] == ["look", "change"]
    assert [schema["function"]["name"] for schema in box.schemas(["change"])] == ["change"]
    json.dumps(box.schemas())
    assert (box.effect("look"), box.effect("change"), box.effect("dance")) == (
        Effect.READ,
        Effect.WRITE,
        None,
    )


def test_calls_are_counted_by_how_they_ended_and_made_up_names_are_one() -> None:
    def count(tool: str, outcome: str, code: str) -> float:
        labels = {"tool": tool, "outcome": outcome, "code": code}
        return REGISTRY.get_sample_value("warmline_tool_calls_total", labels) or 0.0

    before = count("unknown", "failed", "unknown_tool"), count("look", "done", "")
    box = toolbox(Tool(Thing().look, OPEN))
    for name in ("look", "x1", "x2"):
        run(box, call(name))
    assert count("unknown", "failed", "unknown_tool") == before[0] + 2
    assert count("look", "done", "") == before[1] + 1
