from typing import Any

from pipelines.agent.actions import Actions
from pipelines.conversation import Conversation
from pipelines.facts import CustomerTurn, Fact, IdentityVerified, ToolCalled, ToolFinished, Words
from tests import virtual_time
from tests.fakes.shop_in_process import NOW, shop_in_process
from tools.policy import PolicyLimits
from tools.shop_toolbox import shop_toolbox
from tools.tool import Outcome, ToolResult


async def used(
    actions: Actions, conversation: Conversation, tool: str, **arguments: Any
) -> list[Fact | ToolResult]:
    items: list[Fact | ToolResult] = []
    async for item in actions.use(tool, arguments):
        items.append(item)
        if not isinstance(item, ToolResult):
            conversation.apply(item)
    return items


def said(text: str) -> Conversation:
    conversation = Conversation("s")
    conversation.apply(CustomerTurn(turn_id="t1", channel="chat", pii=Words(text=text)))
    return conversation


def test_a_call_is_told_as_facts_and_ends_with_its_result() -> None:
    async def main() -> None:
        async with shop_in_process() as shop:
            conversation = said("order 10437 and zip 60614")
            actions = Actions(shop_toolbox(shop.connector, PolicyLimits()), lambda: NOW, conversation, "t1")
            items = await used(actions, conversation, "verify_identity", order_id="10437", zip_code="60614")
            assert [type(item) for item in items] == [ToolCalled, ToolFinished, IdentityVerified, ToolResult]
            assert conversation.identity is not None
            items = await used(actions, conversation, "look_up_order", order_id="10437")
            called, finished, result = items
            assert isinstance(called, ToolCalled) and isinstance(finished, ToolFinished)
            assert (called.call_id, finished.call_id) == ("t1.2", "t1.2"), "calls of a turn are numbered"
            assert finished.pii.values["status"] == "in_transit"

    virtual_time.run(main())


def test_what_only_a_model_said_is_no_evidence() -> None:
    async def main() -> None:
        async with shop_in_process() as shop:
            conversation = said("where is my order")
            actions = Actions(shop_toolbox(shop.connector, PolicyLimits()), lambda: NOW, conversation, "t1")
            items = await used(actions, conversation, "verify_identity", order_id="10437", zip_code="60614")
            result = items[-1]
            assert isinstance(result, ToolResult) and result.outcome is Outcome.REFUSED
            assert result.refusal and result.refusal.code == "invented_argument"
            assert conversation.identity is None

    virtual_time.run(main())


def test_a_tool_that_nobody_has_fails_as_a_value() -> None:
    async def main() -> None:
        async with shop_in_process() as shop:
            conversation = said("hi")
            actions = Actions(shop_toolbox(shop.connector, PolicyLimits()), lambda: NOW, conversation, "t1")
            result = (await used(actions, conversation, "self_destruct"))[-1]
            assert isinstance(result, ToolResult) and result.error_code == "unknown_tool"

    virtual_time.run(main())
