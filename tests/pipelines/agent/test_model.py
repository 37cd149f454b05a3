import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest
from prometheus_client import REGISTRY

from pipelines.agent.language_model import Limits, ModelUnavailable
from pipelines.agent.model import Model, ModelSettings
from pipelines.agent.model_answer import Asked
from pipelines.agent.tool_calls import Wanted
from tests import virtual_time
from tests.fakes import scripted_model as play
from tests.fakes.scripted_model import Reply, ScriptedModel
from tests.pipelines.agent.stage import model_of

HI: Sequence[dict[str, str]] = [{"role": "user", "content": "hi"}]
SCHEMA = {"type": "object", "properties": {"intent": {"type": "string"}}, "required": ["intent"]}


async def streamed(model: Model, limits: Limits = Limits()) -> tuple[str, tuple[Wanted, ...]]:  # noqa: B008
    """The words and the calls of one answer."""
    words, calls = "", tuple[Wanted, ...]()
    async with aclosing(model.stream(HI, limits=limits)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Asked):
                calls = piece.calls
            else:
                words += piece
    return words, calls


def over_http(reply: Reply, **settings: Any) -> tuple[str, tuple[Wanted, ...]]:
    """One answer over a real socket."""

    async def main() -> tuple[str, tuple[Wanted, ...]]:
        script = ScriptedModel(otherwise=reply)
        async with script.serve() as url:
            model = Model(ModelSettings(url, **settings))
            try:
                return await streamed(model)
            finally:
                await model.close()

    return asyncio.run(main())


def test_words_come_as_they_are_made() -> None:
    assert over_http(play.text("Hello there.")) == ("Hello there.", ())


@pytest.mark.parametrize(
    "reply",
    [
        play.calls(("look_up_order", {"order_id": "10437"}), ("list_orders", {})),
        play.bare_calls(("look_up_order", {"order_id": "10437"}), ("list_orders", {})),
    ],
)
def test_tool_calls_arrive_whether_native_or_written(reply: Reply) -> None:
    wanted = (Wanted("look_up_order", {"order_id": "10437"}), Wanted("list_orders", {}))
    assert over_http(reply) == ("", wanted)


def test_prose_before_a_written_call_is_said_and_the_call_is_not() -> None:
    words, calls = over_http(play.bare_calls(("a", {"x": 1}), before="Let me look. "))
    assert words.strip() == "Let me look."
    assert calls == (Wanted("a", {"x": 1}),)


def test_braces_that_are_no_call_are_said_after_all() -> None:
    assert over_http(play.text("Use {name} here."))[0] == "Use {name} here."


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (play.garbage(), "model_unavailable"),
        (play.no_stream(), "model_garbage"),
        (play.text(""), "model_garbage"),
        (play.status(400), "model_unavailable"),
        (play.status(500), "model_unavailable"),
        (play.disconnect("Hel"), "model_unavailable"),
        (play.disconnect(), "model_unavailable"),
    ],
)
def test_whatever_an_endpoint_does_is_one_kind_of_error(reply: Reply, code: str) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        over_http(reply)
    assert caught.value.code == code


def test_a_server_that_is_not_there_is_unavailable() -> None:
    async def main() -> None:
        async with ScriptedModel().serve() as url:
            gone = url
        model = Model(ModelSettings(gone))
        with pytest.raises(ModelUnavailable):
            await streamed(model)
        await model.close()

    asyncio.run(main())


def test_a_failure_before_the_first_token_is_tried_once_more_and_one_after_it_is_not() -> None:
    async def main() -> None:
        script = ScriptedModel()
        script.will(play.status(500), play.text("Hello."))
        assert (await streamed(model_of(script)))[0] == "Hello."
        script.will(play.disconnect("Hel"))
        with pytest.raises(ModelUnavailable):
            await streamed(model_of(script))
        assert len(script.requests) == 3

    virtual_time.run(main())


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (play.hang(), 6.0),
        (play.after(10.0, play.text("late")), 6.0),
        (play.hang("Well"), 20.0),
        (play.endless(), 20.0),
    ],
)
def test_the_first_and_the_last_token_have_deadlines(reply: Reply, seconds: float) -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=reply)
        with pytest.raises(ModelUnavailable) as caught:
            await streamed(model_of(script))
        assert caught.value.code == "model_slow"
        assert asyncio.get_running_loop().time() == pytest.approx(seconds, abs=0.01)

    virtual_time.run(main())


def test_one_call_may_have_less_time_than_the_endpoint() -> None:
    async def main() -> None:
        model = model_of(ScriptedModel(otherwise=play.hang()))
        with pytest.raises(ModelUnavailable):
            await streamed(model, Limits(first_token_s=1.5))
        assert asyncio.get_running_loop().time() == pytest.approx(1.5)

    virtual_time.run(main())


