"""Turn taking in audio time: false cut-offs, ends of turns, barge-in; noise and music that start none.

The real voice detection, end-of-turn model, Whisper and turn taking, with models' results delivered after a
fixed delay (`hearing.py`), over what callers say (`utterances.py`). No clock is involved: the figures are the
same on a busy machine.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel

from bench import clips
from bench.figures import Figure, Result, percentile
from bench.hearing import AudioLoop, Happening, HeardCall, Models, Patience, run_in_audio_time
from bench.hold_music import FOLDER, NoMusic, pieces
from bench.sound import Sound, read
from bench.utterances import (
    BELOW_PEAK_DB,
    RATE,
    STEP,
    TEXTS,
    Utterance,
    Words,
    dictations,
    levels,
    manifest,
    onset_ms,
    recordings,
    room,
    sentences,
    spoken,
    texts,
)
from pipelines.endpoint import SmartTurn
from pipelines.recognizer import StreamingTimes
from pipelines.silero import Silero
from pipelines.synthesizer import PiperSettings, PiperVoice
from pipelines.turns import Answering
from pipelines.whisper import Whisper, WhisperSettings

NOISE_S = 180
LEAD_MS = 2_500
"Heard before an interruption."
ONSET_MS = 100
SNRS_DB = (20, 10, 5)
SILENT = "silent already"
ECHO_DB = -25.0
NO_CAPTIONS = Patience(streaming=StreamingTimes(partial_ms=10**9))
"Partial transcripts decide nothing about the end of a turn, and decoding them would take an hour."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where recordings and models are."""
    parser.add_argument("--data", type=Path, default=clips.DEFAULT, help="the folder of the recordings")
    parser.add_argument(
        "--music", type=Path, default=FOLDER, help="folder of hold music; filled where it is empty"
    )
    parser.add_argument("--models", type=Path, default=Path.home() / ".cache" / "warmline" / "models")


def run(options: argparse.Namespace) -> int:
    """Measure everything; 0 if every limit holds, 2 without recordings."""
    if not (options.data / "manifest.tsv").is_file():
        print(clips.NEEDED.format(folder=options.data), file=sys.stderr)
        return 2
    result = Result("turns")
    music = hold_music(options.music, result)
    voice = asyncio.run(read_out(options.models / "piper" / "en_US-joe-medium.onnx", texts()))
    models = Models(
        Silero(options.models / "turn" / "silero_vad.onnx"),
        SmartTurn(options.models / "turn" / "smart-turn-v3.2-cpu.onnx"),
        Whisper(WhisperSettings(options.models / "whisper-base")),
    )
    aligner = Aligner(options.models / "whisper-base")
    said = [*recordings(options.data, aligner), *dictations(options.data), *sentences(voice.__getitem__)]

    async def measure(loop: AudioLoop) -> None:
        bench = Bench(loop, models, result)
        bench.ends_of_turns(said)
        bench.interruptions(options.data, voice)
        bench.echo([utterance for utterance in said if utterance.kind == "recording"][:10], voice)
        bench.noises(options.data, music)

    run_in_audio_time(measure)
    result.save()
    for figure in result.figures:
        print(line(figure))
    return 0 if all(figure.holds is not False for figure in result.figures) else 1


def hold_music(folder: Path, result: Result) -> list[Sound]:
    """Its pieces; none where they cannot be had, which the result then tells."""
    try:
        return pieces(folder)
    except NoMusic as missing:
        result.figures.append(Figure("hold music", "warmline", None, "turns", note=str(missing)))
        return []


def line(figure: Figure) -> str:
    """The figure as it is printed."""
    value = " missing" if figure.value is None else f"{figure.value:8.1f}"
    limit = f"{figure.limit:12} {'holds' if figure.holds else 'DOES NOT HOLD'}" if figure.limit else ""
    return f"{figure.name:64} {value} {figure.unit:6} {limit} {figure.note}"


