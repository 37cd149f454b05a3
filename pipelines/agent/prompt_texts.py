"""Reads the prompt files once, when the process starts."""

from pathlib import Path
from typing import Final

_FOLDER = Path(__file__).parent / "prompts"


def _text(name: str) -> str:
    return (_FOLDER / f"{name}.md").read_text(encoding="utf-8").strip()


UNDERSTAND: Final = _text("understand")
"With `{workflows}`."
ANSWER: Final = _text("answer")
"With `{persona}`."
CHAT: Final = _text("chat")
"With `{persona}`."
TOOLS: Final = _text("tools")
"With `{persona}`."
RETELL: Final = _text("retell")
"Says all by itself."
