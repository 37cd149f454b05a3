"""The one way to a tool: reads the arguments, asks the gate, runs, tries again where that is safe, measures.

`Toolbox.call` answers every expected end with a `ToolResult`; only our own bugs and cancellation raise. Each
try reads the facts anew and passes the gate again, so nothing is done on facts that have changed meanwhile.

**Once and only once.** A change carries the key SHA-256(session, turn, tool, identifying arguments). The
service stores the key with the change, in one transaction, and answers the same key with the same receipt. So
a call repeated after a timeout or after `kill -9` (the restarted process answers the same turn again) changes
nothing twice and gets the first receipt, while the same wish in a later turn is new, for policy to judge.
"""

import asyncio
import hashlib
import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prometheus_client import Counter, Histogram

from tools import gate, refusals
from tools.arguments import JsonSchema
from tools.declaration import Answer, Permit, Sought, Tool
from tools.policy import Case, PolicyLimits
from tools.schema import BadArguments
from tools.tool import (
    CallContext,
    Effect,
    Evidence,
    Outcome,
    Refusal,
    ToolCall,
    ToolError,
    ToolResult,
)

CALLS = Counter("warmline_tool_calls_total", "Tool calls by how they ended", ["tool", "outcome", "code"])
SECONDS = Histogram(
    "warmline_tool_call_seconds",
    "Duration of tool calls with all their tries",
    ["tool"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and after which pause a call that is safe to repeat is tried again."""

    tries: int = 3
    first_pause_s: float = 0.1
    "Doubles with each try, times something between a half and one."
    calls_a_turn: int = 8
    "More calls than these in one turn are not made."


class Toolbox:
    """The tools a model may ask for, behind one gate."""

    def __init__(
        self,
        tools: Iterable[Tool],
        limits: PolicyLimits,
        retries: RetryPolicy = RetryPolicy(),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._tools = {tool.signature.name: tool for tool in tools}
        self._limits = limits
        self._retries = retries
        self._jitter = jitter

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all tools, in the order they were declared."""
        return tuple(self._tools)

    def effect(self, tool: str) -> Effect | None:
        """Whether the tool reads or changes something; None for a tool that is not here."""
        found = self._tools.get(tool)
        return found.policy.effect if found else None

    def at_desk(self, role: str) -> tuple[str, ...]:
        """Names of the tools that our people of this role may run, in the order they were declared."""
        return tuple(name for name, tool in self._tools.items() if role in tool.policy.desk)

    def schemas(self, names: Sequence[str] | None = None) -> list[JsonSchema]:
        """The tools (all, or those named) as OpenAI's `tools` parameter. Raises `KeyError` for others."""
        wanted = self.names if names is None else names
        return [self._tools[name].signature.json_schema() for name in wanted]

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Make one call on behalf of the customer in `context`; whatever comes of it is the result."""
        started = asyncio.get_running_loop().time()
        result = await self._result(call, context)
        elapsed = asyncio.get_running_loop().time() - started
        known = call.tool if call.tool in self._tools else "unknown"
        code = result.refusal.code if result.refusal else result.error_code or ""
        CALLS.labels(known, result.outcome.value, code).inc()
        SECONDS.labels(known).observe(elapsed)
        return replace(result, elapsed_ms=round(elapsed * 1000))

    async def call_all(self, calls: Sequence[ToolCall], context: CallContext) -> list[ToolResult]:
        """Make the calls of one turn and return their results in the same order.

        Neighbouring calls that only read run at the same time. All others run alone, in order, and later
        calls see their results and a newly verified identity. Beyond `calls_a_turn` none is made.
        """
        allowed = calls[: self._retries.calls_a_turn]
        results: list[ToolResult] = []
        for batch in self._batches(allowed):
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self.call(call, context), name=f"tool {call.call_id}") for call in batch
                ]
            results += [task.result() for task in tasks]
            context = _after(results[-len(batch) :], context)
        too_many = ToolError("Too many tool calls at once.", retry=False, code="too_many_calls")
        return results + [_failed(call, too_many) for call in calls[len(allowed) :]]

    def _batches(self, calls: Sequence[ToolCall]) -> Iterable[list[ToolCall]]:
        batch: list[ToolCall] = []
        for call in calls:
            tool = self._tools.get(call.tool)
            if tool is not None and (tool.policy.effect is not Effect.READ):
                if batch:
                    yield batch
                yield [call]
                batch = []
            else:
                batch.append(call)
        if batch:
            yield batch

    async def _result(self, call: ToolCall, context: CallContext) -> ToolResult:
        tool = self._tools.get(call.tool)
        if tool is None:
            return _failed(call, ToolError("There is no such tool.", retry=False, code="unknown_tool"))
        try:
            arguments = tool.signature.read(call.arguments)
        except BadArguments as fault:
            return _failed(call, ToolError(f"{fault}.", retry=False, code="bad_arguments"))
        if refusal := gate.before_looking(tool.policy, arguments, context):
            return _refused(call, refusal, Answer())
        sought = Sought(arguments, context, idempotency_key(tool, arguments, context))
        return await _Attempts(tool, call, sought, self._limits).until_done(self._retries, self._jitter)


class _Attempts:
    """The tries of one call."""

    def __init__(self, tool: Tool, call: ToolCall, sought: Sought, limits: PolicyLimits) -> None:
        self._tool = tool
        self._call = call
        self._sought = sought
        self._limits = limits
        self._unconfirmed = False
        "A change was asked for and the service's answer is missing."

    async def until_done(self, retries: RetryPolicy, jitter: Callable[[], float]) -> ToolResult:
        tries = retries.tries if self._tool.safe_to_retry else 1
        try:
            async with asyncio.timeout(self._tool.timeout_s):
                for tried in range(1, tries + 1):
                    try:
                        return await self._once()
                    except ToolError as error:
                        if tried == tries or not error.retry:
                            return self._gave_up(error)
                    pause = retries.first_pause_s * 2 ** (tried - 1)
                    await asyncio.sleep(pause * (0.5 + jitter() / 2))
        except TimeoutError:
            pass
        return self._gave_up(ToolError("The service took too long.", retry=True, code="timeout"))

    async def _once(self) -> ToolResult:
        facts = await self._tool.facts(self._sought)
        case = Case(self._sought.arguments, self._sought.context, facts, self._limits)
        if refusal := gate.after_looking(self._tool.policy, case):
            # Of what is not theirs nothing is told, not even what they asked for.
            preview = Answer() if refusal.code == refusals.NOT_YOURS.code else self._tool.preview(case)
            return _refused(self._call, refusal, preview)
        answer = await self._run(case)
        if answer.refusal:
            return _refused(self._call, answer.refusal, answer)
        if self._tool.policy.effect is Effect.WRITE and answer.receipt is None:
            raise RuntimeError(f"{self._call.tool} changed something and gave no receipt")
        return _done(self._call, answer)

    async def _run(self, case: Case) -> Answer:
        earlier = self._unconfirmed
        self._unconfirmed = self._tool.policy.effect is Effect.WRITE
        try:
            return await self._tool.run(Permit(case, self._sought.key), **self._sought.arguments)
        except ToolError as error:
            if error.code in _NOTHING_DONE:
                self._unconfirmed = earlier
            raise

    def _gave_up(self, error: ToolError) -> ToolResult:
        if self._unconfirmed:
            error = ToolError(
                "The service did not confirm the change: it may or may not have been made.",
                retry=True,
                code="unconfirmed",
            )
        return _failed(self._call, error)


_NOTHING_DONE = frozenset({"unavailable", "conflict", "rejected", "bad_arguments"})
"Codes of errors that say for certain that the service changed nothing."


def idempotency_key(tool: Tool, arguments: Mapping[str, Any], context: CallContext) -> str:
    """The key of a change: hexadecimal SHA-256, the same for the same call of the same turn."""
    named = arguments if tool.identifying is None else {name: arguments[name] for name in tool.identifying}
    parts = [context.session_id, context.turn_id, tool.signature.name, dict(named)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _after(results: Sequence[ToolResult], context: CallContext) -> CallContext:
    """The context for what follows in the same turn."""
    done = [result for result in results if result.outcome is Outcome.DONE]
    identities = [result.identity for result in done if result.identity]
    said = context.evidence
    return replace(
        context,
        evidence=Evidence(said.said, [*said.results, *(result.data for result in done)]),
        identity=identities[-1] if identities else context.identity,
    )


def _done(call: ToolCall, answer: Answer) -> ToolResult:
    return ToolResult(
        call.call_id,
        call.tool,
        Outcome.DONE,
        data=answer.data,
        pii=answer.pii,
        receipt=answer.receipt,
        wish=answer.wish,
        identity=answer.identity,
    )


def _refused(call: ToolCall, refusal: Refusal, preview: Answer) -> ToolResult:
    return ToolResult(
        call.call_id,
        call.tool,
        Outcome.REFUSED,
        data=preview.data,
        pii=preview.pii,
        refusal=refusal,
        wish=refusals.WISHES.get(refusal.code),
    )


def _failed(call: ToolCall, error: ToolError) -> ToolResult:
    return ToolResult(
        call.call_id, call.tool, Outcome.FAILED, error=str(error), error_code=error.code, retry=error.retry
    )
