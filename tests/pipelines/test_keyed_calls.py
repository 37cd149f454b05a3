"""Keyed calls under virtual time: the real agent over the real shop, and a tool that wants a PIN."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any

import pytest
import structlog
import yaml
from prometheus_client import REGISTRY

from pipelines.agent import definition as definition_module
from pipelines.agent.agent import Agent
from pipelines.agent.assembly import Surroundings, build_agent
from pipelines.agent.definition import Definition
from pipelines.agent.routing import Endpoints
from pipelines.conversation import Conversation
from pipelines.facts import CustomerTurn, HandoffRequested, ToolCalled, ToolFinished, WorkflowChanged
from pipelines.voice_call import CallSettings, VoiceCall
from tests import virtual_time
from tests.fakes.hashed_embedder import HashedEmbedder
from tests.fakes.scripted_leg import ScriptedLeg
from tests.fakes.shop_in_process import NOW, shop_in_process
from tests.fakes.voice_parts import FakeVoiceParts
from tests.pipelines.agent.stage import Shelf, inline
from tests.pipelines.talk import Talk
from tools.arguments import Digits
from tools.declaration import Answer, Permit, Tool
from tools.policy import Access, PolicyLimits, Source, ToolPolicy
from tools.shop_toolbox import shop_toolbox
from tools.tool import CallContext, Effect, Refusal, ToolCall, ToolResult
from tools.toolbox import Toolbox

PIN = "4719"
Pin = Annotated[str, Digits(4), "The PIN."]


def definition() -> Definition:
    """The shop's agent with one thing more to do: it reads gift cards, and wants their PIN."""
    file = Path(definition_module.__file__).parent / "definitions" / "shop.yaml"
    value: dict[str, Any] = deepcopy(yaml.safe_load(file.read_text(encoding="utf-8")))
    value["keypad"] = {"menu": {"1": "What is left on my gift card?"}, "yes": "8", "no": "9"}
    value["workflows"]["gift_card"] = {
        "about": "read a gift card",
        "title": "your gift card",
        "examples": [
            "what is left on my gift card",
            "gift card balance",
            "how much is on my gift card",
            "check my gift card",
            "read my gift card balance",
        ],
        "slots": {
            "pin": {
                "kind": "digits",
                "digits": 4,
                "secret": True,
                "ask": "Please key in the PIN.",
                "again": "The PIN has four digits. Please key it in.",
            }
        },
        "steps": [{"ask": "pin"}, {"use": "read_gift_card", "given": {"pin": "pin"}, "gives": ["left"]}],
        "say": {
            "done": "There are {left} dollars left.",
            "refused": {"wrong_pin": "That PIN is wrong."},
            "failed": "I can't reach the cards.",
            "declined": "Okay.",
        },
    }
    return Definition.model_validate(value)


def named_in_metrics() -> str:
    """Names and labels of all metrics: what a customer said could only get in there, never into a number."""
    samples = (sample for metric in REGISTRY.collect() for sample in metric.samples)
    return repr([(sample.name, sample.labels) for sample in samples])


class CardTools:
    """The shop's toolbox with the tool that takes a PIN, and what it was given."""

    def __init__(self, shop: Toolbox) -> None:
        policy = ToolPolicy(Effect.READ, Access.ANYONE, sources={"pin": Source.SAID})
        self._cards = Toolbox([Tool(self.read_gift_card, policy)], PolicyLimits())
        self._shop = shop
        self.pins: list[str] = []

    async def read_gift_card(self, permit: Permit, pin: Pin) -> Answer:
        """Read a gift card."""
        self.pins.append(pin)
        if pin != PIN:
            return Answer(refusal=Refusal("wrong_pin", "That PIN is wrong."))
        return Answer({"left": "25", "echo": f"opened with {pin}"}, pii={"pin": pin})

    def effect(self, tool: str) -> Effect | None:
        return self._shop.effect(tool) or self._cards.effect(tool)

    def at_desk(self, role: str) -> tuple[str, ...]:
        return self._shop.at_desk(role)

    def schemas(self, names: Any = None) -> list[dict[str, Any]]:
        return self._shop.schemas(names)

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        return await (self._cards if call.tool == "read_gift_card" else self._shop).call(call, context)


class KeyedTalk(Talk):
    """A call with the real agent."""

    def __init__(self, agent: Agent, tools: CardTools) -> None:
        self.tools = tools
        self.leg = ScriptedLeg()
        self.parts = FakeVoiceParts()
        self.conversation = Conversation("s1")
        self.facts, self.times = [], []
        self.emit_s, self.store_down = 0.0, False
        self._ids = {}  # type: ignore[assignment]
        settings = CallSettings(keys=definition().keypad.choices())
        self.call = VoiceCall(
            self.leg, self.conversation, agent, self.emit, self.parts, ids=self.ids, settings=settings
        )

    def ids(self, prefix: str) -> str:
        self._ids[prefix] = self._ids.get(prefix, 0) + 1
        return f"{prefix}{self._ids[prefix]}"

    async def press(self, keys: str, then: float = 6.0) -> None:
        for key in keys:
            self.call.press(key)
            await asyncio.sleep(0.3)
        await asyncio.sleep(then)