def test_closing_a_stream_closes_its_http_response() -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.endless())
        async with script.serve() as url:
            model = Model(ModelSettings(url))
            async with aclosing(model.stream(HI)) as pieces:
                await anext(pieces)
            await model.close()
        assert script.cancelled == 1

    asyncio.run(main())


def test_a_dead_endpoint_is_left_alone_and_probed_later() -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.hang())
        model = model_of(script, breaker_threshold=2, breaker_cool_down_s=15.0)
        for _ in range(2):
            with pytest.raises(ModelUnavailable):
                await streamed(model)
        assert not model.available
        asked, before = len(script.requests), asyncio.get_running_loop().time()
        with pytest.raises(ModelUnavailable):
            await streamed(model)
        assert (len(script.requests), asyncio.get_running_loop().time()) == (asked, before), (
            "it cost something"
        )
        await asyncio.sleep(15)
        script.otherwise = play.text("Back again.")
        assert (await streamed(model))[0] == "Back again."
        assert model.available

    virtual_time.run(main())


def test_more_calls_than_slots_wait_and_more_than_the_queue_holds_are_refused_at_once() -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.after(1.0, play.text("Hello.")))
        model = model_of(script, slots=1, queue=1)
        outcomes: list[str] = []

        async def ask() -> None:
            try:
                outcomes.append((await streamed(model))[0])
            except ModelUnavailable as error:
                outcomes.append(error.code)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(ask(), name="ask")
        assert outcomes == ["model_busy", "Hello.", "Hello."]
        assert model.available, "our own bound says nothing about the endpoint"
        assert asyncio.get_running_loop().time() == pytest.approx(2.0)

    virtual_time.run(main())


def test_a_cancelled_call_frees_its_slot_and_is_no_failure_of_the_endpoint() -> None:
    async def main() -> None:
        script = ScriptedModel()
        script.will(play.hang(), play.text("Hello."))
        model = model_of(script, slots=1, breaker_threshold=1)
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(streamed(model), name="first")
            await asyncio.sleep(0.5)
            first.cancel()
        assert (await streamed(model))[0] == "Hello."

    virtual_time.run(main())


@pytest.mark.parametrize(
    "written", ['{"intent": "refund"}', '```json\n{"intent": "refund"}\n```', 'Sure: {"intent": "refund"}']
)
def test_a_json_answer_is_read_with_or_without_wrapping(written: str) -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.text(written))
        assert await model_of(script).choose(HI, SCHEMA) == {"intent": "refund"}
        assert script.requests[0].kind == "json"

    virtual_time.run(main())


@pytest.mark.parametrize("written", ["refund", "[1]", '{"intent": ', "{" * 5000])
def test_a_json_answer_that_is_none_is_garbage(written: str) -> None:
    async def main() -> None:
        with pytest.raises(ModelUnavailable) as caught:
            await model_of(ScriptedModel(otherwise=play.text(written))).choose(HI, SCHEMA)
        assert caught.value.code == "model_garbage"

    virtual_time.run(main())


# --- prompts that the server keeps --------------------------------------------------------------------


def asked_by(sessions: str, **settings: Any) -> list[Any]:
    """The bodies of one request for each session, in order."""

    async def main() -> list[Any]:
        script = ScriptedModel()
        model = model_of(script, **settings)
        for session in sessions:
            async with aclosing(model.stream(HI, session_id=session)) as pieces:
                assert [piece async for piece in pieces]
        return [request.body for request in script.requests]

    return virtual_time.run(main())


def test_each_call_reads_in_its_own_slot_of_the_servers_cache() -> None:
    bodies = asked_by("abac", cache_slots=2)
    assert [body["id_slot"] for body in bodies] == [0, 1, 0, 1], "c takes over from b, silent longest"
    assert all(body["cache_prompt"] for body in bodies)


def test_an_endpoint_that_is_not_ours_is_sent_nothing_but_the_protocol() -> None:
    [body] = asked_by("a")
    assert set(body) == {"messages", "model", "max_tokens", "stream"}


def test_what_belongs_to_no_call_is_left_to_the_servers_choice() -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.text('{"intent": "ask"}'))
        model = model_of(script, cache_slots=2)
        await model.choose(HI, SCHEMA)
        await model.warm(HI)
        assert not [request for request in script.requests if "id_slot" in request.body]

    virtual_time.run(main())


def test_a_session_that_ended_leaves_its_slot_to_the_next() -> None:
    async def main() -> None:
        script = ScriptedModel()
        model = model_of(script, cache_slots=2)
        for session in "ab":
            await model.read_ahead(HI, session_id=session)
        model.forget("b")
        await model.read_ahead(HI, session_id="c")
        await model.read_ahead(HI, session_id="a")
        assert [request.body["id_slot"] for request in script.requests] == [0, 1, 1, 0]

    virtual_time.run(main())


