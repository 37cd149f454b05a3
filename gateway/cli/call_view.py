"""What a terminal shows of a call: lines for people, or JSON lines for programs.

Texts come from the other side, so control characters are taken out before they reach a terminal.
"""

import json
from typing import Protocol

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.live import Live
from rich.text import Text

from gateway.cli.tool_words import outcome_words
from gateway.events import Message


class Exchange(BaseModel):
    """One thing said by the caller and what came of it."""

    said: str = ""
    "What the gateway understood, in words."
    reply: str = ""
    tools: list[str] = []
    "`name: outcome`, in order."
    citations: list[str] = []
    latency: Message | None = None
    "The gateway's own account, ms after the last voiced sample (`pipelines.facts.Latency`)."
    voice_to_voice_ms: int | None = None
    "Measured here: last voiced sample sent to first audible sample received."


class Summary(BaseModel):
    """How the call went."""

    outcome: str
    "`completed`, `failed` or `interrupted`."
    reason: str = ""
    session: str | None = None
    token: str | None = None
    greeting: str = ""
    exchanges: list[Exchange] = []


class View(Protocol):
    """Shows a call while it goes on."""

    def event(self, event: Message) -> None:
        """An event of the session, as it comes."""

    def exchange(self, exchange: Exchange) -> None:
        """A question was answered."""

    def summary(self, summary: Summary) -> None:
        """The call is over."""


class JsonView:
    """One JSON object a line: every event as it is, `call.exchange` for each answer, `call.summary` last."""

    def event(self, event: Message) -> None:
        """An event of the session."""
        _print(event)

    def exchange(self, exchange: Exchange) -> None:
        """A question was answered."""
        _print({"type": "call.exchange", **exchange.model_dump()})

    def summary(self, summary: Summary) -> None:
        """The call is over."""
        _print({"type": "call.summary", **summary.model_dump()})


class PlainView:
    """Lines for people; the line being spoken changes in place on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None

    def event(self, event: Message) -> None:
        """Show what a person wants to see of an event."""
        match event:
            case {"type": "transcript.partial", "pii": {"text": text}}:
                self._caption(str(text))
            case {"type": "turn.customer", "pii": {"text": text}}:
                self._line("you", str(text), "bold cyan")
            case {"type": "reply.done", "pii": {"text": text}}:
                self._line("bot", str(text), "bold green")
                for cited in event.get("citations", []):
                    self._line("", f"source: {source(cited)}", "dim")
            case {"type": "tool.finished"}:
                self._line("", f"{outcome_words(event)}, {event.get('elapsed_ms', 0)} ms", "yellow")
            case {"type": "call.waiting", "position": position}:
                self._line("", f"all lines are busy; place {position} in the queue", "yellow")
            case {"type": "trouble" | "call.refused", "message": text}:
                self._line("", str(text), "red")

    def exchange(self, exchange: Exchange) -> None:
        """Show how long it took."""
        times = dict(exchange.latency or {}, voice_to_voice_ms=exchange.voice_to_voice_ms)
        known = {name: ms for name, ms in times.items() if ms is not None}
        told = [f"{name.removesuffix('_ms').replace('_', ' ')} {ms} ms" for name, ms in known.items()]
        if told:
            self._line("", ", ".join(told), "dim")

    def summary(self, summary: Summary) -> None:
        """Say how it ended."""
        self._stop_caption()
        if summary.outcome == "failed":
            self._console.print(Text(f"call failed: {_clean(summary.reason)}", style="red"))
        elif summary.session:
            self._line("", f"session {summary.session}", "dim")

    def _caption(self, text: str) -> None:
        if not self._console.is_terminal:
            return
        if self._live is None:
            self._live = Live(console=self._console, transient=True)
            self._live.start()
        self._live.update(Text(f"you  {_clean(text)} …", style="cyan"), refresh=True)

    def _stop_caption(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _line(self, who: str, text: str, style: str) -> None:
        self._stop_caption()
        self._console.print(Text.assemble((f"{who:<4} ", style), (_clean(text), "" if who else style)))


def source(cited: Message) -> str:
    """A citation in words: the article's title and the heading in it."""
    return " > ".join(str(part) for part in (cited.get("title"), cited.get("heading")) if part)


def _clean(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _print(value: Message) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))
