"""What a language model is to the agent: something that continues a chat at a bounded cost, or cannot now."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pipelines.agent.model_answer import Asked
from pipelines.facts import Unavailable

Message = Mapping[str, Any]
"One message of a chat, as the protocol has it: role, content and what belongs to tools."


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may cost, where that is less than the endpoint's settings."""

    first_token_s: float | None = None
    total_s: float | None = None
    tokens: int | None = None


AS_SET: Final = Limits()
"What the endpoint's settings allow."


class ModelUnavailable(Unavailable):
    """The model is down, full, too slow, or talks nonsense; `code` is that of a `Trouble` fact."""

    def __init__(self, message: str, *, code: str = "model_unavailable") -> None:
        super().__init__(message)
        self.code = code


class LanguageModel(Protocol):
    """Anything that continues a chat."""

    def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        limits: Limits = ...,
        session_id: str = "",
    ) -> AsyncGenerator[str | Asked, None]:
        """Words as they come, and at the end the tool calls if there are any.

        Prompts of one session that begin alike are read only once, where the server can do that.

        Raises:
            ModelUnavailable: before the first word or in the middle.
        """
        ...

    async def choose(
        self, messages: Sequence[Message], schema: Mapping[str, Any], *, limits: Limits = ...
    ) -> Mapping[str, Any]:
        """One JSON object after `schema`; the caller checks it, as the server may not have.

        Raises:
            ModelUnavailable: also when what came is no JSON object.
        """
        ...

    async def read_ahead(
        self, messages: Sequence[Message], *, tools: Sequence[Mapping[str, Any]] = (), session_id: str
    ) -> None:
        """Prepare for a `stream` that will begin with `messages`, if there is nothing better to do.

        Never raises, and gives way at once to whoever wants an answer.
        """
        ...

    def forget(self, session_id: str) -> None:
        """The session is over: what was kept for it may go."""
        ...