def test_how_much_of_a_prompt_was_cached_is_counted() -> None:
    def counted(how: str) -> float:
        labels = {"endpoint": "counted", "how": how}
        return REGISTRY.get_sample_value("warmline_model_prompt_tokens_total", labels) or 0.0

    timings = b'"timings": {"prompt_n": 7, "cache_n": 60}'
    chunk = b'{"id": "1", "created": 0, "model": "m", "object": "chat.completion.chunk", "choices": '
    first = chunk + b'[{"index": 0, "delta": {"content": "Hi"}}], ' + timings + b"}"
    last = chunk + b'[{"index": 0, "delta": {}, "finish_reason": "stop"}], ' + timings + b"}"
    body = b"data: " + first + b"\n\ndata: " + last + b"\n\ndata: [DONE]\n\n"

    async def main() -> None:
        model = model_of(ScriptedModel(otherwise=Reply((play.Raw(body),))), name="counted")
        assert (await streamed(model))[0] == "Hi"

    virtual_time.run(main())
    assert (counted("read"), counted("cached")) == (7, 60)


def ahead(outcome: str) -> float:
    return REGISTRY.get_sample_value("warmline_model_read_ahead_total", {"outcome": outcome}) or 0.0


def test_reading_ahead_gives_way_to_an_answer_at_once() -> None:
    async def main() -> None:
        script = ScriptedModel()
        script.will(play.hang(), play.text("Hello."))
        model = model_of(script, slots=1, cache_slots=2, breaker_threshold=1)
        before = ahead("gave_way")
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(model.read_ahead(HI, session_id="a"), name="ahead")
            await asyncio.sleep(0.1)
            assert (await streamed(model))[0] == "Hello."
            assert reading.done() and asyncio.get_running_loop().time() == pytest.approx(0.1)
        assert ahead("gave_way") == before + 1
        assert script.cancelled == 1, "its connection is closed, which stops the server"
        assert model.available

    virtual_time.run(main())


@pytest.mark.parametrize("later", range(6))
def test_reading_ahead_gives_way_to_answers_that_come_while_it_breaks_off(later: int) -> None:
    async def main() -> None:
        script = ScriptedModel()
        script.will(play.hang())
        model = model_of(script, cache_slots=2)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(model.read_ahead(HI, session_id="a"), name="ahead")
            await asyncio.sleep(0.1)
            answers = [tasks.create_task(streamed(model), name="answer")]
            for _ in range(later):
                await asyncio.sleep(0)
            answers.append(tasks.create_task(streamed(model), name="another"))
        assert [answer.result()[0] for answer in answers] == ["All right.", "All right."]

    virtual_time.run(main())


def test_nothing_is_read_ahead_while_somebody_waits_for_an_answer_or_another_reads() -> None:
    async def main() -> None:
        script = ScriptedModel(otherwise=play.after(1.0, play.text("Hello.")))
        model = model_of(script, cache_slots=2)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(streamed(model), name="answer")
            await asyncio.sleep(0.5)
            await model.read_ahead(HI, session_id="a")
        assert len(script.requests) == 1
        async with asyncio.TaskGroup() as tasks:
            for session in "ab":
                tasks.create_task(model.read_ahead(HI, session_id=session), name="ahead")
        assert len(script.requests) == 2

    virtual_time.run(main())


@pytest.mark.parametrize("reply", [play.status(500), play.garbage(), play.disconnect(), play.hang()])
def test_reading_ahead_never_raises_and_is_no_evidence_against_the_endpoint(reply: Reply) -> None:
    async def main() -> None:
        script = ScriptedModel()
        script.will(reply)
        model = model_of(script, cache_slots=1, breaker_threshold=1)
        await model.read_ahead(HI, session_id="a")
        assert len(script.requests) == 1
        assert asyncio.get_running_loop().time() <= 3.0
        assert (await streamed(model))[0] == "All right."

    virtual_time.run(main())


def test_reading_ahead_can_be_cancelled_and_leaves_the_way_free() -> None:
    async def main() -> None:
        script = ScriptedModel()
        script.will(play.hang())
        model = model_of(script, cache_slots=1)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(model.read_ahead(HI, session_id="a"), name="ahead")
            await asyncio.sleep(0.1)
            reading.cancel()
        assert reading.cancelled() and script.cancelled == 1
        await model.read_ahead(HI, session_id="a")
        assert len(script.requests) == 2

    virtual_time.run(main())


def test_only_a_server_that_keeps_prompts_reads_ahead() -> None:
    async def main() -> None:
        script = ScriptedModel()
        await model_of(script).read_ahead(HI, session_id="a")
        assert script.requests == []

    virtual_time.run(main())


def test_a_key_is_not_shown_with_the_settings() -> None:
    assert "secret" not in repr(ModelSettings("http://x/v1", api_key="secret"))
