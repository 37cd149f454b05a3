import asyncio
from typing import Any

import openai

from tests.fakes import scripted_model as play
from tests.fakes.scripted_model import ScriptedModel

HI: Any = [{"role": "user", "content": "What is the weather?"}]


def test_it_plays_the_queue_in_order_and_then_the_default() -> None:
    async def main() -> None:
        script = ScriptedModel()
        script.will(play.text("one"), play.text("two"))
        async with script.serve() as url, openai.AsyncOpenAI(base_url=url, api_key="x") as client:
            said = [
                (await client.chat.completions.create(model="m", messages=HI)).choices[0].message.content
                for _ in range(3)
            ]
        assert said == ["one", "two", "All right."]

    asyncio.run(main())


def test_a_rule_goes_before_the_queue_and_stays() -> None:
    script = ScriptedModel()
    script.will(play.text("queued"))
    script.when("WEATHER", play.text("Sunny."), kind="text")
    assert script.take({"messages": HI}) == script.take({"messages": HI}) == play.text("Sunny.")
    assert script.take({"messages": HI, "tools": []}) == play.text("queued")
    assert script.requests[0].user == "What is the weather?"


def test_a_tool_call_is_whole_without_streaming_too() -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.calls(("look_up_order", {"order_id": "10437"})))
        async with script.serve() as url, openai.AsyncOpenAI(base_url=url, api_key="x") as client:
            answer: Any = await client.chat.completions.create(model="m", messages=HI)
        call = answer.choices[0].message.tool_calls[0]
        assert (call.function.name, call.function.arguments) == ("look_up_order", '{"order_id": "10437"}')

    asyncio.run(main())


def test_it_can_serve_from_a_thread() -> None:
    with ScriptedModel().serve_in_thread() as url, openai.OpenAI(base_url=url, api_key="x") as client:
        answer = client.chat.completions.create(model="m", messages=HI)
    assert answer.choices[0].message.content == "All right."
