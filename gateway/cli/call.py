"""`warmline call`: call a gateway without a browser, from WAV files or the microphone.

Each file is spoken in real time after the reply to the former one has been heard. Exit codes: 0 every
question was answered, 1 the call failed, 2 wrong usage or a file that is not audio, 69 the gateway cannot
be reached, 130 interrupted.
"""

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from gateway.cli import microphone, sound_file
from gateway.cli.call_view import Exchange, JsonView, PlainView, Summary, View, source
from gateway.events import Message
from gateway.webrtc import caller
from gateway.webrtc.caller import Caller
from pipelines.audio import Frame

FAILED = 1
WRONG_USAGE = 2
UNAVAILABLE = 69
"EX_UNAVAILABLE of sysexits.h."
INTERRUPTED = 130

CONNECTING_S = 15.0
"For the gateway to take the offer, and for the connection to come about."
GREETING_S = 3.0
"How long we wait for the gateway to speak first."
PAUSE_MS = 700
"Silence of the gateway that means that it has finished."
SILENT_REPLY_S = 3.0
"A reply that makes no sound is over after this time."
LOOK_EVERY_S = 0.05
READY: Message = {
    "label": "rtvi-ai",
    "type": "client-ready",
    "id": "ready",
    "data": {"version": "2.1.0", "about": {"library": "warmline"}},
}
GOODBYE: Message = {"label": "rtvi-ai", "type": "disconnect-bot", "id": "goodbye"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done in a call."""

    url: str
    questions: list[list[Frame]]
    "What to say, in order; empty: the microphone."
    timeout_s: float
    "For the greeting, and for each answer."
    request_data: Message = field(default_factory=dict)


class CallRefused(Exception):
    """The gateway answered, and would not take the call."""


def call(
    url: Annotated[str, typer.Argument(help="The gateway.")] = "http://127.0.0.1:8080",
    wav: Annotated[
        list[Path] | None,
        typer.Option(
            help="Say this file; may be given several times. Without it: the microphone.", dir_okay=False
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write what was heard to this WAV.", dir_okay=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for each answer.", min=1)] = 60.0,
    session: Annotated[str | None, typer.Option(help="Talk in this session instead of a new one.")] = None,
    token: Annotated[str | None, typer.Option(help="The session's token.")] = None,
) -> None:
    """Call a gateway: say something, hear and read the answer, see where the time went."""
    errors = Console(stderr=True)
    if not wav and (missing := microphone.missing()):
        raise _end(errors, missing, WRONG_USAGE)
    try:
        questions = [sound_file.read(path) for path in wav or []]
    except ValueError as fault:
        raise _end(errors, str(fault), WRONG_USAGE) from fault
    named = {key: value for key, value in (("session", session), ("token", token)) if value}
    view: View = JsonView() if as_json else PlainView(Console())
    recorded: list[bytes] = []
    try:
        summary = asyncio.run(converse(Plan(url.rstrip("/"), questions, timeout, named), view, recorded))
    except CallRefused as fault:
        raise _end(errors, str(fault), FAILED) from fault
    except httpx.TransportError as fault:
        raise _end(
            errors, f"{url} cannot be reached: {fault or type(fault).__name__}", UNAVAILABLE
        ) from fault
    except KeyboardInterrupt:
        view.summary(Summary(outcome="interrupted"))
        raise typer.Exit(INTERRUPTED) from None
    finally:
        if out is not None and recorded:
            sound_file.write(out, b"".join(recorded))
    if summary.outcome == "failed":
        raise typer.Exit(FAILED)


class Transcript:
    """What the events of a call have told so far."""

    def __init__(self) -> None:
        self.greeting = ""
        self.current = Exchange()
        self.replying = False
        "A reply was begun and is not done."
        self.replied = False
        "The question under way has a whole reply."
        self.waiting = False
        "The call is in the queue for a place."
        self.refusal = ""
        "Why the gateway does not take the call."
        self._busy = False

    @property
    def settled(self) -> bool:
        """The gateway is neither thinking nor speaking, as far as it says."""
        return not (self._busy or self.replying or self.waiting)

    def ask(self) -> None:
        """A new question begins."""
        self.current = Exchange()
        self.replied = False

    def take(self, event: Message) -> None:
        """Note what an event tells."""
        match event:
            case {"type": "turn.customer", "pii": {"text": text}}:
                self.current.said = f"{self.current.said} {text}".strip()
                self.replied = False
            case {"type": "reply.started"}:
                self.replying = True
            case {"type": "reply.done", "pii": {"text": text}}:
                self._reply(str(text), event)
            case {"type": "tool.finished", "tool": tool, "outcome": outcome}:
                self.current.tools.append(f"{tool}: {outcome}")
            case {"type": "activity", "state": state}:
                self._busy = state in ("thinking", "speaking")
            case {"type": "call.waiting" | "call.admitted" as kind}:
                self.waiting = kind == "call.waiting"
            case {"type": "call.refused", "message": text}:
                self.refusal = str(text)

    def _reply(self, text: str, event: Message) -> None:
        self.replying = False
        if not self.current.said:
            self.greeting = f"{self.greeting} {text}".strip()
            return
        self.replied = True
        self.current.reply = f"{self.current.reply} {text}".strip()
        self.current.latency = event.get("latency") or self.current.latency
        self.current.citations += [source(cited) for cited in event.get("citations", [])]


async def converse(plan: Plan, view: View, recorded: list[bytes]) -> Summary:
    """Call, ask everything, hang up; what was heard is added to `recorded`, however it ends.

    Raises `CallRefused` and `httpx.TransportError` before the call has begun.
    """

    async def signal(offer: Message) -> Message:
        async with httpx.AsyncClient(timeout=CONNECTING_S) as http:
            return _body(await http.post(f"{plan.url}/api/offer", json=offer))

    async with caller.connect(signal, plan.request_data) as person:
        try:
            summary = await _hold(plan, person, view)
        finally:
            recorded.append(person.recording)
            person.send_if_open(GOODBYE)
    view.summary(summary)
    return summary


def _body(response: httpx.Response) -> Message:
    try:
        body = response.json()
    except ValueError:
        body = None
    if response.is_success and isinstance(body, dict) and "sdp" in body:
        return body
    error = body.get("error") if isinstance(body, dict) else None
    text = (
        error.get("message")
        if isinstance(error, dict)
        else f"HTTP {response.status_code}, no Warmline gateway?"
    )
    raise CallRefused(f"the gateway did not take the call: {text}")


async def _hold(plan: Plan, person: Caller, view: View) -> Summary:
    transcript = Transcript()
    summary = Summary(
        outcome="completed", session=person.answer.get("session"), token=person.answer.get("token")
    )
    async with asyncio.TaskGroup() as tasks:
        follower = tasks.create_task(_follow(person, transcript, view), name="events")
        summary.reason = await _talk(plan, person, transcript, summary.exchanges, view)
        follower.cancel()
    summary.greeting = transcript.greeting
    if summary.reason:
        summary.outcome = "failed"
    return summary


async def _follow(person: Caller, transcript: Transcript, view: View) -> None:
    async for message in person.messages():
        if message.get("type") == "server-message" and isinstance(event := message.get("data"), dict):
            transcript.take(event)
            view.event(event)


async def _talk(
    plan: Plan, person: Caller, transcript: Transcript, exchanges: list[Exchange], view: View
) -> str:
    """Say everything; returns why the call failed, or nothing."""
    try:
        async with asyncio.timeout(CONNECTING_S):
            if not await person.opened():
                return "the gateway ended the call before it began"
    except TimeoutError:
        return "no connection; is UDP blocked, or TURN needed?"
    person.send(READY)
    with nullcontext() if plan.questions else microphone.attached(person):
        if not plan.questions:
            await person.over()
            return ""
        await _until_greeted(person, transcript, plan.timeout_s)
        for question in plan.questions:
            transcript.ask()
            person.say(question)
            fault = await _until_answered(person, transcript, plan.timeout_s)
            transcript.current.voice_to_voice_ms = person.voice_to_voice_ms
            exchanges.append(transcript.current)
            view.exchange(transcript.current)
            if fault:
                return fault
    return ""


async def _until_greeted(person: Caller, transcript: Transcript, timeout_s: float) -> None:
    waited = 0.0
    while waited < timeout_s and not person.is_over:
        await asyncio.sleep(LOOK_EVERY_S)
        waited += 0 if transcript.waiting else LOOK_EVERY_S
        quiet = person.quiet_ms()
        if quiet is None and waited >= GREETING_S and not transcript.replying:
            return
        if quiet is not None and quiet >= PAUSE_MS and transcript.settled:
            return


async def _until_answered(person: Caller, transcript: Transcript, timeout_s: float) -> str:
    """Wait until the reply was heard; returns why there is none, or nothing."""
    waited = since_reply = 0.0
    while waited < timeout_s:
        await asyncio.sleep(LOOK_EVERY_S)
        if person.is_over:
            return "" if transcript.replied else transcript.refusal or "the gateway hung up"
        if person.speaking:
            continue
        waited += LOOK_EVERY_S
        since_reply = since_reply + LOOK_EVERY_S if transcript.replied and transcript.settled else 0.0
        heard = person.voice_to_voice_ms is not None and (person.quiet_ms() or 0) >= PAUSE_MS
        if since_reply and (heard or since_reply >= SILENT_REPLY_S):
            return ""
    return f"no answer within {timeout_s:g} s"


def _end(console: Console, text: str, code: int) -> typer.Exit:
    console.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(code)
