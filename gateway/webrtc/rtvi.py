"""RTVI 2.x, the protocol of pipecat's clients on the data channel.  [core]

Two directions: events of a session become the messages that those clients understand, and what a client
says becomes a typed request. Each event is also sent whole, as a `server-message`, so that our own pages
need nothing but the event list. https://docs.pipecat.ai/client/rtvi-standard
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from gateway.events import CallRefused, Event, Message
from pipelines import facts

VERSION = "2.1.0"
"The newest protocol of which we speak all that we use."
LABEL = "rtvi-ai"
ABOUT = {"library": "warmline"}
PASSING_TYPES = {
    "user-started-speaking",
    "user-stopped-speaking",
    "bot-started-speaking",
    "bot-stopped-speaking",
    "bot-llm-started",
    "bot-llm-text",
    "bot-llm-stopped",
    "bot-tts-text",
    "metrics",
}
"What a slow client can do without: the durable messages that follow say the same or more."

# --- what clients ask for ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClientReady:
    """The client can take messages now."""

    id: str
    version: str
    "Of the protocol; empty when it did not say."


@dataclass(frozen=True, slots=True)
class SendText:
    """The customer typed instead of speaking."""

    id: str
    text: str
    spoken_answer: bool
    "Whether the answer is wanted as sound too."


@dataclass(frozen=True, slots=True)
class DisconnectBot:
    """The customer ends the call."""

    id: str


@dataclass(frozen=True, slots=True)
class ClientMessage:
    """Something of the application's own."""

    id: str
    type: str
    data: Any


Request = ClientReady | SendText | DisconnectBot | ClientMessage


class BadRequest(Exception):
    """A message we cannot act on; `response` is what the client gets."""

    def __init__(self, message: str, request_id: str = "") -> None:
        super().__init__(message)
        self.response = error_response(request_id, message) if request_id else error(message)


class _Envelope(BaseModel):
    label: Literal["rtvi-ai"]
    type: str
    id: str = Field(default="", max_length=64)
    data: Any = None


class _Ready(BaseModel):
    version: str = ""


class _TextOptions(BaseModel):
    audio_response: bool = True


class _Text(BaseModel):
    content: str
    options: _TextOptions | None = None


class _Custom(BaseModel):
    t: str
    d: Any = None


def read(text: str) -> Request:
    """What a client's message asks for; raises `BadRequest`."""
    try:
        envelope = _Envelope.model_validate_json(text)
    except ValidationError as fault:
        raise BadRequest(f"The message is not RTVI: {_first(fault)}.") from fault
    try:
        return _request(envelope)
    except ValidationError as fault:
        text = f"The {envelope.type} message is malformed: {_first(fault)}."
        raise BadRequest(text, envelope.id) from fault


def _request(envelope: _Envelope) -> Request:
    match envelope.type:
        case "client-ready":
            return ClientReady(envelope.id, _Ready.model_validate(envelope.data or {}).version)
        case "send-text":
            typed = _Text.model_validate(envelope.data)
            return SendText(envelope.id, typed.content, (typed.options or _TextOptions()).audio_response)
        case "disconnect-bot":
            return DisconnectBot(envelope.id)
        case "client-message":
            custom = _Custom.model_validate(envelope.data)
            return ClientMessage(envelope.id, custom.t, custom.d)
        case unknown:
            raise BadRequest(f"Messages of type {unknown[:40]!r} are not supported.", envelope.id)


def _first(fault: ValidationError) -> str:
    detail = fault.errors(include_input=False, include_url=False)[0]
    place = ".".join(map(str, detail["loc"]))
    return f"{place}: {detail['msg']}" if place else str(detail["msg"])


# --- what clients are told --------------------------------------------------------------------------


def bot_ready(ready: ClientReady) -> list[Message]:
    """The answer to `client-ready`: that we are, and a warning to a client of another major version."""
    messages = [_message("bot-ready", {"version": VERSION, "about": ABOUT}, ready.id)]
    if ready.version.split(".")[0] != VERSION.split(".")[0]:
        said = ready.version or "no version"
        warning = f"The gateway speaks RTVI {VERSION}, the client said {said}; some messages may look odd."
        messages.insert(0, error_response(ready.id, warning))
    return messages


def server_response(request: ClientMessage, data: Any) -> Message:
    """The answer to a `client-message`."""
    return _message("server-response", {"t": request.type, "d": data}, request.id)


