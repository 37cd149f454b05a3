"""One customer's contact with a toolbox, for tests: keeps what was said, found and proven."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.fakes.shop_in_process import NOW, Shop, shop_in_process
from tools.policy import PolicyLimits
from tools.shop_toolbox import shop_toolbox
from tools.tool import CallContext, Evidence, Identity, Outcome, ToolCall, ToolResult
from tools.toolbox import Toolbox


class Contact:
    """A customer who says things, and calls made on their behalf."""

    def __init__(self, toolbox: Toolbox, session_id: str = "s_1") -> None:
        self.toolbox = toolbox
        self.session_id = session_id
        self.said: list[str] = []
        self.results: list[Any] = []
        self.identity: Identity | None = None
        self._calls = 0

    def say(self, text: str) -> None:
        """The customer's next turn."""
        self.said.append(text)

    def context(self, *, confirmed: bool = False) -> CallContext:
        """What the toolbox is told now."""
        evidence = Evidence(tuple(self.said), tuple(self.results))
        turn_id = f"c{len(self.said)}"
        return CallContext(self.session_id, turn_id, NOW, self.identity, evidence, confirmed)

    async def call(self, tool: str, **arguments: Any) -> ToolResult:
        """A call that the customer has not confirmed."""
        return await self._call(tool, arguments, confirmed=False)

    async def confirmed(self, tool: str, **arguments: Any) -> ToolResult:
        """A call that the customer has said yes to."""
        return await self._call(tool, arguments, confirmed=True)

    async def _call(self, tool: str, arguments: dict[str, Any], *, confirmed: bool) -> ToolResult:
        self._calls += 1
        wish = ToolCall(f"t{self._calls}", tool, arguments)
        result = await self.toolbox.call(wish, self.context(confirmed=confirmed))
        if result.outcome is Outcome.DONE:
            self.results.append(result.data)
            self.identity = result.identity or self.identity
        return result


@asynccontextmanager
async def new_contact(limits: PolicyLimits = PolicyLimits()) -> AsyncIterator[tuple[Contact, Shop]]:  # noqa: B008
    """Somebody who has said nothing yet, and the shop."""
    async with shop_in_process() as shop:
        yield Contact(shop_toolbox(shop.connector, limits, jitter=lambda: 0.5)), shop


@asynccontextmanager
async def maya() -> AsyncIterator[tuple[Contact, Shop]]:
    """Maya Lindqvist, verified, who has named all of her orders."""
    async with new_contact() as (contact, shop):
        contact.say("It's order 10437 and my zip is 60614")
        verified = await contact.call("verify_identity", order_id="10437", zip_code="60614")
        assert verified.identity is not None
        contact.say("I also have 10523, 10812, 10266 and 10951")
        yield contact, shop


def code(result: ToolResult) -> str:
    """The refusal's or error's code, or `done`."""
    return result.refusal.code if result.refusal else result.error_code or result.outcome.value
