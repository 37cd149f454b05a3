"""What is said in `bench voice`: `voice_questions.yaml`, spoken once by a Piper voice and kept as files."""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from bench import sound
from bench.peers import BUILD

LIST = Path(__file__).with_name("voice_questions.yaml")
SPOKEN = BUILD / "questions"
Category = Literal["workflow", "knowledge", "tool", "model"]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing a caller says."""

    name: str
    category: Category
    "What should answer it."
    say: str
    quick: bool = False
    "Part of a quick pass."


@dataclass(frozen=True, slots=True)
class Call:
    """Questions in one call, each asked after the reply to the former was heard."""

    name: str
    turns: Sequence[Question]


@dataclass(frozen=True, slots=True)
class Interruption:
    """Words said into a long reply."""

    ask: str
    say: str


def calls() -> list[Call]:
    """All questions."""
    return [Call(each["call"], [Question(**turn) for turn in each["turns"]]) for each in _listed()["calls"]]


def interruptions() -> list[Interruption]:
    """All of them."""
    return [Interruption(**each) for each in _listed()["interruptions"]]


def _listed() -> dict[str, Any]:
    listed: dict[str, Any] = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return listed


def chosen(all_calls: Sequence[Call], name: str = "", *, quick: bool = False) -> list[Call]:
    """The call of that name, or the one with a question of that name up to there; all of them for ""."""
    found: list[Call] = []
    for call in all_calls:
        turns = [turn for turn in call.turns if turn.quick or not quick]
        names = [turn.name for turn in turns]
        if name in names:
            turns = turns[: names.index(name) + 1]
        if turns and (not name or name == call.name or name in names):
            found.append(Call(call.name, turns))
    return found


def spoken(text: str, voice: Path) -> Path:
    """A recording of the text, 16 kHz mono; made when there is none yet. Raises `CalledProcessError`.

    Piper is GPL and therefore runs as a program. It draws its intonation at random: whoever deletes the
    recordings gets others, so all systems are asked with the same files.
    """
    digest = hashlib.sha256(f"{voice.name}\n{text}".encode()).hexdigest()[:16]
    path = SPOKEN / f"{digest}.wav"
    if not path.is_file():
        SPOKEN.mkdir(parents=True, exist_ok=True)
        made = path.with_suffix(".part.wav")
        command = [
            sys.executable,
            "-m",
            "piper",
            "--model",
            str(voice),
            "--output-file",
            str(made),
            "--",
            text,
        ]
        subprocess.run(command, check=True, capture_output=True)
        sound.write(path, sound.read(made))
        made.unlink()
    return path
