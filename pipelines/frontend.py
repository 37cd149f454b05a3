"""The processor that hears: voice activity, turn taking and recognition of one call, and nothing after it.

Every frame of the port passes through `hear`; what turn taking makes of it is done here: the recogniser
and the end-of-turn model are told, the output is held, the bot gets its turns. Frames end here, because
nothing behind needs them and every hop costs, unless the recogniser is a pipecat service.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import assert_never

from prometheus_client import Counter

from pipelines.audio import Frame
from pipelines.bot import Announcement, Bot
from pipelines.ears import Ears
from pipelines.facts import (
    Emit,
    Fact,
    SpeechStarted,
    SpeechStopped,
    TranscriptPartial,
    Trouble,
    Unavailable,
    Words,
)
from pipelines.keypad import KeyAction, Keypad, KeysBegan, KeysErased, KeysTaken
from pipelines.other_machine import Heed, OtherMachine
from pipelines.phrases import Phrases
from pipelines.processor import DirectProcessor, PipecatFrame
from pipelines.stopwatch import Stopwatch
from pipelines.transcript import Final, Lost, Partial
from pipelines.transport import LegAudioFrame, LegOutput
from pipelines.turn_actions import (
    Action,
    AskPresence,
    Began,
    Drafted,
    Emptied,
    Ended,
    Following,
    GiveUp,
    Hold,
    Interrupt,
    OfferHelp,
    Paused,
    Release,
    Resumed,
)
from pipelines.turns import Answering

NEWS = 64
"Facts for display that wait to be sent; the oldest is dropped beyond that."
KEYED = Counter("warmline_keyed_turns_total", "Turns of customers that were keyed on a telephone")
IGNORED = Counter("warmline_machine_turns_total", "Spoken turns not answered: a machine says such things")
BACKGROUND = Counter("warmline_background_utterances_total", "Utterances of voices in the background")
DROPPED = Counter("warmline_news_dropped_total", "Facts for display dropped because nobody took them")
DEAF_FRAMES = 1_500
"We say at most every 30 s that we cannot hear."


class News:
    """Facts that are only shown, never stored: sent one after another beside the conversation."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._queue: asyncio.Queue[Fact] = asyncio.Queue(NEWS)

    def tell(self, fact: Fact) -> None:
        """Send it soon."""
        if self._queue.full():
            self._queue.get_nowait()
            DROPPED.inc()
        self._queue.put_nowait(fact)

    async def send(self) -> None:
        """Until cancelled."""
        while True:
            fact = await self._queue.get()
            with suppress(Unavailable):
                await self._emit(fact)


