"""The whole gateway in this process, on a real port; the agent is scripted and the voice is not there."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bench.overload_callers import Line, call
from gateway import config
from gateway.admission import AdmissionLimits
from gateway.app import AT_THE_DOOR, Assembly, OpenVoice, admission_limits, serve, with_lines
from gateway.config import Config, ConfigError
from gateway.health import Health
from pipelines.answer import Answerer, Say
from pipelines.audio import Frame
from pipelines.facts import Unavailable
from pipelines.voice_call import VoiceParts
from tests.chat_client import chat_client
from tests.fakes.otlp_collector import listening
from tests.fakes.scripted_answerer import Pause, ScriptedAnswerer
from tests.fakes.voice_parts import FakeVoiceParts

SLOW = ScriptedAnswerer(lambda words: [Say("One "), Pause(0.3), Say("two.")])


class Running:
    """A gateway under test."""

    def __init__(self) -> None:
        self.url = ""
        self.health = Health()
        self.up = asyncio.Event()

    def announce(self, address: str) -> None:
        self.url = address

    async def ready(self) -> None:
        while not self.url or not (await self.get("/readyz")).json()["ready"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient() as http:
            return await http.get(f"{self.url}{path}")


def scripted(answerer: ScriptedAnswerer, failure: Exception | None = None, wait_s: float = 0.0) -> Assembly:
    @asynccontextmanager
    async def open_answerer(config: Config, health: Health) -> AsyncIterator[Answerer]:
        await asyncio.sleep(wait_s)
        if failure is not None:
            raise failure
        yield answerer

    return Assembly(open_answerer, open_voice=None)


def settings(tmp_path: Path, **variables: str) -> Config:
    given = {f"WARMLINE_{name}": value for name, value in variables.items()}
    store = f"sqlite+aiosqlite:///{tmp_path / 'sessions.sqlite'}"
    return config.load(None, {"WARMLINE_HTTP__PORT": "0", "WARMLINE_STORE__URL": store, **given})


def run(
    configuration: Config, assembly: Assembly, test: Callable[[Running], Awaitable[None]] | None = None
) -> None:
    """Run a gateway until the test has sent it a signal; the test begins at once."""

    async def main() -> None:
        running = Running()
        async with asyncio.timeout(15), asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(
                serve(configuration, assembly, running.health, running.announce), name="serve"
            )
            if test is not None:
                await test(running)
            await serving

    asyncio.run(main())


def stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_it_serves_until_told_to_stop_and_lets_the_reply_finish(tmp_path: Path) -> None:
    async def test(gateway: Running) -> None:
        await gateway.ready()
        async with chat_client(gateway.url) as client:
            await client.hello()
            await client.say("m1", "hi")
            await client.until("reply.delta")
            stop()
            assert (await client.until("reply.done"))["pii"]["text"] == "One two."
            assert await client.closed() == 1012

    run(settings(tmp_path), scripted(SLOW), test)


def test_turns_are_traced_where_a_collector_is_named_and_the_last_spans_leave_at_the_end(
    tmp_path: Path,
) -> None:
    async def test(gateway: Running) -> None:
        await gateway.ready()
        async with chat_client(gateway.url) as client:
            await client.hello()
            await client.say("m1", "hi")
            await client.until("reply.done")
        stop()

    with listening() as collector:
        run(settings(tmp_path, TRACING__ENDPOINT=collector.url), scripted(SLOW), test)
    sent = b"".join(body for _, _, body in collector.requests)
    assert b"session.id" in sent and b"turn" in sent and b"answer" in sent
    assert b"One two." not in sent


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    endless = ScriptedAnswerer(lambda words: [Say("Well "), Pause(40)])

    async def test(gateway: Running) -> None:
        await gateway.ready()
        async with chat_client(gateway.url) as client:
            await client.hello()
            await client.say("m1", "hi")
            await client.until("reply.delta")
            stop()
            await asyncio.sleep(0.1)
            assert (await gateway.get("/readyz")).status_code == 503
            stop()
            assert await client.closed() == 1012

    run(settings(tmp_path), scripted(endless), test)
    assert endless.closed_early == 1


def test_health_answers_while_the_agent_is_still_coming_up_and_it_can_be_stopped_then(tmp_path: Path) -> None:
    async def test(gateway: Running) -> None:
        while not gateway.url:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        body = (await gateway.get("/readyz")).json()
        assert (body["ready"], body["parts"]["agent"]["state"]) == (False, "starting")
        async with chat_client(gateway.url) as client:
            assert (await client.hello())["code"] == "busy"
        stop()

    run(settings(tmp_path), scripted(SLOW, wait_s=1000), test)


@pytest.mark.parametrize("size", [20_000, 70_000, 5_000_000])
def test_a_frame_that_is_too_large_ends_its_connection_and_no_other(tmp_path: Path, size: int) -> None:
    async def test(gateway: Running) -> None:
        await gateway.ready()
        async with chat_client(gateway.url) as other, chat_client(gateway.url) as client:
            await other.hello()
            await client.hello()
            with contextlib.suppress(Exception):
                await client.connection.send("x" * size)
            assert await client.closed() == 1009
            errors = [m["code"] for m in client.received if m["type"] == "error"]
            assert errors == (["frame_too_large"] if size < 65_536 else [])
            await other.say("m1", "hi")
            await other.until("reply.done")
        stop()

    run(settings(tmp_path), scripted(SLOW), test)


def test_a_file_that_is_refused_unread_gets_its_answer_all_the_same(tmp_path: Path) -> None:
    async def test(gateway: Running) -> None:
        await gateway.ready()
        async with chat_client(gateway.url) as client, httpx.AsyncClient() as http:
            welcome = await client.hello()
            address = f"{gateway.url}/api/files?session={welcome['session']}"
            headers = {"authorization": f"Bearer {welcome['token']}"}
            refused = await http.post(address, content=bytes(30_000_000), headers=headers)
            assert (refused.status_code, refused.json()["error"]["code"]) == (409, "nobody_there")
            assert (await http.get(f"{gateway.url}/api/files")).json()["count"] == 20
        stop()

    run(settings(tmp_path), scripted(ScriptedAnswerer()), test)


def test_a_port_that_is_taken_is_said_with_advice(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ExceptionGroup) as raised:
            run(settings(tmp_path, HTTP__PORT=str(port)), scripted(SLOW))
    assert raised.group_contains(Unavailable, match=f"cannot listen on 127.0.0.1 port {port}: .*--port")


def test_a_store_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "sessions.sqlite").mkdir()
    with pytest.raises(ExceptionGroup) as raised:
        run(settings(tmp_path), scripted(SLOW))
    assert raised.group_contains(Unavailable, match="sessions.sqlite cannot be opened")


@pytest.mark.parametrize("failure", [Unavailable("no model; fetch it"), ConfigError(["agent.yaml:3: bad"])])
def test_an_agent_that_cannot_be_made_ends_the_gateway_with_the_reason(
    tmp_path: Path, failure: Exception
) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        run(settings(tmp_path), scripted(SLOW, failure))
    (only,) = raised.value.exceptions
    assert only is failure


def _broken_voice(error: Exception) -> OpenVoice:
    @asynccontextmanager
    async def open_voice(config: Config, answerer: Answerer) -> AsyncIterator[VoiceParts]:
        raise error
        yield

    return open_voice


class _Terse(FakeVoiceParts):
    """Says nothing to those who wait, so that a test needs no patience."""

    def by_heart(self, text: str, sample_rate: int) -> list[Frame]:
        return []


@asynccontextmanager
async def _silent_voice(config: Config, answerer: Answerer) -> AsyncIterator[VoiceParts]:
    yield _Terse()


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "No such file", "silero_vad.onnx"), RuntimeError("onnx")]
)
def test_without_a_voice_the_chat_goes_on_and_readiness_says_so(tmp_path: Path, error: Exception) -> None:
    async def test(gateway: Running) -> None:
        await gateway.ready()
        while (await gateway.get("/readyz")).json()["parts"]["voice"]["state"] != "down":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        async with chat_client(gateway.url) as client:
            await client.hello()
            await client.say("m1", "hi")
            await client.until("reply.done")
        body = (await gateway.get("/readyz")).json()
        assert (body["ready"], body["missing"]) == (True, ["voice"])
        assert body["parts"]["queue"] == {"state": "up", "detail": "", "required": False}
        assert "warmline doctor" in body["parts"]["voice"]["detail"]
        stop()

    assembly = Assembly(scripted(SLOW).open_answerer, _broken_voice(error))
    run(settings(tmp_path), assembly, test)


def test_idle_chats_cost_little_bandwidth_and_no_compression_buffers(tmp_path: Path) -> None:
    async def test(gateway: Running) -> None:
        await gateway.ready()
        async with chat_client(gateway.url) as client:
            await client.hello()
            assert client.connection.protocol.extensions == []
        stop()

    run(settings(tmp_path), scripted(SLOW), test)


def test_how_many_calls_there_may_be_follows_from_cores_and_recogniser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def limits(**variables: str) -> AdmissionLimits:
        return admission_limits(config.load(None, {f"WARMLINE_{n}": v for n, v in variables.items()}))

    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2})
    assert limits() == AdmissionLimits(calls=6, waiting=6, wait_ms=180_000)
    service = {"RECOGNISER__ENGINE": "openai", "RECOGNISER__ENDPOINT": "http://ears/v1"}
    assert limits(**service).calls == 60
    chosen = limits(LIMITS__CALLS="1", LIMITS__WAITING="0", LIMITS__WAIT_S="2.5")
    assert chosen == AdmissionLimits(calls=1, waiting=0, wait_ms=2_500)


def test_there_are_lines_for_callers_who_cannot_be_taken() -> None:
    configured = {"WARMLINE_LIMITS__CALLS": "30", "WARMLINE_LIMITS__WAITING": "5"}
    assert with_lines(config.load(None, configured)).calls == 30 + 5 + AT_THE_DOOR
    assert with_lines(config.load(None, {**configured, "WARMLINE_WEBRTC__CALLS": "7"})).calls == 7


def test_draining_tells_a_caller_who_waits_before_the_gateway_stops(tmp_path: Path) -> None:
    async def test(gateway: Running) -> None:
        await gateway.ready()
        while (await gateway.get("/readyz/calls")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        async with call(gateway.url) as talking, call(gateway.url) as waiting:
            await waiting.until(lambda: "call.waiting" in kinds(waiting), 5)
            assert "leg.joined" in kinds(talking)
            assert (await gateway.get("/readyz/calls")).json()["full"]
            stop()
            await waiting.until(lambda: False, 5)
            refused = next(event for event in waiting.events if event["type"] == "call.refused")
            assert refused["reason"] == "draining"
            assert not talking.person.is_over, "the call under way goes on until its caller has finished"

    def kinds(line: Line) -> list[str]:
        return [event["type"] for event in line.events]

    run(settings(tmp_path, LIMITS__CALLS="1"), Assembly(scripted(SLOW).open_answerer, _silent_voice), test)
