"""The client of a language model behind any endpoint that speaks OpenAI's chat protocol.

It makes an unreliable thing bounded: a deadline for the first token and for the whole answer, a limit on
tokens, a bounded number of calls at once with a bounded number waiting, one retry and only before the first
token, and a circuit breaker so that a dead endpoint costs nothing. Tool calls are taken in the native form
and as text (`tool_calls`). Closing a stream closes its HTTP response, which stops the server's work.
Whatever goes wrong arrives as `Unavailable`; prompts and replies are logged nowhere.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import openai
from prometheus_client import Counter, Gauge

from pipelines.agent.breaker import Breaker
from pipelines.agent.cache_slots import CacheSlots
from pipelines.agent.language_model import AS_SET, Limits, Message, ModelUnavailable
from pipelines.agent.model_answer import Asked, Chunk, Evaluated, Reading, json_object

_WAITING = Gauge("warmline_model_waiting", "Model calls that wait for a free slot.", ["endpoint"])
_CALLS = Counter("warmline_model_calls_total", "Model calls by how they ended.", ["endpoint", "outcome"])
_LEASES = Counter(
    "warmline_model_cache_leases_total", "Requests by how their call came to its cache slot.", ["how"]
)
_PROMPT = Counter(
    "warmline_model_prompt_tokens_total",
    "Prompt tokens that the server read, and that it found in its cache.",
    ["endpoint", "how"],
)
_AHEAD = Counter("warmline_model_read_ahead_total", "Prompts read ahead, by how it ended.", ["outcome"])
_AHEAD_S = 3.0
"Reading ahead that takes longer than this is no help any more."


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """One endpoint and what it may cost."""

    base_url: str
    "Ends in `/v1`."
    model: str = "default"
    api_key: str = field(default="none", repr=False)
    name: str = "model"
    "For metrics and logs."
    slots: int = 2
    "Calls at once; the embedded server has as many."
    queue: int = 8
    "Calls that may wait for a slot; one more is refused at once."
    first_token_s: float = 6.0
    "From the request to the first token, the wait for a slot included."
    total_s: float = 20.0
    tokens: int = 160
    "Longest answer."
    cache_slots: int = 0
    "Prompts that the server keeps, one a call; only llama.cpp has them. 0: nothing of it is sent."
    breaker_threshold: int = 3
    breaker_cool_down_s: float = 15.0


class Model:
    """`LanguageModel` over HTTP. `client` is for tests; by default one is made from `settings`."""

    def __init__(self, settings: ModelSettings, client: openai.AsyncOpenAI | None = None) -> None:
        self._settings = settings
        # Retries are ours: the library's would go on after the caller's patience ended.
        self._client = client or openai.AsyncOpenAI(
            base_url=settings.base_url, api_key=settings.api_key, max_retries=0
        )
        self._slots = asyncio.Semaphore(settings.slots)
        self._waiting = 0
        self._cache = CacheSlots(settings.cache_slots) if settings.cache_slots else None
        self._calls = 0
        "Under way or waiting."
        self._ahead: asyncio.Timeout | None = None
        "Of what is being read ahead; it ends when that has to give way."
        self._breaker = Breaker(settings.breaker_threshold, settings.breaker_cool_down_s)

    @property
    def available(self) -> bool:
        """Whether a call would be tried at all; for readiness."""
        return not self._breaker.open

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        limits: Limits = AS_SET,
        session_id: str = "",
    ) -> AsyncGenerator[str | Asked, None]:
        """See `LanguageModel.stream`."""
        request = self._request(messages, tools, self._tokens(limits), session_id)
        reading = Reading()
        async with self._call(limits) as deadlines, aclosing(self._chunks(request, deadlines)) as chunks:
            async for chunk in chunks:
                for piece in reading.take(chunk):
                    yield piece
        for last in reading.end():
            yield last

    async def choose(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        *,
        limits: Limits = AS_SET,
    ) -> Mapping[str, Any]:
        """See `LanguageModel.choose`."""
        answer_format = {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema)}}
        request = {
            "messages": list(messages),
            "max_tokens": self._tokens(limits),
            "response_format": answer_format,
            "temperature": 0,
        }
        text = ""
        async with self._call(limits) as deadlines, aclosing(self._chunks(request, deadlines)) as chunks:
            async for chunk in chunks:
                text += chunk.content or ""
        answer = json_object(text)
        if answer is None:
            raise ModelUnavailable("the model's answer is no JSON object", code="model_garbage")
        return answer

    async def warm(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]] = (),
        limits: Limits = AS_SET,
    ) -> None:
        """Have the server read `messages`, so that an answer that begins with them need not wait for it."""
        request = self._request(messages, tools, 1)
        async with self._call(limits) as deadlines, aclosing(self._chunks(request, deadlines)) as chunks:
            async for _ in chunks:
                pass

    async def read_ahead(
        self, messages: Sequence[Message], *, tools: Sequence[Mapping[str, Any]] = (), session_id: str
    ) -> None:
        """See `LanguageModel.read_ahead`. Only where the server keeps what it read, and one at a time."""
        if self._cache is None or self._calls or self._ahead is not None or self._breaker.open:
            return
        by = asyncio.get_running_loop().time() + _AHEAD_S
        request = self._request(messages, tools, 0, session_id)
        outcome = "abandoned"
        try:
            async with asyncio.timeout_at(by) as self._ahead:
                async with aclosing(self._attempt(request, _Deadlines(by, by))) as chunks:
                    async for _ in chunks:
                        pass
            outcome = "done"
        except TimeoutError:
            outcome = "gave_way"
        except (ModelUnavailable, openai.OpenAIError, ValueError, OSError):
            outcome = "failed"
        finally:
            self._ahead = None
            _AHEAD.labels(outcome).inc()

    def forget(self, session_id: str) -> None:
        """See `LanguageModel.forget`."""
        if self._cache is not None:
            self._cache.release(session_id)

    async def close(self) -> None:
        """Close the connections; calls under way fail."""
        await self._client.close()

    def _tokens(self, limits: Limits) -> int:
        return limits.tokens or self._settings.tokens

    def _request(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]],
        tokens: int,
        session_id: str = "",
    ) -> dict[str, Any]:
        """What is asked of the server; where it keeps prompts, in the session's slot."""
        request: dict[str, Any] = {"messages": list(messages), "max_tokens": tokens}
        if tools:
            request["tools"] = list(tools)
        if self._cache is not None and session_id:
            lease = self._cache.lease(session_id)
            _LEASES.labels(lease.how).inc()
            # Timings with every token, for most answers are broken off when enough was said.
            request["extra_body"] = {
                "id_slot": lease.slot,
                "cache_prompt": True,
                "timings_per_token": True,
            }
        return request

    @asynccontextmanager
    async def _call(self, limits: Limits) -> AsyncIterator["_Deadlines"]:
        """A slot, the breaker's leave, and the deadlines; the body's end tells the breaker how it went."""
        name = self._settings.name
        loop = asyncio.get_running_loop()
        if not self._breaker.allows(loop.time()):
            _CALLS.labels(name, "breaker_open").inc()
            raise ModelUnavailable(f"{name} failed lately and is left alone for a while")
        if self._ahead is not None and not self._ahead.expired():  # else it is breaking off already
            self._ahead.reschedule(loop.time())
        outcome = "abandoned"
        self._calls += 1
        try:
            begun = loop.time()
            first_by = begun + (limits.first_token_s or self._settings.first_token_s)
            async with self._slot(first_by):
                yield _Deadlines(first_by, begun + (limits.total_s or self._settings.total_s))
            outcome = "done"
        except _Refused:
            outcome = "refused"
            raise
        except ModelUnavailable:
            outcome = "failed"
            raise
        finally:
            self._calls -= 1
            _CALLS.labels(name, outcome).inc()
            self._tell_breaker(outcome, loop.time())

    def _tell_breaker(self, outcome: str, now: float) -> None:
        if outcome == "done":
            self._breaker.succeeded()
        elif outcome == "failed":
            self._breaker.failed(now)
        else:
            self._breaker.abandoned()

    @asynccontextmanager
    async def _slot(self, first_by: float) -> AsyncIterator[None]:
        """One of the endpoint's slots. Waits its turn until `first_by`; a full queue refuses at once."""
        name = self._settings.name
        if self._slots.locked() and self._waiting >= self._settings.queue:
            raise _Refused(f"{name} has {self._waiting} calls waiting already", code="model_busy")
        self._waiting += 1
        _WAITING.labels(name).set(self._waiting)
        try:
            async with asyncio.timeout_at(first_by):
                await self._slots.acquire()
        except TimeoutError:
            raise _Refused(f"{name} had no free slot in time", code="model_busy") from None
        finally:
            self._waiting -= 1
            _WAITING.labels(name).set(self._waiting)
        try:
            yield
        finally:
            self._slots.release()

    async def _chunks(
        self, request: Mapping[str, Any], deadlines: "_Deadlines"
    ) -> AsyncGenerator["Chunk", None]:
        """The answer's pieces. One retry, and only while nothing has come."""
        came = False
        for attempt in (1, 2):
            try:
                async with aclosing(self._attempt(request, deadlines)) as chunks:
                    async for chunk in chunks:
                        came = True
                        yield chunk
                break
            except (openai.APIConnectionError, openai.InternalServerError) as error:
                if came or attempt == 2 or isinstance(error, openai.APITimeoutError):
                    raise ModelUnavailable(f"{self._settings.name} broke off: {error}") from error
            except openai.OpenAIError as error:
                raise ModelUnavailable(f"{self._settings.name} refused: {type(error).__name__}") from error
            except (ValueError, OSError) as error:
                raise ModelUnavailable(f"{self._settings.name} sent no stream we can read") from error
        if not came:
            raise ModelUnavailable(f"{self._settings.name} answered nothing", code="model_garbage")

    async def _attempt(
        self, request: Mapping[str, Any], deadlines: "_Deadlines"
    ) -> AsyncGenerator["Chunk", None]:
        """The answer's pieces over one HTTP request, within the deadlines."""
        try:
            async with asyncio.timeout_at(deadlines.first_by):
                response = await self._client.chat.completions.create(
                    model=self._settings.model, stream=True, timeout=openai.NOT_GIVEN, **request
                )
        except TimeoutError:
            raise _slow(self._settings.name, "did not begin") from None
        async with aclosing(response):
            chunks = aiter(response)
            by, counted = deadlines.first_by, False
            while True:
                try:
                    async with asyncio.timeout_at(min(by, deadlines.total_by)):
                        chunk = await anext(chunks, None)
                except TimeoutError:
                    raise _slow(self._settings.name, "did not finish") from None
                if chunk is None:
                    return
                if not counted and (prompt := Evaluated.of(chunk)) is not None:
                    counted = True
                    _PROMPT.labels(self._settings.name, "read").inc(prompt.read)
                    _PROMPT.labels(self._settings.name, "cached").inc(prompt.cached)
                if chunk.choices and (piece := Chunk.of(chunk.choices[0])).says_something:
                    by = deadlines.total_by
                    yield piece


class _Refused(ModelUnavailable):
    """Refused by our own bound: no fault of the endpoint."""


def _slow(name: str, what: str) -> ModelUnavailable:
    return ModelUnavailable(f"{name} {what} in time", code="model_slow")


@dataclass(frozen=True, slots=True)
class _Deadlines:
    """When the first and the last token must have come, in the loop's time."""

    first_by: float
    total_by: float
