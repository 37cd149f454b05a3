"""Calls tools on behalf of a conversation and says what happened as facts.

Relies on `tools.toolbox.Toolbox`, whose gate judges every call; what a call may rest on is taken from the
conversation, so that nothing the model wrote counts as evidence.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from pipelines.conversation import Conversation
from pipelines.facts import Fact, IdentityVerified, ToolCalled, ToolFinished, Values
from pipelines.secret import Secrets
from tools.tool import CallContext, Colleague, Effect, ToolCall, ToolResult


class Tools(Protocol):
    """What the agent needs of a toolbox."""

    def effect(self, tool: str) -> Effect | None:
        """Whether a tool reads or changes something; None if there is no such tool."""
        ...

    def at_desk(self, role: str) -> tuple[str, ...]:
        """Names of the tools that our people of this role may run."""
        ...

    def schemas(self, names: Any = None) -> list[dict[str, Any]]:
        """The tools as the `tools` of a model request."""
        ...

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """The result, whatever happens."""
        ...


class Actions:
    """The tools, seen from one turn.

    `clock` gives Unix seconds; `colleague` is who of us calls, if not the bot.
    """

    def __init__(
        self,
        tools: Tools,
        clock: Callable[[], float],
        conversation: Conversation,
        turn_id: str,
        colleague: Colleague | None = None,
    ) -> None:
        self._tools = tools
        self._clock = clock
        self._conversation = conversation
        self._turn_id = turn_id
        self._colleague = colleague
        self._count = 0

    async def use(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        confirmed: bool = False,
        secrets: Secrets | None = None,
    ) -> AsyncGenerator[Fact | ToolResult, None]:
        """Call a tool: facts before and after, and its result as the last item.

        With `secrets` the tool gets what stands behind placeholders, and the facts and the result keep those.
        Never for a model's call: it could send a secret anywhere.
        """
        self._count += 1
        revealed = {name: secrets.reveal(value) for name, value in arguments.items()} if secrets else {}
        call = ToolCall(f"{self._turn_id}.{self._count}", tool, {**arguments, **revealed})
        effect = self._tools.effect(tool) or Effect.READ
        yield ToolCalled(
            turn_id=self._turn_id,
            call_id=call.call_id,
            tool=tool,
            effect=effect.value,
            agent_id=self._agent_id,
            pii=Values(values=dict(arguments)),
        )
        result = await self._tools.call(call, self._context(confirmed, secrets))
        if secrets is not None:
            result = _hidden(result, secrets)
        yield self._finished(result)
        if result.identity is not None:
            yield IdentityVerified(
                customer_id=result.identity.customer_id,
                method=result.identity.method,
                pii=Values(values=dict(result.identity.pii)),
            )
        yield result

    def _context(self, confirmed: bool, secrets: Secrets | None) -> CallContext:
        evidence = self._conversation.evidence()
        if secrets is not None:
            evidence = replace(evidence, said=(*evidence.said, *secrets.values()))
        return CallContext(
            session_id=self._conversation.session_id,
            turn_id=self._turn_id,
            now=self._clock(),
            identity=self._conversation.identity,
            evidence=evidence,
            confirmed=confirmed,
            colleague=self._colleague,
        )

    @property
    def _agent_id(self) -> str | None:
        return self._colleague.agent_id if self._colleague else None

    def _finished(self, result: ToolResult) -> ToolFinished:
        refusal = result.refusal
        code = refusal.code if refusal else result.error_code
        limit = {"limit": dict(refusal.limit)} if refusal and refusal.limit else {}
        return ToolFinished(
            turn_id=self._turn_id,
            call_id=result.call_id,
            tool=result.tool,
            outcome=result.outcome.value,
            code=code,
            receipt_id=result.receipt.receipt_id if result.receipt else None,
            elapsed_ms=result.elapsed_ms,
            agent_id=self._agent_id,
            pii=Values(values={**values_of(result), **limit}),
        )


def _hidden(result: ToolResult, secrets: Secrets) -> ToolResult:
    """The result without a secret that the service gave back."""
    receipt, identity = result.receipt, result.identity
    return replace(
        result,
        data=secrets.hide(result.data),
        pii=secrets.hide(result.pii),
        receipt=replace(receipt, facts=secrets.hide(receipt.facts)) if receipt else None,
        identity=replace(identity, pii=secrets.hide(identity.pii)) if identity else None,
    )


def values_of(result: ToolResult) -> dict[str, Any]:
    """Everything a result tells, for sentences and for the record."""
    return {**result.data, **result.pii, **(result.receipt.facts if result.receipt else {})}
