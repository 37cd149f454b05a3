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
    actions: Actions, conversation: Conversation, tool: str, *, confirmed: bool = False, **arguments: Any
) -> list[Fact | ToolResult]:
    items: list[Fact | ToolResult] = []
    async for item in actions.use(tool, arguments, confirmed=confirmed):
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


def test_a_change_needs_its_yes_and_a_turn_answered_again_gets_the_same_receipt() -> None:
    async def main() -> None:
        async with shop_in_process() as shop:
            conversation = said("refund order 10523, zip 60614")
            tools = shop_toolbox(shop.connector, PolicyLimits())
            first = Actions(tools, lambda: NOW, conversation, "t1")
            await used(first, conversation, "verify_identity", order_id="10523", zip_code="60614")
            called, refused, _ = await used(first, conversation, "request_refund", order_id="10523")
            assert isinstance(called, ToolCalled) and called.effect == "write"
            assert isinstance(refused, ToolFinished) and refused.code == "not_confirmed"
            receipts = []
            for _ in range(2):
                actions = Actions(tools, lambda: NOW, conversation, "t2")
                called, finished, result = await used(
                    actions, conversation, "request_refund", confirmed=True, order_id="10523"
                )
                assert isinstance(called, ToolCalled) and called.call_id == "t2.1"
                assert isinstance(finished, ToolFinished) and isinstance(result, ToolResult)
                assert result.receipt is not None and finished.receipt_id == result.receipt.receipt_id
                receipts.append(result.receipt.receipt_id)
            assert receipts[0] == receipts[1]
            assert [deed for (deed,) in shop.database.execute("SELECT operation FROM deeds")] == ["refund"]

    virtual_time.run(main())


def test_arguments_and_results_stand_only_in_the_personal_part() -> None:
    async def main() -> None:
        async with shop_in_process() as shop:
            conversation = said("order 10437 and zip 60614")
            actions = Actions(shop_toolbox(shop.connector, PolicyLimits()), lambda: NOW, conversation, "t1")
            items = await used(actions, conversation, "verify_identity", order_id="10437", zip_code="60614")
            for fact in items:
                if not isinstance(fact, ToolResult):
                    told = fact.model_dump_json(exclude={"pii"})
                    assert not any(word in told for word in ("60614", "10437", "Maya", "@"))

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