@asynccontextmanager
async def calling() -> AsyncIterator[KeyedTalk]:
    async with shop_in_process() as shop:
        tools = CardTools(shop_toolbox(shop.connector, PolicyLimits()))
        surroundings = Surroundings(tools, Shelf(), HashedEmbedder(), lambda: NOW, inline)
        agent = build_agent(definition(), Endpoints(None, None, ()), surroundings)
        talk = KeyedTalk(agent, tools)
        async with asyncio.TaskGroup() as tasks:
            person = tasks.create_task(talk.leg.serve())
            call = tasks.create_task(talk.call.run())
            await asyncio.sleep(6)
            yield talk
            talk.leg.leave()
            await asyncio.wait([call, person])
        await agent.close()


def test_order_and_zip_keyed_are_looked_up_and_read_back_like_spoken_ones() -> None:
    async def main() -> None:
        async with calling() as talk:
            await talk.say("where is my order", then=5)
            assert talk.conversation.workflow is not None
            assert (talk.conversation.workflow.awaiting, talk.conversation.workflow.digits) == ("order_id", 5)
            await talk.press("10437")
            await talk.press("60614#", 12)
        assert [fact.tool for fact in talk.of(ToolFinished)] == ["verify_identity", "look_up_order"]
        assert [fact.pii.text for fact in talk.of(CustomerTurn)] == ["where is my order", "10437", "60614"]
        assert [fact.source for fact in talk.of(CustomerTurn)] == [None, "keypad", "keypad"]
        assert talk.turns[-1].startswith("< Order 1 0 4 3 7, ")

    virtual_time.run(main())


def test_nought_reaches_a_person_whatever_is_going_on() -> None:
    async def main() -> None:
        async with calling() as talk:
            await talk.say("where is my order", then=5)
            await talk.press("0", 8)
        assert [fact.reason for fact in talk.of(HandoffRequested)] == ["customer_asked"]

    virtual_time.run(main())


def test_keys_may_answer_yes_and_no() -> None:
    async def main() -> None:
        async with calling() as talk:
            await talk.say("I want a refund for my order 10523", then=6)
            await talk.press("60614", 14)
            assert talk.conversation.workflow is not None
            assert talk.conversation.workflow.awaiting == "confirmation"
            await talk.press("8", 10)
        assert [(fact.outcome, fact.code) for fact in talk.of(ToolFinished)] == [
            ("done", None),
            ("refused", "not_confirmed"),
            ("done", None),
        ]

    virtual_time.run(main())


@pytest.mark.parametrize("how", ["keyed", "said", "typed"])
def test_a_pin_reaches_the_tool_and_is_written_nowhere(how: str, caplog: pytest.LogCaptureFixture) -> None:
    logged = io.StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(logged))
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with calling() as talk:
            await talk.press("1", 6)
            assert talk.conversation.workflow is not None and talk.conversation.workflow.secret
            if how == "keyed":
                await talk.press(PIN, 10)
            elif how == "typed":
                await talk.call.write(f"it is {PIN}")
                await asyncio.sleep(10)
            else:
                await talk.say("it is four seven one nine", then=10)
            assert talk.tools.pins == [PIN], "the tool got the digits themselves"
            assert talk.heard.endswith("There are 25 dollars left.")
            assert not talk.conversation.secrets.values(), "needed no more, and forgotten"
            (called,) = talk.of(ToolCalled)
            assert called.pii.values == {"pin": "[secret 1]"}
            (finished,) = talk.of(ToolFinished)
            assert finished.pii.values["echo"] == "opened with [secret 1]"
            emitted = "\n".join(fact.model_dump_json() for fact in talk.facts)
            heard = talk.heard + repr(talk.conversation.turns) + repr(vars(talk.conversation))
            for place in (emitted, heard, caplog.text, logged.getvalue(), named_in_metrics()):
                assert PIN not in place and "four seven one nine" not in place

    virtual_time.run(main())


def test_a_wrong_pin_is_said_to_be_wrong_and_asked_for_anew() -> None:
    async def main() -> None:
        async with calling() as talk:
            await talk.press("1", 6)
            await talk.press("12#", 6)
            assert talk.turns[-2:] == ["> …", "< The PIN has four digits. Please key it in."]
            await talk.press("1111", 6)
        assert talk.tools.pins == ["1111"]
        assert talk.turns[-1] == "< That PIN is wrong."

    virtual_time.run(main())


def test_a_pin_lost_in_a_restart_is_asked_for_again() -> None:
    async def main() -> None:
        async with calling() as talk:
            talk.conversation.apply(
                WorkflowChanged(
                    workflow="gift_card",
                    state="active",
                    awaiting="pin",
                    digits=4,
                    secret=True,
                    pii={"values": {"pin": "[secret 9]"}},  # type: ignore[arg-type]
                )
            )
            await talk.say("are you there", then=6)
            assert talk.turns[-1].endswith("Back to your gift card. Please key in the PIN.")
            await talk.press(PIN, 8)
        assert talk.tools.pins == [PIN]

    virtual_time.run(main())