class Aligner:
    """Finds the words of a recording with Whisper's cross-attention."""

    def __init__(self, folder: Path) -> None:
        self._model = WhisperModel(str(folder), compute_type="int8")

    def __call__(self, sound: Sound) -> Words:
        """Its words and where they end."""
        segments, _ = self._model.transcribe(
            sound, language="en", beam_size=1, word_timestamps=True, condition_on_previous_text=False
        )
        return [(word.word, round(word.end * 1_000)) for segment in segments for word in segment.words or ()]


async def read_out(voice: Path, wanted: Sequence[str]) -> dict[str, Sound]:
    """The texts spoken by Piper without its random part, so that every run hears the same."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "voice.onnx"
        plain.symlink_to(voice)
        settings = json.loads(voice.with_name(voice.name + ".json").read_text())
        settings["inference"] |= {"noise_scale": 0.0, "noise_w": 0.0}
        plain.with_name(plain.name + ".json").write_text(json.dumps(settings))
        piper = PiperVoice(PiperSettings(plain))
        sounds: dict[str, Sound] = {}
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(piper.run(), name="piper")
            await piper.wait_ready(60)
            for text in wanted:
                pcm = b"".join([piece async for piece in piper.sound(text, RATE)])
                sounds[text] = np.frombuffer(pcm, np.int16).astype(np.float32) / np.float32(32_768)
            running.cancel()
    return sounds


def share(part: Iterable[bool]) -> float:
    """Percent that are true."""
    values = list(part)
    return 100 * sum(values) / len(values)


class Bench:
    """The measurements, one after another, and what they found."""

    def __init__(self, loop: AudioLoop, models: Models, result: Result) -> None:
        self._loop = loop
        self._models = models
        self._result = result

    def _call(self, patience: Patience, answering: Answering = Answering.NO) -> HeardCall:
        call = HeardCall(self._loop, self._models, patience, RATE)
        call.witness.answering = answering
        call.hear(room(600))
        return call

    def _note(self, name: str, value: float, unit: str, most: float | None = None, note: str = "") -> None:
        limit, holds = ("", None) if most is None else (f"<= {most:g}", value <= most)
        self._result.figures.append(Figure(name, "warmline", value, unit, limit, holds, note=note))

    # --- when is a turn over ---------------------------------------------------------------------

    def ends_of_turns(self, said: Sequence[Utterance]) -> None:
        """How often a pause inside is taken for the end, and how long a real end takes."""
        heard = [(utterance, *self._end_of_turn(utterance)) for utterance in said]
        columns = ("name", "kind", "pause_ms", "cut", "decided_ms", "ended_ms")
        self._result.raw["utterances"] = [
            dict(zip(columns, (u.name, u.kind, u.pause_ms, *found), strict=True)) for u, *found in heard
        ]
        paused = [(u.kind, cut) for u, cut, *_ in heard if u.pause_ms]
        inside = [cut for kind, cut in paused if kind != "whole"]
        note = f"{len(inside)} pauses of 0.3-1 s inside a number or a sentence"
        self._note("false cut-offs", share(inside), "%", 5, note)
        for kind in ("recording", "sentence", "digits", "whole"):
            of_kind = [cut for other, cut in paused if other == kind]
            self._note(f"false cut-offs, {kind}", share(of_kind), "%", note=f"{len(of_kind)} pauses")
        ends = [(d, e) for u, _, d, e in heard if not u.pause_ms and d is not None and e is not None]
        decided, ended = [d for d, _ in ends], [e for _, e in ends]
        self._note("end of turn decided p50", statistics.median(decided), "ms", 250, f"{len(ends)} turns")
        self._note("end of turn decided p95", percentile(decided, 95), "ms")
        self._note("end of turn with its words p50", statistics.median(ended), "ms")
        self._note("end of turn with its words p95", percentile(ended, 95), "ms")

    def _end_of_turn(self, utterance: Utterance) -> tuple[bool, int | None, int | None]:
        """Whether it was cut off; after its last voiced sample, when its end was decided, and taken."""
        call = self._call(NO_CAPTIONS)
        call.witness.asks_yes_no = utterance.kind == "answer"
        last_ms = call.now_ms + utterance.voiced_ms[1]
        happened = call.hear(np.concatenate((utterance.sound, room(3_000, seed=3))))
        turns = [happening for happening in happened if happening.what == "turn"]
        cut = any(turn.at_ms < last_ms for turn in turns)
        if not turns or turns[-1].at_ms < last_ms:
            return cut, None, None
        return cut, turns[-1].decided_ms - last_ms, turns[-1].at_ms - last_ms

    # --- while we speak --------------------------------------------------------------------------

    def interruptions(self, data: Path, voice: dict[str, Sound]) -> None:
        """How soon we fall silent for a caller, and what a backchannel costs."""
        recorded = recorded_interruptions(data)
        clips = recorded + [begin(spoken(voice.__getitem__, text)) for text in TEXTS["interruptions"]]
        waited = [self._silenced_after(room(LEAD_MS), clip) for clip in clips]
        stopped = [ms for ms in waited if isinstance(ms, int)]
        self._result.raw["barge_in_ms"] = waited
        self._note("barge-in: first voiced sample to our silence p50", statistics.median(stopped), "ms")
        self._note("barge-in: first voiced sample to our silence p95", percentile(stopped, 95), "ms", 300)
        note = f"{len(waited)} interruptions"
        self._note("barge-in: not noticed", len(waited) - len(stopped), "times", 0, note)
        murmured = [
            self._call(Patience(), Answering.YES).hear(
                np.concatenate((spoken(voice.__getitem__, text), room(2_000)))
            )
            for text in TEXTS["backchannels"]
        ]
        self._result.raw["backchannels"] = [[asdict(h) for h in happened] for happened in murmured]
        ended = sum(any(h.what == "interrupt" for h in happened) for happened in murmured)
        self._note("backchannels that ended our answer", ended, "times", 0, f"of {len(murmured)}")
        self._note("silence of ours per backchannel", statistics.fmean(map(held_ms, murmured)), "ms")

        self._in_noise(data, recorded[::3])

    def _in_noise(self, data: Path, clips: Sequence[Sound]) -> None:
        """How many callers are not noticed for the noise around them, which is not to be noticed itself."""
        for entry in manifest(data):
            for snr_db in SNRS_DB if entry.kind == "noise" else ():
                noise = read(entry.path)
                waited = [self._silenced_after(*over(clip, noise, snr_db)) for clip in clips]
                name = f"barge-in, {entry.path.stem.replace('_', ' ')} at {snr_db} dB"
                self._result.raw[name] = waited
                stopped = [ms for ms in waited if isinstance(ms, int)]
                unnoticed, note = waited.count(None), f"of {len(waited)}"
                self._note(f"{name}, p50", statistics.median(stopped), "ms", note=f"{len(stopped)} callers")
                self._note(f"{name}: not noticed", unnoticed, "times", note=note)
                self._note(f"{name}: silent already", waited.count(SILENT), "times", note=note)

    def _silenced_after(self, before: Sound, clip: Sound) -> int | str | None:
        """ms; `SILENT` where the noise before had us silent already, None where we spoke on."""
        call = self._call(NO_CAPTIONS, Answering.YES)
        earlier = [h.what for h in call.hear(before) if h.what in ("hold", "release")]
        if earlier[-1:] == ["hold"]:
            return SILENT
        first_ms = call.now_ms + ONSET_MS
        happened = call.hear(clip)
        return next((h.at_ms - first_ms for h in happened if h.what == "hold"), None)

    def echo(self, callers: Sequence[Utterance], voice: dict[str, Sound]) -> None:
        """Our own voice comes back without echo cancellation, after a caller as loud as we are has spoken."""
        gain = np.float32(10 ** (ECHO_DB / 20))
        echo = np.concatenate([voice[text] * gain for text in TEXTS["ours"]])
        held = []
        for caller in callers:
            call = self._call(NO_CAPTIONS)
            loud = np.float32(loudness(voice[TEXTS["ours"][0]]) / loudness(caller.sound))
            call.hear(np.concatenate((caller.sound * loud, room(2_500))))
            call.witness.answering = Answering.YES
            held.append(sum(h.what == "hold" for h in call.hear(echo + room(20_000)[: len(echo)])))
        note = f"{len(callers)} callers, {len(echo) // RATE} s of our voice at {ECHO_DB:g} dB each"
        self._note("echo of our voice: times we fell silent", sum(held), "times", 0, note)

    # --- what is no caller -----------------------------------------------------------------------

    def noises(self, data: Path, music: Sequence[Sound]) -> None:
        """Three minutes of each: turns started, and what they do while we answer."""
        for name, sound, most in noises(data, music):
            idle = self._call(Patience()).hear(sound)
            answering = self._call(Patience(), Answering.YES).hear(sound)
            self._note(f"{name}: turns", count(idle, "turn"), "turns", most)
            self._note(f"{name}: voice noticed", count(idle, "voice"), "times")
            self._note(f"{name}: answers ended", count(answering, "interrupt"), "times", most)
            self._note(f"{name}: silence of ours", held_ms(answering), "ms", note=f"in {NOISE_S} s")
            self._result.raw[name] = [asdict(h) for h in (*idle, *answering) if h.what != "release"]


def begin(sound: Sound) -> Sound:
    """The first two seconds of what is said, from `ONSET_MS` before the first word."""
    first = max(0, onset_ms(sound) - ONSET_MS) * RATE // 1_000
    missing = room(max(0, ONSET_MS - onset_ms(sound)))
    return np.concatenate((missing, sound[first : first + 2 * RATE]))


def recorded_interruptions(data: Path) -> list[Sound]:
    """What people say at the beginning of each recording of more than a digit."""
    kinds = ("agent-turn", "speech", "speech-intent")
    return [begin(read(entry.path)) for entry in manifest(data) if entry.kind in kinds]


def over(clip: Sound, noise: Sound, snr_db: float) -> tuple[Sound, Sound]:
    """Some seconds of the noise, and the clip in it."""
    bed = np.resize(noise, len(clip) + RATE * LEAD_MS // 1_000)
    gain = np.sqrt(np.square(clip).mean() / np.square(bed).mean()) / 10 ** (snr_db / 20)
    bed = (bed * gain).astype(np.float32)
    return bed[: -len(clip)], bed[-len(clip) :] + clip


def noises(data: Path, music: Sequence[Sound]) -> Iterator[tuple[str, Sound, int | None]]:
    """Noise by name, and how many turns it may start; where people talk in it there is no limit."""
    length, rng = RATE * NOISE_S, np.random.default_rng(5)
    time = np.arange(length) / RATE
    white = rng.normal(0, 1, length)
    spectrum = np.fft.rfft(rng.normal(0, 1, length))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    pink = np.fft.irfft(spectrum, length)
    hum = np.sin(2 * np.pi * 50 * time) + 0.6 * np.sin(2 * np.pi * 150 * time) + 0.3 * white
    for name, noise in (("white noise", white), ("pink noise", pink), ("line hum", hum)):
        yield name, (noise / noise.std() * 0.02).astype(np.float32), 0
    if music:
        yield "hold music", np.resize(np.concatenate(music), length), 0
    for entry in manifest(data):
        if entry.kind == "noise":
            yield entry.path.stem.replace("_", " "), np.resize(read(entry.path), length), None


def loudness(sound: Sound) -> float:
    """Root mean square of its voiced parts."""
    voiced = np.repeat(levels(sound) > -BELOW_PEAK_DB, STEP)
    return float(np.sqrt(np.square(sound[: len(voiced)][voiced]).mean()))


def count(happened: Sequence[Happening], what: str) -> int:
    """How often something happened."""
    return sum(happening.what == what for happening in happened)


def held_ms(happened: Sequence[Happening]) -> int:
    """How long we were silent in all; to the last thing that happened where we still are."""
    total, since = 0, None
    for happening in happened:
        if happening.what == "hold" and since is None:
            since = happening.at_ms
        elif happening.what == "release" and since is not None:
            total, since = total + happening.at_ms - since, None
    return total if since is None else total + happened[-1].at_ms - since