class FrontEnd(DirectProcessor):
    """Hears one call. Its ears' recogniser and end-of-turn model report to `heard` and `judged`."""

    def __init__(self, bot: Bot, output: LegOutput, news: News, phrases: Phrases) -> None:
        super().__init__()
        self._bot = bot
        self._output = output
        self._news = news
        self._phrases = phrases
        self._ears: Ears | None = None
        self._keypad = Keypad()
        self._other_machine = OtherMachine()
        self._final_at: float | None = None
        self._deaf_frames = 0
        self._now: Callable[[], float] = asyncio.get_running_loop().time

    def listen_with(self, ears: Ears) -> None:
        """Give it ears; they cannot be made without it, because they report to it."""
        self._ears = ears

    def close(self) -> None:
        """The call is over."""
        if self._ears is not None:
            self._ears.close()

    async def take(self, frame: PipecatFrame) -> bool:
        """Hear a frame of the port; only a recogniser in the pipeline gets it too."""
        if not isinstance(frame, LegAudioFrame) or self._ears is None:
            return False
        self.hear(frame.leg)
        return not self._ears.recognizer.processors

    # --- what comes in ---------------------------------------------------------------------------

    def hear(self, frame: Frame) -> None:
        """Take the next 20 ms of the call."""
        ears = self._hearing()
        self._deaf_frames = max(0, self._deaf_frames - 1)
        answering = self._bot.answering
        ears.turns.answering(answering)
        ears.turns.expect(yes_no=self._bot.asks_yes_no, digits=self._bot.awaited_digits)
        speaking = answering is not Answering.NO
        self._act(ears.hear(frame, speaking=speaking, played=self._output.just_played()))
        self._keyed(self._keypad.hear(speaking=ears.turns.hearing))

    def heard(self, what: Partial | Final | Lost) -> None:
        """The recogniser reports."""
        turns = self._hearing().turns
        match what:
            case Partial() if turns.background:
                self._act(turns.partial(what.text))
            case Partial():
                shown = self._bot.caption(what.text)
                stable_chars = what.stable_chars if shown == what.text else 0
                self._news.tell(TranscriptPartial(stable_chars=stable_chars, pii=Words(text=shown)))
                self._act(turns.partial(what.text))
                self._bot.overhear(shown)
            case Final():
                self._final_at = self._now()
                self._act(turns.final(what.pause, what.text))
            case Lost():
                self._act(turns.lost())
                self._say_deaf(what.reason)
            case _:
                assert_never(what)

    def judged(self, pause: int, probability: float) -> None:
        """The end-of-turn model reports."""
        self._act(self._hearing().turns.verdict(pause, probability))

    def written(self) -> None:
        """The customer typed."""
        self._hearing().turns.written()

    def press(self, key: str) -> None:
        """The customer pressed a key of their telephone."""
        turns = self._hearing().turns
        turns.written()
        self._keyed(self._keypad.press(key, self._bot.key_meaning, speaking=turns.hearing))

    def _hearing(self) -> Ears:
        assert self._ears is not None, "listen_with comes first"
        return self._ears

    # --- what is done about it -------------------------------------------------------------------

    def _act(self, actions: Sequence[Action]) -> None:
        for action in actions:
            self._do(action)

    def _do(self, action: Action) -> None:
        match action:
            case Hold():
                self._output.hold()
            case Release():
                if not self._keypad.busy:
                    self._output.release()
            case Interrupt():
                self._output.hold()
                self._bot.interrupt()
            case AskPresence():
                self._bot.announce(Announcement(self._phrases.presence))
            case OfferHelp():
                self._bot.announce(Announcement(self._phrases.offer))
            case GiveUp():
                self._bot.announce(Announcement(self._phrases.goodbye, last=True))
            case _:
                self._follow(action)

    def _follow(self, action: Following) -> None:
        """Tell whoever follows the utterance."""
        if isinstance(action, Paused):
            self._final_at = None  # that of a pause before was not the last word; the next may come at once
            self._news.tell(SpeechStopped())
        self._hearing().follow(action)
        match action:
            case Began():
                self._news.tell(SpeechStarted())
            case Drafted():
                if not self._keypad.busy:
                    self._bot.draft(action.text, self._stopwatch(action.silent_ms))
            case Resumed():
                self._bot.drop_draft()
                self._news.tell(SpeechStarted())
            case Ended():
                self._end_turn(action)
            case Emptied():
                if action.background:
                    BACKGROUND.inc()
                self._bot.drop_draft()
                self._bot.preparation.stop()

    def _keyed(self, actions: Sequence[KeyAction]) -> None:
        """Do what keys ask for."""
        for action in actions:
            match action:
                case KeysBegan():
                    self._bot.interrupt()
                    self._output.hold()
                case KeysErased():
                    self._output.release()
                case KeysTaken():
                    self._output.release()
                    KEYED.inc()
                    self._tell_bot(action.text, self._stopwatch(action.quiet_ms, action.quiet_ms), keyed=True)

    def _end_turn(self, ended: Ended) -> None:
        if self._keypad.busy:
            self._final_at = None
            self._keyed(self._keypad.said(ended.text))
            return
        stopwatch = self._stopwatch(ended.silent_ms, ended.decision_ms)
        if self._final_at is not None:
            stopwatch.final_transcript_ms = round((self._final_at - stopwatch.began) * 1_000)
        self._final_at = None
        match self._other_machine.hear(ended.text):
            case Heed.ANSWER:
                self._tell_bot(ended.text, stopwatch)
            case Heed.IGNORE:
                self._ignore()
            case Heed.GIVE_UP:
                self._ignore()
                self._bot.announce(Announcement(self._phrases.machine, last=True))

    def _ignore(self) -> None:
        """The turn is nobody's who could be answered."""
        IGNORED.inc()
        self._bot.drop_draft()

    def _tell_bot(self, text: str, stopwatch: Stopwatch, *, keyed: bool = False) -> None:
        if not self._bot.hear(text, stopwatch, keyed=keyed):
            self._news.tell(Trouble(code="busy", message=self._phrases.busy, retry=True))

    def _stopwatch(self, silent_ms: int, decision_ms: int | None = None) -> Stopwatch:
        return Stopwatch(self._now, self._now() - silent_ms / 1_000, decision_ms)

    def _say_deaf(self, reason: str) -> None:
        trouble = Trouble(code="recogniser_unavailable", message=f"We cannot hear: {reason}.", retry=True)
        if self._deaf_frames:
            self._news.tell(trouble)
            return
        self._deaf_frames = DEAF_FRAMES
        self._bot.announce(Announcement(self._phrases.deaf, trouble))