def error_response(request_id: str, text: str) -> Message:
    """A request was not carried out."""
    return _message("error-response", {"error": text}, request_id)


def error(text: str, *, fatal: bool = False) -> Message:
    """Something went wrong; the call goes on unless it is fatal."""
    return _message("error", {"error": text, "fatal": fatal})


def is_passing(message: Message) -> bool:
    """Whether a client can do without this message if it cannot keep up."""
    data = message.get("data")
    match message.get("type"):
        case "server-message":
            return isinstance(data, dict) and data.get("seq") == 0
        case "user-transcription":
            return isinstance(data, dict) and not data.get("final")
        case kind:
            return kind in PASSING_TYPES


class EventFeed:
    """Events of one session to messages for one client, in order."""

    def __init__(self) -> None:
        self._speaking = False
        self._segments = 0

    def messages(self, event: Event) -> list[Message]:
        """What RTVI clients know of this event, then the event itself; nothing of what is private."""
        if event.fact.private:
            return []
        standard = _heard(event) or self._said(event) or _did(event)
        return [*standard, _message("server-message", event.message())]

    def _said(self, event: Event) -> list[Message]:
        match event.fact:
            case facts.Activity(state=state):
                return self._activity(state)
            case facts.ReplyStarted():
                return [_message("bot-llm-started")]
            case facts.ReplyDelta(text=text):
                return [_message("bot-llm-text", {"text": text})]
            case facts.ReplyDone() as done:
                return self._done(done)
            case _:
                return []

    def _activity(self, state: str) -> list[Message]:
        was, self._speaking = self._speaking, state == "speaking"
        if was == self._speaking:
            return []
        return [_message("bot-started-speaking" if self._speaking else "bot-stopped-speaking")]

    def _done(self, done: facts.ReplyDone) -> list[Message]:
        """The reply as the customer heard it: one segment, spoken to its end."""
        text = done.pii.text
        self._segments += 1
        output = {
            "text": text,
            "output_type": "sentence",
            "text_type": "sentence",
            "aggregated_by": "sentence",
            "segment_id": self._segments,
            "will_be_spoken": True,
            "spoken_status": "completed",
            "spoken_progress": {"accumulated_text": text, "remaining_text": ""},
        }
        messages = [
            _message("bot-llm-stopped"),
            _message("bot-tts-text", {"text": text}),
            _message("bot-output", output),
        ]
        if done.latency is not None:
            messages.append(_message("metrics", {"ttfb": _times(done.latency)}))
        return messages


def _heard(event: Event) -> list[Message]:
    match event.fact:
        case facts.SpeechStarted():
            return [_message("user-started-speaking")]
        case facts.SpeechStopped():
            return [_message("user-stopped-speaking")]
        case facts.TranscriptPartial(party=None, pii=words):
            return [_transcription(event, words.text, final=False)]
        case facts.CustomerTurn(channel="voice", pii=words):
            return [_transcription(event, words.text, final=True)]
        case _:
            return []


def _did(event: Event) -> list[Message]:
    match event.fact:
        case facts.ToolCalled(call_id=call_id, tool=tool):
            return [_message("llm-function-call-in-progress", _function(call_id, tool))]
        case facts.ToolFinished(call_id=call_id, tool=tool):
            return [_message("llm-function-call-stopped", {**_function(call_id, tool), "cancelled": False})]
        case facts.Trouble(message=text):
            return [error(text)]
        case CallRefused(message=text):
            return [error(text, fatal=True)]
        case _:
            return []


def _function(call_id: str, tool: str) -> Message:
    return {"tool_call_id": call_id, "function_name": tool}


def _times(latency: facts.Latency) -> list[Message]:
    """Seconds after the customer's last voiced sample, stage by stage."""
    stages = latency.model_dump(exclude_none=True)
    return [
        {"processor": stage.removesuffix("_ms"), "value": milliseconds / 1000}
        for stage, milliseconds in stages.items()
    ]


def _transcription(event: Event, text: str, *, final: bool) -> Message:
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds")
    data = {"text": text, "final": final, "timestamp": at, "user_id": "customer"}
    return _message("user-transcription", data)


def _message(kind: str, data: Any = None, message_id: str = "") -> Message:
    message: Message = {"label": LABEL, "type": kind}
    if message_id:
        message["id"] = message_id
    if data is not None:
        message["data"] = data
    return message
